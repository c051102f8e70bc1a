"""Completion in real shells: commands, options, and what the manifest names."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import pytest

from flowforge.cli.completing import words_for
from tests.cli.typing_shell import Typist, shell
from tests.rows import one_in

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

pytestmark = pytest.mark.processes

MANIFEST: Final = """\
version: 1
credentials:
  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}
groups:
  backend: {repos: [acme/api, acme/Billing]}
  frontend: {repos: [acme/web]}
targets:
  - {name: Reviews, groups: [backend], credential: ci-key, tags: [production, reviews]}
  - {name: Web, repos: [Other/site], groups: [frontend], credential: ci-key, tags: [production]}
  - {name: Whole, org: big-org, visible_to: all, credential: ci-key}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with a manifest that has groups, tags and owners."""
    (tmp_path / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def environ() -> dict[str, str]:
    """Return an environment in which a shell finds our program."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": programs, "TERM": "dumb", "PS1": "> ", "LC_ALL": "C.UTF-8"}


def offered(kind: str, begun: str, manifest: Path) -> list[tuple[str, str | None]]:
    """Return what a shell is offered, with what it shows beside it."""
    context = click.Context(click.Command("plan"))
    context.params["manifests"] = (manifest,)
    return [(item.value, item.help) for item in words_for(kind, context, begun)]


@pytest.mark.parametrize(
    ("kind", "begun", "words"),
    [
        ("lines", "", ["@backend", "@frontend", "acme/api", "acme/Billing", "acme/web", "Other/site"]),
        ("lines", "@b", ["@backend"]),
        ("lines", "ACME/B", ["acme/Billing"]),
        ("repos", "o", ["Other/site"]),
        ("tags", "", ["production", "reviews"]),
        ("owners", "", ["acme", "big-org", "other"]),
        ("codes", "ff50", ["FF501", "FF502", "FF503", "FF504", "FF505", "FF506"]),
        ("verbs", "rename", ["rename_repo"]),
        ("tags", "x", []),
    ],
)
def test_what_the_manifest_names_is_offered(place: Path, kind: str, begun: str, words: list[str]) -> None:
    """Groups with their @, repos as they are written, tags, owners; our codes, the sandbox's verbs. In any case."""
    assert words == [word for word, _ in offered(kind, begun, place / "flowforge.yaml")]


def test_what_stands_beside_a_word(place: Path) -> None:
    """A tag says whose it is, a group how many repos it names."""
    file = place / "flowforge.yaml"
    assert ([("production", "Reviews; Web")], ("@backend", "2 named here")) == (
        offered("tags", "p", file),
        offered("lines", "@b", file)[0],
    )


@pytest.mark.parametrize("text", ["version: 1\ntargets: 3\n", "{", ""])
def test_a_broken_manifest_offers_nothing(place: Path, text: str) -> None:
    """While somebody types is no time for errors; nor is a manifest that is not there."""
    (place / "flowforge.yaml").write_text(text, encoding="utf-8")
    assert ([], []) == (offered("lines", "", place / "flowforge.yaml"), offered("tags", "", place / "none.yaml"))


def test_no_source_is_opened(place: Path) -> None:
    """A program that gives a value is not run because somebody pressed a key."""
    text = MANIFEST.replace("{env: ACME_KEY}", "{command: [touch, opened]}")
    (place / "flowforge.yaml").write_text(text, encoding="utf-8")
    assert ([("reviews", "Reviews")], False) == (
        offered("tags", "r", place / "flowforge.yaml"),
        (place / "opened").exists(),
    )


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_takes_its_script(fleet: "Fleet", name: str) -> None:
    """What is printed is one that the shell can read, where the shell is installed."""
    done = fleet.flowforge("completion", name)
    assert (0, "", True) == (done.code, done.err, "flowforge" in done.out)
    if program := shutil.which(name):
        read = subprocess.run([program, "-n"], input=done.out, check=False, capture_output=True, text=True)
        assert (0, "") == (read.returncode, read.stderr)


BASH: Final = ["bash", "--norc", "--noprofile", "-i"]
ZSH: Final = ["zsh", "-f", "-i"]


def _missing(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


@pytest.fixture(params=[pytest.param(BASH, marks=_missing("bash")), pytest.param(ZSH, marks=_missing("zsh"))])
def typist(request: pytest.FixtureRequest, place: Path) -> Iterator[Typist]:
    """Return somebody who types into a shell that has our completion."""
    command: list[str] = request.param
    with shell(command, place, environ()) as typing:
        if command is ZSH:
            typing.type("PS1='> '; bindkey -e; autoload -U compinit; compinit -D -u; echo be''gun\n", "begun")
        typing.type(f'eval "$(flowforge completion {command[0]})"; echo rea""dy\n', "ready")
        yield typing


@pytest.mark.parametrize(
    ("typed", "whole"),
    one_in(
        3,
        [
            ("flowforge plan --limit @b", "flowforge plan --limit @backend"),
            ("flowforge plan --limit acme/B", "flowforge plan --limit acme/Billing"),
            ("flowforge apply --tags rev", "flowforge apply --tags reviews"),
            ("flowforge vali", "flowforge validate"),
            ("flowforge plan --limit=acme/B", "flowforge plan --limit=acme/Billing"),
            ("flowforge explain FF09", "flowforge explain FF099"),
            ("flowforge explain missing-s", "flowforge explain missing-secret"),
            ("flowforge plan -m other.yaml --owner th", "flowforge plan -m other.yaml --owner third"),
        ],
    ),
)
def test_a_tab_completes_a_line(typist: Typist, place: Path, typed: str, whole: str) -> None:
    """Typed with a tab into a real shell; -m before it names the manifest that is read."""
    (place / "other.yaml").write_text(MANIFEST.replace("Other/", "Third/"), encoding="utf-8")
    typist.type(f"{typed}\t", whole[-3:])
    # From the start of the line, so that the whole of it is printed and not run; `GOT` itself is never typed.
    shown = typist.type("\x01echo GO''T \x05 EN''D\n", "END")
    assert whole in re.findall(r"GOT (.*?) +END", shown)


@_missing("fish")
def test_fish_completes_a_line(place: Path) -> None:
    """It is asked as its own completion asks."""
    asked = "".join(f'; complete -C "flowforge plan {words}"' for words in ("--tags pr", "--limit @b"))
    script = f"flowforge completion fish | source{asked}"
    done = subprocess.run(["fish", "-c", script], check=False, capture_output=True, text=True, cwd=place, env=environ())
    assert ["production\tReviews; Web", "@backend\t2 named here"] == done.stdout.splitlines(), done.stderr

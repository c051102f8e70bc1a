"""What a run prints as a way out can be pasted: it is about the same manifests, owner and lines."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import pytest

from flowforge.cli import called
from flowforge.cli.main import cli

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

FORGET = "flowforge state forget -m 'my ops.yaml' acme/repo-002/actions/ANTHROPIC_API_KEY"
PRUNE = "flowforge apply -m 'my ops.yaml' -l 'acme/repo-00*' --prune"


@pytest.fixture
def left_over(fleet: "Fleet") -> "Fleet":
    """Return a fleet whose manifest is `my ops.yaml`, from which a repo was taken out after it was applied."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    manifest = fleet.folder / "flowforge.yaml"
    manifest.rename(fleet.folder / "my ops.yaml")
    assert 0 == fleet.flowforge("apply", "-m", "my ops.yaml", "--yes").code
    fleet.simple("acme/repo-001")
    manifest.rename(fleet.folder / "my ops.yaml")
    return fleet


def test_both_ways_out_of_a_left_over_are_about_this_manifest(left_over: "Fleet") -> None:
    """Text and JSON say the same; what is pasted works, and `--prune` is about no more lines than were shown."""
    options = ("-m", "my ops.yaml", "-l", "acme/repo-00*")
    shown = left_over.flowforge("plan", *options)
    (line,) = [each for each in json.loads(left_over.flowforge("plan", *options, "--format", "json").out)["changes"]
               if each["reason"] == "not_named"]  # fmt: skip
    assert [PRUNE, FORGET] == re.findall("`(.*?)`", shown.out) == re.findall("`(.*?)`", line["fix"])
    done = left_over.flowforge(*shlex.split(FORGET)[1:], "--yes")
    assert (0, "Forgotten: acme/repo-002/actions/ANTHROPIC_API_KEY\n") == (done.code, done.out)


def test_a_name_that_reads_like_a_command_stays_as_it_is(fleet: "Fleet") -> None:
    """A document's names are data: what joins them to a manifest must find them as that spells them."""
    name = "see `flowforge plan` please"
    text = (fleet.folder / "flowforge.yaml").read_text("utf-8").replace("name: All", f"name: {name}")
    fleet.manifest(text, "other.yaml")
    document = json.loads(fleet.flowforge("plan", "-m", "other.yaml", "--format", "json").out)
    assert {name} == {line["target"] for line in document["changes"]}


def test_a_variable_counts_as_the_option(left_over: "Fleet", monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever pastes from a log of CI does not have the variables that its job had."""
    monkeypatch.setenv("FLOWFORGE_MANIFEST", "my ops.yaml")
    assert "`flowforge state forget -m 'my ops.yaml' acme/" in left_over.flowforge("plan").out


def test_the_default_is_not_repeated(fleet: "Fleet") -> None:
    """A command stays as short as it can be."""
    (fleet.folder / "flowforge.yaml").unlink()
    said = fleet.flowforge("plan", "-m", "flowforge.yaml").err
    assert "run `flowforge init` to begin one" in said


def test_validate_hands_on_the_files_that_it_is_given(fleet: "Fleet") -> None:
    """`validate FILE` names a manifest as -m does."""
    assert "run `flowforge init -m other.yaml` to begin one" in fleet.flowforge("validate", "other.yaml").err


@pytest.fixture
def saved() -> Iterator[None]:
    """Run `apply` with a saved plan."""
    context = click.Context(cli, info_name="flowforge")
    target = cli.get_command(context, "apply")
    assert target is not None
    called.begin(target.make_context("apply", ["a plan", "-m", "ops.yaml", "--owner", "Acme"], parent=context))
    yield
    called.forget()


@pytest.mark.parametrize("odd", ["a\x1bb", "a\u202eb", "a\nb", "::a", "##[a", "a`b"], ids=ascii)
def test_what_cannot_be_shown_names_no_other_file(odd: str) -> None:
    """A name that is made printable is another name, so its option's own stands there, which no run takes for one."""
    context = click.Context(cli, info_name="flowforge")
    target = cli.get_command(context, "apply")
    assert target is not None
    called.begin(target.make_context("apply", [odd, "-m", odd, "--owner", "acme"], parent=context))
    try:
        once = called.pasteable("`flowforge apply`, `flowforge plan`")
        assert "`flowforge apply -m MANIFEST --owner acme PLANFILE`, `flowforge plan -m MANIFEST --owner acme`" == once
        assert once == called.pasteable(once)
    finally:
        called.forget()


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("run `flowforge apply` again", "run `flowforge apply -m ops.yaml --owner acme 'a plan'` again"),
        ("`flowforge plan`; `x`", "`flowforge plan -m ops.yaml --owner acme`; `x`"),
        ("`flowforge apply --prune`", "`flowforge apply -m ops.yaml --owner acme --prune`"),
        ("`flowforge apply -m x.yaml`", "`flowforge apply --owner acme -m x.yaml`"),
        ("`flowforge validate x.yaml`", "`flowforge validate x.yaml`"),
        ("`flowforge state forget 'a/b:c d'`", "`flowforge state forget -m ops.yaml --owner acme 'a/b:c d'`"),
        ("`flowforge plan --help`", "`flowforge plan --help`"),
        # A sandbox has an owner of its own; what is none of ours, or cannot be read, stays as it is.
        ("is `flowforge sandbox` running?", "is `flowforge sandbox` running?"),
        ("`flowforge explain FF101`", "`flowforge explain FF101`"),
        ("`flowforge state`, `flowforge nonsense`", "`flowforge state`, `flowforge nonsense`"),
        ("`flowforge plan --nonsense`, `flowforge plan 'a`", "`flowforge plan --nonsense`, `flowforge plan 'a`"),
        ("flowforge plan", "flowforge plan"),
    ],
)
def test_what_a_command_gets(said: str, expected: str) -> None:
    """It gets the options that it has and does not say itself; done twice it gets no more."""
    once = called.pasteable(said)
    assert (expected, expected) == (once, called.pasteable(once))

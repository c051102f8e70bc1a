"""What was written says from which commit of the manifest, and by which run of CI, where a runner gives them."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.plan.facts import UNTOLD, Origin
from flowforge.run.origin import commit_of, origin_of
from flowforge.state.file import StateFile

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

COMMIT, OTHER = "a" * 40, "b" * 40
RUN = "https://github.com/acme/ops/actions/runs/7"
ACTIONS = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/ops",
    "GITHUB_RUN_ID": "7",
    "GITHUB_SHA": COMMIT,
}
ONE = "acme/repo-001/actions/ANTHROPIC_API_KEY"


def on_a_runner(fleet: "Fleet", **more: str) -> None:
    """Let what comes next run on a runner of GitHub's."""
    for name, text in {**ACTIONS, **more}.items():
        fleet.monkeypatch.setenv(name, text)


def recorded(fleet: "Fleet") -> dict[str, tuple[str | None, str | None]]:
    """Return the commit and the run of what the state remembers, by its repo, as `state list` tells them."""
    secrets = json.loads(fleet.flowforge("state", "list", "--format", "json").out)["secrets"]
    return {each["repo"]: (each["commit"], each["run"]) for each in secrets}


def test_a_write_on_a_runner(fleet: "Fleet") -> None:
    """Each record has both, in the state, in JSON and in text; a write by a person's hand has neither."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    on_a_runner(fleet)
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert dict.fromkeys(("acme/repo-001", "acme/repo-002"), (COMMIT, RUN)) == recorded(fleet)
    shown = fleet.flowforge("state", "show", ONE).lines
    assert [f"    commit: {COMMIT}", f"    run: {RUN}"] == [
        each for each in shown if each.startswith(("    commit", "    run"))
    ]
    text = (fleet.folder / "flowforge.state.json").read_text(encoding="utf-8")
    assert (2, 2) == (text.count(f'"commit": "{COMMIT}"'), text.count(f'"run": "{RUN}"'))
    for name in ACTIONS:
        fleet.monkeypatch.delenv(name)
    fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes", "--limit", "acme/repo-001").code
    assert {"acme/repo-001": (None, None), "acme/repo-002": (COMMIT, RUN)} == recorded(fleet)


def test_what_is_not_written_keeps_what_it_had(fleet: "Fleet") -> None:
    """A later run that finds a secret in sync, or notes drift of it, did not write it."""
    fleet.simple("acme/repo-001", more="defaults: {on_drift: report}\n")
    on_a_runner(fleet)
    fleet.flowforge("apply", "--yes")
    fleet.later()
    fleet.sandbox.world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "somebody else's")
    on_a_runner(fleet, GITHUB_SHA=OTHER, GITHUB_RUN_ID="8")
    fleet.flowforge("apply", "--yes")
    assert {"acme/repo-001": (COMMIT, RUN)} == recorded(fleet)


def test_what_was_adopted(fleet: "Fleet") -> None:
    """Who records a secret as it is found vouches for it: that run stands there, too."""
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "there before")
    on_a_runner(fleet)
    assert 0 == fleet.flowforge("adopt", "--yes").code
    assert {"acme/repo-001": (COMMIT, RUN)} == recorded(fleet)


def test_a_killed_run_leaves_it_in_the_journal(fleet: "Fleet") -> None:
    """A record that was not folded yet is in the journal with both, and the next command reads it from there."""
    fleet.simple("acme/repo-001")
    on_a_runner(fleet)
    fleet.flowforge("apply", "--yes")
    state = fleet.folder / "flowforge.state.json"
    with StateFile.open(state, manifests=["flowforge.yaml"]) as file:
        (address, record), *_ = file.state.records.items()
        file.record(address, replace(record, commit=OTHER))
        journal = (fleet.folder / "flowforge.state.json.journal").read_text(encoding="utf-8")
    assert (True, {"acme/repo-001": (OTHER, RUN)}) == (f'"commit":"{OTHER}"' in journal, recorded(fleet))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (ACTIONS, Origin(COMMIT, RUN)),
        ({**ACTIONS, "GITHUB_SHA": COMMIT.upper()}, Origin(COMMIT, RUN)),
        ({**ACTIONS, "GITHUB_SHA": "main"}, Origin("", RUN)),
        ({**ACTIONS, "GITHUB_SHA": ""}, Origin("", RUN)),
        ({**ACTIONS, "GITHUB_RUN_ID": ""}, Origin(COMMIT, "")),
        ({**ACTIONS, "GITHUB_SERVER_URL": "https://user:pw@github.com"}, Origin(COMMIT, "")),
        ({**ACTIONS, "GITHUB_SERVER_URL": "ftp://github.com"}, Origin(COMMIT, "")),
        ({**ACTIONS, "GITHUB_RUN_ID": "7?token=ghp_" + "fake" * 9}, Origin(COMMIT, "")),
        ({**ACTIONS, "GITHUB_RUN_ID": "7\n::error::x"}, Origin(COMMIT, f"{RUN}%0A::error::x")),
        ({**ACTIONS, "GITHUB_RUN_ID": "7" * 2_000}, Origin(COMMIT, "")),
        ({"CI": "true"}, UNTOLD),
        ({}, UNTOLD),
    ],
)
def test_what_a_runner_says(environ: dict[str, str], expected: Origin, tmp_path: Path) -> None:
    """Only what a state may hold is taken: a commit's name, and an address without a user, a token or a command."""
    assert expected == origin_of(environ, tmp_path)


needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., str]:
    """Run git somewhere below a folder, with no settings but these; give what it printed."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "protocol.file.allow=always")

    def run(folder: str, *words: str) -> str:
        where = tmp_path / folder
        where.mkdir(parents=True, exist_ok=True)
        environ = {"PATH": os.environ["PATH"], **settings}
        done = subprocess.run(
            ["git", *who, *words], cwd=where, env=environ, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip()

    run("ops", "init", "-q", "-b", "team/main")
    run("ops", "commit", "-q", "--allow-empty", "-m", "one")
    return run


LAYOUTS: dict[str, tuple[list[tuple[str, ...]], str]] = {
    "a branch": ([], "ops"),
    "a folder of it": ([], "ops/deep/er"),
    "a detached head": ([("ops", "checkout", "-q", "--detach")], "ops"),
    "packed references": ([("ops", "pack-refs", "--all")], "ops"),
    "a commit after they were packed": (
        [("ops", "pack-refs", "--all"), ("ops", "commit", "-q", "--allow-empty", "-m", "two")],
        "ops",
    ),
    "a shallow clone": ([("", "clone", "-q", "--depth=1", "file://{root}/ops", "clone")], "clone"),
    "a second worktree": ([("ops", "worktree", "add", "-q", "-b", "second", "../second")], "second"),
    "a submodule": (
        [("outer", "init", "-q"), ("outer", "submodule", "--quiet", "add", "{root}/ops", "inner")],
        "outer/inner",
    ),
}


@needs_git
@pytest.mark.parametrize(("commands", "folder"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_commit_of_a_checkout(
    git: Callable[..., str], tmp_path: Path, commands: list[tuple[str, ...]], folder: str
) -> None:
    """It is the one that git itself says, in every layout that git makes, and counts for more than the event's."""
    for where, *words in commands:
        git(where, *(word.format(root=tmp_path) for word in words))
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    expected = git(folder, "rev-parse", "HEAD")
    assert (expected, Origin(expected, RUN)) == (
        commit_of(tmp_path / folder),
        origin_of(ACTIONS, tmp_path / folder),
    )


@needs_git
def test_a_checkout_that_does_not_say(git: Callable[..., str], tmp_path: Path) -> None:
    """With no commit yet, or a head or reference that is none, it is not known; the event's is not guessed at."""
    git("empty", "init", "-q")
    head, found = tmp_path / "ops" / ".git" / "HEAD", [commit_of(tmp_path / "empty")]
    secret = tmp_path / "secret"
    secret.write_text(COMMIT)
    (tmp_path / "ops" / ".git" / "refs" / "heads" / "out").symlink_to(secret)
    for text in ("", "ref: ", "ref: /etc/passwd", "ref: refs/../../secret", "ref: refs/heads/out", "no commit", "\xff"):
        head.write_text(text, encoding="latin-1")
        found.append(commit_of(tmp_path / "ops"))
    head.unlink()
    os.mkfifo(head)
    found.append(commit_of(tmp_path / "ops"))
    assert ([""] * 9, Origin("", RUN)) == (found, origin_of(ACTIONS, tmp_path / "ops"))

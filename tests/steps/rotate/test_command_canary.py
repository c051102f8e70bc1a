"""A command as canary: what it gets, what it does not get, and each way in which it ends."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.github.problems import StoppedError
from flowforge.plan.address import Repo
from flowforge.steps.rotate.canary import Canary, CanaryError, command_canary

REPOS = [Repo.parse("acme/a"), Repo.parse("acme/b")]
Make = Callable[..., Canary]
KEY = "sk-ant-api03-" + "x" * 93 + "AA"


@pytest.fixture
def stop() -> threading.Event:
    """Return the event by which a person stops the run."""
    return threading.Event()


@pytest.fixture
def make(tmp_path: Path, stop: threading.Event) -> Make:
    """Return a function that makes the canary of a line of sh."""

    def made(line: str, *, timeout: float = 60.0, **environ: str) -> Canary:
        own = {"PATH": os.environ["PATH"], **environ}
        argv = ("sh", "-c", line, "canary")
        return command_canary(
            argv, environ=own, stop=stop, timeout=timeout, folder=tmp_path, concealed=frozenset({"PLAIN_VALUE"})
        )

    return made


def said(canary: Canary) -> list[tuple[str, bool, str]]:
    """Return the verdicts of a canary that can be started."""
    canary.check(REPOS)
    return [(str(each.repo), each.well, each.said) for each in canary.run(REPOS)]


def test_it_gets_the_name_of_each_repo(make: Make, tmp_path: Path) -> None:
    """The name is its one argument, it runs in that folder, and its exit code is the verdict of that repo."""
    canary = make('echo "$#" > "$(basename "$1")"; test "$1" = acme/a')
    assert said(canary) == [
        ("acme/a", True, "the command ended well"),
        ("acme/b", False, "the command ended with 1"),
    ]
    assert [(tmp_path / name).read_text() for name in "ab"] == ["1\n", "1\n"]


def test_it_gets_nothing_else(make: Make, tmp_path: Path) -> None:
    """No token of ours, nothing of FlowForge's, no credential, no value of a source; and nothing on stdin."""
    given = {
        "GH_TOKEN": "x",
        "FLOWFORGE_GITHUB_TOKEN": "x",
        "FLOWFORGE_ANTHROPIC_ADMIN_KEY": "x",
        "OP_SERVICE_ACCOUNT_TOKEN": "x",
        "ACME_KEY": KEY,
        "PLAIN_VALUE": "x",
        "HARMLESS": "y",
    }
    said(make('cat; env > "$(basename "$1")"', **given))
    names = {line.partition("=")[0] for line in (tmp_path / "a").read_text().splitlines()}
    assert names & given.keys() == {"HARMLESS"}


def test_no_shell_reads_its_arguments(tmp_path: Path, stop: threading.Event) -> None:
    """What would mean something to a shell is text."""
    environ = {"PATH": os.environ["PATH"]}
    argv = ("test", "$(touch made); #", "!=")
    canary = command_canary(argv, environ=environ, stop=stop, timeout=60, folder=tmp_path)
    assert [each.well for each in canary.run(REPOS)] == [True, True]
    assert not [*tmp_path.iterdir()]


def test_it_may_print_as_much_as_it_likes(make: Make) -> None:
    """What it prints is dropped, so that none of it can be too much."""
    assert [each[1] for each in said(make("head -c 300000 /dev/zero"))] == [True, True]


def test_one_that_never_ends(make: Make) -> None:
    """It is ended when its time is over, and that is no good end."""
    assert said(make("sleep 600", timeout=0.2)) == [
        ("acme/a", False, "the command did not end in 0.2 s"),
        ("acme/b", False, "the command did not end in 0.2 s"),
    ]


@pytest.mark.parametrize("program", ["flowforge-no-such-program", "./none", ""])
def test_one_that_cannot_be_started_is_refused(tmp_path: Path, stop: threading.Event, program: str) -> None:
    """It is known before anything is written."""
    argv = (program,) if program else ()
    environ = {"PATH": os.environ["PATH"]}
    canary = command_canary(argv, environ=environ, stop=stop, timeout=60, folder=tmp_path)
    with pytest.raises(CanaryError) as caught:
        canary.check(REPOS)
    (problem,) = caught.value.problems
    assert (problem.code, problem.what) == ("FF061", f'the canary "{program}" cannot be started')


def test_a_program_beside_the_manifest(tmp_path: Path, stop: threading.Event) -> None:
    """A path with a slash begins at the folder."""
    (tmp_path / "look").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "look").chmod(0o755)
    canary = command_canary(
        ["./look"], environ={"PATH": os.environ["PATH"]}, stop=stop, timeout=60, folder=tmp_path
    )  # fmt: skip
    assert [each[1] for each in said(canary)] == [True, True]


def test_a_stop_ends_it(make: Make, stop: threading.Event) -> None:
    """Ctrl-C ends the programs, without a verdict."""
    stop.set()
    with pytest.raises(StoppedError):
        make("sleep 600").run(REPOS)

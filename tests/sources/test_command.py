"""The source `command`: what a program prints, and each way in which one fails."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.errors import Problem, SourceError, TrustError
from flowforge.sources import Context, FilledSpec, ValueRequest, read_all
from flowforge.sources.command import CommandSource
from flowforge.sources.process import ChildProgram, Failure

Reader = Callable[..., str | Problem]
PLAIN = "command-" + "value-0123456789"
PATH = {"PATH": os.environ["PATH"]}
STDIN_CLOSED = "it may wait for an answer, and nobody can give it one: its stdin is closed"


def sh(line: str, **options: str | tuple[str, ...]) -> FilledSpec:
    """Return a `from` that runs a line of sh."""
    return {"command": ("sh", "-c", line), **options}


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        (PLAIN, PLAIN),
        (PLAIN + r"\n", PLAIN),
        (PLAIN + r"\n\n", PLAIN + "\n"),
        (PLAIN + r"\r\n", PLAIN),
        (PLAIN + r"\r", PLAIN + "\r"),
        (r"\357\273\277" + PLAIN, PLAIN),
        (f"  {PLAIN}  ", f"  {PLAIN}  "),
        (r"a\nb\n", "a\nb"),
        (r"\303\251", "é"),
    ],
)
def test_exactly_one_newline_is_dropped(outcome: Reader, printed: str, value: str) -> None:
    """What a program prints is the value, less its mark and one line end; nothing else is changed."""
    assert outcome(sh(f"printf '{printed}'"), PATH) == value


def test_it_runs_in_the_folder_of_the_manifest_with_its_stdin_closed(outcome: Reader, folder: Path) -> None:
    """The working folder is the manifest's, and whoever reads stdin meets its end at once."""
    assert outcome(sh("cat; pwd -P"), PATH) == os.path.realpath(folder)


def test_a_program_with_a_slash_begins_at_that_folder(outcome: Reader, folder: Path) -> None:
    """`bin/key` lies below the manifest's folder; a name without a slash is looked for on PATH and nowhere else."""
    (folder / "bin").mkdir()
    (folder / "bin" / "key").write_text(f"#!/bin/sh\necho {PLAIN}$1\n")
    (folder / "bin" / "key").chmod(0o755)
    (folder / "key").symlink_to("bin/key")
    found = [outcome({"command": (name, "-x")}, PATH) for name in ("bin/key", "./key")]
    assert found == [f"{PLAIN}-x", f"{PLAIN}-x"]
    assert outcome({"command": ("key",)}, PATH) == Problem(
        "FF250",
        'the program "key" was not found',
        why="it is in no folder of PATH",
        fix="install it where flowforge runs",
    )


def test_no_shell_reads_the_arguments(outcome: Reader) -> None:
    """Whatever a shell would act upon is an argument like any other."""
    argument = "$(id) `id` ; * > x && $HOME {1..3} \n 'quoted\""
    assert outcome({"command": ("printf", "%s", argument)}, PATH) == argument


def test_what_a_program_inherits(outcome: Reader) -> None:
    """It gets our environment without FLOWFORGE_* and tokens; what only looks like one where `pass_env` names it."""
    key = "sk-ant-" + "admin01-" + "c" * 40
    environ = {**PATH, "PLAIN": "a", "FLOWFORGE_X": "b", "GH_TOKEN": "c", "ADMIN": key}
    line = 'printf "${PLAIN-no} ${FLOWFORGE_X-no} ${GH_TOKEN-no} ${ADMIN-no}"'
    assert outcome(sh(line), environ) == "a no no no"
    assert outcome(sh(line, pass_env=("ADMIN", "UNSET")), environ) == f"a no no {key}"


def test_what_a_program_cannot_ask_for(folder: Path) -> None:
    """A token of GitHub's ends the run before any program starts, also one that would have nothing of it."""
    asks = [ValueRequest(sh("touch ran; echo x")), ValueRequest(sh("touch ran; echo x", pass_env=("GH_TOKEN",)))]
    with pytest.raises(TrustError, match="FF261: the variable GH_TOKEN is passed to no program"):
        read_all(asks, Context(PATH, folder))
    assert [] == [*folder.iterdir()]


def by_hand(folder: Path) -> str:
    """Return the remedy where nobody sees what a program says."""
    return f"run it by hand in the manifest's folder, {folder}, and see what it says"


@pytest.mark.parametrize(
    ("line", "code", "what"),
    [
        ("cat key; cat key >&2; exit 3", "FF254", 'the program "sh" failed with exit code 3'),
        ("cat key; kill -9 $$", "FF255", 'the program "sh" was ended by SIGKILL'),
        ("cat key; kill -40 $$", "FF255", 'the program "sh" was ended by signal 40'),
        ("true", "FF257", 'the program "sh" printed nothing'),
        ("echo", "FF257", 'the program "sh" printed nothing'),
    ],
)
def test_a_program_that_fails(outcome: Reader, folder: Path, line: str, code: str, what: str) -> None:
    """An exit code, a signal and nothing at all are told apart; nothing that it printed or said is shown."""
    (folder / "key").write_text(PLAIN)
    assert outcome(sh(line), PATH, hidden=PLAIN) == Problem(code, what, fix=by_hand(folder))


def test_a_program_that_takes_too_long(outcome: Reader, folder: Path) -> None:
    """At its time limit a program is ended; the message names the limit."""
    (folder / "key").write_text(PLAIN)
    began = time.monotonic()
    found = outcome(sh("cat key; sleep 30", timeout="1s"), PATH, hidden=PLAIN)
    assert time.monotonic() - began < 20
    assert found == Problem(
        "FF252", 'the program "sh" took longer than 1s', why=STDIN_CLOSED, fix="give it more time with `timeout`"
    )


@pytest.mark.parametrize(("written", "seconds"), [(None, 30), ("20s", 20), ("999s", 999), ("2m", 120)])
def test_the_time_limit(written: str | None, seconds: int) -> None:
    """A limit is written in seconds or minutes, and is 30 s unless it is written."""
    limits: list[float] = []

    def run(program: ChildProgram, _: threading.Event) -> Failure:
        limits.append(program.seconds)
        return Failure.STOPPED

    CommandSource(run).read_all(
        [ValueRequest(sh("true", **({"timeout": written} if written else {})))], Context({}, Path())
    )
    assert limits == [seconds]


def test_a_program_that_prints_too_much(outcome: Reader) -> None:
    """64 KiB is the limit of what is read."""
    assert outcome(sh("head -c 65536 /dev/zero | tr '\\0' x"), PATH) == "x" * 65536
    assert outcome(sh("yes"), PATH) == Problem(
        "FF253", 'the program "sh" printed more than 64 KiB', fix="let it print the credential alone"
    )


def test_a_program_that_is_not_there(outcome: Reader, folder: Path) -> None:
    """A path that leads nowhere, and a script whose interpreter does, are not found."""
    (folder / "script").write_text("#!/nowhere/sh\n")
    (folder / "script").chmod(0o755)
    why = "a path with a slash in it begins at the manifest's folder, and a script's first line names another"
    assert [outcome({"command": (name, PLAIN)}, PATH) for name in ("./nothing", "./script")] == [
        Problem("FF250", f'the program "{name}" was not found', why=why, fix="install it where flowforge runs")
        for name in ("./nothing", "./script")
    ]


def test_a_program_that_is_none(outcome: Reader, folder: Path) -> None:
    """A file without permission, one that is no program, a folder and an empty name cannot be executed."""
    (folder / "text").write_text("text")
    (folder / "data").write_text("data")
    (folder / "data").chmod(0o755)
    names = ("./text", "./data", "/", "")
    fix = "let the user that runs flowforge execute it; a script begins with #! and its interpreter"
    assert [outcome({"command": (name,)}, PATH) for name in names] == [
        Problem("FF251", f'the program "{name}" cannot be executed', fix=fix) for name in names
    ]


def test_what_is_no_text(outcome: Reader, folder: Path) -> None:
    """Bytes that are not UTF-8 are refused, and not shown."""
    (folder / "key").write_bytes(PLAIN.encode() + b"\xff")
    assert outcome(sh("cat key"), PATH, hidden=PLAIN) == Problem(
        "FF223", 'what the program "sh" printed is not UTF-8', fix="write it as plain text; a credential is ASCII"
    )


def test_the_name_of_a_program_is_text_from_outside(outcome: Reader) -> None:
    """Escapes in it are shown as such, and what looks like a credential is not."""
    found = [outcome({"command": (name,)}, PATH) for name in ("./\x1b[31mred", "./sk-ant-" + "api03-value")]
    assert [each.what for each in found if isinstance(each, Problem)] == [
        r'the program "./\x1b[31mred" was not found',
        'the program "./sk-ant-api03-[redacted]" was not found',
    ]


def test_what_it_says_reaches_the_person_who_is_there(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Where a person is there, stderr is theirs and the remedy points to it; elsewhere it goes nowhere."""
    line = sh("echo said >&2; exit 1")
    fixes = []
    for interactive in (True, False):
        (found,) = read_all([ValueRequest(line)], Context(PATH, folder, interactive=interactive))
        assert isinstance(found, SourceError)
        fixes.append((found.problems[0].fix, capfd.readouterr().err))
    assert fixes == [("see what it said above", "said\n"), (by_hand(folder), "")]


def test_several_run_side_by_side(folder: Path) -> None:
    """Four programs that wait for each other all end: they run at once. Results stand in the order of the asks."""
    line = "touch {0}; while [ ! -e a ] || [ ! -e b ] || [ ! -e c ] || [ ! -e d ]; do sleep 0.02; done; echo {0}"
    asks = [ValueRequest(sh(line.format(name), timeout="60s")) for name in "abcd"]
    assert [getattr(found, "reveal", str)() for found in read_all(asks, Context(PATH, folder))] == list("abcd")


def test_the_end_of_the_run_ends_the_program(folder: Path) -> None:
    """When the run is to stop, a program is ended with all that it began, and its value is not there."""
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    (found,) = read_all([ValueRequest(sh("sleep 30 & sleep 30"))], Context(PATH, folder, stop=stop))
    assert isinstance(found, SourceError)
    assert (time.monotonic() - began < 20, found.problems) == (
        True,
        (Problem("FF258", 'the program "sh" was stopped with the run', fix="run it again"),),
    )

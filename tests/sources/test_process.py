"""Programs that print a value: their limits, how they end, and that nothing of them is left behind."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.sources.process import OUTPUT_LIMIT, ChildProgram, EndedProgram, Failure, run

Run = Callable[..., EndedProgram | Failure]


@pytest.fixture
def shell(tmp_path: Path) -> Run:
    """Run a line of sh in a folder of its own."""

    def go(
        line: str, *, seconds: float = 10, stop: threading.Event | None = None, feed: bytes = b""
    ) -> EndedProgram | Failure:
        program = ChildProgram(("sh", "-c", line), {"PATH": os.environ["PATH"]}, tmp_path, seconds, feed=feed)
        return run(program, stop or threading.Event())

    return go


def _all(ended: EndedProgram | Failure) -> tuple[int, str, str]:
    assert isinstance(ended, EndedProgram)
    return ended.code, ended.printed.reveal(), ended.said.reveal()


def test_what_it_prints_says_and_gives(shell: Run, tmp_path: Path) -> None:
    """Stdout, stderr and the code arrive as they were, nothing dropped, and the folder is the one that was given."""
    assert _all(shell("printf 'a\\n\\n'; echo b >&2; exit 3")) == (3, "a\n\n", "b\n")
    assert _all(shell("pwd")) == (0, f"{os.path.realpath(tmp_path)}\n", "")


def test_bytes_that_are_no_text_survive(shell: Run) -> None:
    """What is not UTF-8 is kept, so that whoever decodes can refuse it."""
    assert _all(shell("printf '\\377'"))[1] == "\udcff"


def test_stdin_is_what_it_is_fed(shell: Run) -> None:
    """A program gets its stdin whole and then its end; without any it meets the end at once."""
    assert _all(shell("cat", feed=b"x" * 30_000))[1] == "x" * 30_000
    assert _all(shell("cat"))[1] == ""


def test_a_program_that_does_not_read_its_stdin(shell: Run) -> None:
    """One that ends before it read what it is fed is judged by its code."""
    assert _all(shell("exec 0<&-; exit 4", feed=b"x" * 60_000))[0] == 4


def test_a_signal_is_a_negative_code(shell: Run) -> None:
    """A program that was killed says so by its code."""
    assert _all(shell("kill -9 $$"))[0] == -9


@pytest.mark.parametrize(
    ("argv", "failure"),
    [
        (("no-such-program-here",), Failure.NOT_FOUND),
        (("./plain",), Failure.NOT_EXECUTABLE),
        (("./missing",), Failure.NOT_FOUND),
        (("with\0nul",), Failure.NOT_EXECUTABLE),
    ],
)
def test_a_program_that_cannot_be_started(tmp_path: Path, argv: tuple[str, ...], failure: Failure) -> None:
    """One that is not there, and one that is no program, are told apart."""
    (tmp_path / "plain").write_text("x", encoding="utf-8")
    assert run(ChildProgram(argv, {"PATH": "/bin"}, tmp_path, 5), threading.Event()) is failure


def test_a_program_that_takes_too_long(shell: Run, tmp_path: Path) -> None:
    """At its limit it is killed with all that it started, even what ignores the first signal."""
    line = f"trap '' TERM; (sleep 60; touch {tmp_path}/late) & echo $! >child; sleep 60"
    begun = time.monotonic()
    assert shell(line, seconds=2.0) is Failure.TOO_LONG
    assert time.monotonic() - begun < 30
    _gone(int((tmp_path / "child").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("did", "then", "failure"),
    [("", "sleep 60", Failure.TOO_LONG), ("yes; ", "exit 0", Failure.TOO_MUCH)],
    ids=["goes-when-told", "has-gone-before"],
)
def test_what_a_program_began_is_killed_though_it_goes_itself(
    shell: Run, tmp_path: Path, did: str, then: str, failure: Failure
) -> None:
    """A child that ignores the first signal outlives neither a program that heeds it nor one that has ended."""
    line = f"(trap '' TERM; until test -e child; do :; done; {did}sleep 60) & echo $! >child; {then}"
    assert shell(line, seconds=2.0 if failure is Failure.TOO_LONG else 50.0) is failure
    _gone(int((tmp_path / "child").read_text(encoding="utf-8")))


@pytest.mark.filterwarnings("ignore:Exception ignored in. <function Popen:pytest.PytestUnraisableExceptionWarning")
def test_what_may_not_be_killed_is_not_waited_for(shell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of another user, such as one that `sudo` began, keeps nobody past its time limit."""

    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr("flowforge.sources.process.os.killpg", refuse)
    begun = time.monotonic()
    assert shell("exec sleep 20", seconds=0.2) is Failure.TOO_LONG
    assert time.monotonic() - begun < 15


def _gone(pid: int) -> None:
    """Prove that a process ends: it is no more, or waits to be reaped by whoever inherited it."""
    status = Path(f"/proc/{pid}/stat")
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        with contextlib.suppress(OSError):
            if status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


@pytest.mark.parametrize("line", ["sleep 60", "exec >&- 2>&-; sleep 60"], ids=["open-pipes", "closed-pipes"])
def test_a_run_that_stops_takes_it_along(shell: Run, line: str) -> None:
    """When the run is told to stop, the program is gone at once."""
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    begun = time.monotonic()
    assert shell(line, stop=stop, seconds=30) is Failure.STOPPED
    assert time.monotonic() - begun < 20


def test_a_program_that_closes_its_pipes_and_stays(shell: Run) -> None:
    """Its time limit holds all the same."""
    assert shell("exec >&- 2>&-; sleep 60", seconds=0.3) is Failure.TOO_LONG


def test_a_program_that_prints_too_much(shell: Run) -> None:
    """More than a secret may hold is not read on, and the program is stopped."""
    assert _all(shell(f"head -c {OUTPUT_LIMIT} /dev/zero | tr '\\0' x"))[1] == "x" * OUTPUT_LIMIT
    assert shell("yes") is Failure.TOO_MUCH


def test_much_on_stderr_is_no_trouble(shell: Run) -> None:
    """Of stderr the end is kept, however much there is."""
    code, printed, said = _all(shell("yes no | head -c 300000 >&2; echo end >&2; echo value"))
    assert (code, printed, len(said), said[-4:]) == (0, "value\n", OUTPUT_LIMIT, "end\n")


def test_what_stays_in_the_background_does_not_hold_it_up(shell: Run, tmp_path: Path) -> None:
    """A daemon that keeps the pipes open is not waited for, and not killed: the program itself ended well."""
    begun = time.monotonic()
    assert _all(shell("sleep 60 & echo $! >child; echo value"))[:2] == (0, "value\n")
    assert time.monotonic() - begun < 30
    os.kill(int((tmp_path / "child").read_text(encoding="utf-8")), 15)

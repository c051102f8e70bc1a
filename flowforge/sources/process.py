"""Run a program that prints a value: no shell, limits on time and output, and no plaintext outside a SecretValue."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from pathlib import Path
from typing import IO, Final, Self

from flowforge.data_class import dataclass
from flowforge.vault import SecretValue

# As for files: GitHub takes 47,952 bytes at most.
OUTPUT_LIMIT: Final = 64 * 1024
# Seconds until a Ctrl-C is noticed, and those that a program gets to end after SIGTERM.
_TICK: Final = 0.05
_FAREWELL: Final = 0.5
_MOMENT: Final = 0.01
# Seconds to read on after a program ended. A background process may keep its pipes open for ever (an agent does).
_LINGER: Final = 0.2


class Failure(Enum):
    """Why a program gave no answer."""

    NOT_FOUND = "not found"
    NOT_EXECUTABLE = "not executable"
    TOO_LONG = "took too long"
    TOO_MUCH = "printed too much"
    STOPPED = "stopped with the run"


@dataclass(frozen=True, slots=True)
class ChildProgram:
    """What to run, and how."""

    argv: Sequence[str]
    """The program and its arguments. No shell reads them."""
    environ: Mapping[str, str] = field(repr=False)
    """Its whole environment."""
    folder: Path
    """Its working folder."""
    seconds: float
    """How long it may take."""
    feed: bytes = b""
    """What it reads from stdin; less than a pipe holds."""
    overheard: bool = False
    """Whether its stderr goes to the terminal; if not, it is read."""
    unread: bool = False
    """Whether what it prints is dropped, however much it is."""


@dataclass(frozen=True, slots=True)
class EndedProgram:
    """How a program ended, and what it wrote: any bytes, decoded with `surrogateescape`."""

    code: int
    """Its exit code; negative for a signal."""
    printed: SecretValue
    """Its stdout."""
    # A program may print the value, or the command line with it, when it fails.
    said: SecretValue
    """The last 64 KiB of its stderr."""


def run(program: ChildProgram, stop: threading.Event) -> EndedProgram | Failure:
    """Run a program to its end. At a limit, or when `stop` is set, its whole process group is killed."""
    try:
        process = subprocess.Popen(  # noqa: S603 -- what the manifest names is what this is for; no shell reads it
            list(program.argv),
            env=dict(program.environ),
            cwd=program.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if program.unread else subprocess.PIPE,
            stderr=None if program.overheard else subprocess.PIPE,
            process_group=0,  # so that the programs that it starts can be killed with it
        )
    except FileNotFoundError:
        return Failure.NOT_FOUND
    except (OSError, ValueError):
        return Failure.NOT_EXECUTABLE
    with _Reading(process) as reading:
        failure = reading.finish(program, stop)
        return failure or EndedProgram(process.wait(), _value(reading.printed), _value(reading.said))


def _value(data: bytearray) -> SecretValue:
    return SecretValue(data.decode("utf-8", "surrogateescape"))


class _Reading:
    """The two pipes of a running process, and what came through them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.printed, self.said = bytearray(), bytearray()
        self._process = process
        self._over = False
        self._selector = selectors.DefaultSelector()
        for pipe, into in ((process.stdout, self.printed), (process.stderr, self.said)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._selector.register(pipe, selectors.EVENT_READ, into)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what is left of a program that did not end by itself. What an ended one left in the background stays."""
        if not self._over:
            self._kill()
        self._selector.close()
        for pipe in (self._process.stdout, self._process.stderr, self._process.stdin):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def finish(self, program: ChildProgram, stop: threading.Event) -> Failure | None:
        """Feed the program and read until it ends. Return the limit that it met; None if it ended by itself."""
        failure = self._finish(program, stop)
        self._over = failure is None
        return failure

    def _finish(self, program: ChildProgram, stop: threading.Event) -> Failure | None:
        _feed(self._process.stdin, program.feed)
        deadline = time.monotonic() + program.seconds
        ended = 0.0
        while self._selector.get_map():
            self._take(_TICK)
            now = time.monotonic()
            if len(self.printed) > OUTPUT_LIMIT:
                return Failure.TOO_MUCH
            if stop.is_set():
                return Failure.STOPPED
            if now > deadline:
                return Failure.TOO_LONG
            ended = ended or (now if self._process.poll() is not None else 0.0)
            if ended and now > ended + _LINGER:
                return None
        return self._wait(deadline, stop)

    def _wait(self, deadline: float, stop: threading.Event) -> Failure | None:
        """Wait for a process that has closed its pipes and is still there."""
        while self._process.poll() is None:
            if stop.wait(_TICK):
                return Failure.STOPPED
            if time.monotonic() > deadline:
                return Failure.TOO_LONG
        return None

    def _take(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            piece = os.read(key.fd, OUTPUT_LIMIT)
            if not piece:
                self._selector.unregister(key.fileobj)
            key.data.extend(piece)
            if key.data is self.said:
                del self.said[:-OUTPUT_LIMIT]

    def _kill(self) -> None:
        """Send SIGTERM to the whole group, and after half a second SIGKILL to what is left of it."""
        over = time.monotonic() + _FAREWELL
        left = self._signal(signal.SIGTERM)
        while left and time.monotonic() < over:
            self._process.poll()  # one that has ended counts until it is asked after
            time.sleep(_MOMENT)
            left = self._signal(0)
        self._signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL)

    def _signal(self, number: int) -> bool:
        """Send a signal to the group. Return whether any process was left to take it."""
        # PermissionError: only processes of other users are left, such as those of sudo. They cannot be waited for.
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def _feed(pipe: IO[bytes] | None, data: bytes) -> None:
    """Write all of stdin and close it. It is less than a pipe holds (64 KiB), so the write never blocks."""
    if pipe is None:
        return
    with contextlib.suppress(BrokenPipeError):
        pipe.write(data)
        pipe.flush()
    with contextlib.suppress(BrokenPipeError):
        pipe.close()

"""Run a program that prints a value: no shell, limits on time and output, and no plaintext outside a SecretValue."""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO, Final, Self

from flowforge.vault import SecretValue

# As for files: no secret that GitHub takes is larger.
OUTPUT_LIMIT: Final = 64 * 1024
# How soon a Ctrl-C is noticed, and how long a program may take to go when it is told to.
_TICK: Final = 0.05
_FAREWELL: Final = 0.5
_MOMENT: Final = 0.01
# What a program leaves in the background may keep its pipes open; what was printed is there by then.
_LINGER: Final = 0.2


class Failure(Enum):
    """Why a program gave no answer."""

    NOT_FOUND = "not found"
    NOT_EXECUTABLE = "not executable"
    TOO_LONG = "took too long"
    TOO_MUCH = "printed too much"
    STOPPED = "stopped with the run"


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. seconds: its limit. feed: its stdin. overheard: what it says on stderr goes to the terminal."""

    argv: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    seconds: float
    feed: bytes = b""
    overheard: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. code: as the system gives it, negative for a signal. printed: stdout. said: stderr.

    Both are of any bytes at all, decoded with `surrogateescape`; of stderr only the last 64 KiB are kept.
    """

    code: int
    printed: SecretValue
    said: SecretValue


def run(program: Program, stop: threading.Event) -> Ended | Failure:
    """Run a program to its end, or to one of its limits, or until `stop` is set; then its whole group is killed."""
    try:
        process = subprocess.Popen(  # noqa: S603 -- what the manifest names is what this is for; no shell reads it
            list(program.argv),
            env=dict(program.environ),
            cwd=program.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if program.overheard else subprocess.PIPE,
            process_group=0,
        )
    except FileNotFoundError:
        return Failure.NOT_FOUND
    except (OSError, ValueError):
        return Failure.NOT_EXECUTABLE
    with _Reading(process) as reading:
        failure = reading.finish(program, stop)
        return failure or Ended(process.wait(), _value(reading.printed), _value(reading.said))


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
        """Leave nothing of a program that did not end by itself; what one that did left in the background stays."""
        if not self._over:
            self._kill()
        self._selector.close()
        for pipe in (self._process.stdout, self._process.stderr, self._process.stdin):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def finish(self, program: Program, stop: threading.Event) -> Failure | None:
        """Feed it and read until it ends, or say which limit it met."""
        failure = self._finish(program, stop)
        self._over = failure is None
        return failure

    def _finish(self, program: Program, stop: threading.Event) -> Failure | None:
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
        """Tell the whole group to go, and kill what is then left of it; not waited for is what may not be killed."""
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
        """Send a signal to the group; gives whether anything is left that took it."""
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def _feed(pipe: IO[bytes] | None, data: bytes) -> None:
    """Write all of stdin at once and close it: callers keep it below what a pipe holds (64 KiB)."""
    if pipe is None:
        return
    with contextlib.suppress(BrokenPipeError):
        pipe.write(data)
        pipe.flush()
    with contextlib.suppress(BrokenPipeError):
        pipe.close()

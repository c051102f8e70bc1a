"""Ask a person at the terminal. What they paste is read whole, and is not shown."""

import os
import select
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from flowforge.columns import MOST_COLUMNS, columns_at, fitted
from flowforge.vault import SecretValue

_TICK: Final = 0.1
# Seconds after the end of a line in which more of the same paste may come: a wrapped line is pasted as two.
_SAME_PASTE: Final = 0.15
_PIECE: Final = 4096
# Terminals that support it mark where a paste begins and ends (xterm's "bracketed paste").
_MARK_PASTES: Final = b"\x1b[?2004h"
_MARK_NO_PASTES: Final = b"\x1b[?2004l"
_PASTE: Final = b"\x1b[200~"
_PASTED: Final = b"\x1b[201~"
_INPUT_AS_IT_IS: Final = termios.ICRNL | termios.INLCR | termios.IGNCR | termios.ISTRIP | termios.IXON


class Pasting(Protocol):
    """Where a person pastes a value."""

    def say(self, text: str, /) -> None:
        """Show a text; it is printable."""

    def ask(self, question: str, /) -> SecretValue | None:
        """Ask for a value; None where it is left. Raises KeyboardInterrupt when the run is to stop."""


class Terminal:
    """The terminal of this process, silenced: it shows nothing of what is typed."""

    def __init__(self, descriptor: int, stop: threading.Event) -> None:
        """Use an open terminal; see `hidden`."""
        self._descriptor = descriptor
        self._stop = stop

    def say(self, text: str) -> None:
        """Show a printable text, no word of it broken. If the terminal went away, the next read notices it."""
        shown = fitted(text, columns_at(self._descriptor), MOST_COLUMNS)
        with suppress(OSError):
            os.write(self._descriptor, shown.encode("utf-8", "backslashreplace"))

    def ask(self, question: str) -> SecretValue | None:
        """Ask, and return one line, or all lines of one paste joined by LF; None for an empty one or a lost terminal.

        Bytes that are not UTF-8 are decoded with `surrogateescape`. Raises KeyboardInterrupt when the run is to stop.
        """
        # What was typed before the question is dropped: it answers something else.
        with suppress(termios.error):  # that the terminal went away is told by the read
            termios.tcflush(self._descriptor, termios.TCIFLUSH)
        self.say(question)
        line = _Line()
        while not line.ended or self._ready(_SAME_PASTE):
            # Not bound to a name here, so that no frame that an interruption leaves holds plaintext.
            if not line.take(self._read()):
                return None
        return line.value

    def _read(self) -> bytes:
        """Return what was typed, as soon as there is something; nothing if the terminal went away."""
        while True:
            while not self._ready(_TICK):
                pass
            # Ctrl-C drops what was typed, also between `select` and `read`, which would then wait without end.
            os.set_blocking(self._descriptor, False)
            try:
                return os.read(self._descriptor, _PIECE)
            except BlockingIOError:
                continue
            except OSError:
                return b""
            finally:
                os.set_blocking(self._descriptor, True)

    def _ready(self, seconds: float) -> bool:
        if self._stop.is_set():
            raise KeyboardInterrupt
        return bool(select.select([self._descriptor], [], [], seconds)[0])


class _Line:
    """What was typed so far, after the editing keys were applied."""

    def __init__(self) -> None:
        self.ended = False
        self._text = bytearray()
        self._pasting = False
        self._before = 0

    @property
    def value(self) -> SecretValue | None:
        return SecretValue(self._text.decode("utf-8", "surrogateescape")) if self._text else None

    def take(self, piece: bytes) -> bool:
        """Apply what came from the terminal. Return False if nothing came."""
        for byte in piece:
            if not (byte == ord("\n") and self._before == ord("\r")):  # CR LF ends one line
                self._type(byte)
            self._before = byte
        return bool(piece)

    def _type(self, byte: int) -> None:
        if self.ended:  # what comes so soon after the line's end was pasted with it
            self._text += b"\n"
            self.ended = False
        if not self._pasting and byte in b"\x04\r\n":
            self.ended = True
        elif not self._pasting and byte in b"\x08\x7f":
            while self._text and self._text.pop() & 0xC0 == 0x80:  # noqa: PLR2004 -- UTF-8: not a character's first byte
                pass
        elif not self._pasting and byte == 0x15:  # noqa: PLR2004 -- Ctrl-U
            self._text.clear()
        else:
            self._text.append(ord("\n") if byte == ord("\r") else byte)
            self._notice_marks()

    def _notice_marks(self) -> None:
        """Remove the marks of a paste, and one line end at its end, which was copied with the line."""
        for mark in (_PASTE, _PASTED):
            if self._text.endswith(mark):
                del self._text[-len(mark) :]
                self._pasting = mark == _PASTE
                if not self._pasting and self._text.endswith(b"\n"):
                    del self._text[-1:]


def _in_front(descriptor: int) -> bool:
    """Return whether the terminal listens to the group of this process. One that is gone listens to none."""
    # A job in the background that changes the terminal's mode is stopped by the system (SIGTTOU), and hangs.
    with suppress(OSError):
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    return False


@contextmanager
def hidden(stop: threading.Event) -> Iterator[Terminal | None]:
    """Yield the terminal of this process, silenced; None if there is none, or another job has it."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        if not _in_front(descriptor):
            yield None
            return
        with silenced(descriptor, stop) as terminal:
            yield terminal
    finally:
        os.close(descriptor)


@contextmanager
def silenced(descriptor: int, stop: threading.Event) -> Iterator[Terminal]:
    """Silence an open terminal, and restore it however the block is left."""
    # TCSAFLUSH drops what was typed and not read: it may be the rest of a paste, and would be the shell's next command.
    before = termios.tcgetattr(descriptor)
    try:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, _quiet(termios.tcgetattr(descriptor), descriptor))
        os.write(descriptor, _MARK_PASTES)
        yield Terminal(descriptor, stop)
    finally:
        try:
            _restore(descriptor, before)
        except KeyboardInterrupt:  # a second one, in the midst of it
            _restore(descriptor, before)
            raise


def _restore(descriptor: int, before: list[Any]) -> None:
    with suppress(OSError, termios.error):  # a terminal that went away needs nothing
        os.write(descriptor, _MARK_NO_PASTES)
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)


def _quiet(mode: list[Any], descriptor: int) -> list[Any]:
    """Return a mode without echo, in which a line may have any length."""
    # Without ICANON, because Linux cuts a line at 4,096 bytes in that mode. Ctrl-C stays a signal. Ctrl-Z and
    # Ctrl-Backslash do not: they would leave the terminal as it is now.
    incoming, outgoing, control, local, *speeds, keys = mode
    quiet = local & ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN)
    no_key = bytes([os.fpathconf(descriptor, "PC_VDISABLE")])
    changed = {termios.VMIN: 1, termios.VTIME: 0, termios.VSUSP: no_key, termios.VQUIT: no_key}
    keys = [changed.get(index, key) for index, key in enumerate(keys)]
    return [incoming & ~_INPUT_AS_IT_IS, outgoing, control, quiet, *speeds, keys]

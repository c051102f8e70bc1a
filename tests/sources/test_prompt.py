"""The source `prompt` on a terminal: what is taken of a paste, what is refused, and that nothing is echoed."""

import fcntl
import os
import pty
import select
import struct
import termios
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowforge.errors import Problem, SourceError
from flowforge.plan.facts import NotRead
from flowforge.sources import Context, ReadResult, ValueRequest, read_all
from flowforge.sources.terminal import silenced
from flowforge.vault import SecretValue

HINT = "  paste the value and press Enter (not shown; Enter alone skips it): "
BEGIN, END = "\x1b[?2004h", "\x1b[?2004l"
PLAIN = "prompt-" + "value-0123456789"
BROKEN = Problem("FF299", "it is broken", fix="do better")
LEFT = NotRead("not pasted", "run it again and paste it", chosen=False)
NOBODY = NotRead(
    "nobody can be asked", "run it at a terminal, or name a source that needs nobody, such as env", chosen=False
)


def no_breaks(value: SecretValue) -> Problem | None:
    """Object to a line break."""
    return BROKEN if "\n" in value.reveal() else None


class Desk:
    """A terminal in this process, and the hand of a person who answers each hint."""

    def __init__(self) -> None:
        """Open it."""
        self.hand, self.screen = pty.openpty()
        self.mode = termios.tcgetattr(self.screen)
        self.seen = b""
        self.stop = threading.Event()
        self._over = threading.Event()

    def ask(
        self, *answers: bytes, asks: tuple[ValueRequest, ...] = (ValueRequest({"prompt": "Key?"}, no_breaks),)
    ) -> list[ReadResult]:
        """Ask, and answer each hint with the next bytes; `seen` is then all that the screen showed."""
        self._over.clear()
        hand = threading.Thread(target=self._answer, args=(answers,))
        hand.start()
        try:
            return read_all(
                asks, Context({}, Path(), interactive=True, stop=self.stop, hidden=partial(silenced, self.screen))
            )
        finally:
            self._over.set()
            hand.join()

    def shown(self) -> str:
        """Return what the screen showed since the last time."""
        text, self.seen = self.seen.decode().replace("\r\n", "\n"), b""
        return text

    def _answer(self, answers: tuple[bytes, ...]) -> None:
        waiting = list(answers)
        hints = 0
        while not self._over.is_set() or self._readable():
            if self._readable():
                self.seen += os.read(self.hand, 4096)
            if self.seen.count(HINT.encode()) > hints and waiting:
                hints += 1
                left = waiting.pop(0)
                while left:
                    left = left[os.write(self.hand, left[:1000]) :]

    def _readable(self) -> bool:
        return bool(select.select([self.hand], [], [], 0.01)[0])


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Make a terminal of the process's own; after each test its mode must be what it was before."""
    made = Desk()
    yield made
    assert made.mode == termios.tcgetattr(made.screen)
    os.close(made.screen)
    os.close(made.hand)


def plain(found: list[ReadResult]) -> list[object]:
    """Return plaintexts and problems."""
    return [
        each.reveal()
        if isinstance(each, SecretValue)
        else (each.problems[0] if isinstance(each, SourceError) else each)
        for each in found
    ]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("{0}\r", "{0}"),
        ("{0}\n", "{0}"),
        ("{0}\r\n", "{0}"),
        ("{0}\x04", "{0}"),
        (" {0} \r", " {0} "),
        ("{0}xy\x7f\x08\r", "{0}"),
        ("{0}é\x7f\r", "{0}"),
        ("\x7f\x7f{0}\r", "{0}"),
        ("wrong\x15{0}\r", "{0}"),
        ("\x1b[200~{0}\x1b[201~\r", "{0}"),
        ("\x1b[200~{0}\n\x1b[201~\r", "{0}"),
        ("ab\x1b[200~{0}x\x7f\x15\x1b[201~\x7f\r", "ab{0}x\x7f"),
        ("\x1b[A{0}\x1a\x1c\r", "\x1b[A{0}\x1a\x1c"),
    ],
)
def test_what_is_taken_of_a_paste(desk: Desk, keys: str, value: str) -> None:
    """A line without its end and what edits it (Backspace, Ctrl-U, a paste's marks); in a paste nothing edits."""
    assert [value.format(PLAIN)] == plain(desk.ask(keys.format(PLAIN).encode()))
    assert f"{BEGIN}Key?\n{HINT}taken\n{END}" == desk.shown()


LONG = Problem("FF299", "it is broken " * 9, why="a terminal wraps it " * 9, fix="do `one two three four` " * 9)


@pytest.mark.parametrize("columns", [80, 200])
def test_no_word_is_broken(desk: Desk, columns: int) -> None:
    """Question, hint and what is wrong have whole words and fit, prose into 100 columns on a wider terminal."""
    fcntl.ioctl(desk.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    question = "The token that claude setup-token printed, as long as a question may be " * 2
    desk.ask(b"x\r", b"x\r", b"\r", asks=(ValueRequest({"prompt": question}, lambda _: LONG),))
    shown = desk.shown().replace(BEGIN, "").replace(END, "")
    tried = f"{HINT}not taken {LONG} "
    assert f"{question}{tried}{tried}{HINT}skipped".split() == shown.split()
    assert max(map(len, shown.splitlines())) <= min(columns, 100)


@pytest.mark.parametrize(
    "keys",
    ["a\rb\r", "a\r\nb\r\n", "a\nb\r", "\x1b[200~a\rb\x1b[201~\r", "\x1b[200~a\r\nb\n\x1b[201~\r", "a\x04b\r"],
)
def test_all_lines_of_a_paste_belong_to_it(desk: Desk, keys: str) -> None:
    """What comes with a line break in it is one value that has one, is refused, and leaves nothing to the next try."""
    assert [PLAIN] == plain(desk.ask(keys.encode(), f"{PLAIN}\r".encode()))
    assert f"{BEGIN}Key?\n{HINT}not taken\n{BROKEN}\n{HINT}taken\n{END}" == desk.shown()


def test_three_tries(desk: Desk) -> None:
    """A third bad paste is the last; its problem is the result."""
    assert [BROKEN] == plain(desk.ask(*[b"a\rb\r"] * 3))
    assert f"{BEGIN}Key?\n" + f"{HINT}not taken\n{BROKEN}\n" * 3 + END == desk.shown()


def test_what_is_no_text(desk: Desk) -> None:
    """Bytes that are not UTF-8 are refused as any source's are, and may be pasted again."""
    assert [PLAIN] == plain(desk.ask(b"\xff\r", f"{PLAIN}\r".encode()))
    assert "not taken\nerror FF223: what was pasted is not UTF-8\n" in desk.shown()


@pytest.mark.parametrize("keys", ["\r", "\n", "\x04", "abc\x15\r", "\x1b[200~\x1b[201~\r"])
def test_enter_alone_leaves_it(desk: Desk, keys: str) -> None:
    """An empty answer is no value and no error: it is not read."""
    assert [LEFT] == desk.ask(keys.encode())
    assert f"{BEGIN}Key?\n{HINT}skipped\n{END}" == desk.shown()


def test_each_question_has_its_own_answer(desk: Desk) -> None:
    """Questions come one after the other, as text from outside; the rest of one paste answers no other."""
    asks = tuple(ValueRequest({"prompt": text}, no_breaks) for text in ("One?", "::error::\x1b[8m\nTwo?", "Three?"))
    found = desk.ask(b"a\rb\r", b"first\r", b"\r", b"third\r", asks=asks)
    assert ["first", LEFT, "third"] == plain(found)
    assert desk.shown() == (
        f"{BEGIN}One?\n{HINT}not taken\n{BROKEN}\n{HINT}taken\n"
        f"\\u003a:error::\\x1b[8m\\nTwo?\n{HINT}skipped\nThree?\n{HINT}taken\n{END}"
    )


def test_the_same_question_for_two_credentials(desk: Desk) -> None:
    """Where two credentials ask in the same words, each question says whose value it wants."""
    asks = tuple(ValueRequest({"prompt": "Key?"}, no_breaks, name) for name in ("dev", "prod"))
    assert ["first", "second"] == plain(desk.ask(b"first\r", b"second\r", asks=asks))
    assert desk.shown() == (f"{BEGIN}Key? (credential dev)\n{HINT}taken\nKey? (credential prod)\n{HINT}taken\n{END}")


def test_a_value_that_is_longer_than_a_terminals_line(desk: Desk) -> None:
    """A terminal cuts a line at 4,096 bytes; ours is not cut."""
    assert ["x" * 60_000] == plain(desk.ask(b"x" * 60_000 + b"\r"))


def test_what_was_typed_before_the_question_is_no_answer(desk: Desk) -> None:
    """Whatever waits in the terminal when the question comes is dropped."""
    os.write(desk.hand, b"ls -l\n")
    assert select.select([desk.screen], [], [], 60)[0]  # it has arrived
    assert [PLAIN] == plain(desk.ask(f"{PLAIN}\r".encode()))


def test_the_end_of_the_run_ends_the_question(desk: Desk) -> None:
    """When the run is to stop, the question ends as by Ctrl-C, and the terminal is as it was."""

    def stop() -> None:
        while HINT.encode() not in desk.seen:
            time.sleep(0.01)
        desk.stop.set()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        desk.ask(PLAIN.encode())
    assert f"{BEGIN}Key?\n{HINT}{END}" == desk.shown()


def test_what_is_dropped_before_it_is_read_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C drops what was typed, also what a look has just found there: the end of the run is seen all the same."""
    look = select.select

    def dropped(*args: Any) -> Any:  # noqa: ANN401 -- as the original
        found = look(*args)
        if found[0] and args[0] == [desk.screen]:
            termios.tcflush(desk.screen, termios.TCIFLUSH)
            desk.stop.set()
        return found

    monkeypatch.setattr(select, "select", dropped)
    with pytest.raises(KeyboardInterrupt):
        desk.ask(b"half a token")
    assert f"{BEGIN}Key?\n{HINT}{END}" == desk.shown()


def test_a_silenced_terminal(desk: Desk) -> None:
    """It echoes nothing, and only Ctrl-C is still a signal: Ctrl-Z and Ctrl-Backslash would leave it silent."""
    with silenced(desk.screen, desk.stop):
        *_, local, _, _, keys = termios.tcgetattr(desk.screen)
    no_key = bytes([os.fpathconf(desk.screen, "PC_VDISABLE")])
    silent = termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN
    assert (0, termios.ISIG) == (local & silent, local & termios.ISIG)
    assert (b"\x03", no_key, no_key) == (keys[termios.VINTR], keys[termios.VSUSP], keys[termios.VQUIT])


def test_a_second_ctrl_c_leaves_no_silent_terminal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes while the terminal is given back is not lost, and neither is the terminal's echo."""
    write, again = os.write, [KeyboardInterrupt("again")]

    def interrupted(descriptor: int, data: bytes) -> int:
        if data == END.encode() and again:
            raise again.pop()
        return write(descriptor, data)

    monkeypatch.setattr("flowforge.sources.terminal.os.write", interrupted)
    with pytest.raises(KeyboardInterrupt, match="again"), silenced(desk.screen, desk.stop):
        raise KeyboardInterrupt
    assert desk.mode == termios.tcgetattr(desk.screen)


@pytest.mark.parametrize("told", ["by the end of what it gives", "by an error"])
def test_a_terminal_that_goes_away(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """A lost terminal, of which systems tell in two ways, answers no question, and restoring it is no error."""
    hand, screen = pty.openpty()

    def lost(*_: object) -> bytes:
        raise OSError

    read = os.read  # before it is taken away
    if told == "by an error":
        monkeypatch.setattr("flowforge.sources.terminal.os.read", lost)

    def leave() -> None:
        seen = b""
        while HINT.encode() not in seen:
            seen += read(hand, 4096)
        os.close(hand)

    threading.Thread(target=leave, daemon=True).start()
    asks = [ValueRequest({"prompt": "Key?"}), ValueRequest({"prompt": "Another?"})]
    assert [LEFT] * 2 == read_all(asks, Context({}, Path(), interactive=True, hidden=partial(silenced, screen)))
    os.close(screen)


def test_where_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from a person nothing is opened; without a terminal, or with that of another job, nobody is asked either."""
    asks = [ValueRequest({"prompt": "Key?"}), ValueRequest({"prompt": "Another?"})]
    nobody = [NOBODY] * 2
    opened: list[object] = []

    def refuse(path: object, *_: object) -> int:
        opened.append(path)
        raise OSError

    monkeypatch.setattr("flowforge.sources.terminal.os.open", refuse)
    assert (nobody, []) == (read_all(asks, Context({}, Path())), opened)
    assert (nobody, ["/dev/tty"]) == (read_all(asks, Context({}, Path(), interactive=True)), opened)

"""Progress on stderr: a bar, or lines, with how far it is, how fast, how long it still takes, and what it waits for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest

from flowforge.render import progress
from flowforge.render.progress import StepProgress
from flowforge.waiting import Waiting


class Told:
    """A source of waits, and a clock, that say what a test sets."""

    def __init__(self, waiting: Waiting, whose: str = "", scale: float = 1.0) -> None:
        """Join."""
        self.time, self.wait = 100.0, 0.0
        self.limits: float | None = None
        self.whose, self.scale = whose, scale
        waiting.go_by(self)
        waiting.join(self)

    def now(self) -> float:
        """Return the time."""
        return self.time

    def awaited(self) -> float:
        """Return the wait."""
        return self.wait

    def left(self) -> float | None:
        """Return what limits make the rest take."""
        return self.limits


@pytest.fixture
def waiting() -> Waiting:
    """Return the waits of a run."""
    return Waiting()


def test_a_short_step_says_nothing_in_a_log(waiting: Waiting, capsys: pytest.CaptureFixture[str]) -> None:
    """What is over within ten seconds leaves no line."""
    told: list[str] = []
    clock = Told(waiting)
    with progress.lines(told.append, waiting, "Reading", 3) as advance:
        for _ in range(3):
            clock.time += 3.3
            advance()
    assert (told, capsys.readouterr()) == ([], ("", ""))


def test_a_line_every_ten_seconds(waiting: Waiting, capsys: pytest.CaptureFixture[str]) -> None:
    """While work is done, and while nothing is: a wait looks every ten seconds; whoever waits is named."""
    told: list[str] = []
    clock = Told(waiting, "acme")
    with progress.lines(told.append, waiting, "Writing", 1200) as advance:
        for _ in range(30):
            clock.time += 0.5
            advance()
        clock.wait, clock.limits = 30.0, 3700.0
        for _ in range(3):
            assert 10.0 == waiting.tick()
            clock.time, clock.wait, clock.limits = clock.time + 10, clock.wait - 10, clock.limits - 10
    assert [
        "Writing: 20/1,200  20/min  10 min left",
        "Writing: 30/1,200  30/min  1 h 2 min left  acme waits 20 s",
        "Writing: 30/1,200  30/min  1 h 1 min left  acme waits 10 s",
    ] == told
    assert ("", "") == capsys.readouterr()
    assert float("inf") == waiting.tick()


def test_the_ten_seconds_are_real(waiting: Waiting) -> None:
    """On a clock of which sixty seconds pass in one, a line is due after six hundred of it."""
    told: list[str] = []
    clock = Told(waiting, scale=60.0)
    with progress.lines(told.append, waiting, "Writing", 9) as advance:
        for seconds in (599.0, 1.0):
            clock.time += seconds
            advance()
    assert ["Writing: 2/9  2/min  4 min left"] == told


@pytest.mark.parametrize(
    ("done", "elapsed", "told", "expected"),
    [
        # Nothing is worth telling yet, or any more.
        (0, 0.0, (0.0, None), "0/1,000"),
        (999, 9.0, (0.0, None), "999/1,000"),
        (999, 20.0, (0.0, None), "999/1,000  999/min"),
        # Without a limit it goes on as it did.
        (100, 20.0, (0.0, None), "100/1,000  100/min  3 min left"),
        # Where one binds, a minute's work went at once, and the next minute does as much.
        (100, 20.0, (40.0, None), "100/1,000  100/min  9 min left  waiting 40 s"),
        # What the limits say is better.
        (100, 20.0, (40.0, 3960.0), "100/1,000  100/min  1 h 6 min left  waiting 40 s"),
        (100, 20.0, (3200.0, 60.0), "100/1,000  100/min  53 min left  waiting 53 min"),
        # A rate is of the last minute, and of nothing there is none.
        (100, 61.0, (0.0, None), "100/1,000"),
        (0, 30.0, (30.0, None), "0/1,000  waiting 30 s"),
        # Less than a second is no wait.
        (0, 30.0, (0.9, None), "0/1,000"),
    ],
)
def test_what_is_said(
    waiting: Waiting, done: int, elapsed: float, told: tuple[float, float | None], expected: str
) -> None:
    """How far, the rate of the last minute, the time left from ten seconds on, and the wait.

    told: the wait, and what the limits make the rest take.
    """
    clock = Told(waiting)
    standing = StepProgress(waiting, 1000)
    for _ in range(done):
        standing.advance()
    clock.time, (clock.wait, clock.limits) = clock.time + elapsed, told
    assert expected == standing.text()


def test_the_longest_wait_is_said(waiting: Waiting) -> None:
    """Of several owners, with a long name cut."""
    for whose, wait in (("acme", 5.0), ("a-long-name-of-thirty-nine-characters", 50.0), ("beta", 7.0)):
        Told(waiting, whose).wait = wait
    assert "0/5  a-long-name… waits 50 s" == StepProgress(waiting, 5).text()


def test_limits_are_asked_for_once_a_second(waiting: Waiting) -> None:
    """A bar is drawn ten times a second, and to ask reads files."""
    clock = Told(waiting)
    standing = StepProgress(waiting, 1000)
    clock.limits = 600.0
    first = standing.text()
    clock.time, clock.limits = clock.time + 0.9, 500.0
    second = standing.text()
    clock.time += 0.1
    assert ["0/1,000  10 min left"] * 2 + ["0/1,000  8 min left"] == [first, second, standing.text()]


def _above(lines: list[str]) -> progress.Above:
    """Note what begins to stand, and stops to."""

    def above(_: Callable[[str], None]) -> AbstractContextManager[None]:
        lines.append("a bar")
        return nullcontext()

    return above


def test_no_bar_where_nothing_is_waited_for(waiting: Waiting, capsys: pytest.CaptureFixture[str]) -> None:
    """What is over in half a second draws none; a wait draws it at once, and so does what takes longer."""
    shown: list[str] = []
    clock = Told(waiting)
    with progress.bar(_above(shown), waiting, "Writing", 2) as advance:
        clock.time += 0.4
        advance()
        waiting.tick()
        assert [] == shown
        clock.wait = 9.0
        waiting.tick()
        assert ["a bar"] == shown
        advance()
    with progress.bar(_above(shown), waiting, "Writing", 2) as advance:
        clock.time, clock.wait = clock.time + 0.5, 0.0
        advance()
    assert (["a bar"] * 2, "") == (shown, capsys.readouterr().out)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (69, "1,234/10,000  1,234/min  19 h 43 min left  a-long-name… waits 59 min"),
        (58, "1,234/10,000  19 h 43 min left  a-long-name… waits 59 min"),
        (56, "1,234/10,000  a-long-name… waits 59 min"),
        (12, "1,234/10,000"),
        (1, "1,234/10,000"),
    ],
)
def test_a_narrow_terminal_gets_less(waiting: Waiting, columns: int, expected: str) -> None:
    """The rate goes first, then the time that is left; how far it is stays. Beside a bar 80 columns leave 58."""
    clock = Told(waiting, "a-long-name-of-thirty-nine-characters")
    standing = StepProgress(waiting, 10_000)
    for _ in range(1234):
        standing.advance()
    clock.time, clock.wait, clock.limits = clock.time + 20, 3540.0, 71_000.0
    assert expected == standing.text(columns)


def test_nothing_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """-q shows no progress at all."""
    with progress.nothing("Writing", 2) as advance:
        advance()
    assert capsys.readouterr() == ("", "")

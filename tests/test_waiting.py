"""The board of waits: what is waited for, whose it is, and who looks."""

from flowforge.waiting import Waiting


class Source:
    """A source that says what a test sets."""

    def __init__(self, whose: str, awaited: float, left: float | None) -> None:
        """Take them."""
        self.whose, self._awaited, self._left = whose, awaited, left

    def awaited(self) -> float:
        """Return the wait."""
        return self._awaited

    def left(self) -> float | None:
        """Return what is left."""
        return self._left


class Clock:
    """A clock of which sixty seconds pass in one."""

    scale = 60.0

    def now(self) -> float:
        """Return the time."""
        return 7.0


def test_nobody_waits() -> None:
    """Before anybody has joined there is nothing to tell, and time passes as it does."""
    waiting = Waiting()
    assert (0.0, "") == waiting.longest()
    assert (None, 10.0, True) == (waiting.left(), waiting.step, waiting.now() <= waiting.now())


def test_the_longest_counts() -> None:
    """Of several owners; what is left is known where one of them knows it."""
    waiting = Waiting()
    for source in (Source("acme", 3.0, None), Source("beta", 9.0, 60.0), Source("gamma", 1.0, 90.0)):
        waiting.join(source)
    assert ((9.0, "beta"), 90.0) == (waiting.longest(), waiting.left())


def test_by_the_clock_of_the_run() -> None:
    """Its seconds count, of which ten real ones are more."""
    waiting = Waiting()
    waiting.go_by(Clock())
    assert (7.0, 600.0) == (waiting.now(), waiting.step)


def test_who_looks_is_told() -> None:
    """As long as they look, and until they raise: what shows a wait must not end it."""
    waiting, seen = Waiting(), list[str]()

    def broken() -> None:
        seen.append("broken")
        raise ValueError("x")

    assert float("inf") == waiting.tick()
    with waiting.heard_by(broken), waiting.heard_by(lambda: seen.append("good")):
        assert [10.0, 10.0] == [waiting.tick(), waiting.tick()]
    assert (["broken", "good", "good"], float("inf")) == (seen, waiting.tick())

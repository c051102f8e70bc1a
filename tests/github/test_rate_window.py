"""How much may be sent now, number by number: what a window holds, publishes and waits for, and the hourly budget."""

import threading
from collections.abc import Iterable

import pytest

from flowforge.github.answer import Answer
from flowforge.github.clock import Clock
from flowforge.github.rate_ledger import Points, Spent
from flowforge.github.rate_window import Primary, Window, seconds_until

_NOW = 1000.0  # of `clock`, which stands still until it is told to wait
_WALL = 1_001_000.0


class Noted(Spent):
    """Spent without a file, that notes what it is told. others: what other processes hold, by the common clock."""

    def __init__(self, *others: Points) -> None:
        super().__init__(None)
        self.others = others
        self.told: list[tuple[list[Points], int, int, float]] = []

    def take(self, mine: Iterable[Points], want: int, budget: int, now: float) -> int:
        """Note it, and give what is left beside the others."""
        held = list(mine)
        self.told.append((held, want, budget, now))
        self.others = tuple(each for each in self.others if each[0] > now)
        return max(0, min(want, budget - sum(points for _, points in (*held, *self.others))))


def pass_by(clock: Clock, seconds: float) -> None:
    """Let time pass."""
    clock.wait(seconds, threading.Event())


def test_points_are_taken_in_portions(clock: Clock) -> None:
    """A thirtieth of the budget at once, or what one request needs beyond what is left; asked for only when short."""
    spent = Noted()
    window = Window(clock, 90, spent)
    asked = [(window.delay(points), len(spent.told)) for points in (1, 1, 1, 1, 5, 2)]
    assert [(0.0, 1), (0.0, 1), (0.0, 1), (0.0, 2), (0.0, 3), (0.0, 4)] == asked
    flying = _WALL + 62
    assert [
        ([], 3, 90, _WALL),
        ([(flying, 3)], 3, 90, _WALL),
        ([(flying, 6)], 3, 90, _WALL),
        ([(flying, 9)], 3, 90, _WALL),
    ] == spent.told
    assert 6 == window.in_flight


def test_a_request_takes_what_it_lacks(clock: Clock) -> None:
    """One that needs more than a portion takes the rest of it, and gives nothing back."""
    spent = Noted()
    window = Window(clock, 60, spent)
    assert [0.0, 0.0, 0.0] == [window.delay(points) for points in (1, 5, 3)]
    flying = _WALL + 62
    assert [([], 2, 60, _WALL), ([(flying, 2)], 4, 60, _WALL), ([(flying, 6)], 3, 60, _WALL)] == spent.told


def test_points_count_for_a_minute_after_the_end(clock: Clock) -> None:
    """Rounded up to quarters of a second; ends of one quarter are one; told of at most once a second."""
    spent = Noted()
    window = Window(clock, 30, spent)
    for points in (3, 4, 5, 6):
        window.delay(points)
    spent.told.clear()
    for seconds, points in ((0.1, 3), (0.2, 4), (0.1, 5)):
        pass_by(clock, seconds)
        window.end(points)
    assert (1, []) == (window.in_flight, spent.told)
    pass_by(clock, 0.6)
    window.end(6)
    ended = [(_WALL + 60.25, 3), (_WALL + 60.5, 9), (_WALL + 61, 6)]
    assert [(ended, 0, 30, _WALL + 1)] == spent.told
    pass_by(clock, 59.25)
    window.delay(1)
    assert (ended[1:], 1, 30, _WALL + 60.25) == spent.told[-1]


def test_what_was_taken_long_ago_is_taken_again(clock: Clock) -> None:
    """The others count a portion for a minute: one that was not spent until then may be theirs by now."""
    spent = Noted()
    window = Window(clock, 900, spent)
    window.delay(5)
    window.end(5)
    pass_by(clock, 61)
    spent.others = ((_WALL + 100, 899),)
    spent.told.clear()
    assert window.delay(5) > 0
    assert [([], 30, 900, _WALL + 61)] == spent.told
    assert 0.0 == window.delay(1)


def test_closing_tells_what_there_is_to_tell(clock: Clock) -> None:
    """The file is left alone by a window that has nothing in it, and told where it may still have something."""
    spent = Noted()
    Window(clock, 900, spent).close()
    looking = Window(clock, 900, spent)
    looking.sync()
    looking.close()
    window = Window(clock, 900, spent)
    window.delay(5)
    window.give_back(5)
    window.close()
    window.close()
    assert [([], 0, 900, _WALL), ([], 30, 900, _WALL), ([], 0, 900, _WALL)] == spent.told


def test_what_is_taken_counts_until_it_is_spent(clock: Clock) -> None:
    """A portion is held like a request in flight; closing gives it back, and leaves what was sent."""
    spent = Noted()
    window = Window(clock, 900, spent)
    window.delay(5)
    window.delay(5)
    window.end(5)
    window.close()
    assert [
        ([], 30, 900, _WALL),
        ([(_WALL + 60, 5), (_WALL + 62, 5)], 0, 900, _WALL),
    ] == spent.told


@pytest.mark.parametrize(
    ("budget", "slower", "more"), [(900, 450, True), (121, 60, True), (100, 60, True), (60, 60, False), (20, 20, False)]
)
def test_slowing_down_halves(clock: Clock, budget: int, slower: int, *, more: bool) -> None:
    """The budget is halved, down to 60 a minute; a smaller one stays as it is. What was taken of it is given back."""
    spent = Noted()
    window = Window(clock, budget, spent)
    window.delay(1)
    assert (more, slower) == (window.slow_down(), window.budget)
    window.delay(1)
    assert ([(_WALL + 62, 1)], max(1, slower // 30), slower, _WALL) == spent.told[-1]


def test_a_halved_budget_comes_back(clock: Clock) -> None:
    """After five minutes without a refusal by a quarter of what it was at first, and no further than that."""
    window = Window(clock, 900, Noted())
    assert not window.recover()
    window.slow_down()
    grown = []
    for seconds in (299.75, 0.25, 299.75, 0.25, 300.0):
        pass_by(clock, seconds)
        grown.append((window.recover(), window.budget))
    assert [(False, 450), (True, 675), (False, 675), (True, 900), (False, 900)] == grown


def test_a_refusal_begins_the_five_minutes_anew(clock: Clock) -> None:
    """Also one that could not make it slower."""
    window = Window(clock, 100, Noted(), floor=50)
    window.slow_down()
    pass_by(clock, 200)
    window.slow_down()
    pass_by(clock, 299)
    assert (False, 50) == (window.recover(), window.budget)


def test_telling_the_others_takes_nothing(clock: Clock) -> None:
    """What this process holds is published, and no point is asked for."""
    spent = Noted()
    window = Window(clock, 30, spent)
    window.delay(1)
    window.delay(1)
    window.sync()
    assert ([(_WALL + 62, 2)], 0, 30, _WALL) == spent.told[-1]


def test_what_is_given_back_is_there_again(clock: Clock) -> None:
    """A request that was not sent after all counts for nothing."""
    window = Window(clock, 30, Noted())
    assert 0.0 == window.delay(30)
    window.give_back(30)
    assert (0, 0.0) == (window.in_flight, window.delay(30))


def test_a_span_of_an_hour(clock: Clock) -> None:
    """Ends are rounded up to quarters of a minute, and points count for an hour."""
    spent = Noted()
    spent.span = 3600.0
    window = Window(clock, 30, spent)
    pass_by(clock, 3)
    window.delay(30)
    window.end(30)
    # 1003 + 3600 seconds, rounded up to a multiple of 15.
    assert [4605 - 1003.0, 3600.0] == [window.delay(1), window.estimate(30)]


def test_points_that_are_left_to_others(clock: Clock) -> None:
    """Who must leave two does not get the last two; who need not does."""
    window = Window(clock, 30, Noted())
    window.delay(28)
    window.end(28)
    assert [60.0, 0.0] == [window.delay(1, 2), window.delay(2)]


def test_what_ended_lately(clock: Clock) -> None:
    """Counted for three quarters of the span, of every process; what is in flight is not."""
    window = Window(clock, 90, Noted((_WALL + 50, 7), (_WALL + 10, 9)))
    window.delay(5)
    window.delay(3)
    window.end(5)
    counts = [window.recent()]
    for seconds in (44.75, 0.25):
        pass_by(clock, seconds)
        counts.append(window.recent())
    assert [12, 5, 0] == counts


@pytest.mark.parametrize(
    ("count", "after", "expected"),
    [
        (0, 0.0, 0.0),
        (2, 0.0, 0.0),
        # Three of four are free, one a minute more.
        (3, 0.0, 0.0),
        (4, 0.0, 60.0),
        (7, 0.0, 60.0),
        (8, 0.0, 120.0),
        (9, 0.0, 120.0),
        # Now the hour is full, and its oldest ends at a whole quarter of a minute.
        (10, 0.0, 3605.0),
        (11, 0.0, 3605.0),
        (3, 30.0, 30.0),
        (4, 30.0, 60.0),
        (7, 100.0, 160.0),
    ],
)
def test_the_time_that_several_windows_take(clock: Clock, count: int, after: float, expected: float) -> None:
    """Each point is sent as soon as it is within all of them. One of each has been sent."""
    hour = Noted()
    hour.span = 3600.0
    windows = Window(clock, 4, Noted()), Window(clock, 10, hour)
    for window in windows:
        window.delay(1)
        window.end(1)
    assert expected == seconds_until(count, windows, after)


@pytest.mark.parametrize(
    ("others", "ended", "flying", "asked"),
    [
        # As soon as so many points have ended, in the order of their ends, whoever's they are.
        ((), [(0.0, 30)], 0, (1, 60.0)),
        ((), [(0.0, 20), (10.0, 10)], 0, (1, 50.0)),
        ((), [(0.0, 20), (10.0, 10)], 0, (20, 50.0)),
        ((), [(0.0, 20), (10.0, 10)], 0, (21, 60.0)),
        ((), [(0.0, 20), (10.0, 5)], 0, (6, 50.0)),
        (((40.0, 8),), [(0.0, 22)], 0, (8, 40.0)),
        (((40.0, 8),), [(0.0, 22)], 0, (9, 60.0)),
        (((40.0, 8), (0.25, 2)), [(0.0, 20)], 0, (2, 0.25)),
        (((30.0, 30),), [], 0, (30, 30.0)),
        # What is in flight ends in a minute at the soonest.
        ((), [], 30, (1, 60.0)),
        ((), [(0.0, 10)], 20, (11, 60.0)),
        (((5.0, 10),), [], 20, (11, 60.0)),
        (((5.0, 10),), [], 20, (10, 5.0)),
        # A part that is there is not waited for again.
        (((20.0, 2), (40.0, 25)), [], 0, (5, 20.0)),
        (((20.0, 2), (40.0, 25)), [], 0, (6, 40.0)),
    ],
)
def test_who_does_not_fit_waits(
    clock: Clock,
    others: tuple[Points, ...],
    ended: list[tuple[float, int]],
    flying: int,
    asked: tuple[int, float],
) -> None:
    """Nothing is let through or counted before enough points have ended. asked: points, and the seconds until then."""
    points, expected = asked
    window = Window(clock, 30, Spent(None))
    began = 0.0
    for after, count in ended:
        pass_by(clock, after - began)
        began = after
        window.delay(count)
        window.end(count)
    if flying:
        window.delay(flying)
    spent = Noted(*((clock.wall() + until, count) for until, count in others))
    window._spent = spent  # the others come only now
    in_flight = window.in_flight
    assert (expected, in_flight) == (window.delay(points), window.in_flight)


def test_what_is_slower_waits_for_what_was_faster(clock: Clock) -> None:
    """After the budget was halved, what is held beyond it has to end first."""
    window = Window(clock, 120, Noted())
    for _ in range(3):
        window.delay(40)
        window.end(40)
        pass_by(clock, 10)
    assert window.slow_down()
    assert [40.0, 40.0, 50.0] == [window.delay(points) for points in (20, 20, 21)]


def test_a_wait_is_never_nothing(clock: Clock) -> None:
    """Points that end now, by a clock that others are ahead of, are asked for again in a moment, not at once."""

    class Late(Noted):
        """Holds on to what has ended."""

        def take(self, mine: Iterable[Points], want: int, budget: int, now: float) -> int:
            super().take(mine, want, budget, now)
            self.others = ((now, 30),)
            return 0

    assert 0.001 == Window(clock, 30, Late()).delay(1)


def test_it_fits_again_when_the_wait_is_over(clock: Clock) -> None:
    """After the seconds it gave, and not before, the points are there."""
    window = Window(clock, 30, Noted())
    window.delay(30)
    window.end(30)
    pass_by(clock, 59.75)
    assert 0.25 == window.delay(1)
    pass_by(clock, 0.25)
    assert 0.0 == window.delay(1)


@pytest.mark.parametrize(
    ("others", "points", "expected"),
    [
        ((), 0, 0.0),
        ((), 25, 0.0),
        ((), 26, 60.0),
        ((), 55, 60.0),
        ((), 56, 120.0),
        (((9.0, 20), (0.0, 7)), 5, 0.0),
        (((9.0, 20),), 6, 60.0),
        (((9.0, 60),), 1, 60.0),
        (((9.0, 60),), 0, 0.0),
        (((9.0, 60),), 30, 60.0),
        (((9.0, 60),), 31, 120.0),
    ],
)
def test_the_estimate_counts_whole_minutes(
    clock: Clock, others: tuple[Points, ...], points: int, expected: float
) -> None:
    """What the others and this process hold goes first, but for the portion that is there."""
    spent = Noted()
    window = Window(clock, 30, spent)
    window.delay(4)
    window.delay(1)
    pass_by(clock, 1)
    spent.others = tuple((_WALL + 1 + until, count) for until, count in others)
    assert expected == window.estimate(points)


def test_the_estimate_asks_once_a_second(clock: Clock) -> None:
    """What the others spent is asked of their file where that was not done within the last second."""
    spent = Noted()
    window = Window(clock, 30, spent)
    window.delay(5)
    spent.told.clear()
    pass_by(clock, 0.75)
    assert 0.0 == window.estimate(1)
    assert [] == spent.told
    pass_by(clock, 0.25)
    assert 0.0 == window.estimate(1)
    assert [([(_WALL + 63, 5)], 0, 30, _WALL + 1)] == spent.told
    assert 0.0 == Window(clock, 30, spent).estimate(1)
    assert ([], 0, 30, _WALL + 1) == spent.told[-1]


def test_the_estimate_has_the_portion(clock: Clock) -> None:
    """What was taken and not spent is there to be spent."""
    window = Window(clock, 300, Noted())
    window.delay(1)
    assert [0.0, 60.0] == [window.estimate(points) for points in (299, 300)]


_DATE, _EPOCH = "Mon, 23 Nov 2026 08:00:00 GMT", 1_795_420_800


def told(remaining: int, reset: int = 300) -> Answer:
    """Make an answer that tells the hourly budget; reset: seconds after its date."""
    return Answer(
        200, {"date": _DATE, "x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": str(_EPOCH + reset)}
    )


def without(name: str) -> Answer:
    """Make an answer that would end the budget and lacks one header."""
    full = told(0)
    return Answer(200, {key: text for key, text in full.headers.items() if key != name})


@pytest.mark.parametrize(
    ("answers", "in_flight", "expected"),
    [
        # Nothing is known yet.
        ([], 0, 0.0),
        ([None], 100, 0.0),
        # One more fits beside those in flight.
        ([told(1)], 0, 0.0),
        ([told(2)], 1, 0.0),
        ([told(1)], 1, 0.25),
        ([told(0)], 1, 0.25),
        ([told(0)], 0, 301.0),
        ([told(0, 0)], 1, 0.25),
        ([told(0, -_EPOCH)], 0, 1.0),
        # The lowest number of a period counts, whichever came last, and the latest period.
        ([told(5), told(0), told(4)], 0, 301.0),
        ([told(5), told(1), told(4)], 1, 0.25),
        ([told(0), told(9, 3900)], 0, 0.0),
        ([told(9, 3900), told(0)], 0, 0.0),
        ([told(9), told(0, 3900)], 0, 3901.0),
        # What ended without an answer may have been counted.
        ([told(1), None], 0, 301.0),
        ([told(3), None], 0, 0.0),
        ([told(3), None], 1, 0.0),
        ([told(3), None], 2, 0.25),
        ([None, told(1)], 0, 0.0),
        # An answer that does not say all three says nothing.
        ([without("date")], 0, 0.0),
        ([without("x-ratelimit-remaining")], 0, 0.0),
        ([without("x-ratelimit-reset")], 0, 0.0),
        ([told(0), without("date")], 0, 301.0),
    ],
)
def test_the_hourly_budget(clock: Clock, answers: list[Answer | None], in_flight: int, expected: float) -> None:
    """How long to wait until one more request is within GitHub's hourly budget."""
    primary = Primary(clock)
    for answer in answers:
        primary.learn(answer)
    assert expected == primary.delay(in_flight)


@pytest.mark.parametrize(("passed", "expected"), [(300.0, 1.0), (300.9, 0.1), (301.0, 0.0), (400.0, 0.0)])
def test_the_budget_is_new_a_second_after_its_reset(clock: Clock, passed: float, expected: float) -> None:
    """Until then nothing goes; from then on all does, whatever is in flight, until an answer says more."""
    primary = Primary(clock)
    primary.learn(told(0))
    pass_by(clock, passed)
    assert expected == pytest.approx(primary.delay(0))
    assert min(0.25, expected) == pytest.approx(primary.delay(3))


def test_a_budget_that_is_new_is_learned_anew(clock: Clock) -> None:
    """What is told after the reset counts by itself, though it names the period that was: GitHub's clock may lag."""
    primary = Primary(clock)
    primary.learn(told(0))
    pass_by(clock, 301)
    assert 0.0 == primary.delay(0)
    primary.learn(told(5))
    assert [0.0, 0.25] == [primary.delay(4), primary.delay(5)]

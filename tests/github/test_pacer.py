"""The pacer: within every limit, whatever happens, and everybody waits together."""

import heapq
import itertools
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import GitHubError
from flowforge.github.answer import Answer
from flowforge.github.clock import Clock
from flowforge.github.pacer import MAX_IN_FLIGHT, POINTS_PER_MINUTE, READ_POINTS, WRITE_POINTS, Pacer
from flowforge.github.problems import StoppedError
from flowforge.github.rate_ledger import Spent
from flowforge.waiting import Waiting

pytestmark = pytest.mark.no_coverage

_DATE = "Mon, 23 Nov 2026 08:00:00 GMT"
_EPOCH = 1_795_420_800


def _answer(remaining: int, reset: int) -> Answer:
    """Make an answer that tells the hourly budget; reset: seconds after its date."""
    headers = {"date": _DATE, "x-ratelimit-remaining": str(remaining), "x-ratelimit-reset": str(_EPOCH + reset)}
    return Answer(200, headers)


class _Simulated(Clock):
    """Time as a number that the simulation sets."""

    time = 0.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time + 5_000


@dataclass(frozen=True, slots=True)
class _Planned:
    """A request to come: seconds after the one before, points, seconds to GitHub's counting and to the answer."""

    gap: float
    points: int
    counted: float
    answered: float
    process: int


@dataclass(slots=True)
class _World:
    """Requests through one or two pacers on one simulated clock; `counted` is when GitHub counts how many points."""

    pacers: list[Pacer]
    clock: _Simulated
    ends: list[tuple[float, int, int, int]] = field(default_factory=list)
    counted: list[tuple[float, int]] = field(default_factory=list)
    most_in_flight: int = 0
    number: Iterator[int] = field(default_factory=itertools.count)

    def run(self, requests: list[_Planned]) -> None:
        for request in requests:
            self.clock.time += request.gap
            self._finish()
            while (delay := self.pacers[request.process]._admit(request.points)) > 0:  # what start() asks in its loop
                self.clock.time = min([self.clock.time + delay, *(end[0] for end in self.ends)])
                self._finish()
            now = self.clock.time
            self.counted.append((now + request.counted * request.answered, request.points))
            heapq.heappush(self.ends, (now + request.answered, next(self.number), request.points, request.process))
            flying = [sum(end[3] == process for end in self.ends) for process in range(len(self.pacers))]
            self.most_in_flight = max(self.most_in_flight, *flying)

    def busiest_minute(self) -> int:
        """Slide over what GitHub counted: the most points within 60 s."""
        recent: deque[tuple[float, int]] = deque()
        most = held = 0
        for at, points in sorted(self.counted):
            recent.append((at, points))
            held += points
            while recent[0][0] <= at - 60:
                held -= recent.popleft()[1]
            most = max(most, held)
        return most

    def _finish(self) -> None:
        now = self.clock.time
        while self.ends and self.ends[0][0] <= now:
            self.clock.time, _, points, process = heapq.heappop(self.ends)
            self.pacers[process].end(points, None)
        self.clock.time = now


_request = st.builds(
    _Planned,
    gap=st.sampled_from([0.0, 0.01, 1.0, 20.0, 59.9]) | st.floats(0, 70),
    points=st.sampled_from([1, 5]),
    counted=st.sampled_from([0.0, 1.0]) | st.floats(0, 1),
    answered=st.sampled_from([0.01, 0.1, 10.0]) | st.floats(0.001, 30),
    process=st.just(0),
)


def _bursts(longest: int) -> st.SearchStrategy[list[_Planned]]:
    """Draw requests in up to ten bursts of like ones."""
    bursts = st.lists(st.tuples(_request, st.integers(1, longest)), min_size=1, max_size=10)
    return bursts.map(lambda drawn: [request for burst, times in drawn for request in [burst] * times])


@given(requests=_bursts(25), budget=st.sampled_from([60, 90, 900]), slots=st.sampled_from([1, 8, 100]))
def test_no_minute_at_github_is_over_the_budget(requests: list[_Planned], budget: int, slots: int) -> None:
    """Whatever the arrivals and latencies, no 60 s at GitHub hold more points than allowed; so with those in flight."""
    clock = _Simulated()
    world = _World([Pacer(clock, threading.Event(), points_per_minute=budget, max_in_flight=slots)], clock)
    world.run(requests)
    assert world.busiest_minute() <= budget
    assert world.most_in_flight <= slots


@pytest.mark.slow
@given(bursts=_bursts(8), turns=st.lists(st.integers(0, 1), min_size=1, max_size=8))
def test_two_processes_keep_to_one_budget(bursts: list[_Planned], turns: list[int]) -> None:
    """Two processes of one token, side by side, are together within what GitHub allows one client."""
    clock = _Simulated()
    turn = itertools.cycle(turns)
    requests = [_Planned(r.gap, r.points, r.counted, r.answered, next(turn)) for r in bursts]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spent.json"
        pacers = [Pacer(clock, threading.Event(), points_per_minute=60, spent=Spent(path)) for _ in range(2)]
        world = _World(pacers, clock)
        world.run(requests)
    assert world.busiest_minute() <= 60


def test_the_limits_are_githubs() -> None:
    """As docs.github.com says under "Rate limits for the REST API": points a minute, of a read, of a write, at once."""
    assert (900, 1, 5, 100) == (POINTS_PER_MINUTE, READ_POINTS, WRITE_POINTS, MAX_IN_FLIGHT)


def test_a_full_minute_makes_the_next_wait(clock: Clock, waits: list[float], said: list[str]) -> None:
    """900 points go at once; the next goes when the first ones are a minute old, and people are told why."""
    pacer = Pacer(clock, threading.Event(), notify=said.append)
    for _ in range(180):
        pacer.start(5)
        pacer.end(5, None)
    pacer.start(1)
    assert ([60.0], ["waiting 60 s to stay within GitHub's rate limit"]) == (waits, said)


def test_the_next_process_knows_what_was_spent(clock: Clock, waits: list[float], tmp_path: Path) -> None:
    """A plan and then an apply in one minute are one client to GitHub; a portion not spent is given back."""
    before = Pacer(clock, threading.Event(), spent=Spent(tmp_path / "spent.json"))
    for _ in range(895):
        before.end(1, None) if before.start(1) else None
    before.close()
    after = Pacer(clock, threading.Event(), spent=Spent(tmp_path / "spent.json"))
    after.start(5)
    assert waits == []
    after.start(5)
    assert [60.0] == waits


def test_the_estimate(clock: Clock) -> None:
    """The time that points take counts what was spent and any pause."""
    pacer = Pacer(clock, threading.Event())
    assert [0.0, 0.0, 60.0, 60.0, 120.0] == [pacer.estimate(points) for points in (0, 900, 901, 1800, 1801)]
    pacer.start(5)
    assert [0.0, 60.0] == [pacer.estimate(points) for points in (895, 896)]
    pacer.refused(30, secondary=False, sent=clock.now())
    assert [31.0, 91.0] == [pacer.estimate(points) for points in (895, 896)]


def test_what_is_to_come(clock: Clock) -> None:
    """The time that it takes is of what is left of it: of each request that was answered no more is to come."""
    pacer = Pacer(clock, threading.Event())
    found = [pacer.left()]
    pacer.expect(905, 0)
    for seconds in (0.0, 0.0, 60.25):
        found.append(pacer.left())
        clock.wait(seconds, threading.Event())
        for _ in range(5):
            pacer.end(1, Answer(200, {})) if pacer.start(1) else None
    assert [None, 60.0, 60.0, 60.0, 0.0] == [*found, pacer.left()]


def test_nothing_is_to_come_any_more(clock: Clock) -> None:
    """Once all was answered it takes no time, though the minute is full."""
    pacer = Pacer(clock, threading.Event())
    pacer.expect(900, 0)
    for _ in range(900):
        pacer.end(1, Answer(200, {})) if pacer.start(1) else None
    assert [0.0, 60.0] == [pacer.left(), pacer.estimate(1)]


@pytest.mark.parametrize(("seconds", "seen"), [(0.5, []), (0.75, []), (1.0, [1.0]), (1.5, [1.5])])
def test_a_wait_of_less_than_a_second_is_not_shown(clock: Clock, seconds: float, seen: list[float]) -> None:
    """Nobody could read what is over at once; a longer one is shown as it begins."""
    waiting, shown = Waiting(), list[float]()
    pacer = Pacer(clock, threading.Event(), waiting=waiting)
    pacer.refused(0, secondary=False, sent=clock.now())
    pacer.start(1)
    pacer.refused(seconds, secondary=False, sent=clock.now())
    clock.wait(1.0, threading.Event())
    with waiting.heard_by(lambda: shown.append(waiting.longest()[0])):
        pacer.start(1)
    assert seen == shown


def test_slots_are_waited_for(clock: Clock, stop: threading.Event) -> None:
    """Beyond the most in flight a request waits for another's end."""
    pacer = Pacer(Clock(), stop, max_in_flight=2)
    pacer.start(1)
    pacer.start(1)
    with ThreadPoolExecutor(1) as pool:
        third = pool.submit(pacer.start, 1)
        assert (False, 0.01) == (third.done(), pacer._admit(1))  # what start() asks again and again
        pacer.end(1, None)
        third.result(timeout=60)
    assert [100, 32] == [Pacer(clock, stop, max_in_flight=500)._slots, Pacer(clock, stop)._slots]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (30.0, [31.0]),
        (None, [60.0]),
    ],
)
def test_a_pause_holds_everybody(
    clock: Clock, waits: list[float], said: list[str], asked: float | None, expected: list[float]
) -> None:
    """After a refusal nobody sends until it is over: what GitHub asks and a second, or a minute."""
    pacer = Pacer(clock, threading.Event(), notify=said.append)
    pacer.refused(asked, secondary=False, sent=pacer.start(1))
    pacer.start(1)
    assert (expected, [f"GitHub asks to wait {expected[0]:.0f} s"]) == (waits, said)


def test_a_pause_is_over_to_the_moment(clock: Clock, waits: list[float]) -> None:
    """Its last half second is waited for too; what goes at its very end is counted as any other."""
    pacer = Pacer(clock, threading.Event())
    pacer.refused(30, secondary=False, sent=clock.now())
    clock.wait(30.5, threading.Event())
    pacer.start(5)
    assert ([30.5, 0.5], [0.0, 60.0]) == (waits, [pacer.estimate(points) for points in (895, 896)])


def test_people_are_told_why_nothing_moves_once_a_minute(clock: Clock, said: list[str]) -> None:
    """Of a wait of five seconds or more, and not during a pause that they were told of."""
    pacer = Pacer(clock, threading.Event(), notify=said.append)
    for seconds, after in ((4.9, 0.0), (5.0, 0.0), (9.0, 59.9), (7.0, 0.1), (6.0, 10.0)):
        clock.wait(after, threading.Event())
        pacer._tell(seconds)  # what start() does before it waits
    assert [f"waiting {seconds} s to stay within GitHub's rate limit" for seconds in (5, 7)] == said
    pacer.refused(99, secondary=False, sent=clock.now())
    clock.wait(99.9, threading.Event())
    pacer._tell(8.0)
    clock.wait(0.1, threading.Event())
    pacer._tell(9.0)
    assert ["GitHub asks to wait 100 s", "waiting 9 s to stay within GitHub's rate limit"] == said[2:]


def test_pauses_without_a_time_double(clock: Clock, waits: list[float]) -> None:
    """Refused again right after a pause: twice as long. Once something succeeded: a minute again."""
    pacer = Pacer(clock, threading.Event())
    for status in (403, 400, 500):
        pacer.refused(None, secondary=False, sent=pacer.start(1))
        pacer.end(1, Answer(status, {}))
    pacer.start(1)
    pacer.end(1, Answer(200, {}))
    pacer.refused(None, secondary=False, sent=pacer.start(1))
    pacer.end(1, Answer(200, {}))  # sent before the pause: it says nothing of what comes after it
    pacer.refused(None, secondary=False, sent=pacer.start(1))
    pacer.start(1)
    assert [60.0, 120.0, 240.0, 60.0, 120.0] == waits


def test_an_error_after_a_pause_is_no_success(clock: Clock, waits: list[float]) -> None:
    """A request that fails, for whatever reason, does not make the next pause a minute again."""
    pacer = Pacer(clock, threading.Event())
    for status in (403, 400):
        sent = pacer.start(1)
        pacer.end(1, Answer(status, {}))
        pacer.refused(None, secondary=False, sent=sent)
    pacer.start(1)
    assert [60.0, 120.0] == waits


def test_requests_refused_together_are_one_refusal(clock: Clock, waits: list[float], said: list[str]) -> None:
    """Workers refused at the same time make one pause, as long as the longest that GitHub asks of them."""
    pacer = Pacer(clock, threading.Event(), notify=said.append)
    sent = [pacer.start(1) for _ in range(3)]
    clock.wait(0.5, threading.Event())
    pacer.refused(None, secondary=True, sent=sent[0])
    pacer.refused(None, secondary=True, sent=sent[1])
    pacer.refused(70, secondary=True, sent=sent[2])
    pacer.start(1)
    assert [0.5, 71.0] == waits
    assert ["GitHub asks to wait 60 s", "slower from now on: at most 450 points a minute"] == said


def test_a_late_refusal_of_the_same_moment_adds_nothing(clock: Clock, waits: list[float], said: list[str]) -> None:
    """Of requests refused together, the answer that comes last and asks for nothing holds nobody longer."""
    pacer = Pacer(clock, threading.Event(), notify=said.append)
    sent = clock.now()
    for passed, asked in ((0.25, 0), (0.5, None)):
        clock.wait(passed, threading.Event())
        pacer.refused(asked, secondary=False, sent=sent)
    pacer.start(1)
    assert ([0.25, 0.5, 0.5], ["GitHub asks to wait 1 s"]) == (waits, said)


def test_it_slows_down_once_a_minute_and_not_below_a_floor(clock: Clock, said: list[str]) -> None:
    """Each secondary refusal halves the points, at most once a minute, down to 60; a primary one does not."""
    pacer = Pacer(clock, threading.Event(), points_per_minute=200, notify=said.append)
    pacer.refused(0, secondary=False, sent=clock.now(), write=True)
    counts = []
    for seconds in (31, 59.5, 0.5, 31, 31):
        clock.wait(seconds, threading.Event())
        pacer.refused(0, secondary=True, sent=clock.now())
        counts.append(sum(text.startswith("slower") for text in said))
    assert [1, 1, 2, 2, 2] == counts
    slower = [text for text in said if text.startswith("slower")]
    assert [f"slower from now on: at most {points} points a minute" for points in (100, 60)] == slower


def test_a_wait_up_to_the_limit_is_waited(clock: Clock, waits: list[float]) -> None:
    """As long as they said is not too long."""
    pacer = Pacer(clock, threading.Event())
    pacer.refused(899.0, secondary=False, sent=clock.now())
    pacer.start(1)
    assert [900.0] == waits


@pytest.mark.parametrize(("asked", "said"), [(900.0, "16 min"), (3599.0, "60 min")])
def test_a_wait_beyond_the_limit_ends_the_run(clock: Clock, asked: float, said: str) -> None:
    """Nobody waits longer than they said they would; the error tells how long GitHub asks for."""
    pacer = Pacer(clock, threading.Event())
    with pytest.raises(GitHubError) as caught:
        pacer.refused(asked, secondary=True, sent=clock.now())
    assert str(caught.value) == (
        f"error FF331: GitHub asks to wait {said}, longer than the 15 min that --max-wait allows\n"
        "  fix: run it again after that time, or allow it with --max-wait"
    )


@pytest.mark.parametrize(
    ("asked", "text"), [(0.0, "1 s"), (0.2, "2 s"), (117.5, "119 s"), (118.0, "119 s"), (119.0, "2 min")]
)
def test_how_a_wait_is_said(clock: Clock, said: list[str], asked: float, text: str) -> None:
    """Rounded up: in seconds below two minutes, then in minutes."""
    pacer = Pacer(clock, threading.Event(), notify=said.append)
    pacer.refused(asked, secondary=False, sent=clock.now())
    assert [f"GitHub asks to wait {text}"] == said


def test_what_is_sent_from_then_on_is_refused_anew(clock: Clock, waits: list[float]) -> None:
    """A request of the very moment of the refusal was not refused together with it: the next pause is longer."""
    pacer = Pacer(clock, threading.Event())
    for _ in range(2):
        pacer.refused(None, secondary=False, sent=clock.now())
    pacer.start(1)
    assert [120.0] == waits


def test_a_short_limit_is_told_in_seconds(clock: Clock) -> None:
    """Below two minutes the sentence speaks of seconds."""
    pacer = Pacer(clock, threading.Event(), max_wait=10)
    with pytest.raises(GitHubError, match="GitHub asks to wait 21 s, longer than the 10 s that --max-wait allows"):
        pacer.refused(20, secondary=True, sent=clock.now())


def test_stopping_ends_every_wait_at_once(stop: threading.Event) -> None:
    """Set from elsewhere, `stop` ends a pause for the worker that waits and for those behind it."""
    pacer = Pacer(Clock(), stop)
    pacer.refused(600, secondary=False, sent=pacer.start(1))
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(pacer.start, 1) for _ in range(3)]
        stop.set()
        failed = [type(each.exception(timeout=60)) for each in waiting]
    assert [StoppedError] * 3 == failed


def test_what_need_not_wait_goes_through_after_stop(clock: Clock, waits: list[float], stop: threading.Event) -> None:
    """A write under way can still be looked at when the run is to stop."""
    stop.set()
    assert clock.now() == Pacer(clock, stop).start(1)
    assert waits == []


def test_the_text_of_stopped(clock: Clock, stop: threading.Event) -> None:
    """A wait that was ended says so."""
    stop.set()
    with pytest.raises(StoppedError) as caught:
        Pacer(clock, stop).sleep(1)
    assert str(caught.value) == "error FF332: stopped while waiting for GitHub"


def test_the_hourly_budget_is_never_run_into(clock: Clock, waits: list[float], stop: threading.Event) -> None:
    """With two requests left and one in flight, one more goes; then everybody waits for the reset and a second."""
    pacer = Pacer(clock, stop)
    pacer.end(1, _answer(2, 300)) if pacer.start(1) else None
    pacer.start(1)
    assert [0.0, 0.25] == [pacer._admit(1), pacer._admit(1)]  # what start() asks: the third must wait for the others
    pacer.end(1, _answer(0, 300))
    pacer.end(1, _answer(1, 300))
    pacer.start(1)
    assert [301.0] == waits


@pytest.mark.parametrize(
    ("answers", "admitted"),
    [
        ([_answer(5, 300), _answer(1, 300), _answer(4, 300)], True),
        ([_answer(5, 300), _answer(0, 300), _answer(4, 300)], False),
        ([_answer(0, 300), _answer(4999, 3900)], True),
        ([_answer(4999, 3900), _answer(0, 300)], True),
        ([_answer(1, 300), None], False),
        ([None, _answer(1, 300)], True),
        ([_answer(0, 300), Answer(200, {"date": _DATE})], False),
        ([Answer(200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"})], True),
    ],
)
def test_answers_overtake_each_other(clock: Clock, answers: list[Answer | None], *, admitted: bool) -> None:
    """The lowest number of a period counts, a later period begins anew, a broken request may have been counted."""
    pacer = Pacer(clock, threading.Event())
    for _ in answers:
        pacer.start(1)
    for answer in answers:
        pacer.end(1, answer)
    assert admitted is (pacer._admit(1) == 0)  # what start() asks in its loop


def test_an_empty_budget_beyond_the_limit_ends_the_run(clock: Clock) -> None:
    """A reset that is further off than we may wait is an error, before GitHub has to refuse."""
    pacer = Pacer(clock, threading.Event())
    pacer.start(1)
    pacer.end(1, _answer(0, 2399))
    with pytest.raises(GitHubError, match="GitHub asks to wait 40 min, longer than the 15 min that --max-wait allows"):
        pacer.start(1)


def test_nothing_is_told_after_a_stop(clock: Clock, stop: threading.Event) -> None:
    """Nobody waits any more: a worker that still meets a limit or a broken line says nothing behind the last line."""
    told: list[str] = []
    pacer = Pacer(clock, stop, notify=told.append)
    pacer.tell("the connection broke")
    stop.set()
    pacer.tell("another connection broke")
    pacer.refused(60, secondary=True, sent=0.0)
    assert ["the connection broke"] == told

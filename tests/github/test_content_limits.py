"""Whether writes count as content: found out with one refusal, kept to by all processes, and forgotten in time."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import GitHubError
from flowforge.github.answer import Answer
from flowforge.github.clock import Clock
from flowforge.github.content_limits import HOUR, WRITES_PER_HOUR, WRITES_PER_MINUTE, ContentLimits
from flowforge.github.pace import Pace
from flowforge.github.pacer import Pacer
from flowforge.github.problems import HeldError, StoppedError, TokenError
from flowforge.github.rate_ledger import Spent
from flowforge.waiting import Waiting

_WORDS = '"You have exceeded a secondary rate limit and have been temporarily blocked from content creation."'
_SAID = "GitHub counts what is written as content: from now on at most 80 writes a minute and 500 an hour"


def _limits(clock: Clock, folder: Path | None = None, pace: Pace = Pace.LIMITS) -> ContentLimits:
    """Return the limits of a process, whose files are in a folder."""
    minute, hour = (folder / name if folder else None for name in ("minute", "hour"))
    return ContentLimits(clock, Spent(minute), Spent(hour, span=HOUR), pace)


def _ask(limits: ContentLimits, *, keeps: bool = False, free: bool = False) -> float:
    return limits.delay(keeps=keeps, free=free)


def _end(limits: ContentLimits, *, limited: bool = False) -> None:
    limits.end(accepted=not limited, limited=limited)


def _write(limits: ContentLimits, count: int = 1, *, limited: bool = False) -> None:
    """Write so often, one after the other."""
    for _ in range(count):
        assert 0 == _ask(limits)
        _end(limits, limited=limited)


def pass_by(clock: Clock, seconds: float) -> None:
    """Let time pass."""
    clock.wait(seconds, threading.Event())


def test_the_limits_are_githubs() -> None:
    """As docs.github.com says under "Rate limits for the REST API"."""
    assert (80, 500) == (WRITES_PER_MINUTE, WRITES_PER_HOUR)


def test_the_first_beyond_a_limit_goes_alone(clock: Clock) -> None:
    """Up to the limit eight at once; then nobody goes beside the scout, and none while others are in flight."""
    limits = _limits(clock)
    _write(limits, 72)
    assert [0.0] * 8 + [0.01] == [_ask(limits) for _ in range(9)]
    _end(limits)
    waits = [_ask(limits)]
    for _ in range(7):
        _end(limits)
    waits += [_ask(limits), _ask(limits)]
    assert [0.01, 0.0, 0.01] == waits


def test_who_waits_to_be_the_first_beyond_a_limit_takes_nothing(clock: Clock) -> None:
    """However often it asks while others are in flight, the hour counts those that were sent."""
    limits = _limits(clock)
    _write(limits, 79)
    assert [0.0] + [0.01] * 500 == [_ask(limits) for _ in range(501)]
    _end(limits)
    limits.refused(sure=True)
    assert [0.0, 60.0] == [limits.estimate(writes) for writes in (0, 1)]


def test_a_limit_that_is_none(clock: Clock) -> None:
    """Once one was accepted beyond it, as many go at once as want to, up to the limit of the hour."""
    limits = _limits(clock)
    _write(limits, 80)
    _write(limits)
    assert [0.0] * 8 + [0.01] == [_ask(limits) for _ in range(9)]  # the hour is not passed yet
    for _ in range(8):
        _end(limits)
    _write(limits, 500 - 89)
    _write(limits)
    assert [0.0] * 100 == [_ask(limits) for _ in range(100)]
    assert (False, 0.0) == (limits.in_force, limits.estimate(10_000))


def test_what_is_long_ago_proves_nothing(clock: Clock) -> None:
    """GitHub may have forgotten what we still count, so one accepted after most of a minute passes no limit."""
    limits = _limits(clock)
    _write(limits, 80)
    pass_by(clock, 50)
    _write(limits)
    assert [0.0, 0.01] == [_ask(limits), _ask(limits)]


def test_a_refusal_of_the_scout(clock: Clock) -> None:
    """From then on the limits are kept, by sliding windows; what was refused is not among what was written."""
    limits = _limits(clock)
    _write(limits, 80)
    _write(limits, limited=True)
    assert 0.01 == _ask(limits)  # nobody goes before it is known what the refusal means
    assert _SAID == limits.refused(sure=True)
    waits = [_ask(limits)]
    pass_by(clock, 60)
    waits += [_ask(limits), _ask(limits)]
    _end(limits)
    waits += [_ask(limits) for _ in range(5)]
    # Alone until one is accepted, and four at once from then on.
    assert [60.0, 0.0, 0.01, 0.0, 0.0, 0.0, 0.0, 0.01] == waits


def test_an_hour(clock: Clock) -> None:
    """In force, 500 go in an hour: the next one waits for the first to be an hour old, and takes nothing meanwhile."""
    limits = _limits(clock, pace=Pace.GENTLE)
    for _ in range(6):
        _write(limits, 80)
        pass_by(clock, 60)
    _write(limits, 20)
    assert [3240.0 + 5, 3240.0 + 5] == [_ask(limits), _ask(limits)]
    pass_by(clock, 3245)
    _write(limits, 80)
    assert 60.0 == _ask(limits)


def test_it_goes_slower_and_faster_again(clock: Clock) -> None:
    """Refused within the limits, half as many a minute, not below ten; after a while without a refusal more again."""
    limits = _limits(clock, pace=Pace.GENTLE)
    said = [limits.refused(sure=True) for _ in range(5)]
    slower = [f"slower from now on: at most {writes} writes a minute" for writes in (40, 20, 10)]
    assert [*slower, "", ""] == said
    _write(limits, 10)
    first = _ask(limits)
    pass_by(clock, 300)
    limits.recover()
    _write(limits, 30)
    assert (60.0, 60.0) == (first, _ask(limits))


def test_what_keeps_the_state_goes_first(clock: Clock) -> None:
    """Four writes of a minute are left to it."""
    limits = _limits(clock, pace=Pace.GENTLE)
    limits.spare = 4
    _write(limits, 76)
    assert 60.0 == _ask(limits)
    for _ in range(4):
        assert 0.0 == _ask(limits, keeps=True)
        _end(limits)
    assert 60.0 == _ask(limits, keeps=True)


def test_what_keeps_the_state_takes_nothing_for_others(clock: Clock) -> None:
    """A write of the state takes one of those that are left to it; the next ordinary write gets none of them."""
    limits = _limits(clock, pace=Pace.GENTLE)
    limits.spare = 4
    _write(limits, 76)
    assert 0.0 == _ask(limits, keeps=True)
    _end(limits)
    assert 60.0 == _ask(limits)
    assert [0.0] * 3 == [_ask(limits, keeps=True) for _ in range(3)]


def test_the_next_process_keeps_to_them(clock: Clock, tmp_path: Path) -> None:
    """What was written, and that it counts as content, is known to the process after this one, for a day."""
    before = _limits(clock, tmp_path)
    _write(before, 80)
    _write(before, limited=True)
    before.refused(sure=True)
    before.close()
    after = _limits(clock, tmp_path)
    assert (True, 60.0) == (after.in_force, _ask(after))
    pass_by(clock, 86_399)
    assert _limits(clock, tmp_path).in_force
    pass_by(clock, 1)
    assert not _limits(clock, tmp_path).in_force


def test_what_github_does_not_say_is_doubted_after_an_hour(clock: Clock, tmp_path: Path) -> None:
    """A refusal in general words may have had another reason, so it is found out anew; a sure one holds on."""
    limits = _limits(clock, tmp_path)
    limits.refused(sure=False)
    seen = [limits.in_force]
    pass_by(clock, 3600)
    seen.append(limits.in_force)
    limits.refused(sure=True)
    limits.refused(sure=False)
    pass_by(clock, 3600)
    assert [True, False, True] == [*seen, limits.in_force]


def test_two_processes_at_once(clock: Clock, tmp_path: Path) -> None:
    """Together they write 80, then each sends one scout at most; what one has found out the other keeps to."""
    both = [_limits(clock, tmp_path) for _ in range(2)]
    for _ in range(40):
        for limits in both:
            _write(limits)
    assert [0.0, 0.01] == [_ask(both[0]), _ask(both[0])]
    _end(both[0], limited=True)
    both[0].refused(sure=True)
    assert (0.01, True) == (_ask(both[1]), both[1].in_force)
    assert [60.0, 60.0] == [_ask(limits) for limits in both]


def test_two_scouts_at_once(clock: Clock, tmp_path: Path) -> None:
    """The one that is refused last finds out nothing new, and is no reason to go slower than the limits."""
    both = [_limits(clock, tmp_path) for _ in range(2)]
    for limits in both:
        _write(limits, 40)
    assert [0.0, 0.0] == [_ask(limits) for limits in both]
    for limits in both:
        _end(limits, limited=True)
    assert [_SAID, _SAID] == [limits.refused(sure=True) for limits in both]
    pass_by(clock, 60)
    _write(both[1], 80)
    assert 60.0 == _ask(both[1])


def test_a_refusal_that_nobody_tells_of(clock: Clock) -> None:
    """It is waited for no longer than five seconds."""
    limits = _limits(clock)
    _write(limits, limited=True)
    waits = [_ask(limits)]
    pass_by(clock, 5)
    assert [0.01, 0.0] == [*waits, _ask(limits)]


def test_a_pace_that_is_free(clock: Clock) -> None:
    """No limit is found out, and all go at once; a refusal puts the limits in force all the same."""
    limits = _limits(clock, pace=Pace.FREE)
    assert [0.0] * 900 == [_ask(limits) for _ in range(900)]
    for _ in range(900):
        _end(limits)
    limits.refused(sure=False)
    assert 60.0 == _ask(limits)


def test_a_server_without_limits(clock: Clock) -> None:
    """A GitHub Enterprise Server that names none is not asked for them."""
    limits = _limits(clock)
    assert [0.0] * 900 == [_ask(limits, free=True) for _ in range(900)]


def test_a_write_that_is_not_sent_counts_for_nothing(clock: Clock) -> None:
    """A scout that was stopped before it was sent is not waited for."""
    limits = _limits(clock)
    _write(limits, 80)
    assert 0.0 == _ask(limits)
    limits.give_back()
    assert 0.0 == _ask(limits)


@given(
    steps=st.lists(st.tuples(st.sampled_from([0.0, 0.5, 3.0, 61.0, 700.0]), st.integers(1, 60)), max_size=40),
    latency=st.sampled_from([0.0, 0.2, 5.0]),
)
def test_no_window_at_github_is_over_the_limits(steps: list[tuple[float, int]], latency: float) -> None:
    """In force, whatever the arrivals, no minute has more than 80 writes and no hour more than 500."""

    class Simulated(Clock):
        time = 0.0

        def now(self) -> float:
            return self.time

        def wall(self) -> float:
            return self.time + 5_000

    clock = Simulated()
    limits, sent = _limits(clock, pace=Pace.GENTLE), list[float]()
    for gap, count in steps:
        clock.time += gap
        for _ in range(count):
            while wait := _ask(limits):
                clock.time += wait
            sent.append(clock.time)
            clock.time += latency
            _end(limits)
    for span, most in ((60, 80), (3600, 500)):
        assert all(later - first >= span for first, later in zip(sent, sent[most:], strict=False))


# Through the pacer


def _pacer(clock: Clock, said: list[str], *, max_wait: float = 900.0, pace: Pace = Pace.LIMITS) -> Pacer:
    return Pacer(clock, threading.Event(), notify=said.append, max_wait=max_wait, content=_limits(clock, pace=pace))


def _put(pacer: Pacer, status: int = 204) -> float:
    """Write once, and return when it was sent."""
    sent = pacer.start(5)
    pacer.end(5, Answer(status, {}, {"message": "secondary rate limit"}))
    return sent


def test_a_refused_write_says_what_the_rest_takes(clock: Clock, said: list[str]) -> None:
    """At 80 a minute and 500 an hour; said once, and reads may go meanwhile where GitHub speaks of content alone."""
    pacer = _pacer(clock, said)
    pacer.expect(8 * 1080, 1080)
    for _ in range(80):
        _put(pacer)
    pacer.refused(30, secondary=True, sent=_put(pacer, 403), write=True, words=_WORDS)
    assert ["GitHub asks to wait 31 s", f"{_SAID}; what is left takes about 121 min"] == said
    assert (clock.now(), 31.0) == (pacer.start(1), pacer._admit_write(keeps=False))


def test_in_other_words_it_holds_all(clock: Clock, said: list[str]) -> None:
    """Where GitHub does not say that it is content, nothing at all is sent; what is left is not told where it fits."""
    pacer = _pacer(clock, said)
    pacer.expect(5, 1)
    pacer.refused(30, secondary=True, sent=_put(pacer, 403), write=True)
    assert (["GitHub asks to wait 31 s", _SAID], 31.0) == (said, pacer._admit(1))


def test_a_write_that_must_wait_too_long(clock: Clock, said: list[str]) -> None:
    """It is not sent, and says when it may be; what is read is read on."""
    pacer = _pacer(clock, said, max_wait=300, pace=Pace.GENTLE)
    for _ in range(500):
        _put(pacer)
    with pytest.raises(HeldError) as caught:
        pacer.start(5)
    assert str(caught.value) == (
        "error FF331: the next write may be sent in 55 min, longer than the 5 min that --max-wait allows\n"
        "  why: --pace gentle keeps to 500 writes an hour\n"
        "  fix: run it again after that time, or allow it with --max-wait"
    )
    assert clock.now() == pacer.start(1)


@pytest.mark.parametrize(("words", "kind"), [(_WORDS, HeldError), ("", TokenError)])
def test_a_refusal_that_must_be_waited_out_too_long(clock: Clock, said: list[str], words: str, kind: type) -> None:
    """Where content alone is refused, what was written can still be read: it ends the writes, and not the run."""
    pacer = _pacer(clock, said)
    with pytest.raises(TokenError) as caught:
        pacer.refused(3600, secondary=True, sent=_put(pacer, 403), write=True, words=words)
    assert (kind, "FF331") == (type(caught.value), caught.value.problems[0].code)


def test_a_limit_that_never_ends(clock: Clock, said: list[str]) -> None:
    """After six pauses without a success the run ends: to go on "may result in the banning of your integration"."""
    pacer = _pacer(clock, said)
    for _ in range(5):
        pacer.refused(1, secondary=True, sent=_put(pacer, 429), write=True)
    pacer.end(1, Answer(200, {})) if pacer.start(1) else None  # that something was read is no success of a write
    with pytest.raises(GitHubError) as caught:
        pacer.refused(1, secondary=True, sent=_put(pacer, 429), write=True, words='"No."')
    assert str(caught.value) == (
        'error FF333: refused by a rate limit 6 times in a row: "No."\n'
        "  fix: run it again in an hour, with --pace gentle"
    )


def test_after_a_refusal_the_next_request_goes_alone(clock: Clock, said: list[str]) -> None:
    """Beside those that were in flight when it came; once one has succeeded, all go again."""
    pacer = _pacer(clock, said)
    for _ in range(3):
        pacer.start(1)
    pacer.end(1, Answer(429, {}))
    pacer.refused(5, secondary=True, sent=clock.now())
    pacer.start(1)
    waits = [pacer._admit(1)]
    pacer.end(1, Answer(200, {}))
    assert [0.01, 0.0, 0.0] == [*waits, pacer._admit(1), pacer._admit(1)]


def test_what_is_waited_for_is_seen(clock: Clock) -> None:
    """The wait, whose it is, and what is left, look by look; without anybody who looks it is one wait."""
    waiting, seen = Waiting(), list[tuple[float, str]]()
    pacer = Pacer(clock, threading.Event(), waiting=waiting, whose="acme", content=_limits(clock, pace=Pace.GENTLE))
    pacer.expect(13 * 5, 13)
    for _ in range(80):
        _put(pacer)
    with waiting.heard_by(lambda: seen.append(waiting.longest())):
        _put(pacer)
    assert [(60.0 - past, "acme") for past in range(0, 60, 10)] == seen
    assert ((0.0, "acme"), 0.0) == (waiting.longest(), waiting.left())


@pytest.mark.parametrize(
    ("before", "expected"), [(119.75, []), (120.0, ["waiting 2 min"]), (119.999, []), (120.25, ["waiting 3 min"])]
)
def test_of_two_minutes_people_are_told(clock: Clock, said: list[str], before: float, expected: list[str]) -> None:
    """A write that waits for two minutes or more says so; a shorter wait is nothing new at such a pace."""
    pacer = _pacer(clock, said, max_wait=4000, pace=Pace.GENTLE)
    for _ in range(500):
        _put(pacer)
    pass_by(clock, pacer._admit_write(keeps=False) - before)
    said.clear()
    pacer._admit_write(keeps=False)  # what start() asks in its loop
    assert [f"{text} to stay within GitHub's rate limit" for text in expected] == said


def test_a_stopped_write_is_none(clock: Clock, said: list[str]) -> None:
    """One that fits into the limits of content, and is stopped while it waits for the minute of all requests."""
    pacer = _pacer(clock, said, pace=Pace.GENTLE)
    for _ in range(79):
        _put(pacer)
    for _ in range(900 - 79 * 5):
        pacer.end(1, Answer(200, {})) if pacer.start(1) else None
    pacer._stop.set()
    with pytest.raises(StoppedError):
        pacer.start(5)
    assert 0.0 == pacer._admit_write(keeps=False), "its place among the writes was not given back"


def test_a_pause_of_writes_alone_is_none_of_reads(clock: Clock, said: list[str]) -> None:
    """The time that requests take counts it where a write is among them, and as long as it is."""
    pacer = _pacer(clock, said)
    pacer.refused(30, secondary=True, sent=_put(pacer, 403), write=True, words=_WORDS)
    found = [pacer.estimate(5), pacer.estimate(5, 0), pacer.estimate(5, 1)]
    pass_by(clock, 30)
    assert [0.0, 0.0, 31.0, 0.0, 1.0] == [*found, pacer.estimate(5), pacer.estimate(5, 1)]


@pytest.mark.parametrize(
    ("writes", "left", "further"),
    [(80, [0.0, 0.0, 0.0], 60.0), (120, [60.0, 60.0, 60.0, 0.0], 0.0)],
    ids=["as many as a minute takes", "more"],
)
def test_what_is_left_of_what_was_expected(
    clock: Clock, said: list[str], writes: int, left: list[float], further: float
) -> None:
    """While more is to come than the minute has room for, a minute; once all is written nothing, though it is full."""
    pacer = _pacer(clock, said, pace=Pace.GENTLE)
    pacer.expect(writes * 5, writes)
    found = [pacer.left()]
    for _ in range(writes // 40):
        for _ in range(40):
            _put(pacer)
        found.append(pacer.left())
    assert (left, further) == (found, pacer.estimate(5, 1))


def test_the_next_process_is_left_what_was_not_written(clock: Clock, tmp_path: Path) -> None:
    """At its end a process gives back what it had taken for writes to come."""
    first = _limits(clock, tmp_path, Pace.GENTLE)
    _write(first, 79)
    first.close()
    second = _limits(clock, tmp_path, Pace.GENTLE)
    assert [0.0, 60.0] == [_ask(second) for _ in range(2)]


@pytest.mark.parametrize(("said_so", "expected"), [({"keeps": True}, []), ({"keeps": False}, [60.0]), ({}, [60.0])])
def test_what_keeps_the_state_says_so(
    clock: Clock, waits: list[float], said_so: dict[str, bool], expected: list[float]
) -> None:
    """Any other write leaves it what was reserved for it."""
    pacer = _pacer(clock, [], pace=Pace.GENTLE)
    pacer.reserve(2)
    for _ in range(78):
        _put(pacer)
    pacer.start(5, **said_so)
    assert expected == waits

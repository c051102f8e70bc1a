"""Whether points could be spent from now on without a wait: the minute's, the hour's, and no pause."""

import threading

import pytest

from flowforge.github.answer import Answer
from flowforge.github.clock import Clock
from flowforge.github.pacer import Pacer
from tests.github.test_pacer import _answer

pytestmark = pytest.mark.no_coverage


def test_room_is_what_the_minute_has_left(clock: Clock) -> None:
    """What was spent counts until a minute after its answer."""
    pacer = Pacer(clock, threading.Event())
    assert [True, False] == [pacer.has_room(points) for points in (900, 901)]
    pacer.start(5)
    pacer.end(5, Answer(200, {}))
    assert [True, False] == [pacer.has_room(points) for points in (895, 896)]
    clock.wait(60.25, threading.Event())
    assert pacer.has_room(900)


def test_a_pause_has_no_room(clock: Clock) -> None:
    """Whatever is left of the minute."""
    pacer = Pacer(clock, threading.Event())
    pacer.refused(30, secondary=False, sent=clock.now())
    assert not pacer.has_room(1)
    clock.wait(31, threading.Event())
    assert pacer.has_room(1)


def test_the_hours_requests_are_room_too(clock: Clock) -> None:
    """As the headers tell them, until the hour is over."""
    pacer = Pacer(clock, threading.Event())
    pacer.start(1)
    pacer.end(1, _answer(40, 300))
    assert [True, False] == [pacer.has_room(points) for points in (40, 41)]
    clock.wait(301, threading.Event())
    assert pacer.has_room(41)


def test_a_server_without_limits_has_room(clock: Clock) -> None:
    """As a GitHub Enterprise Server has none, once an answer has shown it."""
    pacer = Pacer(clock, threading.Event(), unless_free=True)
    assert not pacer.has_room(5000)
    pacer.start(1)
    pacer.end(1, Answer(200, {}))
    assert pacer.has_room(5000)


def test_the_last_of_a_pause_has_no_room_either(clock: Clock) -> None:
    """What is sent in its last second would be held up by it as well."""
    pacer = Pacer(clock, threading.Event())
    pacer.refused(30, secondary=False, sent=clock.now())
    found = []
    for seconds in (30.5, 0.25, 0.25):
        clock.wait(seconds, threading.Event())
        found.append(pacer.has_room(1))
    assert [False, False, True] == found

"""The pauses of refusals by themselves: how many requests go beside the one that tries again, and what is too long."""

import pytest

from flowforge.github.clock import Clock
from flowforge.github.pauses import Pauses, too_long
from flowforge.github.problems import HeldError, TokenError


def test_what_was_in_flight_ends_and_is_not_followed(clock: Clock) -> None:
    """After a refusal one goes beside those in flight; as these end, without a success, none takes their place."""
    pauses = Pauses(clock)
    before = pauses.slots(32)
    pauses.begin(5, sent=clock.now(), write=False, in_flight=3)
    slots = [pauses.slots(32)]
    for in_flight in (2, 1, 0, 1):
        pauses.end(write=False, accepted=False, in_flight=in_flight)
        slots.append(pauses.slots(32))
    assert (32, [4, 3, 2, 1, 1]) == (before, slots)


@pytest.mark.parametrize(("words", "why"), [('"Wait."', '\n  why: GitHub says "Wait."'), ("", "")])
@pytest.mark.parametrize(("alone", "kind"), [(True, HeldError), (False, TokenError)])
def test_what_is_said_of_a_pause_that_is_too_long(words: str, why: str, kind: type[TokenError], *, alone: bool) -> None:
    """How long it is, how long it may be, and GitHub's own words; where writes alone are held, they alone end."""
    error = too_long(3_601, 60, words, writes_alone=alone)
    text = "error FF331: GitHub asks to wait 61 min, longer than the 60 s that --max-wait allows"
    fix = "\n  fix: run it again after that time, or allow it with --max-wait"
    assert (kind, f"{text}{why}{fix}") == (type(error), str(error))

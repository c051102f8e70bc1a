"""The pauses of refusals by themselves: how many requests may be in flight beside the one that tries again."""

from flowforge.github.clock import Clock
from flowforge.github.pauses import Pauses


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

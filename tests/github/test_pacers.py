"""The pacers of a run: one for each account, made when it is first asked for."""

import threading

from flowforge.github.clock import Clock
from flowforge.github.pacer import Pacer
from flowforge.github.pacers import Pacers


def test_each_account_has_one(clock: Clock) -> None:
    """Whoever asks for an account again is given the one that there is, and nothing is made for it."""
    made = list[Pacer]()

    def make() -> Pacer:
        made.append(Pacer(clock, threading.Event()))
        return made[-1]

    pacers = Pacers()
    found = [pacers.of(account, make) for account in ("one", "other", "one", "other")]
    assert [*made, *made] == found
    assert 2 == len(made)

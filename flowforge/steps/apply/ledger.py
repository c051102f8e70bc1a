"""What is known of each line that is written, at any moment, so that whatever ends the run has something to tell."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from flowforge.errors import Problem
from flowforge.plan.address import Address, Repo
from flowforge.plan.report import DONE, Outcome, Result

_UNANSWERED: Final = "FF342"


class Ledger:
    """The lines that were begun, and those of which it is known what became of them. Thread-safe."""

    def __init__(self) -> None:
        """Begin empty."""
        self._changed = threading.Condition()
        self._workers = 0
        self._begun: set[Address] = set()
        self._told: dict[Address, Result] = {}

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count who is at work, for `wait`."""
        with self._changed:
            self._workers += 1
        try:
            yield
        finally:
            with self._changed:
                self._workers -= 1
                self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until nobody is at work, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._workers, seconds)

    def begin(self, address: Address) -> None:
        """Note that a line may be sent as soon as the state has taken its intent."""
        with self._changed:
            self._begun.add(address)

    def tell(self, result: Result) -> None:
        """Note what became of a line: the first word about it counts."""
        with self._changed:
            self._told.setdefault(result.address, result)

    def has_begun(self, address: Address) -> bool:
        """Return whether a line may have been sent."""
        with self._changed:
            return address in self._begun

    def lacks(self, addresses: Iterable[Address]) -> bool:
        """Return whether one of them is known not to have been done, or not to be recorded."""
        with self._changed:
            told = (self._told[address] for address in addresses if address in self._told)
            return any(result.outcome not in DONE.values() for result in told)

    def lacking(self) -> set[Repo]:
        """Return the repos that lack one that was to be done, or its record."""
        with self._changed:
            return {each.address.scope.repo for each in self._told.values() if each.outcome not in DONE.values()}

    def results(self) -> list[Result]:
        """Return a result for each line that was begun; of one that is under way, that it may have been sent."""
        with self._changed:
            lost = self._begun - self._told.keys()
            return [*self._told.values(), *(Result(each, Outcome.UNRECORDED, _unanswered(each)) for each in lost)]


def is_unanswered(result: Result) -> bool:
    """Return whether that is all that is known of a line."""
    return result.problem is not None and result.problem.code == _UNANSWERED


def _unanswered(address: Address) -> Problem:
    fix = "run plan again; it will write this secret once more"
    return Problem(_UNANSWERED, "sent, but the run ended before GitHub answered", str(address), fix=fix)

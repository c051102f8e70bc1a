"""What became of each line so far. Whatever ends the run, its report can be made from here."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from flowforge.errors import Problem
from flowforge.plan.address import Address, Repo
from flowforge.plan.report import DONE, Outcome, Result

_UNANSWERED: Final = "FF342"


class Ledger:
    """The lines that were begun, and the results that are known. Thread-safe."""

    def __init__(self) -> None:
        """Begin empty."""
        self._changed = threading.Condition()
        self._workers = 0
        self._begun: set[Address] = set()
        self._results: dict[Address, Result] = {}

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count the workers, for `wait`."""
        with self._changed:
            self._workers += 1
        try:
            yield
        finally:
            with self._changed:
                self._workers -= 1
                self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until no worker is left, for at most so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._workers, seconds)

    def begin(self, address: Address) -> None:
        """Note that a line may be sent from now on."""
        with self._changed:
            self._begun.add(address)

    def report(self, result: Result) -> None:
        """Note what became of a line. The first result counts."""
        # A worker that was given up for dead may still come back with a result of its own.
        with self._changed:
            self._results.setdefault(result.address, result)

    def has_begun(self, address: Address) -> bool:
        """Return whether a line may have been sent."""
        with self._changed:
            return address in self._begun

    def has_undone(self, addresses: Iterable[Address]) -> bool:
        """Return whether one of the lines is known to be undone or unrecorded."""
        with self._changed:
            known = (self._results[address] for address in addresses if address in self._results)
            return any(result.outcome not in DONE.values() for result in known)

    def undone_repos(self) -> set[Repo]:
        """Return the repos with a line that is undone or unrecorded."""
        with self._changed:
            return {each.address.scope.repo for each in self._results.values() if each.outcome not in DONE.values()}

    def results(self) -> list[Result]:
        """Return a result for each line that was begun. One that is still under way counts as unrecorded."""
        with self._changed:
            # A request without an answer may have been carried out, so it cannot be called undone.
            lost = self._begun - self._results.keys()
            return [*self._results.values(), *(Result(each, Outcome.UNRECORDED, _unanswered(each)) for each in lost)]


def is_unanswered(result: Result) -> bool:
    """Return whether nothing more is known of a line than that it was begun."""
    return result.problem is not None and result.problem.code == _UNANSWERED


def _unanswered(address: Address) -> Problem:
    fix = "run `flowforge plan` again; it will write this secret once more"
    return Problem(_UNANSWERED, "sent, but the run ended before GitHub answered", str(address), fix=fix)

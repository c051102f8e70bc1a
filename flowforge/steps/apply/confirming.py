"""Whether GitHub is asked at once for the time of a write, or is left to tell it to the next run.

A list after each write is a point that the next write needs. As long as all that is left to write fits into GitHub's
limits together with its lists, they cost no wait, and the times are asked for. Where it does not fit they are not, from
then on until the end: each would hold up a write, and whatever the next run lists tells the time as well.
"""

import threading
from collections.abc import Callable, Iterable

from flowforge.github.http import Client
from flowforge.github.pacer import READ_POINTS
from flowforge.plan.ordering import Work
from flowforge.steps.apply.cost import Cost


class Confirming:
    """Decides for each client of a run, by what is left to write with it. Thread-safe."""

    def __init__(self, cost: Callable[[Iterable[Work]], Cost], *, always: bool = False) -> None:
        """Take what writes cost, with their lists. always: ask at once, whatever that costs: --confirm."""
        self._cost = cost
        self._always = always
        self._lock = threading.Lock()
        self._left: dict[Client, int] = {}
        self._full: set[Client] = set()

    def expect(self, client: Client, stages: Iterable[Work]) -> None:
        """Note what is to be written with a client, before any of it is begun."""
        points = self._cost(stages).points
        with self._lock:
            self._left[client] = points
            self._look(client, points)

    def begin(self, client: Client, work: Work) -> None:
        """Note that some of what was expected is begun: the limits count it from now on."""
        with self._lock:
            self._left[client] = self._left.get(client, 0) - self._cost([work]).points

    def at_once(self, client: Client) -> bool:
        """Return whether a list fits in now, with all that is not begun yet."""
        with self._lock:
            self._look(client, self._left.get(client, 0) + READ_POINTS)
            return client not in self._full

    def _look(self, client: Client, points: int) -> None:
        if not self._always and client not in self._full and not client.pacer.has_room(points):
            self._full.add(client)

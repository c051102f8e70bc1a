"""The clients of a run: one for each token, so that the limits and troubles of one owner are not those of another."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Final, Self, TypeVar

from flowforge.errors import GitHubError
from flowforge.github.http import Client
from flowforge.github.kept_lists import KeptLists
from flowforge.github.permissions import Needs
from flowforge.github.traces import Traces
from flowforge.github.urls import ApiUrl

SHARED: Final = ""
_Item = TypeVar("_Item")


class Clients:
    """Makes the client of each token when an owner's repo is first asked for. Thread-safe.

    A lane is the owner in lower case where that owner has a token of its own, and SHARED for all others.
    """

    def __init__(
        self,
        api: ApiUrl,
        make: Callable[[str], Client],
        *,
        apart: Callable[[str], bool] = lambda _: False,
        traces: Traces | None = None,
        lists: KeptLists | None = None,
        beside: Sequence[Client] = (),
    ) -> None:
        """Take the parts. make: returns the client of a lane. apart: whether an owner has a token of its own.

        lists: what all of them ask for lists with. beside: other clients whose requests count, those of the Apps that
        sign in.
        """
        self.api = api
        self.traces = traces or Traces()
        self.lists = lists or KeptLists()
        self._make = make
        self._apart = apart
        # Not a copy: an App signs in when its first owner is asked for.
        self._beside = beside
        self._others: list[Client] = []
        self._lock = threading.Lock()
        self._made: dict[str, Client] = {}
        self._needs: Needs = {}
        self._held = ExitStack()

    @classmethod
    def of_one(cls, client: Client) -> "Clients":
        """Return the clients of a run with one token."""
        return cls(client.api, lambda _: client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def close(self) -> None:
        """Close all connections."""
        self._held.close()

    def lane(self, owner: str) -> str:
        """Return the lane of an owner."""
        key = owner.lower()
        return key if self._apart(key) else SHARED

    def of(self, owner: str) -> Client:
        """Return the client for an owner's repos. Raises GitHubError and SourceError where no owner can have one."""
        lane = self.lane(owner)
        # One at a time: to make a client may ask a person or start a program.
        with self._lock:
            if lane not in self._made:
                self._made[lane] = self._held.enter_context(self._make(lane))
                self._made[lane].token.need(self._needs)
            return self._made[lane]

    @contextmanager
    def apart(self, owner: str, needs: Needs, repos: Collection[str]) -> Iterator[Client]:
        """Yield a client for something beside the run's own work, whose token is for that alone and revoked after it.

        Only an App can make such a token; with any other it is the client of that owner. repos: their short names.
        """
        usual = self.of(owner)
        token = usual.token.apart(needs, repos)
        if token is None:
            yield usual
            return
        other = usual.apart(token)
        with self._lock:
            self._others.append(other)
        try:
            yield other
        finally:
            # It ends by itself within the hour, so a failure here is no failure of the run.
            with suppress(GitHubError):
                if other.requests:
                    other.delete("/installation/token")
            other.hang_up()

    def need(self, needs: Needs) -> None:
        """Name what all tokens are for from now on."""
        with self._lock:
            self._needs = needs
            for client in self._made.values():
                client.token.need(needs)

    def by_lane(self, items: Iterable[_Item], owner: Callable[[_Item], str]) -> dict[str, list[_Item]]:
        """Return items by the lanes of their owners, in order."""
        parts: dict[str, list[_Item]] = {}
        for item in items:
            parts.setdefault(self.lane(owner(item)), []).append(item)
        return parts

    @property
    def all(self) -> Collection[Client]:
        """Those that were made so far."""
        with self._lock:
            return tuple(self._made[lane] for lane in sorted(self._made))

    @property
    def requests(self) -> int:
        """How many requests they sent."""
        return sum(client.requests for client in (*self.all, *self._beside, *self._others))

"""A place on GitHub for a state, in this process, and a push that fails."""

import hashlib
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flowforge.errors import GitHubError, LostRaceError, Problem, StateError
from flowforge.plan.address import Address
from flowforge.state import codec
from flowforge.state.branch import StateBranch
from flowforge.state.model import State
from flowforge.state.store import Run, StateVersion

_BEGAN = datetime(2026, 11, 23, 8, tzinfo=UTC)


@dataclass
class Place:
    """A file on GitHub, in this process: versions under a lock, a clock, and what happens at the next writes.

    first: before each of them. then: after each that was done, in the place of its answer. over: waiting is refused.
    room: in bytes.
    """

    where: str = "acme/ops, branch flowforge-state, flowforge.state.json"
    seconds: float = 0
    data: bytes | None = None
    messages: list[str] = field(default_factory=list)
    first: list[Callable[[], None]] = field(default_factory=list)
    then: list[Callable[[], None]] = field(default_factory=list)
    over: bool = False
    room: int = 20_000_000
    mutex: threading.RLock = field(default_factory=threading.RLock)

    def read(self) -> StateVersion:
        """Return what stands there."""
        with self.mutex:
            date = (_BEGAN + timedelta(seconds=self.seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
            return StateVersion(self.data, hashlib.sha1(self.data or b"", usedforsecurity=False).hexdigest(), date)

    def require_room(self, size: int) -> None:
        """Take no more than there is room for."""
        if size > self.room:
            raise StateError(Problem("FF427", f"no room for {size} bytes"))

    def write(self, data: bytes, before: StateVersion, message: str) -> StateVersion:
        """Compare and swap."""
        if self.first:
            self.first.pop(0)()
        with self.mutex:
            if before.data != self.data:
                raise LostRaceError(Problem("FF429", "it has changed"))
            self.data = data
            self.messages.append(message)
        if self.then:
            self.then.pop(0)()
        return self.read()

    @property
    def state(self) -> State:
        """Read what stands there."""
        assert self.data is not None
        return codec.decode(self.data, self.where).state

    def run(self, now: Mapping[Address, str] | None = None, holder: str = "run 1") -> Run:
        """Return what a run brings along; waiting moves the clock."""

        def sleep(seconds: float) -> None:
            if self.over:
                stopped()
            self.seconds += seconds

        def shown(asked: Collection[Address]) -> Mapping[Address, str]:
            return {address: time for address, time in (now or {}).items() if address in asked}

        return Run(holder, sleep, shown, lambda: self.seconds)

    def open(
        self, *, timeout: float = 0, now: Mapping[Address, str] | None = None, holder: str = "run 1"
    ) -> StateBranch:
        """Open it for a run."""
        return StateBranch.open(self, self.run(now, holder), State.fresh(["flowforge.yaml"]), lock_timeout=timeout)


def stopped() -> None:
    """Be a wait, or a write, of a run that is to stop."""
    raise GitHubError(Problem("FF332", "stopped while waiting for GitHub"))


def fails(message: str = "no network") -> Callable[[], None]:
    """Make a write fail."""

    def fail() -> None:
        raise StateError(Problem("FF301", message, fix="try again"))

    return fail

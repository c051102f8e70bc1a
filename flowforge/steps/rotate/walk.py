"""Where a rotation is, and what comes next: a pure function of the manifest's lines and the state."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field, replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.plan.address import Address, Repo
from flowforge.plan.rotation import Rotation
from flowforge.state.model import State
from flowforge.steps.rotate.sizes import Sizes

# A canary costs a run of the workflow, and one key is the same in every repo.
CANARIES: Final = 3


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written together."""

    number: int
    """The first is 1."""
    addresses: tuple[Address, ...]
    """Its lines, sorted."""

    @property
    def repos(self) -> tuple[Repo, ...]:
        """Its repos and organizations, in the order of the walk."""
        return repos_of(self.addresses)


@dataclass(frozen=True, slots=True)
class Walk:
    """One credential's way to a value."""

    lines: tuple[Address, ...]
    """What the manifest wants with this credential, sorted."""
    fingerprint: str
    """That of the value that its source gives."""
    sizes: Sizes = field(default_factory=Sizes)
    """How many repos each batch has."""

    def holds(self, state: State, address: Address) -> bool:
        """Return whether the state knows of a secret that it holds the value."""
        record = state.records.get(address)
        return record is not None and record.fingerprint == self.fingerprint and address not in state.pending

    def to_go(self, state: State) -> tuple[Address, ...]:
        """Return the lines that are not known to hold the value."""
        return tuple(address for address in self.lines if not self.holds(state, address))

    def next(self, state: State, rotation: Rotation | None, tried: Collection[Repo] = ()) -> Batch | None:
        """Return what is written next; None where all is written and proven.

        First what a run left that did not come to its end: a batch that was begun is written to its end and proven
        before another begins. tried: the repos that this run has tried in vain, which hold up no other.
        """
        number = rotation.proven + 1 if rotation else 1
        if rotation and (begun := rotation.of_batch(number) & {*self.lines}):
            return Batch(number, tuple(sorted(begun)))
        # What an earlier batch left undone, because it was blocked or failed, goes with the next one.
        todo = [address for address in self.to_go(state) if address.scope.repo not in tried]
        repos = repos_of(todo)
        if not repos:
            return None
        chosen = {*repos[: self.sizes.of(number, len(repos_of(self.lines)), len(repos))]}
        return Batch(number, tuple(address for address in todo if address.scope.repo in chosen))

    def batches(self, state: State, rotation: Rotation | None) -> Iterator[Batch]:
        """Yield every batch from here on, as they come where nothing is in the way."""
        tried: set[Repo] = set()
        step = rotation or Rotation(self.fingerprint, "")
        while batch := self.next(state, step, tried):
            yield batch
            tried |= {*batch.repos}
            step = replace(step, proven=batch.number)


def repos_of(addresses: Iterable[Address]) -> tuple[Repo, ...]:
    """Return the repos of addresses in the order of the walk: by name, so that every run has the same."""
    return tuple(sorted({address.scope.repo for address in addresses}))


def canaries(batch: Batch) -> Sequence[Repo]:
    """Return the repos of a batch in which the canary is asked: its first ones. An organization runs no workflow."""
    return [repo for repo in batch.repos if not repo.is_organization][:CANARIES]

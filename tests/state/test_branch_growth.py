"""How much is pushed of a state on a branch: in proportion to what is written, however large the state is."""

from dataclasses import dataclass, field, replace

import pytest

from flowforge.errors import StateError
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.state import codec
from flowforge.state.branch import LEASE, StateBranch
from flowforge.state.model import State
from flowforge.state.store import StateVersion
from tests.state.place import Place

_TIME = "2026-11-23T08:00:00Z"


@dataclass
class Scale(Place):
    """A place that weighs what is pushed."""

    sizes: list[int] = field(default_factory=list)

    def write(self, data: bytes, before: StateVersion, message: str) -> StateVersion:
        """Weigh it."""
        self.sizes.append(len(data))
        return super().write(data, before, message)


def addresses(count: int) -> list[Address]:
    """Name so many secrets."""
    return [Address(Scope(Repo.parse(f"acme/repo-{number:04}")), "ANTHROPIC_API_KEY") for number in range(count)]


def record(number: int) -> Record:
    """Make a record that has all that a repo's may have, but for drift."""
    record = Record(f"hmac-sha256:{number:064x}", _TIME, "ci-key", number + 1, _TIME, _TIME, unconfirmed=True)
    run = "https://github.com/acme-corp/ops/actions/runs/12345678901"
    return replace(record, commit="a" * 40, run=run, public_key=f"3380204578043523366:{'A' * 43}=")


def holding(count: int) -> Scale:
    """Make a place that holds a state of so many secrets."""
    state = State(1, State.fresh().lineage, bytes(32), records={each: record(0) for each in addresses(count)})
    return Scale(data=codec.encode(state)[0])


def write(session: StateBranch, coming: list[Address]) -> None:
    """Announce, begin and record them as an apply does."""
    while coming:
        batch, coming = coming[: session.batch], coming[session.batch :]
        session.announce(dict.fromkeys(batch, "x"))
        for address in batch:
            session.intend({address: "x"})
            session.record(address, record(1))


@pytest.mark.parametrize(("place", "pushes"), [(Scale(), 10), (holding(1000), 5)], ids=["new", "known"])
def test_a_batch_is_a_quarter_of_what_is_remembered(place: Scale, pushes: int) -> None:
    """A thousand new secrets make some commits, and a thousand known ones fewer; each time a few times the file."""
    with place.open() as session:
        write(session, addresses(1000))
    assert pushes == len(place.messages)
    assert len(addresses(1000)) == len(place.state.records)
    assert 4 * place.sizes[-1] < sum(place.sizes) < 6 * place.sizes[-1]


@pytest.mark.parametrize(
    ("known", "seconds"), [(200, 30), (1000, 60), (6000, LEASE / 2)], ids=["small", "large", "huge"]
)
def test_results_of_a_large_state_wait_longer_and_never_for_the_lock(known: int, seconds: float) -> None:
    """What waits for a push grows with what a push sends, up to the time at which the lock is renewed anyway."""
    place, (a, b) = holding(known), addresses(2)
    with place.open() as session:
        session.announce({a: "x", b: "x"})
        session.intend({a: "x", b: "x"})
        place.seconds += seconds
        session.record(a, record(1))
        waited = len(place.messages)
        place.seconds += 1
        session.record(b, record(1))
        assert (1, 2) == (waited, len(place.messages))


@pytest.mark.parametrize("known", [0, 300])
def test_a_state_that_gets_too_large_is_refused_before_the_first_write(known: int) -> None:
    """What it comes to is foreseen, rather too much than too little, also while a part of it is pending."""
    place, coming = holding(known) if known else Scale(), addresses(400)
    with place.open() as session:
        session.begin(coming)
        write(session, coming)
    largest = max(place.sizes)
    place = holding(known) if known else Scale()
    place.room = largest
    with place.open() as session, pytest.raises(StateError, match="FF427: no room for") as refused:
        session.begin(coming)
    assert [] == place.messages
    assert largest < int(str(refused.value).split()[-2]) < 1.5 * largest


def test_a_state_that_gets_no_larger_has_room() -> None:
    """What is remembered is written again in the room that it has, but for what is pending."""
    place = holding(300)
    place.room = len(place.data or b"") + 100 * 100
    with place.open() as session:
        session.begin(addresses(300))
        write(session, addresses(300))
    assert place.room > max(place.sizes)

"""The planner against a small world that knows the truth: what is really on GitHub, and who really wrote it."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan, Situation, make_plan
from flowforge.plan.facts import Known, Listing, Presence, Record, Remembered, Wanted

pytestmark = pytest.mark.no_coverage

PLACES = tuple(
    Address(Scope(Repo.parse(repo)), name) for repo in ("acme/api", "acme/web") for name in ("FIRST_KEY", "SECOND_KEY")
)
LETTERS = "abc"


def _time(seconds: int) -> str:
    return f"2026-03-01T10:{seconds // 60:02}:{seconds % 60:02}Z"


@dataclass
class Secret:
    """What is really there: GitHub never shows the value, nor who wrote it."""

    value: str
    updated_at: str
    ours: bool


@dataclass
class World:
    """GitHub, the state and the manifest, and everything that can happen to them. Every write has a time of its own."""

    github: dict[Address, Secret] = field(default_factory=dict)
    state: dict[Address, Remembered] = field(default_factory=dict)
    manifest: dict[Address, Wanted] = field(default_factory=dict)
    writes: int = 0

    def plan(self, *, prune: bool = False) -> Plan:
        """Plan from what FlowForge can see."""
        seen = {place.scope: Listing({}) for place in PLACES}
        for place, secret in self.github.items():
            seen[place.scope] = Listing({**seen[place.scope].updated_at, place.secret: secret.updated_at})
        return make_plan(Situation(self.manifest, dict(seen), self.state, prune))

    def put(self, place: Address, value: str, *, ours: bool) -> str:
        """Write to GitHub; gives the time that it will show."""
        self.writes += 1
        self.github[place] = Secret(value, _time(10 * self.writes), ours)
        return self.github[place].updated_at

    # What happens outside FlowForge, and in the manifest.

    def edit(self, place: Address, letter: str) -> None:
        """Set the secret by hand, perhaps to the very same value."""
        self.put(place, letter, ours=False)

    def remove(self, place: Address, _: str) -> None:
        """Delete the secret by hand."""
        self.github.pop(place, None)

    def want(self, place: Address, letter: str) -> None:
        """Want this value in the manifest, under one of two credential names."""
        self.manifest[place] = Wanted(
            place,
            Presence.PRESENT,
            "target",
            Where("m"),
            f"credential {self.writes % 2}",
            value=Known(f"hash of {letter}"),
        )

    def tolerate(self, place: Address, letter: str) -> None:
        """Want this value in the manifest, and drift only reported."""
        self.want(place, letter)
        self.manifest[place] = replace(self.manifest[place], on_drift=OnDrift.REPORT)

    def ban(self, place: Address, _: str) -> None:
        """Declare the secret absent in the manifest."""
        self.manifest[place] = Wanted(place, Presence.ABSENT, "absent", Where("m"))

    def unname(self, place: Address, _: str) -> None:
        """Take the secret out of the manifest."""
        self.manifest.pop(place, None)

    # What FlowForge does.

    def adopt(self, place: Address, _: str) -> None:
        """Record what is there as assumed to hold the wanted value, which it may not."""
        wanted, secret = self.manifest.get(place), self.github.get(place)
        if wanted is not None and secret is not None and isinstance(wanted.value, Known) and place not in self.state:
            record = self._record(wanted, wanted.value.fingerprint, secret.updated_at)
            self.state[place] = Remembered(replace(record, adopted=True))

    def apply(self, *_: object) -> None:
        """Apply the whole plan."""
        for change in self.plan().changes:
            self.carry_out(change)

    def prune(self, *_: object) -> None:
        """Apply the whole plan under `--prune`."""
        for change in self.plan(prune=True).changes:
            self.carry_out(change)

    def die_before_write(self, place: Address, _: str) -> None:
        """Kill apply between the intent for one secret and its write."""
        self._die(place, sent=False)

    def die_after_write(self, place: Address, _: str) -> None:
        """Kill apply between the write of one secret and its record."""
        self._die(place, sent=True)

    def _die(self, place: Address, *, sent: bool) -> None:
        for change in self.plan().changes:
            if change.address != place:
                self.carry_out(change)
            elif change.writes:
                before = self.state.get(place, Remembered(None))
                if sent:
                    self.carry_out(change)
                self.state[place] = replace(before, pending=True)
                return

    def carry_out(self, change: Change) -> None:
        """Do one line: write or delete, then record or forget."""
        place, wanted = change.address, change.wanted
        if change.action is Action.DELETE:
            self.github.pop(place)
            self.state.pop(place, None)
        elif change.writes:
            assert wanted is not None
            assert isinstance(wanted.value, Known)
            time = self.put(place, wanted.value.fingerprint.removeprefix("hash of "), ours=True)
            record = self._record(wanted, wanted.value.fingerprint, time)
            if self.writes % 2:  # the time is left to the next list, and the answer's is a second earlier
                record = replace(record, updated_at=_time(10 * self.writes - 1), unconfirmed=True)
            self.state[place] = Remembered(record)
        elif change.forgets:
            del self.state[place]
        elif change.noted is not None and change.noted != change.record:
            self.state[place] = Remembered(change.noted)

    @staticmethod
    def _record(wanted: Wanted, fingerprint: str, time: str) -> Record:
        return Record(fingerprint, time, wanted.credential, 7, time, time)


DEEDS = (
    World.want,
    World.want,
    World.tolerate,
    World.ban,
    World.unname,
    World.apply,
    World.apply,
    World.prune,
    World.edit,
    World.remove,
    World.adopt,
    World.die_before_write,
    World.die_after_write,
)
histories = st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from(PLACES), st.sampled_from(LETTERS)), max_size=14)
History = list[tuple[object, Address, str]]


def lived(history: History) -> World:
    """Return the world after a history."""
    world = World()
    for deed, place, letter in history:
        assert callable(deed)
        deed(world, place, letter)
    return world


def truth(world: World, place: Address) -> str:
    """Return the fingerprint of what is really there, empty for nothing."""
    secret = world.github.get(place)
    return f"hash of {secret.value}" if secret is not None else ""


@given(histories)
def test_in_sync_is_never_a_lie(history: History) -> None:
    """Whatever happened, a line says in sync only where GitHub really holds what is wanted, or really holds nothing."""
    world = lived(history)
    for change in world.plan().changes:
        if change.in_sync:
            assert change.wanted is not None
            wanted = change.wanted.value
            expected = wanted.fingerprint if isinstance(wanted, Known) else ""
            assert expected == truth(world, change.address)


@given(histories)
def test_what_is_wrong_is_never_passed_over(history: History) -> None:
    """A secret that is not as wanted is written, deleted, or shown: as drift, or as only assumed."""
    world = lived(history)
    lines = {change.address: change for change in world.plan().changes}
    for place, wanted in world.manifest.items():
        right = wanted.value.fingerprint if isinstance(wanted.value, Known) else ""
        if truth(world, place) != right:
            line = lines[place]
            assert line.writes or line.reported_drift or line.reason is Reason.ASSUMED


@given(histories)
def test_prune_deletes_only_what_we_wrote(history: History) -> None:
    """Under `--prune` every delete that is not declared is of a secret that nobody touched since our own write."""
    world = lived(history)
    deletes = [change for change in world.plan(prune=True).changes if change.action is Action.DELETE]
    undeclared = [change.address for change in deletes if change.wanted is None]
    assert [True] * len(undeclared) == [world.github[place].ours for place in undeclared]


@given(histories)
def test_one_apply_mends_whatever_happened(history: History) -> None:
    """After one whole apply GitHub truly holds what is wanted, but for reported drift and what is only assumed."""
    world = lived(history)
    world.apply()
    after = world.plan()
    assert 0 == after.counts.writes
    for change in after.changes:
        if change.wanted is not None and not change.reported_drift and change.reason is not Reason.ASSUMED:
            wanted = change.wanted.value
            expected = wanted.fingerprint if isinstance(wanted, Known) else ""
            assert (True, expected) == (change.in_sync, truth(world, change.address))


@given(histories)
def test_a_second_apply_only_learns_times_and_a_third_does_nothing(history: History) -> None:
    """Applying again writes nothing and leaves GitHub's own times; from then on the plan stands still."""
    world = lived(history)
    world.apply()
    github = dict(world.github)
    world.apply()
    for change in world.plan().changes:
        if change.wanted is not None and change.record is not None and not change.reported_drift:
            assert (False, change.seen_at) == (change.record.unconfirmed, change.record.updated_at)
    first, state = world.plan(), dict(world.state)
    world.apply()
    assert (github, state, first) == (world.github, world.state, world.plan())

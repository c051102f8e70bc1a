"""The laws of the planner, over generated situations; the table once more, as a list of disjoint rows."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from random import Random
from typing import NamedTuple, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan, Situation, decide, make_plan
from flowforge.plan.facts import (
    Known,
    Listing,
    NotRead,
    Presence,
    Record,
    Remembered,
    Seen,
    Unavailable,
    Unreadable,
    Value,
    Wanted,
)

pytestmark = pytest.mark.no_coverage

OURS, LATER, NOW = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z", "2026-04-01T00:00:00Z"
SOON, BEHIND = "2026-03-01T10:00:03Z", "2026-02-01T10:00:00Z"
STRANGER = "SOMEBODY_ELSES"


K = TypeVar("K")
V = TypeVar("V")


class Case(NamedTuple):
    """All that the decision depends on, for one secret."""

    wanted: str  # none, absent, or what is known of the value of one to be present: a key of VALUES
    policy: OnDrift
    there: str  # no, ours (the recorded time), soon (three seconds after it), later, behind (long before it)
    record: str  # no, written, adopted, sent (written, and no list has shown GitHub's own time yet)
    pending: bool
    label: str  # the credential's name in the manifest; the record's is "ci-key"
    prove: bool  # never with a policy to accept: see test_usage.py

    @property
    def valued(self) -> bool:
        """Whether it is to be present and its value is known."""
        return self.wanted in {"same", "other"}

    @property
    def settled(self) -> bool:
        """Whether it is there and remembered, with no write under way."""
        return self.there != "no" and self.record != "no" and not self.open

    @property
    def open(self) -> bool:
        """Whether a write may not have arrived: nobody knows its end, or the list shows what was there before it."""
        return self.pending or (self.record, self.there) == ("sent", "behind")

    @property
    def sight(self) -> str:
        """What the time says: no, ours, later. Only a time that no list has shown yet has seconds to either side."""
        if self.record == "sent" and self.there == "soon":
            return "ours"
        return self.there if self.there in {"no", "ours"} else "later"

    @property
    def origin(self) -> str:
        """How it came to be remembered: no, written, adopted."""
        return "written" if self.record == "sent" else self.record


CASES = tuple(
    Case(*combination)
    for combination in product(
        ("none", "absent", "same", "other", "unread", "missed", "unavailable"),
        OnDrift,
        ("no", "ours", "soon", "later", "behind"),
        ("no", "written", "adopted", "sent"),
        (False, True),
        ("ci-key", "new-name"),
        (False, True),
    )
    if not (combination[1] is OnDrift.ACCEPT and combination[-1])
)
API = Repo.parse("acme/api")
SCOPES = (
    Scope(API),
    Scope(API, Store.DEPENDABOT),
    Scope.of_environment(API, "Production"),
    Scope(Repo.parse("acme/web")),
    Scope(Repo.parse("acme/Zoo")),
)
PLACES = tuple(Address(scope, name) for scope in SCOPES for name in ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"))
VALUES: dict[str, Value] = {
    "same": Known("hmac-sha256:aa"),
    "other": Known("hmac-sha256:bb"),
    "unread": NotRead("--skip-values"),
    "missed": NotRead("nobody can be asked", chosen=False),
    "unavailable": Unavailable("env ACME_KEY is unset"),
}


def wanted_of(case: Case, address: Address) -> Wanted | None:
    """Return what the manifest says in a case."""
    where = Where("flowforge.yaml", 3, 1)
    if case.wanted == "none":
        return None
    if case.wanted == "absent":
        return Wanted(address, Presence.ABSENT, "gone", where)
    value = VALUES[case.wanted]
    kind = "anthropic_api_key"
    return Wanted(address, Presence.PRESENT, "target", where, case.label, kind, value, case.policy, prove=case.prove)


def remembered_of(case: Case) -> Remembered | None:
    """Return what the state holds in a case; None for nothing."""
    if case.record == "no":
        return Remembered(None, pending=True) if case.pending else None
    sent = case.record == "sent"
    record = Record("hmac-sha256:aa", OURS, "ci-key", 7, OURS, OURS, adopted=case.record == "adopted", unconfirmed=sent)
    return Remembered(record, case.pending)


def listed(case: Case) -> str:
    """Return the time that GitHub shows in a case; empty for a secret that is not there."""
    return {"no": "", "ours": OURS, "soon": SOON, "later": LATER, "behind": BEHIND}[case.there]


def situation_of(cases: Sequence[Case], unreadable: int, *, prune: bool) -> Situation:
    """Put each case at a place of its own; bit n of `unreadable` hides scope n. The state writes repos in capitals."""
    placed = dict(zip(PLACES, cases, strict=False))
    scopes = sorted({address.scope for address in PLACES})
    seen: dict[Scope, Seen] = {}
    for number, scope in enumerate(scopes):
        names = {place.secret: listed(case) for place, case in placed.items() if place.scope == scope}
        there = Listing({STRANGER: OURS} | {name: time for name, time in names.items() if time})
        hidden = Unreadable(tuple(Why)[(unreadable + number) % len(Why)], "detail")
        seen[scope] = hidden if unreadable >> number & 1 else there
    wanted = {place: found for place, case in placed.items() if (found := wanted_of(case, place))}
    remembered = {shouted(place): held for place, case in placed.items() if (held := remembered_of(case))}
    return Situation(wanted, seen, remembered, prune)


def shouted(address: Address) -> Address:
    """Return the same address with its repo and its environment written in capitals."""
    scope = address.scope
    repo, environment = Repo.parse(scope.repo.name.upper()), scope.environment.upper()
    return Address(Scope(repo, scope.store, scope.environment_key, environment), address.secret)


situations = st.builds(
    situation_of,
    st.lists(st.sampled_from(CASES), max_size=len(PLACES)),
    st.sampled_from((0, 0, 0, 1, 2, 5, 8, 15)),
    prune=st.booleans(),
)


# The table as a list of rows, of which exactly one holds in any case.


class Row(NamedTuple):
    """A row of the table for what can be read: when it holds, and what it says."""

    name: str
    holds: Callable[[Case], bool]
    action: Action
    reason: Reason
    pruned: Action | None = None  # the action under --prune, where it is another one


def _write(there: str, *, pending: bool) -> Callable[[Case], bool]:
    """Hold where a value is to be written whatever it is: the secret is missing or not remembered, or pending."""
    exists = there == "there"
    return lambda case: (
        case.wanted in {"same", "other", "unread"}
        and (case.there != "no") is exists
        and case.open is pending
        and (pending or case.record == "no")
    )


def _both(wanted: str, there: str, policy: OnDrift | None = None, record: str = "") -> Callable[[Case], bool]:
    """Hold where there is a settled record to compare with."""
    return lambda case: (
        case.settled
        and (case.wanted, case.sight) == (wanted, there)
        and policy in {None, case.policy}
        and record in {"", case.origin}
    )


def _unnamed(**features: object) -> Callable[[Case], bool]:
    """Hold where the manifest says nothing and the state says something."""
    return lambda case: (
        case.wanted == "none"
        and (case.record != "no" or case.pending)
        and all(getattr(case, name) == feature for name, feature in features.items())
    )


_ADOPTED = _both("same", "ours", record="adopted")
ROWS = (
    Row("missing", _write("missing", pending=False), Action.CREATE, Reason.MISSING),
    Row(
        "deleted outside",
        lambda c: c.wanted in {"same", "other", "unread"} and c.there == "no" and c.record != "no" and not c.pending,
        Action.CREATE,
        Reason.DELETED_OUTSIDE,
    ),
    Row("pending, missing", _write("missing", pending=True), Action.CREATE, Reason.INTERRUPTED),
    Row("pending, there", _write("there", pending=True), Action.UPDATE, Reason.INTERRUPTED),
    Row("never ours", _write("there", pending=False), Action.UPDATE, Reason.NEVER_APPLIED),
    Row("in sync", _both("same", "ours", record="written"), Action.NONE, Reason.IN_SYNC),
    Row("assumed", lambda c: _ADOPTED(c) and not c.prove, Action.NONE, Reason.ASSUMED),
    Row("assumed, to be proven", lambda c: _ADOPTED(c) and c.prove, Action.UPDATE, Reason.TO_PROVE),
    Row("rotated", _both("other", "ours"), Action.UPDATE, Reason.VALUE_CHANGED),
    Row("edited", _both("same", "later", OnDrift.OVERWRITE), Action.UPDATE, Reason.CHANGED_OUTSIDE),
    Row("edited, reported", _both("same", "later", OnDrift.REPORT), Action.NONE, Reason.CHANGED_OUTSIDE),
    Row("edited, accepted", _both("same", "later", OnDrift.ACCEPT), Action.NONE, Reason.CHANGED_OUTSIDE),
    Row("rotated and edited", _both("other", "later"), Action.UPDATE, Reason.VALUE_CHANGED_AND_OUTSIDE),
    Row("not read", _both("unread", "ours"), Action.NONE, Reason.VALUE_NOT_CHECKED),
    Row("not read, edited", _both("unread", "later"), Action.NONE, Reason.VALUE_NOT_CHECKED),
    Row("not given", lambda c: c.wanted == "missed" and c.settled, Action.NONE, Reason.VALUE_NOT_CHECKED),
    Row("waits", lambda c: c.wanted == "missed" and not c.settled, Action.BLOCKED, Reason.VALUE_NOT_READ),
    Row("no value", lambda c: c.wanted == "unavailable", Action.BLOCKED, Reason.VALUE_UNAVAILABLE),
    Row("delete", lambda c: c.wanted == "absent" and c.there != "no", Action.DELETE, Reason.DECLARED_ABSENT),
    Row("absent", lambda c: c.wanted == "absent" and c.there == "no", Action.NONE, Reason.ALREADY_ABSENT),
    Row(
        "no longer named",
        _unnamed(sight="ours", origin="written"),
        Action.NONE,
        Reason.NOT_NAMED,
        Action.DELETE,
    ),
    Row(
        "edited since",
        _unnamed(sight="later", origin="written", open=False),
        Action.NONE,
        Reason.NOT_OURS,
        Action.BLOCKED,
    ),
    Row(
        "only adopted",
        lambda c: _unnamed(record="adopted", pending=False)(c) and c.there != "no",
        Action.NONE,
        Reason.NOT_OURS,
        Action.BLOCKED,
    ),
    Row(
        "interrupted, not named",
        lambda c: _unnamed(open=True)(c) and c.there != "no" and (c.sight, c.origin) != ("ours", "written"),
        Action.NONE,
        Reason.INTERRUPTED,
        Action.BLOCKED,
    ),
    Row("gone", _unnamed(there="no"), Action.NONE, Reason.GONE),
)


def test_the_rows_are_disjoint_and_total_and_the_function_agrees() -> None:
    """Exactly one row holds in every case, decide says what it says, and every row and reason is reached."""
    here = PLACES[0]
    reached: Counter[str] = Counter()
    reasons = {Reason.UNREADABLE, Reason.NOT_SEEN}  # decided by sight alone: test_unreadable_is_never_absent
    for case, prune in product(CASES, (False, True)):
        rows = [row for row in ROWS if row.holds(case)]
        wanted, remembered = wanted_of(case, here), remembered_of(case)
        if wanted is None and remembered is None:
            assert rows == []  # nothing is wanted and nothing remembered: no line, see test_every_address_once
            continue
        (row,) = rows
        seen = Listing({here.secret: listed(case)} if listed(case) else {})
        change = decide(here, wanted, seen, remembered or Remembered(None), prune=prune)
        expected = (row.pruned if prune and row.pruned else row.action, row.reason)
        assert (case, expected) == (case, (change.action, change.reason))
        reached[row.name] += 1
        reasons.add(change.reason)
    assert {row.name for row in ROWS} == set(reached)
    # Of more than one secret, and of a rotation: see test_access.py, test_capacity.py, test_succession.py,
    # test_rotation.py.
    beside = {Reason.ACCESS_CHANGED, Reason.NO_ROOM, Reason.STILL_NEEDED, Reason.ROTATING}
    offline = {Reason.NEVER_RECORDED, Reason.CREDENTIAL_CHANGED, Reason.NOT_CHECKED}  # see test_recorded.py
    assert set(Reason) - beside - offline == reasons


# The laws.


@given(situations)
def test_every_address_once(situation: Situation) -> None:
    """A plan has one line for every address that is wanted or remembered, in order, and no other."""
    expected = sorted({*situation.wanted, *situation.remembered})
    assert expected == [change.address for change in make_plan(situation).changes]


@given(situations)
def test_unreadable_is_never_absent(situation: Situation) -> None:
    """In a scope that could not be read nothing is written or forgotten: what is named is blocked, the rest kept."""
    for change in make_plan(situation).changes:
        seen = situation.seen[change.address.scope]
        named = change.wanted is not None
        expected = (Action.BLOCKED, Reason.UNREADABLE) if named else (Action.NONE, Reason.NOT_SEEN)
        unreadable = isinstance(seen, Unreadable)
        assert unreadable == ((change.action, change.reason) == expected and change.why is not None)
        assert not (unreadable and (change.writes or change.forgets or change.seen_at))


@given(situations)
def test_nothing_but_ours_or_declared_is_deleted(situation: Situation) -> None:
    """A delete is declared absent, or pruned and proven to be what we wrote; a stranger's secret has no line."""
    for change in make_plan(situation).changes:
        assert change.address.secret != STRANGER
        if change.action is Action.DELETE:
            declared = change.wanted is not None and change.wanted.presence is Presence.ABSENT
            held = situation.remembered.get(change.address)
            record = held.record if held is not None else None
            times = {OURS, SOON} if record is not None and record.unconfirmed else {OURS}
            ours = record is not None and not record.adopted and change.seen_at in times
            assert declared or (situation.prune and change.wanted is None and ours)


@given(situations, st.integers(0, 2**32))
def test_order_of_input_does_not_matter(situation: Situation, seed: int) -> None:
    """The same facts in another order give the same plan, to the byte."""
    random = Random(seed)
    mixed = replace(
        situation,
        wanted=shuffled(situation.wanted, random),
        seen=shuffled(situation.seen, random),
        remembered=shuffled(situation.remembered, random),
    )
    expected, actual = make_plan(situation), make_plan(mixed)
    assert (expected, repr(expected)) == (actual, repr(actual))


def shuffled(mapping: Mapping[K, V], random: Random) -> dict[K, V]:
    """Return the same mapping, built in another order."""
    items = list(mapping.items())
    random.shuffle(items)
    return dict(items)


@given(situations, st.sets(st.sampled_from(PLACES)))
def test_limit_never_changes_what_is_wanted(situation: Situation, chosen: set[Address]) -> None:
    """A limited plan is those lines of the whole plan that were asked for, whether the rest was looked at or not."""
    whole = make_plan(situation)
    expected = Plan(tuple(change for change in whole.changes if change.address in chosen))
    scopes = {address.scope for address in chosen}
    narrow = replace(situation, seen={scope: seen for scope, seen in situation.seen.items() if scope in scopes})
    assert expected == make_plan(situation, select=chosen.__contains__)
    assert expected == make_plan(narrow, select=chosen.__contains__)


@given(situations)
def test_apply_then_plan_is_settled(situation: Situation) -> None:
    """After apply nothing applicable is left: what was written is in sync, the rest stands as it stood."""
    before = make_plan(situation)
    after = make_plan(applied(situation, before))
    expected = tuple(line for change in before.changes if (line := settled(change)) is not None)
    assert expected == after.changes


def applied(situation: Situation, plan: Plan) -> Situation:
    """Do to a model of GitHub and of the state what the lines of a plan say, as apply would."""
    shown = {scope: dict(seen.updated_at) for scope, seen in situation.seen.items() if isinstance(seen, Listing)}
    state = dict(situation.remembered)
    for change in plan.changes:
        address = change.address
        if change.action is Action.DELETE:
            del shown[address.scope][address.secret]
            state.pop(address, None)
        elif change.writes and change.applicable:
            shown[address.scope][address.secret] = NOW
            state[address] = Remembered(written(change))
        elif change.forgets:
            del state[address]
        elif change.wanted is not None and change.action is Action.NONE and change.record is not None:
            state[address] = Remembered(noted(change))
    seen = {**situation.seen, **{scope: Listing(times) for scope, times in shown.items()}}
    return replace(situation, seen=seen, remembered=state)


def written(change: Change) -> Record:
    """Return the record that apply makes of a write."""
    assert change.wanted is not None
    assert isinstance(change.wanted.value, Known)
    drifted_at = change.seen_at if change.drift else ""
    return Record(change.wanted.value.fingerprint, NOW, change.wanted.credential, 7, NOW, NOW, drifted_at=drifted_at)


def accepted(change: Change) -> bool:
    """Whether apply takes a change outside as it is."""
    policy = change.wanted.on_drift if change.wanted else None
    return (change.reason, policy) == (Reason.CHANGED_OUTSIDE, OnDrift.ACCEPT)


def noted(change: Change) -> Record:
    """Return the record of what was not written: under the credential's new name, with the drift that was found."""
    assert change.wanted is not None
    assert change.record is not None
    settled = change.reason in {Reason.IN_SYNC, Reason.ASSUMED} or accepted(change)
    shown = change.record.unconfirmed and not change.drift and bool(change.seen_at)
    return replace(
        change.record,
        credential=change.wanted.credential if settled else "ci-key",
        drifted_at=change.seen_at if change.drift else "",
        updated_at=change.seen_at if accepted(change) or shown else OURS,
        adopted=change.record.adopted or accepted(change),
        unconfirmed=change.record.unconfirmed and not (accepted(change) or shown),
    )


def settled(change: Change) -> Change | None:
    """Return the line that must stand in the next plan, None for a line that must be gone; not a second planner."""
    address, wanted = change.address, change.wanted
    if change.action is Action.DELETE or change.forgets:
        return Change(address, Action.NONE, Reason.ALREADY_ABSENT, wanted=wanted) if wanted else None
    if change.writes and change.applicable:
        return Change(address, Action.NONE, Reason.IN_SYNC, wanted=wanted, record=written(change), seen_at=NOW)
    if wanted is None or change.record is None or change.action is not Action.NONE:
        return change
    if accepted(change):
        return replace(change, reason=Reason.ASSUMED, drift=False, record=noted(change))
    return replace(change, record=noted(change))


def test_same_input_same_bytes_in_every_process() -> None:
    """The order of hashing, which differs between processes, does not reach the plan."""
    script = (
        "from flowforge.errors import Where; from flowforge.plan.facts import *; from flowforge.plan.decide import *;"
        "from flowforge.plan.address import *;"
        "places = [Address(Scope(Repo.parse(f'acme/r{n}')), f'KEY_{n % 3}') for n in range(40)];"
        "wanted = {a: Wanted(a, Presence.PRESENT, 't', Where('m'), value=Known('x')) for a in places[::2]};"
        "held = {a: Remembered(Record('x', '1', 'c', 1, '1', '1')) for a in places[::3]};"
        "print(make_plan(Situation(wanted, {a.scope: Listing({}) for a in places}, held)))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    (output,) = outputs
    assert output.count("Change(") == 27

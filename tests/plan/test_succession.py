"""A secret that something takes the place of goes last: over all that can be decided of the two."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Final

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.decide import Situation, make_plan
from flowforge.plan.facts import Listing, Presence, Public, Record, Remembered, Seen, Unreadable, Wanted
from flowforge.plan.ordering import stages
from flowforge.plan.succession import Successor

API: Final = Repo.parse("acme/api")
KEY: Final = Address(Scope(API), "ANTHROPIC_API_KEY")
PART: Final = Address(Scope(API, Store.VARIABLES), "ANTHROPIC_ORGANIZATION_ID")
SHARED: Final = replace(PART, scope=Scope(Repo.organization("acme"), Store.VARIABLES))
OURS: Final = "2026-03-01T10:00:00Z"
VALUE, OTHER = Public("mine"), Public("theirs")
GOES: Final = Wanted(KEY, Presence.ABSENT, "gone", Where("m", 9, 1))
WANTED: Final = Wanted(
    PART, Presence.PRESENT, "Identity", Where("m", 1, 1), "ids", "anthropic_workload_identity", VALUE
)
RECORDS: Final = (None, Record(VALUE.fingerprint, OURS, "ids", 7, OURS, OURS))
THERE: Final = Listing({KEY.secret: OURS})
SEEN: Final[tuple[Seen, ...]] = (
    Listing({}),
    Listing({PART.secret: OURS}, values={PART.secret: VALUE}),
    Listing({PART.secret: OURS}, values={PART.secret: OTHER}),
    Unreadable(Why.NO_PERMISSION),
)


def _everything(_: Address) -> bool:
    return True


def _without_parts(address: Address) -> bool:
    return address != PART


@pytest.mark.parametrize("select", [_everything, _without_parts])
@pytest.mark.parametrize("prune", [False, True])
def test_it_goes_only_once_the_other_is_there(select: Callable[[Address], bool], *, prune: bool) -> None:
    """Whatever is seen and remembered: a delete stands only where each part is in sync, or written before it."""
    wants = {PART: WANTED} if prune else {PART: WANTED, KEY: GOES}
    mine = {KEY: Remembered(Record("hmac-sha256:aa", OURS, "key", 7, OURS, OURS))} if prune else {}
    kept = gone = 0
    for seen, record, pending, drift in product(SEEN, RECORDS, (False, True), OnDrift):
        wanted = {**wants, PART: replace(WANTED, on_drift=drift)}
        known = {**mine, PART: Remembered(record, pending)}
        situation = Situation(
            wanted, {KEY.scope: THERE, PART.scope: seen}, known, prune, successors={KEY: Successor((PART,))}
        )
        plan = make_plan(situation, select=select)
        lines = {each.address: each for each in plan.changes}
        holds = isinstance(seen, Listing) and seen.values.get(PART.secret) == VALUE and not pending
        part = lines.get(PART)
        if lines[KEY].action is Action.DELETE:
            gone += 1
            assert holds or (part is not None and part.action in {Action.CREATE, Action.UPDATE})
            at_once, last = stages(plan.todo)
            assert part is None or not part.writes or (PART.scope in at_once and KEY.scope in last)
        else:
            kept += 1
            assert not holds
            assert (Action.BLOCKED, Reason.STILL_NEEDED) == (lines[KEY].action, lines[KEY].reason)
            assert PART.secret in lines[KEY].sentence
    assert (True, True) == (kept > 0, gone > 0)


def test_it_does_not_go_while_it_is_read() -> None:
    """What reads it is said, with what to do about that, though all parts are there; other lines are left alone."""
    why = Successor((PART,), "claude.yml:7 still passes it", "change the step")
    seen = {KEY.scope: THERE, PART.scope: SEEN[1]}
    situation = Situation({KEY: GOES, PART: WANTED}, seen, successors={KEY: why})
    plan = make_plan(situation)
    (key, part) = plan.changes
    said = ("still needed: claude.yml:7 still passes it", "change the step")
    assert (Action.BLOCKED, *said) == (key.action, key.sentence, key.remedy)
    assert (Reason.IN_SYNC, False, True) == (part.reason, plan.complete, plan.blocked)
    alone = make_plan(replace(situation, wanted={KEY: GOES}, seen={KEY.scope: Listing({})}, successors={KEY: why}))
    assert [Reason.ALREADY_ABSENT] == [each.reason for each in alone.changes]


def test_a_part_that_nobody_asked_for_is_not_there() -> None:
    """A list that this run did not read proves nothing."""
    situation = Situation({KEY: GOES}, {KEY.scope: THERE}, successors={KEY: Successor((PART,))})
    (key,) = make_plan(situation).changes
    assert f"as {PART.secret} is left out of this run" in key.sentence


@pytest.mark.parametrize(("viewers", "there"), [((API,), True), ((), False)])
def test_who_sees_an_organizations_part_counts(viewers: tuple[Repo, ...], *, there: bool) -> None:
    """A variable that holds the value, and that some repo does not see yet, is there only if this run shows it."""
    mine = Audience.selected([Viewer(API, 7)])
    seen = replace(
        SEEN[1] if isinstance(SEEN[1], Listing) else Listing({}),
        audiences={PART.secret: Audience(Visibility.SELECTED, tuple(Viewer(each, 7) for each in viewers))},
    )
    situation = Situation(
        {KEY: GOES, SHARED: replace(WANTED, address=SHARED, audience=mine)},
        {KEY.scope: THERE, SHARED.scope: seen},
        successors={KEY: Successor((SHARED,))},
    )
    (key,) = (each for each in make_plan(situation).changes if each.address == KEY)
    assert Action.DELETE is key.action
    (limited,) = make_plan(situation, select=lambda address: address == KEY).changes
    assert (Action.DELETE if there else Action.BLOCKED) is limited.action


def test_what_is_not_said() -> None:
    """A successor in nobody's way has no reason against it, and no advice."""
    assert ("", "") == ((free := Successor(())).hindrance, free.fix)

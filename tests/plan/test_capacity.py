"""How much a list has room for: what is created first, what is blocked, and what never makes room."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Audience, Visibility
from flowforge.plan.capacity import capacity_of
from flowforge.plan.decide import Plan, Situation, make_plan
from flowforge.plan.facts import Known, Listing, Presence, Record, Remembered, Seen, Wanted

API, ACME = Repo.parse("acme/api"), Repo.organization("acme")
ACTIONS, SHARED = Scope(API), Scope(ACME)
INSIDE, VARIABLES = Scope.of_environment(API, "prod"), Scope(API, Store.VARIABLES)
AT = "2026-03-01T10:00:00Z"
RECORD = Record("h", AT, "k", 7, AT, AT)
FIX = (
    "first delete another one there, by hand or in a separate apply: "
    "an apply deletes last, so its own deletes make no room"
)


def wants(scope: Scope, *names: str, presence: Presence = Presence.PRESENT) -> dict[Address, Wanted]:
    """Want these names in a scope."""
    addresses = (Address(scope, name) for name in names)
    wanted = (Wanted(each, presence, "T", Where("m", 1, 1), "k", "anthropic_api_key", Known("h")) for each in addresses)
    return {each.address: each for each in wanted}


def holding(number: int, *more: str) -> Listing:
    """Return a list of so many secrets of others, and these."""
    return Listing({**{f"OTHER_{each:04}": AT for each in range(number)}, **dict.fromkeys(more, AT)})


def lines(plan: Plan) -> dict[str, tuple[Action, str]]:
    """Return each line's action and sentence by its address."""
    return {str(change.address): (change.action, change.sentence) for change in plan.changes}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (ACTIONS, 100),
        (Scope(API, Store.DEPENDABOT), 100),
        (INSIDE, 100),
        (SHARED, 1000),
        (VARIABLES, 500),
        (Scope.of_environment(API, "prod", Store.VARIABLES), 100),
        (Scope(ACME, Store.VARIABLES), 1000),
    ],
    ids=str,
)
def test_what_github_takes(scope: Scope, expected: int) -> None:
    """Each list has GitHub's own limit."""
    assert expected == capacity_of(scope)


def test_the_first_ones_fit() -> None:
    """What there is room for is created, in the order of the plan; the rest says what takes the room."""
    plan = make_plan(Situation(wants(ACTIONS, "A", "B", "C", "D"), {ACTIONS: holding(98)}))
    no_room = "no room for it: 98 secrets are there, 2 more are created before it, and GitHub takes 100"
    assert {
        "acme/api/actions/A": (Action.CREATE, "missing"),
        "acme/api/actions/B": (Action.CREATE, "missing"),
        "acme/api/actions/C": (Action.BLOCKED, no_room),
        "acme/api/actions/D": (Action.BLOCKED, no_room),
    } == lines(plan)
    assert [("no_room", FIX)] * 2 == [(each.reason, each.fix) for each in plan.changes[2:]]


@pytest.mark.parametrize(
    ("scope", "listing", "said"),
    [
        (ACTIONS, holding(99), "99 secrets are there, 1 more is created before it, and GitHub takes 100"),
        (SHARED, holding(1000), "1000 secrets are there, and GitHub takes 1,000"),
        (VARIABLES, holding(500), "500 variables are there, and GitHub takes 500"),
    ],
)
def test_what_is_said(scope: Scope, listing: Listing, said: str) -> None:
    """It names what the list holds, secrets or variables, and the limit."""
    plan = make_plan(Situation(wants(scope, "A", "B"), {scope: listing}))
    assert (Action.BLOCKED, f"no room for it: {said}") == lines(plan)[f"{scope}/B"]


def test_an_environment_that_is_made() -> None:
    """It is empty, and takes a hundred; the one too many does not claim that it makes the environment."""
    wanted = wants(INSIDE, *(f"N{each:03}" for each in range(101)))
    changes = make_plan(Situation(wanted, {INSIDE: Listing({}, made=False)})).changes
    assert [(Action.CREATE, True)] * 100 + [(Action.BLOCKED, False)] == [
        (each.action, each.makes_environment) for each in changes
    ]


def test_a_full_list_still_takes_another_value() -> None:
    """What is there already needs no room; nor does what another list holds."""
    seen: Mapping[Scope, Seen] = {ACTIONS: holding(99, "A"), INSIDE: holding(3)}
    plan = make_plan(Situation({**wants(ACTIONS, "A"), **wants(INSIDE, "A")}, seen))
    assert {
        "acme/api/actions/A": (Action.UPDATE, "never applied by FlowForge"),
        "acme/api/environments/prod/A": (Action.CREATE, "missing"),
    } == lines(plan)


def test_a_delete_makes_no_room() -> None:
    """It goes last, so it cannot; the plan says so, and how that entry comes first. One elsewhere is no help."""
    wanted = {**wants(ACTIONS, "A"), **wants(ACTIONS, "OLD", presence=Presence.ABSENT)}
    plan = make_plan(Situation(wanted, {ACTIONS: holding(99, "OLD")}))
    fix = (
        "an apply deletes last, so its own deletes make no room: "
        'give the absent entry "T" a tag of its own, and apply that first with --tags'
    )
    assert [(Action.BLOCKED, fix), (Action.DELETE, "")] == [(change.action, change.fix) for change in plan.changes]
    elsewhere = {**wants(ACTIONS, "A"), **wants(VARIABLES, "OLD", presence=Presence.ABSENT)}
    plan = make_plan(Situation(elsewhere, {ACTIONS: holding(100), VARIABLES: holding(0, "OLD")}))
    assert [(Action.BLOCKED, FIX), (Action.DELETE, "")] == [(change.action, change.fix) for change in plan.changes]


def test_what_was_deleted_outside_needs_room_again() -> None:
    """Somebody took its place: it is blocked, and still remembered."""
    wanted = wants(ACTIONS, "A")
    (change,) = make_plan(Situation(wanted, {ACTIONS: holding(100)}, dict.fromkeys(wanted, Remembered(RECORD)))).changes
    assert (Action.BLOCKED, Reason.NO_ROOM, False) == (change.action, change.reason, change.forgets)


def test_what_is_not_chosen_takes_no_room() -> None:
    """A secret that is not in the run is not created by it: what is has its place."""
    situation = Situation(wants(ACTIONS, "A", "B"), {ACTIONS: holding(99)})
    assert [Action.CREATE, Action.BLOCKED] == [change.action for change in make_plan(situation).changes]
    (change,) = make_plan(situation, select=lambda address: address.secret == "B").changes
    assert Action.CREATE is change.action


def test_who_sees_it_is_not_said_of_what_has_no_room() -> None:
    """An organization's secret that cannot be created has one line."""
    wanted = {address: replace(want, audience=Audience(Visibility.ALL)) for address, want in wants(SHARED, "A").items()}
    (change,) = make_plan(Situation(wanted, {SHARED: holding(1000)})).changes
    assert Action.BLOCKED is change.action

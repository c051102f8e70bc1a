"""In which order a plan is written, in which batches, and what that takes at GitHub."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.github.clients import Clients
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Access, Audience
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Known, Listing, Presence, Record, Seen, Unreadable, Wanted
from flowforge.steps.apply.batches import batches, in_stages
from flowforge.steps.apply.cost import Cost, pushes, work_of

AT = "2026-11-23T08:00:00Z"
SCOPES = [Scope(Repo.parse(f"acme/{name}")) for name in ("a", "b", "c", "d")]
A, B, C, D = SCOPES
VARIABLES, ACME = Scope(A.repo, Store.VARIABLES), Scope(Repo.organization("acme"))


def lines(scope: Scope, action: Action = Action.CREATE, number: int = 1) -> tuple[Change, ...]:
    """Return so many lines of a scope."""
    return tuple(Change(Address(scope, f"{action}_{each}"), action, Reason.MISSING) for each in range(number))


def there(number: int) -> Listing:
    """Return a list of so many."""
    return Listing({f"S{each}": AT for each in range(number)})


@pytest.mark.parametrize(
    ("sizes", "rooms", "expected"),
    [
        ((), [1], []),
        ((1, 1, 1), [None], [[A, B, C]]),
        ((1, 1, 1), [2, 2], [[A, B], [C]]),
        ((1, 1, 1), [3], [[A, B, C]]),
        ((1, 1, 1, 1), [1, 2, 9], [[A], [B, C], [D]]),
        ((5, 1, 1), [2, 2], [[A], [B, C]]),
        ((1, 5, 1), [2, 2, 2], [[A], [B], [C]]),
    ],
)
def test_batches(sizes: tuple[int, ...], rooms: list[int | None], expected: list[list[Scope]]) -> None:
    """As many changes as there is room for then, a scope never parted, and all where there is no bound."""
    work = {scope: lines(scope, number=size) for scope, size in zip(SCOPES, sizes, strict=False)}
    left = list(rooms)
    assert expected == list(batches(work, work, lambda: left.pop(0)))


def test_the_stages() -> None:
    """Unless GitHub says what the token may do, one scope goes first; a delete waits for what another scope gets."""
    gone, new, other = lines(A, Action.DELETE), lines(VARIABLES), lines(B, number=2)
    planned = [*gone, *new, *other]
    known = in_stages(planned, permitted=True)
    assert ({VARIABLES: new, B: other}, {A: gone}) == known
    unknown = in_stages([*planned, *lines(C)], permitted=False)
    assert [{C: lines(C)}, {VARIABLES: new, B: other}, {A: gone}] == [dict(each) for each in unknown]


def test_what_cannot_be_replaced_is_no_work() -> None:
    """A delete whose replacement is blocked is left out."""
    blocked = lines(VARIABLES, Action.BLOCKED)[0]
    wanted = Wanted(blocked.address, Presence.PRESENT, "T", Where("m", 1, 1))
    plan = Plan((*lines(A, Action.DELETE), replace(blocked, wanted=wanted)))
    nobody = Clients(ApiUrl.parse("https://api.github.com"), pytest.fail)
    assert {} == work_of(plan, nobody)


def test_a_cost() -> None:
    """A read is a point and a write is five; two costs are added."""
    cost = Cost(3, 2, 1) + Cost(1, 4, 2)
    assert (Cost(4, 6, 3), 13, 37, Cost(0, 0)) == (cost, cost.requests, cost.points, Cost())


ACCESS = Access(Audience.selected([]), Audience.selected([]), by_list=True)
RECORD = Record("aa", AT, "k", 0, AT, AT)
ALONE = Change(Address(ACME, "S").of_access, Action.UPDATE, Reason.ACCESS_CHANGED, record=RECORD, access=ACCESS)


@pytest.mark.parametrize(
    ("scope", "changes", "seen", "expected"),
    [
        # A write each, a list of what is there then, and a key.
        (A, lines(A), there(0), Cost(1, 1, 1)),
        (A, lines(A, number=3), there(5), Cost(1, 3, 1)),
        (A, lines(A, Action.UPDATE), Unreadable(Why.SSO), Cost(1, 1, 1)),
        # A list of several pages is read until two readings agree.
        (A, lines(A), there(99), Cost(1, 1, 1)),
        (A, lines(A), there(100), Cost(1, 1, 4)),
        (A, lines(A, Action.UPDATE), there(100), Cost(1, 1, 1)),
        (A, (*lines(A), *lines(A, Action.DELETE)), there(100), Cost(1, 2, 1)),
        # Deletes alone are believed.
        (A, lines(A, Action.DELETE, 4), there(100), Cost(0, 4)),
        # Variables need no key, and have shorter pages.
        (VARIABLES, lines(VARIABLES), there(29), Cost(0, 1, 1)),
        (VARIABLES, lines(VARIABLES), there(30), Cost(0, 1, 4)),
        # Who sees it alone needs no key; beside a value it does.
        (ACME, (ALONE,), there(1), Cost(0, 1, 1)),
        (ACME, (ALONE, *lines(ACME, Action.UPDATE)), there(1), Cost(1, 2, 1)),
        # An environment is looked for and made once.
        (A, tuple(replace(each, makes_environment=True) for each in lines(A, number=2)), there(0), Cost(2, 3, 1)),
    ],
)
def test_what_a_scope_takes(scope: Scope, changes: tuple[Change, ...], seen: Seen, expected: Cost) -> None:
    """Its writes, the list that confirms them, its key, and its environment."""
    work = ({scope: changes}, {B: lines(B)})
    assert expected + Cost(1, 1, 1) == Cost.of(work, {scope: seen, B: there(0)})


@pytest.mark.parametrize(
    ("known", "expected"), [((), Cost(2, 2, 2)), ((A,), Cost(1, 2, 2)), ((A, B, VARIABLES), Cost(0, 2, 2))]
)
def test_a_key_that_is_remembered_costs_nothing(known: tuple[Scope, ...], expected: Cost) -> None:
    """Of each scope by itself; and lists that the next run makes cost this one nothing."""
    cost = Cost.of([{A: lines(A), B: lines(B)}], {A: there(0), B: there(0)}, known)
    without = cost.listed(confirm=False, has_room=lambda _: False)
    assert [cost, cost] == [
        cost.listed(confirm=True, has_room=lambda _: False),
        cost.listed(confirm=False, has_room=lambda _: True),
    ]
    assert (expected, replace(expected, lists=0)) == (cost, without)
    assert [expected.points - 2, expected.requests - 2] == [without.points, without.requests]


def remembered(number: int) -> list[Address]:
    """Return so many addresses that a state remembers."""
    return [Address(D, f"S{each}") for each in range(number)]


def tidied() -> Change:
    """Return a line that only the state has to do with."""
    return Change(Address(D, "S0"), Action.NONE, Reason.GONE, forgets=True)


GONE = {D: tuple(Change(each, Action.DELETE, Reason.DECLARED_ABSENT) for each in remembered(4))}


@pytest.mark.parametrize(
    ("work", "others", "known", "expected"),
    [
        # Nothing to do is no push, but for what the state itself forgets or learns.
        ((), (), 0, 0),
        ((), (tidied(),), 1, 1),
        ((), lines(D, Action.NONE), 1, 0),
        # One before each batch, and one at the end.
        (({A: lines(A)},), (), 0, 2),
        (({A: lines(A)}, {B: lines(B)}), (), 0, 3),
        # A hundred at once, or a quarter of what is remembered by then.
        (({A: lines(A, number=60), B: lines(B, number=40)},), (), 0, 2),
        (({A: lines(A, number=60), B: lines(B, number=41)},), (), 0, 3),
        (({A: lines(A, number=60), B: lines(B, number=41)},), (), 404, 2),
        (({A: lines(A, number=60), B: lines(B, number=41)},), (), 403, 3),
        # What was written is remembered then, and what was deleted is not.
        (({A: lines(A, number=4)}, {B: lines(B, number=60), C: lines(C, number=41)}), (), 400, 3),
        (({A: lines(A, number=3)}, {B: lines(B, number=60), C: lines(C, number=41)}), (), 400, 4),
        (({A: lines(A, number=4)}, {B: lines(B, number=60), C: lines(C, number=41)}), (tidied(),), 400, 4),
        (({A: lines(A, number=5)}, {B: lines(B, number=60), C: lines(C, number=41)}), (tidied(),), 400, 3),
        ((GONE, {A: lines(A)}, {B: lines(B, number=60), C: lines(C, number=41)}), (), 407, 4),
        ((GONE, {A: lines(A)}, {B: lines(B, number=60), C: lines(C, number=41)}), (), 406, 5),
    ],
)
def test_how_often_a_state_is_pushed(
    work: tuple[dict[Scope, tuple[Change, ...]], ...], others: tuple[Change, ...], known: int, expected: int
) -> None:
    """As the run itself will do it, which asks the state for its room before each batch."""
    plan = Plan((*(change for stage in work for changes in stage.values() for change in changes), *others))
    assert expected == pushes(plan, work, remembered(known))


def test_what_is_noted_alone_is_a_push() -> None:
    """Drift that is left is noted in the state."""
    here = Address(D, "S0")
    wanted = Wanted(here, Presence.PRESENT, "T", Where("m", 1, 1), "k", value=Known("aa"))
    line = Change(here, Action.NONE, Reason.CHANGED_OUTSIDE, wanted=wanted, record=RECORD, seen_at="later", drift=True)
    assert [1, 0] == [pushes(Plan((each,)), (), [here]) for each in (line, replace(line, wanted=None))]

"""Who sees an organization's secret: the rows of its table, and its laws over every combination."""

from dataclasses import replace
from functools import cache
from itertools import product

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan, Situation, decide, make_plan
from flowforge.plan.decide_access import decide_access
from flowforge.plan.facts import (
    Known,
    Listing,
    NotRead,
    Presence,
    Record,
    Remembered,
    Unavailable,
    Unreadable,
    Value,
    Wanted,
)
from flowforge.plan.safety import Allowed, Estate, brakes

pytestmark = pytest.mark.no_coverage

OURS, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
HERE = Address(Scope(Repo.organization("acme")), "ANTHROPIC_API_KEY")
A, B, C = (Viewer(Repo.parse(f"acme/{name}"), number) for number, name in enumerate("abc", start=1))
ALL, PRIVATE = Audience(Visibility.ALL), Audience(Visibility.PRIVATE)
AUDIENCES = (ALL, PRIVATE, *(Audience.selected(each) for each in ((), (A,), (A, B), (B, C))))
VALUES: tuple[Value, ...] = (Known("aa"), Known("bb"), NotRead("--skip-values"), Unavailable("env K is unset"))
RECORDS = (None, Record("aa", OURS, "k", 0, OURS, OURS), Record("aa", OURS, "k", 0, OURS, OURS, adopted=True))
ESTATE = Estate(1, 1, 1, "s", ("a",))


def wanted(audience: Audience, value: Value = VALUES[0], policy: OnDrift = OnDrift.OVERWRITE) -> Wanted:
    """Return what the manifest says."""
    where = Where("flowforge.yaml", 3, 1)
    return Wanted(HERE, Presence.PRESENT, "T", where, "k", "anthropic_api_key", value, policy, audience=audience)


def seen(audience: Audience | None, time: str = OURS) -> Listing:
    """Return what GitHub shows; None: it is not there."""
    return Listing({HERE.secret: time}, audiences={HERE.secret: audience}) if audience else Listing({})


@cache
def every_plan() -> list[tuple[Plan, Listing]]:
    """Plan every combination of what is wanted, there and remembered."""
    plans = []
    for audience, value, policy, there, time, record, pending in product(
        AUDIENCES, VALUES, OnDrift, (None, *AUDIENCES), (OURS, LATER), RECORDS, (False, True)
    ):
        for known in {None, record and replace(record, visibility=audience.visibility, repo_ids=audience.ids), record}:
            listing = seen(there, time)
            remembered = {HERE: Remembered(known, pending)} if known or pending else {}
            situation = Situation({HERE: wanted(audience, value, policy)}, {HERE.scope: listing}, remembered)
            plans.append((make_plan(situation), listing))
    return plans


@pytest.mark.parametrize(
    ("before", "after", "widens"),
    [
        (ALL, PRIVATE, False),
        (ALL, AUDIENCES[4], False),
        (PRIVATE, ALL, True),
        (PRIVATE, AUDIENCES[3], True),
        (AUDIENCES[4], ALL, True),
        (AUDIENCES[4], PRIVATE, True),
        (AUDIENCES[2], PRIVATE, True),
        (AUDIENCES[4], AUDIENCES[3], False),
        (AUDIENCES[4], AUDIENCES[2], False),
        (AUDIENCES[3], AUDIENCES[4], True),
        (AUDIENCES[4], AUDIENCES[5], True),
        (ALL, ALL, False),
        (PRIVATE, PRIVATE, False),
        (AUDIENCES[4], AUDIENCES[4], False),
        (None, ALL, False),
    ],
)
def test_what_widens(before: Audience | None, after: Audience, widens: bool) -> None:  # noqa: FBT001 -- a parameter
    """Only all to less, and a list that loses repos, surely lets nobody see more."""
    assert widens == Access(before, after).widens


def test_a_repo_is_the_same_by_its_id() -> None:
    """A repo that has another name now has neither left nor joined."""
    access = Access(Audience.selected([A]), Audience.selected([Viewer(Repo.parse("acme/renamed"), A.id)]))
    assert (False, (), ()) == (access.differs, access.added, access.removed)


def test_every_plan_says_who_sees_it_beside_the_value() -> None:
    """One line of each, the value's first; none where the value's is blocked."""
    reached = set()
    for plan, _ in every_plan():
        value, *access = plan.changes
        blocked = value.action is Action.BLOCKED
        assert ([] if blocked else [HERE.of_access]) == [line.address for line in access]
        assert (HERE, HERE) == (value.address, HERE.of_access.of_value)
        reached |= {(line.action, line.reason) for line in access}
    assert {
        (Action.CREATE, Reason.MISSING),
        (Action.NONE, Reason.IN_SYNC),
        (Action.NONE, Reason.CHANGED_OUTSIDE),
        (Action.UPDATE, Reason.ACCESS_CHANGED),
        (Action.BLOCKED, Reason.ACCESS_CHANGED),
    } == reached


def test_who_sees_it_is_in_sync_only_where_it_is_as_wanted() -> None:
    """And what differs is written, blocked, or shown as drift that is left."""
    for plan, listing in every_plan():
        for line in plan.changes[1:]:
            assert line.access is not None
            assert line.wanted is not None
            same = listing.audiences.get(HERE.secret) == line.wanted.audience
            assert same == (line.reason is Reason.IN_SYNC)
            assert same or line.writes or line.action is Action.BLOCKED or line.reported_drift


def test_nothing_is_widened_without_its_flag() -> None:
    """Whatever passes the brake writes an audience that is no wider than the one before, or to nobody's secret."""
    widened = 0
    for plan, _ in every_plan():
        held = {brake.code for brake in brakes(plan, ESTATE, Allowed(takeover=True))}
        written = [line.access for line in plan.changes if line.access is not None and line.writes]
        wider = any(access.widens for access in written)
        assert wider == ("FF506" in held)
        assert "FF506" not in {brake.code for brake in brakes(plan, ESTATE, Allowed(widening=True))}
        widened += wider
    assert widened


def test_a_list_alone_leaves_the_value_alone() -> None:
    """It is written only where the value's line is not, both are lists, and there is a record; it needs no value."""
    alone = 0
    for plan, _ in every_plan():
        value, *lines = plan.changes
        for line in lines:
            assert line.access is not None
            if line.access.by_list and line.writes:
                alone += 1
                assert line.access.before is not None
                audiences = {line.access.before.visibility, line.access.after.visibility}
                assert (Action.NONE, {Visibility.SELECTED}) == (value.action, audiences)
                assert (True, True) == (line.applicable, line.record is not None)
            if line.access.rewrites and line.writes:
                assert isinstance(line.wanted and line.wanted.value, NotRead) != line.applicable
            if value.writes and line.writes:
                assert value.applicable == line.applicable
    assert alone


def test_a_value_that_is_to_be_left_is_left() -> None:
    """Under on_drift: report, a value that was changed outside is not overwritten for the sake of its visibility."""
    for plan, _ in every_plan():
        value = plan.changes[0]
        if value.reported_drift and value.reason is Reason.CHANGED_OUTSIDE:
            assert not any(line.writes and not (line.access and line.access.by_list) for line in plan.changes)


def test_unreadable_is_never_nobody() -> None:
    """No list, no audience, or a repo that cannot be found: nothing is written, and no second line is made."""
    hidden = Unreadable(Why.NO_PERMISSION, "no permission")
    unknown = Listing({HERE.secret: OURS})
    remembered = {HERE: Remembered(RECORDS[1])}
    for audience, value, policy in product(AUDIENCES, VALUES, OnDrift):
        want = wanted(audience, value, policy)
        for each, scene in ((want, hidden), (want, unknown), (replace(want, unread=hidden), seen(ALL))):
            plan = make_plan(Situation({HERE: each}, {HERE.scope: scene}, remembered, prune=True))
            assert [(HERE, Action.BLOCKED, Reason.UNREADABLE)] == [
                (line.address, line.action, line.reason) for line in plan.changes
            ]


def test_what_is_not_wanted_has_one_line() -> None:
    """To be absent, no longer named, or a repo's: nothing is said of who sees it."""
    gone = Wanted(HERE, Presence.ABSENT, "gone", Where("m", 1, 1))
    for want in (gone, None):
        value = decide(HERE, want, Listing({HERE.secret: OURS}), Remembered(RECORDS[1]), prune=True)
        assert (Action.DELETE, None) == (value.action, decide_access(value, Listing({HERE.secret: OURS})))


def test_the_sentences() -> None:
    """Each says what would change, and what that means."""

    def said(before: Audience, after: Audience, value: Value = VALUES[0]) -> str:
        plan = make_plan(
            Situation({HERE: wanted(after, value)}, {HERE.scope: seen(before)}, {HERE: Remembered(RECORDS[1])})
        )
        return plan.changes[1].sentence

    assert "visible to 1 selected repository: 1 removed" == said(AUDIENCES[4], AUDIENCES[3])
    assert "visible to 2 selected repositories: 1 added; more can see it" == said(AUDIENCES[3], AUDIENCES[4])
    assert "visible to private repositories, until now to all repositories; this rewrites the value" == said(
        ALL, PRIVATE
    )
    assert "visible to private repositories, until now to all repositories" == said(ALL, PRIVATE, VALUES[1])
    assert "visible to all repositories" == said(ALL, ALL)


def test_only_an_organization_has_a_time_of_either() -> None:
    """GitHub moves the time of an organization's secret with its list too; of a repo's only with the value."""
    there, record = Listing({HERE.secret: LATER}, audiences={HERE.secret: ALL}), Remembered(RECORDS[1])
    org = decide(HERE, wanted(ALL), there, record, prune=False)
    assert "value or access changed outside FlowForge" == org.sentence
    repo: Change = decide(
        Address(Scope(A.repo), HERE.secret), replace(wanted(ALL), audience=None), there, record, prune=False
    )
    assert "changed outside FlowForge" == repo.sentence


@pytest.mark.parametrize(
    ("before", "new"),
    [
        (None, "acme/a"),
        (Audience(Visibility.PRIVATE), "acme/a"),
        (Audience.selected([]), "acme/a"),
        (Audience.selected([Viewer(Repo.parse("acme/a"), 1)]), ""),
        (Audience(Visibility.ALL), ""),
    ],
)
def test_who_is_new_to_a_group_is_let_see_nothing(before: Audience | None, new: str) -> None:
    """A repo that a group has not admitted must not come to see an organization's secret; one that sees it does."""
    here = Address(Scope(Repo.organization("acme")), "KEY")
    seeing = Audience.selected([Viewer(Repo.parse("acme/a"), 1, "group g"), Viewer(Repo.parse("acme/b"), 2)])
    wanted = Wanted(here, Presence.PRESENT, "T", Where("m"), value=Known("aa"), audience=seeing)
    listing = Listing({"KEY": OURS}, audiences={"KEY": before}) if before else Listing({})
    plan = make_plan(Situation({here: wanted}, {here.scope: listing}))
    held = {brake.code: brake.what for brake in brakes(plan, ESTATE, Allowed(widening=True))}
    assert ({"FF505": f"new to group g, and not admitted yet: {new}"} if new else {}) == held
    assert {} == {brake.code: "" for brake in brakes(plan, ESTATE, Allowed(widening=True, new_repos=True))}

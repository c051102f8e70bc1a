"""The repos that see an organization's secret and that this token is not shown: kept, removed or in the way."""

from dataclasses import replace
from itertools import product

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.decide import Plan, Situation, make_plan
from flowforge.plan.facts import Known, Listing, Presence, Record, Remembered, Unreadable, Wanted
from flowforge.plan.safety import Allowed, Estate, brakes

OURS, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
HERE = Address(Scope(Repo.organization("acme")), "ANTHROPIC_API_KEY")
A, B = (Viewer(Repo.parse(f"acme/{name}"), number) for number, name in ((1, "a"), (2, "b")))
HIDDEN = 7
ALL = Audience(Visibility.ALL)
SHOWN = frozenset({1, 2})
JUST_A = Audience.selected([A])
RECORD = Record("aa", OURS, "k", 0, OURS, OURS, visibility="selected", repo_ids=(1, HIDDEN))


def planned(
    *viewers: Viewer,
    shown: frozenset[int] | None = SHOWN,
    listed: Audience | None = JUST_A,
    time: str = OURS,
    record: Record = RECORD,
    value: str = "aa",
    pending: bool = False,
    on_drift: OnDrift = OnDrift.OVERWRITE,
) -> Plan:
    """Plan a secret that is to be seen by these. shown: None where all are named."""
    wanted = Wanted(
        HERE,
        Presence.PRESENT,
        "T",
        Where("m", 1, 1),
        value=Known(value),
        audience=Audience.selected(viewers),
        shown=shown,
        on_drift=on_drift,
    )
    seen = Listing({HERE.secret: time}, audiences={HERE.secret: listed}) if listed else Listing({})
    return make_plan(Situation({HERE: wanted}, {HERE.scope: seen}, {HERE: Remembered(record, pending)}))


def sent(plan: Plan) -> tuple[int, ...]:
    """Return the ids that both of its lines would write; they agree."""
    (ids,) = {line.wanted.audience.ids for line in plan.changes if line.wanted and line.wanted.audience}
    return ids


def test_nothing_to_do() -> None:
    """What was written and is not shown is no difference, where a selector could not find it."""
    plan = planned(A)
    assert [Reason.IN_SYNC, Reason.IN_SYNC] == [line.reason for line in plan.changes]
    assert plan.proven


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("value", ["aa", "bb"])
@pytest.mark.parametrize("listed", [Audience.selected([A]), None, ALL])
def test_they_stay(listed: Audience | None, value: str, pending: bool) -> None:  # noqa: FBT001 -- a parameter
    """Whatever is written has them: the list alone, the value, one that is made anew; and they widen nothing."""
    plan = planned(A, B, listed=listed, value=value, pending=pending)
    assert (1, 2, HIDDEN) == sent(plan)
    access = plan.changes[1].access
    assert access is not None
    assert plan.changes[1].writes
    assert "; 1 that this token cannot see keeps access" in plan.changes[1].sentence or listed is None
    narrower = planned(A, listed=listed, value=value, pending=pending)
    held = brakes(narrower, Estate(1, 1, 1, "s", ("m",)), Allowed())
    assert (1, HIDDEN) == sent(narrower)
    assert () == held


def test_one_that_is_shown_and_not_listed_is_not_hidden() -> None:
    """A repo that the token sees, and that GitHub does not list, does not see the secret."""
    assert (1,) == sent(planned(A, shown=SHOWN | {HIDDEN}))


def test_named_repos_are_the_whole() -> None:
    """Where all who see it are named, one that is not shown is not wanted: it is removed, and counted."""
    plan = planned(A, shown=None)
    assert ((1,), Action.UPDATE) == (sent(plan), plan.changes[1].action)
    assert "visible to 1 selected repository: 1 removed" == plan.changes[1].sentence
    access = plan.changes[1].access
    assert access is not None
    assert (1, (), True, False) == (access.removed_unseen, access.removed, access.by_list, access.widens)
    assert Reason.IN_SYNC is planned(A, B, shown=None, record=replace(RECORD, repo_ids=(1,))).changes[0].reason


@pytest.mark.parametrize("on_drift", OnDrift)
def test_after_a_change_outside_nobody_knows(on_drift: OnDrift) -> None:
    """GitHub shows another time: whether they see it still is not known, so nothing is written."""
    (line,) = planned(A, B, time=LATER, on_drift=on_drift).changes
    assert (Action.BLOCKED, Why.NOT_FOUND) == (line.action, line.why)
    assert (
        "it was changed outside FlowForge, and a repository that saw it cannot be seen by this token" == line.sentence
    )
    assert (
        "use a token that sees them, or allow it to see all repositories of the organization; if they are gone, "
        "`flowforge state forget orgs/acme/actions/ANTHROPIC_API_KEY`, then apply"
    ) == line.fix
    (line,) = planned(A, time=LATER, record=replace(RECORD, repo_ids=(1, 7, 8))).changes
    assert "and 2 repositories that saw it" in line.sentence
    assert [Action.UPDATE, Action.UPDATE] == [line.action for line in planned(A, B, shown=None, time=LATER).changes]


def test_an_interrupted_write_is_done_again_with_them() -> None:
    """The time may have moved by the write that was interrupted, which had them too."""
    assert (1, 2, HIDDEN) == sent(planned(A, B, time=LATER, pending=True))


def test_a_write_that_no_list_has_shown_is_no_change_of_the_list() -> None:
    """Within its seconds, and where the list shows what was there before it, the hidden ones are known and stay."""
    record = replace(RECORD, unconfirmed=True)
    for time in ("2026-02-01T10:00:00Z", OURS):
        assert HIDDEN in sent(planned(A, B, time=time, record=record))
    (line,) = planned(A, time=LATER, record=record).changes
    assert Action.BLOCKED is line.action


def test_another_visibility_has_no_list() -> None:
    """Where all are to see it, or all saw it, nobody is hidden."""
    wanted = Wanted(HERE, Presence.PRESENT, "T", Where("m"), value=Known("aa"), audience=ALL, shown=SHOWN)
    seen = Listing({HERE.secret: OURS}, audiences={HERE.secret: Audience.selected([A])})
    plan = make_plan(Situation({HERE: wanted}, {HERE.scope: seen}, {HERE: Remembered(RECORD)}))
    assert () == sent(plan)
    assert (1, 2) == sent(planned(A, B, record=replace(RECORD, visibility="all", repo_ids=())))


def test_what_cannot_be_read_stays_so() -> None:
    """A scope that is unreadable, or a repo that is not found, is told as before."""
    wanted = Wanted(HERE, Presence.PRESENT, "T", Where("m"), value=Known("aa"), audience=Audience.selected([A]))
    hidden = Unreadable(Why.SSO)
    seen = Listing({HERE.secret: OURS}, audiences={HERE.secret: Audience.selected([A])})
    for want, scene in ((wanted, hidden), (replace(wanted, unread=hidden), seen)):
        (line,) = make_plan(Situation({HERE: want}, {HERE.scope: scene}, {HERE: Remembered(RECORD)})).changes
        assert (Action.BLOCKED, Why.SSO) == (line.action, line.why)


def test_whatever_is_written_drops_nobody_that_is_not_shown() -> None:
    """Over every list, time, value and interruption: a repo that was written and cannot be seen stays, or all waits."""
    audiences = (None, ALL, Audience.selected([]), JUST_A, Audience.selected([A, B]))
    recorded = ((), (1,), (1, HIDDEN), (HIDDEN,))
    written = 0
    for listed, ids, time, value, pending, viewers, on_drift in product(
        audiences, recorded, (OURS, LATER), ("aa", "bb"), (False, True), ((), (A,), (A, B)), OnDrift
    ):
        record = replace(RECORD, repo_ids=ids)
        plan = planned(
            *viewers, listed=listed, time=time, record=record, value=value, pending=pending, on_drift=on_drift
        )
        if any(line.writes for line in plan.changes):
            written += 1
            assert {*ids} - SHOWN <= {*sent(plan)}
            assert {*sent(plan)} - {*ids} <= {viewer.id for viewer in viewers}
    assert written

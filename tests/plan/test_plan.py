"""A line's own words, a plan's counts, and what a whole plan says of itself."""

from dataclasses import FrozenInstanceError, astuple, replace
from datetime import date

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.adoption import adoption_of
from flowforge.plan.change import Change, Counts
from flowforge.plan.decide import Plan, Situation, make_plan, unreadable_instead
from flowforge.plan.expiry import Expiry
from flowforge.plan.facts import (
    Known,
    Listing,
    NotRead,
    Presence,
    Public,
    Record,
    Remembered,
    Seen,
    Unreadable,
    Unresolved,
    Wanted,
)

HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
TIME = "2026-03-01T10:00:00Z"
WANTED = Wanted(HERE, Presence.PRESENT, "Reviews", Where("m", 1, 1), "ci-key", value=Known("hmac-sha256:aa"))
UNCHECKED = replace(WANTED, value=NotRead("--skip-values"))
ABSENT = replace(WANTED, presence=Presence.ABSENT)
RECORD = Record("hmac-sha256:aa", TIME, "ci-key", 7, TIME, TIME)

CREATE = Change(HERE, Action.CREATE, Reason.MISSING, wanted=WANTED)
CREATE_LATER = replace(CREATE, wanted=UNCHECKED)
UPDATE = Change(HERE, Action.UPDATE, Reason.CHANGED_OUTSIDE, wanted=WANTED, drift=True)
DELETE = Change(HERE, Action.DELETE, Reason.DECLARED_ABSENT, wanted=ABSENT)
IN_SYNC = Change(HERE, Action.NONE, Reason.IN_SYNC, wanted=WANTED, record=RECORD)
ALREADY_ABSENT = Change(HERE, Action.NONE, Reason.ALREADY_ABSENT, wanted=ABSENT)
ASSUMED = replace(IN_SYNC, reason=Reason.ASSUMED)
DRIFT = Change(HERE, Action.NONE, Reason.CHANGED_OUTSIDE, wanted=WANTED, drift=True)
NOT_CHECKED = Change(HERE, Action.NONE, Reason.VALUE_NOT_CHECKED, detail="--skip-values", wanted=UNCHECKED)
NOT_CHECKED_DRIFT = replace(NOT_CHECKED, drift=True)
BLOCKED = Change(
    HERE, Action.BLOCKED, Reason.UNREADABLE, Why.NO_PERMISSION, "no permission: Secrets: read", wanted=WANTED
)
NOT_NAMED = Change(HERE, Action.NONE, Reason.NOT_NAMED, record=RECORD)
NOT_SEEN = Change(HERE, Action.NONE, Reason.NOT_SEEN, Why.SSO, record=RECORD)
PRUNE_BLOCKED = Change(HERE, Action.BLOCKED, Reason.NOT_OURS, record=RECORD)

# symbol, counts, and of a plan of this one line: has_changes, complete, proven
LINES = [
    (CREATE, "+", Counts(create=1), (True, True, False)),
    (CREATE_LATER, "+", Counts(create=1, unread=1), (True, False, False)),
    (UPDATE, "~", Counts(update=1), (True, True, False)),
    (DELETE, "-", Counts(delete=1), (True, True, False)),
    (IN_SYNC, "=", Counts(in_sync=1), (False, True, True)),
    (ALREADY_ABSENT, "=", Counts(in_sync=1), (False, True, True)),
    (ASSUMED, "=", Counts(assumed=1), (False, True, False)),
    (DRIFT, "?", Counts(drift=1), (True, True, False)),
    (NOT_CHECKED, "=", Counts(unchecked=1), (False, True, False)),
    (NOT_CHECKED_DRIFT, "?", Counts(unchecked=1, drift=1), (True, True, False)),
    (BLOCKED, "!", Counts(blocked=1), (False, False, False)),
    (NOT_NAMED, " ", Counts(listed=1, left_over=1), (True, True, False)),
    (NOT_SEEN, " ", Counts(listed=1, not_seen=1), (False, False, False)),
    (PRUNE_BLOCKED, "!", Counts(blocked=1), (False, False, False)),
]


@pytest.mark.parametrize(("change", "symbol", "counts", "says"), LINES)
def test_each_line_and_a_plan_of_it(change: Change, symbol: str, counts: Counts, says: tuple[bool, bool, bool]) -> None:
    """Each sort of line has its symbol, its place in the footer, and its say in the plan's three answers."""
    plan = Plan((change,))
    assert (symbol, counts, says) == (change.symbol, plan.counts, (plan.has_changes, plan.complete, plan.proven))


def test_a_whole_plan_adds_up() -> None:
    """Counts are sums over the lines, and a plan is proven only if each of its lines is."""
    plan = Plan(tuple(line[0] for line in LINES))
    expected = Counts(
        2, 1, 1, 2, assumed=1, blocked=2, drift=2, unchecked=2, listed=2, left_over=1, not_seen=1, unread=1
    )
    assert (expected, 4, (True, False, False)) == (
        plan.counts,
        plan.counts.writes,
        (plan.has_changes, plan.complete, plan.proven),
    )
    assert (CREATE, UPDATE, DELETE) == plan.todo


@pytest.mark.parametrize("change", [line[0] for line in LINES])
def test_what_blocks_a_plan(change: Change) -> None:
    """One line that is blocked does, whatever is beside it, and an entry whose repos are not known, unless unasked."""
    blocks = change.action is Action.BLOCKED
    assert [blocks] * 2 == [Plan(lines).blocked for lines in ((change,), (IN_SYNC, change, IN_SYNC))]
    unasked, hidden = (Unresolved("target All", Where("m", 1, 1), Unreadable(why)) for why in (Why.NOT_ASKED, Why.SSO))
    assert [blocks, True, True] == [
        Plan((change,), unresolved).blocked for unresolved in ((unasked,), (hidden,), (unasked, hidden, unasked))
    ]
    assert not Plan(()).blocked


@pytest.mark.parametrize(("days_left", "expired"), [(-1, 1), (0, 1), (1, 0)])
def test_a_plan_with_an_expired_credential_is_not_in_sync(days_left: int, expired: int) -> None:
    """All is well where every line is proven and every credential lives, one day more at least."""
    expiries = (Expiry("ci-key", date(2026, 3, 1), days_left), Expiry("other", date(2026, 4, 1), 32))
    for change in (IN_SYNC, ASSUMED):
        plan = Plan((change,), expiries=expiries)
        assert (expired, plan.proven and not expired) == (plan.expired, plan.in_sync)


def test_an_empty_plan_is_proven() -> None:
    """Nothing wanted and nothing remembered: nothing to do, and nothing in doubt."""
    plan = make_plan(Situation({}, {}))
    assert (Plan(()), (0,) * 12, (False, True, True)) == (
        plan,
        astuple(plan.counts),
        (plan.has_changes, plan.complete, plan.proven),
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (CREATE, "missing"),
        (NOT_CHECKED, "value not checked: --skip-values"),
        (BLOCKED, "no permission: Secrets: read"),
        (replace(BLOCKED, detail=""), "no permission"),
        (NOT_SEEN, "the organization's single sign-on is required"),
    ],
)
def test_the_sentence_says_why(change: Change, expected: str) -> None:
    """A line says its reason, with the detail after a colon; an unreadable scope says its own detail, or why."""
    assert expected == change.sentence


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (IN_SYNC, False),
        (replace(IN_SYNC, wanted=replace(WANTED, credential="new")), True),
        (replace(ASSUMED, wanted=replace(WANTED, credential="new")), True),
        (replace(UPDATE, record=RECORD, wanted=replace(WANTED, credential="new")), False),
        (replace(IN_SYNC, record=None), False),
        (replace(IN_SYNC, wanted=None), False),
    ],
)
def test_only_a_settled_line_is_relabelled(*, change: Change, expected: bool) -> None:
    """The state takes another credential's name only where the value is known or assumed to be the same."""
    assert expected is change.relabels


def test_a_scope_that_was_not_asked_for_is_not_planned() -> None:
    """A plan says nothing of what was not looked at: it is neither missing nor unreadable."""
    web = Address(Scope(Repo.parse("acme/web")), "ANTHROPIC_API_KEY")
    wanted = {HERE: WANTED, web: replace(WANTED, address=web)}
    assert Plan((CREATE,)) == make_plan(Situation(wanted, {HERE.scope: Listing({})}))


def test_a_refused_look_up_stands_in_the_place_of_the_list() -> None:
    """What a look-up refuses replaces the list of that scope, adds no scope, and leaves the others and its input."""
    scopes = [Scope(Repo.parse(f"acme/{name}")) for name in ("api", "billing", "web")]
    seen: dict[Scope, Seen] = {scopes[0]: Listing({"A_KEY": TIME}), scopes[1]: Listing({"B_KEY": TIME})}
    archived = Unreadable(Why.ARCHIVED)
    before = dict(seen)
    expected = {scopes[0]: archived, scopes[1]: Listing({"B_KEY": TIME})}
    assert (expected, before) == (unreadable_instead(seen, {scopes[0]: archived, scopes[2]: archived}), seen)


def test_nothing_is_pruned_unless_it_is_said() -> None:
    """Pruning is asked for, never a default: what we wrote and nobody names is only listed."""
    seen = {HERE.scope: Listing({HERE.secret: TIME})}
    assert Plan((replace(NOT_NAMED, seen_at=TIME),)) == make_plan(Situation({}, seen, {HERE: Remembered(RECORD)}))


@pytest.mark.parametrize(
    ("data", "name"), [(IN_SYNC, "action"), (Plan(()), "changes"), (WANTED, "value"), (RECORD, "fingerprint")]
)
def test_a_plan_is_inert(data: object, name: str) -> None:
    """A plan and what it stands on cannot be changed after the decision."""
    with pytest.raises(FrozenInstanceError):
        setattr(data, name, getattr(data, name))


def test_what_is_not_known_to_be_wanted() -> None:
    """Where an entry's repos are not known, what it may want is blocked, and what nobody names is left as it is."""
    cut = Unreadable(Why.CUT_SHORT, "the list was cut short", "try again")
    other = Address(Scope(Repo.parse("acme/other")), "OLD")
    third = Address(Scope(Repo.parse("acme/third")), "NEW")
    seen: dict[Scope, Seen] = {
        HERE.scope: Listing({}),
        other.scope: Listing({"OLD": TIME}),
        third.scope: Listing({}),
    }
    unresolved = (Unresolved("target All", Where("m", 1, 1), cut),)
    situation = Situation(
        {HERE: replace(WANTED, unread=cut), third: replace(WANTED, address=third)},
        seen,
        {other: Remembered(RECORD)},
        prune=True,
        unresolved=unresolved,
    )
    plan = make_plan(situation)
    assert [
        (HERE, Action.BLOCKED, Reason.UNREADABLE, Why.CUT_SHORT, "the list was cut short", "try again"),
        (other, Action.NONE, Reason.NOT_SEEN, Why.CUT_SHORT, "the list was cut short", "try again"),
        (third, Action.CREATE, Reason.MISSING, None, "", ""),
    ] == [(each.address, each.action, each.reason, each.why, each.detail, each.fix) for each in plan.changes]
    assert (unresolved, False, False) == (plan.unresolved, plan.complete, Plan((IN_SYNC,), unresolved).proven)
    assert not make_plan(replace(situation, seen={})).changes


@pytest.mark.parametrize(
    ("wanted", "time", "record", "settled"),
    [
        (WANTED, TIME, RECORD, Reason.IN_SYNC),
        (WANTED, "", RECORD, None),
        (WANTED, TIME, None, None),
        (replace(WANTED, value=Known("hmac-sha256:bb")), TIME, RECORD, None),
        (UNCHECKED, TIME, RECORD, None),
        (WANTED, TIME, replace(RECORD, adopted=True), None),
        # The state would have another name for its credential.
        (WANTED, TIME, replace(RECORD, credential="other"), None),
        (ABSENT, "", None, Reason.ALREADY_ABSENT),
        # The state would forget it.
        (ABSENT, "", RECORD, None),
        (ABSENT, TIME, RECORD, None),
    ],
)
def test_beside_a_list_cut_short_what_is_done_stays(
    wanted: Wanted, time: str, record: Record | None, settled: Reason | None
) -> None:
    """A line of an entry whose repos are not known is in sync where neither GitHub nor the state would change."""
    cut = Unreadable(Why.CUT_SHORT, "the list was cut short", "try again")
    unread = replace(wanted, unread=cut)
    remembered = {HERE: Remembered(record)} if record else {}
    seen = {HERE.scope: Listing({HERE.secret: time} if time else {})}
    (change,) = make_plan(Situation({HERE: unread}, seen, remembered, prune=True)).changes
    expected = (Action.NONE, settled, None) if settled else (Action.BLOCKED, Reason.UNREADABLE, Why.CUT_SHORT)
    assert (expected, unread, False) == ((change.action, change.reason, change.why), change.wanted, change.tidies)


def test_what_may_not_be_wanted_is_not_adopted() -> None:
    """A variable that holds the right value is recorded, unless it is not known whether its repo is meant."""
    here = Address(Scope(HERE.scope.repo, Store.VARIABLES), "RULE")
    wanted = replace(WANTED, address=here, value=Public("fdrl_1"))
    seen = {here.scope: Listing({"RULE": TIME}, values={"RULE": Public("fdrl_1")})}
    for want, expected in ((wanted, 1), (replace(wanted, unread=Unreadable(Why.CUT_SHORT)), 0)):
        plan = make_plan(Situation({here: want}, seen))
        assert (["in sync"], expected) == ([each.sentence for each in plan.changes], len(adoption_of(plan).taken))


def test_nothing_is_deleted_that_an_unknown_target_may_want() -> None:
    """A target whose repos are not known may want what is declared absent; an absent entry wants nothing."""
    cut = Unreadable(Why.CUT_SHORT, "", "try again")
    gone = replace(WANTED, presence=Presence.ABSENT)
    there, record = {HERE.scope: Listing({HERE.secret: TIME})}, {HERE: Remembered(RECORD)}
    for wants, there_now, expected in (
        (
            True,
            there,
            (Action.BLOCKED, Reason.UNREADABLE, "target All may want something there: the list was cut short"),
        ),
        (False, there, (Action.DELETE, Reason.DECLARED_ABSENT, "declared absent")),
        (True, {HERE.scope: Listing({})}, (Action.NONE, Reason.ALREADY_ABSENT, "already absent")),
    ):
        unresolved = (Unresolved("target All", Where("m", 1, 1), cut, wants=wants),)
        (line,) = make_plan(Situation({HERE: gone}, there_now, record, unresolved=unresolved)).changes
        assert expected == (line.action, line.reason, line.sentence)

"""The manifest against the state alone: laws over generated situations, and that nothing of GitHub is claimed."""

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer
from flowforge.plan.facts import (
    UNKNOWN,
    Known,
    NotRead,
    Presence,
    Public,
    Record,
    Remembered,
    Unreadable,
    Unresolved,
    Wanted,
)
from flowforge.plan.offline import plan_as_recorded

OURS = "2026-03-01T10:00:00Z"
PLACES = tuple(Address(Scope(Repo.parse(f"acme/{name}")), "ANTHROPIC_API_KEY") for name in ("api", "web", "zoo"))
RECORD = Record("hmac-sha256:aa", OURS, "ci-key", 7, OURS, OURS)
HELD = (
    None,
    Remembered(None, pending=True),
    *(Remembered(replace(RECORD, adopted=each), one) for each, one in product((False, True), (False, True))),
)
WORDS = ("none", "absent", "ci-key", "new-key")
# What may be told of a secret where GitHub was not asked.
TOLD = {
    Reason.NEVER_RECORDED,
    Reason.CREDENTIAL_CHANGED,
    Reason.NOT_CHECKED,
    Reason.INTERRUPTED,
    Reason.DECLARED_ABSENT,
    Reason.NOT_NAMED,
    Reason.NOT_OURS,
}
situations = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(HELD)), min_size=3, max_size=3)


def wanted_of(word: str, address: Address) -> Wanted | None:
    """Return what the manifest says in a word."""
    where = Where("flowforge.yaml", 3, 1)
    if word == "none":
        return None
    presence = Presence.ABSENT if word == "absent" else Presence.PRESENT
    return Wanted(address, presence, "target", where, "" if word == "absent" else word, value=NotRead("--skip-values"))


@given(situations, st.booleans())
def test_nothing_of_github_is_claimed(cases: list[tuple[str, Remembered | None]], prune: bool) -> None:  # noqa: FBT001 -- hypothesis gives it
    """Every line is of a reason that the state can know, with no time but the recorded, no drift, nothing forgotten."""
    wanted = {place: found for place, (word, _) in zip(PLACES, cases, strict=True) if (found := wanted_of(word, place))}
    held = {place: each for place, (_, each) in zip(PLACES, cases, strict=True) if each}
    plan = plan_as_recorded(wanted, held, unresolved=(), prune=prune)
    assert [*sorted({*wanted, *held})] == [change.address for change in plan.changes]
    for change in plan.changes:
        known = held.get(change.address)
        record = known.record if known else None
        assert change.reason in TOLD
        assert (record.updated_at if record else "", False, False) == (change.seen_at, change.drift, change.forgets)
        assert not change.in_sync
    assert not plan.proven


@given(situations)
def test_it_is_a_change_where_the_two_say_otherwise(cases: list[tuple[str, Remembered | None]]) -> None:
    """A line is a change if, and only if, the manifest and the state cannot both be right."""
    for place, (word, held) in zip(PLACES, cases, strict=True):
        wanted = wanted_of(word, place)
        plan = plan_as_recorded(
            {place: wanted} if wanted else {}, {place: held} if held else {}, unresolved=(), prune=False
        )
        record, pending = (held.record, held.pending) if held else (None, False)
        if word in {"ci-key", "new-key"}:
            expected = record is None or pending or record.credential != word
        else:
            # What is no longer named is left over: somebody has to say what becomes of it.
            expected = held is not None
        assert expected == plan.has_changes


def test_a_variable_is_known_by_its_value() -> None:
    """Of a variable the wanted value is known, and the recorded one by its fingerprint."""
    here = PLACES[0]
    want = Wanted(here, Presence.PRESENT, "t", Where("m", 1, 1), "ci-key", value=Public("one"))
    reasons = []
    for text in ("one", "two"):
        held = {here: Remembered(replace(RECORD, fingerprint=Public(text).fingerprint))}
        reasons += [each.reason for each in plan_as_recorded({here: want}, held, unresolved=(), prune=False).changes]
    assert [Reason.NOT_CHECKED, Reason.VALUE_CHANGED] == reasons


def test_a_fingerprint_of_no_value_is_a_change() -> None:
    """What `state rekey` could not compare is written again, whatever the value is by now."""
    here = PLACES[0]
    held = {here: Remembered(replace(RECORD, fingerprint=UNKNOWN))}
    plan = plan_as_recorded({here: wanted_of("ci-key", here) or _none()}, held, unresolved=(), prune=False)
    assert [(Action.UPDATE, Reason.VALUE_CHANGED)] == [(change.action, change.reason) for change in plan.changes]


def test_what_a_selector_means_is_not_known() -> None:
    """Beside an entry whose repos are not known, nothing is no longer named, and what it wants is blocked."""
    where, unknown = Where("m", 1, 1), Unreadable(Why.NOT_ASKED)
    unread = replace(wanted_of("ci-key", PLACES[1]) or _none(), unread=unknown)
    entry = Unresolved("target All", where, unknown, wants=True)
    held = {PLACES[0]: Remembered(RECORD)}
    plan = plan_as_recorded({PLACES[1]: unread}, held, unresolved=(entry,), prune=True)
    assert [(Action.NONE, Reason.NOT_SEEN), (Action.BLOCKED, Reason.UNREADABLE)] == [
        (change.action, change.reason) for change in plan.changes
    ]


def test_who_is_to_see_it_is_not_known() -> None:
    """Offline, of an organization's variable that a selector shows to repos, nothing is said of who sees it."""
    here = Address(Scope(Repo.organization("acme"), Store.VARIABLES), "RULE")
    want = Wanted(here, Presence.PRESENT, "t", Where("m", 1, 1), "ci-key", value=Public("one"))
    want = replace(
        want, audience=Audience.selected([Viewer(Repo.parse("acme/a"), 1)]), unread=Unreadable(Why.NOT_ASKED)
    )
    record = replace(RECORD, fingerprint=Public("one").fingerprint, visibility="selected", repo_ids=(1, 2))
    plan = plan_as_recorded({here: want}, {here: Remembered(record)}, unresolved=(), prune=False)
    assert [(here, Action.BLOCKED)] == [(change.address, change.action) for change in plan.changes]


def _none() -> Wanted:
    return Wanted(PLACES[0], Presence.ABSENT, "t", Where("m", 1, 1), value=Known(""))

"""docs/planning.md against the code: every reason, every brake, every exit code, and every example as it is printed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest

from flowforge.errors import ExitCode, Where
from flowforge.plan.action import OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.capacity import within_capacity
from flowforge.plan.decide import Plan, decide
from flowforge.plan.decide_access import decide_access
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
    Wanted,
)
from flowforge.plan.offline import plan_as_recorded
from flowforge.plan.rotation import Rotation, waits
from flowforge.plan.safety import Allowed, Estate, brakes
from flowforge.plan.succession import Successor, until_replaced
from flowforge.render.text import plan_lines

PAGE = (Path(__file__).parents[2] / "docs" / "planning.md").read_text("utf-8")

HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
OURS, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
RECORD = Record("hmac-sha256:aa", OURS, "ci-key", 7, OURS, OURS)
ADOPTED = replace(RECORD, adopted=True)
WANTED = Wanted(
    HERE, Presence.PRESENT, "Reviews", Where("m", 1, 1), "ci-key", "anthropic_api_key", Known("hmac-sha256:aa")
)
ROTATED = replace(WANTED, value=Known("hmac-sha256:bb"))
UNCHECKED = replace(WANTED, value=NotRead("--skip-values"))
NOT_GIVEN = replace(WANTED, value=NotRead("nobody can be asked", "run it at a terminal", chosen=False))
TOLERATED = replace(WANTED, on_drift=OnDrift.REPORT)
ACCEPTED = replace(WANTED, on_drift=OnDrift.ACCEPT)
WITHOUT = replace(WANTED, value=Unavailable("env ACME_KEY is unset"))
ABSENT = Wanted(HERE, Presence.ABSENT, "gone", Where("m", 9, 1))
MISSING, AS_OURS, AS_LATER = (Listing({}), Listing({HERE.secret: OURS}), Listing({HERE.secret: LATER}))
FULL = Listing({f"OTHER_{number}": LATER for number in range(100)})
HIDDEN = Unreadable(Why.NOT_FOUND, "not found, or invisible to this token")
NEVER = Remembered(None)
ONCE = Remembered(RECORD)
TAKEN = Remembered(ADOPTED)
PENDING = Remembered(RECORD, pending=True)
SENT = Remembered(replace(RECORD, updated_at=LATER, unconfirmed=True))

# An organization's secret, and who sees it.
ORG = Address(Scope(Repo.organization("acme")), HERE.secret)
API, WEB, OLD = (
    Viewer(Repo.parse(f"acme/{name}"), number) for number, name in enumerate(("api", "web", "old"), start=1)
)
SHARED = replace(WANTED, address=ORG, audience=Audience.selected([API, WEB]))
PUBLISHED = replace(SHARED, audience=Audience(Visibility.ALL))
TO_ALL_LEFT = replace(PUBLISHED, on_drift=OnDrift.REPORT)
SEEN_BY_OTHERS = replace(AS_OURS, audiences={HERE.secret: Audience.selected([API, OLD])})

# What takes the place of the secret in the examples of `still_needed`, and keeps it.
VARIABLE = Address(Scope(HERE.scope.repo, Store.VARIABLES), "ANTHROPIC_ORGANIZATION_ID")
SUCCESSORS = {
    Reason.STILL_NEEDED: [
        Successor((), ".github/workflows/claude.yml:12 still passes it"),
        Successor((VARIABLE,)),
    ]
}

# The section of the page, and the facts of each of its examples in their order; no sight of GitHub: offline.
Facts = tuple[Wanted | None, Seen | None, Remembered, bool]
EXAMPLES: dict[Reason, list[Facts]] = {
    Reason.MISSING: [(WANTED, MISSING, NEVER, False)],
    Reason.DELETED_OUTSIDE: [(WANTED, MISSING, ONCE, False)],
    Reason.INTERRUPTED: [
        (WANTED, MISSING, PENDING, False),
        (WANTED, AS_OURS, PENDING, False),
        (WANTED, AS_OURS, SENT, False),
        (None, AS_LATER, PENDING, False),
        (None, AS_LATER, PENDING, True),
    ],
    Reason.NEVER_APPLIED: [(WANTED, AS_LATER, NEVER, False)],
    Reason.IN_SYNC: [(WANTED, AS_OURS, ONCE, False)],
    Reason.ASSUMED: [(WANTED, AS_OURS, TAKEN, False)],
    Reason.TO_PROVE: [(replace(WANTED, prove=True), AS_OURS, TAKEN, False)],
    Reason.VALUE_CHANGED: [(ROTATED, AS_OURS, ONCE, False)],
    Reason.CHANGED_OUTSIDE: [
        (WANTED, AS_LATER, ONCE, False),
        (TOLERATED, AS_LATER, ONCE, False),
        (ACCEPTED, AS_LATER, ONCE, False),
    ],
    Reason.VALUE_CHANGED_AND_OUTSIDE: [(ROTATED, AS_LATER, ONCE, False)],
    Reason.ACCESS_CHANGED: [
        (SHARED, SEEN_BY_OTHERS, ONCE, False),
        (PUBLISHED, SEEN_BY_OTHERS, ONCE, False),
        (TO_ALL_LEFT, replace(SEEN_BY_OTHERS, updated_at={HERE.secret: LATER}), ONCE, False),
    ],
    Reason.VALUE_NOT_CHECKED: [
        (UNCHECKED, AS_OURS, ONCE, False),
        (UNCHECKED, AS_LATER, ONCE, False),
        (UNCHECKED, MISSING, NEVER, False),
        (UNCHECKED, AS_LATER, NEVER, False),
    ],
    Reason.VALUE_NOT_READ: [(NOT_GIVEN, MISSING, NEVER, False)],
    Reason.VALUE_UNAVAILABLE: [(WITHOUT, MISSING, NEVER, False)],
    Reason.NO_ROOM: [(WANTED, FULL, NEVER, False)],
    Reason.STILL_NEEDED: [(ABSENT, AS_LATER, NEVER, False), (ABSENT, AS_LATER, NEVER, False)],
    Reason.ROTATING: [(ROTATED, AS_OURS, ONCE, False), (ROTATED, AS_OURS, ONCE, False)],
    Reason.DECLARED_ABSENT: [(ABSENT, AS_LATER, NEVER, False)],
    Reason.ALREADY_ABSENT: [(ABSENT, MISSING, NEVER, False)],
    Reason.NOT_NAMED: [(None, AS_OURS, ONCE, False), (None, AS_OURS, ONCE, True)],
    Reason.NOT_OURS: [(None, AS_LATER, ONCE, False), (None, AS_LATER, ONCE, True)],
    Reason.GONE: [(None, MISSING, ONCE, False)],
    Reason.UNREADABLE: [(WANTED, HIDDEN, ONCE, False)],
    Reason.NOT_SEEN: [(None, HIDDEN, ONCE, False)],
    Reason.NEVER_RECORDED: [(UNCHECKED, None, NEVER, False)],
    Reason.CREDENTIAL_CHANGED: [(replace(UNCHECKED, credential="new-key"), None, ONCE, False)],
    Reason.NOT_CHECKED: [(UNCHECKED, None, ONCE, False)],
}


# The rotations that hold up the lines of their reason: one that has not come there, one to another value.
WALKS = [
    {"ci-key": Rotation("hmac-sha256:bb", OURS)},
    {"ci-key": Rotation("hmac-sha256:cc", OURS, reached={HERE: 1})},
]


def section(heading: str) -> str:
    """Return the text below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found.group(1)


def _as_recorded(wanted: Wanted | None, remembered: Remembered) -> Plan:
    known = {HERE: remembered} if remembered.record else {}
    return plan_as_recorded({HERE: wanted} if wanted else {}, known, unresolved=(), prune=False)


def printed(facts: Facts, rotations: Mapping[str, Rotation] | None = None, successor: Successor | None = None) -> str:
    """Return the line of a plan for one secret, without the lines below it that say what differs and what to do."""
    wanted, seen, remembered, prune = facts
    if seen is None:
        return next(iter(plan_lines(_as_recorded(wanted, remembered), verbose=True)))
    decided = decide(wanted.address if wanted else HERE, wanted, seen, remembered, prune=prune)
    (roomy,) = within_capacity([decided], {decided.address.scope: seen})
    (kept,) = until_replaced([roomy], (), {HERE: successor} if successor else {})
    value = waits(kept, rotations or {})
    plan = Plan((decide_access(value, seen) or value,))
    return next(line for line in plan_lines(plan, verbose=True) if HERE.secret in line)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_section_with_the_lines_that_a_plan_prints(reason: Reason) -> None:
    """Each reason is a heading; its examples are what the decision and the view print, all of them, in order."""
    text = section(f"`{reason.value}`")
    blocks = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    walks = WALKS if reason is Reason.ROTATING else [{}] * len(EXAMPLES[reason])
    successors = SUCCESSORS.get(reason, repeat(None))
    expected = [printed(*each) for each in zip(EXAMPLES[reason], walks, successors, strict=False)]
    assert expected == "".join(blocks).splitlines()
    assert len(re.sub(r"```text.*?```", "", text, flags=re.DOTALL).split()) >= 8, "a meaning in words"


def test_the_lines_that_are_one() -> None:
    """The example of many lines that are one is what a plan of 300 repos prints."""
    names = ["api", "app", "auth", *(f"svc-{number:03}" for number in range(297))]
    places = [Address(Scope(Repo.parse(f"acme/{name}")), HERE.secret) for name in names]
    rotated = [replace(ROTATED, address=place, target="Backend reviews with the CI key") for place in places]
    seen, remembered = Listing({HERE.secret: OURS}), Remembered(RECORD)
    plan = Plan(tuple(decide(want.address, want, seen, remembered, prune=False) for want in rotated))
    (block,) = re.findall(r"^```text\n(.*?)^```$", section("Reading a plan"), re.MULTILINE | re.DOTALL)
    assert block.splitlines() == list(plan_lines(plan, verbose=False))[:3]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_in_the_table(reason: Reason) -> None:
    """The table names each reason in the last column of a row."""
    assert re.search(rf"\|[^|\n]*`{reason.value}`[^|\n]*\|$", section("The table"), re.MULTILINE)


@pytest.mark.parametrize("why", Why)
def test_every_cause_of_not_seeing_is_described(why: Why) -> None:
    """Each is a row: its word for machines, its words for people, and what to do."""
    row = re.search(rf"^\| `{why.value}` \| {re.escape(why.text)} \| (.+) \|$", section("`unreadable`"), re.MULTILINE)
    assert row is not None
    assert len(row.group(1).split()) >= 4, "what to do"


def test_every_brake_is_described() -> None:
    """The page's rows are the brakes that there are, in their order, each with its flag; each has a word of advice."""
    estate = Estate(10, 0, 10, "s", ("a",), ("b",), prune=True)
    hidden = decide(HERE, ABSENT, AS_LATER, NEVER, prune=False)
    taken = decide(HERE, replace(WANTED, new_to="group services"), AS_LATER, NEVER, prune=False)
    shared = decide_access(decide(ORG, PUBLISHED, SEEN_BY_OTHERS, ONCE, prune=False), SEEN_BY_OTHERS)
    assert shared is not None
    held = brakes(Plan((hidden,) * 4 + (taken,) * 4 + (shared,)), estate, Allowed())
    expected = [(brake.code, brake.flag.split()[0]) for brake in held]
    rows = re.findall(r"^\| `(FF5\d\d)` \| .+ \| `(--[a-z-]+)[^|]*` \|$", section("Brakes"), re.MULTILINE)
    advice = re.findall(r"^- `(FF5\d\d)`: ", section("Brakes"), re.MULTILINE)
    assert (6, expected, [code for code, _ in expected]) == (len(rows), rows, advice)


def test_every_exit_code_is_described() -> None:
    """The table of exit codes is whole and in order."""
    rows = re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)
    assert [str(code.value) for code in ExitCode] == rows


@pytest.mark.parametrize("symbol", "+~-=?!")
def test_every_symbol_is_described(symbol: str) -> None:
    """Each symbol of the margin is a row of the first table."""
    assert f"| `{symbol}` | " in section("Reading a plan")

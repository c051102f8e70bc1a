"""All that can be decided of one secret, and of who sees one of an organization: what laws over lines go over."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.capacity import within_capacity
from flowforge.plan.change import Change
from flowforge.plan.decide import decide
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
    Value,
    Wanted,
)
from flowforge.plan.rotation import Rotation, waits
from flowforge.plan.succession import Successor, until_replaced

HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
ORG = replace(HERE, scope=Scope(Repo.organization("acme")))
OURS, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
RECORD = Record("hmac-sha256:aa", OURS, "ci-key", 7, OURS, OURS)
KEPT = [None, RECORD, replace(RECORD, adopted=True)]
# The barest of each: no clause of advice is given with it.
VALUES: list[Value] = [
    Known("hmac-sha256:aa"),
    Known("hmac-sha256:bb"),
    NotRead("--skip-values"),
    NotRead("nobody can be asked", chosen=False),
    Unavailable("env ACME_KEY is unset"),
]
FULL = Listing({f"OTHER_{number}": LATER for number in range(100)})
SEEN: list[Seen] = [
    Listing({}),
    Listing({HERE.secret: OURS}),
    Listing({HERE.secret: LATER}),
    FULL,
    *(Unreadable(why) for why in Why),
]
VARIABLE = Address(Scope(HERE.scope.repo, Store.VARIABLES), "ANTHROPIC_ORGANIZATION_ID")
SUCCESSORS = [{}, {HERE: Successor((VARIABLE,))}, {HERE: Successor((), "a step still passes it")}]
EVERYBODY, ONE = Audience(Visibility.ALL), Audience.selected([Viewer(Repo.parse("acme/api"), 1)])

# A rotation that has not come to the secret.
WALKING = {"ci-key": Rotation("hmac-sha256:cc", OURS)}


def wanted(value: Value, address: Address = HERE, audience: Audience | None = None) -> Wanted:
    """Return what a target wants."""
    return Wanted(
        address, Presence.PRESENT, "Reviews", Where("m", 1, 1), "ci-key", "anthropic_api_key", value, audience=audience
    )


def decisions() -> Iterator[Change]:
    """Decide all that can be known of one secret, and of who sees one of an organization."""
    asked = [None, wanted(Known("x")), *map(wanted, VALUES)]
    asked[1] = replace(wanted(Known("x")), presence=Presence.ABSENT)
    for want, seen, record, pending, prune in product(asked, SEEN, KEPT, (False, True), (False, True)):
        decided = decide(HERE, want, seen, Remembered(record, pending), prune=prune)
        roomy = list(within_capacity([decided], {HERE.scope: seen}))
        for successors in SUCCESSORS:
            yield from until_replaced(roomy, (), successors)
        if decided.action is Action.UPDATE:
            yield waits(decided, WALKING)
    there = [replace(each, audiences={HERE.secret: ONE}) for each in SEEN[1:3] if isinstance(each, Listing)]
    for value, seen, record, policy in product(VALUES, there, KEPT, OnDrift):
        want = replace(wanted(value, ORG, EVERYBODY), on_drift=policy)
        line = decide(ORG, want, seen, Remembered(record), prune=False)
        yield from filter(None, (line, decide_access(line, seen)))

"""The lines of a plan as plain data for a file, and the digest by which two plans are compared.

What may change without a meaning is left out: the name of a target and its place in the manifest, the words of a
message, the cost of the plan.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flowforge.plan.address import Address
from flowforge.plan.audience import Audience
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import NotRead, Unavailable, Wanted

Basis = Mapping[str, Any]


def lines_of(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return each line by its address, in lower case: the manifest may write a repo in any case."""
    return {_key(change.address): _line(change) for change in plan.changes}


def digest_of(basis: Basis) -> str:
    """Return a hash of all that a plan stands on: `sha256:<hex>`."""
    # Sorted and without spaces, so that equal content gives equal bytes.
    canonical = json.dumps(basis, sort_keys=True, separators=(",", ":")).encode("ascii")
    return "sha256:" + hashlib.sha256(canonical).hexdigest()


def _line(change: Change) -> dict[str, Any]:
    wanted, access = change.wanted, change.access
    return {
        "action": change.action.value,
        "reason": change.reason.value,
        "why": change.why.value if change.why else None,
        "presence": wanted.presence.value if wanted else None,
        "credential": wanted.credential if wanted else None,
        "type": wanted.type if wanted else None,
        "on_drift": wanted.on_drift.value if wanted else None,
        "new_to": wanted.new_to if wanted else None,
        "fingerprint": _fingerprint(wanted),
        "updated_at": change.seen_at or None,
        # The hash of a variable's value and not the value: a saved plan holds no values.
        "holds": change.seen_value.fingerprint if change.seen_value else None,
        "drift": change.drift,
        "forgets": change.forgets,
        "makes_environment": change.makes_environment,
        "visible_to": _audience(access.before) if access else None,
        "to_be_visible_to": _audience(access.after) if access else None,
    }


def _fingerprint(wanted: Wanted | None) -> str | None:
    if wanted is None or isinstance(wanted.value, NotRead | Unavailable):
        return None
    return wanted.value.fingerprint


def _audience(audience: Audience | None) -> dict[str, Any] | None:
    if audience is None:
        return None
    repos = {each.repo.key: each.id for each in audience.viewers}
    return {"visibility": audience.visibility.value, "repos": repos, "hidden": sorted(audience.hidden)}


def _key(address: Address) -> str:
    scope = address.scope
    repo = replace(scope.repo, name=scope.repo.key)
    return str(replace(address, scope=replace(scope, repo=repo, environment=scope.environment_key)))

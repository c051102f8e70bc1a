"""Warnings about static keys beside a workload identity, which a step may use in its place. They cost no request."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from flowforge.credentials import workload_identity
from flowforge.credentials.types import TYPES
from flowforge.errors import printable
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Listing, Presence, Seen, Wanted
from flowforge.steps.refresh.identities import Identities

# The static credentials that Claude reads. Any other one leaves the identity in use.
_KEYS = frozenset(each.slot for each in TYPES.values() if each.claude)
_Held = Mapping[Scope, set[str]]


def held_after(wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]) -> _Held:
    """Return the names that each listed scope has after the manifest is applied."""
    names = {scope: set(listing.updated_at) for scope, listing in seen.items() if isinstance(listing, Listing)}
    for address, want in wanted.items():
        if address.scope in names:
            held = names[address.scope]
            (held.add if want.presence is Presence.PRESENT else held.discard)(address.secret)
    return names


def repos_beside_keys(wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]) -> frozenset[Repo]:
    """Return the repos that have a static key beside a workload identity. Whether it hides that, workflows tell."""
    beside = {repo for repos in _met(wanted, seen).values() for repo in repos}
    # Whose identity is an organization's, is told by the repos that see it.
    viewers = {
        viewer.repo
        for address, want in wanted.items()
        if want.audience is not None and want.type == workload_identity.TYPE and address.scope.repo in beside
        for viewer in want.audience.viewers
    }
    return frozenset(beside | viewers)


def hidden_identities(
    wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen], passed: Collection[Repo]
) -> Iterable[str]:
    """Yield a warning for static keys beside a workload identity, where a step passes both to Claude: it uses the key.

    passed: the repos of which an audit has found that. A key that no workflow names hides nothing.
    """
    for (slot, environment, organization, named), repos in sorted(_met(wanted, seen).items()):
        owners = {repo.owner.lower() for repo in passed}
        hidden = [repo for repo in repos if repo in passed or (repo.is_organization and repo.key in owners)]
        if hidden:
            yield _warning(slot, environment, organization, hidden, named=named)


def _met(
    wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]
) -> Mapping[tuple[str, str, str, bool], Collection[Repo]]:
    """Return the keys that are beside an identity, by what is said of them, each with its repos."""
    # Only lists are searched that the plan asked for anyway: those of which the manifest or the state names a secret.
    # To have a repo searched, name the key under `absent`.
    met: defaultdict[tuple[str, str, str, bool], dict[Repo, None]] = defaultdict(dict)
    identities = Identities.of(wanted)
    for scope, names in sorted(held_after(wanted, seen).items()):
        organization = str(scope.repo) if scope.repo.is_organization else ""
        for slot in sorted(names & _KEYS) if scope.store is Store.ACTIONS else ():
            want = wanted.get(Address(scope, slot))
            hidden = identities.hidden_by(scope, want.audience if want else None)
            if hidden:
                met[slot, scope.environment, organization, want is not None].update(dict.fromkeys(hidden))
    return met


def _warning(slot: str, environment: str, organization: str, repos: list[Repo], *, named: bool) -> str:
    names = ", ".join(map(str, repos))
    within = f" in environment {printable(environment)}" if environment else ""
    within = f" of the organization {organization}" if organization else within
    beside = f"the secret {slot}{within} is there beside the workload identity of {names}"
    what = f"{beside}: a step that passes it uses it, and not the identity"
    if named:
        return f"{what}; the manifest wants both: exclude the repository from one of the two targets"
    where = f"org: {organization}" if organization else f"repos: [{names}]"
    inside = f", environments: [{json.dumps(printable(environment), ensure_ascii=False)}]" if environment else ""
    entry = f"{{name: {slot} goes, {where}, secret: {slot}{inside}}}"
    return f"{what}; take it out of that step, then add under `absent`: {entry}"

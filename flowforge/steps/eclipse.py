"""Static keys that keep Claude from using a workload identity, found in lists that were asked for anyway."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from flowforge import identity
from flowforge.errors import printable
from flowforge.kinds import KINDS
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Listing, Presence, Seen, Wanted

_Held = Mapping[Scope, set[str]]


def held_after(wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]) -> _Held:
    """Give the names that each scope that was listed will hold once the manifest is applied."""
    names = {scope: set(listing.updated_at) for scope, listing in seen.items() if isinstance(listing, Listing)}
    for address, want in wanted.items():
        if address.scope in names:
            held = names[address.scope]
            (held.add if want.presence is Presence.PRESENT else held.discard)(address.secret)
    return names


def eclipsed(wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]) -> Iterable[str]:
    """Warn of static keys beside a workload identity: claude-code-action then takes the key.

    Nothing is asked for this: a repo's secrets are listed where the manifest or the state names one of them, so to name
    a key under `absent` is also to have it looked for.
    """
    met: defaultdict[tuple[str, str, bool], dict[Repo, None]] = defaultdict(dict)
    environments = _federated(wanted)
    for scope, names in sorted(held_after(wanted, seen).items()):
        mine = environments.get(scope.repo, set())
        if scope.store is Store.ACTIONS and mine and ("" in mine or scope.environment_key in {"", *mine}):
            for slot in sorted(names & {kind.slot for kind in KINDS.values()}):
                want = wanted.get(Address(scope, slot))
                met[slot, scope.environment, want is not None][scope.repo] = None
    for (slot, environment, named), repos in sorted(met.items()):
        yield _warning(slot, environment, list(repos), named=named)


def _federated(wanted: Mapping[Address, Wanted]) -> Mapping[Repo, set[str]]:
    """Give the repos that are to have a workload identity, with the environments that have it, "" for the repo."""
    found: defaultdict[Repo, set[str]] = defaultdict(set)
    for address, want in wanted.items():
        if want.presence is Presence.PRESENT and want.type == identity.TYPE:
            found[address.scope.repo].add(address.scope.environment_key)
    return found


def _warning(slot: str, environment: str, repos: list[Repo], *, named: bool) -> str:
    names = ", ".join(map(str, repos))
    within = f" in environment {printable(environment)}" if environment else ""
    what = f"the secret {slot}{within} keeps Claude from using the workload identity of {names}"
    if named:
        return f"{what}; the manifest wants both: exclude the repository from one of the two targets"
    inside = f", environments: [{json.dumps(printable(environment), ensure_ascii=False)}]" if environment else ""
    return f"{what}; to remove it, add under `absent`: {{name: {slot} goes, repos: [{names}], secret: {slot}{inside}}}"

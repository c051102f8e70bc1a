"""From a manifest to the places where secrets are to be, or not to be: one per address, sorted."""

from collections.abc import Iterator
from dataclasses import dataclass

from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.members import Members
from flowforge.manifest.model import Absent, Credential, Manifest, Target
from flowforge.manifest.placeholders import fits, names_in, unfit
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Address, Scope
from flowforge.plan.facts import Presence


@dataclass(frozen=True, slots=True)
class Place:
    """One secret that the manifest names. credential: None where it is to be absent. where: of the target.

    creates_environment: whether its environment is made where there is none.
    """

    address: Address
    presence: Presence
    credential: Credential | None
    target: str
    where: Where
    on_drift: OnDrift
    creates_environment: bool = False


def expand(manifest: Manifest) -> tuple[Place, ...]:
    """Give every place of a manifest, sorted by address, each once; offline.

    Raises ManifestError: FF150 for a secret wanted with two credentials, FF151 for one both wanted and absent, FF152
    for a repo whose name cannot stand for a placeholder. `load` has raised them before for a manifest that it read.
    """
    findings = Findings()
    places = find_places(manifest, findings)
    findings.raise_any()
    return places


def find_places(manifest: Manifest, findings: Findings) -> tuple[Place, ...]:
    """Give every place, and report what stands against them."""
    found: dict[Address, Place] = {}
    clashes: dict[tuple[Where, Where], list[tuple[Place, Place]]] = {}
    for place in _wanted(manifest, findings):
        first = found.setdefault(place.address, place)
        if (first.presence, first.credential) != (place.presence, place.credential):
            clashes.setdefault((first.where, place.where), []).append((first, place))
    for pairs in clashes.values():
        _report(pairs, findings)
    return tuple(sorted(found.values(), key=lambda place: place.address))


def _wanted(manifest: Manifest, findings: Findings) -> Iterator[Place]:
    members = Members(manifest.groups, findings)
    for target in manifest.targets:
        credential = manifest.credentials[target.credential]
        names = {name for text in credential.source.texts for name in names_in(text)}
        for scope in _scopes(target, members):
            _check_fit(names, scope, target, findings)
            yield _place(manifest, scope, target, credential)
    for absent in manifest.absent:
        for scope in _scopes(absent, members):
            yield _place(manifest, scope, absent, None)


def _scopes(entry: Target | Absent, members: Members) -> Iterator[Scope]:
    return (scope for repo in members.of(entry).values() for scope in entry.lists.of(repo))


def _place(manifest: Manifest, scope: Scope, entry: Target | Absent, credential: Credential | None) -> Place:
    presence = Presence.PRESENT if credential else Presence.ABSENT
    creates = isinstance(entry, Target) and entry.create_environment
    return Place(
        Address(scope, entry.secret), presence, credential, entry.name, entry.where, manifest.on_drift, creates
    )


def _check_fit(names: set[str], scope: Scope, target: Target, findings: Findings) -> None:
    for name in names:
        if not fits(name, scope):
            findings.add(target.where, "FF152", **unfit(name, scope))


def _named(scope: Scope) -> str:
    return str(scope.repo) if scope == Scope(scope.repo) else str(scope)


def _report(pairs: list[tuple[Place, Place]], findings: Findings) -> None:
    """Report that two entries want different things: once, however many repos they share."""
    first, second = pairs[0]
    others = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    secret = f"{second.address.secret} of {quote(_named(second.address.scope))}{others}"
    earlier = f"{quote(first.target)} at {first.where}"
    if first.credential and second.credential:
        names = f"{quote(first.credential.name)} and {quote(second.credential.name)}"
        what, why = f"{secret} is wanted with two credentials: {names}", f"{earlier} wants it with the former"
        fix = "exclude the repository from one of the two targets, or give one a `secret` of its own"
        findings.add(second.where, "FF150", what, why=why, fix=fix)
    else:
        what, why = f"{secret} is wanted present and absent", f"{earlier} wants it present"
        findings.add(second.where, "FF151", what, why=why, fix="exclude the repository from one of the two")

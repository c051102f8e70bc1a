"""Warnings about one person's token that many repos get: fine for the person's own repos, not for an organization's."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from flowforge.credentials.types import TYPES
from flowforge.errors import printable
from flowforge.manifest.expand import selectors_of
from flowforge.manifest.model import Credential, Manifest
from flowforge.manifest.selector import Owned
from flowforge.plan.address import Address
from flowforge.plan.audience import Visibility
from flowforge.plan.facts import Presence, Wanted

# The repos that use each OAuth token, by the credential's name; an organization where all of its repos may.
Readers = Mapping[str, Collection[str]]
_MEANT = "it is tied to the person who ran `claude setup-token`. An API key or workload identity is meant for sharing"
_SILENCE = "`shared: true` on the credential ends this warning"


def readers_of(wanted: Mapping[Address, Wanted], credentials: Mapping[str, Credential]) -> Readers:
    """Return who uses each OAuth token that more than one repo gets, but for those that say `shared: true`."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for address, want in wanted.items():
        kind, credential = TYPES.get(want.type), credentials.get(want.credential)
        meant = credential is not None and credential.shared
        if want.presence is Presence.PRESENT and kind is not None and kind.personal and not meant:
            found[want.credential] |= set(_readers(address, want))
    return {name: names for name, names in sorted(found.items()) if len(names) > 1 or _whole(names)}


def known_users(manifest: Manifest) -> Mapping[str, bool]:
    """Return the owners of which the manifest says what they are: whether each is a user."""
    organizations = (target.org.key for target in manifest.targets if target.org)
    selected = {each.owner: each.by is Owned.USER for each in selectors_of(manifest) if each.owner}
    return {**selected, **dict.fromkeys(organizations, False)}


def in_doubt(readers: Readers, known: Mapping[str, bool]) -> Collection[str]:
    """Return the owners on which a warning depends: one that alone gets a token, and of whom nothing is known."""
    alone = (_owners(names) for names in readers.values() if not _whole(names))
    return {owner for owners in alone if len(owners) == 1 for owner in owners} - known.keys()


def possible_users(readers: Readers, known: Mapping[str, bool]) -> Collection[str]:
    """Return the owners among the readers that may be users, where nobody can be asked."""
    return {owner for names in readers.values() for owner in _owners(names) if known.get(owner, True)}


def shared_personal(readers: Readers, users: Collection[str]) -> Iterable[str]:
    """Yield a warning for each token, which is one person's, that more repos get than one person's own."""
    for credential, names in readers.items():
        owners = _owners(names)
        if _whole(names) or len(owners) > 1 or not owners <= {*users}:
            whom = "a whole organization" if _whole(names) else f"{len(names)} repos"
            yield f"credential {printable(credential)}: one OAuth token for {whom}; {_MEANT}; {_SILENCE}"


def _readers(address: Address, want: Wanted) -> Iterable[str]:
    """Return the repos that use a secret; the organization where all its repos or the private ones do."""
    listed = want.audience is not None and want.audience.visibility is Visibility.SELECTED
    return (
        (viewer.repo.key for viewer in want.audience.viewers) if want.audience and listed else (address.scope.repo.key,)
    )


def _whole(names: Collection[str]) -> bool:
    """Return whether a whole organization is among the readers."""
    return any("/" not in name for name in names)


def _owners(names: Collection[str]) -> frozenset[str]:
    return frozenset(name.partition("/")[0] for name in names)

"""Warnings about the secrets of organizations that no repo will use. They cost no request."""

from collections.abc import Iterable, Mapping
from typing import Final

from flowforge.errors import printable
from flowforge.plan.address import Address, Scope
from flowforge.plan.audience import Audience, Visibility
from flowforge.plan.facts import Listing, Presence, Seen, Wanted

# A workflow run gets only the first hundred organization secrets that its repo sees, sorted by name
# (docs.github.com, "Secrets reference", limits).
_FIRST: Final = 100
_MOST_NAMED: Final = 3


def advise_org(wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]) -> Iterable[str]:
    """Yield all warnings, in a fixed order."""
    mine = {address: wanted[address].audience for address in sorted(wanted) if _is_present(wanted[address])}
    for address, audience in mine.items():
        if audience is not None:
            yield from _crowded(address, seen.get(address.scope))
            yield from _shadowed(address, audience, wanted, seen)


def _is_present(want: Wanted) -> bool:
    return want.presence is Presence.PRESENT and want.unread is None


def _crowded(address: Address, listing: Seen | None) -> Iterable[str]:
    """Yield a warning for a secret with a hundred others before it in the alphabet."""
    names = listing.updated_at if isinstance(listing, Listing) and not address.scope.is_readable else ()
    before = sum(name < address.secret for name in names)
    if before >= _FIRST:
        yield (
            f"{printable(str(address))}: {before} secrets of the organization come before it in the alphabet; "
            f"a workflow sees the first {_FIRST} that its repository may see"
        )


def _shadowed(
    address: Address, audience: Audience, wanted: Mapping[Address, Wanted], seen: Mapping[Scope, Seen]
) -> Iterable[str]:
    """Yield a warning for repos whose own secret of that name takes its place."""
    listed = {viewer.repo for viewer in audience.viewers} if audience.visibility is Visibility.SELECTED else None
    own = sorted(
        scope.repo
        for scope, listing in seen.items()
        if scope == Scope(scope.repo, address.scope.store)
        and not scope.repo.is_organization
        and isinstance(listing, Listing)
        and scope.repo.owner.lower() == address.scope.repo.key
        and (listed is None or scope.repo in listed)  # which repos are private is not known
        and _has(Address(scope, address.secret), listing, wanted)
    )
    if own:
        others = f" and {len(own) - _MOST_NAMED} more" if len(own) > _MOST_NAMED else ""
        shown = ", ".join(printable(str(repo)) for repo in own[:_MOST_NAMED])
        yield f"{printable(str(address))}: {shown}{others}: a {address.scope.noun} of the repository's own shadows it"


def _has(address: Address, listing: Listing, wanted: Mapping[Address, Wanted]) -> bool:
    """Return whether a secret is there after the manifest is applied."""
    want = wanted.get(address)
    return want.presence is Presence.PRESENT if want is not None else address.secret in listing.updated_at

"""What only the whole manifest shows of owners' tokens: a list that no owner has, and an owner that nothing needs."""

from collections.abc import Iterator

from flowforge.errors import quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import AbsentEntry, Group, Manifest, Target
from flowforge.manifest.selector import Owned

_Entry = Group | Target | AbsentEntry


def check_owners(manifest: Manifest, findings: Findings) -> None:
    """Report (FF165) a selector of an installation where each owner has its own; warn of an owner without a use."""
    settings = manifest.github
    entries: tuple[_Entry, ...] = (*manifest.groups.values(), *manifest.targets, *manifest.absent)
    if not settings.divided:
        return
    for entry in entries:
        select = entry.choice.select
        if select is not None and select.by is Owned.INSTALLATION:
            what = "`installation: true` does not say which owner's installation is meant"
            why = "with github.auth.app or github.auth.owners each owner has a token of its own"
            fix = "write `org: NAME` or `user: NAME`, in one selector for each owner"
            findings.add(select.where, "FF165", what, why=why, fix=fix)
    used = {owner.lower() for entry in entries for owner in _owners(entry)}
    used |= {manifest.state.branch.repo.owner.lower()} if manifest.state.branch else set()
    for owner, auth in settings.owners.items():
        if owner not in used and auth.where is not None:
            findings.warn(auth.where, f"nothing in the manifest is of the owner {quote(owner)}")


def _owners(entry: _Entry) -> Iterator[str]:
    yield from (repo.owner for repo in entry.choice.repos)
    if entry.choice.select is not None:
        yield entry.choice.select.owner
    if not isinstance(entry, Group) and entry.org is not None:
        yield entry.org.owner

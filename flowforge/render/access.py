"""Who sees an organization's secret, as people read it and as JSON."""

from collections.abc import Iterable
from typing import Final

from flowforge.errors import printable
from flowforge.plan.address import Scope
from flowforge.plan.audience import Access, Audience
from flowforge.plan.change import Change
from flowforge.render.document import Document

# For each sign. An organization may have thousands of repos, and a plan should still fit into a pull request.
_MOST_SHOWN: Final = 20


def viewer_lines(change: Change) -> Iterable[str]:
    """Yield the repos that would be selected, and those that would no longer be."""
    if change.access is not None and change.access.differs:
        new = {viewer.repo: f"; new to {viewer.new_to}" for viewer in change.access.unadmitted}
        for sign, repos in (("+", change.access.added), ("-", change.access.removed)):
            yield from (f"{sign} {repo}{new.get(repo, '')}" for repo in repos[:_MOST_SHOWN])
            if len(repos) > _MOST_SHOWN:
                yield f"{sign} {len(repos) - _MOST_SHOWN:,} more; --format json has all"
        # GitHub lists only the repos that the token reaches; writing the list removes the others too.
        if unseen := change.access.removed_unseen:
            yield f"- {unseen} not shown to this token"


def place_entry(scope: Scope) -> Document:
    """Return the repo or the organization of a scope. The other one is null."""
    name = printable(scope.repo.name)
    return {"repo": None, "org": name} if scope.repo.is_organization else {"repo": name, "org": None}


def access_entry(access: Access) -> Document:
    """Return who sees a secret now, who is to see it, and the difference."""
    return {
        "before": _audience(access.before) if access.before else None,
        "after": _audience(access.after),
        "added": [printable(str(repo)) for repo in access.added],
        "removed": [printable(str(repo)) for repo in access.removed],
        "widens": access.widens,
        "rewrites_value": access.rewrites and access.differs,
    }


def _audience(audience: Audience) -> Document:
    return {
        "visibility": audience.visibility.value,
        "repos": [printable(str(viewer.repo)) for viewer in audience.viewers],
        "unseen": len(audience.hidden),
    }

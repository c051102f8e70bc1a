"""How each repository of an audit stands, and what all of them come to, counted from the rows of the document alone."""

from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import Any

from flowforge.data_class import dataclass
from flowforge.render.phrases import count


class RepoStanding(Enum):
    """How a repository stands, worst first; the text is the heading of those that stand so."""

    FAILING = "Claude will fail"
    UNREAD = "Not read"
    WARNED = "With warnings"
    PARTLY = "Not everything could be read"
    WELL = "Claude runs, and nothing is wrong"
    WITHOUT = "No workflow runs Claude"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return tuple(RepoStanding).index(self)


def standing_of(repo: Mapping[str, Any]) -> RepoStanding:
    """Return how a repository stands."""
    levels = {finding["level"] for finding in repo["findings"]}
    if "error" in levels:
        return RepoStanding.FAILING
    if not repo["complete"] and not (repo["steps"] or levels):
        return RepoStanding.UNREAD
    if "warning" in levels:
        return RepoStanding.WARNED
    if not repo["complete"]:
        return RepoStanding.PARTLY
    return RepoStanding.WELL if repo["steps"] else RepoStanding.WITHOUT


@dataclass(frozen=True, slots=True)
class AuditSums:
    """What the repositories of an audit come to."""

    levels: Mapping[str, int]
    """How many findings there are of each level."""
    standings: Mapping[RepoStanding, int]
    """How many repositories stand so."""
    steps: int
    """How many steps run Claude."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "AuditSums":
        """Count a document's rows."""
        repos = document["repos"]
        levels = Counter(finding["level"] for repo in repos for finding in repo["findings"])
        return cls(levels, Counter(map(standing_of, repos)), sum(len(repo["steps"]) for repo in repos))

    @property
    def repos(self) -> int:
        """How many repositories there are."""
        return sum(self.standings.values())

    @property
    def sentence(self) -> str:
        """What people read last, or first: `Audit: 1 error, 0 warnings, 0 notes in 1 Claude step.`."""
        found = ", ".join(count(self.levels.get(level, 0), level) for level in ("error", "warning", "note"))
        steps = count(self.steps, "Claude step")
        if self.repos == 1:
            return f"Audit: {found} in {steps}."
        unread = self.standings.get(RepoStanding.UNREAD, 0)
        more = f"; {count(unread, 'repo')} could not be read" if unread else ""
        return f"Audit: {found} in {steps} of {count(self.repos, 'repo')}{more}."

    @property
    def is_well(self) -> bool:
        """Whether nothing is worth anybody's time: no error, no warning, and all was read."""
        return not ({*self.standings} - {RepoStanding.WELL, RepoStanding.WITHOUT})

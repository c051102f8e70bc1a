"""Which repos may choose a credential's value by their name: those that are named, or that `per_repo` allows."""

from collections.abc import Callable, Collection
from typing import Final

from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.globs import Globs
from flowforge.manifest.model import Credential, Target
from flowforge.plan.address import Repo

# Not `environment`: the manifest itself names environments, whichever repo is selected.
_OF_THE_REPO: Final = frozenset({"owner", "repo"})


def check_reach(target: Target, credential: Credential, names: Collection[str], findings: Findings) -> None:
    """Report (FF163) a target that gives selected repos values of their own, with no `only` or `per_repo` to allow it.

    target: one that selects repos, itself or by a group. names: the placeholders in the credential's source.
    """
    # Whoever may create a repository chooses its name, and by that name would choose somebody else's value.
    # `only` names where it may go, whoever chooses the repos, so it says as much.
    if _OF_THE_REPO.isdisjoint(names) or credential.per_repo or credential.only:
        return
    what = f"the target {quote(target.name)} lets the name of a selected repository choose its value"
    why = f"the source of {quote(credential.name)} has a placeholder, and whoever creates a repository chooses its name"
    fix = "add `only: [owner/pattern]` to the credential"
    findings.add(target.where, "FF163", what, why=why, fix=fix)


class PerRepo:
    """What each credential's `per_repo` says of repos, computed once for each repo."""

    def __init__(self, spend: Callable[[int, Where], None]) -> None:
        """Start with nothing computed. spend: counts the work, and raises when it is too much."""
        self._spend = spend
        self._globs: dict[str, Globs] = {}
        self._admitted: dict[tuple[str, str], bool] = {}

    def check(
        self, repo: Repo, target: Target, credential: Credential, names: Collection[str], findings: Findings
    ) -> None:
        """Report (FF163) a selected repo whose name `per_repo` does not allow."""
        if _OF_THE_REPO.isdisjoint(names) or not credential.per_repo:
            return
        if not self._admits(credential, repo):
            what = f"{quote(repo.name)} may not choose its value of {quote(credential.name)} by its name"
            found = "a selector found it, and no pattern of the credential's per_repo matches it"
            fix = "add a pattern for it, or exclude the repository"
            findings.add(credential.where, "FF163", what, why=f"{found}; the target is {target.where}", fix=fix)

    def _admits(self, credential: Credential, repo: Repo) -> bool:
        # A repo is asked about once for each of its places, and patterns are slow.
        asked = credential.name, repo.key
        if asked not in self._admitted:
            if credential.name not in self._globs:
                # A pattern without an owner fits that name under any owner, as under `exclude`.
                whole = (pattern if "/" in pattern else f"*/{pattern}" for pattern in credential.per_repo)
                self._globs[credential.name] = Globs(whole)
            globs = self._globs[credential.name]
            self._spend(len(globs), credential.where)
            self._admitted[asked] = globs.fit(repo.key)
        return self._admitted[asked]

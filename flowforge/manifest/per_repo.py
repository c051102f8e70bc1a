"""Which repos may choose a credential's value by their name: those that a manifest names, or `per_repo` admits."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Final

from flowforge.errors import quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Choice, Credential, Manifest, Target
from flowforge.plan.address import Repo

# The environment's name is the manifest's own, whichever repo it is of.
_OF_THE_REPO: Final = frozenset({"owner", "repo"})


def check_reach(
    manifest: Manifest, target: Target, credential: Credential, names: Collection[str], findings: Findings
) -> None:
    """Report (FF163) a target that gives selected repos a value of their own, which no `per_repo` admits.

    names: the placeholders in the credential's source.
    """
    if _OF_THE_REPO.isdisjoint(names) or credential.per_repo or not _selects(manifest, target.choice):
        return
    what = f"the target {quote(target.name)} lets the name of a selected repository choose its value"
    why = f"the source of {quote(credential.name)} has a placeholder, and who may name a repository is not known"
    fix = "add `per_repo: {allow: [owner/pattern]}` to the credential"
    findings.add(target.where, "FF163", what, why=why, fix=fix)


def check_per_repo(
    repo: Repo, target: Target, credential: Credential, names: Collection[str], findings: Findings
) -> None:
    """Report (FF163) a selected repo whose name `per_repo` does not admit."""
    if _OF_THE_REPO.isdisjoint(names) or not credential.per_repo:
        return
    if not any(_fits(repo, pattern) for pattern in credential.per_repo):
        what = f"{quote(repo.name)} may not choose its value of {quote(credential.name)} by its name"
        why = f"a selector found it, and no pattern of the credential's per_repo fits it; the target is {target.where}"
        fix = "add a pattern for it, or exclude the repository"
        findings.add(credential.where, "FF163", what, why=why, fix=fix)


def _selects(manifest: Manifest, choice: Choice) -> bool:
    """Whether a selector chooses some of these repos."""
    seen: set[str] = set()
    left = [choice]
    while left:
        choice = left.pop()
        if choice.select:
            return True
        taken = {mention.text for mention in choice.groups if mention.text in manifest.groups} - seen
        seen |= taken
        left += [manifest.groups[name].choice for name in taken]
    return False


def _fits(repo: Repo, pattern: str) -> bool:
    owner, slash, name = pattern.rpartition("/")
    return fnmatchcase(repo.short.lower(), name) and (not slash or fnmatchcase(repo.owner.lower(), owner))

"""What can go wrong with a state's file on a branch, as StateErrors FF420 to FF431."""

import re
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import FlowForgeError, LostRaceError, Problem, StateError, printable, quote_sentence
from flowforge.github.explain import renamed
from flowforge.github.forbidden import lacks_permission
from flowforge.github.http import Client
from flowforge.github.paths import repo_path
from flowforge.github.problems import Refusal, RepoError, naming
from flowforge.plan.action import Why
from flowforge.plan.address import Repo

_NOT_FOUND: Final = 404
_EMPTY: Final = re.compile(r"Git Repository is empty", re.IGNORECASE)
_TOO_LARGE: Final = re.compile(r"too large|blobs up to", re.IGNORECASE)
# What GitHub says of protected branches and of rulesets, with 409 or 422. It has no code for them.
_GUARDED: Final = re.compile(
    r"rule violations|protected|pull request|status check|Reference update failed|Cannot (?:update|delete)",
    re.IGNORECASE,
)
_PERMIT: Final = "give the token the permission Contents: read and write (classic: the scope repo)"
_WORKFLOW: Final = "; in a workflow, write `permissions: {contents: write}`"
_OTHER_REPO: Final = "keep the state in another repo"


@dataclass(frozen=True, slots=True)
class BranchFile:
    """Where the file is."""

    repo: Repo
    branch: str
    """The short name of the branch."""
    path: str
    """The path from the root of the repo, without a slash at its beginning."""

    def __str__(self) -> str:
        """Return the repo and the file, as git names a file on a branch: `acme/ops state:flowforge.json`."""
        return printable(f"{self.repo} {self.branch}:{self.path}")


def explained(client: Client, place: BranchFile, refusal: RepoError) -> FlowForgeError:
    """Return what a refusal means for a state: by GitHub's words, or for a 404 by one more request for the repo."""
    no = refusal.no
    if no.why is Why.RENAMED:
        return _renamed(place, renamed(client, no, place.repo))
    if no.status == _NOT_FOUND:
        return _unseen(client, place)
    return _known(client, place, no) or refusal.at(str(place))


def _known(client: Client, place: BranchFile, no: Refusal) -> StateError | None:
    if no.why is Why.ARCHIVED:
        return archived(place)
    if _TOO_LARGE.search(no.message):
        return _too_large_to_read(place)
    if lacks_permission(no.message):
        return _no_permission(client, place, no.detail)
    if is_empty(no):
        return _empty(place)
    if no.status in {409, 422}:
        return _refused(place, no)
    return None


def is_empty(no: Refusal) -> bool:
    """Return whether GitHub says that the repo has no commit yet."""
    return bool(_EMPTY.search(no.message))


def public(place: BranchFile) -> StateError:
    """Return the error of a public repo."""
    why = "a state names repos, secrets and times, and anybody could read it"
    fix = f"make it private, or {_OTHER_REPO}"
    return _problem("FF422", place, "the state's repo is public", why, fix)


def archived(place: BranchFile) -> StateError:
    """Return the error of an archived repo."""
    return _problem(
        "FF423", place, "the state's repo is archived, so it is read-only", "", f"unarchive it, or {_OTHER_REPO}"
    )


def not_a_file(place: BranchFile, kind: str) -> StateError:
    """Return the error of a folder, a link or a submodule that has the file's name."""
    words = {"dir": "a folder"}.get(kind, f"a {kind}")
    return _problem(
        "FF428", place, f"{words} is where the state's file should be", "", "write another state.github.path"
    )


def lost_race(place: BranchFile) -> LostRaceError:
    """Return the error of a file or branch that is not as it was when it was read."""
    why = "another run wrote it, or somebody edited or deleted it"
    return LostRaceError(
        Problem("FF429", "the state on GitHub has changed since it was read", str(place), why, "run it again")
    )


def refuse_large(place: BranchFile, size: int, most: int) -> None:
    """Raise StateError FF427 for more bytes than GitHub is known to take in one request."""
    if size > most:
        what = f"the state would have {size:,} bytes; GitHub is known to take {most:,}"
        fix = "split the manifest: each part has a state of its own, of another state.github.path"
        raise _problem("FF427", place, what, "", fix)


def _unseen(client: Client, place: BranchFile) -> FlowForgeError:
    # One request tells a missing repo from a missing permission: a token that reaches a repo may read its description.
    try:
        client.get(repo_path(place.repo))
    except RepoError as other:
        if other.no.status != _NOT_FOUND:
            return explained(client, place, other)
        fix = f"check state.github.repo, and that the state's token ({client.whose}) may see it"
        return _problem("FF420", place, "the state's repo is not found, or invisible to the token", "", fix)
    detail = "no permission: the token sees the repo, but may not do this with its contents"
    return _no_permission(client, place, detail)


def _renamed(place: BranchFile, no: Refusal) -> StateError:
    # The repo of a state has no record of its own to take along, so the new name is all.
    fix = no.fix.rpartition(", then ")[2].replace("in the manifest", "in state.github.repo")
    return _problem("FF421", place, f"the state's repo is {no.detail}", "", fix)


def _no_permission(client: Client, place: BranchFile, detail: str) -> StateError:
    why, fix = "the state is kept through the contents of its repo", naming(_PERMIT + _WORKFLOW, client.whose)
    return _problem("FF424", place, detail, why, fix)


def _empty(place: BranchFile) -> StateError:
    why = "GitHub cannot create a branch in a repo without a commit"
    return _problem(
        "FF426", place, "the state's repo has no commit yet", why, "commit any file to it, such as a README"
    )


def _too_large_to_read(place: BranchFile) -> StateError:
    fix = "look at what is there: no state is that large"
    return _problem("FF430", place, "the state's file is larger than the 100 MB that GitHub returns", "", fix)


def _refused(place: BranchFile, no: Refusal) -> StateError:
    words = quote_sentence(no.message)
    if _GUARDED.search(no.message):
        fix = "take the branch out of its protection or rules, or let the state's token pass them"
        return _problem("FF425", place, f"the branch does not take the state: GitHub says {words}", "", fix)
    fix = "check state.github.branch and state.github.path"
    return _problem("FF431", place, f"GitHub refuses the state with {no.status}: {words}", "", fix)


def _problem(code: str, place: BranchFile, what: str, why: str, fix: str) -> StateError:
    return StateError(Problem(code, what, str(place), why, fix))

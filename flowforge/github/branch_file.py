"""One file on one branch of a repo: read it, replace it by compare-and-swap, or create the branch with it.

GitHub names a file's content by git's hash of it, its `sha`, and refuses to replace a file of another hash: a
compare-and-swap. A lost answer is resolved by reading back: if the file has the hash of what was sent, it was written.
So what is written should be unique to its writer (a holder, a serial). If two write the same bytes and one loses the
answer, nobody can say which of the two it was.

Each write counts 5 points with the pacer. It also creates content, which GitHub limits to 80 requests a minute and 500
an hour (docs.github.com, "Rate limits for the REST API"), so a caller gathers its changes. A new branch takes 4 writes.
"""

import base64
import binascii
import hashlib
import random
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote as encode

from flowforge.data_class import dataclass
from flowforge.errors import StateError
from flowforge.github import branch_problems as problems
from flowforge.github.answer import Answer
from flowforge.github.body import OBJECT, RAW
from flowforge.github.branch_problems import BranchFile
from flowforge.github.http import Client
from flowforge.github.paths import contents_path, git_path, repo_path
from flowforge.github.problems import RepoError, other_shape

# A body with a file of 22 MB was taken, one with 40 MB was not (github-tools/github#496); nothing is documented.
MOST_WRITTEN: Final = 20_000_000
TO_BEGIN: Final = 4  # the writes of `create_branch`
_TRIES: Final = 4
# Stands for the hash of a file whose branch does not exist; None stands for that of a missing file.
_NO_BRANCH: Final = ""
_CREATED: Final = 201
_NOT_FOUND: Final = 404
_CONFLICTS: Final = frozenset({_NOT_FOUND, 409, 422})
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# GitHub says so when a commit to another file moves the branch during the write, and also when its reads lag behind.
# Neither is a lost race for this file, so the write is tried again.
_MOVED: Final = re.compile(
    r"\bis at \w+ but expected\b|expected to be at|does not match|wasn't supplied|already exists"
)


@dataclass(frozen=True, slots=True)
class FileFound:
    """The file is there."""

    data: bytes
    """Its bytes."""
    sha: str
    """What a write must name to replace it."""
    date: str
    """GitHub's own time of the answer: `2026-11-23T08:00:00Z`."""


@dataclass(frozen=True, slots=True)
class FileAbsent:
    """There is certainly no such file: the token may read the repo's contents, and does not find it."""

    branch_exists: bool
    """Whether its branch exists."""
    date: str
    """GitHub's own time of the answer; empty for a repo without any commit."""


@dataclass(frozen=True, slots=True)
class FileWritten:
    """The file has the content that was sent."""

    sha: str
    """What the next write must name to replace it."""
    date: str
    """GitHub's own time of the answer that says so, perhaps some seconds after the write."""
    # GitHub ignores the named hash of a file that is gone, and creates it.
    created: bool
    """Whether there was no file just before."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as the contents API shows it."""

    sha: str
    inline: bytes | None
    """Its bytes; None for more than 1 MB, which that API leaves out."""
    date: str


def require_private(client: Client, place: BranchFile) -> None:
    """Require a private, writable repo: StateError FF420 not found, FF421 renamed, FF422 public, FF423 archived."""
    try:
        answer = client.get(repo_path(place.repo))
    except RepoError as refusal:
        raise problems.explained(client, place, refusal) from None
    match answer.data:
        case {"private": bool() as private, "archived": bool() as archived}:
            if not private:
                raise problems.public(place)
            if archived:
                raise problems.archived(place)
        case _:
            raise other_shape("a repo without private or archived").at(str(place))


def read(client: Client, place: BranchFile) -> FileFound | FileAbsent:
    """Read the file, of up to 100 MB. A file that cannot be read is never reported as absent.

    Raises StateError FF420 to FF431, RepoError, StoppedError, and GitHubError when the run is over.
    """
    seen = _look(client, place)
    if isinstance(seen, FileAbsent):
        return seen
    data = _blob(client, place, seen.sha) if seen.inline is None else seen.inline
    if blob_sha(data) != seen.sha:
        raise other_shape("a file that has not the hash that it is said to have").at(str(place))
    return FileFound(data, seen.sha, seen.date)


def write(client: Client, place: BranchFile, data: bytes, sha_before: str | None, message: str) -> FileWritten:
    """Write the file if it still has `sha_before`; None: if its branch exists and the file does not.

    Raises LostRaceError FF429 if somebody else wrote it or deleted the branch, and StateError FF420 to FF431 for what
    does not change by itself. Raises RepoError, StoppedError and GitHubError, `certain` unless it may be written.
    """
    problems.refuse_large(place, len(data), MOST_WRITTEN)
    body: dict[str, object] = {"message": message, "content": base64.b64encode(data).decode(), "branch": place.branch}
    if sha_before is not None:
        body["sha"] = sha_before
    return _swap(client, place, f"PUT {contents_path(place.repo, place.path)}", body, (sha_before, blob_sha(data)))


def create_branch(client: Client, place: BranchFile, data: bytes, message: str) -> FileWritten:
    """Create the branch as an orphan whose first commit holds this file alone. Raises as `write` does.

    If several create it at once, one wins and the others get LostRaceError. FF426: the repo has no commit.
    """
    # An orphan, so that the histories of the code and of the state have nothing in common and cannot be merged.
    problems.refuse_large(place, len(data), MOST_WRITTEN)
    try:
        blob = _make(client, place, "blobs", {"content": base64.b64encode(data).decode(), "encoding": "base64"})
        item = {"path": place.path, "mode": "100644", "type": "blob", "sha": blob}
        tree = _make(client, place, "trees", {"tree": [item]})
        commit = _make(client, place, "commits", {"message": message, "tree": tree, "parents": []})
    except RepoError as refusal:
        # No branch points to these objects, so whatever became of them, nothing has changed.
        refusal.certain = True
        raise problems.explained(client, place, refusal) from None
    body = {"ref": f"refs/heads/{place.branch}", "sha": commit}
    return _swap(client, place, f"POST {git_path(place.repo)}/refs", body, (_NO_BRANCH, blob_sha(data)))


def blob_sha(data: bytes) -> str:
    """Return git's hash of a file's content, by which GitHub names it."""
    found = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    found.update(data)  # apart, for it may be large
    return found.hexdigest()


def _swap(
    client: Client, place: BranchFile, request: str, body: Mapping[str, object], hashes: tuple[str | None, str]
) -> FileWritten:
    """Send a write until it is clear what became of it. hashes: of the file before the write, and after."""
    method, _, path = request.partition(" ")
    send = client.put if method == "PUT" else client.post
    lost = False
    for tried in range(_TRIES):
        try:
            answer = send(path, body)
        except RepoError as refusal:
            lost = lost or not refusal.certain
            refusal.certain = not lost
            done = _resolved(client, place, refusal, hashes)
        else:
            return FileWritten(hashes[1], answer.date, created=answer.status == _CREATED)
        if done is not None:
            return done
        client.pacer.sleep(tried + random.random())  # noqa: S311 -- spreads retries, guards nothing
    raise problems.lost_race(place)


def _resolved(
    client: Client, place: BranchFile, refusal: RepoError, hashes: tuple[str | None, str]
) -> FileWritten | None:
    """Return what became of a write without a good answer, by what the file is now; None: send it again."""
    no = refusal.no
    if refusal.certain and no.status not in _CONFLICTS:
        raise problems.explained(client, place, refusal) from None
    try:
        now = _look(client, place)
    except (RepoError, StateError):
        if refusal.certain:
            raise
        raise refusal.at(str(place)) from None
    before, after = hashes
    found = now.sha if isinstance(now, _Seen) else None if now.branch_exists else _NO_BRANCH
    # Only after a lost answer: otherwise somebody else wrote the same bytes, which is a lost race.
    if found == after and not refusal.certain:
        return FileWritten(after, now.date, created=before in {None, _NO_BRANCH})
    if found != before:
        raise problems.lost_race(place)
    if no.status in _CONFLICTS and _MOVED.search(no.message):
        return None
    raise problems.explained(client, place, refusal) from None


def _make(client: Client, place: BranchFile, kind: str, body: dict[str, object]) -> str:
    match client.post(f"{git_path(place.repo)}/{kind}", body).data:
        case {"sha": str() as sha} if _SHA.fullmatch(sha):
            return sha
    raise other_shape(f"an object of git without its sha, among {kind}").at(str(place))


def _look(client: Client, place: BranchFile) -> _Seen | FileAbsent:
    """Read the file with its hash, or that it is absent."""
    # By the full name of the reference, because a tag may have the same short name.
    ref = encode(f"refs/heads/{place.branch}", safe="")
    try:
        answer = client.get(f"{contents_path(place.repo, place.path)}?ref={ref}", OBJECT)
    except RepoError as refusal:
        if refusal.no.status == _NOT_FOUND:
            return _absent(client, place)
        raise problems.explained(client, place, refusal) from None
    return _shown(place, answer)


def _shown(place: BranchFile, answer: Answer) -> _Seen:
    match answer.data:
        case {"type": "file", "sha": str() as sha, "encoding": "none"} if _SHA.fullmatch(sha):
            return _Seen(sha, None, answer.date)
        case {"type": "file", "sha": str() as sha, "encoding": "base64", "content": str() as content} if _SHA.fullmatch(
            sha
        ):
            try:
                return _Seen(sha, base64.b64decode(content.replace("\n", ""), validate=True), answer.date)
            except (binascii.Error, ValueError):
                raise other_shape("a file's content that is not base64").at(str(place)) from None
        case {"type": "dir" | "symlink" | "submodule" as kind}:
            raise problems.not_a_file(place, str(kind))
    raise other_shape("a file without its sha or its content").at(str(place))


def _absent(client: Client, place: BranchFile) -> FileAbsent:
    """Return what a 404 means: absent, or an error."""
    # GitHub answers 404 also to a token that may not read. A list of branches, even an empty one, shows that it may.
    ref = f"refs/heads/{place.branch}"
    try:
        answer = client.get(f"{git_path(place.repo)}/matching-refs/{encode(ref.removeprefix('refs/'))}")
    except RepoError as refusal:
        if problems.is_empty(refusal.no):
            return FileAbsent(branch_exists=False, date="")
        raise problems.explained(client, place, refusal) from None
    if not isinstance(answer.data, list):
        raise other_shape("references that are no list").at(str(place))
    names = {item.get("ref") for item in answer.data if isinstance(item, dict)}
    return FileAbsent(ref in names, answer.date)


def _blob(client: Client, place: BranchFile, sha: str) -> bytes:
    try:
        data = client.get(f"{git_path(place.repo)}/blobs/{sha}", RAW).data
    except RepoError as refusal:
        raise problems.explained(client, place, refusal) from None
    return data if isinstance(data, bytes) else b""

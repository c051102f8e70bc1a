"""One GraphQL query for files of many repos, as text, and its answer read.

Source: docs.github.com, GraphQL reference: Repository.object, Tree, TreeEntry, Blob. A field that is no connection
costs no point of its limits.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import quote_sentence
from flowforge.github.explain import moved
from flowforge.github.problems import other_shape
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.plan.recordable import is_id
from flowforge.workflows.repository import MAX_BYTES, Unread, is_workflow

_OBJECT_NAME: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FRAGMENTS: Final = (
    "fragment It on Repository{databaseId nameWithOwner isArchived isDisabled isPrivate}"
    "fragment Files on GitObject{...on Blob{...File}...on Tree{entries{name type object{...on Blob{...File}}}}}"
    "fragment File on Blob{oid byteSize isBinary isTruncated text}"
)
# The paths that are asked for in each repo: of files, or of folders whose files are meant.
AskedFiles = Mapping[Repo, Sequence[str]]


@dataclass(slots=True)
class WorkflowFiles:
    """Files of the default branch of one repo."""

    id: int
    """GitHub's number of the repo."""
    archived: bool = False
    """Whether nobody can write to the repo, so that no workflow of it runs."""
    disabled: bool = False
    """Whether GitHub has disabled the repo."""
    private: bool = True
    """Whether it is private or internal: some of an organization's secrets are for those alone."""
    files: dict[str, bytes | str] = field(default_factory=dict)
    """By path from the root. What is not there is missing."""
    too_large: dict[str, int] = field(default_factory=dict)
    """Workflow files that GitHub never starts, with their bytes. Their text is not here."""
    left: dict[str, str] = field(default_factory=dict)
    """What the answer did not hold whole: the git object of each path."""
    unread: list[Unread] = field(default_factory=list)
    """Files that could not be had, each with the reason."""

    def add(self, path: str, size: int, oid: str) -> bool:
        """Note a file that is too large, and return whether its text is wanted."""
        if size <= MAX_BYTES:
            self.left[path] = oid
            return True
        if is_workflow(path):
            self.too_large[path] = size
        else:
            self.unread.append(Unread(path, "it is larger than any action's file"))
        return False


class UnansweredError(Exception):
    """A query that GitHub did not answer as a whole. refused: whether it will answer no other one either."""

    def __init__(self, *, refused: bool) -> None:
        super().__init__()
        self.refused = refused


def query_of(asked: AskedFiles) -> str:
    """Return the query for these files. The repos have the aliases r0, r1, … in order, and their paths p0, p1, …."""
    parts = [
        f"r{number}:repository(owner:{_text(repo.owner)},name:{_text(repo.short)}){{...It {_objects(paths)}}}"
        for number, (repo, paths) in enumerate(asked.items())
    ]
    return f"{{{' '.join(parts)}}}{_FRAGMENTS}"


def _objects(paths: Iterable[str]) -> str:
    return " ".join(
        f"p{number}:object(expression:{_text(f'HEAD:{path}')}){{...Files}}" for number, path in enumerate(paths)
    )


def _text(text: str) -> str:
    # A string of GraphQL is written as JSON writes one: nothing in a path of a workflow can end it.
    return json.dumps(text, ensure_ascii=False)


def read_answer(asked: AskedFiles, data: object) -> Iterator[tuple[Repo, WorkflowFiles | Unreadable | None]]:
    """Yield what an answer holds of each repo; None where it shows none, and REST has to say why.

    Raises UnansweredError, and RepoError FF327 for another shape.
    """
    match data:
        case {"data": Mapping() as found, **rest}:
            errors = rest.get("errors", ())
        case {"errors": list() as errors}:
            raise UnansweredError(refused=not _is_late(errors))
        case _:
            raise other_shape("an answer of GraphQL without data")
    told: dict[str, str] = {}
    for error in errors if isinstance(errors, list) else ():
        match error:
            # Of a part of one repo; that of a whole repo leaves null in its place.
            case {"path": [str() as alias, *_], "message": str() as message}:
                told.setdefault(alias, message)
            case _:
                raise UnansweredError(refused=not _is_late([error]))
    for number, (repo, paths) in enumerate(asked.items()):
        alias = f"r{number}"
        node = found.get(alias)
        if node is None:
            yield repo, None
        elif alias in told:
            yield repo, _forbidden(told[alias])
        else:
            yield repo, _read(repo, paths, node)


def _is_late(errors: Sequence[object]) -> bool:
    """Whether GitHub ran out of its ten seconds, so that fewer repos may fit. Its words: "Something went wrong"."""
    return any(isinstance(each, Mapping) and "went wrong" in str(each.get("message")) for each in errors)


def _forbidden(message: str) -> Unreadable:
    detail = f"no permission: {quote_sentence(message)}"
    return Unreadable(Why.NO_PERMISSION, detail, "give the token Contents: read (classic: the scope repo)")


def _read(repo: Repo, paths: Sequence[str], node: object) -> WorkflowFiles | Unreadable | None:
    """Return what an answer holds of a repo; None where it leaves out something that was asked for."""
    match node:
        case {
            "databaseId": int() as number,
            "nameWithOwner": str() as name,
            "isArchived": bool() as archived,
            "isDisabled": bool() as disabled,
            "isPrivate": bool() as private,
            **objects,
        } if is_id(number):
            # A rename is told and not followed, as everywhere.
            if name.lower() != repo.key:
                return moved(name, repo).unreadable()
            found = WorkflowFiles(number, archived, disabled, private)
            aliases = {f"p{index}": path for index, path in enumerate(paths)}
            # What is not there is null; what is not even named was not answered.
            whole = objects.keys() >= aliases.keys()
            return (
                found if whole and all(_take(found, path, objects[alias]) for alias, path in aliases.items()) else None
            )
    raise other_shape("a repository of GraphQL that lacks something of what was asked for")


def _take(found: WorkflowFiles, path: str, node: object) -> bool:
    """Note what is at a path, a file or the files of a folder; return whether the answer shows each of them."""
    match node:
        case None:
            return True
        case {"entries": list() as entries}:
            return all(_take_entry(found, path, entry) for entry in entries)
        case {"oid": str() as oid, "byteSize": int() as size, **rest} if _OBJECT_NAME.fullmatch(oid):
            text, whole = rest.get("text"), rest.get("isTruncated") is False and not rest.get("isBinary")
            if found.add(path, size, oid) and isinstance(text, str) and whole:
                found.files[path] = text
                del found.left[path]
            return True
        case _:
            raise other_shape("a file of GraphQL without its oid or byteSize")


def _take_entry(found: WorkflowFiles, folder: str, entry: object) -> bool:
    match entry:
        case {"name": str() as name, "type": "blob", **rest} if is_workflow(f"{folder}/{name}"):
            blob = rest.get("object")
            return isinstance(blob, Mapping) and _take(found, f"{folder}/{name}", blob)
        case {"name": str(), "type": str()}:
            return True
    return False

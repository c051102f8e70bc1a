"""GraphQL: who asks, repositories by their names, and files of default branches. Whatever else is asked is refused.

The schema below is the part of GitHub's that FlowForge and gh ask for (docs.github.com, GraphQL reference: Query,
User, Repository, Tree, TreeEntry, Blob).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Final

from flowforge.data_class import dataclass
from flowforge.sandbox.handlers.call import Call
from flowforge.sandbox.rules.access import CONTENTS, Level, Need
from flowforge.sandbox.rules.answers import ApiAnswer, RefusalError, not_found, parsed
from flowforge.sandbox.rules.graphql import Field, Fragment, GraphQLError, Selection, read_query
from flowforge.sandbox.world.git import MAIN, TREE
from flowforge.sandbox.world.model import Repository

# The type of each field; None for a scalar. GitObject is an interface, of which Tree and Blob are here.
_SCHEMA: Final[Mapping[str, Mapping[str, str | None]]] = {
    "Query": {"repository": "Repository", "viewer": "User"},
    "User": {"login": None},
    "Repository": {
        **dict.fromkeys(("databaseId", "nameWithOwner", "isArchived", "isDisabled", "isEmpty", "isFork", "isPrivate")),
        "object": "GitObject",
    },
    "GitObject": {"oid": None},
    "Tree": {"oid": None, "entries": "TreeEntry"},
    "TreeEntry": {**dict.fromkeys(("name", "type", "oid", "mode")), "object": "GitObject"},
    "Blob": dict.fromkeys(("oid", "byteSize", "isBinary", "isTruncated", "text")),
}
_ARGUMENTS: Final = {"repository": {"owner", "name", "followRenames"}, "object": {"expression"}}
_KINDS: Final = {"GitObject": {"GitObject", "Tree", "Blob"}}
_SHOWN: Final = 512_000
"""How much of a blob's text GitHub shows."""
_BRANCHES: Final = ("HEAD", MAIN)
_FILE, _FOLDER = 0o100644, 0o040000


def query(call: Call) -> ApiAnswer:
    """Answer POST /graphql: null with an error for what the token cannot see; 502 for more than 10 s allow."""
    if not call.world.settings.graphql:
        raise not_found()
    try:
        asked = parsed(call.request.body).get("query")
        selections = read_query(asked if isinstance(asked, str) else "")
        _validate(selections, "Query")
    except GraphQLError as error:
        return ApiAnswer(200, {"errors": [{"message": str(error)}]})
    run = _Run(call)
    data = run.query(selections)
    if run.bytes > call.world.settings.graphql_bytes:
        # In these words and this status GitHub ends what takes it more than ten seconds.
        message = "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request."
        raise RefusalError(502, message)
    return ApiAnswer(200, {"data": data, **({"errors": run.errors} if run.errors else {})})


def _validate(selections: Iterable[Selection], kind: str) -> None:
    for each in selections:
        if isinstance(each, Fragment):
            if each.type != kind and each.type not in _KINDS.get(kind, ()):
                message = f"Fragment on {each.type} can't be spread inside {kind}"
                raise GraphQLError(message)
            _validate(each.selections, each.type)
            continue
        fields = _SCHEMA[kind]
        if each.name not in fields:
            message = f"Field '{each.name}' doesn't exist on type '{kind}'"
            raise GraphQLError(message)
        if unknown := each.arguments.keys() - _ARGUMENTS.get(each.name, set()):
            message = f"Field '{each.name}' doesn't accept argument '{min(unknown)}'"
            raise GraphQLError(message)
        inner = fields[each.name]
        if (inner is None) is not (each.selections is None):
            message = f"Field '{each.name}' {'has no' if inner is None else 'must have'} selections"
            raise GraphQLError(message)
        if inner is not None:
            _validate(each.selections or (), inner)


@dataclass(slots=True)
class _Run:
    """One query under way."""

    call: Call
    errors: list[dict[str, object]] = field(default_factory=list)
    bytes: int = 0

    def query(self, selections: Iterable[Selection]) -> dict[str, Any]:
        return {each.alias: self._top(each) for each in selections if isinstance(each, Field)}

    def _top(self, asked: Field) -> dict[str, Any] | None:
        if asked.name == "viewer":
            # Of the token of an installation too, which GET /user refuses.
            return self._fields(asked.selections or (), "User", lambda _: self.call.token.author)
        return self._repository(asked)

    def _repository(self, asked: Field) -> dict[str, Any] | None:
        name = f"{asked.arguments.get('owner')}/{asked.arguments.get('name')}"
        directory = self.call.world.directory
        follow = asked.arguments.get("followRenames", True)
        repo = directory.by_name(name) or (directory.moved(name) if follow else None)
        if repo is None or not self.call.sees(repo):
            self._error("NOT_FOUND", [asked.alias], f"Could not resolve to a Repository with the name '{name}'.")
            return None
        if self.call.shut_out(repo.owner):
            self._error("FORBIDDEN", [asked.alias], "Resource protected by organization SAML enforcement.")
            return None
        return self._fields(asked.selections or (), "Repository", lambda each: self._of_repo(repo, each, asked.alias))

    def _of_repo(self, repo: Repository, asked: Field, alias: str) -> object:
        scalars = {
            "databaseId": repo.id,
            "nameWithOwner": repo.full_name,
            "isArchived": repo.archived,
            "isDisabled": repo.disabled,
            "isEmpty": not repo.git.commits,
            "isFork": repo.fork,
            "isPrivate": repo.private,
        }
        if asked.name in scalars:
            return scalars[asked.name]
        if repo.private:
            try:
                self.call.token.demand(repo, Need(CONTENTS, Level.READ, "read"))
            except RefusalError as refusal:
                message = dict(refusal.answer.data)["message"] if isinstance(refusal.answer.data, dict) else ""
                self._error("FORBIDDEN", [alias, asked.alias], message)
                return None
        branch, _, path = str(asked.arguments.get("expression", "")).partition(":")
        head = repo.git.refs.get(f"refs/heads/{MAIN}", "") if branch in _BRANCHES else ""
        mode, sha = repo.git.entry(head, path) if head else ("", "")
        return self._object(repo, mode, sha, asked.selections or ())

    def _object(self, repo: Repository, mode: str, sha: str, selections: Iterable[Selection]) -> object:
        if not sha:
            return None
        if mode == TREE:
            return self._fields(selections, "Tree", lambda each: self._of_tree(repo, sha, each))
        return self._fields(selections, "Blob", lambda each: self._of_blob(repo, sha, each))

    def _of_tree(self, repo: Repository, sha: str, asked: Field) -> object:
        if asked.name == "oid":
            return sha
        entries = sorted(repo.git.trees[sha].entries.items())
        return [
            self._fields(
                asked.selections or (),
                "TreeEntry",
                lambda each, name=name, mode=mode, inner=inner: self._of_entry(repo, name, mode, inner, each),  # type: ignore[misc]  # -- mypy infers no lambda with defaults
            )
            for name, (mode, inner) in entries
        ]

    def _of_entry(self, repo: Repository, name: str, mode: str, sha: str, asked: Field) -> object:
        folder = mode == TREE
        scalars = {"name": name, "type": "tree" if folder else "blob", "oid": sha, "mode": _FOLDER if folder else _FILE}
        return scalars[asked.name] if asked.name in scalars else self._object(repo, mode, sha, asked.selections or ())

    def _of_blob(self, repo: Repository, sha: str, asked: Field) -> object:
        data = repo.git.blobs[sha]
        # As git tells a text from what is none.
        binary = b"\0" in data
        match asked.name:
            case "oid":
                return sha
            case "byteSize":
                return len(data)
            case "isBinary":
                return binary
            case "isTruncated":
                return len(data) > _SHOWN
        self.bytes += min(len(data), _SHOWN)
        return None if binary else data[:_SHOWN].decode(errors="replace")

    def _fields(
        self, selections: Iterable[Selection], kind: str, value: Callable[[Field], object]
    ) -> dict[str, object]:
        found: dict[str, object] = {}
        for each in selections:
            if isinstance(each, Field):
                found[each.alias] = value(each)
            elif each.type in {kind, "GitObject"}:
                found |= self._fields(each.selections, kind, value)
        return found

    def _error(self, kind: str, path: list[str], message: str) -> None:
        self.errors.append({"type": kind, "path": path, "message": message})

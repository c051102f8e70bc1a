"""The file of `flowforge sandbox --world`: which repositories there are, and what they have. Read strictly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final

from flowforge.cli.output import around
from flowforge.cli.streams import reason
from flowforge.data_class import dataclass
from flowforge.errors import ManifestError, Problem, UsageError, Where, printable, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.nodes import Node
from flowforge.manifest.parse import parse
from flowforge.sandbox.rules.answers import RefusalError
from flowforge.sandbox.world.world import World

_VALUE: Final = "from before"
_ABOUT: Final = 'name repositories as keys, such as {"acme/api": {"topics": ["claude"]}}'
_EMPTY_FILE: Final = "FF107"


def build(path: Path, world: World) -> int:
    """Let a world have what a file says, and return how many repositories that are.

    Raises UsageError (FF047), and ManifestError for what is no YAML, before the sandbox listens.
    """
    entries = list(_entries(_parsed(path)))
    repos = [each for each in entries if each.is_repo]
    # Owners first: whether one is a user is decided by whoever makes it.
    for each in entries:
        if not each.is_repo:
            each.carry_out(partial(_make_owner, world, each.name, each.has))
    for each in repos:
        each.carry_out(partial(_make_repo, world, each.name, each.has))
    teams: dict[tuple[str, str], list[_Entry]] = {}
    for each in repos:
        for team in each.has.get("teams", ()):
            teams.setdefault((each.owner, team), []).append(each)
    for (owner, team), members in teams.items():
        members[0].carry_out(partial(world.create_team, owner, team, [each.name for each in members]))
    return len(repos)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A repository or an owner of the file."""

    name: str
    where: Where
    has: Mapping[str, Any]
    """What it has, by the keys of the file, which were checked."""

    @property
    def is_repo(self) -> bool:
        """Whether it is a repository."""
        return "/" in self.name

    @property
    def owner(self) -> str:
        """The owner of a repository."""
        return self.name.partition("/")[0]

    def carry_out(self, change: Callable[[], object]) -> None:
        """Change the world. Raises UsageError where it cannot be like this."""
        try:
            change()
        except (RefusalError, ValueError) as error:
            why = str(error)
        except KeyError as error:
            why = f"there is no {error.args[0]}"
        else:
            return
        raise _wrong(self.where, f"{quote(self.name)} cannot be made", printable(why), "change what it has")


def _wrong(where: Where, what: str, why: str, fix: str) -> UsageError:
    return UsageError(Problem("FF047", what, str(where), why=why, fix=fix))


def _parsed(path: Path) -> Node:
    shown = printable(str(path))
    try:
        with open(around(path).read(path), encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
            text = file.read()
    except OSError as error:
        raise _wrong(Where(shown), "the world file cannot be read", reason(error), "name another --world") from None
    except ValueError:
        raise _wrong(Where(shown), "the world file is no text", "", "save the file as UTF-8") from None
    findings = Findings()
    try:
        root = parse(text, shown, findings)
    except ManifestError as error:
        if error.problems[0].code != _EMPTY_FILE:
            raise
        raise _wrong(Where(shown), "the world file is no mapping of repositories", "", _ABOUT) from None
    findings.raise_any()
    return root


def _entries(root: Node) -> Iterator[_Entry]:
    for name, node in root.entries().items():
        known = _OF_REPOS if "/" in name else _OF_OWNERS
        yield _Entry(name, root.key(name), _read(node, known, name))


def _read(node: Node, known: "_Shapes", label: str) -> Mapping[str, Any]:
    """Return a mapping with these keys, and no other."""
    if not isinstance(node.data, dict):
        raise _wrong(node.where, f"{quote(label)} must be a mapping", "", f"the keys are {', '.join(known)}")
    for key in node.entries():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            fix = f"did you mean {quote(near[0])}?" if near else f"the keys here are {', '.join(known)}"
            raise _wrong(node.key(key), f"the key {quote(key)} is not known here", "", fix)
    return {key: known[key](part, key) for key, part in node.entries().items()}


def _bool(node: Node, key: str) -> bool:
    if not isinstance(node.data, bool):
        raise _wrong(node.where, f"{quote(key)} must be true or false", "", "write true or false, without quotes")
    return node.data


def _text(node: Node, key: str) -> str:
    if not isinstance(node.data, str):
        raise _wrong(node.where, f"{quote(key)} must be a text", "", "put it in quotes")
    return node.data


def _texts(node: Node, key: str) -> list[str]:
    if not isinstance(node.data, list):
        raise _wrong(node.where, f"{quote(key)} must be a list", "", 'write it like ["one", "two"]')
    return [_text(item, key) for item in node.items()]


def _by_name(node: Node, key: str) -> Mapping[str, str]:
    """Return values by name; of a list of names each has the same one."""
    if isinstance(node.data, dict):
        return {name: _text(part, name) for name, part in node.entries().items()}
    return dict.fromkeys(_texts(node, key), _VALUE)


def _environments(node: Node, key: str) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(node.data, dict):
        return {name: _read(part, _OF_ENVIRONMENTS, name) for name, part in node.entries().items()}
    return {name: {} for name in _texts(node, key)}


def _properties(node: Node, key: str) -> Mapping[str, str | list[str]]:
    if not isinstance(node.data, dict):
        raise _wrong(node.where, f"{quote(key)} must be a mapping", "", 'write it like {"tier": "gold"}')
    return {
        name: _texts(part, name) if isinstance(part.data, list) else _text(part, name)
        for name, part in node.entries().items()
    }


_Shapes = Mapping[str, Callable[[Node, str], Any]]
_OF_ENVIRONMENTS: Final[_Shapes] = {"secrets": _by_name, "variables": _by_name}
_OF_REPOS: Final[_Shapes] = {
    "visibility": _text,
    "archived": _bool,
    "fork": _bool,
    "topics": _texts,
    "teams": _texts,
    "properties": _properties,
    "secrets": _by_name,
    "variables": _by_name,
    "environments": _environments,
    "files": _by_name,
}
_OF_OWNERS: Final[_Shapes] = {
    "user": _bool,
    "plan": _text,
    "sso": _bool,
    "secrets": _by_name,
    "variables": _by_name,
}


def _make_owner(world: World, login: str, has: Mapping[str, Any]) -> None:
    (world.create_user if has.get("user") else world.create_org)(login)
    world.set_plan(login, has.get("plan", "team"))
    world.require_sso(login, required=has.get("sso", False))
    for name, value in has.get("secrets", {}).items():
        world.set_org_secret(login, name, value)
    for name, value in has.get("variables", {}).items():
        world.set_org_variable(login, name, value)


def _make_repo(world: World, repo: str, has: Mapping[str, Any]) -> None:
    world.create_repo(repo, topics=has.get("topics"), fork=has.get("fork", False))
    world.set_visibility(repo, has.get("visibility", "private"))
    world.archive_repo(repo, archived=has.get("archived", False))
    _give(world, repo, "", has)
    for name, environment in has.get("environments", {}).items():
        world.create_environment(repo, name)
        _give(world, repo, name, environment)
    for name, value in has.get("properties", {}).items():
        _set_property(world, repo, name, value)
    for path, text in has.get("files", {}).items():
        world.edit_file(repo, path, text)


def _give(world: World, repo: str, environment: str, has: Mapping[str, Mapping[str, str]]) -> None:
    for name, value in has.get("secrets", {}).items():
        world.set_secret(repo, name, value, environment=environment)
    for name, value in has.get("variables", {}).items():
        world.set_variable(repo, name, value, environment=environment)


def _set_property(world: World, repo: str, name: str, value: str | Sequence[str]) -> None:
    """Set a property, which its organization defines by the first value that the file gives it."""
    kind, set_to = ("string", value) if isinstance(value, str) else ("multi_select", [*value])
    if name not in world.properties(repo):
        world.define_property(repo.partition("/")[0], name, value_type=kind)
    world.set_property(repo, name, set_to)

"""An independent reading of a manifest: what GitHub must look like afterwards. It uses nothing of FlowForge's own.

The files are read by PyYAML; what selectors mean is looked up in the sandbox's own world, not through its API. What
both this and FlowForge's reader stand on is docs/manifest.md. It reads sound manifests only and reports no problem.
"""

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from flowforge.sandbox.world.world import World

Entry = dict[str, Any]
# Everything that is somewhere: by place, by name, the value, and of an organization's who sees it.
Contents = dict[str, dict[str, object]]

_VARIABLES = {
    "federation_rule_id": "ANTHROPIC_FEDERATION_RULE_ID",
    "organization_id": "ANTHROPIC_ORGANIZATION_ID",
    "service_account_id": "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "workspace_id": "ANTHROPIC_WORKSPACE_ID",
}
_STORES = ("actions", "dependabot", "codespaces", "agents")


def contents(world: World, *, times: bool = False) -> Contents:
    """Return all that is in every place of the world, decrypted. times: when it was written, instead of values."""
    with world.lock:
        repos = list(world.directory)
        owners = {repo.owner.login: repo.owner for repo in repos}
        places: list[tuple[str, Any]] = [(f"organization {login}", owner) for login, owner in owners.items()]
        places += [(repo.full_name, repo) for repo in repos]
        places += [
            (f"{repo.full_name} in {each.name.lower()}", each) for repo in repos for each in repo.environments.values()
        ]
        lists = [(f"{name}: {store}", place.stores[store].secrets) for name, place in places for store in _STORES]
        lists += [(f"{name}: variables", place.variables.items) for name, place in places]
        numbers = {repo.id: repo.full_name for repo in repos}
        return {
            name: {key: each.updated if times else _shown(each, numbers) for key, each in items.items()}
            for name, items in lists
            if items
        }


def _shown(item: Any, numbers: Mapping[int, str]) -> object:  # noqa: ANN401 -- a secret or a variable of the sandbox
    value = item.value if isinstance(item.value, str) else item.value.decode()
    if item.audience is None:
        return value
    selected = sorted(numbers[number] for number in item.audience.selected) if item.audience.is_selected else []
    return value, item.audience.visibility, selected


@dataclass
class Reading:
    """What a folder of manifests says, in a world. given: the repos of the App whose token is used.

    environ: of the run. vaults: 1Password's, as vault, item and field.
    """

    folder: Path
    world: World
    environ: Mapping[str, str]
    vaults: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    given: Callable[[str], bool] = lambda _: False

    def __post_init__(self) -> None:
        """Read the files as one."""
        files = sorted(self.folder.glob("*.yaml"))
        documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
        self.targets: list[Entry] = [each for document in documents for each in document.get("targets", ())]
        self.absent: list[Entry] = [each for document in documents for each in document.get("absent", ())]
        self.groups = {name: each for document in documents for name, each in document.get("groups", {}).items()}
        self.credentials = {k: each for document in documents for k, each in document.get("credentials", {}).items()}
        defaults = {key: each for document in documents for key, each in document.get("defaults", {}).items()}
        self.stores: list[str] = defaults.get("stores", ["actions"])
        self._names = {repo.full_name.lower(): repo.full_name for repo in self.world.directory}

    def after(self, before: Contents) -> Contents:
        """Return what must be where, when the manifest was applied to what was there."""
        now = {place: dict(items) for place, items in before.items()}
        for entry in self.absent:
            stores = ["variables"] if "variable" in entry else entry.get("stores", self.stores)
            name = entry.get("variable") or entry["secret"]
            for place, *_ in self._places(entry, stores):
                now.get(place, {}).pop(name.upper(), None)
        for target in self.targets:
            audience = self._audience(target)
            for place, name, value in self._wanted(target):
                now.setdefault(place, {})[name] = (value, *audience) if audience else value
        return {place: items for place, items in now.items() if items}

    def environments(self) -> dict[str, set[str]]:
        """Return the environments that targets name, in lower case, by their repos."""
        named: dict[str, set[str]] = {}
        for target in self.targets:
            for repo in self.repos(target) if "environments" in target else ():
                named.setdefault(repo, set()).update(name.lower() for name in target["environments"])
        return named

    def repos(self, entry: Entry) -> list[str]:
        """Return the repos of a group, a target, an absent entry or a `visible_to`, as GitHub writes them, sorted."""
        return sorted(self._names[key] for key in self._keys(entry))

    def _keys(self, entry: Entry) -> set[str]:
        keys = {name.lower() for name in entry.get("repos", ())}
        for name in entry.get("groups", ()):
            keys |= self._keys(self.groups[name])
        if "select" in entry:
            keys |= self._selected(entry["select"])
        for pattern in entry.get("exclude", ()):
            keys -= self._keys(self.groups[pattern[1:]]) if pattern.startswith("@") else _fitting(keys, pattern.lower())
        return keys

    def _selected(self, select: Entry) -> set[str]:
        visible = select.get("visibility", ["private", "internal"])
        chosen = set()
        for repo in self.world.directory:
            owner, properties = repo.owner, select.get("properties", {})
            values = repo.property_values() if properties else {}
            own = next(select[key] for key in ("org", "user", "installation") if key in select)
            name = repo.full_name.lower()
            if not (self.given(name) if own is True else _same(owner.login, own)):
                continue
            conditions = (
                any(fnmatchcase(repo.name.lower(), each.lower()) for each in _list(select.get("name", "*"))),
                set(select.get("topics", ())) <= set(repo.topics),
                "team" not in select or repo.id in owner.teams[select["team"].lower()].repos,
                all(set(_list(each)) & set(_list(values[key] or [])) for key, each in properties.items()),
                repo.visibility in _list(visible),
                not repo.archived or bool(select.get("archived")),
                not repo.fork or bool(select.get("fork")),
            )
            if all(conditions):
                chosen.add(name)
        return chosen

    def _places(self, entry: Entry, stores: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Yield where an entry's secrets are, each with its repo and its environment, empty for none."""
        if "org" in entry:
            login = next(each.owner.login for each in self.world.directory if _same(each.owner.login, entry["org"]))
            yield from ((f"organization {login}: {store}", "", "") for store in stores)
        for repo in () if "org" in entry else self.repos(entry):
            for environment in entry.get("environments", ()):
                store = "variables" if "variables" in stores else "actions"
                yield f"{repo} in {environment.lower()}: {store}", repo, environment
            if "environments" not in entry:
                yield from ((f"{repo}: {store}", repo, "") for store in stores)

    def _wanted(self, target: Entry) -> Iterator[tuple[str, str, object]]:
        credential = self.credentials[target["credential"]]
        if credential["type"] == "anthropic_workload_identity":
            for key in _VARIABLES.keys() & credential.keys():
                yield from (
                    (place, _VARIABLES[key], credential[key]) for place, *_ in self._places(target, ["variables"])
                )
            return
        name = target.get("secret") or credential.get("secret") or credential["type"]
        for place, repo, environment in self._places(target, target.get("stores", self.stores)):
            yield place, name.upper(), self._value(credential["from"], repo, environment)

    def _value(self, source: Entry, repo: str, environment: str) -> str:
        owner, _, short = repo.partition("/")
        (kind,) = source.keys() & {"env", "file", "command", "onepassword"}
        text = (
            source[kind] if kind == "command" else source[kind].format(owner=owner, repo=short, environment=environment)
        )
        match kind:
            case "env":
                return self.environ[text]
            case "file":
                return Path(self.folder / text).read_text(encoding="utf-8").removesuffix("\n")
            case "command":
                return _printed(tuple(text), self.folder)
        vault, item, name = text.removeprefix("op://").split("/")
        return str(self.vaults[vault][item][name])

    def _audience(self, target: Entry) -> tuple[str, list[str]] | None:
        who = target.get("visible_to")
        if isinstance(who, str):
            return who, []
        return None if who is None else ("selected", self.repos(who))


@cache
def _printed(program: tuple[str, ...], folder: Path) -> str:
    return subprocess.check_output(program, cwd=folder, text=True).removesuffix("\n")


def _list(value: Any) -> list[str]:  # noqa: ANN401 -- a text of the manifest, or a list of texts
    return [value] if isinstance(value, str) else value


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _fitting(keys: set[str], pattern: str) -> set[str]:
    """Return the repos that a pattern means: of one with a slash each side fits its own, else the name does."""
    owner, _, name = pattern.rpartition("/")
    parts = {key: key.split("/") for key in keys}
    return {key for key, part in parts.items() if fnmatchcase(part[0], owner or "*") and fnmatchcase(part[1], name)}

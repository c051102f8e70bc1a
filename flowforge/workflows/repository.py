"""The workflow and action files of a repository: plain data by path in, documents and what could not be read out."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from posixpath import normpath
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.nodes import YamlMapping
from flowforge.workflows.workflow import CompositeAction, Workflow
from flowforge.workflows.yaml_reader import UnreadableError, read_yaml

FOLDER: Final = ".github/workflows"
MAX_BYTES: Final = 512_000
"""GitHub starts no workflow whose file is larger: docs.github.com, actions/reference/limits."""
_SUFFIXES: Final = (".yml", ".yaml")
ACTION_NAMES: Final = ("action.yml", "action.yaml")


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read."""

    file: str
    reason: str
    """A clause."""
    line: int = 1
    column: int = 1


@dataclass(slots=True)
class RepositoryFiles:
    """What was read of one repository."""

    name: str | None = None
    """Owner and name, where known."""
    workflows: dict[str, Workflow] = field(default_factory=dict)
    """By path."""
    actions: dict[str, CompositeAction] = field(default_factory=dict)
    """By the folder that `uses: ./FOLDER` names; empty for the root."""
    unread: list[Unread] = field(default_factory=list)
    too_large: dict[str, int] = field(default_factory=dict)
    """Workflow files that GitHub never starts, with their bytes."""

    def workflow(self, path: str) -> Workflow | None:
        """Return the workflow of a `uses: ./PATH`."""
        return self.workflows.get(normpath(path))

    def action(self, path: str) -> CompositeAction | None:
        """Return the action of a `uses: ./PATH`."""
        folder = normpath(path)
        return self.actions.get("" if folder == "." else folder)

    def local(self, uses: str) -> str:
        """Return the path of a workflow that a job calls in this very repository; empty for one elsewhere."""
        if uses.startswith("./"):
            return normpath(uses)
        path = uses.partition("@")[0]
        if self.name and path.lower().startswith(f"{self.name.lower()}/"):
            return normpath(path[len(self.name) + 1 :])
        return ""


def is_workflow(path: str) -> bool:
    """Return whether GitHub would start a file: directly in the folder of workflows, with the ending of YAML."""
    folder, _, name = path.rpartition("/")
    return folder == FOLDER and name.endswith(_SUFFIXES)


def is_action(path: str) -> bool:
    """Return whether a file is that of an action."""
    return path.rpartition("/")[2] in ACTION_NAMES


def read_repository(files: Mapping[str, bytes | str], name: str | None = None) -> RepositoryFiles:
    """Read the workflow and action files among some files, by their paths from the root. Others are left out."""
    found = RepositoryFiles(name)
    # In order, so that action.yml comes after action.yaml and stays: the runner looks for it first.
    for path, data in sorted(files.items()):
        if is_workflow(path):
            _read_workflow(path, data, found)
        elif is_action(path):
            _read_action(path, data, found)
    return found


def _read_workflow(path: str, data: bytes | str, found: RepositoryFiles) -> None:
    # A text handed in may hold half a surrogate pair: it has a size too, and the reader refuses it.
    size = len(data) if isinstance(data, bytes) else len(data.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        found.too_large[path] = size
        return
    try:
        root = read_yaml(data)
    except UnreadableError as error:
        found.unread.append(Unread(path, error.reason, error.line, error.column))
        return
    if isinstance(root, YamlMapping):
        found.workflows[path] = Workflow(path, root, found.name.lower() if found.name else None)


def _read_action(path: str, data: bytes | str, found: RepositoryFiles) -> None:
    # A limit of our own: an action is not to cost more than a workflow may.
    if len(data) > MAX_BYTES:
        found.unread.append(Unread(path, "it is larger than any action's file"))
        return
    try:
        root = read_yaml(data)
    except UnreadableError as error:
        found.unread.append(Unread(path, error.reason, error.line, error.column))
        return
    if isinstance(root, YamlMapping):
        found.actions[path.rpartition("/")[0]] = CompositeAction(path, root)


def documents(repository: RepositoryFiles) -> Iterator[Workflow | CompositeAction]:
    """Yield every document that was read."""
    yield from repository.workflows.values()
    yield from repository.actions.values()

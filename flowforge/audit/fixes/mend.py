"""What a fixer gives: entries to add and values to replace, by their paths in a file; or why it gives nothing."""

from collections.abc import Callable, Sequence

from flowforge.audit.case import Case
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.data_class import dataclass
from flowforge.workflows.layout import Layout, TextEdit, YamlPath
from flowforge.workflows.nodes import YamlNode
from flowforge.workflows.occurrence import Occurrence


@dataclass(frozen=True, slots=True)
class AddedEntry:
    """An entry that a mapping lacks."""

    file: str
    path: YamlPath
    """Of the mapping."""
    key: str
    value: str | tuple[tuple[str, str], ...]
    """A text, or the entries of a mapping below the key."""
    after: tuple[str, ...] = ()
    """Keys behind which it stands best."""

    def edits(self, layout: Layout) -> Sequence[TextEdit] | None:
        """Return where it goes; None where that is not plain to see."""
        edit = layout.added(self.path, self.key, self.value, self.after)
        return None if edit is None else [edit]

    def into(self, tree: object) -> None:
        """Do the same to the file as plain data."""
        value = self.value if isinstance(self.value, str) else dict(self.value)
        _at(tree, self.path)[self.key] = value


@dataclass(frozen=True, slots=True)
class ReplacedValue:
    """A value that another one takes the place of."""

    file: str
    """The file's path from the root of the checkout."""
    path: YamlPath
    """Of the value."""
    old: str
    """What stands there."""
    new: str
    """What is to stand there."""
    version: str = ""
    """What the comment beside it says then; empty where comments stay as they are."""
    was: str | None = None
    """The only version that the comment loses; None for any, and for a comment that says none."""

    def edits(self, layout: Layout) -> Sequence[TextEdit] | None:
        """Return where it goes; None where that is not plain to see."""
        edit = layout.replaced(self.path, self.old, self.new)
        if edit is None:
            return None
        beside = layout.noted(self.path, self.version, self.was) if self.version else None
        return [edit] if beside is None else [edit, beside]

    def into(self, tree: object) -> None:
        """Do the same to the file as plain data."""
        _at(tree, self.path[:-1])[self.path[-1]] = self.new


Edit = AddedEntry | ReplacedValue


@dataclass(frozen=True, slots=True)
class Mend:
    """What mends a finding."""

    says: str
    """What it does, as a clause: `adds …`."""
    changes: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Unmended:
    """A finding that is left to a person."""

    why: str
    """A clause."""


Fixer = Callable[[Case, ClaudeStep], Mend | Unmended]


def own_path(occurrence: Occurrence) -> YamlPath:
    """Return where a step is written in its own file."""
    own = occurrence.own
    steps: YamlPath = ("jobs", own.job, "steps") if own.job is not None else ("runs", "steps")
    return steps if own.step is None else (*steps, own.step)


def plain_tree(node: YamlNode) -> object:
    """Return a file as texts, lists and dicts, each alias as what it repeats."""
    entries = list(node.entries())
    if entries:
        return {key: plain_tree(value) for key, value in entries}
    items = node.items()
    return [plain_tree(each) for each in items] if items else node.text


def _at(tree: object, path: YamlPath) -> dict[str | int, object]:
    found: object = tree
    for part in path:
        found = found[part]  # type: ignore[index]  # -- the layout has found each part already
    return found  # type: ignore[return-value]  # -- a dict, or a list that is indexed alike

"""What kinds of sources there are, and the nature of each: the one table that every rule about sources asks.

A rule never compares a source's name. It asks for a property here, so a new source is judged by its row and by nothing
else, and a source without a row cannot be imported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from types import MappingProxyType
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import printable, quote


class Names(Enum):
    """What stands behind a source's key in `from`."""

    VARIABLE = "variable"
    PATH = "path"
    REFERENCE = "reference"
    ARGV = "argv"
    QUESTION = "question"
    # What stands behind the key of a plugin only the plugin knows.
    ANYTHING = "anything"
    NOTHING = "nothing"


class Runs(Enum):
    """Which code a source runs outside of FlowForge's own."""

    NOTHING = "nothing"
    # The source chooses the program; the manifest chooses no more than what it is asked for.
    FIXED = "fixed"
    # The manifest chooses: whoever proposes one runs what they like. Only trusted events may.
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceType:
    """A row: the nature of one source. There is no default for what a rule asks, so that nothing is left unsaid."""

    name: str
    """Its key in `from`; that of a plugin has a hyphen."""
    names: Names
    """What stands behind that key."""
    runs: Runs
    """Whose program it runs, if any. `Runs.CHOSEN` is refused unless a trusted event began the run."""
    folder_bound: bool
    """Whether it gives something else in another folder; if not, equal questions of two folders are asked once."""
    asks_person: bool
    """Whether a person answers. Each credential is then asked for by itself."""
    options: tuple[str, ...] = ()
    """The keys that may stand beside its own, but for a plugin's, which only the plugin knows."""
    passes: str = ""
    """The option that lists variables for its program, besides those that every program gets."""

    def shown(self, named: str | tuple[str, ...]) -> str:
        """Return a source as people know it: `env NAME`, `file PATH`. named: what stands behind its key.

        Of a program only its name is shown: an argument could hold a value, and so could whatever a plugin is told.
        """
        if self.names is Names.ANYTHING:
            return f"source {printable(self.name)}"
        if isinstance(named, tuple):
            return f"{self.name} {quote(named[0] if named else '')}"
        return f"{self.name} {quote(named) if self.names is Names.QUESTION else printable(named)}"


_ROWS: Final = (
    SourceType(
        name="command",
        names=Names.ARGV,
        runs=Runs.CHOSEN,
        folder_bound=True,
        asks_person=False,
        options=("timeout", "pass_env"),
        passes="pass_env",
    ),
    SourceType(name="env", names=Names.VARIABLE, runs=Runs.NOTHING, folder_bound=False, asks_person=False),
    SourceType(name="file", names=Names.PATH, runs=Runs.NOTHING, folder_bound=True, asks_person=False),
    SourceType(
        name="onepassword",
        names=Names.REFERENCE,
        runs=Runs.FIXED,  # `op`, from a folder of PATH that no manifest brings along
        folder_bound=False,
        asks_person=False,
        options=("account",),
    ),
    SourceType(name="prompt", names=Names.QUESTION, runs=Runs.NOTHING, folder_bound=False, asks_person=True),
)
SOURCE_TYPES: Final[Mapping[str, SourceType]] = MappingProxyType({row.name: row for row in _ROWS})
# Of a package's code nothing is known, so the worst holds.
_PLUGIN: Final = SourceType(name="", names=Names.ANYTHING, runs=Runs.CHOSEN, folder_bound=True, asks_person=False)
# A workload identity has no value, and so no source.
_NONE: Final = SourceType(name="", names=Names.NOTHING, runs=Runs.NOTHING, folder_bound=False, asks_person=False)


def is_plugin(name: str) -> bool:
    """Return whether a key names a plugin's source: it has a hyphen, which none of our sources and options has."""
    return "-" in name


def source_type(name: str) -> SourceType:
    """Return the row of a source. All plugins share one; an empty name is no source. Raises KeyError for another."""
    if not name:
        return _NONE
    return replace(_PLUGIN, name=name) if is_plugin(name) else SOURCE_TYPES[name]


def require_rows(names: Iterable[str], what: str) -> None:
    """Raise ImportError unless these are the sources of the table: called where others are written, at import."""
    different = {*names} ^ SOURCE_TYPES.keys()
    if different:
        message = f"{what} and flowforge/source_types.py have different sources: {', '.join(sorted(different))}"
        raise ImportError(message)

"""Where a value comes from, as a manifest says it."""

from collections.abc import Mapping
from pathlib import Path

from flowforge.data_class import dataclass
from flowforge.errors import Where
from flowforge.source_types import Names, SourceType, source_type

Option = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name or a pattern at a position: a group to include, or what `exclude` leaves out."""

    text: str
    where: Where


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Where a value comes from."""

    name: str
    """The name of the source, such as `env`; a plugin's has a hyphen."""
    options: Mapping[str, Option]
    """As written, the source's own key among them: `{"command": ("vault", "read", "{repo}"), "timeout": "20s"}`."""
    where: Where
    folder: Path
    """The folder of the manifest's file. Relative paths begin here."""
    passes: tuple[Mention, ...] = ()
    """The variables that its program gets in addition to those that every program gets."""

    @property
    def type(self) -> SourceType:
        """What is known of every source of this name."""
        return source_type(self.name)

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables that it names. Each may hold placeholders."""
        return frozenset(self.texts) if self.type.names is Names.VARIABLE else frozenset()

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of its options. Each may hold placeholders."""
        return tuple(
            text for option in self.options.values() for text in ((option,) if isinstance(option, str) else option)
        )

"""What the values of options are read as. Every help loads this, so it imports next to nothing."""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from flowforge.durations import WRITTEN, seconds
from flowforge.on_demand import load
from flowforge.render.formats import Format

if TYPE_CHECKING:
    from pathlib import Path

# The formats of a command.
Formats = Sequence[Format]
# What `--report` was given, and the formats that it may name. `flowforge.cli.output` checks it before any work.
AskedReport = tuple[str, Sequence[Format]]


class ReportType(click.ParamType):  # type: ignore[type-arg]  # -- generic since click 8.4 only
    """`FORMAT=FILE`, together with the formats that the command has."""

    name = "report"

    def __init__(self, formats: Sequence[Format], documents: Sequence[str]) -> None:
        self._formats: Final = formats
        self.documents: Final = documents
        """What the command may end in."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> AskedReport:
        """Return the text with the formats; it is read when the command begins."""
        del param, ctx
        return value, self._formats


class Finite(click.FloatRange):
    """A number in a range, and never nan or inf, which pass every range's test or none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 -- as click's
        """Read the number, or fail as click's own types do."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Duration(click.ParamType):  # type: ignore[type-arg]  # -- generic since click 8.4 only
    """A duration as a manifest writes one; what it is converted to is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 -- as click's
        """Read the duration, or fail as click's own types do."""
        found = seconds(str(value))
        if found is None:
            self.fail(f"{value!r} is not a duration: write it {WRITTEN}", param, ctx)
        return found


class FilePath(click.Path):
    """A file's path. pathlib is imported with the first one: it costs a twelfth of what click does."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Path":  # noqa: ANN401 -- as click's
        """Return the path, or fail as click's own type does."""
        path: Path = load("pathlib").Path(os.fspath(super().convert(value, param, ctx)))
        return path


class ManifestPath(FilePath):
    """A path that is not empty: pathlib takes an empty one for the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Path":  # noqa: ANN401 -- as click's
        """Return the path, or fail as click's own types do."""
        if not os.fspath(value):
            self.fail("an empty path names no manifest", param, ctx)
        return super().convert(value, param, ctx)

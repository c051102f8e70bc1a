"""The options that several commands share, as click's decorators, and the output they ask for."""

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from flowforge.cli.output import FORMATS, Output, parse_reports

Command = TypeVar("Command", bound=Callable[..., Any])


def option(*names: str, **settings: Any) -> Callable[[Command], Command]:  # noqa: ANN401 -- click's own settings
    """Make an option that an environment variable named after it can set too."""
    long = next(name for name in names if name.startswith("--")).partition("/")[0]
    variable = "FLOWFORGE_" + long.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


class Finite(click.FloatRange):
    """A number in a range, and never nan or inf, which pass every range's test or none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401 -- as click's
        """Read the number, or fail as click's own types do."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class _ManifestPath(click.Path):
    """A path that is not empty: pathlib takes an empty one for the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ANN401 -- as click's
        """Give the path, or fail as click's own types do."""
        if not os.fspath(value):
            self.fail("an empty path names no manifest", param, ctx)
        return Path(value)


_MANIFEST = (
    option(
        "-m",
        "--manifest",
        "manifests",
        multiple=True,
        type=_ManifestPath(),
        default=("flowforge.yaml",),
        show_default="flowforge.yaml",
        help="A manifest, or a folder of them; several are read as one.",
    ),
)
_OUTPUT = (
    option("--format", "format_", type=click.Choice(FORMATS), default="text", help="What stdout gets."),
    option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Also write the result to a file."),
    option("--no-color", "no_color", is_flag=True, help="No colours (as NO_COLOR does)."),
    option("-v", "--verbose", is_flag=True, help="Show what is in sync too."),
    option("-q", "--quiet", is_flag=True, help="No progress, no warnings."),
)
_LINES = (
    option(
        "-l",
        "--limit",
        multiple=True,
        metavar="PATTERN",
        help="Plan only these repos: a name, a glob, @group, or @file with one on each line.",
    ),
    option("--exclude", multiple=True, metavar="PATTERN", help="Leave these repos out; patterns as for --limit."),
    option("--tags", multiple=True, metavar="TAG", help="Plan only what entries with this tag name."),
    option("-j", "--jobs", type=click.IntRange(1, 100), default=32, show_default=True, help="Requests in flight."),
    option("--max-wait", type=Finite(min=0), default=900, show_default=True, help="Longest pause, seconds."),
    option("--skip-values", is_flag=True, help="Open no source; compare presence and times only."),
)
_ONCE = (
    option("--keep-going", is_flag=True, help="Write the other secrets when a value cannot be had."),
    click.option("--prune", is_flag=True, help="Delete what FlowForge wrote and the manifest no longer names."),
    click.option("--prove", is_flag=True, help="Write what is only assumed to hold its value (see adopt)."),
)
_LOCK = (
    option(
        "--lock-timeout", type=Finite(min=0), default=0, show_default=True, help="Wait so long for the state, seconds."
    ),
)
# The brakes have no environment variables: what they admit is decided by a person, each time.
_BRAKES = (
    click.option("--allow-deletes", type=click.IntRange(min=0), default=0, metavar="N", help="Admit N deletions."),
    click.option("--allow-takeover", is_flag=True, help="Admit overwriting many secrets that are not remembered."),
    click.option("--allow-empty", is_flag=True, help="Admit a manifest that names nothing."),
    click.option("--allow-manifest-change", is_flag=True, help="Admit --prune with another set of manifests."),
    click.option("--allow-new-repos", is_flag=True, help="Admit repos that a selector finds for the first time."),
    click.option("--accept-drift", is_flag=True, help="Record what was changed outside as it is, as assumed."),
    click.option("--allow-widening", is_flag=True, help="Admit that more repos see an organization's secret."),
)


def _all(*groups: tuple[Callable[[Command], Command], ...]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return decorate


def lock_option(command: Command) -> Command:
    """Add `--lock-timeout`."""
    return _all(_LOCK)(command)


def manifest_options(command: Command) -> Command:
    """Add `-m` and the output options."""
    return _all(_MANIFEST, _OUTPUT)(command)


def manifest_option(command: Command) -> Command:
    """Add `-m` alone."""
    return _all(_MANIFEST)(command)


def format_option(command: Command) -> Command:
    """Add `--format` alone."""
    return _OUTPUT[0](command)


def planning_options(command: Command) -> Command:
    """Add all that `plan` and `apply` have in common."""
    return _all(_MANIFEST, _LINES, _ONCE, _BRAKES, _OUTPUT)(command)


def adopting_options(command: Command) -> Command:
    """Add what `adopt` has in common with them: which lines are looked at, and how."""
    return _all(_MANIFEST, _LINES, _OUTPUT)(command)


def output(
    *, format_: str, reports: tuple[str, ...], no_color: bool, quiet: bool, manifests: tuple[Path, ...] = ()
) -> Output:
    """Make the output from its options; raises UsageError for a report that cannot be written."""
    colour = sys.stdout.isatty() and not no_color and not os.environ.get("NO_COLOR")
    return Output(format_, parse_reports(reports, manifests), quiet, colour)

"""Saved plans on the command line: where one may be written, and what may be said beside one that is applied."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from flowforge import run
from flowforge.cli.output import around, is_ours
from flowforge.cli.streams import say
from flowforge.errors import Problem, UsageError, printable, quote

if TYPE_CHECKING:
    from flowforge.run import SavedPlan

_FIX: Final = "leave it out: a saved plan is applied with the options that it was made with"


def require_destination(path: Path, manifests: tuple[Path, ...], reports: Iterable[Path]) -> None:
    """Make sure before any work that a plan can be saved there. Raises UsageError FF024."""
    run.require_place(path, around(path), is_ours=is_ours(path, manifests), reports=reports)


def write(saved: "SavedPlan", path: Path, *, quiet: bool) -> None:
    """Write a plan, and say how it is carried out."""
    saved.write(path, around(path))
    if not quiet:
        say(
            f"The plan is saved; this carries it out: `flowforge apply {printable(shlex.quote(str(path)))}`", whole=True
        )


def refuse_check(planfile: Path | None) -> None:
    """Raise UsageError (FF023) for `--check` beside a saved plan."""
    if planfile is not None:
        fix = "leave out one of the two"
        raise UsageError(Problem("FF023", "--check plans anew, and a saved plan is only applied", fix=fix))


def with_flags(saved: "SavedPlan", given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with those that a plan was made with. Raises UsageError FF023 for one that says otherwise."""
    context = click.get_current_context()
    # One that says the same is no contradiction: a script may hand the same options to plan and to apply.
    said = [name for name in saved.flags if context.get_parameter_source(name) is not ParameterSource.DEFAULT]
    wrong = [name for name in said if given[name] != saved.flags[name]]
    if wrong:
        raise UsageError(*(_contradicted(name, saved.flags[name], context) for name in wrong))
    # The commands that are printed are about the lines of the saved plan, too.
    context.params.update({name: saved.flags[name] for name in context.params.keys() & saved.flags.keys()})
    return {**given, **saved.flags}


def _contradicted(name: str, planned: object, context: click.Context) -> Problem:
    option = "--" + name.replace("_", "-")
    words = ", ".join(map(quote, planned)) if isinstance(planned, tuple) else str(planned).lower()
    why = f"it was made with {words}" if planned else "it was made without"
    if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        why += f"; FLOWFORGE_{name.upper()} is set"
    return Problem("FF023", f"{option} is not as the saved plan has it", why=why, fix=_FIX)

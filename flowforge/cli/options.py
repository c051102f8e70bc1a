"""The options that several commands share. Every help loads this, so it imports next to nothing."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import click

from flowforge.cli.option_types import Duration, ManifestPath, ReportType
from flowforge.cli.panel_option import Carried, PanelOption
from flowforge.on_demand import load
from flowforge.render.formats import Format

# What the row of a command yields for its formats.
Options = Iterator[click.Parameter]
_OWNER: Final = "flowforge.owner"

# The parts of a help, in their order. What is in none of the others is an option of the command itself.
OWN, LINES, BRAKES, OUTPUT = "Options", "What to plan", "Brakes", "Output"
PANELS: Final = (OWN, LINES, BRAKES, OUTPUT)
_Completing = Callable[[click.Context, click.Parameter, str], list[Any]]


def completing(kind: str) -> _Completing:
    """Return what offers a shell the words of a kind. It is imported when a shell asks, and for nothing else."""

    def words(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
        found: list[Any] = load("flowforge.cli.completing").words_for(kind, ctx, incomplete)
        return found

    return words


def plain_option(
    *names: str,
    text: str,
    panel: str = OWN,
    carried: Carried = Carried.NOT,
    **settings: Any,  # noqa: ANN401 -- click's own settings
) -> click.Option:
    """Make an option that the command line alone can set.

    panel: the part of the help that it stands in. carried: whether the commands that are printed get it.
    """
    return PanelOption(names, panel, carried, help=text, **settings)


def option(*names: str, text: str, **settings: Any) -> click.Option:  # noqa: ANN401 -- click's own settings
    """Make an option that an environment variable named after it can set too."""
    long = next(name for name in names if name.startswith("--"))
    variable = "FLOWFORGE_" + long.removeprefix("--").replace("-", "_").upper()
    return plain_option(*names, text=text, envvar=variable, show_envvar=True, **settings)


def argument(name: str, **settings: Any) -> click.Argument:  # noqa: ANN401 -- click's own settings
    """Make an argument: what is told by its place."""
    return click.Argument([name], **settings)


def manifest_option() -> click.Option:
    """Make `-m`."""
    return option(
        "-m",
        "--manifest",
        "manifests",
        multiple=True,
        carried=Carried.MANIFEST,
        type=ManifestPath(),
        default=("flowforge.yaml",),
        show_default="flowforge.yaml",
        text="A manifest, or a folder of them; several are read as one.",
    )


_PLANNED: Final = "Plan only this organization or user; needed where each owner has a state of its own."


def owner_option(text: str = _PLANNED) -> click.Option:
    """Make `--owner`. `chosen_owner` returns what it was given. text: what its help says."""
    return option(
        "--owner",
        metavar="NAME",
        panel=LINES,
        carried=Carried.OWNER,
        default="",
        expose_value=False,
        callback=_keep_owner,
        shell_complete=completing("owners"),
        text=text,
    )


def account(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return the name of an organization or user. It may stand in a path, so it has no other letters than GitHub's."""
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", value):
        raise click.BadParameter("letters, digits, hyphens and underscores only", ctx, parameter)
    return value


def _keep_owner(ctx: click.Context, parameter: click.Parameter, value: str) -> None:
    value = account(ctx, parameter, value)
    ctx.meta[_OWNER] = value.lower()


def chosen_owner() -> str:
    """Return the owner that the command line of this run names, in lower case; empty where it names none."""
    # Kept beside the options: a dozen commands hand it on, and none of them looks at it.
    ctx = click.get_current_context(silent=True)
    return owner_of(ctx) if ctx else ""


def owner_of(ctx: click.Context) -> str:
    """Return the owner that a command line names, as `chosen_owner` does."""
    return str(ctx.meta.get(_OWNER, ""))


def asking_options() -> tuple[click.Option, ...]:
    """Make the options that say how GitHub is asked."""
    return (
        option("-j", "--jobs", type=click.IntRange(1, 100), default=32, show_default=True, text="Requests in flight."),
        option("--max-wait", type=Duration(), default="15m", show_default=True, text="Longest pause, as 90s or 10m."),
        option("--no-cache", is_flag=True, text="Ask for every list in full, and keep none for the next run."),
        option(
            "--pace",
            type=click.Choice(("gentle", "limits", "free")),
            default="limits",
            show_default=True,
            text="gentle: 80 writes a minute, 500 an hour. limits: so once GitHub refuses. free: none, for GHES.",
        ),
    )


def line_options() -> tuple[click.Option, ...]:
    """Make the options that say which lines are planned, and how."""
    skip = option("--skip-values", panel=LINES, is_flag=True, text="Open no source; compare presence and times only.")
    return (*choosing_options(), skip)


def choosing_options() -> tuple[click.Option, ...]:
    """Make the options that say which lines are looked at."""
    return (
        owner_option(),
        option(
            "-l",
            "--limit",
            panel=LINES,
            carried=Carried.LINES,
            multiple=True,
            metavar="PATTERN",
            shell_complete=completing("lines"),
            text="Plan only these repos: a name, a glob, @group, or @file with one on each line.",
        ),
        option(
            "--exclude",
            panel=LINES,
            carried=Carried.LINES,
            multiple=True,
            metavar="PATTERN",
            shell_complete=completing("lines"),
            text="Leave these repos out; patterns as for --limit.",
        ),
        option(
            "--tags",
            panel=LINES,
            carried=Carried.LINES,
            multiple=True,
            metavar="TAG",
            shell_complete=completing("tags"),
            text="Plan only what entries with this tag name.",
        ),
        *asking_options(),
    )


def planning_options() -> tuple[click.Option, ...]:
    """Make what `plan` and `apply` have in common, besides which lines are planned."""
    return (
        option("--keep-going", is_flag=True, text="Write the other secrets when a value cannot be had."),
        option("--audit", is_flag=True, text="Read the workflows of the repos to write; show what will fail."),
        option(
            "--verify", is_flag=True, text="Of a plan: ask Anthropic about the keys, as apply does (`verify: true`)."
        ),
        # None of the rest has an environment variable: what they admit is decided by a person, each time.
        plain_option(
            "--prune", panel=BRAKES, is_flag=True, text="Delete what FlowForge wrote and the manifest no longer names."
        ),
        plain_option(
            "--prove", panel=BRAKES, is_flag=True, text="Write what is only assumed to hold its value (see adopt)."
        ),
        plain_option(
            "--allow-deletes",
            panel=BRAKES,
            type=click.IntRange(min=0),
            default=0,
            metavar="N",
            text="Admit N deletions.",
        ),
        plain_option(
            "--allow-takeover",
            panel=BRAKES,
            is_flag=True,
            text="Admit overwriting many secrets that are not remembered.",
        ),
        plain_option("--allow-empty", panel=BRAKES, is_flag=True, text="Admit a manifest that names nothing."),
        plain_option(
            "--allow-manifest-change", panel=BRAKES, is_flag=True, text="Admit --prune with another set of manifests."
        ),
        plain_option(
            "--allow-new-repos",
            panel=BRAKES,
            is_flag=True,
            text="Admit repos that a selector finds for the first time.",
        ),
        plain_option(
            "--accept-drift", panel=LINES, is_flag=True, text="Record what was changed outside as it is, as assumed."
        ),
        plain_option(
            "--allow-widening", panel=BRAKES, is_flag=True, text="Admit that more repos see an organization's secret."
        ),
    )


def require_values_option() -> click.Option:
    """Make `--require-values`, which concerns the exit code of a plan alone."""
    text = "Of a plan: exit 3 when a value was not read, also where that was your choice."
    return option("--require-values", is_flag=True, text=text)


def lock_option() -> click.Option:
    """Make `--lock-timeout`."""
    text = "Wait so long for the state: 90s, 10m, 2h; a bare number is seconds."
    return option("--lock-timeout", type=Duration(), default="0s", show_default=True, text=text)


def yes_option(*names: str) -> click.Option:
    """Make `--yes`. names: what else it is called."""
    return plain_option("--yes", *names, is_flag=True, text="Do not ask. Needed where there is no terminal.")


def format_option(formats: Sequence[Format], *documents: str) -> click.Option:
    """Make `--format` of a command that ends in one of these documents: it offers what can write any of them."""
    offered = _offered(formats, documents)
    return option(
        "--format",
        "format_",
        panel=OUTPUT,
        type=click.Choice(offered),
        default=str(offered[0]),
        text="What stdout gets.",
    )


def output_options(formats: Sequence[Format], *documents: str) -> tuple[click.Option, ...]:
    """Make the options that say where a result goes, and how much of it."""
    report = ReportType(_offered(formats, documents), documents)
    said = "Also write the result to a file."
    return (
        format_option(formats, *documents),
        option("--report", "reports", panel=OUTPUT, multiple=True, type=report, metavar="FORMAT=FILE", text=said),
        option("--no-color", "no_color", panel=OUTPUT, is_flag=True, text="No colours (as NO_COLOR does)."),
        option("-v", "--verbose", panel=OUTPUT, is_flag=True, text="Show what is in sync too."),
        option("-q", "--quiet", panel=OUTPUT, is_flag=True, text="No progress, no warnings."),
    )


def _offered(formats: Sequence[Format], documents: Sequence[str]) -> tuple[Format, ...]:
    return tuple(each for each in formats if any(map(each.takes, documents)))

"""The table of commands: each with its help, its module and its options. A new command is a row and a module.

Every help and every error of the command line is made of this table; a module is imported when its command runs.
"""

import re
from typing import TYPE_CHECKING, Final

import click

from flowforge.cli.lazy import Row
from flowforge.cli.options import (
    FilePath,
    Finite,
    Formats,
    ManifestPath,
    Options,
    argument,
    asking_options,
    completing,
    line_options,
    lock_option,
    manifest_option,
    option,
    output_options,
    plain_option,
    planning_options,
    require_values_option,
    yes_option,
)
from flowforge.cli.state.subcommands import SUBCOMMANDS
from flowforge.on_demand import load
from flowforge.resources import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

# What Terraform calls `--yes`.
_AUTO_APPROVE: Final = ("--auto-approve", "yes")


def _init(_: Formats) -> Options:
    yield argument("repos", nargs=-1, metavar="[OWNER/REPO]...")
    default, text = "flowforge.yaml", "The manifest to write."
    yield plain_option("-m", "--manifest", type=FilePath(), default=default, show_default=True, text=text)


def _validate(formats: Formats) -> Options:
    yield argument("files", nargs=-1, metavar="[FILE]...", type=ManifestPath())
    yield manifest_option()
    yield from output_options(formats, "validation")


def _plan(formats: Formats) -> Options:
    yield manifest_option()
    yield from line_options()
    yield from planning_options()
    yield from output_options(formats, "plan", "repos")
    yield option("--detailed-exitcode", is_flag=True, text="Exit 2 when there is something to do.")
    yield require_values_option()
    yield option("--list-repos", is_flag=True, text="Only say which repos are chosen, and by which line.")
    yield option("--offline", is_flag=True, text="Compare with the state alone: no token, no values, no request.")
    yield plain_option("--out", type=FilePath(), metavar="FILE", text="Save the plan for `apply FILE`.")


def _apply(formats: Formats) -> Options:
    yield argument("planfile", required=False, type=FilePath())
    yield manifest_option()
    yield from line_options()
    yield from planning_options()
    yield from output_options(formats, "report", "plan")
    yield yes_option(*_AUTO_APPROVE)
    yield option("--check", is_flag=True, text="Only plan.")
    yield lock_option()
    yield option("--detailed-exitcode", is_flag=True, text="With --check: as for plan.")
    yield require_values_option()


def _adopt(formats: Formats) -> Options:
    yield manifest_option()
    yield from line_options()
    yield from output_options(formats, "adoption")
    yield lock_option()
    yield yes_option(*_AUTO_APPROVE)


def _matrix(_: Formats) -> Options:
    yield manifest_option()
    yield from asking_options()
    yield plain_option("-q", "--quiet", is_flag=True, text="No progress, no warnings.")


def _name_of_comment(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9](-?[A-Za-z0-9]){0,38})?", value):
        raise click.BadParameter("letters, digits and single hyphens only, at most 39", ctx, parameter)
    return value


def _post(_: Formats) -> Options:
    yield argument("report", type=FilePath())
    yield plain_option("--to", type=click.Choice(("pr", "issue")), required=True, text="Where it is posted.")
    repo = "The repository; that of GITHUB_REPOSITORY unless given."
    yield plain_option("--repo", metavar="OWNER/NAME", default="", text=repo)
    number = "The pull request; that of the event unless given."
    yield plain_option("--number", type=click.IntRange(min=1), text=number)
    variable = "The variable with the token; GITHUB_TOKEN, GH_TOKEN or FLOWFORGE_GITHUB_TOKEN unless given."
    yield plain_option("--token-env", metavar="NAME", default="", text=variable)
    name = "Keep a comment or an issue of its own for this name, such as an owner's."
    yield plain_option("--name", default="", callback=_name_of_comment, text=name)
    yield plain_option("-q", "--quiet", is_flag=True, text="Say warnings and errors only.")


def _audit(formats: Formats) -> Options:
    text = "The checkout to read. No token is needed."
    yield plain_option("--path", type=FilePath(), required=True, metavar="DIR", text=text)
    text = "A manifest that says which type of credential each secret holds."
    yield plain_option("-m", "--manifest", "manifests", multiple=True, type=FilePath(), text=text)
    yield from output_options(formats, "audit")
    levels = click.Choice(("error", "warning", "note"))
    yield option("--fail-on", type=levels, metavar="LEVEL", text="Exit 3 when there is a finding of LEVEL or above.")


def _schema(_: Formats) -> Options:
    yield argument("name", type=click.Choice(tuple(SCHEMAS)), default="manifest")


def _repo(ctx: click.Context, parameter: click.Parameter, value: str | None) -> object:
    """Return the repo that is named; None without one."""
    try:
        return None if value is None else load("flowforge.plan.address").Repo.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from None


def _doctor(_: Formats) -> Options:
    text = "Create, change and delete secrets in this scratch repo, and print as JSON what GitHub answers."
    yield plain_option("--probe", metavar="OWNER/SCRATCH", callback=_repo, text=text)
    yield manifest_option()
    yield yes_option()


def _explain(_: Formats) -> Options:
    yield argument("words", nargs=-1, required=True, metavar="CODE|TEXT...", shell_complete=completing("codes"))


def _completion(_: Formats) -> Options:
    yield argument("shell", type=click.Choice(("bash", "zsh", "fish")))


def _login(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](-?[A-Za-z0-9])*", value):
        raise click.BadParameter("letters, digits and single hyphens only", ctx, parameter)
    return value


def _key(ctx: click.Context, parameter: click.Parameter, value: "Path | None") -> "tuple[Path, str] | None":
    """Return the file of an App's key and its text. The file is read once: it may be a pipe."""
    if value is None:
        return None
    try:
        text = value.read_text(encoding="ascii")
        load("flowforge.sandbox.rules.keys").public_key(text)
    except OSError as error:
        message = f"it cannot be read: {error.strerror}"
        raise click.BadParameter(message, ctx, parameter) from None
    except ValueError:
        raise click.BadParameter("it is not the PEM of an RSA key without a password", ctx, parameter) from None
    return value, text


def _sandbox(_: Formats) -> Options:
    many = click.IntRange(0, 100_000)
    yield plain_option("--repos", type=many, default=25, show_default=True, text="How many to begin with.")
    owner = "The organization that has them."
    yield plain_option("--owner", default="acme", show_default=True, callback=_login, text=owner)
    port = "On 127.0.0.1; a free one unless given."
    yield plain_option("--port", type=click.IntRange(0, 65535), default=0, text=port)
    yield plain_option("--socket", "socket_path", type=FilePath(), text="Listen on this unix socket too, for gh.")
    yield plain_option("--time-scale", type=Finite(min=0, min_open=True), default=1, text="60: an hour in a minute.")
    yield plain_option("--latency", type=Finite(min=0), default=0, metavar="MS", text="What each request takes.")
    yield plain_option("--limits/--no-limits", default=True, show_default=True, text="GitHub's rate limits.")
    yield plain_option("--token", default="", text="The token it accepts; made up unless given.")
    key = "Install a GitHub App at the owner: the PEM of its key, as `openssl genrsa` makes one."
    yield plain_option("--app-key", type=FilePath(), callback=_key, metavar="FILE", text=key)
    yield plain_option("--ready-file", type=FilePath(), text="Write url, socket, token and pid here as JSON.")


# In the order in which people meet them.
COMMANDS: Final = (
    Row(
        "init",
        """
        Write a commented starter manifest, and the schema for editors.

        The schema goes beside the manifest, and what git is to ignore into the .gitignore there. Repositories named
        here go into the manifest. Overwrites no manifest.
        """,
        "flowforge.cli.init",
        _init,
    ),
    Row(
        "validate",
        """
        Check the manifest. Opens no source, makes no request, needs no token.

        A FILE is a manifest as -m names one: a file or a folder; several are read as one.
        """,
        "flowforge.cli.validate",
        _validate,
    ),
    Row(
        "plan",
        "Say what GitHub lacks, and what `apply` would do about it. Writes nothing.",
        "flowforge.cli.plan",
        _plan,
    ),
    Row(
        "apply",
        """
        Make GitHub match the manifest: plan, show, ask, write, recap.

        With a PLANFILE of `plan --out`, carry out that plan: it was approved, so nobody is asked. Everything is planned
        again with the options that it was made with, and nothing is written unless that comes to the same.
        """,
        "flowforge.cli.apply",
        _apply,
    ),
    Row(
        "adopt",
        """
        Record secrets that are there already as holding today's value.

        Writes nothing to GitHub: what is there and wanted and was never applied is remembered as assumed to hold the
        value that its source gives now, instead of being overwritten. `apply --prove` writes it later, to prove it. A
        variable is recorded where it holds the wanted value, which GitHub shows.
        """,
        "flowforge.cli.adopt",
        _adopt,
    ),
    Row(
        "matrix",
        """
        Print a job for each owner, for the matrix of a workflow.

        Each job then runs `plan` or `apply` with --owner, that owner's token alone, and its own state. In a workflow it
        is the step's output `matrix` too. It needs a token only where selectors choose repositories.
        """,
        "flowforge.cli.matrix",
        _matrix,
    ),
    Row(
        "post",
        """
        Post a report to its pull request, or keep one issue of it.

        REPORT is what `--report json=FILE` of `plan` or `apply` wrote. On a pull request it is one comment, which is
        edited from then on. An issue is opened when something is wrong, updated, and closed when all is well. Where
        that is not permitted the summary of the step gets it, and the exit code is 0. It reads no manifest.
        """,
        "flowforge.cli.post",
        _post,
    ),
    Row(
        "doctor",
        """
        Find out how a GitHub answers, by --probe on a scratch repo.

        Names the repo, asks, and creates, lists, rotates, re-keys and deletes secrets named FLOWFORGE_PROBE_... in each
        store that the token has. What it prints names nobody. The token is found as for `plan`; no manifest is needed.
        """,
        "flowforge.cli.doctor",
        _doctor,
    ),
    Row(
        "audit",
        """
        Say what will break in the workflows that run Claude, before one does.

        Reads the workflow files of a checkout as GitHub's runner does, local actions and called workflows joined. What
        GitHub would have to say, such as which secrets are set, is unknown. Exits 0 when it could look.
        """,
        "flowforge.cli.audit",
        _audit,
    ),
    Row("state", "Look at what FlowForge remembers, and mend it.", rows=SUBCOMMANDS),
    Row(
        "schema",
        "Print the JSON Schema of manifests, or of what FlowForge writes.",
        "flowforge.cli.schema",
        _schema,
    ),
    Row(
        "explain",
        """
        Say what a code, or the text of a failed run, is about.

        A CODE is one of ours, such as FF504. A TEXT is a line of the log of a workflow that runs Claude, such as
        `Invalid bearer token`: why it is said, how to check that, and what to do.
        """,
        "flowforge.cli.explain",
        _explain,
    ),
    Row(
        "completion",
        """
        Print what a shell needs to complete our command lines.

        Commands and options, and the repos, groups, tags and owners that the manifest names. For bash, in ~/.bashrc:
        `eval "$(flowforge completion bash)"`; for zsh the same in ~/.zshrc, after compinit; for fish: `flowforge
        completion fish > ~/.config/fish/completions/flowforge.fish`.
        """,
        "flowforge.cli.completion",
        _completion,
    ),
    Row(
        "sandbox",
        "Run a local GitHub to rehearse against, until Ctrl-C. It keeps nothing.",
        "flowforge.cli.sandbox",
        _sandbox,
    ),
    Row(
        "demo",
        """
        Watch a fleet being brought onto a Claude credential.

        It has 25 repositories, on a sandbox on this machine.
        """,
        "flowforge.cli.demo",
    ),
)

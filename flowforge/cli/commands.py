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
    Options,
    argument,
    line_options,
    lock_option,
    manifest_option,
    option,
    output_options,
    plain_option,
    planning_options,
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
    yield manifest_option()
    yield from output_options(formats, "validation")


def _plan(formats: Formats) -> Options:
    yield manifest_option()
    yield from line_options()
    yield from planning_options()
    yield from output_options(formats, "plan", "repos")
    text = "Exit 2 when there are changes, 3 when something is blocked."
    yield option("--detailed-exitcode", is_flag=True, text=text)
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


def _adopt(formats: Formats) -> Options:
    yield manifest_option()
    yield from line_options()
    yield from output_options(formats, "adoption")
    yield lock_option()
    yield yes_option(*_AUTO_APPROVE)


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

        The schema goes beside the manifest. Repositories named here go into it. Overwrites no manifest.
        """,
        "flowforge.cli.init",
        _init,
    ),
    Row(
        "validate",
        "Check the manifest. Opens no source, makes no request, needs no token.",
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

"""The options of each command, which its row in the table of commands names."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from flowforge.cli.option_types import Duration, FilePath, Finite, Formats, ManifestPath
from flowforge.cli.options import (
    LINES,
    Carried,
    Options,
    argument,
    asking_options,
    choosing_options,
    completing,
    line_options,
    lock_option,
    manifest_option,
    option,
    output_options,
    owner_option,
    plain_option,
    planning_options,
    require_values_option,
    yes_option,
)
from flowforge.on_demand import load
from flowforge.resources import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

    from flowforge.sandbox_verbs import Verb

# What Terraform calls `--yes`.
_AUTO_APPROVE: Final = ("--auto-approve", "yes")


def _account(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", value):
        raise click.BadParameter("letters, digits, hyphens and underscores only", ctx, parameter)
    return value


def init_options(_: Formats) -> Options:
    """Yield the options of `init`."""
    yield argument("repos", nargs=-1, metavar="[OWNER/REPO]...")
    text = "Write what the workflows of this organization or user read, and what is set there."
    yield plain_option("--owner", "--org", "owner", metavar="NAME", default="", callback=_account, text=text)
    text = "With --owner: one pasted token of `claude setup-token` for every repo that runs Claude."
    yield plain_option("--setup-token", is_flag=True, text=text)
    default, text = "flowforge.yaml", "The manifest to write."
    yield plain_option(
        "-m", "--manifest", type=FilePath(), default=default, show_default=True, carried=Carried.MANIFEST, text=text
    )


def validate_options(formats: Formats) -> Options:
    """Yield the options of `validate`."""
    yield argument("files", nargs=-1, metavar="[FILE]...", type=ManifestPath())
    yield manifest_option()
    yield from output_options(formats, "validation")


def plan_options(formats: Formats) -> Options:
    """Yield the options of `plan`."""
    yield manifest_option()
    yield from line_options()
    yield from planning_options()
    yield from output_options(formats, "plan", "repos")
    yield option("--detailed-exitcode", is_flag=True, text="Exit 2 when there is something to do.")
    yield require_values_option()
    yield option("--list-repos", is_flag=True, text="Only say which repos are chosen, and by which line.")
    yield option("--offline", is_flag=True, text="Compare with the state alone: no token, no values, no request.")
    yield plain_option("--out", type=FilePath(), metavar="FILE", text="Save the plan for `apply FILE`.")


def apply_options(formats: Formats) -> Options:
    """Yield the options of `apply`."""
    yield argument("planfile", required=False, type=FilePath())
    yield manifest_option()
    yield from line_options()
    yield from planning_options()
    yield from output_options(formats, "report", "plan")
    yield yes_option(*_AUTO_APPROVE)
    yield option("--check", is_flag=True, text="Only plan.")
    yield lock_option()
    yield option("--detailed-exitcode", is_flag=True, text="With --check: as for plan.")
    text = "Ask at once for GitHub's time of every write, also where that costs a wait."
    yield option("--confirm", is_flag=True, text=text)
    yield require_values_option()


def adopt_options(formats: Formats) -> Options:
    """Yield the options of `adopt`."""
    yield manifest_option()
    yield from line_options()
    yield from output_options(formats, "adoption")
    yield lock_option()
    yield yes_option(*_AUTO_APPROVE)


def matrix_options(_: Formats) -> Options:
    """Yield the options of `matrix`."""
    yield manifest_option()
    yield from asking_options()
    yield plain_option("-q", "--quiet", is_flag=True, text="No progress, no warnings.")


def _name_of_comment(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9](-?[A-Za-z0-9]){0,38})?", value):
        raise click.BadParameter("letters, digits and single hyphens only, at most 39", ctx, parameter)
    return value


def post_options(_: Formats) -> Options:
    """Yield the options of `post`."""
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


def _repo_options() -> tuple[click.Option, ...]:
    """Make the options that choose among repos."""
    limit = "Only these repos: a name, a glob, or @file with one on each line."
    without = "Leave these repos out; patterns as for --limit."
    return (
        option("-l", "--limit", panel=LINES, carried=Carried.LINES, multiple=True, metavar="PATTERN", text=limit),
        option("--exclude", panel=LINES, carried=Carried.LINES, multiple=True, metavar="PATTERN", text=without),
    )


def audit_options(formats: Formats) -> Options:
    """Yield the options of `audit`."""
    text = "Read a checkout. No token is needed."
    yield plain_option("--path", type=FilePath(), metavar="DIR", text=text)
    text = "Read every repo of this organization or user."
    yield plain_option("--owner", "--org", "owner", metavar="NAME", default="", callback=_account, text=text)
    text = "A manifest: its repos, its token, and which type of credential each secret holds."
    yield plain_option(
        "-m", "--manifest", "manifests", multiple=True, type=ManifestPath(), carried=Carried.MANIFEST, text=text
    )
    yield from _repo_options()
    yield from asking_options()
    yield from output_options(formats, "audit")
    levels = click.Choice(("error", "warning", "note"))
    yield option("--fail-on", type=levels, metavar="LEVEL", text="Exit 3 when there is a finding of LEVEL or above.")
    text = "Print a patch for what has one right answer; with =guards also for Dependabot without its secret."
    kinds = click.Choice(("sure", "guards"))
    yield plain_option("--fix", type=kinds, is_flag=False, flag_value="sure", metavar="[=guards]", text=text)
    text = "With --fix: write the patch into this folder, instead of printing it."
    yield plain_option("--out", type=FilePath(), metavar="DIR", text=text)


def status_options(formats: Formats) -> Options:
    """Yield the options of `status`."""
    yield manifest_option()
    yield from choosing_options()
    text = "Join these reports of `status`, and ask nobody; may be repeated."
    yield plain_option("--from", "files", multiple=True, type=FilePath(), metavar="FILE", text=text)
    yield plain_option("--owner-of", metavar="NAME", default="", text="The credentials that NAME looks after.")
    yield from output_options(formats, "status")
    soon = "Exit 3 when a credential expires within so long: 30d, 2w."
    yield option("--fail-on-expiring", type=Duration(), default=None, metavar="TIME", text=soon)
    yield option("--fail-on-dead", is_flag=True, text="Exit 3 when a secret is dead.")
    yield option("--fail-on-failing", is_flag=True, text="Exit 3 when a secret is dead or failing.")
    yield option("--expect-in-sync", is_flag=True, text="Exit 3 when a secret is not as it was written.")


def rules_options(formats: Formats) -> Options:
    """Yield the options of `identity rules`."""
    yield manifest_option()
    yield owner_option()
    yield from asking_options()
    yield from output_options(formats, "rules")


def schema_options(_: Formats) -> Options:
    """Yield the options of `schema`."""
    yield argument("name", type=click.Choice(tuple(SCHEMAS)), default="manifest", metavar="[DOCUMENT]")


def _repo(ctx: click.Context, parameter: click.Parameter, value: str | None) -> object:
    """Return the repo that is named; None without one."""
    try:
        return None if value is None else load("flowforge.plan.address").Repo.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from None


def doctor_options(formats: Formats) -> Options:
    """Yield the options of `doctor`."""
    text = "Create, change and delete secrets in this scratch repo, and print as JSON what GitHub answers."
    yield plain_option("--probe", metavar="OWNER/SCRATCH", callback=_repo, text=text)
    yield manifest_option()
    yield from output_options(formats, "checkup")
    yield yes_option()


def explain_options(_: Formats) -> Options:
    """Yield the options of `explain`."""
    yield argument("words", nargs=-1, required=True, metavar="CODE|TEXT...", shell_complete=completing("codes"))


def completion_options(_: Formats) -> Options:
    """Yield the options of `completion`."""
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


def sandbox_options(_: Formats) -> Options:
    """Yield the options of `sandbox`."""
    many = click.IntRange(0, 100_000)
    yield plain_option("--repos", type=many, text="How many to begin with; 25, or none with --world.")
    text = "Begin with the repositories of this JSON or YAML file."
    yield plain_option("--world", type=FilePath(), metavar="FILE", text=text)
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
    yield plain_option("--log", is_flag=True, text="Say each request on stderr, as it is answered.")


def do_options(_: Formats) -> Options:
    """Yield the options of `sandbox do`."""
    yield argument("verb", metavar="VERB", shell_complete=completing("verbs"))
    yield argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
    text = "The --ready-file of the sandbox, in the place of the two variables."
    yield plain_option("--ready-file", type=FilePath(), text=text)


def verb_sections() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return what the help of `sandbox do` says of each verb."""
    groups: Mapping[str, Sequence[Verb]] = load("flowforge.sandbox_verbs").GROUPS
    return {title: [(verb.name, _told(verb)) for verb in verbs] for title, verbs in groups.items()}


def _told(verb: "Verb") -> str:
    return f"{verb.does} Takes {verb.takes}." if verb.takes else verb.does


def demo_options(_: Formats) -> Options:
    """Yield the options of `demo`."""
    text = "Watch a rotation that a canary stops, and that goes on when the cause is mended."
    yield plain_option("--rotate", is_flag=True, text=text)

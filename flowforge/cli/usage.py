"""What is wrong with a command line, in our words: click's own vary from release to release.

Loaded for an error alone: difflib would cost every start a fortieth of what click does.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

import click
from click.core import ParameterSource

from flowforge.errors import Problem, UsageError, printable, quote

# What people type who come from Terraform, Pulumi, Ansible, a linter or a script of their own: what to say instead.
_APPLY: Final = "say `flowforge apply`"
_PLAN: Final = "say `flowforge plan`"
_VALIDATE: Final = "say `flowforge validate`"
_ABSENT: Final = "name the secrets under `absent:` in the manifest, then say `flowforge apply`"
_MANIFEST: Final = "name it in the manifest, then say `flowforge apply`"
COMMANDS_ELSEWHERE: Final[Mapping[str, str]] = {
    "check": "say `flowforge plan --detailed-exitcode`, or `flowforge validate` for the manifest alone",
    "import": "name the secret in the manifest, then say `flowforge adopt`",
    "list": "say `flowforge state list`, or `flowforge plan --list-repos`",
    "run": "say `flowforge plan`, then `flowforge apply`",
    "version": "say `flowforge --version`",
    **dict.fromkeys(("diff", "drift", "dry-run", "preview", "refresh"), _PLAN),
    **dict.fromkeys(("deploy", "push", "sync", "up", "update"), _APPLY),
    **dict.fromkeys(("add", "create", "set"), _MANIFEST),
    **dict.fromkeys(("delete", "destroy", "remove", "rm"), _ABSENT),
    **dict.fromkeys(("lint", "verify"), _VALIDATE),
    "ls": "say `flowforge state list`",
    **dict.fromkeys(("show", "pull", "forget", "move", "unlock", "migrate", "rekey"), "say `flowforge state {}`"),
    "state rm": "say `flowforge state forget`",
    "state mv": "say `flowforge state move`",
    "state ls": "say `flowforge state list`",
}
# Options that people know from elsewhere: for each, the options that stand for it and what to say where a command has
# one of them. The first that it has counts.
_LIMIT: Final = (("--limit", "say --limit PATTERN"),)
_EXCLUDE: Final = (("--exclude", "say --exclude PATTERN"),)
_MANIFESTS: Final = (("--manifest", "say -m FILE"),)
_JOBS: Final = (("--jobs", "say --jobs N"),)
_YES: Final = (("--yes", "say --yes"),)
_OUT: Final = (("--out", "say --out FILE"),)
OPTIONS_ELSEWHERE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "--json": (("--format", "say --format json"),),
    "--output": (("--format", "say --format json, or --report FORMAT=FILE for a file"),),
    "--dry-run": (("--check", "say --check"), ("--out", "leave it out: plan writes nothing")),
    "--exit-code": (("--detailed-exitcode", "say --detailed-exitcode"),),
    "--timeout": (("--lock-timeout", "say --lock-timeout DURATION, as 60s"),),
    "--no-colour": (("--no-color", "say --no-color"),),
    **dict.fromkeys(("--target", "--only", "--repo", "--repos", "--include"), _LIMIT),
    **dict.fromkeys(("--skip", "--ignore"), _EXCLUDE),
    **dict.fromkeys(("-f", "-c", "--file", "--config"), _MANIFESTS),
    **dict.fromkeys(("--parallelism", "--parallel", "--concurrency", "--forks"), _JOBS),
    **dict.fromkeys(("-y", "--force", "--approve"), _YES),
    **dict.fromkeys(("-o", "--save"), _OUT),
}


def explain(error: click.ClickException) -> UsageError:
    """Return our error (FF003) for one of click's."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    fix = f"see `{context.command_path} --help`" if context else "see `flowforge --help`"
    match error:
        case click.NoSuchOption(option_name=name, possibilities=near):
            what = f"there is no option {quote(name)}"
            hint = _known_elsewhere(name, context) or (f"did you mean {near[0]}?" if near else "")
            return UsageError(Problem("FF003", what, fix=f"{hint.rstrip('?')}{_or(hint)}{fix}"))
        case click.BadParameter(param=click.Option() as option, ctx=click.Context() as where):
            return UsageError(Problem("FF003", _sentence(error), _origin(option, where), fix=fix))
    return UsageError(Problem("FF003", _sentence(error), fix=fix))


def _or(hint: str) -> str:
    """Return what leads on from a hint, which may be a question."""
    return "? Or " if hint.endswith("?") else ", or " if hint else ""


def _known_elsewhere(name: str, context: click.Context | None) -> str:
    """Return what to say for an option of other tools; empty where this command has nothing like it."""
    if context and isinstance(context.command, click.Group) and not _has_options(context.command):
        # --help and --version aside all options stand behind a command.
        return next((f"{hint} after the command" for _, hint in OPTIONS_ELSEWHERE.get(name, ())), "")
    has = {each for param in (context.command.params if context else ()) for each in param.opts}
    return next((hint for ours, hint in OPTIONS_ELSEWHERE.get(name, ()) if ours in has), "")


def _has_options(command: click.Command) -> bool:
    return any(param.expose_value for param in command.params)


def unknown_command(name: str, commands: Iterable[str], within: str = "flowforge") -> UsageError:
    """Return the error (FF001) that names the command that was meant. within: the command that it is one of."""
    near = difflib.get_close_matches(name, commands, n=1)
    *_, known = f"{within} {name}".split(" ", 1)
    hint = COMMANDS_ELSEWHERE.get(known, "").replace("{}", known)
    hint = hint or (f"did you mean `{within} {near[0]}`?" if near else f"see `{within} --help`")
    return UsageError(Problem("FF001", f"there is no command {quote(name)}", fix=hint))


def _sentence(error: click.ClickException) -> str:
    # Of an argument that is missing click makes the sentence later.
    return printable((error.message or error.format_message()).rstrip("."))


def _origin(option: click.Option, context: click.Context) -> str:
    """Return what the value was given with: an option, or its environment variable."""
    from_environment = context.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT
    return str(option.envvar) if from_environment else max(option.opts, key=len)

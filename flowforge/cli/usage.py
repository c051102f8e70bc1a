"""What is wrong with a command line, in our words: click's own vary from release to release.

Loaded for an error alone: difflib would cost every start a fortieth of what click does.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

import click
from click.core import ParameterSource

from flowforge.errors import Problem, UsageError, printable, quote

# What people type who come from Terraform, Pulumi, Ansible or a script of their own.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "diff": "say `flowforge plan`",
    "preview": "say `flowforge plan`",
    "check": "say `flowforge plan --detailed-exitcode`, or `flowforge validate` for the manifest alone",
    "push": "say `flowforge apply`",
    "up": "say `flowforge apply`",
    "sync": "say `flowforge apply`",
    "destroy": "name the secrets under `absent:` in the manifest, then say `flowforge apply`",
    "import": "name the secret in the manifest, then say `flowforge adopt`",
}


def explain(error: click.ClickException) -> UsageError:
    """Return our error (FF003) for one of click's."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    fix = f"see `{context.command_path} --help`" if context else "see `flowforge --help`"
    match error:
        case click.NoSuchOption(option_name=name, possibilities=near):
            what = f"there is no option {quote(name)}"
            fix = f"did you mean {near[0]}? Or {fix}" if near else fix
            return UsageError(Problem("FF003", what, fix=fix))
        case click.BadParameter(param=click.Option() as option, ctx=click.Context() as where):
            return UsageError(Problem("FF003", _sentence(error), _origin(option, where), fix=fix))
    return UsageError(Problem("FF003", _sentence(error), fix=fix))


def unknown_command(name: str, commands: Iterable[str]) -> UsageError:
    """Return the error (FF001) that names the command that was meant."""
    near = difflib.get_close_matches(name, commands, n=1)
    hint = _ELSEWHERE.get(name) or (f"did you mean `flowforge {near[0]}`?" if near else "see `flowforge --help`")
    return UsageError(Problem("FF001", f"there is no command {quote(name)}", fix=hint))


def _sentence(error: click.ClickException) -> str:
    return printable(error.message.rstrip("."))


def _origin(option: click.Option, context: click.Context) -> str:
    """Return what the value was given with: an option, or its environment variable."""
    from_environment = context.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT
    return str(option.envvar) if from_environment else max(option.opts, key=len)

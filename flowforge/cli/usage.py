"""What click finds wrong with a command line, in our words: its own vary from release to release."""

import click
from click.core import ParameterSource

from flowforge.errors import Problem, UsageError, printable, quote


def explain(error: click.ClickException) -> UsageError:
    """Make our error (FF003) of one of click's."""
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


def _sentence(error: click.ClickException) -> str:
    return printable(error.message.rstrip("."))


def _origin(option: click.Option, context: click.Context) -> str:
    """Name what the value was given with: an option, or its environment variable."""
    from_environment = context.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT
    return str(option.envvar) if from_environment else max(option.opts, key=len)

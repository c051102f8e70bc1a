"""The way to an exception that nobody foresaw."""

import traceback

from flowforge.cli.streams import say
from flowforge.errors import printable


def trace(error: BaseException) -> None:
    """Show source lines, and never values or the exception's own text."""
    say("".join(printable(line) + "\n" for line in "".join(traceback.format_tb(error.__traceback__)).splitlines()))

"""The standard streams: data goes to stdout, words for people to stderr. Every process loads this."""

import io
import os
import sys
from typing import Final

import click

from flowforge.errors import Problem, harmless

NOTHING_WRITTEN: Final = "interrupted; nothing was written"


def mend_streams() -> None:
    """Make the standard streams usable whatever the process was started with.

    One that is closed becomes a null one, or the next file to be opened would get its number and its output. What an
    encoding such as ASCII does not have is escaped: a name in another alphabet must not end the run.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 -- it stays open
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(*messages: object) -> None:
    """Print to stderr, for people. A stderr that is closed is no reason to fail."""
    try:
        for message in messages:
            click.echo(harmless(str(message)), err=True)
    except OSError:
        detach(sys.stderr.fileno())
    except ValueError:
        pass  # it is closed


def detach(descriptor: int) -> None:
    """Point a closed stream at nothing, so that flushing it at exit does not fail again."""
    # A second close would raise where nobody catches: the interpreter flushes what is left when it ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def stdout_lost(error: OSError) -> Problem:
    """Return the problem (FF005) of a closed pipe or a full disk behind stdout."""
    return Problem("FF005", "stdout did not take all of the output", why=reason(error))


def reason(error: OSError) -> str:
    """Return the system's words for an error, as a clause."""
    return (error.strerror or type(error).__name__).lower()

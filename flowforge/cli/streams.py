"""The standard streams: data goes to stdout, words for people to stderr. Every process loads this."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

import click

from flowforge.cli.called import pasteable
from flowforge.columns import MOST_COLUMNS, columns_of
from flowforge.columns import fitted as fitted_to
from flowforge.errors import Problem, harmless

NOTHING_WRITTEN: Final = "interrupted; nothing was written"
# What prints above the bar that stands on stderr, while there is one.
_above_bar: list[Callable[[str], None]] = []


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


def say(*messages: object, whole: bool = False) -> None:
    """Print to stderr, for people. A stderr that is closed is no reason to fail.

    whole: for what is to be copied: no line is broken to fit the terminal.
    """
    with _as_far_as_it_is_open():
        for message in messages:
            text = pasteable(str(message))
            # Harmless last: where a line breaks another one begins, and with it what CI might take for a command.
            _print(harmless(text if whole else fitted(text, sys.stderr, MOST_COLUMNS)))


def say_commands(commands: Iterable[str]) -> None:
    """Print commands for GitHub's runner to stderr. They come from `flowforge.render.as_github` alone."""
    with _as_far_as_it_is_open():
        for command in commands:
            _print(command)


@contextmanager
def _as_far_as_it_is_open() -> Iterator[None]:
    try:
        yield
    except OSError:
        detach(sys.stderr.fileno())
    except ValueError:
        pass  # it is closed


def _print(text: str) -> None:
    if _above_bar:
        _above_bar[-1](text)
    else:
        click.echo(text, err=True)


@contextmanager
def above_bar(print_above: Callable[[str], None]) -> Iterator[None]:
    """Print what is said above a bar, while the bar stands: beside it a line would be torn, and the bar would stay."""
    _above_bar.append(print_above)
    try:
        yield
    finally:
        _above_bar.remove(print_above)


def interject(text: bytes) -> None:
    """Print a line to stderr from within a signal handler, which may take no lock and call nothing that does."""
    # Past the stream's buffer, which refuses a handler that comes while it is being written to. A bar is one line,
    # which is drawn again below.
    os.write(sys.stderr.fileno(), (b"\r\x1b[2K" if _above_bar else b"") + text + b"\n")


def fitted(text: str, stream: TextIO, most: int = 0) -> str:
    """Return a text as the terminal behind a stream shows it without breaking a word. most: see `columns.fitted`."""
    return fitted_to(text, columns_of(stream), most)


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

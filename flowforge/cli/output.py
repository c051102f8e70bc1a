"""What is printed where: data on stdout, words for people on stderr, reports into files."""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from flowforge.errors import ExitCode, FlowForgeError, Problem, UsageError, quote
from flowforge.render.document import Document, dumps, error_document
from flowforge.render.style import Style, coloured, plain

FORMATS: Final = ("text", "json")
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
    """Tell people something on stderr; that nobody listens is no reason to fail."""
    try:
        for message in messages:
            click.echo(str(message), err=True)
    except OSError:
        _detach(sys.stderr.fileno())


@dataclass(slots=True)
class Output:
    """Where a command's result goes. `broken` tells that stdout or a report did not take all of it."""

    format: str = "text"
    reports: tuple[tuple[str, Path], ...] = ()
    quiet: bool = False
    colour: bool = False
    broken: bool = field(default=False, init=False)
    _told: list[str] = field(default_factory=list, init=False)

    @property
    def style(self) -> Style:
        """How lines on stdout are coloured."""
        return coloured if self.colour else plain

    def lines(self, lines: Iterable[str]) -> None:
        """Take lines of the text format: printed where stdout is for text, and kept for a report in text."""
        for line in lines:
            self._told.append(click.unstyle(line))
            if self.format == "text":
                self._print(line)

    def finish(self, document: Document) -> None:
        """Give the result as JSON where stdout is for it, and to every report file in the file's format."""
        if self.format == "json":
            self._print(dumps(document))
        for kind, path in self.reports:
            text = dumps(document) if kind == "json" else "\n".join(self._told)
            try:
                path.write_text(text + "\n", encoding="utf-8")
            except OSError as error:
                self._broken("FF006", f"the report {quote(str(path))} cannot be written", error)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Give what stops the run to stdout and the reports as well, each in its format; stderr gets it in any case."""
        try:
            yield
        except FlowForgeError as error:
            self._stopped(*error.problems, code=error.exit_code)
            raise
        except KeyboardInterrupt as error:
            self._stopped(Problem("FF012", str(error) or NOTHING_WRITTEN), code=ExitCode.INTERRUPTED)
            raise

    def _stopped(self, *problems: Problem, code: ExitCode) -> None:
        self._told += map(str, problems)
        self.finish(error_document(problems, code))

    def _print(self, text: str) -> None:
        """Print to stdout. A closed pipe or a full disk ends the printing, never the work."""
        if self.broken:
            return
        try:
            click.echo(text, color=self.colour)
            sys.stdout.flush()
        except OSError as error:
            _detach(sys.stdout.fileno())
            self._broken("FF005", "stdout did not take all of the output", error)

    def _broken(self, code: str, what: str, error: OSError) -> None:
        self.broken = True
        say(Problem(code, what, why=reason(error)))


def reason(error: OSError) -> str:
    """Give the system's words for an error, as a clause."""
    return (error.strerror or type(error).__name__).lower()


def parse_reports(values: Iterable[str]) -> tuple[tuple[str, Path], ...]:
    """Read `FORMAT=FILE`, and make sure before any work that the file's folder is there; raises UsageError (FF007)."""
    reports = []
    for value in values:
        kind, _, name = value.partition("=")
        if kind not in FORMATS or not name:
            fix = f"write it as {' or '.join(f'{each}=FILE' for each in FORMATS)}"
            raise UsageError(Problem("FF007", f"--report {quote(value)} is not FORMAT=FILE", fix=fix))
        path = Path(name)
        if path.is_dir() or not path.parent.is_dir():
            raise UsageError(
                Problem("FF007", f"--report cannot write {quote(name)}", fix="name a file in a folder that exists")
            )
        reports.append((kind, path))
    return tuple(reports)


def _detach(descriptor: int) -> None:
    """Point a closed stream at nothing, so that flushing it at exit does not fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)

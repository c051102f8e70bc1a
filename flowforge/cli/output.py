"""What is printed where: data on stdout, words for people on stderr, reports into files."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import click

from flowforge.errors import Problem, UsageError, printable, quote
from flowforge.render.document import Document, dumps
from flowforge.render.style import Style, coloured, plain

FORMATS = ("text", "json")


def say(*messages: object) -> None:
    """Tell people something on stderr; that nobody listens is no reason to fail."""
    try:
        for message in messages:
            click.echo(str(message), err=True)
    except OSError:
        _detach(sys.stderr.fileno())


@dataclass(slots=True)
class Output:
    """Where a command's result goes. `closed` tells that stdout was closed before all of it was written."""

    format: str = "text"
    reports: tuple[tuple[str, Path], ...] = ()
    quiet: bool = False
    colour: bool = False
    closed: bool = field(default=False, init=False)

    @property
    def style(self) -> Style:
        """How lines on stdout are coloured."""
        return coloured if self.colour else plain

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines to stdout. A closed pipe ends the printing, never the work."""
        if self.closed:
            return
        try:
            for line in lines:
                click.echo(line, color=self.colour)
            sys.stdout.flush()
        except OSError:
            self.closed = True
            _detach(sys.stdout.fileno())
            say(Problem("FF005", "stdout was closed before everything was printed"))

    def finish(self, document: Document, text: Iterable[str]) -> None:
        """Give the result once to stdout, in the format asked for, and to every report file."""
        rendered = {"json": dumps(document)}
        if self.format == "json":
            self.lines([rendered["json"]])
        if self.reports:
            rendered["text"] = "\n".join(text)
        for kind, path in self.reports:
            try:
                path.write_text(rendered[kind] + "\n", encoding="utf-8")
            except OSError as error:
                say(
                    Problem(
                        "FF006", "the report could not be written", quote(str(path)), printable(error.strerror or "")
                    )
                )


def parse_reports(values: Iterable[str]) -> tuple[tuple[str, Path], ...]:
    """Read `FORMAT=FILE`, and make sure before any work that the file's folder is there; raises UsageError (FF007)."""
    reports = []
    for value in values:
        kind, _, name = value.partition("=")
        if kind not in FORMATS or not name:
            raise UsageError(
                Problem("FF007", f"--report {quote(value)} is not FORMAT=FILE", fix=f"formats: {', '.join(FORMATS)}")
            )
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

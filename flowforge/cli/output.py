"""Where a result goes: to stdout as text or JSON, and into reports."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from flowforge.cli.streams import NOTHING_WRITTEN, detach, reason, say
from flowforge.errors import ExitCode, FlowForgeError, Problem, UsageError, bug, harmless, quote
from flowforge.manifest.files import is_manifest
from flowforge.paths import Bounds, Confinement
from flowforge.render.document import Document, dumps, error_document
from flowforge.render.style import Style, coloured, plain

FORMATS: Final = ("text", "json")


@dataclass(slots=True)
class Output:
    """Where a command's result goes. `broken` tells that stdout or a report did not take all of it.

    plan: gives the document of the plan that was shown, which goes with what stops the run after that.
    """

    format: str = "text"
    reports: tuple[tuple[str, Path], ...] = ()
    quiet: bool = False
    colour: bool = False
    plan: Callable[[], Document] | None = field(default=None, init=False)
    broken: bool = field(default=False, init=False)
    _finished: bool = field(default=False, init=False)
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
        self._finished = True
        with ExitStack() as each:  # the last is done first; one that fails keeps no other from being done
            for kind, path in reversed(self.reports):
                each.callback(self._report, kind, path, document)
            if self.format == "json":
                each.callback(lambda: self._print(dumps(document)))

    def _report(self, kind: str, path: Path, document: Document) -> None:
        text = dumps(document) if kind == "json" else "\n".join(self._told)
        try:
            write_text(path, harmless(text) + "\n")
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
        except BaseException as error:
            self._stopped(bug(error), code=ExitCode.ERROR)
            raise

    def _stopped(self, *problems: Problem, code: ExitCode) -> None:
        if self._finished:  # all was told, and a signal came in the moment that was left
            return
        self._told += map(str, problems)
        try:
            plan = self.plan() if self.plan else None
        except Exception:  # noqa: BLE001 -- it may be what stopped the run
            plan = None
        self.finish(error_document(problems, code, plan))

    def _print(self, text: str) -> None:
        """Print to stdout. A closed pipe or a full disk ends the printing, never the work."""
        if self.broken:
            return
        try:
            click.echo(harmless(text, coloured=self.colour), color=self.colour)
            sys.stdout.flush()
        except OSError as error:
            detach(sys.stdout.fileno())
            self._broken("FF005", "stdout did not take all of the output", error)

    def _broken(self, code: str, what: str, error: OSError) -> None:
        self.broken = True
        say(Problem(code, what, why=reason(error)))


def parse_reports(values: Iterable[str], manifests: Sequence[Path] = ()) -> tuple[tuple[str, Path], ...]:
    """Read `FORMAT=FILE`, and make sure before any work that each can be written; raises UsageError (FF007).

    The file's folder must be there, and the file must be neither one of these manifests nor a state.
    """
    reports = []
    for value in values:
        kind, _, name = value.partition("=")
        if kind not in FORMATS or not name:
            fix = f"write it as {' or '.join(f'{each}=FILE' for each in FORMATS)}"
            raise UsageError(Problem("FF007", f"--report {quote(value)} is not FORMAT=FILE", fix=fix))
        path = Path(name)
        if os.path.isdir(path) or not os.path.isdir(path.parent):  # noqa: PTH112 -- Path's raise for a name too long
            raise UsageError(
                Problem("FF007", f"--report cannot write {quote(name)}", fix="name a file in a folder that exists")
            )
        if objection := around(path).objection(path):
            what = f"--report cannot write {quote(name)}"
            raise UsageError(Problem("FF007", what, why=objection, fix="name another file"))
        if is_ours(path, manifests):
            what = f"--report would overwrite {quote(name)}, a manifest or a state"
            raise UsageError(Problem("FF007", what, fix="name another file"))
        reports.append((kind, path))
    return tuple(reports)


def around(path: Path) -> Bounds:
    """Return the bounds of a file that the command line names."""
    return Confinement.of(os.environ).around(path)


def write_text(path: Path, text: str, flags: int = os.O_TRUNC) -> None:
    """Write a file that the command line names, in UTF-8; raises OSError. flags: how it is opened."""
    with open(around(path).write(path, flags), "w", encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
        file.write(text)


def is_ours(path: Path, manifests: Sequence[Path]) -> bool:
    """Whether a file to be written is a state, what stands beside one, or one of these manifests; or a link to it."""
    names = path.name, Path(os.path.realpath(path)).name
    return any(".state.json" in name for name in names) or any(_is(path, manifest) for manifest in manifests)


def _is(path: Path, manifest: Path) -> bool:
    if is_manifest(path) and os.path.realpath(path.parent) == os.path.realpath(manifest):
        return True  # of a folder of them, be it there already or not
    # Not those of Path, which raise where a name is too long.
    both_there = os.path.exists(path) and os.path.exists(manifest)  # noqa: PTH110 -- see above
    return both_there and path.samefile(manifest)

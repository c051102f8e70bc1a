"""Where a result goes: to stdout and into reports, each in its format."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import field
from pathlib import Path
from typing import Any

import click

from flowforge.cli.called import pasteable, pasteable_document
from flowforge.cli.option_types import AskedReport
from flowforge.cli.runner_files import give_result, is_runner
from flowforge.cli.streams import NOTHING_WRITTEN, detach, fitted, reason, say, stdout_lost
from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, FlowForgeError, Problem, UsageError, bug, harmless, quote
from flowforge.manifest.files import is_manifest
from flowforge.paths import Bounds, Confinement
from flowforge.real_path import real_path
from flowforge.render.document import Document, error_document
from flowforge.render.formats import MARKDOWN, TEXT, Format
from flowforge.render.style import Style, coloured, plain


@dataclass(slots=True)
class Output:
    """Where a command's result goes."""

    format: Format = TEXT
    """What stdout gets."""
    reports: tuple[tuple[Format, Path], ...] = ()
    """The files that get the result too, each with its format."""
    quiet: bool = False
    """Whether people are told the result alone, without warnings and progress."""
    colour: bool = False
    """Whether stdout shows colours. Reports have none."""
    fits: bool = True
    """Whether lines are broken to fit a terminal. What is to be copied or kept as it is has none of that."""
    most: int = 0
    """The columns at which prose is broken; 0 for the terminal's own, as lines of a table need them."""
    aside: bool = False
    """Whether people are told on stderr, because stdout is for something that a program reads."""
    plan: Callable[[], Document] | None = field(default=None, init=False)
    """Makes the document of the plan that was shown. It goes with whatever stops the run after that."""
    broken: bool = field(default=False, init=False)
    """Whether stdout or a report did not take all of the result."""
    unread: bool = field(default=False, init=False)
    """Whether who read stdout has gone, as `head` does: that is their choice, and no error."""
    to_runner: bool = False
    """Whether GitHub's runner is given the result too, where it runs this."""
    _finished: bool = field(default=False, init=False)
    _told: list[str] = field(default_factory=list, init=False)

    @property
    def style(self) -> Style:
        """How lines on stdout are coloured."""
        return coloured if self.colour else plain

    def lines(self, lines: Iterable[str]) -> None:
        """Take lines for people: printed at once where the format streams, and kept for those that print at the end."""
        for line in map(pasteable, lines):
            # Without colours: a report is read in an editor and in CI.
            self._told.append(click.unstyle(line))
            if self.format.streams:
                self._print(line)

    def raw(self, data: bytes) -> None:
        """Print bytes to stdout as they are, for a program that reads them."""
        self._to_stdout(lambda: sys.stdout.buffer.write(data))

    def finish(self, document: Document) -> None:
        """Print the result where the format does not stream, and write every report."""
        # First of all: a signal that comes while this runs must not make a second document.
        self._finished = True
        document = pasteable_document(document)
        with ExitStack() as each:  # the last is done first; one that fails keeps no other from being done
            for format_, path in reversed(self.reports):
                each.callback(self._report, format_, path, document)
            if not self.format.streams:
                self.fits = False  # a document, and no lines for people
                each.callback(lambda: self._print(self.format.write(document, self._told), self.format))

    def conclude(self, document: Document, code: int, plan_file: Path | None = None) -> None:
        """Write the result for GitHub's runner, once all else is told. plan_file: the plan that was saved."""
        if self.to_runner and is_runner():
            give_result(pasteable_document(document), self._told, code, plan_file, annotated=self.format.commands)

    def _report(self, format_: Format, path: Path, document: Document) -> None:
        text = format_.write(document, self._told)
        try:
            write_text(path, (text if format_.commands else harmless(text)) + "\n")
        except OSError as error:
            self._broken(Problem("FF006", f"the report {quote(str(path))} cannot be written", why=reason(error)))

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Put what stops the run on stdout and into the reports, each in its format; stderr gets it in any case."""
        try:
            yield
        # What is raised here is raised on: whoever catches it prints it on stderr and makes the exit code of it.
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
        if self._finished:  # all was told, and a signal came in the moment that was left: one document is enough
            return
        self._told += (pasteable(str(problem)) for problem in problems)
        try:
            plan = self.plan() if self.plan else None
        except Exception:  # noqa: BLE001 -- it may be what stopped the run
            plan = None
        document = error_document(problems, code, plan)
        self.finish(document)
        self.conclude(document, code)

    def _print(self, text: str, format_: Format = TEXT) -> None:
        """Print for people or as a document."""
        if self.aside:
            say(text)
            return
        shown = fitted(text, sys.stdout, self.most) if self.fits else text
        safe = shown if format_.commands else harmless(shown, coloured=self.colour)
        self._to_stdout(lambda: click.echo(safe, color=self.colour))

    def _to_stdout(self, write: Callable[[], object]) -> None:
        """Print to stdout. A closed pipe or a full disk ends the printing, never the work."""
        if self.broken or self.unread:
            return
        try:
            write()
            sys.stdout.flush()
        except BrokenPipeError:
            detach(sys.stdout.fileno())
            self.unread = True
        except OSError as error:
            detach(sys.stdout.fileno())
            self._broken(stdout_lost(error))

    def _broken(self, problem: Problem) -> None:
        self.broken = True
        say(problem)


def output_of(given: Mapping[str, Any], document: str) -> Output:
    """Make the output that a command's options ask for. document: which one it will be finished with.

    Raises UsageError (FF007) for a report that cannot be written, or a format that has no form for the document.
    """
    format_: Format = given["format_"]
    _require_form(format_, document, "--format")
    reports = _reports(given["reports"], given["manifests"], document)
    colour = not given["no_color"] and stdout_has_colour()
    return Output(format_, reports, given["quiet"], colour=colour, to_runner=MARKDOWN.takes(document))


def stdout_has_colour() -> bool:
    """Whether stdout may have colours: a terminal that knows them, and nobody asked for none (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and not is_dumb()


def is_dumb() -> bool:
    """Whether the terminal can do nothing but show text: no colours, and no line that is drawn again."""
    return os.environ.get("TERM") == "dumb"


def _require_form(format_: Format, document: str, option: str) -> None:
    if not format_.takes(document):
        what = f"{option} {format_} cannot be had of this command with these options"
        why = f"the format {format_} has no form for the document flowforge.{document}"
        raise UsageError(Problem("FF007", what, why=why, fix="choose another format"))


def _reports(asked: Iterable[AskedReport], manifests: Sequence[Path], document: str) -> tuple[tuple[Format, Path], ...]:
    """Read each `FORMAT=FILE`, and make sure before any work that the file can be written. Raises UsageError (FF007).

    The file's folder must be there, and the file must be neither one of these manifests nor a state.
    """
    return tuple(_report(each, manifests, document) for each in asked)


def _report(asked: AskedReport, manifests: Sequence[Path], document: str) -> tuple[Format, Path]:
    text, formats = asked
    kind, _, name = text.partition("=")
    format_ = next((each for each in formats if each.name == kind), None)
    if format_ is None or not name:
        fix = f"write it as {' or '.join(f'{each}=FILE' for each in formats)}"
        raise UsageError(Problem("FF007", f"--report {quote(text)} is not FORMAT=FILE", fix=fix))
    _require_form(format_, document, "--report")
    path, what = Path(name), f"--report cannot write {quote(name)}"
    if os.path.isdir(path) or not os.path.isdir(path.parent):  # noqa: PTH112 -- Path's raise for a name too long
        raise UsageError(Problem("FF007", what, fix="name a file in a folder that exists"))
    if objection := around(path).objection(path):
        raise UsageError(Problem("FF007", what, why=objection, fix="name another file"))
    if is_ours(path, manifests):
        what = f"--report would overwrite {quote(name)}, a manifest or a state"
        raise UsageError(Problem("FF007", what, fix="name another file"))
    return format_, path


def around(path: Path) -> Bounds:
    """Return the bounds of a file that the command line names."""
    return Confinement.of(os.environ).around(path)


def write_text(path: Path, text: str, flags: int = os.O_TRUNC) -> None:
    """Write a file that the command line names, in UTF-8; raises OSError. flags: how it is opened."""
    with open(around(path).write(path, flags), "w", encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
        file.write(text)


def is_ours(path: Path, manifests: Sequence[Path]) -> bool:
    """Whether a file to be written is a state, what stands beside one, or one of these manifests; or a link to it."""
    names = path.name, Path(real_path(path)).name
    return any(".state.json" in name for name in names) or any(_is(path, manifest) for manifest in manifests)


def _is(path: Path, manifest: Path) -> bool:
    if is_manifest(path) and real_path(path.parent) == real_path(manifest):
        return True  # of a folder of them, be it there already or not
    # Not those of Path, which raise where a name is too long.
    both_there = os.path.exists(path) and os.path.exists(manifest)  # noqa: PTH110 -- see above
    return both_there and path.samefile(manifest)

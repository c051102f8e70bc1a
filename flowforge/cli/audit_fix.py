"""`flowforge audit --fix`: the patch goes to stdout or into a folder, and people are told what it does."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flowforge.audit.fixes.propose import Proposal
from flowforge.audit.model import Finding
from flowforge.cli.output import Output, write_text
from flowforge.cli.runner_files import is_runner
from flowforge.cli.streams import reason
from flowforge.data_class import dataclass
from flowforge.errors import AuditError, Problem, UsageError, harmless, printable, quote
from flowforge.render.phrases import count

_MADE: Final = "# Made by `flowforge audit --fix`. Apply it with `git apply`."
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


def patching_of(fix: str | None, out: Path | None, output: Output) -> "Patching | None":
    """Return what gives the patch that the options ask for; None where they ask for none.

    Raise UsageError (FF048) where the options contradict each other.
    """
    if fix is None:
        if out is not None:
            raise UsageError(Problem("FF048", "--out is for --fix alone", fix="add --fix, or take --out away"))
        return None
    if out is None and not output.format.streams:
        what = f"--fix and --format {output.format} both want stdout"
        fix_ = f"name a folder by --out, or a file by --report {output.format}=FILE"
        raise UsageError(Problem("FF048", what, fix=fix_))
    output.aside = out is None
    return Patching(out, output)


@dataclass(frozen=True, slots=True)
class Patching:
    """Where patches go."""

    folder: Path | None
    """None for stdout."""
    output: Output
    """Where people are told of them."""

    def give(self, proposal: Proposal, repo: str | None, number: int) -> None:
        """Write the patch of a repository, the number-th of this run, and show what it does.

        Raise AuditError (FF710, FF711) where it cannot be given.
        """
        text = "\n".join(
            [_MADE, *(f"# {_place(each.finding)}: {each.says}" for each in proposal.mended), proposal.patch]
        )
        if not proposal.mended:
            place = "the patch"
        elif self.folder is None:
            self._print(text)
            place = "the patch"
        else:
            place = printable(str(_write(self.folder, _name(repo, number), text)))
        self.output.lines(_lines(proposal, place))

    def _print(self, text: str) -> None:
        # A patch with another character in it would not apply, so a line that acts on a log is not printed at all.
        seen = is_runner() or sys.stdout.isatty()
        if seen and any(harmless(line) != line for line in text.replace("\r", "").replace("\t", " ").split("\n")):
            why = "a line of it would act on the log or the terminal that shows it"
            raise AuditError(
                Problem("FF710", "the patch cannot be printed here", why=why, fix="name a folder by --out")
            )
        self.output.raw(text.encode("utf-8"))


def _lines(proposal: Proposal, place: str) -> Iterator[str]:
    for mended in proposal.mended:
        yield f"mended  {_place(mended.finding)}  {mended.says}"
    for left in proposal.left:
        yield f"left    {_place(left.finding)}  {left.why}"
    left_to_you = f", and {count(len(proposal.left), 'finding')} left to you" if proposal.left else ""
    if proposal.mended:
        yield f"Fix: {count(len(proposal.mended), 'finding')} mended by {place}{left_to_you}."
    else:
        yield f"Fix: nothing here has one right answer{left_to_you}."


def _place(finding: Finding) -> str:
    return printable(f"{finding.file}:{finding.line} {finding.code}")


def _name(repo: str | None, number: int) -> str:
    """Return the name of a patch: a number of ours, and the repository's name, which has only plain characters."""
    known = repo.replace("/", "-") if repo and _NAME.fullmatch(repo) else "checkout"
    return f"{number:03}-{known}.patch"


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    try:
        folder.mkdir(exist_ok=True)
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(_MADE):
            raise _unwritten(path, "a file is there that this command has not made")
        write_text(path, text)
    except OSError as error:
        raise _unwritten(path, reason(error)) from None
    return path


def _unwritten(path: Path, why: str) -> AuditError:
    what = f"the patch {quote(str(path))} cannot be written"
    return AuditError(Problem("FF711", what, why=why, fix="name another folder by --out"))

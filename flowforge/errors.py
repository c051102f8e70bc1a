"""The one error tree, the exit codes, and the one function that quotes text from outside.

    FlowForgeError            exit 1: nothing was written
    ├── UsageError            FF0xx  the command line or its surroundings
    │                         FF8xx  reports that are posted, and explanations
    ├── ManifestError         FF1xx  the manifest, all of its problems at once
    ├── SourceError           FF2xx  a value that cannot be had, or must not be used
    │   └── TrustError                  a rule of the operator's forbids the read: ends the whole run
    ├── GitHubError           FF3xx  GitHub said no, or could not be reached
    ├── StateError            FF4xx  the state file, its journal or its lock
    │   ├── UnrecordedError   FF412  exit 5: done on GitHub, not recorded here
    │   └── LostRaceError     FF429  the state on GitHub is not what it was when it was read
    ├── RefusedError          FF5xx  exit 4: a safety limit
    ├── DoctorError           FF6xx  doctor and its probe
    ├── AuditError            FF7xx  what is to be audited cannot be looked at
    ├── PostError             FF8xx  a report that cannot be posted
    └── RotationError         FF9xx  a rotation that cannot begin, go on or go back

A message has a stable code, what is wrong, where, why, and what to do. It never holds a value.
"""

import re
from enum import IntEnum
from typing import ClassVar

from flowforge.data_class import dataclass
from flowforge.tokens import credential, redact


class ExitCode(IntEnum):
    """The exit codes, as the documentation lists them."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    PARTIAL = 3
    REFUSED = 4
    UNRECORDED = 5
    INTERRUPTED = 130


_QUOTE_LIMIT = 120
_SENTENCE_LIMIT = 1000
# What a CI system's log acts on anywhere in a line: GitHub's runner (actions/runner, ActionCommand.cs), Azure Pipelines
# and TeamCity. GitHub's newer form, `::`, counts at the start of a line, behind any white space.
_COMMAND = re.compile(r"(##(?:vso|teamcity)?)\[", re.IGNORECASE)


def printable(text: str) -> str:
    """Return text from outside, made safe for a terminal and a CI log: redacted but not shortened.

    Characters that do not print (control, direction, zero width) are escaped, and so is what the log of a CI system
    reads as a command: `::` at the start and `##[` anywhere.
    """
    shown = redact(text)
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else _escaped(char) for char in shown)
    return _without_command(shown)


def harmless(text: str, *, coloured: bool = False) -> str:
    r"""Return lines that are about to be printed, made harmless for a terminal and a CI log, whatever is in them.

    Everything printed passes here last, JSON too: characters are only replaced by `\uXXXX`, which means the same in
    JSON. coloured: whether the escape sequences of colours stay.
    """
    lines = text.split("\n")
    return "\n".join(_coloured(line) if coloured else _harmless(line) for line in lines)


def _coloured(line: str) -> str:
    pieces = re.split(r"(\x1b\[[0-9;]*m)", line)
    return "".join(piece if index % 2 else _harmless(piece) for index, piece in enumerate(pieces))


def _harmless(line: str) -> str:
    if not line.isprintable():
        line = "".join(char if char.isprintable() else _units(char) for char in line)
    return _without_command(line)


def _without_command(line: str) -> str:
    safe = _COMMAND.sub(r"\1\\u005b", line)
    return safe.replace(":", "\\u003a", 1) if safe.lstrip().startswith("::") else safe


def _units(char: str) -> str:
    """Return a character as JSON escapes it, by its units in UTF-16."""
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def quote(text: str) -> str:
    """Return a short piece of text from outside in quotes: redacted, escaped, at most 120 characters."""
    return _quoted(text, _QUOTE_LIMIT)


def quote_sentence(text: str) -> str:
    """Return what somebody else says in quotes, whole and on one line: redacted, escaped, at most 1,000 characters.

    It is for sentences that tell a person what to do, whose end must not be lost.
    """
    return _quoted(" ".join(text.split()), _SENTENCE_LIMIT)


def _quoted(text: str, most: int) -> str:
    # Nothing after a credential is shown, because a value that a space or a line end broke goes on there. And nothing
    # at all is shown of a text where a credential is found only without its spaces and characters outside ASCII.
    first = credential().search(text)
    head = text[: first.start()] if first else text
    if credential().search(re.sub(r"[^!-~]+", "", head)):
        return '"[redacted]"'
    safe = re.sub(r"(?s)\[redacted\].+", "[redacted]", printable(text))
    if len(safe) > most:
        safe = safe[: most - 1] + "…"
    return f'"{safe}"'


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A position in a file: lines and columns count from 1. A line of 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `file:line:column`, which editors and CI annotations understand."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in our own words. What looks like a credential is hidden in all of them."""

    code: str
    """Stable, like `FF102`."""
    what: str
    """What is wrong: one sentence without its full stop."""
    where: str = ""
    """A position in a file, a repo, or a path."""
    why: str = ""
    """What makes it a problem, unless that is plain."""
    fix: str = ""
    """What to do, as an imperative sentence."""

    def __post_init__(self) -> None:
        """Hide credentials. Texts from outside are quoted already, but a sentence may name a part of one: a host."""
        for name in ("what", "where", "why", "fix"):
            object.__setattr__(self, name, redact(getattr(self, name)))

    def __str__(self) -> str:
        """Return the text for people: one line, and one indented line each for why and fix."""
        place = f" {self.where}:" if self.where else ""
        lines = [f"error {self.code}:{place} {self.what}"]
        lines += [f"  why: {self.why}"] if self.why else []
        lines += [f"  fix: {self.fix}"] if self.fix else []
        return "\n".join(lines)


class FlowForgeError(Exception):
    """Anything that FlowForge can explain. Any other exception is a bug in FlowForge."""

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, *problems: Problem) -> None:
        """Take one or more problems. A short message shows the first one."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class UsageError(FlowForgeError):
    """The command line, or what surrounds the process, is not usable."""


class ManifestError(FlowForgeError):
    """The manifest cannot be used; `problems` holds everything that is wrong with it."""


class SourceError(FlowForgeError):
    """A value cannot be read from its source, or must not be used."""


class TrustError(SourceError):
    """A trust rule forbids reading a source. It ends the run, where another SourceError blocks a single secret."""


class GitHubError(FlowForgeError):
    """GitHub refused, could not be reached, or gave an answer that cannot be trusted."""

    certain = False
    """Whether what failed certainly changed nothing on GitHub. A write without an answer may have changed something."""


class StateError(FlowForgeError):
    """The state, its journal or its lock cannot be used."""


class UnrecordedError(StateError):
    """A write happened on GitHub, and its result could not be recorded. The intent is, so it shows as interrupted."""

    exit_code = ExitCode.UNRECORDED


class LostRaceError(StateError):
    """The state on GitHub is not the one that the write was made from. It can be read again, merged and written."""


class UnfoldedError(StateError):
    """The state file was not written, but the journal holds every change. The next run folds them in."""


class RefusedError(FlowForgeError):
    """A safety limit was reached. The message names the flag that allows it."""

    exit_code = ExitCode.REFUSED


class DoctorError(FlowForgeError):
    """Doctor cannot do what was asked of it. Nothing was written."""


class AuditError(FlowForgeError):
    """What is to be audited cannot be looked at. What is found there is no error but a finding."""


class PostError(FlowForgeError):
    """A report cannot be posted: it is none, or nobody knows where to."""


class RotationError(FlowForgeError):
    """A rotation cannot begin, go on or go back. Nothing was written by the run that raises it, or it says what was."""


def bug(error: BaseException, fix: str = "report it, with what -v prints") -> Problem:
    """Return the problem of an exception that nobody foresaw. It names its type only: its text may quote anything."""
    return Problem("FF099", f"a bug in FlowForge: {printable(type(error).__name__)}", fix=fix)

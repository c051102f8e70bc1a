"""Make a patch for what has one answer, and prove it: what is proposed was read and judged again.

A fix is taken only if its finding is gone then, nothing graver than a note is new, and the file is otherwise the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from flowforge.audit.case import Case
from flowforge.audit.codes import Severity
from flowforge.audit.fixes.diff import CONTEXT, diff, edited, overlap
from flowforge.audit.fixes.mend import Edit, Fixer, Mend, Unmended, plain_tree
from flowforge.audit.fixes.table import FIXERS, GUARDS
from flowforge.audit.judge import examine
from flowforge.audit.model import Finding, RepoFacts
from flowforge.data_class import dataclass
from flowforge.tokens import redact
from flowforge.workflows.layout import Layout, TextEdit
from flowforge.workflows.repository import Unread
from flowforge.workflows.yaml_reader import UnreadableError, decode, read_yaml

_MARK: Final = "\ufeff"
_UNCLEAR: Final = "where it goes is not plain to see in this file"
_UNPROVEN: Final = "the file with the fix is not better by this reading"
# How often all is judged again: together without what fails, and then what stood beside it by itself.
_MOST_ROUNDS: Final = 4
_MOST_TRIED: Final = 12
_SECRET: Final = "a credential is written out beside it"  # noqa: S105 -- a reason


_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """A finding that the patch mends."""

    finding: Finding
    says: str
    """What the patch does about it, as a clause."""


@dataclass(frozen=True, slots=True)
class Left:
    """A finding of a code that can be mended, and is not here."""

    finding: Finding
    why: str
    """A clause."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A patch for one repository, and what it is about."""

    patch: str
    """A unified diff from the root of the repository; empty where nothing is mended."""
    mended: tuple[Mended, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class _Attempt:
    finding: Finding
    says: str
    edits: Mapping[str, tuple[TextEdit, ...]]
    """By file."""
    changes: tuple[Edit, ...]


def propose(
    files: Mapping[str, bytes | str], facts: RepoFacts, unread: Iterable[Unread] = (), *, guards: bool = False
) -> Proposal:
    """Return the patch for a repository. The arguments are those of `audit`; guards: whether runs may be kept out."""
    unread = tuple(unread)
    case, found = examine(files, facts, unread)
    fixers = {**FIXERS, **GUARDS} if guards else FIXERS
    fixable = [each for each in found.findings if each.code in fixers]
    if not fixable:
        return Proposal("", (), ())
    bench = _Bench(case, files, facts, unread, found.findings)
    tried = [bench.attempt(each, fixers[each.code]) for each in fixable]
    attempts = [each for each in tried if isinstance(each, _Attempt)]
    taken = bench.proved(attempts)
    left = [each for each in tried if isinstance(each, Left)]
    left += [Left(each.finding, _UNPROVEN) for each in attempts if each not in taken]
    # What mends one finding may mend another one too, as a newer pin does.
    there = bench.judged(taken).found
    still = tuple(each for each in left if _key(each.finding) in there)
    return Proposal(bench.patch(taken), tuple(Mended(each.finding, each.says) for each in taken), still)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What came of attempts."""

    found: frozenset[_Key]
    """What is found now."""
    broken: frozenset[str]
    """The files where something is worse, or where the edits did not do what they should."""

    def fails(self, attempt: _Attempt) -> bool:
        """Whether an attempt has not mended its finding, or is in a file where something is worse."""
        return _key(attempt.finding) in self.found or not self.broken.isdisjoint({attempt.finding.file, *attempt.edits})


class _Bench:
    """One repository on which fixes are tried."""

    def __init__(
        self,
        case: Case,
        files: Mapping[str, bytes | str],
        facts: RepoFacts,
        unread: tuple[Unread, ...],
        findings: Sequence[Finding],
    ) -> None:
        self._case = case
        self._files = files
        self._facts = facts
        self._unread = unread
        self._findings = findings
        self._layouts: dict[str, tuple[str, Layout]] = {}

    def attempt(self, finding: Finding, fixer: Fixer) -> _Attempt | Left:
        """Return what would mend a finding, with the edits that it takes; or why nothing does."""
        place = (finding.file, finding.job, finding.step)
        mends = []
        for step in self._case.steps:
            at = step.occurrence.at
            if (at.file, at.job, at.step) == place:
                mends.append(fixer(self._case, step))
        good = [each for each in mends if isinstance(each, Mend)]
        if not good:
            why = next((each.why for each in mends if isinstance(each, Unmended)), _UNCLEAR)
            return Left(finding, why)
        changes = tuple(dict.fromkeys(change for mend in good for change in mend.changes))
        edits: dict[str, tuple[TextEdit, ...]] = {}
        for change in changes:
            text, layout = self._layout(change.file)
            own = change.edits(layout)
            if own is None:
                return Left(finding, _UNCLEAR)
            if any(_shows_secret(text, edit) for edit in own):
                return Left(finding, _SECRET)
            edits[change.file] = (*edits.get(change.file, ()), *own)
        return _Attempt(finding, good[0].says, edits, changes)

    def proved(self, attempts: Sequence[_Attempt]) -> list[_Attempt]:
        """Return the attempts that hold together; those of a file where another one fails are tried by themselves.

        Nearly always all of them hold at once. How often the repository is judged does not grow with their number.
        """
        taken = self._together(attempts)
        doubtful = [each for each in attempts if each not in taken]
        for each in doubtful[:_MOST_TRIED]:
            judged = self.judged([*taken, each])
            if not judged.broken and not any(map(judged.fails, [*taken, each])):
                taken.append(each)
        return taken

    def _together(self, attempts: Sequence[_Attempt]) -> list[_Attempt]:
        taken = list(attempts)
        for _ in range(_MOST_ROUNDS):
            judged = self.judged(taken)
            good = [each for each in taken if not judged.fails(each)]
            if len(good) == len(taken):
                # What is worse in a file that nobody touched has a cause that nobody can name.
                return [] if judged.broken else taken
            taken = good
        return []

    def patch(self, attempts: Sequence[_Attempt]) -> str:
        """Return the diff of all files."""
        return "".join(diff(file, self._raw(file), self._shifted(file, edits)) for file, edits in _by_file(attempts))

    def judged(self, attempts: Sequence[_Attempt]) -> "_Judged":
        """Return what is found once attempts are made."""
        edited_files, broken = dict(self._files), set()
        for file, edits in _by_file(attempts):
            text, _ = self._layout(file)
            changes = dict.fromkeys(change for each in attempts for change in each.changes if change.file == file)
            new = "" if overlap(edits) else edited(text, edits)
            if new and _is_only(text, new, changes):
                edited_files[file] = new
            else:
                broken.add(file)
        _, after = examine(edited_files, self._facts, self._unread)
        before = set(map(_key, self._findings))
        # What works at last may have a note of its own, such as that forks get no secret.
        new_ones = [each for each in after.findings if _key(each) not in before and each.level is not Severity.NOTE]
        broken.update(each.file or "" for each in new_ones)
        return _Judged(frozenset(map(_key, after.findings)), frozenset(broken))

    def _layout(self, file: str) -> tuple[str, Layout]:
        if file not in self._layouts:
            text = decode(self._files[file])
            self._layouts[file] = (text, Layout(text))
        return self._layouts[file]

    def _raw(self, file: str) -> str:
        data = self._files[file]
        return data.decode("utf-8") if isinstance(data, bytes) else data

    def _shifted(self, file: str, edits: Sequence[TextEdit]) -> Sequence[TextEdit]:
        """Return edits by offsets in the file as it is, with its byte order mark."""
        mark = int(self._raw(file).startswith(_MARK))
        return [replace(each, start=each.start + mark, end=each.end + mark) for each in edits]


def _by_file(attempts: Iterable[_Attempt]) -> list[tuple[str, tuple[TextEdit, ...]]]:
    """Return the edits of each file, each once: two steps of a job may lack the same permission."""
    found: dict[str, dict[TextEdit, None]] = {}
    for attempt in attempts:
        for file, edits in attempt.edits.items():
            found.setdefault(file, {}).update(dict.fromkeys(edits))
    return [(file, tuple(edits)) for file, edits in sorted(found.items())]


def _shows_secret(text: str, edit: TextEdit) -> bool:
    """Whether the diff of an edit would show a credential: it has the lines around it."""
    around = CONTEXT + 1  # with its own line
    before, after = text[: edit.start].split("\n")[-around:], text[edit.end :].split("\n")[:around]
    shown = "\n".join(before) + text[edit.start : edit.end] + "\n".join(after)
    return redact(shown) != shown


def _is_only(text: str, new: str, changes: Iterable[Edit]) -> bool:
    """Whether a file is, as data, what it was and the changes."""
    try:
        expected, found = plain_tree(read_yaml(text)), plain_tree(read_yaml(new))
    except UnreadableError:
        return False
    for change in changes:
        change.into(expected)
    return expected == found


def _key(finding: Finding) -> _Key:
    # Not the line: what is added above moves it.
    return finding.code, finding.file, finding.job, finding.step, finding.what

"""What every family of findings looks at, and how a finding is made of a row of the table."""

from collections.abc import Sequence
from typing import Final

from flowforge.audit.claude_steps import ClaudeStep, Given
from flowforge.audit.codes import CODES, Severity
from flowforge.audit.model import Finding, RepoFacts, SecretReference, StoreNames
from flowforge.data_class import dataclass
from flowforge.errors import printable
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.repository import RepositoryFiles
from flowforge.workflows.sources import CALLER, SourceKind, ValueSource

# Errors that hold as long as a step has no other credential than the files show.
_OF_WHAT_IS_SEEN: Final = frozenset(
    {"missing-secret", "missing-variable", "wrong-kind", "credential-not-read", "identity-incomplete"}
    | {"oauth-not-accepted"}
)


@dataclass(frozen=True, eq=False)
class Case:
    """One repository under audit."""

    facts: RepoFacts
    """What GitHub and the manifest say of it."""
    repository: RepositoryFiles
    """Its workflow and action files, parsed, and those that could not be."""
    occurrences: Sequence[Occurrence]
    """Every step of its workflows, joined; none of those that are disabled."""
    steps: Sequence[ClaudeStep]
    """Those that run Claude."""
    references: Sequence[tuple[Occurrence, SecretReference, ValueSource]]
    """The Claude credentials that other steps are given, each with its step and its source."""
    disabled: frozenset[str]
    """The files of workflows that run Claude and are disabled. None of their steps is here."""
    claude_names: frozenset[str]
    """The names of secrets that hold a Claude credential, in upper case."""

    @property
    def stores(self) -> StoreNames | None:
        """What the repository's stores hold, where it is known."""
        return self.facts.stores


def at_step(step: ClaudeStep, code: str, given: Given | None = None, **texts: object) -> Finding:
    """Return a finding about a step; at one of the things that it is given, or where it uses its action."""
    found = at(step.occurrence, code, (given.line, given.column) if given else None, **texts)
    # An error must be sure, and what an earlier step may have loaded would be a way that no file shows; settings too.
    unseen = step.loading or step.may_get_key_by_settings
    return with_level(found, Severity.WARNING) if code in _OF_WHAT_IS_SEEN and unseen else found


def at(occurrence: Occurrence, code: str, position: tuple[int, int] | None = None, **texts: object) -> Finding:
    """Return a finding about a step. position: in its own file; of a joined one, its caller's line is shown."""
    place = occurrence.at
    # A line of the called file would point at something else in the caller's, which is the one that is shown.
    if occurrence.is_joined or position is None:
        position = place.line, 1
    line, column = position
    row, texts = CODES[code], _safe(texts)
    return Finding(
        code,
        row.level,
        place.file,
        line,
        column,
        place.job,
        place.step,
        row.what.format(**texts),
        row.why.format(**texts),
        row.fix.format(**texts),
    )


def _safe(texts: dict[str, object]) -> dict[str, object]:
    """Return what goes into a sentence without any credential: a name may be one, where somebody mistook it."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in texts.items()}


def at_file(
    code: str, file: str | None, line: int | None = None, column: int | None = None, **texts: object
) -> Finding:
    """Return a finding about a file, or about the repository as a whole."""
    row, texts = CODES[code], _safe(texts)
    what, why, fix = (text.format(**texts) for text in (row.what, row.why, row.fix))
    return Finding(code, row.level, file, line, column, None, None, what, why, fix)


def with_level(finding: Finding, level: Severity) -> Finding:
    """Return a finding as less or more grave than its row says."""
    return Finding(
        finding.code,
        level,
        finding.file,
        finding.line,
        finding.column,
        finding.job,
        finding.step,
        finding.what,
        finding.why,
        finding.fix,
    )


def is_missing(source: ValueSource, stores: StoreNames, store: str) -> bool | None:
    """Return whether a source is surely not there for runs that read a store; None where nobody can tell."""
    # Only the caller knows what it gives. What a called job's environment holds depends on `secrets: inherit` besides
    # (zizmor's docs, secrets-outside-env), and `environment-secret-not-inherited` says so.
    if source.where == CALLER or source.mapped_past_environment:
        return None
    if source.kind is SourceKind.VARIABLE:
        # What variables an environment has is not known here.
        return _missing_among(source, stores.variables, {"variables"}, stores) if source.where == "repo" else None
    if source.kind is not SourceKind.SECRET:
        return None
    found = _missing_among(source, _seen(source, stores, store), _lists(source, store), stores)
    # An environment whose name is computed may be any, so also one that has the secret.
    return None if found and not source.where_known else found


def _missing_among(source: ValueSource, names: frozenset[str], lists: set[str], stores: StoreNames) -> bool | None:
    if source.name in names:
        return False
    # It may be in the list that could not be had.
    return None if lists & stores.unread.keys() else True


def _lists(source: ValueSource, store: str) -> set[str]:
    """Return the lists that a source may be in, by their names in `StoreNames.unread`."""
    of_store = {"dependabot"} if store == "dependabot" else {"actions", "organization"}
    return {*of_store, source.where.lower()} if source.where.startswith("environment:") else of_store


def _seen(source: ValueSource, stores: StoreNames, store: str) -> frozenset[str]:
    # GitHub compares the names of environments without case. Which of the stores wins does not matter here.
    environment = source.where.partition(":")[2].lower()
    # In the place of the repository's and the organization's a run of Dependabot's reads its own store
    # (docs.github.com, "Dependabot on GitHub Actions").
    own = stores.environments.get(environment, frozenset()) if environment else frozenset()
    return own | (stores.dependabot if store == "dependabot" else stores.actions | stores.organization)


def state(given: Given, stores: StoreNames | None, store: str) -> bool | None:
    """Return whether a way is surely there (True) or surely not (False); None where nobody can tell."""
    if given.is_empty:
        return False
    # A literal is there whatever the stores hold; whether it should be is for other findings.
    if any(each.kind is SourceKind.LITERAL for each in given.sources):
        return True
    if stores is None:
        return None
    found = [is_missing(each, stores, store) for each in given.sources]
    # Of `a || b` one that is there is enough.
    if False in found:
        return True
    return False if all(found) else None

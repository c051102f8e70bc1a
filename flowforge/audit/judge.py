"""Audit one repository: read its files, find its Claude steps, ask every family of findings, and give a verdict."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from flowforge.audit.case import Case
from flowforge.audit.claude_steps import ClaudeStep, claude_step
from flowforge.audit.file_findings import files, unknowable, unreferenced
from flowforge.audit.identity_findings import id_token, identity
from flowforge.audit.model import AuditStep, Finding, RepoAudit, RepoFacts
from flowforge.audit.needs import STATIC_NAMES, audit_step, references, unread_step
from flowforge.audit.pin_findings import logins, pins
from flowforge.audit.run_findings import bots, dependabot, forks, in_reach
from flowforge.audit.secret_findings import hidden, literals, missing, wrong_kind
from flowforge.audit.verdict import verdict
from flowforge.audit.way_findings import together, ways
from flowforge.audit.writer_findings import writers
from flowforge.workflows.actions import Slot
from flowforge.workflows.joins import occurrences
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.repository import RepositoryFiles, Unread, read_repository
from flowforge.workflows.sources import SourceKind, ValueSource
from flowforge.workflows.workflow import CompositeAction, Workflow

# Each family, a pure function over the case.
_FAMILIES: Final[tuple[Callable[[Case], Iterator[Finding]], ...]] = (
    files,
    literals,
    ways,
    missing,
    wrong_kind,
    identity,
    id_token,
    together,
    hidden,
    dependabot,
    bots,
    forks,
    in_reach,
    pins,
    logins,
    writers,
    unreferenced,
    unknowable,
)


def audit(files_: Mapping[str, bytes | str], facts: RepoFacts, unread: Iterable[Unread] = ()) -> RepoAudit:
    """Return what an audit says of a repository.

    files_: its workflow and action files by path; others are left out. unread: files that could not be had.
    """
    return examine(files_, facts, unread)[1]


def examine(
    files_: Mapping[str, bytes | str], facts: RepoFacts, unread: Iterable[Unread] = ()
) -> tuple[Case, RepoAudit]:
    """Return what an audit says of a repository, with the case that it rests on. The rest is as for `audit`."""
    repository = read_repository(files_, facts.name)
    repository.unread += unread
    return examine_read(repository, facts)


def examine_read(repository: RepositoryFiles, facts: RepoFacts) -> tuple[Case, RepoAudit]:
    """Return the same of a repository whose files were read, whoever read them."""
    case = _case(repository, facts)
    # Two callers of one step may give one finding twice. Sorted, so that two audits can be compared line by line.
    found = sorted(dict.fromkeys(each for family in _FAMILIES for each in family(case)), key=_order)
    steps = _steps(case)
    not_read = tuple(facts.stores.unread.values()) if facts.stores else ()
    complete = not repository.unread and not not_read
    known = facts.stores is not None and not not_read
    said = verdict(steps, found, complete=complete, stores_known=known, not_read=not_read)
    listed = tuple(dict.fromkeys(reference for _, reference, _ in case.references))
    return case, RepoAudit(facts.name, said, complete, steps, listed, tuple(found))


def _case(repository: RepositoryFiles, facts: RepoFacts) -> Case:
    every: list[Occurrence] = []
    disabled: set[str] = set()
    for occurrence in occurrences(repository):
        # GitHub does not start what is disabled, so nothing in it can fail: it has a note, and only if it runs Claude.
        if occurrence.at.file not in facts.disabled:
            every.append(occurrence)
        elif claude_step(occurrence) is not None:
            disabled.add(occurrence.at.file)
    steps: list[ClaudeStep] = []
    others: list[Occurrence] = []
    for occurrence in every:
        step = claude_step(occurrence)
        if step is None:
            others.append(occurrence)
        else:
            steps.append(step)
    # Only when every Claude step is known are all names known, so the other steps are looked at after them.
    names = STATIC_NAMES | _claude_types(facts) | _secrets_of(steps)
    handed_on = [
        (occurrence, reference, source) for occurrence in others for reference, source in references(occurrence, names)
    ]
    return Case(facts, repository, every, steps, handed_on, frozenset(disabled), names)


def _claude_types(facts: RepoFacts) -> frozenset[str]:
    # Named one by one: a type that is added later need not be a credential of Claude's.
    kinds = {"anthropic_api_key", "claude_code_oauth_token"}
    return frozenset(name for name, kind in facts.types.items() if kind in kinds)


def _secrets_of(steps: list[ClaudeStep]) -> frozenset[str]:
    # Not ANTHROPIC_AUTH_TOKEN, which is a gateway's, and not the ids of an identity, which are no credentials.
    kinds = {Slot.API_KEY, Slot.OAUTH}
    sources: list[ValueSource] = [
        each for step in steps for given in step.ways if given.slot in kinds for each in given.sources
    ]
    return frozenset(each.name for each in sources if each.kind is SourceKind.SECRET)


def _steps(case: Case) -> tuple[AuditStep, ...]:
    """Return the Claude steps as public data, each once, in the order of the files."""
    found = [audit_step(step, _declares(step, case)) for step in case.steps]
    # With `secrets: inherit` it may run Claude with any secret: better a step that nobody knows than none.
    found += [unread_step(each) for each in case.occurrences if each.why_unread and each.inherits]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: (each.file, each.line, each.step or 0)))


def _declares(step: ClaudeStep, case: Case) -> Workflow | CompositeAction | None:
    """Return the document whose caller would give what the step reads."""
    occurrence = step.occurrence
    if occurrence.workflow is not None:
        return occurrence.workflow
    return next((each for each in case.repository.actions.values() if each.path == occurrence.at.file), None)


def _order(finding: Finding) -> tuple[str, int, int, int, str, str]:
    # By place first, as people read a file; what is about no file comes before.
    place = (finding.file or "", finding.line or 0)
    return (*place, finding.step or 0, finding.level.rank, finding.code, finding.what)

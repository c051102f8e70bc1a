"""Why a repository cannot do without a key yet: what reads it still, and which Claude steps take no identity."""

from collections.abc import Iterator
from typing import Final

from flowforge.audit.case import Case
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.model import RepoAudit
from flowforge.audit.needs import names_in
from flowforge.audit.reach import Reached
from flowforge.audit.way_findings import identity_parts
from flowforge.workflows.actions import Slot
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.repository import documents
from flowforge.workflows.sources import CALLER, SourceKind
from flowforge.workflows.workflow import Workflow

# Each with its place.
Reasons = Iterator[tuple[str, str]]
# What keeps an identity from working though its ids are passed.
_FAULTS: Final = frozenset({"missing-variable", "identity-incomplete", "id-token-missing", "credential-not-read"})


def still_needs(case: Case, audit: RepoAudit, name: str) -> str:
    """Return why a secret of this name cannot go yet, as a clause; empty where nothing here would miss it.

    name: in upper case. What cannot be known counts as a reason: a key that is gone cannot be read back.
    """
    # What no Claude step reads and nobody knows as Claude's is nothing that an identity takes the place of.
    is_claudes = name in case.claude_names
    known = (*_readers(case, name), *_without_identity(case), *_faults(audit)) if is_claudes else ()
    found: dict[str, str] = {}
    for place, why in (*_unknown(case), *known):
        found.setdefault(place, why)
    first = next((f"{place} {why}" for place, why in found.items()), "")
    return f"{first}, and {len(found) - 1} more" if len(found) > 1 else first


def _at(occurrence: Occurrence) -> str:
    return f"{occurrence.at.file}:{occurrence.at.line}"


def _unknown(case: Case) -> Reasons:
    for unread in case.repository.unread:
        yield unread.file, f"could not be read: {unread.reason}"
    for occurrence in case.occurrences:
        if occurrence.why_unread and occurrence.inherits:
            yield _at(occurrence), f"hands every secret on (`secrets: inherit`), and {occurrence.why_unread}"


def _readers(case: Case, name: str) -> Reasons:
    """Yield what still reads it: the steps that are given it, and other files that name it."""
    given = [(step.occurrence, source) for step in case.steps for each in step.given for source in each.sources]
    given += [(occurrence, source) for occurrence, _, source in case.references]
    found = [
        occurrence
        for occurrence, source in given
        if source.kind is SourceKind.SECRET and source.name == name and source.where != CALLER
    ]
    yield from ((_at(occurrence), "still passes it") for occurrence in found)
    for document in documents(case.repository):
        # What only others call is given secrets by them, and has none of this repository's.
        only_called = isinstance(document, Workflow) and not document.starts_itself
        if only_called or document.path in {*case.disabled, *(each.at.file for each in found)}:
            continue
        names, computed = names_in(document)
        if name in names:
            yield document.path, "still names it"
        elif computed:
            yield document.path, "computes the names of secrets, and this may be one of them"


def _without_identity(case: Case) -> Reasons:
    for step in case.steps:
        runs = [run for run in step.reach.runs if step.reach.by(run) is not Reached.NO]
        # A cloud's models need none, and what nothing here starts has its runs, and its credential, elsewhere.
        if step.cloud is not True and runs and (why := _lacks(step)):
            yield _at(step.occurrence), why


def _lacks(step: ClaudeStep) -> str:
    parts = identity_parts(step)
    ids = [parts[slot] for slot in (Slot.RULE, Slot.ORGANIZATION) if slot in parts]
    if len(ids) < 2:  # noqa: PLR2004 -- a rule and an organization
        return "is not given the workload identity, or does not read it"
    # Of a commit that the table of versions lacks nobody can tell, and neither of a fork.
    return "" if all(each.read for each in ids) else "is not known to read a workload identity: pin a release"


def _faults(audit: RepoAudit) -> Reasons:
    for found in audit.findings:
        if found.code in _FAULTS:
            yield f"{found.file}:{found.line}", found.what

"""Findings about files, about what nobody reads, and about what cannot be known."""

from collections.abc import Iterator

from flowforge.audit.case import Case, at, at_file
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.model import Finding
from flowforge.audit.needs import names_in
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.repository import documents
from flowforge.workflows.sources import SourceKind


def files(case: Case) -> Iterator[Finding]:
    """Yield `unreadable-file`, `workflow-too-large` and `workflow-disabled`."""
    for unread in case.repository.unread:
        yield at_file("unreadable-file", unread.file, unread.line, unread.column, reason=unread.reason)
    for path, size in case.repository.too_large.items():
        # No line of it was read; 1 is what a SARIF region begins with.
        yield at_file("workflow-too-large", path, 1, 1, size=size)
    for path in sorted(case.disabled):
        yield at_file("workflow-disabled", path, 1, 1)


def unreferenced(case: Case) -> Iterator[Finding]:
    """Yield `not-referenced`, unless anything could not be read or is computed: then nobody can tell."""
    stores = case.stores
    # The one file that could not be read may be the one that names it.
    if stores is None or case.repository.unread:
        return
    # A called workflow or action that was not read may read whatever it is handed.
    if any(each.why_unread and (each.inherits or each.step is not None) for each in case.occurrences):
        return
    read: set[str] = set()
    for document in documents(case.repository):
        names, computed = names_in(document)
        # `secrets[matrix.name]` and `toJSON(secrets)` may be any secret of all.
        if computed:
            return
        read |= names
    # The organization's are left out: they are there for its other repositories too.
    held = stores.actions | stores.dependabot | frozenset().union(*stores.environments.values())
    for name in sorted(held & case.claude_names - read):
        yield at_file("not-referenced", None, name=name)


def unknowable(case: Case) -> Iterator[Finding]:
    """Yield `cannot-know` once for each step or job whose credential the names do not explain."""
    seen: set[tuple[str, str | None, int | None]] = set()
    # Claude steps come first, so theirs is the reason that is given where two hold.
    for occurrence, reason in _reasons(case):
        place = occurrence.at
        if (place.file, place.job, place.step) not in seen:
            seen.add((place.file, place.job, place.step))
            yield at(occurrence, "cannot-know", reason=reason)


def _reasons(case: Case) -> Iterator[tuple[Occurrence, str]]:
    for step in case.steps:
        if reason := _of_step(step):
            yield step.occurrence, reason
    for occurrence in case.occurrences:
        # A workflow elsewhere that is handed no secret by `inherit` is no business of ours; a local one should be here.
        if occurrence.why_unread and (occurrence.step is not None or occurrence.inherits or _is_local(occurrence)):
            yield occurrence, occurrence.why_unread


def _is_local(occurrence: Occurrence) -> bool:
    return occurrence.uses.startswith("./")


def _of_step(step: ClaudeStep) -> str:
    if step.reach.is_unclear:
        return "a condition does not follow the grammar of expressions"
    if step.cloud is True:
        return ""
    # With a way of its own it is judged by that way.
    if step.loading and not step.ways:
        return "an earlier step may load variables into the environment"
    for given in step.ways:
        for source in given.sources:
            # The token of GitHub is known for what it is: `wrong-kind` speaks of it.
            if source.kind is SourceKind.UNKNOWN and not source.is_github_token:
                return f"{given.name} is computed"
            if source.kind is SourceKind.SECRET and not source.where_known:
                return "the name of its environment is computed"
    return ""

"""What an audit adds to a plan: the workflows of the repos about to be written that will fail all the same."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from flowforge.render.alike import gathered, some

AuditEntry = Mapping[str, Any]


def audit_notes(entries: Sequence[AuditEntry]) -> Iterator[str]:
    """Yield what people are told, more than ten repos that differ in nothing but their names as one."""
    for group in groups_of(entries):
        repos = some([entry["repo"] for entry in group])
        yield f"audit: {repos}: {group[0]['code']}: {sentence_of(group[0])}."
        yield f"  {group[0]['fix']}"


def groups_of(entries: Sequence[AuditEntry]) -> list[list[AuditEntry]]:
    """Return the entries, those that are told together in one group."""
    alone, many = gathered(entries, _apart_from_repo, verbose=False)
    return [*([entry] for entry in alone), *many]


def sentence_of(entry: AuditEntry) -> str:
    """Return what is wrong, with its place in the file where there is one."""
    place = f" ({entry['file']}:{entry['line'] or 1})" if entry["file"] else ""
    return f"{entry['what']}{place}"


def _apart_from_repo(entry: AuditEntry) -> Hashable:
    return tuple(value for key, value in entry.items() if key != "repo")

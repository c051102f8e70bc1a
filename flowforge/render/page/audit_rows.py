"""The rows of the page of an audit: one for each finding, and one for each repository without any."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from flowforge.render.audit_sums import RepoStanding, standing_of
from flowforge.render.page.rows import RANKS, PageRow

_KINDS: Final = {
    RepoStanding.FAILING: "error",
    RepoStanding.UNREAD: "unread",
    RepoStanding.WARNED: "warning",
    RepoStanding.PARTLY: "partly",
    RepoStanding.WELL: "well",
    RepoStanding.WITHOUT: "without",
}


def rows_of_audit(document: Mapping[str, Any]) -> list[PageRow]:
    """Return the rows, grouped by how repositories stand, worst first."""
    made = [(standing_of(repo).rank, row) for repo in document["repos"] for row in _rows(repo)]
    return [row for _, row in sorted(made, key=lambda each: (each[0], RANKS[each[1].kind]))]


def _rows(repo: Mapping[str, Any]) -> Iterator[PageRow]:
    standing = standing_of(repo)
    name = repo["repo"] or "this checkout"
    if not repo["findings"]:
        yield PageRow(_KINDS[standing], standing.value, name, "", "", "", repo["verdict"], "", ())
    for finding in repo["findings"]:
        place = f"{finding['file']}:{finding['line'] or 1}" if finding["file"] else ""
        yield PageRow(
            kind=finding["level"],
            target=standing.value,
            place=name,
            store=place,
            secret=finding["code"],
            credential=f"job {finding['job']}" if finding["job"] else "",
            why=finding["what"],
            fix=finding["fix"],
            more=(finding["why"], repo["verdict"]),
        )

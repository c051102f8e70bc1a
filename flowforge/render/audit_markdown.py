"""The page of an audit in markdown: the sum, where Claude will fail, what was not read; the rest is folded."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from flowforge.render.alike import gathered
from flowforge.render.audit_sums import AuditSums, RepoStanding, standing_of
from flowforge.render.markdown_text import code, prose
from flowforge.render.pages import Page, Section

_COLUMNS: Final = ("where", "finding", "what is wrong")
_NAMED: Final = 3
_LEVELS: Final = (("error", "Errors", False), ("warning", "Warnings", True), ("note", "Notes", True))
_NEVER_READ: Final = frozenset({RepoStanding.UNREAD, RepoStanding.PARTLY})


class _Row(NamedTuple):
    repo: str
    finding: Mapping[str, Any]


def audit_page(document: Mapping[str, Any], *, bare: bool = False) -> Page:
    """Return the page. bare: counts and codes alone, of a document that nobody vouches for."""
    sentence = AuditSums.of(document).sentence
    if bare:
        return Page(sentence, (_by_standing(document),))
    return Page(sentence, (_by_standing(document), *_sections(document)))


def _by_standing(document: Mapping[str, Any]) -> Section:
    standings = AuditSums.of(document).standings
    rows = tuple(f"| {each.value} | {standings[each]:,} |" for each in RepoStanding if standings.get(each))
    return Section("Repositories", rows, ("how they stand", "how many"))


def _sections(document: Mapping[str, Any]) -> Iterator[Section]:
    rows = [_Row(repo["repo"] or "", finding) for repo in document["repos"] for finding in repo["findings"]]
    for level, title, folded in _LEVELS:
        yield _findings(title, [row for row in rows if row.finding["level"] == level], folded=folded)
        if level == "error":
            unread = [repo for repo in document["repos"] if standing_of(repo) in _NEVER_READ]
            said = (f"- {code(repo['repo'] or '')}: {prose(repo['verdict'])}" for repo in unread)
            yield Section("What could not be read", tuple(said))


def _findings(title: str, rows: Sequence[_Row], *, folded: bool) -> Section:
    alone, many = gathered(rows, _apart_from_repo, verbose=False)
    told = (_told(group) for group in (*([row] for row in alone), *many))
    return Section(title, tuple(told), _COLUMNS, folded=folded)


def _apart_from_repo(row: _Row) -> Hashable:
    return tuple(row.finding.values())


def _told(group: Sequence[_Row]) -> str:
    finding = group[0].finding
    place = code(f"{finding['file']}:{finding['line'] or 1}") if finding["file"] else ""
    named = ", ".join(code(row.repo) for row in group[:_NAMED])
    more = f" and {len(group) - _NAMED:,} more" if len(group) > _NAMED else ""
    where = named if len(group) == 1 else f"{len(group):,} repos: {named}{more}"
    what = f"{prose(finding['what'])}. Fix: {prose(finding['fix'])}"
    return f"| {' '.join(filter(None, (where, place)))} | {code(finding['code'])} | {what} |"

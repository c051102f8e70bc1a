"""What people are shown of an audit, made of its public document."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from flowforge.render.alike import gathered
from flowforge.render.audit_sums import AuditSums, standing_of
from flowforge.render.document import JsonEntry
from flowforge.render.style import Style

_SYMBOLS = {"error": "!", "warning": "~", "note": "?"}
_NAMED = 3


def audit_lines(document: Mapping[str, Any], style: Style, *, verbose: bool) -> Iterator[str]:
    """Yield the lines of every repository. verbose: why and what to do of each finding, and the steps."""
    repos = document["repos"]
    if len(repos) == 1:
        yield from _one(repos[0], style, verbose=verbose)
    else:
        yield from _fleet(repos, style, verbose=verbose)
    yield AuditSums.of(document).sentence


def _one(repo: JsonEntry, style: Style, *, verbose: bool) -> Iterator[str]:
    yield from _findings(repo, style, "", verbose=verbose)
    if verbose:
        yield from (_step(step) for step in repo["steps"])
    name = f"{repo['repo']}: " if repo["repo"] else ""
    yield f"{name}{repo['verdict']}"


def _fleet(repos: Sequence[JsonEntry], style: Style, *, verbose: bool) -> Iterator[str]:
    """Yield the worst first, and more than ten repos that differ in nothing but their names as one."""
    alone, many = gathered(repos, _apart_from_repo, verbose=verbose)
    groups = sorted([*([repo] for repo in alone), *many], key=lambda group: standing_of(group[0]).rank)
    for group in groups:
        repo = group[0]
        yield f"{_names(group)}: {repo['verdict']}"
        yield from _findings(repo, style, "  ", verbose=verbose)
        if verbose:
            yield from (f"  {_step(step)}" for step in repo["steps"])


def _apart_from_repo(repo: JsonEntry) -> Hashable:
    # The texts of a finding name no repository.
    found = tuple(tuple(finding.values()) for finding in repo["findings"])
    return standing_of(repo), repo["verdict"], found


def _names(group: Sequence[JsonEntry]) -> str:
    names = [str(repo["repo"]) for repo in group]
    if len(names) == 1:
        return names[0]
    return f"{len(names):,} repos ({', '.join(names[:_NAMED])} and {len(names) - _NAMED:,} more)"


def _findings(repo: JsonEntry, style: Style, indent: str, *, verbose: bool) -> Iterator[str]:
    for finding in repo["findings"]:
        yield style(f"{indent}{_line(finding)}", _SYMBOLS[finding["level"]])
        # An error is what somebody came for; the rest would bury it.
        if verbose or finding["level"] == "error":
            yield f"{indent}        why: {finding['why']}"
            yield f"{indent}        fix: {finding['fix']}"


def _line(finding: JsonEntry) -> str:
    # `file:line`, which editors and terminals turn into a link.
    place = f"{finding['file']}:{finding['line'] or 1}  " if finding["file"] else ""
    return f"{finding['level']:<7} {place}{finding['code']}  {finding['what']}"


def _step(step: JsonEntry) -> str:
    needs = ", ".join(f"{need['kind']} {need['name'] or ''}".strip() for need in step["needs"]) or "nothing"
    return f"step    {step['file']}:{step['line']}  {step['uses'] or 'claude'}  needs {needs}"

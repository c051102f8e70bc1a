"""What people are shown of an audit, made of its public document."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from flowforge.render.phrases import count
from flowforge.render.style import Style

_SYMBOLS = {"error": "!", "warning": "~", "note": "?"}


def audit_lines(document: Mapping[str, Any], style: Style, *, verbose: bool) -> Iterator[str]:
    """Yield the lines of every repository. verbose: why and what to do of each finding, and the steps."""
    for repo in document["repos"]:
        for finding in repo["findings"]:
            yield style(_line(finding), _SYMBOLS[finding["level"]])
            # An error is what somebody came for; the rest would bury it.
            if verbose or finding["level"] == "error":
                yield f"        why: {finding['why']}"
                yield f"        fix: {finding['fix']}"
        if verbose:
            yield from (_step(step) for step in repo["steps"])
        name = f"{repo['repo']}: " if repo["repo"] else ""
        yield f"{name}{repo['verdict']}"
    yield _footer(document)


def _line(finding: Mapping[str, Any]) -> str:
    # `file:line`, which editors and terminals turn into a link.
    place = f"{finding['file']}:{finding['line'] or 1}  " if finding["file"] else ""
    return f"{finding['level']:<7} {place}{finding['code']}  {finding['what']}"


def _step(step: Mapping[str, Any]) -> str:
    needs = ", ".join(f"{need['kind']} {need['name'] or ''}".strip() for need in step["needs"]) or "nothing"
    return f"step    {step['file']}:{step['line']}  {step['uses'] or 'claude'}  needs {needs}"


def _footer(document: Mapping[str, Any]) -> str:
    levels = Counter(finding["level"] for repo in document["repos"] for finding in repo["findings"])
    steps = sum(len(repo["steps"]) for repo in document["repos"])
    found = ", ".join(count(levels[level], level) for level in ("error", "warning", "note"))
    return f"Audit: {found} in {count(steps, 'Claude step')}."

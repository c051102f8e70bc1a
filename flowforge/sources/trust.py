"""Which sources a manifest may name: the operator's rules, which come from the environment only.

A manifest is code. The author of a pull request must not be able to run programs where it is planned.
"""

from typing import Final

from flowforge.ci_systems import doubt
from flowforge.errors import Problem, TrustError, printable
from flowforge.source_types import Runs, SourceType
from flowforge.sources.base import Context

SOURCES_VARIABLE: Final = "FLOWFORGE_ALLOWED_SOURCES"


def require_source(source: SourceType, context: Context) -> None:
    """Raise TrustError if the operator's rules forbid a source.

    FF231: FLOWFORGE_ALLOWED_SOURCES is set and does not list it. If that is unset, a source that runs what the manifest
    chooses is refused in CI unless a trusted event began the run: FF259 for a pull request, FF260 for any other event.
    """
    # A list of the operator's settles it, also on pull requests: only somebody who can set variables of CI can set it.
    allowed = context.listed(SOURCES_VARIABLE)
    if allowed is None:
        if source.runs is Runs.CHOSEN:
            _require_trusted(source.name, context)
    elif source.name not in allowed:
        why = (
            f"it admits {printable(', '.join(sorted(allowed)))}"
            if allowed
            else "it is set but empty, so it admits none"
        )
        fix = f"use another source, or let the operator add {source.name} to {SOURCES_VARIABLE}"
        raise TrustError(
            Problem("FF231", f"source {source.name} is not allowed by {SOURCES_VARIABLE}", why=why, fix=fix)
        )


def _require_trusted(name: str, context: Context) -> None:
    found = doubt(context.environ)
    if found is None:
        return
    why = f"{found.why}, and the author of a proposed manifest must not be able to run programs here"
    allow = f"let the operator set {SOURCES_VARIABLE} to what a proposed manifest may use, {name} among it"
    if found.proposal:
        what, fix = f"source {name} is refused for a pull request", f"plan after the merge; or {allow}"
        raise TrustError(Problem("FF259", what, why=why, fix=fix))
    what = f"source {name} is refused: no event that is known to be trusted began this run"
    fix = f"run it where {found.instead}; or {allow}" if found.instead else allow
    raise TrustError(Problem("FF260", what, why=why, fix=fix))

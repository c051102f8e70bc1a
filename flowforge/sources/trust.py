"""Which sources a manifest may name: the operator's rules, which come from the environment only.

A manifest is code. The author of a pull request must not be able to run programs where it is planned. Two kinds of rule
follow: what the operator's list lacks, no run may read, so the manifest that names it is wrong; what only a trusted
event may run is not read on any other, and nothing is wrong with the manifest.
"""

from typing import Final

from flowforge.ci_systems import doubt
from flowforge.errors import Problem, TrustError, printable
from flowforge.source_types import Runs, SourceType
from flowforge.sources.base import Context

SOURCES_VARIABLE: Final = "FLOWFORGE_ALLOWED_SOURCES"


def require_source(source: SourceType, context: Context) -> None:
    """Raise TrustError if a source that the run cannot do without is forbidden (FF231) or refused here (`refusal`)."""
    require_listed(source, context)
    found = refusal(source, context)
    if found is not None:
        raise TrustError(found)


def require_listed(source: SourceType, context: Context) -> None:
    """Raise TrustError FF231 if FLOWFORGE_ALLOWED_SOURCES is set and does not list a source."""
    allowed = context.listed(SOURCES_VARIABLE)
    if allowed is None or source.name in allowed:
        return
    why = f"it admits {printable(', '.join(sorted(allowed)))}" if allowed else "it is set but empty, so it admits none"
    fix = f"use another source, or let the operator add {source.name} to {SOURCES_VARIABLE}"
    raise TrustError(Problem("FF231", f"source {source.name} is not allowed by {SOURCES_VARIABLE}", why=why, fix=fix))


def refusal(source: SourceType, context: Context) -> Problem | None:
    """Return why a source is not read in this run; None if it may be.

    One that runs what the manifest chooses is refused in CI unless a trusted event began the run: FF259 for a pull
    request, FF260 for any other event.
    """
    # A list of the operator's settles it, also on pull requests: only somebody who can set variables of CI can set it.
    if source.runs is not Runs.CHOSEN or context.listed(SOURCES_VARIABLE) is not None:
        return None
    found = doubt(context.environ)
    if found is None:
        return None
    why = f"{found.why}, and the author of a proposed manifest must not be able to run programs here"
    allow = f"let the operator set {SOURCES_VARIABLE} to what a proposed manifest may use, {source.name} among it"
    if found.proposal:
        what, fix = f"source {source.name} is refused for a pull request", f"plan after the merge; or {allow}"
        return Problem("FF259", what, why=why, fix=fix)
    what = f"source {source.name} is refused: no event that is known to be trusted began this run"
    fix = f"run it where {found.instead}; or {allow}" if found.instead else allow
    return Problem("FF260", what, why=why, fix=fix)

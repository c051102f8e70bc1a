"""What stops an apply before its first write."""

from collections.abc import Mapping, Sequence
from typing import Final

from flowforge.errors import GitHubError, Problem, RefusedError, SourceError, quote
from flowforge.github.repos import RepoInfo
from flowforge.plan.action import Reason
from flowforge.plan.address import Repo
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Unavailable, Unreadable
from flowforge.plan.safety import Brake

_KEEP_GOING: Final = "--keep-going writes the secrets that need other values"
_WITHOUT: Final = "--exclude and --tags leave out what needs it"


def refuse(plan: Plan, brakes: Sequence[Brake], *, keep_going: bool, otherwise: str = _KEEP_GOING) -> None:
    """Raise SourceError where a value is not available, else RefusedError where a brake holds.

    otherwise: what a person can do beside giving the value; empty where nothing.
    """
    if not keep_going:
        _require_values(plan, otherwise)
    if brakes:
        raise RefusedError(
            *(Problem(brake.code, f"{brake.what}; nothing was written", fix=brake.fix) for brake in brakes)
        )


def require_values(plan: Plan) -> None:
    """Raise SourceError where a value is not available, so that no secret is recorded as holding it."""
    _require_values(plan, _WITHOUT)


def require_same(before: Mapping[Repo, RepoInfo], now: Mapping[Repo, RepoInfo | Unreadable]) -> None:
    """Raise GitHubError FF343 where a repo changed while the question waited for its answer."""
    # An approval may come hours later. By then the repo may be archived, renamed, or another one of that name.
    changed = [repo for repo, info in now.items() if before.get(repo) != info]
    if changed:
        what = f"{', '.join(map(str, changed))} changed since the plan was shown; nothing was written"
        raise GitHubError(Problem("FF343", what, fix="run it again, and read the new plan"))


def _require_values(plan: Plan, otherwise: str) -> None:
    blocked = [change for change in plan.changes if change.reason is Reason.VALUE_UNAVAILABLE]
    if blocked:
        raise SourceError(*{_missing(change, otherwise): None for change in blocked})


def _missing(change: Change, otherwise: str) -> Problem:
    value = change.wanted.value if change.wanted else None
    code, why = (value.code, value.because) if isinstance(value, Unavailable) else ("", "")
    credential = quote(change.wanted.credential) if change.wanted else ""
    fix = "; ".join(filter(None, (change.remedy, otherwise)))
    return Problem(code, f"{change.sentence}; nothing was written", f"credential {credential}", why, fix)

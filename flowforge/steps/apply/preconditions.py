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


def refuse(plan: Plan, brakes: Sequence[Brake], *, keep_going: bool) -> None:
    """Stop before the first write, for what weighs more first: a value that cannot be had, then a brake."""
    if not keep_going:
        _require_values(plan, _KEEP_GOING)
    if brakes:
        raise RefusedError(
            *(Problem(brake.code, f"{brake.what}; nothing was written", fix=brake.fix) for brake in brakes)
        )


def require_values(plan: Plan) -> None:
    """Stop before anything is recorded as holding a value that cannot be had."""
    _require_values(plan, _WITHOUT)


def require_same(before: Mapping[Repo, RepoInfo], now: Mapping[Repo, RepoInfo | Unreadable]) -> None:
    """Refuse to write where a repo became another while the question waited for its answer."""
    moved = [repo for repo, info in now.items() if before.get(repo) != info]
    if moved:
        what = f"{', '.join(map(str, moved))} changed since the plan was shown; nothing was written"
        raise GitHubError(Problem("FF343", what, fix="run it again, and read the new plan"))


def _require_values(plan: Plan, otherwise: str) -> None:
    blocked = [change for change in plan.changes if change.reason is Reason.VALUE_UNAVAILABLE]
    if blocked:
        raise SourceError(*{_missing(change, otherwise): None for change in blocked})


def _missing(change: Change, otherwise: str) -> Problem:
    value = change.wanted.value if change.wanted else None
    code, why = (value.code, value.because) if isinstance(value, Unavailable) else ("", "")
    credential = quote(change.wanted.credential) if change.wanted else ""
    fix = f"{change.fix}; {otherwise}"
    return Problem(code, f"{change.sentence}; nothing was written", f"credential {credential}", why, fix)

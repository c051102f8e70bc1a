"""What the first writes of a run show of the token's permissions.

GitHub tells the permissions of a classic token alone. For any other one, one write for each owner goes first. If it is
refused, nothing more is tried for that owner.
"""

import threading
from collections.abc import Mapping
from dataclasses import field, replace

from flowforge.data_class import dataclass
from flowforge.errors import FlowForgeError, Problem
from flowforge.github.explain import permission
from flowforge.github.forbidden import lacks_permission
from flowforge.github.problems import RepoError
from flowforge.plan.address import Address, Scope
from flowforge.plan.change import Change
from flowforge.plan.ordering import Work

# A token has its permissions for all of an owner. A refusal because of a person's role ("Must have admin rights to
# Repository.") is about one repo.
_Permit = tuple[str, str]


@dataclass(slots=True)
class Permissions:
    """What this run's writes have shown of the token's permissions, by owner and permission. Thread-safe."""

    _granted: set[_Permit] = field(default_factory=set)
    _refused: dict[_Permit, Problem] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def granted(self, scope: Scope) -> None:
        """Note that a write succeeded, so that a later refusal is about one repo alone."""
        with self._lock:
            self._granted.add(_permit(scope))

    def failed(self, scope: Scope, error: FlowForgeError) -> None:
        """Note a write that failed. Where none has succeeded, a missing permission stops the rest that needs it."""
        if isinstance(error, RepoError) and lacks_permission(error.no.message):
            with self._lock:
                if _permit(scope) not in self._granted:
                    self._refused.setdefault(_permit(scope), error.problems[0])

    def refusal(self, address: Address) -> Problem | None:
        """Return why a write is not worth a try; None where it is."""
        with self._lock:
            met = self._refused.get(_permit(address.scope))
        if met is None:
            return None
        what = f"not begun, because the first write for {address.scope.repo.owner} was refused: {met.what}"
        return replace(met, code="FF346", what=what, where=str(address))


def first_of_each(work: Work) -> tuple[Work, Work]:
    """Return the work in two stages. The first has the smallest scope of each owner and permission."""
    # A scope that is alone for its owner goes with the second stage, since nothing waits for its result.
    pieces: dict[_Permit, dict[Scope, tuple[Change, ...]]] = {}
    for scope, changes in work.items():
        pieces.setdefault(_permit(scope), {})[scope] = changes
    first = {_smallest(each) for each in pieces.values() if len(each) > 1}
    return {scope: work[scope] for scope in first}, {scope: each for scope, each in work.items() if scope not in first}


def _smallest(pieces: Mapping[Scope, tuple[Change, ...]]) -> Scope:
    # To create an environment takes another permission, so such a scope goes first only where all scopes do that.
    def order(scope: Scope) -> tuple[bool, int, Scope]:
        changes = pieces[scope]
        return any(change.makes_environment for change in changes), len(changes), scope

    return min(pieces, key=order)


def _permit(scope: Scope) -> _Permit:
    return scope.repo.owner.lower(), permission(scope)

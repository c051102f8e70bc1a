"""Whether a token may write: of most, the first write tells; so one for each owner goes first, and stops that owner."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flowforge.errors import FlowForgeError, Problem
from flowforge.github.explain import permission
from flowforge.github.problems import RepoError
from flowforge.plan.address import Address, Scope
from flowforge.plan.change import Change
from flowforge.plan.ordering import Work

# "by integration", "by personal access token": what GitHub says where the token lacks a permission, which it has for
# all of an owner. A person's role ("Must have admin rights to Repository.") is another one in each repo.
_NOT_GRANTED: Final = "Resource not accessible"
_Permit = tuple[str, str]


@dataclass(slots=True)
class Permissions:
    """What this run's writes told of the token's permissions, by owner and permission. Thread-safe."""

    _granted: set[_Permit] = field(default_factory=set)
    _refused: dict[_Permit, Problem] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def granted(self, scope: Scope) -> None:
        """Note that a write arrived: a later refusal is one repo's own."""
        with self._lock:
            self._granted.add(_permit(scope))

    def failed(self, scope: Scope, error: FlowForgeError) -> None:
        """Note what a write met: where none has arrived, the want of a permission stops the rest that needs it."""
        if isinstance(error, RepoError) and error.no.message.startswith(_NOT_GRANTED):
            with self._lock:
                if _permit(scope) not in self._granted:
                    self._refused.setdefault(_permit(scope), error.problems[0])

    def refusal(self, address: Address) -> Problem | None:
        """Return why a write need not be begun."""
        with self._lock:
            met = self._refused.get(_permit(address.scope))
        if met is None:
            return None
        what = f"not begun, as the first write for {address.scope.repo.owner} was refused: {met.what}"
        return replace(met, code="FF346", what=what, where=str(address))


def first_of_each(work: Work) -> tuple[Work, Work]:
    """Split work in two turns: for each owner, and each permission that a list takes, its smallest piece goes first.

    What is alone stands in the second: nothing waits for it. What makes an environment, and needs another permission
    for that, goes first only where all do.
    """
    pieces: dict[_Permit, dict[Scope, tuple[Change, ...]]] = {}
    for scope, changes in work.items():
        pieces.setdefault(_permit(scope), {})[scope] = changes
    first = {_smallest(each) for each in pieces.values() if len(each) > 1}
    return {scope: work[scope] for scope in first}, {scope: each for scope, each in work.items() if scope not in first}


def _smallest(pieces: Mapping[Scope, tuple[Change, ...]]) -> Scope:
    def order(scope: Scope) -> tuple[bool, int, Scope]:
        changes = pieces[scope]
        return any(change.makes_environment for change in changes), len(changes), scope

    return min(pieces, key=order)


def _permit(scope: Scope) -> _Permit:
    return scope.repo.owner.lower(), permission(scope)

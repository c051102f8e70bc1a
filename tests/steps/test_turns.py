"""Deletes wait for what a repo gets elsewhere, and for nothing else."""

from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.steps.turns import turns

A, B = Repo.parse("acme/a"), Repo.parse("acme/b")


def _change(repo: Repo, store: Store, name: str, action: Action) -> Change:
    return Change(Address(Scope(repo, store), name), action, Reason.MISSING)


def test_turns() -> None:
    """A delete waits where another scope of its repo is written; beside a write of its own scope it need not."""
    old = _change(A, Store.ACTIONS, "OLD", Action.DELETE)
    new = _change(A, Store.VARIABLES, "NEW", Action.CREATE)
    gone = _change(A, Store.VARIABLES, "GONE", Action.DELETE)
    other = _change(B, Store.ACTIONS, "OLD", Action.DELETE)
    beside = _change(B, Store.ACTIONS, "NEW", Action.UPDATE)
    alone = _change(Repo.parse("acme/c"), Store.ACTIONS, "OLD", Action.DELETE)
    todo = sorted([old, new, gone, other, beside, alone], key=lambda change: change.address)
    first, then = turns(todo)
    assert {
        new.address.scope: (gone, new),
        other.address.scope: (beside, other),
        alone.address.scope: (alone,),
    } == first
    assert {old.address.scope: (old,)} == then

"""Deletes wait for what a repo gets elsewhere, and for nothing else."""

from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.steps.turns import turns, without_lost

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


def test_turns_of_an_organization() -> None:
    """A repo's delete waits for its organization's write, and back; another repo's or owner's write is no reason."""
    acme, other = Repo.organization("ACME"), Repo.organization("acme-x")
    create = _change(acme, Store.ACTIONS, "KEY", Action.CREATE)
    theirs = _change(other, Store.ACTIONS, "KEY", Action.CREATE)
    old = [_change(repo, Store.ACTIONS, "KEY", Action.DELETE) for repo in (A, B, Repo.parse("acme-y/c"))]
    first, then = turns(sorted([create, theirs, *old], key=lambda change: change.address))
    assert [create.address.scope, theirs.address.scope, old[2].address.scope] == list(first)
    assert [A, B] == [scope.repo for scope in then]
    assert ({}, then) == (without_lost(then, [acme]), without_lost(then, [other]))
    assert [B] == [scope.repo for scope in without_lost(then, [A])]
    gone = _change(acme, Store.ACTIONS, "KEY", Action.DELETE)
    new = _change(B, Store.ACTIONS, "KEY", Action.CREATE)
    first, then = turns([gone, new])
    assert ([B], [acme]) == ([scope.repo for scope in first], [scope.repo for scope in then])
    assert ({}, then) == (without_lost(then, [B]), without_lost(then, [Repo.parse("acme-x/b")]))

"""Deletes wait for what a repo gets elsewhere, and for nothing else."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, NotRead, Presence, Value, Wanted
from flowforge.plan.ordering import deletes, stages, without_kept, without_lost

A, B = Repo.parse("acme/a"), Repo.parse("acme/b")
KNOWN = Known("hmac-sha256:aa")


def _change(repo: Repo, store: Store, name: str, action: Action) -> Change:
    return Change(Address(Scope(repo, store), name), action, Reason.MISSING)


def test_stages() -> None:
    """A delete waits where another scope of its repo is written; beside a write of its own scope it need not."""
    old = _change(A, Store.ACTIONS, "OLD", Action.DELETE)
    new = _change(A, Store.VARIABLES, "NEW", Action.CREATE)
    gone = _change(A, Store.VARIABLES, "GONE", Action.DELETE)
    other = _change(B, Store.ACTIONS, "OLD", Action.DELETE)
    beside = _change(B, Store.ACTIONS, "NEW", Action.UPDATE)
    alone = _change(Repo.parse("acme/c"), Store.ACTIONS, "OLD", Action.DELETE)
    todo = sorted([old, new, gone, other, beside, alone], key=lambda change: change.address)
    first, then = stages(todo)
    assert {
        new.address.scope: (gone, new),
        other.address.scope: (beside, other),
        alone.address.scope: (alone,),
    } == first
    assert {old.address.scope: (old,)} == then


def test_stages_of_an_organization() -> None:
    """A repo's delete waits for its organization's write, and back; another repo's or owner's write is no reason."""
    acme, other = Repo.organization("ACME"), Repo.organization("acme-x")
    create = _change(acme, Store.ACTIONS, "KEY", Action.CREATE)
    theirs = _change(other, Store.ACTIONS, "KEY", Action.CREATE)
    old = [_change(repo, Store.ACTIONS, "KEY", Action.DELETE) for repo in (A, B, Repo.parse("acme-y/c"))]
    first, then = stages(sorted([create, theirs, *old], key=lambda change: change.address))
    assert [create.address.scope, theirs.address.scope, old[2].address.scope] == list(first)
    assert [A, B] == [scope.repo for scope in then]
    assert ({}, then) == (without_lost(then, [acme]), without_lost(then, [other]))
    assert [B] == [scope.repo for scope in without_lost(then, [A])]
    gone = _change(acme, Store.ACTIONS, "KEY", Action.DELETE)
    new = _change(B, Store.ACTIONS, "KEY", Action.CREATE)
    first, then = stages([gone, new])
    assert ([B], [acme]) == ([scope.repo for scope in first], [scope.repo for scope in then])
    assert ({}, then) == (without_lost(then, [B]), without_lost(then, [Repo.parse("acme-x/b")]))


def _blocked(
    repo: Repo, *, store: Store = Store.ACTIONS, presence: Presence = Presence.PRESENT, value: Value = KNOWN
) -> Change:
    """Return what is wanted and cannot be written now."""
    change = _change(repo, store, "NEW", Action.BLOCKED)
    return replace(change, wanted=Wanted(change.address, presence, "T", Where("m", 1, 1), value=value))


ACME = Repo.organization("acme")


@pytest.mark.parametrize(
    ("beside", "kept"),
    [
        (_blocked(A), [A, ACME]),
        (_blocked(Repo.parse("ACME/A"), store=Store.VARIABLES), [A, ACME]),
        (_blocked(ACME), [A, B, ACME]),
        (_blocked(Repo.parse("acme-x/a")), []),
        (_blocked(Repo.organization("acme-x")), []),
        (_blocked(A, presence=Presence.ABSENT), []),
        (replace(_blocked(A), wanted=None), []),
        (replace(_blocked(A), action=Action.CREATE), []),
        (replace(_blocked(A, value=NotRead("--skip-values")), action=Action.CREATE), [A, ACME]),
        (replace(_blocked(A, value=NotRead("--skip-values")), action=Action.NONE), []),
        (replace(_blocked(A), action=Action.NONE), []),
    ],
)
def test_what_cannot_be_replaced_yet_is_kept(beside: Change, kept: list[Repo]) -> None:
    """A delete is left out where what is to be there, of the same repo or its organization, cannot be written.

    Nothing else is left out: neither a write, nor a delete beside what is not wanted there or can be done.
    """
    gone = [_change(repo, Store.DEPENDABOT, "OLD", Action.DELETE) for repo in (A, B, ACME)]
    writes = [
        _change(repo, Store.ACTIONS, "KEY", action) for repo in (A, ACME) for action in (Action.CREATE, Action.UPDATE)
    ]
    left = without_kept([*gone, *writes], [*gone, *writes, beside])
    assert [change for change in [*gone, *writes] if change in writes or change.address.scope.repo not in kept] == left


@pytest.mark.parametrize("action", Action)
def test_what_deletes(action: Action) -> None:
    """A delete, and nothing else, takes something away."""
    assert (action is Action.DELETE) is deletes(_change(A, Store.ACTIONS, "KEY", action))

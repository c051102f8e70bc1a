"""What first writes tell of a token: which go first, what a refusal stops, and what it does not."""

from dataclasses import replace

from flowforge.errors import Problem, StateError
from flowforge.github.problems import Refusal, RepoError
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.steps.apply.permissions import Permissions, first_of_each

A, B, OTHER = (Scope(Repo.parse(name)) for name in ("Acme/a", "acme/b", "other/a"))
INSIDE, VARIABLES = Scope.of_environment(B.repo, "prod"), Scope(B.repo, Store.VARIABLES)
ACME = Scope(Repo.organization("acme"))
_MESSAGE = "Resource not accessible by integration"
_NO = Refusal("FF320", Why.NO_PERMISSION, "no permission: GitHub accepts secrets=write", "give it", 403, _MESSAGE)
DENIED = RepoError(_NO)
ROLE = RepoError(replace(_NO, message="Must have admin rights to Repository."))
FAILED = RepoError(Refusal("FF328", Why.FAILED, "no usable answer"))


def changes(scope: Scope, number: int) -> tuple[Change, ...]:
    """Return so many creates of a scope."""
    return tuple(Change(Address(scope, f"S{each}"), Action.CREATE, Reason.MISSING) for each in range(number))


def test_the_smallest_piece_of_each_goes_first() -> None:
    """One for each owner and permission, in whatever case it is written; what is alone waits for nothing."""
    work = {each: changes(each, number) for each, number in ((A, 2), (B, 1), (OTHER, 3), (INSIDE, 1), (ACME, 1))}
    first, rest = first_of_each(work)
    assert ({B: work[B]}, [A, OTHER, INSIDE, ACME]) == (first, list(rest))


def test_what_makes_an_environment_goes_first_where_all_do() -> None:
    """It needs another permission for that: a larger piece that makes none tells more of the token."""
    scopes = [Scope.of_environment(repo, "prod") for repo in (A.repo, B.repo)]
    one, two = changes(scopes[0], 2), changes(scopes[1], 3)
    making = (one[0], replace(one[1], makes_environment=True))
    assert [scopes[1]] == list(first_of_each({scopes[0]: making, scopes[1]: two})[0])
    both = {scopes[0]: making, scopes[1]: tuple(replace(each, makes_environment=True) for each in two)}
    assert [scopes[0]] == list(first_of_each(both)[0])


def test_a_refusal_stops_what_needs_the_same() -> None:
    """It names the owner and what was refused; another owner, and another permission of this one, go on."""
    permissions = Permissions()
    permissions.failed(A, DENIED)
    what = "not begun, because the first write for acme was refused: no permission: GitHub accepts secrets=write"
    assert Problem("FF346", what, "acme/b/actions/S0", fix="give it") == permissions.refusal(Address(B, "S0"))
    assert [None] * 4 == [permissions.refusal(Address(each, "S0")) for each in (OTHER, INSIDE, VARIABLES, ACME)]


def test_what_stops_nothing() -> None:
    """Neither a role in one repo or another trouble of it, nor the state, nor a refusal after a write that arrived."""
    permissions = Permissions()
    permissions.failed(A, ROLE)
    permissions.failed(A, FAILED)
    permissions.failed(A, StateError(Problem("FF401", "no room")))
    assert permissions.refusal(Address(B, "S0")) is None
    permissions.granted(A)
    permissions.failed(B, DENIED)
    assert permissions.refusal(Address(B, "S0")) is None

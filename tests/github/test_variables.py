"""Variables on the sandbox's real HTTP: listed whole, with their values; created or changed; and every no named."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.github.confirm import ChangedSince, Confirmation, Confirmed, Done, Lagging, Readable, confirm
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.github.scopes import delete, list_scope
from flowforge.github.secrets import Deleted
from flowforge.github.variables import delete_variable, list_variables, put_variable
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Listing, Public, Unreadable
from flowforge.sandbox import Fault, FaultKind, Level, Sandbox, Token

MakeClient = Callable[..., Client]
_REPO = Repo.parse("acme/api")
_API = Scope(_REPO, Store.VARIABLES)
_IN = Scope.of_environment(_REPO, "a b", Store.VARIABLES)
_AT = "2026-11-23T08:00:{:02}Z"


@pytest.fixture
def world(sandbox: Sandbox) -> Sandbox:
    """Return the sandbox with `acme/api` and an environment in it."""
    sandbox.world.create_repo("acme/api")
    sandbox.world.create_environment("acme/api", "a b")
    return sandbox


def _values(seen: Listing | Unreadable) -> dict[str, str]:
    assert isinstance(seen, Listing)
    assert set(seen.updated_at) == set(seen.values)
    return {name: value.text for name, value in seen.values.items()}


def test_a_list_is_whole(world: Sandbox, connect: MakeClient) -> None:
    """61 variables come with three requests of 30 a page, made twice, each with its value."""
    client = connect(scale=10.0)
    assert Listing({}) == list_variables(client, _API)
    expected = {f"V{number:02}": f"value {number}" for number in range(61)}
    for name, value in expected.items():
        world.world.set_variable("acme/api", name, value)
    assert (expected, 7) == (_values(list_scope(client, _API)), client.requests)


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.PARTIAL])
def test_a_list_cut_short_is_no_list(world: Sandbox, connect: MakeClient, kind: FaultKind) -> None:
    """What came of it is not given."""
    for number in range(40):
        world.world.set_variable("acme/api", f"V{number}", "x")
    world.world.faults.waiting.append(Fault("GET .*/variables", kind))
    seen = list_variables(connect(), _API)
    assert isinstance(seen, Unreadable)
    assert Why.CUT_SHORT is seen.why


@pytest.mark.parametrize("scope", [_API, _IN], ids=str)
def test_created_changed_and_deleted(world: Sandbox, connect: MakeClient, scope: Scope) -> None:
    """A variable is new once and then changed, whatever the plan believed; deleted twice, it is gone once."""
    client = connect()
    places = {"environment": scope.environment}

    def put(text: str, *, exists: bool) -> tuple[bool, dict[str, str]]:
        done = put_variable(client, scope, "A", Public(text), exists=exists)
        return done.created, world.world.variables("acme/api", **places)

    assert (True, {"A": "one"}) == put("one", exists=False)
    assert (False, {"A": "two"}) == put("two", exists=True)
    assert (False, {"A": "three"}) == put("three", exists=False)
    address = Address(scope, "A")
    assert [True, False] == [bool(delete(client, address).date) for _ in range(2)]
    assert (True, {"A": "four"}) == put("four", exists=True)


def test_what_is_there_as_wanted_is_not_written(world: Sandbox, connect: MakeClient) -> None:
    """A name that is taken by the wanted value needs no change: it may be our own, whose answer was lost."""
    world.world.set_variable("acme/api", "A", "one")
    world.world.reset_stats()
    done = put_variable(connect(), _API, "A", Public("one"), exists=False)
    asked = world.world.stats().requests
    variables = "/repos/{owner}/{repo}/actions/variables"
    assert (False, {f"POST {variables}": 1, f"GET {variables}": 1}) == (done.created, asked)


def test_a_create_without_answer_is_told(world: Sandbox, connect: MakeClient) -> None:
    """One that arrived and one that somebody made meanwhile look alike: `retried` says that nobody can tell."""
    for text, kind in (("one", FaultKind.RESET_AFTER), ("two", FaultKind.STATUS)):
        world.world.set_variable("acme/api", "B", "else")
        world.world.faults.waiting.append(Fault("POST", kind))
        name = "A" if kind is FaultKind.RESET_AFTER else "B"
        done = put_variable(connect(), _API, name, Public(text), exists=False)
        assert (False, True) == (done.created, done.retried)
    assert {"A": "one", "B": "two"} == world.world.variables("acme/api")


@pytest.mark.parametrize(
    ("scope", "seen", "permission"),
    [
        (_API, "its variables", "Variables"),
        (_IN, "the variables of environment a b", "Environments and Variables"),
    ],
)
def test_no_permission(scripted: MakeClient, scope: Scope, seen: str, permission: str) -> None:
    """A 404 where the repo and the environment are seen names the permission; a write names its variable too."""

    def handle(request: httpx.Request) -> httpx.Response:
        if "/variables" in request.url.path:
            return httpx.Response(404, json={"message": "Not Found"})
        return httpx.Response(200, json={"id": 7, "full_name": "acme/api", "archived": False})

    client = scripted(handle)
    access = "(classic: the scope repo), and its owner write access"
    fix = f"give the token (GH_TOKEN) read and write permission for {permission} {access}"
    detail = f"no permission: the token sees the repo but not {seen}"
    assert Unreadable(Why.NO_PERMISSION, detail, fix) == list_variables(client, scope)
    with pytest.raises(RepoError) as caught:
        put_variable(client, scope, "A", Public("x"), exists=False)
    detail = f"no permission: the token sees the repo but may not write {seen}"
    assert (f"{scope}/A", detail) == (caught.value.problems[0].where, caught.value.problems[0].what)


def test_a_refused_delete_names_the_variable(scripted: MakeClient) -> None:
    """Any no but 404 is an error with the variable's address."""
    client = scripted(lambda _: httpx.Response(403, json={"message": "No."}))
    with pytest.raises(RepoError) as caught:
        delete_variable(client, _API, "A")
    assert "acme/api/variables/A" == caught.value.problems[0].where
    with pytest.raises(RepoError) as caught:
        put_variable(client, _API, "A", Public("x"), exists=True)
    assert "acme/api/variables/A" == caught.value.problems[0].where


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422, 451])
def test_only_a_name_that_is_taken_is_looked_up(scripted: MakeClient, status: int) -> None:
    """A create that is refused for any other reason is an error, though the list shows the very value."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(status, json={"message": "No."})
        entry = {"name": "A", "value": "x", "updated_at": _AT.format(1)}
        return httpx.Response(200, json={"total_count": 1, "variables": [entry]})

    with pytest.raises(RepoError):
        put_variable(scripted(handle), _API, "A", Public("x"), exists=False)


@pytest.mark.parametrize(
    "items",
    [
        [{"name": "A", "updated_at": _AT.format(1)}],
        [{"name": "A", "value": 1, "updated_at": _AT.format(1)}],
        [{"name": "", "value": "x", "updated_at": _AT.format(1)}],
        [{"name": "A", "value": "x", "updated_at": "today"}],
        [{"name": "A", "value": "x", "updated_at": _AT.format(1)}, {"name": "a", "value": "y", "updated_at": "t"}],
    ],
)
def test_another_shape(scripted: MakeClient, items: list[dict[str, object]]) -> None:
    """A list that is not as GitHub documents it is none."""
    client = scripted(lambda _: httpx.Response(200, json={"total_count": len(items), "variables": items}))
    seen = list_variables(client, _API)
    assert isinstance(seen, Unreadable)
    assert Why.FAILED is seen.why


@pytest.mark.parametrize(
    ("listed", "second", "outcome"),
    [
        ("ours", 20, Confirmed(_AT.format(20))),
        ("ours", 1, Confirmed(_AT.format(1))),
        ("other", 59, ChangedSince(_AT.format(59))),
        ("other", 1, Lagging()),
        ("other", 20, Lagging()),
    ],
)
def test_a_value_confirms_a_write(scripted: MakeClient, listed: str, second: int, outcome: Confirmation) -> None:
    """GitHub shows our value: done, whatever its time; another value, later: somebody's; else the list lags."""
    items = [{"name": "A", "value": listed, "updated_at": _AT.format(second)}]
    client = scripted(lambda _: httpx.Response(200, json={"total_count": 1, "variables": items}))
    done: dict[str, Done] = {"A": Readable(_AT.format(20), Public("ours")), "B": Deleted(_AT.format(20))}
    assert {"A": outcome, "B": Confirmed("")} == confirm(client, _API, done)


def test_a_token_without_the_permission(world: Sandbox, connect: MakeClient) -> None:
    """On the sandbox a token that may write secrets and see no variables gets no empty list."""
    world.world.add_token(world.token, Token(permissions={"actions_variables": Level.NONE}))
    seen = list_variables(connect(), _API)
    assert isinstance(seen, Unreadable)
    assert Why.NO_PERMISSION is seen.why

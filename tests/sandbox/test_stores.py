"""The four stores of a repository: apart from each other in everything, and each with its own permission."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Level, Sandbox, Token, TokenKind
from flowforge.sandbox.world.stores import STORES

Write = Callable[..., httpx.Response]
AsToken = Callable[[Token], dict[str, str]]
REPO = "/repos/acme/repo-001"
PERMISSIONS = {
    "actions": "secrets",
    "dependabot": "dependabot_secrets",
    "codespaces": "codespaces_secrets",
    "agents": "agent_secrets",
}


def test_apart(sandbox: Sandbox, http: httpx.Client, write: Write) -> None:
    """One name has another value in each store, and deleting it in one leaves the others."""
    for store in STORES:
        assert write(f"{REPO}/{store}/secrets/key", f"in {store}").status_code == 201
    assert http.delete(f"{REPO}/agents/secrets/KEY").status_code == 204
    values = {store: sandbox.world.reveal("acme/repo-001", store=store) for store in STORES}
    counts = [http.get(f"{REPO}/{store}/secrets").json()["total_count"] for store in STORES]
    assert (values, counts) == (
        {**{store: {"KEY": f"in {store}"} for store in STORES[:3]}, "agents": {}},
        [1, 1, 1, 0],
    )


def test_keys(sandbox: Sandbox, http: httpx.Client) -> None:
    """Each scope has a key of its own; an id is of a store, the same for every repository and the organization."""
    paths = {
        store: [f"{place}/{store}/secrets/public-key" for place in (REPO, "/repos/acme/repo-002", "/orgs/acme")]
        for store in STORES
    }
    before = {store: [http.get(path).json() for path in paths[store]] for store in STORES}
    sandbox.world.rotate_keys()
    after = {store: http.get(paths[store][0]).json() for store in STORES}
    ids = {store: {key["key_id"] for key in keys} for store, keys in before.items()}
    assert [len(ids[store]) for store in STORES] == [1] * 4
    assert len(set.union(*ids.values())) == 4
    assert len({key["key"] for keys in before.values() for key in keys}) == 12
    assert [after[store] == before[store][0] for store in STORES] == [False] * 4


def test_sealed_for_another_store(http: httpx.Client, sandbox: Sandbox, write: Write) -> None:
    """A box sealed for one store is refused by another, under the other's id too."""
    write(f"{REPO}/actions/secrets/A")
    key = http.get(f"{REPO}/dependabot/secrets/public-key").json()
    answer = write(f"{REPO}/actions/secrets/A", key_id=key["key_id"])
    assert (answer.status_code, sandbox.world.reveal("acme/repo-001", store="dependabot")) == (422, {})


@pytest.mark.parametrize("store", STORES)
def test_permission(http: httpx.Client, as_token: AsToken, store: str) -> None:
    """A token without the store's permission is refused there and nowhere else; a header names the permission."""
    name = PERMISSIONS[store]
    lacking = as_token(Token(permissions={name: Level.NONE}))
    reading = as_token(Token(TokenKind.APP, secrets=Level.NONE, permissions={name: Level.READ}))
    statuses = {one: http.get(f"{REPO}/{one}/secrets", headers=lacking).status_code for one in STORES}
    only = {one: http.get(f"{REPO}/{one}/secrets", headers=reading).status_code for one in STORES}
    refused = [
        http.get(f"{REPO}/{store}/secrets", headers=lacking),
        http.delete(f"{REPO}/{store}/secrets/A", headers=reading),
    ]
    assert statuses == {one: 403 if one == store else 200 for one in STORES}
    assert only == {one: 200 if one == store else 403 for one in STORES}
    assert [answer.headers["x-accepted-github-permissions"] for answer in refused] == [f"{name}=read", f"{name}=write"]


def test_world(sandbox: Sandbox) -> None:
    """The world's verbs reach every store, and name one that there is not."""
    world = sandbox.world
    world.set_secret("acme/repo-001", "a", "x", store="agents")
    world.replace_key("acme/repo-001", store="agents")
    assert (world.reveal("acme/repo-001", store="agents"), world.reveal("acme/repo-001")) == ({"A": "x"}, {})
    world.delete_secret("acme/repo-001", "A", store="agents")
    assert world.reveal("acme/repo-001", store="agents") == {}
    with pytest.raises(KeyError, match="store none"):
        world.reveal("acme/repo-001", store="none")

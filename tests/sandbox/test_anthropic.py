"""The sandbox as Anthropic: which key gets which answer, with its headers, and its pages."""

from collections.abc import Iterator

import httpx
import pytest

from flowforge.sandbox import Fault, FaultKind, Sandbox
from tests.made_up import api_key, letters

ADMIN = "/v1/organizations/api_keys"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve one."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def anthropic(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Talk to its Anthropic."""
    with httpx.Client(base_url=sandbox.serve_anthropic(), headers={"anthropic-version": "2023-06-01"}) as client:
        yield client


def test_a_key_that_works(sandbox: Sandbox, anthropic: httpx.Client) -> None:
    """A list of models, and headers that say whose key it is."""
    key = api_key()
    sandbox.world.add_anthropic_key(key, workspace="wrkspc_1", organization="org_1")
    answer = anthropic.get("/v1/models?limit=1", headers={"x-api-key": key})
    assert (200, 1, True, "org_1", "wrkspc_1") == (
        answer.status_code,
        len(answer.json()["data"]),
        answer.json()["has_more"],
        answer.headers["anthropic-organization-id"],
        answer.headers["anthropic-workspace-id"],
    )


@pytest.mark.parametrize(
    ("status", "refused"), [("inactive", 404), ("archived", 401), ("expired", 401), ("unknown", 401)]
)
def test_a_key_that_does_not(sandbox: Sandbox, anthropic: httpx.Client, status: str, refused: int) -> None:
    """404 for one that is switched off, 401 for any other, in the shape of Anthropic's errors, without its headers."""
    key = api_key()
    if status != "unknown":
        sandbox.world.add_anthropic_key(key)
        sandbox.world.set_anthropic_key(key, status)
    answer = anthropic.get("/v1/models", headers={"x-api-key": key})
    kind = "not_found_error" if refused == 404 else "authentication_error"
    assert (refused, ("error", kind), False) == (
        answer.status_code,
        (answer.json()["type"], answer.json()["error"]["type"]),
        "anthropic-workspace-id" in answer.headers,
    )


def test_a_key_ends(sandbox: Sandbox, anthropic: httpx.Client) -> None:
    """Its end comes by the sandbox's clock."""
    key = api_key()
    sandbox.world.add_anthropic_key(key, expires=3600.0)
    before = anthropic.get("/v1/models", headers={"x-api-key": key}).status_code
    sandbox.world.clock.advance(3601)
    assert (200, 401) == (before, anthropic.get("/v1/models", headers={"x-api-key": key}).status_code)


def test_an_admin_key_lists_in_pages(sandbox: Sandbox, anthropic: httpx.Client) -> None:
    """It sees the keys of its organization alone, a page at a time, each with a hint and never itself."""
    admin = f"sk-ant-admin01-{letters(93)}AA"
    sandbox.world.add_anthropic_key(admin)
    ids = [sandbox.world.add_anthropic_key(api_key()) for _ in range(3)]
    sandbox.world.add_anthropic_key(api_key(), organization="another")
    headers = {"x-api-key": admin}
    first = anthropic.get(f"{ADMIN}?limit=2", headers=headers).json()
    second = anthropic.get(f"{ADMIN}?limit=2&after_id={first['last_id']}", headers=headers).json()
    assert (ids, [True, False]) == (
        [each["id"] for each in (*first["data"], *second["data"])],
        [first["has_more"], second["has_more"]],
    )
    assert {"active"} == {each["status"] for each in first["data"]}
    assert all(len(each["partial_key_hint"]) == len("sk-ant-api03-R2D...igAA") for each in first["data"])


def test_each_endpoint_has_its_kind_of_key(sandbox: Sandbox, anthropic: httpx.Client) -> None:
    """An Admin key lists no models, an API key lists no keys, and one without rights is refused."""
    admin, poor, key = f"sk-ant-admin01-{letters(95)}", f"sk-ant-admin01-{letters(95)}", api_key()
    for each, rights in ((admin, True), (poor, False), (key, True)):
        sandbox.world.add_anthropic_key(each, rights=rights)
    asked = [("/v1/models", admin), (ADMIN, key), (ADMIN, poor), ("/v1/messages", key)]
    assert [401, 401, 403, 404] == [
        anthropic.get(path, headers={"x-api-key": each}).status_code for path, each in asked
    ]


def test_faults(sandbox: Sandbox, anthropic: httpx.Client) -> None:
    """A fault strikes it by its path, in Anthropic's words; and the log knows keys by their names alone."""
    key = api_key()
    sandbox.world.add_anthropic_key(key, name="ci")
    sandbox.world.faults.add(Fault("GET /v1/models", FaultKind.STATUS, status=529))
    answers = [anthropic.get("/v1/models", headers={"x-api-key": key}) for _ in range(2)]
    assert ([529, 200], "overloaded_error") == (
        [each.status_code for each in answers],
        answers[0].json()["error"]["type"],
    )
    assert [("/v1/models", 529, "ci"), ("/v1/models", 200, "ci")] == [
        (each.path, each.status, each.by) for each in sandbox.world.log()
    ]


@pytest.mark.parametrize("status", ["", "gone"])
def test_a_status_that_is_none(sandbox: Sandbox, status: str) -> None:
    """A status is one of Anthropic's four; and only a known key has one."""
    with pytest.raises(ValueError, match="status is none of"):
        sandbox.world.set_anthropic_key(api_key(), status)
    with pytest.raises(KeyError):
        sandbox.world.set_anthropic_key(api_key(), "active")

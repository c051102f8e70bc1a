"""The sandbox as Anthropic: which key gets which answer, with its headers, and its pages."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from flowforge.sandbox import Fault, FaultKind, Sandbox
from tests.made_up import api_key, letters

ADMIN = "/v1/organizations/api_keys"
USAGE = "/v1/organizations/usage_report/messages"


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


@pytest.fixture
def admin(sandbox: Sandbox) -> dict[str, str]:
    """Let the organization have an Admin key, and the clock stand at half past an hour."""
    clock = sandbox.world.clock
    clock.advance(3600 - clock.now() % 3600 + 1800)
    text = f"sk-ant-admin01-{letters(93)}AA"
    sandbox.world.add_anthropic_key(text)
    return {"x-api-key": text}


def test_an_admin_key_changes_a_key(sandbox: Sandbox, anthropic: httpx.Client, admin: dict[str, str]) -> None:
    """It shows one key of its organization and changes its status and name, by which the key stops working."""
    key, foreign = api_key(), api_key()
    path = f"{ADMIN}/{sandbox.world.add_anthropic_key(key)}"
    elsewhere = f"{ADMIN}/{sandbox.world.add_anthropic_key(foreign, organization='another')}"
    before = anthropic.get(path, headers=admin).json()
    after = anthropic.post(path, headers=admin, json={"status": "inactive", "name": "old"}).json()
    assert {**before, "status": "inactive", "name": "old"} == after
    assert 404 == anthropic.get("/v1/models", headers={"x-api-key": key}).status_code
    assert "active" == anthropic.post(path, headers=admin, json={"status": "active"}).json()["status"]
    refusals = [
        anthropic.post(path, headers=admin, json={"status": "expired"}),
        anthropic.post(path, headers=admin, content=b"[]"),
        anthropic.post(path, headers=admin, json={"name": 7}),
        anthropic.get(elsewhere, headers=admin),
        anthropic.post(elsewhere, headers=admin, json={"status": "inactive"}),
        anthropic.delete(path, headers=admin),
        anthropic.post(ADMIN, headers=admin, json={}),
        anthropic.get(path, headers={"x-api-key": key}),
    ]
    assert [400, 400, 400, 404, 404, 404, 404, 401] == [each.status_code for each in refusals]
    assert "active" == sandbox.world.anthropic_keys[foreign].status


def test_a_key_that_ended_stays_so(sandbox: Sandbox, anthropic: httpx.Client, admin: dict[str, str]) -> None:
    """A key whose time is over cannot be made active again."""
    path = f"{ADMIN}/{sandbox.world.add_anthropic_key(api_key(), expires=-1.0)}"
    assert 400 == anthropic.post(path, headers=admin, json={"status": "active"}).status_code


def test_usage(sandbox: Sandbox, anthropic: httpx.Client, admin: dict[str, str]) -> None:
    """By the hour: of all keys together, by key, of one key; only of the Admin key's organization."""
    texts = [api_key(), api_key(), api_key()]
    first, second, _ = (
        sandbox.world.add_anthropic_key(text, organization=org)
        for text, org in zip(texts, ["one", "one", "another"], strict=True)
    )
    sandbox.world.add_anthropic_key(admin["x-api-key"], organization="one")
    for text, ago in ((texts[0], 0.0), (texts[0], 60.0), (texts[1], 3600.0), (texts[2], 0.0)):
        sandbox.world.use_anthropic_key(text, tokens=10, ago=ago)
    now = sandbox.world.clock.now()
    start = datetime.fromtimestamp(now - 3 * 3600, UTC).isoformat()
    query, by_key = {"starting_at": start, "bucket_width": "1h"}, {"group_by[]": "api_key_id"}

    def rows(more: dict[str, str]) -> list[list[tuple[str | None, int]]]:
        found = anthropic.get(USAGE, params={**query, **more}, headers=admin).json()
        assert (False, None) == (found["has_more"], found["next_page"])
        return [[(row["api_key_id"], row["output_tokens"]) for row in each["results"]] for each in found["data"]]

    assert [[], [], [(None, 10)], [(None, 20)]] == rows({})
    assert [[], [], [(second, 10)], [(first, 20)]] == rows(by_key)
    assert [[], [], [], [(first, 20)]] == rows({**by_key, "api_key_ids[]": first})


def test_usage_in_pages_and_late(sandbox: Sandbox, anthropic: httpx.Client, admin: dict[str, str]) -> None:
    """A page has as many hours as were asked for, or as the sandbox gives; what is too new is not reported yet."""
    text = api_key()
    sandbox.world.add_anthropic_key(text)
    for ago in (0.0, 7200.0):
        sandbox.world.use_anthropic_key(text, ago=ago)
    sandbox.world.settings.per_page = 2
    sandbox.world.settings.usage_lag = 3600.0
    start = datetime.fromtimestamp(sandbox.world.clock.now() - 4 * 3600, UTC).isoformat()
    query = {"starting_at": start, "bucket_width": "1h", "limit": "100"}
    pages = [anthropic.get(USAGE, params=query, headers=admin).json()]
    while pages[-1]["has_more"]:
        pages.append(anthropic.get(USAGE, params={**query, "page": pages[-1]["next_page"]}, headers=admin).json())
    assert [2, 2, 1] == [len(each["data"]) for each in pages]
    assert [0, 0, 1, 0, 0] == [len(bucket["results"]) for each in pages for bucket in each["data"]]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"starting_at": "yesterday"}, 400),
        ({"starting_at": "2026-11-23T08:00:00Z", "bucket_width": "1w"}, 400),
        ({"starting_at": "2026-11-23T08:00:00Z", "page": "page_1"}, 400),
        ({"starting_at": "2026-11-23T08:00:00Z"}, 200),
    ],
)
def test_usage_that_is_asked_for_wrongly(
    anthropic: httpx.Client, admin: dict[str, str], query: dict[str, str], status: int
) -> None:
    """A time must be there, and every parameter be one of Anthropic's."""
    assert status == anthropic.get(USAGE, params=query, headers=admin).status_code


def test_the_use_of_an_unknown_key(sandbox: Sandbox) -> None:
    """Only a known key can have been used."""
    with pytest.raises(KeyError):
        sandbox.world.use_anthropic_key(api_key())

"""Secrets: sealed boxes that are opened, names, sizes, times, pages, lag and keys, as facts about GitHub say."""

import base64
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from flowforge.sandbox import Lag, Sandbox

Put = Callable[..., httpx.Response]
Seal = Callable[[str, bytes], dict[str, str]]
SECRETS = "/repos/acme/repo-001/actions/secrets"
DOCS = "https://docs.github.com/rest/reference/actions#create-or-update-a-repository-secret"
NAME_RULE = (
    "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
    "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
)
BAD_BOX = "Bad request - validation failed due to an improperly encrypted secret"


def refused(message: str) -> dict[str, str]:
    """Return the body of a 422 of a secret's PUT."""
    return {"message": message, "documentation_url": DOCS, "status": "422"}


def dated(response: httpx.Response, ahead: int = 0) -> str:
    """Return a response's Date, some seconds later, in the form of updated_at."""
    moment = parsedate_to_datetime(response.headers["date"]) + timedelta(seconds=ahead)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_create_update_get_delete(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """A secret's whole life: 201 with {}, 204 on update, times from the Date, upper case, 204 then 404 on delete."""
    created = put("acme/repo-001", "api_key", b"first")
    sandbox.world.clock.advance(100)
    updated = put("acme/repo-001", "API_KEY", b"second")
    shape = {"name": "API_KEY", "created_at": dated(created), "updated_at": dated(updated)}
    assert ((created.status_code, created.json()), (updated.status_code, updated.content)) == ((201, {}), (204, b""))
    assert http.get(SECRETS).json() == {"total_count": 1, "secrets": [shape]}
    assert http.get(f"{SECRETS}/api_key").json() == shape
    assert sandbox.world.reveal("acme/repo-001") == {"API_KEY": "second"}
    assert [http.delete(f"{SECRETS}/Api_Key").status_code for _ in range(2)] == [204, 404]
    assert http.get(f"{SECRETS}/API_KEY").status_code == 404
    assert sandbox.world.reveal("acme/repo-001") == {}


def test_late_stamp(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """As was recorded at GitHub, updated_at may be one second after the Date of the PUT's answer."""
    sandbox.world.settings.late_stamp = 1
    written = put("acme/repo-001", "A")
    assert http.get(f"{SECRETS}/A").json()["updated_at"] == dated(written, ahead=1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("GITHUB_TOKEN", "Secret names must not start with GITHUB_."),
        ("github_x", "Secret names must not start with GITHUB_."),
        *(
            (
                name,
                NAME_RULE,
            )
            for name in ("1A", "A-B", "A%20B", "%C3%84")
        ),
    ],
)
def test_bad_names(sandbox: Sandbox, put: Put, name: str, message: str) -> None:
    """A name that breaks GitHub's rules is 422 in GitHub's words, and nothing is stored."""
    answer = put("acme/repo-001", name)
    assert (answer.status_code, answer.json()["message"]) == (422, message)
    assert sandbox.world.reveal("acme/repo-001") == {}


def test_size_limit(sandbox: Sandbox, put: Put) -> None:
    """47,952 bytes of plaintext are the most: the limit is 48,000 bytes of ciphertext."""
    most = put("acme/repo-001", "A", b"x" * 47_952)
    more = put("acme/repo-001", "B", b"x" * 47_953)
    assert (most.status_code, more.status_code) == (201, 422)
    assert more.json() == refused("The secret is too large: the limit is 48 KB.")
    assert list(sandbox.world.reveal("acme/repo-001")) == ["A"]


def test_count_limit(sandbox: Sandbox, put: Put) -> None:
    """The 101st secret is refused; an update of the hundredth is not."""
    for number in range(100):
        sandbox.world.set_secret("acme/repo-001", f"S{number}", "x")
    more, update = put("acme/repo-001", "MORE"), put("acme/repo-001", "S99")
    assert (more.status_code, update.status_code) == (422, 204)
    assert more.json() == refused("The repository has 100 secrets already, which is the limit.")


def test_keys_differ_under_one_id(http: httpx.Client) -> None:
    """Every repository has its own key; the key_id is the same for all, and neither changes between two reads."""
    keys = [http.get(f"/repos/acme/repo-00{n}/actions/secrets/public-key").json() for n in (1, 2, 1)]
    assert [key["key_id"] for key in keys] == ["3380204578043523366"] * 3
    assert (keys[0] == keys[2], keys[0]["key"] == keys[1]["key"]) == (True, False)
    assert len(base64.b64decode(keys[0]["key"])) == 32


def test_boxes_that_do_not_open(sandbox: Sandbox, http: httpx.Client, seal: Seal) -> None:
    """Another repository's key, a torn box, bad base64 and a stale key_id are one 422, and nothing is stored."""
    good = seal("acme/repo-001", b"x")
    box = good["encrypted_value"]
    torn = base64.b64encode(base64.b64decode(box)[:-1]).decode()
    bodies = [
        seal("acme/repo-002", b"x"),
        {**good, "encrypted_value": torn},
        {**good, "encrypted_value": "AAAA"},
        {**good, "encrypted_value": "!" + box},
        {**good, "encrypted_value": "ä"},
        {**good, "key_id": "1"},
    ]
    answers = [http.put(f"{SECRETS}/A", json=body) for body in bodies]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(422, refused(BAD_BOX))] * len(bodies)
    assert sandbox.world.reveal("acme/repo-001") == {}


def test_key_id_as_a_number(http: httpx.Client, seal: Seal) -> None:
    """Some clients send the key_id as a number; GitHub takes it."""
    body = seal("acme/repo-001", b"x")
    assert http.put(f"{SECRETS}/A", json={**body, "key_id": int(body["key_id"])}).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "Problems parsing JSON"),
        (b"{", 400, "Problems parsing JSON"),
        (b"[]", 400, "Problems parsing JSON"),
        (b"\xff", 400, "Problems parsing JSON"),
        (b"[" * 100_000, 400, "Problems parsing JSON"),
        (b'{"key_id": "1"}', 422, 'Invalid request.\n\n"encrypted_value" wasn\'t supplied.'),
        (b'{"encrypted_value": "AAAA"}', 422, 'Invalid request.\n\n"key_id" wasn\'t supplied.'),
    ],
)
def test_malformed_bodies(http: httpx.Client, body: bytes, status: int, message: str) -> None:
    """What is not JSON is 400, what lacks a member 422, both in GitHub's words."""
    answer = http.put(f"{SECRETS}/A", content=body)
    assert (answer.status_code, answer.json()["message"], answer.json()["status"]) == (status, message, str(status))


def test_rotation_makes_old_boxes_invalid(sandbox: Sandbox, http: httpx.Client, seal: Seal) -> None:
    """After a rotation a box sealed before is 422; sealed again with the new key it is taken."""
    old = seal("acme/repo-001", b"x")
    sandbox.world.rotate_keys()
    new = seal("acme/repo-001", b"x")
    answers = [http.put(f"{SECRETS}/A", json=body).status_code for body in (old, {**old, "key_id": new["key_id"]}, new)]
    assert (answers, old["key_id"] == new["key_id"]) == ([422, 422, 201], False)


def test_replaced_key_keeps_the_id(sandbox: Sandbox, http: httpx.Client, seal: Seal) -> None:
    """One repository's key can change under the same id, as for a scope made anew: the box of before is 422."""
    old = seal("acme/repo-001", b"x")
    sandbox.world.replace_key("acme/repo-001")
    new = seal("acme/repo-001", b"x")
    assert [http.put(f"{SECRETS}/A", json=body).status_code for body in (old, new)] == [422, 201]
    assert old["key_id"] == new["key_id"]


def test_pages(sandbox: Sandbox, http: httpx.Client) -> None:
    """30 a page unless asked, 100 at most, total_count of all, and Links that lead through every page once."""
    for number in range(75):
        sandbox.world.set_secret("acme/repo-001", f"S{number:02}", "x")
    usual, most = http.get(SECRETS).json(), http.get(SECRETS, params={"per_page": 1000}).json()
    assert (usual["total_count"], len(usual["secrets"]), len(most["secrets"])) == (75, 30, 75)
    names, links, url = [], [], f"{SECRETS}?per_page=40"
    while url:
        answer = http.get(url)
        names += [secret["name"] for secret in answer.json()["secrets"]]
        links.append({rel: link["url"] for rel, link in answer.links.items()})
        url = answer.links.get("next", {}).get("url", "")
    base = f"{sandbox.url}{SECRETS}?per_page=40&page="
    assert names == [f"S{number:02}" for number in range(75)]
    assert links == [{"next": f"{base}2", "last": f"{base}2"}, {"prev": f"{base}1", "first": f"{base}1"}]


@pytest.mark.parametrize("query", ["per_page=0&page=0", "per_page=x&page=-1", f"page={'9' * 6000}"])
def test_odd_page_numbers(http: httpx.Client, query: str) -> None:
    """Numbers that make no sense are the defaults; none of them ends the connection."""
    assert http.get(f"{SECRETS}?{query}").json() == {"total_count": 0, "secrets": []}


def test_lag_in_reads(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """Lists lag: a created secret is missing, an updated one shows its old time, for so many reads."""
    sandbox.world.settings.lag = Lag(reads=2)
    put("acme/repo-001", "A")
    assert http.get(f"{SECRETS}/A").status_code == 404
    counts = [http.get(SECRETS).json()["total_count"] for _ in range(2)]
    before = http.get(f"{SECRETS}/A").json()["updated_at"]
    sandbox.world.clock.advance(10)
    after = dated(put("acme/repo-001", "A"))
    times = [http.get(SECRETS).json()["secrets"][0]["updated_at"] for _ in range(3)]
    assert (counts, times) == ([0, 1], [before, before, after])


def test_lag_in_seconds(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """Lag can last for seconds on the sandbox's clock instead."""
    sandbox.world.settings.lag = Lag(seconds=30)
    put("acme/repo-001", "A")
    counts = []
    for seconds in (0, 20, 20):
        sandbox.world.clock.advance(seconds)
        counts.append(http.get(SECRETS).json()["total_count"])
    assert counts == [0, 0, 1]


def test_no_lag_behind_the_back(sandbox: Sandbox, http: httpx.Client) -> None:
    """What the world itself writes is seen at once."""
    sandbox.world.settings.lag = Lag(reads=5)
    sandbox.world.set_secret("acme/repo-001", "a", "x")
    assert http.get(SECRETS).json()["total_count"] == 1

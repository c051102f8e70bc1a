"""Faults: each kind does what it says, to the requests it names and as often as it says, and to nothing else."""

import base64
import json
from collections.abc import Callable
from functools import partial

import httpx
import pytest

from flowforge.sandbox import Fault, FaultKind, Sandbox

Put = Callable[..., httpx.Response]
Seal = Callable[[str, bytes], dict[str, str]]
PATH = "/repos/acme/repo-001/actions/secrets"


def test_match_and_times(sandbox: Sandbox, http: httpx.Client) -> None:
    """A fault strikes only what it names, so many times; a later one waits its turn; clearing drops the rest."""
    faults = sandbox.world.faults
    faults.add(Fault(r"GET .*/repo-001/.*per_page=5", FaultKind.STATUS, times=2, status=500))
    faults.add(Fault(r"^GET /user", FaultKind.STATUS))
    asked = [f"{PATH}?per_page=5", PATH, f"{PATH}?per_page=5", f"{PATH}?per_page=5", "/user", "/user"]
    assert [http.get(path).status_code for path in asked] == [500, 200, 500, 200, 502, 200]
    faults.add(Fault("", FaultKind.STATUS, times=9))
    faults.clear()
    assert http.get("/user").status_code == 200


def test_after(sandbox: Sandbox, http: httpx.Client) -> None:
    """A fault may let requests pass first; each that matches counts, whatever else strikes it."""
    faults = sandbox.world.faults
    faults.add(Fault("GET /user", FaultKind.STATUS, status=500))
    faults.add(Fault("GET /user", FaultKind.STATUS, status=503, after=2))
    assert [http.get("/user").status_code for _ in range(4)] == [500, 200, 503, 200]


def test_then(sandbox: Sandbox, http: httpx.Client) -> None:
    """An answer is good, and the world is another before the next request: so a list slips from page to page."""
    for name in "ABC":
        sandbox.world.set_secret("acme/repo-001", name, "x")
    then = partial(sandbox.world.delete_secret, "acme/repo-001", "A")
    sandbox.world.faults.add(Fault(f"GET {PATH}", FaultKind.THEN, then=then))
    pages = [http.get(f"{PATH}?per_page=2&page={number}").json() for number in (1, 2)]
    assert [(page["total_count"], [each["name"] for each in page["secrets"]]) for page in pages] == [
        (3, ["A", "B"]),
        (2, []),
    ]


def test_bad_expression(sandbox: Sandbox) -> None:
    """An expression that is none is refused when it is given, not when a request meets it."""
    with pytest.raises(ValueError, match=r"^match is not a regular expression: "):
        sandbox.world.faults.add(Fault("(", FaultKind.HANG))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("PUT", FaultKind.STATUS, status=502), (502, "text/html", "Unicorn!")),
        (Fault("PUT", FaultKind.STATUS, status=503), (503, "text/html", "Unicorn!")),
        (Fault("PUT", FaultKind.STATUS, status=500), (500, "application/json", '"Server Error"')),
        (Fault("PUT", FaultKind.STATUS, status=429), (429, "application/json", "secondary rate limit")),
        (Fault("PUT", FaultKind.STATUS, status=403, message="No."), (403, "application/json", '"No."')),
        (Fault("PUT", FaultKind.PROXY), (200, "text/html", "sign in")),
    ],
)
def test_other_answers(sandbox: Sandbox, put: Put, fault: Fault, expected: tuple[int, str, str]) -> None:
    """A status, or somebody's sign-in page, comes instead of the work: nothing is written."""
    sandbox.world.faults.add(fault)
    answer = put("acme/repo-001", "A")
    status, type_, text = expected
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, type_)
    assert (text in answer.text, "retry-after" in answer.headers) == (True, False)
    assert (sandbox.world.reveal("acme/repo-001"), fault.times) == ({}, 1)


def test_rate_limit_with_wait(sandbox: Sandbox, http: httpx.Client) -> None:
    """A made-up rate limit may name its wait."""
    sandbox.world.faults.add(Fault("", FaultKind.STATUS, status=403, retry_after=7))
    assert http.get("/user").headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("kind", "written"),
    [(FaultKind.RESET_BEFORE, {}), (FaultKind.RESET_AFTER, {"A": "x"}), (FaultKind.HANG, {})],
)
def test_no_answer(sandbox: Sandbox, http: httpx.Client, seal: Seal, kind: FaultKind, written: dict[str, str]) -> None:
    """The connection ends without an answer, before or after the work; the next request is served."""
    body = seal("acme/repo-001", b"x")
    sandbox.world.faults.add(Fault("PUT", kind, seconds=0.05))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.put(f"{PATH}/A", json=body)
    assert (sandbox.world.reveal("acme/repo-001"), sandbox.world.log()[-1].status) == (written, 0)
    assert http.put(f"{PATH}/A", json=body).status_code == (204 if written else 201)


def test_slow_body(sandbox: Sandbox, http: httpx.Client) -> None:
    """The second half of the answer comes later, so that a client's read limit can be tried."""
    sandbox.world.faults.add(Fault("", FaultKind.SLOW_BODY, times=2, seconds=0.2))
    assert (http.get("/user").status_code, http.get("/user").elapsed.total_seconds() >= 0.2) == (200, True)


def test_truncated(sandbox: Sandbox, http: httpx.Client) -> None:
    """A body that ends in the middle, with a Content-Length that agrees, is not JSON."""
    sandbox.world.faults.add(Fault("", FaultKind.TRUNCATED))
    answer = http.get(PATH)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert (answer.status_code, answer.text) == (200, '{"total_count":')


def test_cut(sandbox: Sandbox, http: httpx.Client) -> None:
    """A list is cut short: fewer items than total_count, and no Link that leads on."""
    for name in ("A", "B", "C"):
        sandbox.world.set_secret("acme/repo-001", name, "x")
    sandbox.world.faults.add(Fault("", FaultKind.CUT, times=3))
    secrets, repos, user = (http.get(path) for path in (f"{PATH}?per_page=2", "/orgs/acme/repos?per_page=2", "/user"))
    assert (secrets.json()["total_count"], len(secrets.json()["secrets"]), secrets.links) == (3, 1, {})
    assert (len(repos.json()), repos.links, user.status_code) == (1, {}, 200)


def test_cut_lists_of_every_kind(sandbox: Sandbox, http: httpx.Client) -> None:
    """Variables, environments and the repositories that see a secret are cut short likewise."""
    world = sandbox.world
    for name in ("A", "B"):
        world.set_variable("acme/repo-001", name, "x")
        world.create_environment("acme/repo-001", name)
    world.set_org_secret("acme", "A", "x", visibility="selected", repos=["repo-001", "repo-002"])
    world.faults.add(Fault("", FaultKind.CUT, times=3))
    repo = "/repos/acme/repo-001"
    paths = (f"{repo}/actions/variables", f"{repo}/environments", "/orgs/acme/actions/secrets/A/repositories")
    answers = [http.get(path).json() for path in paths]
    assert [(answer.pop("total_count"), [len(items) for items in answer.values()]) for answer in answers] == [
        (2, [1])
    ] * 3


def test_partial(sandbox: Sandbox, http: httpx.Client) -> None:
    """A list comes with the header that says that single sign-on hides a part of it, once."""
    sandbox.world.faults.add(Fault("", FaultKind.PARTIAL))
    headers = [http.get("/orgs/acme/repos").headers.get("x-github-sso") for _ in range(2)]
    assert headers == ["partial-results; organizations=21955855,20582480", None]


def test_endless(sandbox: Sandbox, http: httpx.Client) -> None:
    """A page is followed by another, each time somewhere else, which is a page again."""
    sandbox.world.faults.add(Fault("", FaultKind.ENDLESS, times=2))
    first = http.get(f"{PATH}?per_page=5")
    second = http.get(first.links["next"]["url"])
    third = http.get(second.links["next"]["url"])
    assert (200, 3, {}) == (third.status_code, len({first.url, second.url, third.url}), third.links)


def test_smaller_pages(sandbox: Sandbox, http: httpx.Client) -> None:
    """A page may have fewer than was asked for; the rest is where its Link says."""
    for name in "ABC":
        sandbox.world.set_secret("acme/repo-001", name, "x")
    sandbox.world.settings.per_page = 2
    page = http.get(f"{PATH}?per_page=100")
    rest = http.get(page.links["next"]["url"])
    assert [2, 1] == [len(each.json()["secrets"]) for each in (page, rest)]


def test_wrong_key(sandbox: Sandbox, put: Put) -> None:
    """A public key that is not the scope's leads to the 422 of a bad box, once."""
    sandbox.world.faults.add(Fault("public-key", FaultKind.WRONG_KEY))
    assert [put("acme/repo-001", "A").status_code for _ in range(2)] == [422, 201]


def test_unusable_key(sandbox: Sandbox, http: httpx.Client) -> None:
    """A public key of zero bytes under the id of the scope's own, once."""
    good = http.get(f"{PATH}/public-key").json()
    sandbox.world.faults.add(Fault("public-key", FaultKind.UNUSABLE_KEY))
    found = [http.get(f"{PATH}/public-key").json() for _ in range(2)]
    assert [good | {"key": base64.b64encode(bytes(32)).decode()}, good] == found


def test_refused_requests_meet_no_fault(sandbox: Sandbox, http: httpx.Client) -> None:
    """A request that is refused for its token or a limit leaves the fault waiting."""
    sandbox.world.faults.add(Fault("", FaultKind.STATUS, status=500))
    wrong = http.get("/user", headers={"authorization": "Bearer wrong"})
    assert (wrong.status_code, http.get("/user").status_code) == (401, 500)


def test_stop_ends_what_hangs(sandbox: Sandbox, http: httpx.Client) -> None:
    """Stopping the sandbox ends a request that hangs for an hour."""
    sandbox.world.faults.add(Fault("", FaultKind.HANG, seconds=3600))
    sandbox.world.stopping.set()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.get("/user")

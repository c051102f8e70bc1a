"""Limits and headers: the hourly budget, points a minute, requests in flight, conditional requests, versions."""

import hashlib
import re
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Sandbox, Token, TokenKind

AsToken = Callable[[Token], dict[str, str]]
PATH = "/repos/acme/repo-001/actions/secrets"
DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
CONTENT = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
    "Please retry your request again later."
)


def budget(answer: httpx.Response) -> tuple[int, int, int, str]:
    """Return limit, used, remaining and resource from an answer's headers."""
    limit, used, remaining = (int(answer.headers[f"x-ratelimit-{name}"]) for name in ("limit", "used", "remaining"))
    return limit, used, remaining, answer.headers["x-ratelimit-resource"]


def test_headers_of_every_answer(http: httpx.Client) -> None:
    """Good and bad answers carry what GitHub's carry."""
    for answer in (http.get("/user"), http.get("/nothing")):
        assert {
            "server": "github.com",
            "cache-control": "private, max-age=60, s-maxage=60",
            "vary": "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With",
            "x-github-media-type": "github.v3; format=json",
            "x-github-api-version-selected": "2022-11-28",
            "content-type": "application/json; charset=utf-8",
        }.items() <= dict(answer.headers).items()
        assert re.fullmatch(r"[0-9A-F]{20}", answer.headers["x-github-request-id"])


def test_hourly_budget(sandbox: Sandbox, http: httpx.Client) -> None:
    """Requests are counted down to a 403 that says when; after the reset the budget is whole again."""
    sandbox.world.limits.primary = 3
    answers = [http.get("/user") for _ in range(4)]
    assert [budget(answer) for answer in answers] == [
        (3, 1, 2, "core"),
        (3, 2, 1, "core"),
        (3, 3, 0, "core"),
        (3, 3, 0, "core"),
    ]
    assert (answers[3].status_code, answers[3].json()) == (
        403,
        {"message": "API rate limit exceeded for user ID rehearsal.", "documentation_url": DOCS, "status": "403"},
    )
    free = http.get("/rate_limit").json()
    assert (free["rate"], free["resources"]["core"]["remaining"]) == (free["resources"]["core"], 0)
    sandbox.world.clock.advance(int(answers[3].headers["x-ratelimit-reset"]) - sandbox.world.clock.now())
    assert (http.get("/user").status_code, sandbox.world.stats().refusals) == (200, {"primary": 1})


def test_whose_budget(http: httpx.Client, as_token: AsToken) -> None:
    """A person's tokens share one budget; an installation has its own, a workflow's own token a smaller one."""
    people = [Token(login="a"), Token(TokenKind.CLASSIC, login="a"), Token(login="b")]
    others = [Token(TokenKind.APP, login="a"), Token(TokenKind.WORKFLOW, login="a")]
    answers = [http.get("/user", headers=as_token(token)) for token in (*people, *others)]
    assert [budget(answer)[:2] for answer in answers] == [(5000, 1), (5000, 2), (5000, 1), (5000, 1), (1000, 1)]


def test_points_a_minute(sandbox: Sandbox, http: httpx.Client) -> None:
    """A read costs 1 point and a write 5; past the limit it is 403 with a retry-after that is enough and no more."""
    sandbox.world.limits.points = 12
    spent = [http.get(PATH), http.delete(f"{PATH}/A"), http.delete(f"{PATH}/A"), http.get(PATH)]
    refused = http.delete(f"{PATH}/A")
    assert ([answer.status_code for answer in spent], refused.status_code) == ([200, 404, 404, 200], 403)
    assert refused.json() == {
        "message": SECONDARY,
        "documentation_url": f"{DOCS}#about-secondary-rate-limits",
        "status": "403",
    }
    wait = int(refused.headers["retry-after"])
    sandbox.world.clock.advance(wait - 20)
    early = http.delete(f"{PATH}/A").status_code
    sandbox.world.clock.advance(20)
    assert (50 <= wait <= 60, early, http.delete(f"{PATH}/A").status_code) == (True, 403, 404)
    assert sandbox.world.stats().refusals == {"points": 2}


def test_a_cost_that_never_fits(sandbox: Sandbox, http: httpx.Client) -> None:
    """Where even an idle minute would not do, a minute is what it says."""
    sandbox.world.limits.points = 4
    assert http.delete(f"{PATH}/A").headers["retry-after"] == "60"


def test_headerless_429(sandbox: Sandbox, http: httpx.Client) -> None:
    """A secondary refusal may be 429 and may carry no retry-after, with budget left."""
    limits = sandbox.world.limits
    limits.points, limits.status, limits.tell_wait = 0, 429, False
    answer = http.get(PATH)
    assert (answer.status_code, "retry-after" in answer.headers, budget(answer)[2]) == (429, False, 5000)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("tell_wait", [True, False])
def test_content(sandbox: Sandbox, http: httpx.Client, status: int, *, tell_wait: bool) -> None:
    """Where it is switched on, writes alone count, in GitHub's words; each is forgotten after a minute, or an hour."""
    limits, clock = sandbox.world.limits, sandbox.world.clock
    limits.content, limits.content_minute, limits.content_hour = True, 2, 3
    limits.status, limits.tell_wait = status, tell_wait

    def write() -> int:
        answers.append(http.delete(f"{PATH}/A"))
        return answers[-1].status_code

    answers: list[httpx.Response] = []
    first = [write(), write(), write(), http.get(PATH).status_code]
    assert [404, 404, status, 200] == first
    assert {"message": CONTENT, "documentation_url": f"{DOCS}#about-secondary-rate-limits", "status": str(status)} == (
        answers[-1].json()
    )
    clock.advance(61)
    assert [404, status] == [write(), write()]
    waits = [answer.headers.get("retry-after") for answer in answers if answer.status_code == status]
    if tell_wait:
        assert [True, True] == [50 <= int(waits[0] or 0) <= 60, 3500 <= int(waits[1] or 0) <= 3600]
        clock.advance(int(waits[1] or 0))
    else:
        assert [None, None] == waits
        clock.advance(3600)
    assert (404, {"content": 2}) == (write(), sandbox.world.stats().refusals)


def test_content_is_counted_by_account(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A person's tokens share the windows and an installation has its own; a limit of nothing names a whole window."""
    sandbox.world.limits.content, sandbox.world.limits.content_minute = True, 1
    tokens = [Token(login="a"), Token(TokenKind.CLASSIC, login="a"), Token(TokenKind.APP, login="a")]
    answers = [http.delete(f"{PATH}/A", headers=as_token(token)) for token in tokens]
    assert [404, 403, 404] == [answer.status_code for answer in answers]
    sandbox.world.limits.content_minute = 0
    assert "60" == http.delete(f"{PATH}/A").headers["retry-after"]


def test_in_flight(sandbox: Sandbox, http: httpx.Client) -> None:
    """A request beyond the most at once is refused; the most at once is counted."""
    sandbox.world.limits.in_flight = 2
    sandbox.world.settings.latency = 3600
    headers, statuses = dict(http.headers), list[int]()

    def ask() -> None:
        statuses.append(httpx.get(sandbox.url + PATH, headers=headers, timeout=60).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    while sandbox.world.stats().max_in_flight < 2:
        time.sleep(0.01)
    third = http.get(PATH)
    sandbox.world.stopping.set()  # ends the latency of those that wait
    for thread in threads:
        thread.join()
    stats = sandbox.world.stats()
    assert (third.status_code, third.headers["retry-after"], statuses) == (403, "60", [200, 200])
    assert (stats.refusals, stats.max_in_flight, http.get(PATH).status_code) == ({"in_flight": 1}, 2, 200)


def test_limits_off(sandbox: Sandbox, http: httpx.Client) -> None:
    """With limits off nothing is refused and the budget is always whole."""
    limits = sandbox.world.limits
    limits.enabled, limits.primary, limits.points, limits.in_flight = False, 1, 1, 0
    answers = [http.get(PATH) for _ in range(3)]
    assert [(answer.status_code, budget(answer)[1:3]) for answer in answers] == [(200, (0, 1))] * 3


def test_a_minute_later() -> None:
    """A minute's points are back after the time that the refusal names."""
    with Sandbox(time_scale=60) as sandbox, httpx.Client(headers={"authorization": f"token {sandbox.token}"}) as http:
        sandbox.world.limits.points = 1
        first, second = http.get(f"{sandbox.url}/user"), http.get(f"{sandbox.url}/user")
        sandbox.world.clock.advance(int(second.headers["retry-after"]))
        third = http.get(f"{sandbox.url}/user")
        assert [answer.status_code for answer in (first, second, third)] == [200, 403, 200]


def test_conditional_requests(sandbox: Sandbox, http: httpx.Client) -> None:
    """The tag is GitHub's formula, bound to the token; a 304 is empty, costs a point and none of the hour."""
    first = http.get(PATH)
    raw = f"{http.headers['accept']}:{http.headers['authorization']}:".encode() + first.content
    assert first.headers["etag"] == f'W/"{hashlib.sha256(raw).hexdigest()}"'
    again = http.get(PATH, headers={"if-none-match": first.headers["etag"]})
    sandbox.world.add_token("another", Token(login="another"))
    other = http.get(PATH, headers={"if-none-match": first.headers["etag"], "authorization": "Bearer another"})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (budget(first)[1], budget(again)[1], other.status_code) == (1, 1, 200)
    assert sandbox.world.stats().points == 3
    sandbox.world.set_secret("acme/repo-001", "A", "x")
    assert http.get(PATH, headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_another_formula(sandbox: Sandbox, http: httpx.Client) -> None:
    """Where the setting says so the tag is another one, which is still bound to the body and the token."""
    before = http.get(PATH).headers["etag"]
    sandbox.world.settings.computed_etags = False
    other = http.get(PATH).headers["etag"]
    statuses = [http.get(PATH, headers={"if-none-match": tag}).status_code for tag in (before, other)]
    assert (True, [200, 304]) == (before != other, statuses)


@pytest.mark.parametrize("links", [True, False])
def test_where_an_unchanged_list_goes_on(sandbox: Sandbox, http: httpx.Client, *, links: bool) -> None:
    """A 304 has the Link of the whole answer, or has none where the setting says so: GitHub documents neither."""
    path = "/orgs/acme/repos?per_page=1"
    sandbox.world.settings.unchanged_links = links
    first = http.get(path)
    again = http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (304, first.headers["link"] if links else None) == (again.status_code, again.headers.get("link"))


@pytest.mark.parametrize(
    ("version", "status", "old_fields"),
    [("2022-11-28", 200, 1), ("2026-03-10", 200, 0), ("1999-01-01", 400, 0)],
)
def test_versions(http: httpx.Client, version: str, status: int, old_fields: int) -> None:
    """Both supported versions are served, without the fields that the newer one lost; others are 400."""
    header = {"x-github-api-version": version}
    rate, repo = (http.get(path, headers=header) for path in ("/rate_limit", "/repos/acme/repo-001"))
    assert [
        (answer.status_code, field in answer.json()) for answer, field in ((rate, "rate"), (repo, "has_downloads"))
    ] == [(status, old_fields)] * 2


def test_latency_is_real(sandbox: Sandbox, http: httpx.Client) -> None:
    """Latency is in real seconds whatever the clock's scale, and a stop cuts it short."""
    sandbox.world.settings.latency = 0.05
    assert http.get("/user").elapsed.total_seconds() >= 0.05


def test_clock_refuses_no_scale() -> None:
    """A clock cannot stand still or run backwards."""
    with pytest.raises(ValueError, match="the time scale must be above 0"):
        Sandbox(time_scale=0)

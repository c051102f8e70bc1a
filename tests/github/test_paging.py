"""Lists are whole, or they are an error."""

import threading
from collections.abc import Callable

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.paging import Item, requests_of, whole
from flowforge.github.problems import RepoError

MakeClient = Callable[..., Client]
_API = "https://api.github.com"
_AGAIN = "  fix: run it again; if it stays, use another token"
_LATER = "  fix: run it again in a while"
_AUTHORIZE = "  fix: authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token"
_OTHER = "  fix: check that github.api_url, or GITHUB_API_URL, names a GitHub API"
# A page: the names on it, the total that it says, and the page that follows; 0 for the last.
_Page = tuple[str, object, int]


def _page(names: str, total: object, following: str = "", **headers: str) -> httpx.Response:
    link = {"link": f'<{following}>; rel="next"'} if following else {}
    items = [{"name": name} for name in names]
    return httpx.Response(200, json={"total_count": total, "secrets": items}, headers={**link, **headers})


def _name(item: Item) -> str:
    return str(item["name"])


def _names(client: Client) -> str:
    return "".join(whole(client, "/x", "secrets", read=_name, identity=str))


def _refusal(client: Client) -> str:
    with pytest.raises(RepoError) as caught:
        _names(client)
    return str(caught.value)


def _serve(*pages: _Page) -> Callable[[httpx.Request], httpx.Response]:
    """Answer one after the other, whatever is asked."""
    left = iter(pages)

    def handle(_: httpx.Request) -> httpx.Response:
        names, total, following = next(left)
        return _page(names, total, f"{_API}/x?page={following}" if following else "")

    return handle


def test_pages_are_followed_by_link(scripted: MakeClient) -> None:
    """A hundred at a time, then wherever `Link` points below the base; page numbers are never made up."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return _page("AB", 3, f"{_API}/x?after=opaque") if len(asked) % 2 else _page("C", 3)

    assert "ABC" == _names(scripted(handle))
    assert ["/x?per_page=100", "/x?after=opaque"] * 2 == asked


def test_one_page_is_read_once(scripted: MakeClient) -> None:
    """What came in one answer is of one moment; no second one is asked for."""
    client = scripted(_serve(("AB", 2, 0)))
    assert ("AB", 1) == (_names(client), client.requests)


FIRST, SECOND = ("AB", 3, 2), ("C", 3, 0)


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        # A leaves between the pages: C is in neither, and the totals tell.
        ([FIRST, ("", 2, 0), ("BC", 2, 0), ("BC", 2, 0)], "BC"),
        # The same, and something arrives behind, so that the totals do not.
        ([FIRST, ("D", 3, 0), ("BC", 3, 2), ("D", 3, 0), ("BC", 3, 2), ("D", 3, 0)], "BCD"),
        # Something arrives in front: B comes twice.
        ([FIRST, ("BC", 4, 0), ("ZA", 4, 2), ("BC", 4, 0), ("ZA", 4, 2), ("BC", 4, 0)], "ZABC"),
        # Something leaves between two readings that are sound.
        ([FIRST, SECOND, ("BC", 2, 0), ("BC", 2, 0)], "BC"),
        # Two readings that agree, and one between them that lacks something.
        ([FIRST, SECOND, ("AB", 3, 2), ("", 3, 0), FIRST, SECOND, FIRST, SECOND], "ABC"),
        # A reading that lacks something is none, though the next has no more than it.
        ([("AB", 4, 2), ("C", 3, 0), FIRST, SECOND, FIRST, SECOND], "ABC"),
        # It is of one page by now, and of one page is believed what comes twice.
        ([FIRST, SECOND, ("A", 1, 0), ("AB", 2, 0), ("AB", 2, 0)], "AB"),
    ],
)
def test_a_list_that_changes_is_read_again(scripted: MakeClient, pages: list[_Page], expected: str) -> None:
    """Until two readings in a row hold the same, each of them without a fault."""
    client = scripted(_serve(*pages))
    assert (expected, len(pages)) == (_names(client), client.requests)


@pytest.mark.parametrize(
    ("pages", "text"),
    [
        (
            [(first, 2, 2 * (at % 2 == 0)) for at, first in enumerate("ABACADAEAF")],
            f"error FF325: the list was cut short: it changed each time it was read\n{_LATER}",
        ),
        ([("AB", 4, 2), ("C", 4, 0)] * 5, f"error FF325: the list was cut short: 3 of 4 came\n{_AGAIN}"),
        (
            [("AB", 4, 2), ("C", 3, 0)] * 5,
            f"error FF325: the list was cut short: its pages do not agree how many there are\n{_AGAIN}",
        ),
        ([("AB", 3, 2), ("B", 3, 0)] * 5, f"error FF325: the list was cut short: something came twice\n{_AGAIN}"),
        # Four readings that lack something, and one that does not: it changes.
        (
            [("AB", 4, 2), ("C", 4, 0)] * 4 + [("AB", 4, 2), ("CD", 4, 0)],
            f"error FF325: the list was cut short: it changed each time it was read\n{_LATER}",
        ),
    ],
)
def test_a_list_that_is_never_the_same(scripted: MakeClient, pages: list[_Page], text: str) -> None:
    """Five readings are made: then it is no list, and what each of them lacks is told."""
    client = scripted(_serve(*pages))
    assert (text, len(pages)) == (_refusal(client), client.requests)


@pytest.mark.parametrize("circle", [["/x?after=1"], ["/x?after=1", "/x?after=2"], ["/x?per_page=100"]])
def test_pages_that_go_round(scripted: MakeClient, circle: list[str]) -> None:
    """A next page that came already, at once or after others, ends the list as one that is not whole."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return _page("A", 100, f"{_API}{circle[(len(asked) - 1) % len(circle)]}")

    expected = f"error FF325: the list was cut short: its next page is one that came already\n{_AGAIN}"
    assert (expected, sorted({"/x?per_page=100", *circle})) == (_refusal(scripted(handle)), sorted(asked))


def test_pages_without_end(scripted: MakeClient) -> None:
    """A thousand pages, each with another next one, are all that is read of a list."""
    client = scripted(lambda request: _page("A", 9, f"{request.url}&more"))
    expected = f"error FF325: the list was cut short: it has more than 1,000 pages\n{_AGAIN}"
    assert (expected, 1000) == (_refusal(client), client.requests)


@pytest.mark.parametrize(
    ("seconds", "limits", "requests"),
    [
        (60, [], 11),  # however slowly it comes, it is over after ten minutes
        (60, ["30"], 11),  # what a limit holds back is not counted
        (60, ["899"], 11),  # be it as long as one pause may be
        (60, ["599", "599"], 6),  # but no longer
        (0, ["899"], 1000),
    ],
)
def test_a_list_has_ten_minutes(
    scripted: MakeClient, clock: Clock, seconds: int, limits: list[str], requests: int
) -> None:
    """Beside what GitHub's limits hold back, which is as long as one pause may be, a list has ten minutes in all."""
    left = iter(limits)

    def handle(request: httpx.Request) -> httpx.Response:
        for limit in left:
            message = "You have exceeded a secondary rate limit."
            return httpx.Response(429, json={"message": message}, headers={"retry-after": limit})
        clock.wait(seconds, threading.Event())
        return _page("A", 9, f"{request.url}&more")

    client = scripted(handle)
    why = "it did not come in 10 minutes" if seconds else "it has more than 1,000 pages"
    fix = _LATER if seconds else _AGAIN
    assert f"error FF325: the list was cut short: {why}\n{fix}" == _refusal(client)
    assert requests == client.requests - len(limits)


def test_what_a_list_costs() -> None:
    """A list of one page is one request, however little is on it; one of more is twice its pages."""
    assert [1, 1, 1, 4, 6, 200] == [requests_of(count) for count in (0, 1, 100, 101, 250, 10_000)]
    assert [1, 1, 4] == [requests_of(count, 30) for count in (0, 30, 31)]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (_page("AB", 3), f"error FF325: the list was cut short: 2 of 3 came\n{_AGAIN}"),
        (_page("AB", 1), f"error FF325: the list was cut short: 2 of 1 came\n{_AGAIN}"),
        (_page("AA", 2), f"error FF325: the list was cut short: something came twice\n{_AGAIN}"),
        (
            _page("AB", 2, **{"x-github-sso": "partial-results; organizations=7"}),
            f"error FF325: the list was cut short: single sign-on hides organizations from this token\n{_AUTHORIZE}",
        ),
        (
            _page("AB", 3, "/x?page=2"),
            f"error FF325: the list was cut short: its next page is said to be where no API is\n{_AGAIN}",
        ),
        (_page("AB", None), f"error FF327: a list without its total_count\n{_OTHER}"),
        (_page("AB", "2"), f"error FF327: a list without its total_count\n{_OTHER}"),
        (httpx.Response(200, json={"total_count": 0}), f"error FF327: not a list where GitHub documents one\n{_OTHER}"),
        (httpx.Response(200, json=[]), f"error FF327: not a list where GitHub documents one\n{_OTHER}"),
        (httpx.Response(204), f"error FF327: not a list where GitHub documents one\n{_OTHER}"),
        (_page("A" * 101, 101), f"error FF327: a page of more than 100\n{_OTHER}"),
        (
            httpx.Response(200, json={"total_count": 1, "secrets": ["A"]}),
            f"error FF327: not a list where GitHub documents one\n{_OTHER}",
        ),
    ],
)
def test_a_list_that_is_not_whole(scripted: MakeClient, answer: httpx.Response, text: str) -> None:
    """A wrong count, hidden organizations, a next page elsewhere or another shape: never a shorter list."""
    client = scripted(lambda _: answer)
    assert (text, 1) == (_refusal(client), client.requests)


@pytest.mark.parametrize(
    "url", ["https://evil.test/x?page=2", "http://api.github.com/x", "https://api.github.com:444/x"]
)
def test_a_next_page_at_another_host_ends_the_run(scripted: MakeClient, url: str) -> None:
    """Another host, port or scheme is an attack or a broken proxy: one error for the whole run, and no request."""
    client = scripted(lambda _: _page("AB", 3, url))
    with pytest.raises(GitHubError) as caught:
        _names(client)
    expected = (
        "error FF311: github.api_url: an answer of api.github.com points to another host\n"
        "  why: no token goes there, and GitHub never sends one there\n"
        "  fix: check that github.api_url is your GitHub's, and what stands between it and this machine"
    )
    assert (expected, 1, False) == (str(caught.value), client.requests, isinstance(caught.value, RepoError))

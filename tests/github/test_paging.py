"""Lists are whole, or they are an error."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.http import Client
from flowforge.github.paging import whole
from flowforge.github.problems import RepoError

MakeClient = Callable[..., Client]
_API = "https://api.github.com"
_AGAIN = "  fix: run it again; if it stays, use another token"
_AUTHORIZE = "  fix: authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token"
_OTHER = "  fix: check that github.api_url is a GitHub API"


def _page(names: str, total: object, following: str = "", **headers: str) -> httpx.Response:
    link = {"link": f'<{following}>; rel="next"'} if following else {}
    items = [{"name": name} for name in names]
    return httpx.Response(200, json={"total_count": total, "secrets": items}, headers={**link, **headers})


def test_pages_are_followed_by_link(scripted: MakeClient) -> None:
    """A hundred at a time, then wherever `Link` points below the base; page numbers are never made up."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return _page("AB", 3, f"{_API}/x?after=opaque") if len(asked) == 1 else _page("C", 3)

    assert ["A", "B", "C"] == [item["name"] for item in whole(scripted(handle), "/x", "secrets")]
    assert ["/x?per_page=100", "/x?after=opaque"] == asked


@pytest.mark.parametrize("circle", [["/x?after=1"], ["/x?after=1", "/x?after=2"], ["/x?per_page=100"]])
def test_pages_that_go_round(scripted: MakeClient, circle: list[str]) -> None:
    """A next page that came already, at once or after others, ends the list as one that is not whole."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return _page("A", 100, f"{_API}{circle[(len(asked) - 1) % len(circle)]}")

    with pytest.raises(RepoError) as caught:
        whole(scripted(handle), "/x", "secrets")
    expected = f"error FF325: the list was cut short: its next page is one that came already\n{_AGAIN}"
    assert (expected, sorted({"/x?per_page=100", *circle})) == (str(caught.value), sorted(asked))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (_page("AB", 3), f"error FF325: the list was cut short: 2 of 3 came\n{_AGAIN}"),
        (_page("AB", 1), f"error FF325: the list was cut short: 2 of 1 came\n{_AGAIN}"),
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
        (
            httpx.Response(200, json={"total_count": 1, "secrets": ["A"]}),
            f"error FF327: not a list where GitHub documents one\n{_OTHER}",
        ),
    ],
)
def test_a_list_that_is_not_whole(scripted: MakeClient, answer: httpx.Response, text: str) -> None:
    """A wrong count, hidden organizations, a next page elsewhere or another shape: never a shorter list."""
    with pytest.raises(RepoError) as caught:
        whole(scripted(lambda _: answer), "/x", "secrets")
    assert text == str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://evil.test/x?page=2", "http://api.github.com/x", "https://api.github.com:444/x"]
)
def test_a_next_page_at_another_host_ends_the_run(scripted: MakeClient, url: str) -> None:
    """Another host, port or scheme is an attack or a broken proxy: one error for the whole run, and no request."""
    client = scripted(lambda _: _page("AB", 3, url))
    with pytest.raises(GitHubError) as caught:
        whole(client, "/x", "secrets")
    expected = (
        "error FF311: github.api_url: an answer of api.github.com points to another host\n"
        "  why: no token goes there, and GitHub never sends one there\n"
        "  fix: check that github.api_url is your GitHub's, and what stands between it and this machine"
    )
    assert (expected, 1, False) == (str(caught.value), client.requests, isinstance(caught.value, RepoError))

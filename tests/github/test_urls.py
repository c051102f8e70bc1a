"""Which addresses are an API's, and what is below one."""

import pytest

from flowforge.errors import GitHubError
from flowforge.github.clock import Patience
from flowforge.github.exchange import Wire
from flowforge.github.traces import Traces
from flowforge.github.urls import GRAPHQL, ApiUrl


@pytest.mark.parametrize(
    ("text", "shown", "loopback", "dotcom", "web"),
    [
        ("https://api.github.com", "https://api.github.com", False, True, "github.com"),
        ("https://API.GitHub.com:443/", "https://api.github.com", False, True, "github.com"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com", False, True, "acme.ghe.com"),
        ("https://ghe.acme.test/api/v3/", "https://ghe.acme.test/api/v3", False, False, "ghe.acme.test"),
        ("https://ghe.acme.test:8443/api/v3", "https://ghe.acme.test:8443/api/v3", False, False, "ghe.acme.test"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", True, False, "127.0.0.1"),
        ("http://localhost:8000/api/v3", "http://localhost:8000/api/v3", True, False, "localhost"),
        ("http://[::1]:8000", "http://[::1]:8000", True, False, "::1"),
    ],
)
def test_an_api_is_read(text: str, shown: str, loopback: bool, dotcom: bool, web: str) -> None:  # noqa: FBT001 -- a table
    """An API's URL is read into what the token rules, `gh` and the requests need of it."""
    api = ApiUrl.parse(text)
    assert (shown, loopback, dotcom, web) == (str(api), api.loopback, api.dotcom, api.web_host)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.github.com",
        "ftp://api.github.com",
        "https://",
        "https://user@ghe.test",
        "https://ghe.test/api?x=1",
        "https://ghe.test/#x",
        "https://ghe.test/a b",
        "https://ghe.test\\@evil.test/",
        "https://ghe.test/../x",
        "https://ghe.test/%2e%2E/x",
        "https://ghe.test:0",
        "https://ghe.test:99999",
        "https://[::1",
        "https://gh\u00e9.test",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    """What is not a plain absolute URL without userinfo, query, fragment or dot segments is refused with FF304."""
    with pytest.raises(GitHubError) as caught:
        ApiUrl.parse(text)
    assert caught.value.problems[0].code == "FF304"


def test_the_text_of_a_url_that_is_none() -> None:
    """The error quotes what was written, says where it stands and what to write instead."""
    with pytest.raises(GitHubError) as caught:
        ApiUrl.parse("api.github.com")
    assert str(caught.value) == (
        'error FF304: github.api_url: "api.github.com" is not the URL of a GitHub API\n'
        "  fix: write it as https://api.github.com, or https://ghe.example.com/api/v3"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://bot:pa55@ghe.test/api/v3",
        "http://bot:pa55@ghe.test/api/v3",
        "https://bot:1/pa55@ghe.test",
        "http://bot:1/pa55@ghe.test",
        "bot:pa55@ghe.test",
        "https://pa55@",
    ],
)
def test_a_password_in_a_url_is_not_shown(url: str) -> None:
    """A URL with a user or a password is refused without being quoted, also where the two make it no URL."""
    with pytest.raises(GitHubError) as caught:
        ApiUrl.parse(url, "GITHUB_API_URL")
    assert str(caught.value) == (
        "error FF304: GITHUB_API_URL: a URL with a user or a password is not the URL of a GitHub API\n"
        "  fix: write it as https://api.github.com, or https://ghe.example.com/api/v3"
    )


def test_plain_http_is_for_this_machine_alone() -> None:
    """A token never travels in the clear to another host."""
    with pytest.raises(GitHubError) as caught:
        ApiUrl.parse("http://ghe.acme.test/api/v3")
    assert str(caught.value) == (
        'error FF304: github.api_url: "http://ghe.acme.test/api/v3" is not the URL of a GitHub API\n'
        "  why: a token must travel encrypted, except to this machine\n"
        "  fix: write https://"
    )


@pytest.mark.parametrize(
    ("base", "url", "path"),
    [
        ("https://api.github.com", "https://api.github.com/a?page=2&per_page=100", "/a?page=2&per_page=100"),
        ("https://api.github.com", "https://api.github.com:443/a", "/a"),
        ("https://ghe.test/api/v3", "https://ghe.test/api/v3/a", "/a"),
        ("https://ghe.test/api/v3", "https://ghe.test/api/v31/a", None),
        ("https://ghe.test/api/v3", "https://ghe.test/a", None),
        ("https://ghe.test/api/v3", "https://ghe.test/api/v3/../x", None),
        ("https://api.github.com", "http://api.github.com/a", None),
        ("https://api.github.com", "https://api.github.com:8443/a", None),
        ("https://api.github.com", "https://evil.test/a", None),
        ("https://api.github.com", "https://api.github.com@evil.test/a", None),
        ("https://api.github.com", "https://api.github.com\\.evil.test/a", None),
        ("https://api.github.com", "/a", None),
    ],
)
def test_only_the_same_origin_and_base_path_is_below(base: str, url: str, path: str | None) -> None:
    """A URL from an answer is used only on the same scheme, host, port and base path."""
    assert path == ApiUrl.parse(base).below(url)


@pytest.mark.parametrize(
    ("base", "rest", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/user", "https://api.github.com/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/user", "https://api.acme.ghe.com/graphql"),
        (
            "https://ghe.example.com/api/v3",
            "https://ghe.example.com/api/v3/user",
            "https://ghe.example.com/api/graphql",
        ),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/user", "http://127.0.0.1:8000/graphql"),
        ("http://127.0.0.1:8000/api/v3", "http://127.0.0.1:8000/api/v3/user", "http://127.0.0.1:8000/api/graphql"),
    ],
)
def test_where_graphql_is(base: str, rest: str, graphql: str) -> None:
    """Below the API, and on a server of somebody's own beside its REST API."""
    api = ApiUrl.parse(base)
    assert (rest, graphql) == (api.url_of("/user"), api.url_of(GRAPHQL))


@pytest.mark.parametrize("host", ["xn--a.example", "a..b"])
def test_a_host_that_nobody_can_look_up(host: str) -> None:
    """It is told as what it is before anything is sent, and ends no run as a bug."""
    api = ApiUrl.parse(f"https://{host}/api/v3", "GITHUB_API_URL")
    with pytest.raises(GitHubError) as caught:
        Wire(api, Traces(), Patience(), None)
    (problem,) = caught.value.problems
    assert ("FF304", "GITHUB_API_URL") == (problem.code, problem.where)

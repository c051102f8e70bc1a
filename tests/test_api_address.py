"""One table says what the address of a GitHub API can be, and both readers of addresses hold to it."""

from urllib.parse import urlsplit

import pytest

from flowforge.api_address import Unusable, host_for_people, is_loopback, objection
from flowforge.errors import GitHubError
from flowforge.github.urls import ApiUrl
from flowforge.manifest.scalars import read_api_url

CLEAR = Unusable("a token must travel encrypted, except to this machine", "write https://")
WEBSITE = Unusable("that is the website, not the API", "write https://api.github.com")
TENANT = Unusable("the API of a ghe.com tenant has its own host", "write https://api.acme.ghe.com")
SERVER = Unusable("GitHub Enterprise Server has its API below /api/v3", "add /api/v3")
NO_PATH = "the API of github.com and ghe.com has no path"
ADDRESSES = {
    "https://api.github.com": None,
    "https://api.github.com/": None,
    "https://api.github.com/api/v3": Unusable(NO_PATH, "write https://api.github.com"),
    "https://github.com": WEBSITE,
    "https://www.github.com/acme": WEBSITE,
    "https://api.acme.ghe.com": None,
    "https://acme.ghe.com": TENANT,
    "https://api.acme.ghe.com/x": Unusable(NO_PATH, "write https://api.acme.ghe.com"),
    "https://ghe.example.com": SERVER,
    "https://ghe.example.com/": SERVER,
    "https://ghe.example.com:8443": SERVER,
    "https://ghe.example.com/api/v3": None,
    "https://GHE.example.com:8443/api/v3/": None,
    "http://ghe.example.com/api/v3": CLEAR,
    "http://127.0.0.1:8000": None,
    "http://127.0.0.2/api/v3": None,
    "http://[::1]:8000": None,
    "http://localhost:8000": None,
    "https://localhost": None,
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_a_manifest_and_the_environment_are_read_alike(text: str) -> None:
    """What is refused in one place is refused in the other, for the same reason and with the same fix."""
    in_manifest = read_api_url(text)
    try:
        in_environment: object = str(ApiUrl.parse(text, "GITHUB_API_URL"))
    except GitHubError as error:
        in_environment = Unusable(error.problems[0].why, error.problems[0].fix)
    assert in_manifest == in_environment


@pytest.mark.parametrize("text", ADDRESSES)
def test_why_an_address_is_none_of_an_api(text: str) -> None:
    """Each rule has its reason and its fix; what breaks none is an API of github.com, of a tenant or of a server."""
    parts = urlsplit(text)
    assert ADDRESSES[text] == objection(parts.scheme, parts.hostname or "", parts.path)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("x", False)],
)
def test_this_machine(host: str, expected: bool) -> None:  # noqa: FBT001 -- a table
    """The loopback is this machine, by name and by address."""
    assert expected is is_loopback(host)


@pytest.mark.parametrize(
    ("manifest", "runner", "expected"),
    [
        ("", "", "github.com"),
        ("https://api.github.com", "https://ghe.example.com/api/v3", "github.com"),
        ("", "https://ghe.example.com/api/v3", "ghe.example.com"),
        ("https://api.acme.ghe.com", "", "acme.ghe.com"),
        ("https://api.example.com/api/v3", "", "api.example.com"),
        ("http://127.0.0.1:8000", "", "127.0.0.1"),
        ("", "https://[::1", ""),
        ("", "nonsense", ""),
    ],
)
def test_the_host_as_people_know_it(manifest: str, runner: str, expected: str) -> None:
    """The manifest's address, else the runner's, else github.com; nothing where it is no address."""
    assert expected == host_for_people(manifest, {"GITHUB_API_URL": runner})


def test_the_first_objection_is_given() -> None:
    """An address that is wrong in two ways gets the more urgent one: a token must not travel in the clear."""
    assert objection("http", "github.com", "/x") == CLEAR

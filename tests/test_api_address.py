"""One table says what the address of a GitHub API can be, and both readers of addresses hold to it."""

import pytest

from flowforge.api_address import Unusable, host_for_people, is_loopback, objection
from flowforge.errors import GitHubError
from flowforge.github.urls import ApiUrl
from flowforge.manifest.scalars import read_api_url

ADDRESSES = (
    "https://api.github.com",
    "https://api.github.com/",
    "https://api.github.com/api/v3",
    "https://github.com",
    "https://www.github.com/acme",
    "https://api.acme.ghe.com",
    "https://acme.ghe.com",
    "https://api.acme.ghe.com/x",
    "https://ghe.example.com",
    "https://ghe.example.com/",
    "https://ghe.example.com:8443",
    "https://ghe.example.com/api/v3",
    "https://GHE.example.com:8443/api/v3/",
    "http://ghe.example.com/api/v3",
    "http://127.0.0.1:8000",
    "http://127.0.0.2/api/v3",
    "http://[::1]:8000",
    "http://localhost:8000",
    "https://localhost",
)


@pytest.mark.parametrize("text", ADDRESSES)
def test_a_manifest_and_the_environment_are_read_alike(text: str) -> None:
    """What is refused in one place is refused in the other, for the same reason and with the same fix."""
    in_manifest = read_api_url(text)
    try:
        in_environment: object = str(ApiUrl.parse(text, "GITHUB_API_URL"))
    except GitHubError as error:
        in_environment = Unusable(error.problems[0].why, error.problems[0].fix)
    assert in_manifest == in_environment


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
    assert objection("http", "github.com", "/x") == Unusable(
        "a token must travel encrypted, except to this machine", "write https://"
    )

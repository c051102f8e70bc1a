"""Where keys go: to Anthropic, or where the operator says so twice; and neither list of hosts opens the other."""

import pytest

from flowforge.anthropic.address import VerifyAddress, verify_address
from flowforge.errors import GitHubError, Problem, TrustError
from flowforge.github.auth import check_host
from flowforge.github.urls import ApiUrl

URL, ALLOWED = "FLOWFORGE_ANTHROPIC_URL", "FLOWFORGE_ALLOWED_VERIFY_HOSTS"
FIX = "unset it to ask api.anthropic.com, or write it as https://gateway.example.com"


def test_anthropic_itself() -> None:
    """Without a word of the operator's it is Anthropic; ANTHROPIC_BASE_URL, which workflows set, is not read."""
    said = {"ANTHROPIC_BASE_URL": "https://evil.test", ALLOWED: "evil.test"}
    assert [VerifyAddress("https://api.anthropic.com")] * 3 == [
        verify_address(each) for each in ({}, said, {URL: "https://api.anthropic.com/"})
    ]


@pytest.mark.parametrize(
    ("url", "allowed", "found"),
    [
        ("https://gw.test", "gw.test", VerifyAddress("https://gw.test")),
        ("https://GW.test:8443", "x, gw.TEST:8443 ,y", VerifyAddress("https://gw.test:8443")),
        ("http://127.0.0.1:80", "127.0.0.1", VerifyAddress("http://127.0.0.1:80", loopback=True)),
        ("http://[::1]:80", "::1", VerifyAddress("http://[::1]:80", loopback=True)),
    ],
)
def test_another_host_that_is_listed(url: str, allowed: str, found: VerifyAddress) -> None:
    """The operator names it and lists it, by its name or with its port; plain HTTP goes to this machine alone."""
    assert found == verify_address({URL: url, ALLOWED: allowed})


@pytest.mark.parametrize("allowed", ["", "other.test", "gw.test.evil.test", "test", "*"])
def test_a_host_that_is_not_listed(allowed: str) -> None:
    """A host is compared as a whole. GitHub's list opens nothing here."""
    with pytest.raises(TrustError) as caught:
        verify_address({URL: "https://gw.test", ALLOWED: allowed, "FLOWFORGE_ALLOWED_HOSTS": "gw.test"})
    assert (
        Problem(
            "FF291",
            'no Anthropic key goes to "gw.test"',
            URL,
            f"a key goes only to api.anthropic.com, or to a host that {ALLOWED} lists",
            f"if you trust it, set {ALLOWED}=gw.test where FlowForge runs",
        ),
    ) == caught.value.problems


def test_this_list_opens_nothing_for_github() -> None:
    """A host that keys may go to gets no GitHub token."""
    with pytest.raises(GitHubError) as caught:
        check_host(ApiUrl.parse("https://gw.test/api/v3"), {ALLOWED: "gw.test", URL: "https://gw.test"})
    assert "FF310" == caught.value.problems[0].code


@pytest.mark.parametrize(
    "url",
    [
        "gw.test",
        "ftp://gw.test",
        "https://",
        "https://gw.test/v1",
        "https://gw.test?x=1",
        "https://gw.test#x",
        "https://gw.test:0",
        "https://gw.test:99999",
        "https://evil.test\\@gw.test",
        "https://gw.test\n",
        "https://gẁ.test",
        "https://xn--a.example",
        "https://xn--0.test",
        "https://gw..test",
        "https://" + "a" * 64 + ".test",
        "https://[::1",
        "https://1.2.3.4.5:1:2",
    ],
)
def test_what_is_no_address(url: str) -> None:
    """Anything but a scheme, a host and a port is refused before anybody is asked."""
    with pytest.raises(TrustError) as caught:
        verify_address({URL: url, ALLOWED: "gw.test"})
    (problem,) = caught.value.problems
    why = "it has a scheme and a host, but no user, path, query or fragment"
    assert ("FF290", URL, why, FIX) == (problem.code, problem.where, problem.why, problem.fix)
    assert problem.what.endswith(" is not an address for Anthropic's API")


def test_a_password_in_an_address_is_not_shown() -> None:
    """A URL with a user may have a password, and nothing of it is quoted."""
    with pytest.raises(TrustError) as caught:
        verify_address({URL: "https://user:hunter2@gw.test", ALLOWED: "gw.test"})
    assert "what it holds is not an address for Anthropic's API" == caught.value.problems[0].what


def test_a_key_travels_encrypted() -> None:
    """Plain HTTP to another machine is refused, listed or not."""
    with pytest.raises(TrustError) as caught:
        verify_address({URL: "http://gw.test", ALLOWED: "gw.test"})
    assert "a key must travel encrypted, except to this machine" == caught.value.problems[0].why

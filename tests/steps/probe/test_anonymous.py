"""What of an answer may be told to everybody: only words that are known, numbers, and forms that hold no name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.github.answer import Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.seal import PublicKey
from flowforge.github.urls import ApiUrl
from flowforge.plan.probing import Etag, Host, Key, LimitHeaders, ProbeExchange, Tag
from flowforge.steps.probe.anonymous import (
    KeyNumbers,
    exchange_of,
    host_of,
    organization_of,
    tag_of,
    visibility_of,
)

GET = GitHubRequest("GET", "/repos/acme/scratch/actions/secrets")
DATE = "Mon, 23 Nov 2026 08:00:00 GMT"


def test_an_answer_of_githubs() -> None:
    """The names of its headers are told, what they say of the limits, and the version of the API."""
    headers = {
        "date": DATE,
        "x-github-request-id": "ACME",
        "x-github-api-version-selected": "2026-03-10",
        "x-ratelimit-limit": "5000",
        "x-ratelimit-used": "7",
        "x-ratelimit-remaining": "4993",
        "x-ratelimit-reset": "1795420860",
        "x-ratelimit-resource": "core",
        "x-acme-proxy": "gate.acme.example",
    }
    expected = ProbeExchange(
        "GET",
        200,
        tuple(sorted(set(headers) - {"x-acme-proxy"})),
        1,
        "2026-03-10",
        LimitHeaders("core", 5000, 7, 4993, 60),
    )
    assert expected == exchange_of(GET, Answer(200, headers))


@given(st.dictionaries(st.text(min_size=1), st.text()), st.text(), st.text(), st.text())
def test_whatever_headers_say(others: dict[str, str], version: str, resource: str, number: str) -> None:
    """Whatever stands in a header that is told of, nothing of it comes out but a known word, a number or a date."""
    headers = {
        **{f"x-acme-{name}": text for name, text in others.items()},
        "x-github-api-version-selected": f"{version}!",
        "x-ratelimit-resource": f"{resource}!",
        "x-ratelimit-limit": f"{number}!",
    }
    expected = ProbeExchange(
        "GET",
        404,
        ("x-github-api-version-selected", "x-ratelimit-limit", "x-ratelimit-resource"),
        len(others),
        None,
        LimitHeaders("other", None, None, None, None),
    )
    assert expected == exchange_of(GET, Answer(404, headers))


def test_no_answer() -> None:
    """Where none came, that is all that is told."""
    assert ProbeExchange("GET", None, (), 0, None, None) == exchange_of(GET, Broken("no connection: gate.acme.example"))


@pytest.mark.parametrize(
    ("given_tag", "expected"),
    [
        ('W/"aa"', Tag(Etag.WEAK, computed=True)),
        ('"aa"', Tag(Etag.STRONG, computed=True)),
        ('W/"bb"', Tag(Etag.WEAK, computed=False)),
        ("", Tag(Etag.NONE, computed=False)),
    ],
)
def test_an_etag(given_tag: str, expected: Tag) -> None:
    """Its kind is told, and whether it is the computed one: in a weak form and a strong one it is the same."""
    assert expected == tag_of(Answer(200, {"etag": given_tag} if given_tag else {}, computed_etag='W/"aa"'))


def test_keys_are_numbered() -> None:
    """Neither a key nor its id is told: only of what kind the id is, and which of them are the same."""
    ring, boxes = KeyNumbers(), ["A" * 43 + "=", "B" * 42 + "A="]
    found = [
        ring.key_of(PublicKey.read({"key_id": key_id, "key": boxes[box]}))
        for key_id, box in (("568250167242549743", 0), ("568250167242549743", 1), ("0aF", 0), ("key of acme", 1))
    ]
    assert [
        Key("digits", 18, 1, 1),
        Key("digits", 18, 1, 2),
        Key("hexadecimal", 3, 2, 1),
        Key("other", 11, 3, 2),
    ] == found


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.github.com", Host.GITHUB),
        ("https://api.acme.ghe.com", Host.GHEC),
        ("https://ghe.acme.example/api/v3", Host.GHES),
        ("http://127.0.0.1:8080", Host.SANDBOX),
        ("http://localhost:8080", Host.SANDBOX),
    ],
)
def test_a_host(url: str, expected: Host) -> None:
    """A host is told by its kind."""
    assert expected is host_of(ApiUrl.parse(url))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"visibility": "internal", "owner": {"type": "Organization", "login": "acme"}}, ("internal", True)),
        ({"visibility": "private", "owner": {"type": "User"}}, ("private", False)),
        ({"visibility": "acme", "owner": {"type": "acme"}}, ("unknown", None)),
        ({"visibility": ["public"]}, ("unknown", None)),
        (None, ("unknown", None)),
    ],
)
def test_a_repo(data: object, expected: tuple[str, bool | None]) -> None:
    """Of a repo is told who sees it and what its owner is, in known words."""
    assert expected == (visibility_of(data), organization_of(data))

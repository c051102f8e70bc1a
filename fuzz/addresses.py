"""URLs from a manifest and from GitHub's answers: what is taken for ours is ours, in one writing."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from flowforge.errors import GitHubError
from flowforge.github.urls import ApiUrl, host_of
from fuzz.planted import MARK, check_said, planted
from fuzz.target import Target

_BASES = ("https://api.github.com", "https://ghe.example.com/api/v3/", "http://127.0.0.1:8080", "http://[::1]:1")
_WORDS = """https:// http:// @ : / ? # % \\ [ ] [::1] 127.0.0.1 localhost .ghe.com api. /../ /%2e%2e/ /./ // :443 :80 :0
:65536 :٣ evil.example &page=2 xn-- ` ~ | \u3002 \uff0f \x00 \t"""


def law(data: bytes) -> None:
    """Read a base and a link: GitHubError, or a base that reads back as itself and links that stay below it."""
    base, _, link = planted(data).decode("utf-8", "surrogateescape").partition("\n")
    host_of(link)
    try:
        api = ApiUrl.parse(base)
    except GitHubError as error:
        check_said(str(error), data)
        return
    assert api == ApiUrl.parse(str(api)), "another base when it is written and read"
    assert api.scheme == "https" or api.loopback, "a token in the clear"
    path = api.below(link)
    if path is not None:
        there = urlsplit(f"{api}{path}")
        assert (there.scheme, there.hostname) == (api.scheme, api.host), "another host"
        assert api.below(f"{api}{path}") == path, "another path when it is followed"


def seeds() -> Iterator[bytes]:
    """Yield bases with links below them, beside them and to other hosts."""
    for base in _BASES:
        for link in (
            f"{base}/repositories/1?page=2",
            f"{base}.evil.example/x",
            "https://evil.example/",
            f"{base}/../x",
        ):
            yield f"{base}\n{link}".encode()
    yield f"https://{MARK}@api.github.com\n{MARK}".encode()
    yield f"https://{MARK}.ghe.com\nht/".encode()


TARGET = Target(law, seeds, (*_WORDS.split(), MARK))

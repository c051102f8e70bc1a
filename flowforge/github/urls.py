"""The API's address: what is below it, and whether it is this machine."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from flowforge.errors import GitHubError, Problem, quote

# Printable ASCII without space, quotes, angle brackets and backslash: readers of URLs disagree about all of those.
_PLAIN: Final = re.compile(r"[!#-;=?-\[\]^-~]+")
_DOTS: Final = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_PORTS: Final = {"https": 443, "http": 80}
DOTCOM: Final = "api.github.com"


@dataclass(frozen=True, slots=True)
class ApiUrl:
    """The base of a REST API: `https://api.github.com`, `https://ghe.example.com/api/v3`."""

    scheme: str
    """`https`, or `http` on this machine."""
    host: str
    port: int
    path: str
    """The path without a slash at its end."""

    @classmethod
    def parse(cls, text: str, origin: str = "github.api_url") -> "ApiUrl":
        """Read the base URL found at `origin`. Raises GitHubError FF304 unless it is https, or http to this machine."""
        fix = "write it as https://api.github.com, or https://ghe.example.com/api/v3"
        if "@" in text:  # not quoted: a password stands before it
            what = "a URL with a user or a password is not the URL of a GitHub API"
            raise GitHubError(Problem("FF304", what, origin, fix=fix))
        url = _split(text)
        if url is None or url.query or not url.hostname:
            raise GitHubError(Problem("FF304", f"{quote(text)} is not the URL of a GitHub API", origin, fix=fix))
        found = cls(url.scheme, url.hostname, url.port or _PORTS[url.scheme], url.path.rstrip("/"))
        if found.scheme != "https" and not found.loopback:
            why = "a token must not travel in the clear; plain http is for this machine alone"
            raise GitHubError(Problem("FF304", f"{quote(text)} is not https", origin, why, "write https://"))
        return found

    @property
    def loopback(self) -> bool:
        """Whether this is the machine that FlowForge runs on."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def dotcom(self) -> bool:
        """Whether GitHub itself runs it: github.com, or a tenant at `api.SUBDOMAIN.ghe.com`."""
        return self.host == DOTCOM or self.host.endswith(".ghe.com")

    @property
    def web_host(self) -> str:
        """The host that people open in a browser, and by which `gh` knows it."""
        return self.host.removeprefix("api.") if self.dotcom else self.host

    def below(self, url: str) -> str | None:
        """Return the path and query of a URL from an answer, relative to this base; None for one that is elsewhere."""
        # Scheme, host, port and base path must be the same, because the token goes to wherever the next request goes.
        found = _split(url)
        if found is None or (found.scheme, found.hostname) != (self.scheme, self.host):
            return None
        if (found.port or _PORTS[found.scheme]) != self.port or not found.path.startswith(f"{self.path}/"):
            return None
        return found.path.removeprefix(self.path) + (f"?{found.query}" if found.query else "")

    def elsewhere(self, url: str) -> bool:
        """Return whether a URL from an answer has another scheme, host or port."""
        found = _split(url)
        if found is None or not found.hostname:
            return False
        return (found.scheme, found.hostname, found.port or _PORTS[found.scheme]) != (self.scheme, self.host, self.port)

    def __str__(self) -> str:
        """Return the base URL, with the port only if it is not the usual one of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def host_of(text: str) -> str | None:
    """Return the host of a plain URL in lower case; None for any other text."""
    url = _split(text)
    return None if url is None else url.hostname


def _split(text: str) -> SplitResult | None:
    """Split a plain absolute http(s) URL without userinfo, fragment or dot segments; None for any other text."""
    # Strictly, because parsers disagree about `https://evil.test\@api.github.com` and the like, and the one that sends
    # the request is not this one.
    if not _PLAIN.fullmatch(text):
        return None
    try:
        url = urlsplit(text)
        usable = url.scheme in _PORTS and url.port != 0
    except ValueError:
        return None
    return None if not usable or "@" in url.netloc or url.fragment or _DOTS.search(url.path) else url

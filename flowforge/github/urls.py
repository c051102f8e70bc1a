"""The API's address: what is below it, and whether it is this machine."""

import re
from dataclasses import field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from flowforge.api_address import DOTCOM, is_loopback, objection
from flowforge.data_class import dataclass
from flowforge.errors import GitHubError, Problem, quote

# Printable ASCII without space, quotes, angle brackets and backslash: readers of URLs disagree about all of those.
_PLAIN: Final = re.compile(r"[!#-;=?-\[\]^-~]+")
_DOTS: Final = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_PORTS: Final = {"https": 443, "http": 80}
# A repo that has another name or owner now is redirected there, and nothing else is.
_BY_ID: Final = re.compile(r"(/repositories/\d{1,19})(?:/.*)?")
DEFAULT_ORIGIN: Final = "the default address"
_FIX: Final = "write it as https://api.github.com, or https://ghe.example.com/api/v3"
GRAPHQL: Final = "/graphql"
# A GitHub Enterprise Server has GraphQL beside its REST API (docs.github.com, "Forming calls with GraphQL").
_OF_SERVER: Final = "/api/v3"


@dataclass(frozen=True, slots=True)
class ApiUrl:
    """The base of a REST API: `https://api.github.com`, `https://ghe.example.com/api/v3`."""

    scheme: str
    """`https`, or `http` on this machine."""
    host: str
    port: int
    path: str
    """The path without a slash at its end."""
    origin: str = field(default="github.api_url", compare=False)
    """Where it was found: the manifest's key, the name of a variable, or `the default address`."""

    @classmethod
    def parse(cls, text: str, origin: str = "github.api_url") -> "ApiUrl":
        """Read the base URL found at `origin`. Raises GitHubError FF304 for what cannot be that of a GitHub API."""
        if "@" in text:  # not quoted: a password stands before it
            what = "a URL with a user or a password is not the URL of a GitHub API"
            raise GitHubError(Problem("FF304", what, origin, fix=_FIX))
        url = _split(text)
        if url is None or url.query or not url.hostname:
            raise GitHubError(Problem("FF304", f"{quote(text)} is not the URL of a GitHub API", origin, fix=_FIX))
        found = cls(url.scheme, url.hostname, url.port or _PORTS[url.scheme], url.path.rstrip("/"), origin)
        if no := objection(found.scheme, found.host, found.path):
            raise GitHubError(Problem("FF304", f"{quote(text)} is not the URL of a GitHub API", origin, no.why, no.fix))
        return found

    def without_host(self) -> GitHubError:
        """Return the error of an address whose host is no name that can be looked up: FF304."""
        what = f"{quote(str(self))} is not the URL of a GitHub API"
        return GitHubError(Problem("FF304", what, self.origin, "its host is no name that can be looked up", _FIX))

    @property
    def loopback(self) -> bool:
        """Whether this is the machine that FlowForge runs on."""
        return is_loopback(self.host)

    @property
    def dotcom(self) -> bool:
        """Whether GitHub itself runs it: github.com, or a tenant at `api.SUBDOMAIN.ghe.com`."""
        return self.host == DOTCOM or self.host.endswith(".ghe.com")

    @property
    def self_hosted(self) -> bool:
        """Whether it is a GitHub Enterprise Server of somebody's own, which has what its owner lets it have."""
        return not self.dotcom and not self.loopback

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

    def repository_at(self, location: str) -> str | None:
        """Return the path `/repositories/ID` to which a redirect points; None for one that points anywhere else."""
        home = f"{self.scheme}://{self._authority}"
        target = _BY_ID.fullmatch(self.below(f"{home}{location}" if location.startswith("/") else location) or "")
        return target.group(1) if target else None

    def elsewhere(self, url: str) -> bool:
        """Return whether a URL from an answer has another scheme, host or port."""
        found = _split(url)
        if found is None or not found.hostname:
            return False
        return (found.scheme, found.hostname, found.port or _PORTS[found.scheme]) != (self.scheme, self.host, self.port)

    def url_of(self, path: str) -> str:
        """Return the URL of a path below the base, or of GRAPHQL."""
        if path == GRAPHQL and self.path == _OF_SERVER:
            return f"{self.scheme}://{self._authority}/api{GRAPHQL}"
        return f"{self}{path}"

    def __str__(self) -> str:
        """Return the base URL, with the port only if it is not the usual one of the scheme."""
        return f"{self.scheme}://{self._authority}{self.path}"

    @property
    def _authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


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

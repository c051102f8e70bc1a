"""Where keys are verified. The operator alone can name another host, and no list of GitHub's opens it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from flowforge.api_address import is_loopback
from flowforge.data_class import dataclass
from flowforge.errors import Problem, TrustError, quote
from flowforge.transport.client import has_host

URL: Final = "FLOWFORGE_ANTHROPIC_URL"
ALLOWED: Final = "FLOWFORGE_ALLOWED_VERIFY_HOSTS"
HOST: Final = "api.anthropic.com"
_FIX: Final = f"unset it to ask {HOST}, or write it as https://gateway.example.com"


@dataclass(frozen=True, slots=True)
class VerifyAddress:
    """The base of Anthropic's API."""

    url: str
    """Scheme, host and port, without a slash at the end."""
    loopback: bool = False
    """Whether it is this machine, as a sandbox is. No proxy is used then."""


def verify_address(environ: Mapping[str, str]) -> VerifyAddress:
    """Return where keys are verified. Raises TrustError FF290 and FF291; nothing was sent then.

    No manifest names it, and ANTHROPIC_BASE_URL is not read: both are set by whoever proposes a change of a workflow.
    """
    text = environ.get(URL, "")
    if not text:
        return VerifyAddress(f"https://{HOST}")
    url = _split(text)
    host = url.hostname if url else None
    if url is None or not host or url.scheme not in {"http", "https"}:
        why = "it has a scheme and a host, but no user, path, query or fragment"
        # A URL with a password is not shown.
        shown = quote(text) if "@" not in text else "what it holds"
        raise TrustError(Problem("FF290", f"{shown} is not an address for Anthropic's API", URL, why, _FIX))
    local = is_loopback(host)
    if url.scheme != "https" and not local:
        what = f"{quote(text)} is not an address for Anthropic's API"
        raise TrustError(Problem("FF290", what, URL, "a key must travel encrypted, except to this machine", _FIX))
    allowed = {each.strip().lower() for each in environ.get(ALLOWED, "").split(",")}
    if host != HOST and allowed.isdisjoint({host, url.netloc.lower()}):
        why = f"a key goes only to {HOST}, or to a host that {ALLOWED} lists"
        fix = f"if you trust it, set {ALLOWED}={host} where FlowForge runs"
        raise TrustError(Problem("FF291", f"no Anthropic key goes to {quote(host)}", URL, why, fix))
    return VerifyAddress(f"{url.scheme}://{url.netloc.lower()}", local)


def _split(text: str) -> SplitResult | None:
    """Split a plain absolute URL; None for one with a user, a path, a query, a fragment or an odd character."""
    # Readers of URLs disagree about a backslash, quotes and spaces, and the one that sends the key is not this one.
    if not text.isascii() or not text.isprintable() or set(text) & set(" \"'<>\\^`{|}"):
        return None
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    plain = url.path in {"", "/"} and not (url.query or url.fragment or "@" in url.netloc)
    return url if plain and port != 0 and has_host(text) else None

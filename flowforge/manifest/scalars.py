"""Read the strings of a manifest that stand for something else: days, durations, the address of an API."""

import ipaddress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

from flowforge.durations import seconds
from flowforge.plan.action import OnDrift

_DOTCOM: Final = "api.github.com"


def read_day(text: str) -> date | None:
    """Read a day of the form 2027-02-01. Return None if the calendar has no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_duration(text: str) -> timedelta:
    """Read a duration that has the schema's form, as 90d."""
    return timedelta(seconds=seconds(text) or 0)


def read_policy(text: str) -> OnDrift | None:
    """Read an `on_drift`. Return None for an empty text."""
    return OnDrift(text) if text else None


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why an address cannot be used, and what to write instead."""

    why: str
    fix: str


def read_api_url(text: str) -> str | Unusable:
    """Normalise the address of an API: scheme and host in lower case, no slash at the end."""
    url = _split(text)
    if url is None or not url.hostname:
        return Unusable("its host, port or path cannot be read", f"write it as https://{_DOTCOM}")
    return _objection(url, url.hostname) or f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}"


def _objection(url: SplitResult, host: str) -> Unusable | None:
    """Return the first reason why an address is not that of a GitHub API."""
    # docs.github.com: a tenant is at api.SUBDOMAIN.ghe.com, a GitHub Enterprise Server at HOST/api/v3.
    local = _is_loopback(host)
    tenant = host.endswith(".ghe.com")
    hosted = host == _DOTCOM or tenant
    bare = not url.path.strip("/")
    rules = (
        (
            url.scheme != "https" and not local,
            "a token must travel encrypted, except to this machine",
            "write https://",
        ),
        (host in {"github.com", "www.github.com"}, "that is the website, not the API", f"write https://{_DOTCOM}"),
        (
            tenant and not host.startswith("api."),
            "the API of a ghe.com tenant has its own host",
            f"write https://api.{host}",
        ),
        (hosted and not bare, "the API of github.com and ghe.com has no path", f"write https://{host}"),
        (bare and not hosted and not local, "GitHub Enterprise Server has its API below /api/v3", "add /api/v3"),
    )
    return next((Unusable(why, fix) for true, why, fix in rules if true), None)


def _split(text: str) -> SplitResult | None:
    try:
        # Reading the port raises ValueError for one that is no number.
        url = urlsplit(text)
        usable = url.port != 0
    except ValueError:
        return None
    # A dot segment would let the path of a request leave that of the API.
    return url if usable and not {".", ".."} & set(url.path.split("/")) else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

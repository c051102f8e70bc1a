"""Read the strings of a manifest that mean something else: days, durations, the address of an API."""

import ipaddress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DOTCOM: Final = "api.github.com"
_TENANT: Final = ".ghe.com"


def read_day(text: str) -> date | None:
    """Read a day of the form 2027-02-01; None when the calendar has no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_duration(text: str) -> timedelta:
    """Read a duration of the form 90d."""
    return int(text[:-1]) * _UNITS[text[-1]]


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why an address cannot be used, and what to write."""

    why: str
    fix: str


def read_api_url(text: str) -> str | Unusable:
    """Normalise an API's address: lower-case scheme and host, no slash at its end."""
    url = _split(text)
    if url is None or not url.hostname:
        return Unusable("its host or its port cannot be read", "write it as https://api.github.com")
    host, path = url.hostname, url.path.rstrip("/")
    if url.scheme != "https" and not _loopback(host):
        return Unusable("a token must not travel in the clear; plain http is for this machine alone", "write https://")
    if host in {"github.com", "www.github.com"}:
        return Unusable("this is where people go; programs go to api.github.com", f"write https://{_DOTCOM}")
    if host.endswith(_TENANT) and not host.startswith("api."):
        return Unusable("the API of a ghe.com tenant has a host of its own", f"write https://api.{host}")
    hosted = host == _DOTCOM or host.endswith(_TENANT)
    if hosted and path:
        return Unusable("the API of github.com and ghe.com has no path", f"write https://{host}")
    if not hosted and not path and not _loopback(host):
        return Unusable(
            "GitHub Enterprise Server has its API below /api/v3", f"write https://{url.netloc.lower()}/api/v3"
        )
    return f"{url.scheme}://{url.netloc.lower()}{path}"


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        usable = url.port != 0
    except ValueError:
        return None
    return url if usable and not {".", ".."} & set(url.path.split("/")) else None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""What the address of a GitHub API can be: the one table of rules, for a manifest and for the environment alike."""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from flowforge.data_class import dataclass

DOTCOM: Final = "api.github.com"


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why an address cannot be used, and what to write instead."""

    why: str
    """What is wrong with it, as a clause."""
    fix: str
    """What to write instead, as an imperative sentence."""


def objection(scheme: str, host: str, path: str) -> Unusable | None:
    """Return the first reason why an address is not that of a GitHub API. host: in lower case."""
    # docs.github.com: a tenant is at api.SUBDOMAIN.ghe.com, a GitHub Enterprise Server at HOST/api/v3.
    local = is_loopback(host)
    tenant = host.endswith(".ghe.com")
    hosted = host == DOTCOM or tenant
    bare = not path.strip("/")
    rules = (
        (scheme != "https" and not local, "a token must travel encrypted, except to this machine", "write https://"),
        (host in {"github.com", "www.github.com"}, "that is the website, not the API", f"write https://{DOTCOM}"),
        (
            tenant and not host.startswith("api."),
            "the API of a ghe.com tenant has its own host",
            f"write https://api.{host}",
        ),
        (hosted and not bare, "the API of github.com and ghe.com has no path", f"write https://{host}"),
        (bare and not hosted and not local, "GitHub Enterprise Server has its API below /api/v3", "add /api/v3"),
    )
    return next((Unusable(why, fix) for true, why, fix in rules if true), None)


def host_for_people(api_url: str, environ: Mapping[str, str]) -> str:
    """Return the host whose repos are meant, as people open it in a browser; empty where the address is none.

    api_url: the manifest's; empty for the one that GitHub's runner names, else github.com's.
    """
    try:
        host = urlsplit(api_url or environ.get("GITHUB_API_URL") or f"https://{DOTCOM}").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("api.") if host == DOTCOM or host.endswith(".ghe.com") else host


def is_loopback(host: str) -> bool:
    """Return whether a host is the machine that FlowForge runs on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

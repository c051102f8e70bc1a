"""What of an answer may be told to everybody: the one way from a probe's answers into its report."""

import re
from collections.abc import Mapping
from typing import Final

from flowforge.api_address import DOTCOM
from flowforge.github.answer import Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.http import Client
from flowforge.github.seal import PublicKey
from flowforge.github.urls import ApiUrl
from flowforge.plan.probing import Etag, Host, Key, LimitHeaders, ProbeExchange, Tag, TokenType

# Headers that any server may send, by the standards. A name of none of these kinds may be somebody's own, such as that
# of a company's proxy, and is only counted.
_STANDARD: Final = """
    accept-ranges access-control-allow-origin access-control-expose-headers age allow alt-svc cache-control connection
    content-encoding content-language content-length content-security-policy content-type date deprecation etag expires
    keep-alive last-modified link location pragma referrer-policy retry-after server strict-transport-security sunset
    transfer-encoding vary via warning x-accepted-oauth-scopes x-cache x-content-type-options x-frame-options
    x-oauth-client-id x-oauth-scopes x-poll-interval x-request-id x-runtime-rack x-xss-protection
    """
_GITHUBS: Final = re.compile(
    r"(?:x-github|x-ratelimit|x-accepted-github|github-authentication)-[a-z]{2,20}(?:-[a-z]{2,20}){0,4}"
)
_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_KINDS: Final = (("digits", re.compile(r"[0-9]+")), ("hexadecimal", re.compile(r"[0-9a-fA-F]+")))
_LONGEST_ID: Final = 1_000
# The resources that GitHub documents (docs.github.com, "REST API endpoints for rate limits").
_RESOURCES: Final = """
    actions_runner_registration audit_log audit_log_streaming code_scanning_autofix code_scanning_upload code_search
    core dependency_sbom dependency_snapshots graphql integration_manifest scim search source_import
    """


def exchange_of(request: GitHubRequest, outcome: Answer | Broken) -> ProbeExchange:
    """Return what may be told of a request and its answer."""
    if isinstance(outcome, Broken):
        return ProbeExchange(request.method)
    known = sorted(name for name in outcome.headers if name in _STANDARD.split() or _GITHUBS.fullmatch(name))
    version = outcome.headers.get("x-github-api-version-selected", "")
    return ProbeExchange(
        request.method,
        outcome.status,
        tuple(known),
        len(outcome.headers) - len(known),
        version if _VERSION.fullmatch(version) else None,
        _points(outcome),
    )


def _points(answer: Answer) -> LimitHeaders | None:
    if not any(name.startswith("x-ratelimit-") for name in answer.headers):
        return None
    resource = answer.headers.get("x-ratelimit-resource", "")
    limit, used, remaining = (answer.number(f"x-ratelimit-{name}") for name in ("limit", "used", "remaining"))
    until = answer.until_reset
    return LimitHeaders(
        (resource if resource in _RESOURCES.split() else "other") if resource else None,
        limit,
        used,
        remaining,
        None if until is None else int(until),
    )


def tag_of(answer: Answer) -> Tag:
    """Return what may be told of a list's ETag."""
    given = answer.headers.get("etag", "")
    kind = Etag.NONE if not given else Etag.WEAK if given.startswith("W/") else Etag.STRONG
    return Tag(kind, bool(given) and given.removeprefix("W/") == answer.computed_etag.removeprefix("W/"))


class KeyNumbers:
    """Numbers the public keys of a probe and their ids, since neither may be told."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ids: dict[str, int] = {}
        self._keys: dict[bytes, int] = {}

    def key_of(self, key: PublicKey) -> Key:
        """Return what may be told of a key."""
        kind = next((name for name, pattern in _KINDS if pattern.fullmatch(key.key_id)), "other")
        number = self._ids.setdefault(key.key_id, len(self._ids) + 1)
        which = self._keys.setdefault(bytes(key.box), len(self._keys) + 1)
        return Key(kind, min(len(key.key_id), _LONGEST_ID), number, which)


def host_of(api: ApiUrl) -> Host:
    """Return what kind of GitHub an API is of."""
    if api.loopback:
        return Host.SANDBOX
    if api.host == DOTCOM:
        return Host.GITHUB
    return Host.GHEC if api.dotcom else Host.GHES


def token_of(client: Client, answer: Answer) -> TokenType:
    """Return of which kind a client's token is, by an answer to it."""
    if client.token.installation:
        return TokenType.APP
    # Of a classic token GitHub always says which scopes it has, be it none; of any other kind never.
    return TokenType.CLASSIC if "x-oauth-scopes" in answer.headers else TokenType.FINE_GRAINED


def visibility_of(data: object) -> str:
    """Return who sees a repo; `unknown` for another word than GitHub documents."""
    said = data.get("visibility") if isinstance(data, Mapping) else None
    return said if said in ("public", "private", "internal") else "unknown"


def organization_of(data: object) -> bool | None:
    """Return whether a repo's owner is an organization; None if GitHub does not say."""
    match data:
        case {"owner": {"type": "Organization"}}:
            return True
        case {"owner": {"type": "User"}}:
            return False
    return None

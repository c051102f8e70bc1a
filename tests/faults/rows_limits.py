"""GitHub's refusals: the limits of how much one may ask, and what a token may not do."""

from typing import Final

from flowforge.sandbox import Fault, Level, Token, TokenKind
from flowforge.sandbox import FaultKind as Kind
from tests.faults.bench import FOREVER, Bench
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_OLD,
    INCOMPLETE,
    UPDATED,
    WEB_ONLY_FAILED,
    Expected,
    Given,
    Row,
    faults,
)

LOOK_UP: Final = "^GET /orgs/acme/repos"
PUT_API: Final = "^PUT /repos/acme/api/"
LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?"
_ALLOW_LIST: Final = (
    "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list "
    "enabled, and your IP address is not permitted to access this resource."
)
_ABUSE: Final = "You have triggered an abuse detection mechanism. Please wait a few minutes before you try again."


def _status(match: str, status: int, times: int = FOREVER, *, message: str = "", wait: int | None = None) -> Given:
    return faults(match, Fault("", Kind.STATUS, times, status=status, message=message, retry_after=wait))


def _token(token: Token, *, sso: bool = False) -> Given:
    """Use another token, of another kind or with other rights."""

    def given(bench: Bench) -> None:
        bench.world.add_token("github_pat_other", token)
        bench.environ("FLOWFORGE_GITHUB_TOKEN", "github_pat_other")
        bench.world.require_sso("acme", required=sso)

    return given


def _app(bench: Bench) -> None:
    """Use the token of a GitHub App that was not given the secrets."""
    bench.world.add_token("ghs_other", Token(TokenKind.APP, secrets=Level.NONE))
    bench.environ("FLOWFORGE_GITHUB_TOKEN", "ghs_other")


def _left(requests: int, *, seconds: int = 3600) -> Given:
    """Leave the account so many requests of an hour that ends in so many seconds."""

    def given(bench: Bench) -> None:
        limits, now = bench.world.limits, int(bench.world.clock.now())
        account = limits._account(Token(), now, "core")
        account.used, account.reset = limits.primary - requests, now + seconds
        for word, minutes in (
            (word, minutes) for word in ("wait", "waiting") for minutes in range(2, seconds // 60 + 2)
        ):
            bench.instead[f"{word} {minutes} min"] = f"{word} {seconds // 60} min"  # some pass meanwhile

    return given


def _revoked_at_the_first_write(bench: Bench) -> None:
    token = bench.world.tokens.tokens[bench.sandbox.token]
    bench.when(LOOK_UP, lambda: bench.world.revoke_token(bench.sandbox.token))
    bench.injected.callback(bench.world.add_token, bench.sandbox.token, token)


CONTENT: Final = "GitHub counts what is written as content: from now on at most 80 writes a minute and 500 an hour"
_SECONDARY: Final = '"You have exceeded a secondary rate limit."'
_SSO: Final = (
    "the organization's single sign-on must authorize this token: "
    '"Resource protected by organization SAML enforcement. '
    'You must grant your Personal Access token access to this organization."'
)
_NO_APP: Final = 'no permission: "Resource not accessible by integration"'
_NO_APP_FIX: Final = (
    "give the token (FLOWFORGE_GITHUB_TOKEN) read and write permission for Secrets (classic: the scope repo), and its owner write access, "
    "and install its GitHub App on this repo"
)
_NO_WRITE: Final = "no permission: GitHub accepts secrets=write"
READS: Final = Token(secrets=Level.READ)
NONE: Final = Token(secrets=Level.NONE)
CLASSIC: Final = Token(TokenKind.CLASSIC)
ROWS: Final = (
    Row(
        "429 with retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 6 s", CONTENT, UPDATED)),
        _status(PUT_API, 429, 1, wait=5),
    ),
    Row(
        "429 with retry-after, always",
        "apply",
        Expected(
            (
                "GitHub asks to wait 2 s",
                CONTENT,
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                f"failed (FF333): refused by a rate limit 6 times: {_SECONDARY}",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in an hour, with fewer --jobs",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _status(PUT_API, 429, wait=1),
    ),
    Row(
        "429 with retry-after while reading, once",
        "plan",
        Expected(
            (
                "GitHub asks to wait 6 s",
                "slower from now on: at most 450 points a minute",
                "~ acme/api  ANTHROPIC_API_KEY  ci-key  value changed",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 2 to update, 0 to delete, 0 in sync.",
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status(LIST_API, 429, 1, wait=5),
    ),
    Row(
        "429 with retry-after of an hour",
        "apply",
        Expected(
            (
                "failed (FF331): GitHub asks to wait 61 min, longer than the 15 min that --max-wait allows",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                f"  why: GitHub says {_SECONDARY}",
                "  fix: run it again after that time, or allow it with --max-wait",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status(PUT_API, 429, wait=3600),
        more=("-j", "1"),
    ),
    Row(
        "429 without retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 60 s", CONTENT, UPDATED)),
        _status(PUT_API, 429, 1),
    ),
    Row(
        "429 without retry-after, always",
        "apply",
        Expected(
            (
                "GitHub asks to wait 60 s",
                CONTENT,
                "failed (FF331): GitHub asks to wait 2 min, longer than the 100 s that --max-wait allows",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                f"  why: GitHub says {_SECONDARY}",
                "  fix: run it again after that time, or allow it with --max-wait",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status(PUT_API, 429),
        more=("-j", "1", "--max-wait", "100"),
    ),
    Row(
        "403, a secondary limit with retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 6 s", CONTENT, UPDATED)),
        _status(PUT_API, 403, 1, wait=5),
    ),
    Row(
        "403, a secondary limit without retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 60 s", CONTENT, UPDATED)),
        _status(PUT_API, 403, 1),
    ),
    Row(
        "403, abuse detection, once",
        "apply",
        Expected(("GitHub asks to wait 60 s", CONTENT, UPDATED)),
        _status(PUT_API, 403, 1, message=_ABUSE),
    ),
    Row(
        "403, the hour's requests are spent",
        "plan",
        Expected(
            (
                "error FF331: GitHub asks to wait 60 min, longer than the 15 min that --max-wait allows",
                '  why: GitHub says "API rate limit exceeded for user ID rehearsal."',
                "  fix: run it again after that time, or allow it with --max-wait",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _left(0),
    ),
    Row(
        "403, the hour's requests are spent",
        "apply",
        Expected(
            (
                "error FF331: GitHub asks to wait 60 min, longer than the 15 min that --max-wait allows",
                '  why: GitHub says "API rate limit exceeded for user ID rehearsal."',
                "  fix: run it again after that time, or allow it with --max-wait",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _left(0),
    ),
    Row(
        "the hour's requests are spent after the plan",
        "apply",
        Expected(
            (
                "failed (FF331): GitHub asks to wait 60 min, longer than the 15 min that --max-wait allows",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again after that time, or allow it with --max-wait",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _left(3),
        more=("-j", "1"),
    ),
    Row(
        "the hour's requests are spent after the plan, and it ends soon",
        "apply",
        Expected(("waiting 5 min to stay within GitHub's rate limit", UPDATED)),
        _left(3, seconds=300),
    ),
    Row(
        "x-ratelimit-remaining: 1, at the start",
        "plan",
        Expected(
            (
                "error FF331: GitHub asks to wait 60 min, longer than the 15 min that --max-wait allows",
                "  fix: run it again after that time, or allow it with --max-wait",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _left(1),
    ),
    Row(
        "429 with retry-after, always and at every write",
        "apply",
        Expected(
            (
                "GitHub asks to wait 2 s",
                CONTENT,
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                f"failed (FF333): refused by a rate limit 6 times: {_SECONDARY}",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in an hour, with fewer --jobs",
                f"failed (FF333): refused by a rate limit 6 times in a row: {_SECONDARY}",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in an hour, with --pace gentle",
                "Not all done: 0 created, 0 updated, 0 deleted, 2 failed, 0 blocked.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status("^PUT ", 429, wait=1),
    ),
    Row(
        "403, the token lacks Secrets: read",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no permission: GitHub accepts secrets=read",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  no permission: GitHub accepts secrets=read",
                "    fix: give the token (FLOWFORGE_GITHUB_TOKEN) that permission",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _token(NONE),
    ),
    Row(
        "403, the token lacks Secrets: write",
        "apply",
        Expected(
            (
                f"failed (FF320): {_NO_WRITE}",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: give the token (FLOWFORGE_GITHUB_TOKEN) that permission",
                f"not_done (FF346): not begun, because the first write for acme was refused: {_NO_WRITE}",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  fix: give the token (FLOWFORGE_GITHUB_TOKEN) that permission",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _token(READS),
    ),
    Row(
        "403, single sign-on has not authorized the token",
        "plan",
        Expected(
            (
                f"! acme/api  ANTHROPIC_API_KEY  ci-key  {_SSO}",
                f"! acme/web  ANTHROPIC_API_KEY  ci-key  {_SSO}",
                "    fix: open its settings and authorize the token (FLOWFORGE_GITHUB_TOKEN) for the organization",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _token(CLASSIC, sso=True),
    ),
    Row(
        "403, single sign-on has not authorized the token",
        "apply",
        Expected(
            (
                f"! acme/api  ANTHROPIC_API_KEY  ci-key  {_SSO}",
                f"! acme/web  ANTHROPIC_API_KEY  ci-key  {_SSO}",
                "    fix: open its settings and authorize the token (FLOWFORGE_GITHUB_TOKEN) for the organization",
                "No changes found; 2 blocked.",
                INCOMPLETE,
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 2 blocked.",
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _token(CLASSIC, sso=True),
    ),
    Row(
        "403, resource not accessible by integration",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no permission: GitHub accepts secrets=read",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  no permission: GitHub accepts secrets=read",
                "    fix: give the token (FLOWFORGE_GITHUB_TOKEN) that permission, and install its GitHub App on this repo",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _app,
    ),
    Row(
        "403, resource not accessible by integration",
        "apply",
        Expected(
            (
                f"failed (FF320): {_NO_APP}",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                f"  fix: {_NO_APP_FIX}",
                f"not_done (FF346): not begun, because the first write for acme was refused: {_NO_APP}",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                f"  fix: {_NO_APP_FIX}",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status(PUT_API, 403, message="Resource not accessible by integration"),
    ),
    Row(
        "403, the organization's IP allow list",
        "plan",
        Expected(
            (
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                f'! acme/api  ANTHROPIC_API_KEY  ci-key  GitHub refuses it: "{_ALLOW_LIST}"',
                "    fix: run it from an address on that list, or have this one added to it",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status("acme/api", 403, message=_ALLOW_LIST),
    ),
    Row(
        "403, the organization's IP allow list",
        "apply",
        Expected(
            (
                f'failed (FF350): GitHub refuses it: "{_ALLOW_LIST}"',
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it from an address on that list, or have this one added to it",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _status(PUT_API, 403, message=_ALLOW_LIST),
    ),
    Row(
        "401, the token is revoked before the first write",
        "apply",
        Expected(
            (
                "failed (FF302): GitHub does not accept the token",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                '  why: it answered 401 "Bad credentials"; the token came from FLOWFORGE_GITHUB_TOKEN',
                "  fix: check that it is whole, not expired, not revoked, and made for this host",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _revoked_at_the_first_write,
        more=("-j", "1"),
    ),
)

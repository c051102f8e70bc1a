"""GitHub's own faults: its errors and limits, refusals, wrong keys, lists that lack something or lag, its clock."""

from typing import Final

from flowforge.sandbox import Fault, Lag, Level, Token, TokenKind
from flowforge.sandbox import FaultKind as Kind
from tests.faults.bench import Bench
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_NEW,
    BOTH_OLD,
    CREATED,
    INCOMPLETE,
    UPDATED,
    WEB_ONLY_BLOCKED,
    WEB_ONLY_FAILED,
    Expected,
    Given,
    Row,
    faults,
)

PUT_API: Final = "^PUT /repos/acme/api/"
LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?"
KEY_API: Final = "^GET /repos/acme/api/actions/secrets/public-key"
FOREVER: Final = 1000
DAY: Final = 86_400
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
        account = limits._account(Token(), now)
        account.used, account.reset = limits.primary - requests, now + seconds

    return given


def _revoked_at_the_first_write(bench: Bench) -> None:
    token = bench.world.tokens.tokens[bench.sandbox.token]
    bench.when(LIST_API, lambda: None)
    bench.when(KEY_API, lambda: bench.world.revoke_token(bench.sandbox.token))
    bench.injected.callback(bench.world.add_token, bench.sandbox.token, token)


def _more_secrets(bench: Bench) -> None:
    """Give the repo secrets that are not ours, so that a list of one is too short."""
    for name in ("DEPLOY_KEY", "NPM_TOKEN"):
        bench.world.set_secret("acme/api", name, "not ours")


def _cut(match: str, times: int = FOREVER) -> Given:
    def given(bench: Bench) -> None:
        _more_secrets(bench)
        faults(match, Fault("", Kind.CUT, times))(bench)

    return given


def _cut_after_the_write(bench: Bench) -> None:
    _more_secrets(bench)
    bench.when(PUT_API, lambda: bench.fault(LIST_API, Fault("", Kind.CUT, FOREVER)))


def _lag(lag: Lag) -> Given:
    def given(bench: Bench) -> None:
        bench.world.settings.lag = lag

    return given


def _clock(seconds: int) -> Given:
    return lambda bench: bench.world.clock.advance(seconds)


READS: Final = Token(secrets=Level.READ)
NONE: Final = Token(secrets=Level.NONE)
CLASSIC: Final = Token(TokenKind.CLASSIC)
ROWS: Final = (
    Row("500 to a write, three times", "apply", Expected(), _status(PUT_API, 500, 3)),
    Row("502 to a write, three times", "apply", Expected(), _status(PUT_API, 502, 3)),
    Row("503 to a write, three times", "apply", Expected(), _status(PUT_API, 503, 3)),
    Row(
        "500 to every write",
        "apply",
        Expected(
            (
                "failed (FF328): no usable answer in 4 tries: it answered 500 Internal Server Error",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, write_interrupted; web: in sync",
        ),
        _status(PUT_API, 500),
    ),
    Row(
        "502 to every write",
        "apply",
        Expected(
            (
                "failed (FF328): no usable answer in 4 tries: it answered 502 Bad Gateway",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, write_interrupted; web: in sync",
        ),
        _status(PUT_API, 502),
    ),
    Row(
        "503 to every request",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: it answered 503 Service Unavailable",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: it answered 503 Service Unavailable",
                "    fix: run it again in a while",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status("", 503),
    ),
    Row(
        "503 to every request",
        "apply",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: it answered 503 Service Unavailable",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: it answered 503 Service Unavailable",
                "    fix: run it again in a while",
                "No changes found; 2 blocked.",
                INCOMPLETE,
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 2 blocked.",
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status("", 503),
    ),
    Row(
        "429 with retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 6 s", "slower from now on: at most 450 points a minute", UPDATED)),
        _status(PUT_API, 429, 1, wait=5),
    ),
    Row(
        "429 with retry-after, always",
        "apply",
        Expected(
            (
                "GitHub asks to wait 2 s",
                "slower from now on: at most 450 points a minute",
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                "GitHub asks to wait 2 s",
                "failed (FF333): refused by a rate limit 6 times",
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
                "failed (FF331): GitHub asks to wait 61 min, longer than the 15 min that we may wait",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again after that time, or allow it with --max-wait",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status(PUT_API, 429, wait=3600),
        more=("-j", "1"),
    ),
    Row(
        "429 without retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 60 s", "slower from now on: at most 450 points a minute", UPDATED)),
        _status(PUT_API, 429, 1),
    ),
    Row(
        "429 without retry-after, always",
        "apply",
        Expected(
            (
                "GitHub asks to wait 60 s",
                "slower from now on: at most 450 points a minute",
                "failed (FF331): GitHub asks to wait 2 min, longer than the 100 s that we may wait",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again after that time, or allow it with --max-wait",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _status(PUT_API, 429),
        more=("-j", "1", "--max-wait", "100"),
    ),
    Row(
        "403, a secondary limit with retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 6 s", "slower from now on: at most 450 points a minute", UPDATED)),
        _status(PUT_API, 403, 1, wait=5),
    ),
    Row(
        "403, a secondary limit without retry-after, once",
        "apply",
        Expected(("GitHub asks to wait 60 s", "slower from now on: at most 450 points a minute", UPDATED)),
        _status(PUT_API, 403, 1),
    ),
    Row(
        "403, abuse detection, once",
        "apply",
        Expected(("GitHub asks to wait 60 s", "slower from now on: at most 450 points a minute", UPDATED)),
        _status(PUT_API, 403, 1, message=_ABUSE),
    ),
    Row(
        "403, the hour's requests are spent",
        "plan",
        Expected(
            (
                "error FF331: GitHub asks to wait 60 min, longer than the 15 min that we may wait",
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
                "error FF331: GitHub asks to wait 60 min, longer than the 15 min that we may wait",
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
                "failed (FF331): GitHub asks to wait 60 min, longer than the 15 min that we may wait",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again after that time, or allow it with --max-wait",
                "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked, 1 not done.",
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _left(3),
        more=("-j", "1"),
    ),
    Row(
        "the hour's requests are spent after the plan, and it ends soon",
        "apply",
        Expected(("waiting 3 min to stay within GitHub's rate limit", UPDATED)),
        _left(3, seconds=150),
    ),
    Row(
        "403, the token lacks Secrets: read",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no permission: GitHub accepts secrets=read",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  no permission: GitHub accepts secrets=read",
                "    fix: give the token that permission",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            0,
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
                "failed (FF320): no permission: GitHub accepts secrets=write",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  fix: give the token that permission",
                "Not all done: 0 created, 0 updated, 0 deleted, 2 failed, 0 blocked.",
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
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the organization's single sign-on must authorize this token",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  the organization's single sign-on must authorize this token",
                "    fix: open the settings of the token and authorize it for the organization",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            0,
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
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the organization's single sign-on must authorize this token",
                "! acme/web  ANTHROPIC_API_KEY  ci-key  the organization's single sign-on must authorize this token",
                "    fix: open the settings of the token and authorize it for the organization",
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
                "    fix: give the token that permission, and install its GitHub App on this repo",
                "No changes found; 2 blocked.",
                INCOMPLETE,
            ),
            0,
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
                'failed (FF320): no permission: "Resource not accessible by integration"',
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: give the token read and write permission for Secrets (classic: the scope repo), and its owner write access, and install its GitHub App on this repo",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _status(PUT_API, 403, message="Resource not accessible by integration"),
    ),
    Row(
        "403, the organization's IP allow list",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no permission: the organization's IP allow list does not have this address",
                "    fix: run it from an address on that list, or have this one added to it",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            0,
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
                "failed (FF320): no permission: the organization's IP allow list does not have this address",
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
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _revoked_at_the_first_write,
        more=("-j", "1"),
    ),
    Row("a public key that is not the repo's, once", "apply", Expected(), faults(KEY_API, Fault("", Kind.WRONG_KEY))),
    Row(
        "a public key that is not the repo's, always",
        "apply",
        Expected(
            (
                "failed (FF329): GitHub does not accept the sealed value, nor with the key fetched again",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again; if it stays, report it",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        faults(KEY_API, Fault("", Kind.WRONG_KEY, FOREVER)),
    ),
    Row(
        "a list whose JSON is cut, once",
        "plan",
        Expected(
            (
                "~ acme/api  ANTHROPIC_API_KEY  ci-key  value changed",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 2 to update, 0 to delete, 0 in sync.",
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        faults(LIST_API, Fault("", Kind.TRUNCATED)),
    ),
    Row(
        "a list whose JSON is cut, always",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: it answered 200 OK, which is not JSON",
                "    fix: run it again in a while",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        faults(LIST_API, Fault("", Kind.TRUNCATED, FOREVER)),
    ),
    Row(
        "a list whose JSON is cut, always",
        "apply",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: it answered 200 OK, which is not JSON",
                "    fix: run it again in a while",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        faults(LIST_API, Fault("", Kind.TRUNCATED, FOREVER)),
    ),
    Row(
        "an answer to a write whose JSON is cut, once",
        "apply",
        Expected((CREATED,)),
        faults(PUT_API, Fault("", Kind.TRUNCATED)),
        fresh=True,
    ),
    Row(
        "a list of secrets that is cut short",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the list was cut short: 1 of 3 came",
                "    fix: run it again; if it stays, use another token",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _cut(LIST_API),
    ),
    Row(
        "a list of secrets that is cut short",
        "apply",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the list was cut short: 1 of 3 came",
                "    fix: run it again; if it stays, use another token",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _cut(LIST_API),
    ),
    Row(
        "a list of secrets that is cut short after the write",
        "apply",
        Expected(
            (
                "unrecorded (FF340): written, but GitHub's list does not show it yet, so its time could not be recorded",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  why: the list was cut short: 1 of 3 came",
                "  fix: run plan again in a minute; it will write this secret once more",
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: update, write_interrupted; web: in sync",
        ),
        _cut_after_the_write,
    ),
    Row("a list of repos that is cut short", "apply", Expected(), faults("^GET /orgs/acme/repos", Fault("", Kind.CUT))),
    Row(
        "a list that single sign-on makes partial",
        "plan",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the list was cut short: single sign-on hides organizations from this token",
                "    fix: authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        faults(LIST_API, Fault("", Kind.PARTIAL, FOREVER)),
    ),
    Row(
        "a list that single sign-on makes partial",
        "apply",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the list was cut short: single sign-on hides organizations from this token",
                "    fix: authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        faults(LIST_API, Fault("", Kind.PARTIAL, FOREVER)),
    ),
    Row(
        "a list of repos that single sign-on makes partial",
        "apply",
        Expected(),
        faults("^GET /orgs/acme/repos", Fault("", Kind.PARTIAL)),
    ),
    Row("lists that lag behind a create", "apply", Expected((CREATED,)), _lag(Lag(reads=2)), fresh=True),
    Row("lists that lag behind an update", "apply", Expected(), _lag(Lag(reads=2))),
    Row("lists that lag for 20 s", "apply", Expected(), _lag(Lag(seconds=20))),
    Row(
        "lists that never show a create",
        "apply",
        Expected(
            (
                "unrecorded (FF340): written, but GitHub's list does not show it yet, so its time could not be recorded",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: GitHub's lists lag behind its writes at times",
                "  fix: run plan again in a minute; it will write this secret once more",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: create, write_interrupted; web: create, write_interrupted",
        ),
        _lag(Lag(reads=FOREVER)),
        fresh=True,
    ),
    Row(
        "lists that never show an update",
        "apply",
        Expected(
            (
                "unrecorded (FF340): written, but GitHub's list does not show it yet, so its time could not be recorded",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "    acme/web/actions/ANTHROPIC_API_KEY",
                "  why: GitHub's lists lag behind its writes at times",
                "  fix: run plan again in a minute; it will write this secret once more",
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 2 unrecorded.",
            ),
            5,
            BOTH_NEW,
            "api: update, write_interrupted; web: update, write_interrupted",
        ),
        _lag(Lag(reads=FOREVER)),
    ),
    Row(
        "our clock is a day slow",
        "plan",
        Expected(
            (
                "~ acme/api  ANTHROPIC_API_KEY  ci-key  value changed",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 2 to update, 0 to delete, 0 in sync.",
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _clock(DAY),
    ),
    Row("our clock is a day slow", "apply", Expected(), _clock(DAY)),
    Row(
        "our clock is a day fast",
        "plan",
        Expected(
            (
                "~ acme/api  ANTHROPIC_API_KEY  ci-key  value changed",
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "Plan: 0 to create, 2 to update, 0 to delete, 0 in sync.",
            ),
            0,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _clock(-DAY),
    ),
    Row("our clock is a day fast", "apply", Expected(), _clock(-DAY)),
)

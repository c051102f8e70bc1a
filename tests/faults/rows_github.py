"""GitHub's own faults: its errors, wrong keys, lists that lack something or lag, its clock."""

from datetime import UTC, datetime
from typing import Final

from flowforge.sandbox import Fault, Lag
from flowforge.sandbox import FaultKind as Kind
from tests.faults.bench import FOREVER, Bench
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_NEW,
    BOTH_OLD,
    CREATED,
    INCOMPLETE,
    NEW_STATE,
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
DAY: Final = 86_400


def _status(match: str, status: int, times: int = FOREVER, *, message: str = "", wait: int | None = None) -> Given:
    return faults(match, Fault("", Kind.STATUS, times, status=status, message=message, retry_after=wait))


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


def _rotated(given: Given) -> Given:
    """Replace the key of one repo, so that the remembered one is refused, before something else happens."""

    def both(bench: Bench) -> None:
        bench.world.replace_key("acme/api")
        given(bench)

    return both


def _runs(status: int, message: str = "") -> Given:
    def given(bench: Bench) -> None:
        bench.instead[datetime.fromtimestamp(bench.world.clock.now(), UTC).date().isoformat()] = "DAY"
        _status("^GET /repos/acme/api/actions/runs", status, message=message)(bench)

    return given


def _without_runs(why: str) -> Expected:
    """Return what a status says where the runs of one repo cannot be read: no false word of it, and all of the other."""
    lines = (
        "  ci-key  anthropic_api_key, from env ACME_KEY",
        "    in 2 places, value since DAY, no day of expiry known",
        "? acme/web/actions/ANTHROPIC_API_KEY  not run: no new run of a workflow that uses it ended since it was written",
        f"? acme/api/actions/ANTHROPIC_API_KEY  unknown: its runs cannot be read{why}",
        "2 secrets: 1 not run since, 1 unknown.",
    )
    return Expected(lines, 0, BOTH_OLD, BOTH_CHANGED)


ROWS: Final = (
    Row(
        "no permission for the runs of a repo",
        "status",
        _without_runs(
            ', which takes Actions: read (no permission: "Resource not accessible by personal access token")'
        ),
        _runs(403, "Resource not accessible by personal access token"),
    ),
    Row(
        "500 to every list of runs",
        "status",
        _without_runs(" (no usable answer in 4 tries: it answered 500 Internal Server Error)"),
        _runs(500),
    ),
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
            3,
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
        "a public key that is not the repo's, once",
        "apply",
        Expected((NEW_STATE, CREATED)),
        faults(KEY_API, Fault("", Kind.WRONG_KEY)),
        fresh=True,
    ),
    Row(
        "a public key that rotated, and one that is not the repo's from then on",
        "apply",
        Expected(
            (
                "failed (FF329): GitHub does not accept the encrypted value, even with the key fetched again",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again; if it stays, report it",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _rotated(faults(KEY_API, Fault("", Kind.WRONG_KEY, FOREVER))),
    ),
    Row(
        "a public key that rotated, and one of zero bytes from then on",
        "apply",
        Expected(
            (
                "failed (FF347): GitHub's public key for this place is not usable: nothing can be sealed with it",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again; if it stays, report it to GitHub, or check what stands between it and this machine",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _rotated(faults(KEY_API, Fault("", Kind.UNUSABLE_KEY, FOREVER))),
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
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "! acme/api  ANTHROPIC_API_KEY  ci-key  no usable answer in 4 tries: it answered 200 OK, which is not JSON",
                "    fix: run it again in a while",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
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
        Expected((NEW_STATE, CREATED)),
        faults(PUT_API, Fault("", Kind.TRUNCATED)),
        fresh=True,
    ),
    Row(
        "a list of secrets that is cut short",
        "plan",
        Expected(
            (
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the list was cut short: 1 of 3 came",
                "    fix: run it again; if it stays, use another token",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
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
                "  fix: run `flowforge plan` again in a minute; it will write this secret once more",
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
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the list was cut short: single sign-on hides organizations from this token",
                "    fix: authorize the token (FLOWFORGE_GITHUB_TOKEN) for single sign-on in its settings at GitHub, or use a GitHub App's token",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
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
                "    fix: authorize the token (FLOWFORGE_GITHUB_TOKEN) for single sign-on in its settings at GitHub, or use a GitHub App's token",
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
    Row("lists that lag behind a create", "apply", Expected((NEW_STATE, CREATED)), _lag(Lag(reads=2)), fresh=True),
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
                "  fix: run `flowforge plan` again in a minute; it will write this secret once more",
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
                "  fix: run `flowforge plan` again in a minute; it will write this secret once more",
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

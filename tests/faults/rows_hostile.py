"""A server that answers as no GitHub does: for ever, without measure, packed in itself, or with the token in it."""

import json
import re
import secrets
from typing import Final

from flowforge.sandbox.rules.access import Token
from fuzz.hostile.kinds import KINDS
from fuzz.hostile.large import repeated
from fuzz.hostile.server import Call, Chosen, Hostile, Kind
from tests.faults.bench import Bench
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_OLD,
    INCOMPLETE,
    WEB_ONLY_FAILED,
    Expected,
    Given,
    Row,
)

_PUT_API: Final = "^PUT /repos/acme/api/"
_LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?"


def hostile(match: str, kind: Kind) -> Given:
    """Put a server before GitHub that answers requests that match in its own way; seconds pass faster there."""

    def given(bench: Bench) -> None:
        def choose(call: Call) -> Chosen | None:
            return ("hostile", kind) if re.search(match, call.line) else None

        server = bench.injected.enter_context(Hostile(bench.sandbox.url, choose))
        bench.environ("GITHUB_API_URL", server.url)
        bench.environ("FLOWFORGE_DEADLINE_SCALE", "60")  # so an exchange may take a second
        struck = server.exchanges
        bench.awaited.append(lambda: [] if any(each.kind == "hostile" for each in struck) else [match])

    return given


def _many_values(call: Call) -> None:
    call.stream(repeated(b"{}", 3_000_000))


def _much(call: Call) -> None:
    call.stream(repeated(b"{}", 31_000_000))


def _echo(call: Call) -> None:
    """Refuse, with the token in all that is said."""
    body = json.dumps({"message": f"no access for {call.token}", "documentation_url": f"https://x/{call.token}"})
    head = f"HTTP/1.1 403 {call.token}\r\nX-OAuth-Scopes: {call.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    call.say(head.encode() + body.encode())


def _echoing(match: str) -> Given:
    """Send the token back, one that looks like none of GitHub's."""

    def given(bench: Bench) -> None:
        token = secrets.token_hex(20)
        bench.world.add_token(token, Token())
        bench.environ("FLOWFORGE_GITHUB_TOKEN", token)
        hostile(match, _echo)(bench)

    return given


def _read(fault: str, kind: Kind, why: str, fix: str = "run it again in a while") -> Row:
    """Make the row of an answer to a read that is given up."""
    printed = (
        "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
        f"! acme/api  ANTHROPIC_API_KEY  ci-key  {why}",
        f"    fix: {fix}",
        "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
        INCOMPLETE,
    )
    return Row(fault, "plan", Expected(printed, 3, BOTH_OLD, BOTH_CHANGED), hostile(_LIST_API, kind))


_TWICE: Final = "no usable answer in 2 tries: no whole answer within 60 s"
_ASK: Final = "do what GitHub says, or ask an owner of the repo or organization"

ROWS: Final = (
    _read("headers that come a byte at a time, for ever", KINDS["slow_headers"], _TWICE),
    _read("`100 Continue` for ever", KINDS["continue"], _TWICE),
    _read("a body that does not end in time", KINDS["slow_body"], _TWICE),
    _read("gzip whose blocks are empty, for ever", KINDS["empty_gzip"], _TWICE),
    Row(
        "`100 Continue` for ever, to a write",
        "apply",
        Expected(
            (
                f"failed (FF328): {_TWICE}",
                "    acme/api/actions/ANTHROPIC_API_KEY",
                "  fix: run it again in a while",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, write_interrupted; web: in sync",
        ),
        hostile(_PUT_API, KINDS["continue"]),
    ),
    _read(
        "gzip in gzip, 2 KB that come to a gigabyte",
        KINDS["gzip_in_gzip"],
        "no usable answer in 4 tries: an answer in a coding that was not asked for",
    ),
    _read("gzip of 100 MB in 100 KB", KINDS["gzip_bomb"], "no usable answer in 4 tries: an answer of more than 4 MB"),
    _read("JSON of 31 MB", _much, "no usable answer in 4 tries: an answer of more than 4 MB"),
    _read(
        "JSON of a million empty objects",
        _many_values,
        "no usable answer in 4 tries: an answer of more than 50,000 values",
    ),
    Row(
        "the token, sent back in a refusal to read",
        "plan",
        Expected(
            (
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                '! acme/api  ANTHROPIC_API_KEY  ci-key  GitHub refuses it: "[redacted]"',
                f"    fix: {_ASK}",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _echoing(_LIST_API),
    ),
    Row(
        "the token, sent back in a refusal to write",
        "apply",
        Expected(
            (
                'failed (FF350): GitHub refuses it: "[redacted]"',
                "    acme/api/actions/ANTHROPIC_API_KEY",
                f"  fix: {_ASK}",
                WEB_ONLY_FAILED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _echoing(_PUT_API),
    ),
)

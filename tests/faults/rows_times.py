"""What the state remembers of keys and times that GitHub has not shown: keys that are no more, times left to a list."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from flowforge.github.pacer import Pacer
from flowforge.sandbox import Fault, Lag
from flowforge.sandbox import FaultKind as Kind
from flowforge.state import codec
from tests.faults.bench import FOREVER, SECRET, Bench, Done
from tests.faults.row import (
    BOTH_NEW,
    INCOMPLETE,
    UPDATED,
    WEB_ONLY_BLOCKED,
    Act,
    Expected,
    Given,
    Row,
)
from tests.faults.rows_state import killed

PUT_API: Final = "^PUT /repos/acme/api/"
PUT_WEB: Final = "^PUT /repos/acme/web/"
LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?"
LIST_WEB: Final = r"^GET /repos/acme/web/actions/secrets\?"
ONE_BY_ONE: Final = ("-j", "1")
_FULL: Final = (
    "from flowforge.__main__ import main; from flowforge.github.pacer import Pacer; "
    "Pacer.has_room = lambda *_: False; raise SystemExit(main())"
)
_LEFT: Final = (
    "warning: GitHub's times of the last writes are left to the next run: GitHub asks to wait 61 min, longer than the "
    "15 min that --max-wait allows; run it again after that time, or allow it with --max-wait"
)
_REVOKED: Final = (
    "warning: GitHub's times of the last writes are left to the next run: GitHub does not accept the token; check that it "
    "is whole, not expired, not revoked, and made for this host"
)


def _at_the_limit(bench: Bench) -> None:
    """Let no list fit in beside the writes."""
    bench.attribute(Pacer, "has_room", lambda *_: False)


def _lagging(bench: Bench) -> None:
    _at_the_limit(bench)
    bench.world.settings.lag = Lag(reads=FOREVER)


def _edited(seconds: int) -> Act:
    """Let somebody write the secret so many seconds after it was written, before the next plan."""

    def act(bench: Bench, args: tuple[str, ...]) -> Done:
        done = bench.run(*args)
        scope = bench.world.directory["acme/api"].actions
        bench.values["theirs"] = "somebody else's"
        scope.put(SECRET, b"somebody else's", at=scope.latest + seconds, lag=Lag())
        return done

    return act


def _killed_at_the_limit(bench: Bench, args: tuple[str, ...]) -> Done:
    return killed(bench, (sys.executable, "-c", _FULL, *args), PUT_WEB)


def _remembers(key: Callable[[str], str]) -> Given:
    """Let the state, which is not signed, have other public keys."""

    def given(bench: Bench) -> None:
        state = codec.decode(bench.state.read_bytes(), str(bench.state)).state
        records = {each: replace(one, public_key=key(one.public_key)) for each, one in state.records.items()}
        bench.state.write_bytes(codec.encode(replace(state, records=records))[0])

    return given


def _revoked_after_the_write(bench: Bench) -> None:
    token = bench.world.tokens.tokens[bench.sandbox.token]
    bench.when(PUT_API, lambda: bench.world.revoke_token(bench.sandbox.token))
    bench.injected.callback(bench.world.add_token, bench.sandbox.token, token)


def _refused_lists(match: str, after: str) -> Given:
    """Let GitHub refuse a list for an hour, from a write on."""
    fault = Fault("", Kind.STATUS, FOREVER, status=429, retry_after=3600)
    return lambda bench: bench.when(after, lambda: bench.fault(match, fault))


def _made_again(bench: Bench) -> None:
    for number in (bench.world.directory["acme/api"].id, bench.world.recreate_repo("acme/api")):
        bench.instead[str(number)] = "ID"


def _forgotten(bench: Bench) -> None:
    assert 0 == bench.run("state", "forget", "acme/api", "--yes").code


ROWS: Final = (
    Row("every public key rotated", "apply", Expected(), lambda bench: bench.world.rotate_keys()),
    Row("a public key was replaced under the same id", "apply", Expected(), lambda b: b.world.replace_key("acme/api")),
    Row(
        "the state remembers a public key of somebody else's",
        "apply",
        Expected(),
        _remembers(lambda key: f"{key.partition(':')[0]}:hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="),
    ),
    Row(
        "the state remembers a public key with which nothing can be sealed",
        "apply",
        Expected(),
        _remembers(lambda key: f"{key.partition(':')[0]}:{'A' * 43}="),
    ),
    Row(
        "a repo was made again, and the state remembers the key of the one before",
        "apply",
        Expected(
            (
                "! acme/api  ANTHROPIC_API_KEY  ci-key  another repo now has this name: its id is ID, the state recorded ID",
                "    fix: if the new repo should have this secret: `flowforge state forget acme/api`, then apply",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            ("nothing", "new"),
            "api: blocked, unreadable; web: in sync",
        ),
        _made_again,
        repair=_forgotten,
    ),
    Row("the limits leave no room for lists", "apply", Expected(), _at_the_limit),
    Row(
        "lists that never show an update, and no room for lists",
        "apply",
        Expected((UPDATED,), 0, BOTH_NEW, "api: update, write_interrupted; web: update, write_interrupted"),
        _lagging,
    ),
    Row(
        "somebody writes 10 s after us, and no list has shown our time",
        "apply",
        Expected((UPDATED,), 0, ("theirs", "new"), "api: update, changed_outside; web: in sync"),
        _at_the_limit,
        _edited(10),
    ),
    Row(
        "somebody writes 2 s after us, which no list can tell from ours",
        "apply",
        Expected((UPDATED,), 0, ("theirs", "new")),
        _at_the_limit,
        _edited(2),
    ),
    Row(
        "kill -9 after a write whose time no list has shown",
        "apply",
        Expected((), -9, BOTH_NEW, "api: in sync; web: update, write_interrupted"),
        act=_killed_at_the_limit,
        more=ONE_BY_ONE,
    ),
    Row(
        "429 with retry-after of an hour to the list after a write",
        "apply",
        Expected(
            (
                _LEFT,
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 not done.",
            ),
            3,
            ("new", "old"),
            "api: in sync; web: update, value_changed",
        ),
        _refused_lists(LIST_API, PUT_API),
        more=ONE_BY_ONE,
    ),
    Row(
        "401, the token is revoked between a write and its list",
        "apply",
        Expected(
            (
                _REVOKED,
                "Not all done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked, 1 not done.",
            ),
            3,
            ("new", "old"),
            "api: in sync; web: update, value_changed",
        ),
        _revoked_after_the_write,
        more=ONE_BY_ONE,
    ),
    Row(
        "429 with retry-after of an hour to the list after the last write",
        "apply",
        Expected((_LEFT, UPDATED)),
        _refused_lists(LIST_WEB, PUT_WEB),
        more=ONE_BY_ONE,
    ),
)

"""The old key: how it is known, when it is quiet by a report of unknown lag, and what switches it off."""

import ast
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowforge.errors import SourceError, TrustError, Where
from flowforge.plan.address import Address
from flowforge.plan.facts import Known, Presence, Record, Remembered, Wanted
from flowforge.sandbox import Fault, FaultKind
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.old_key import (
    Grounds,
    OldKey,
    Quiet,
    admin_api,
    deactivate,
    known_old_key,
    quiet_for,
    refusal_to_deactivate,
)
from flowforge.steps.rotate.remains import ValuesOfToday, may_hold
from flowforge.vault import SecretValue, Vault
from tests.cli.verifying import ADMIN
from tests.made_up import letters
from tests.steps.rotate.stage import HERE, HOUR, Stage, opened, recorded

NEW = "hmac-sha256:new"
PACKAGE = Path(__file__).parents[3] / "flowforge"
YES = Consent("ci-key")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Serve one."""
    with opened() as stage:
        yield stage


# Which key it is


def test_by_its_recorded_id(stage: Stage) -> None:
    """The one id that records have is it, and Anthropic tells its name, status and hint."""
    found = known_old_key(stage.admin, [stage.old_id], None)
    hint = f"{stage.old[:16]}...{stage.old[-4:]}"
    assert OldKey(stage.old_id, "old", "active", hint) == found


def test_by_the_id_that_is_given(stage: Stage) -> None:
    """What a person names comes first."""
    found = known_old_key(stage.admin, [stage.new_id], stage.old_id)
    assert found is not None
    assert (stage.old_id, "old") == (found.id, found.name)


def test_never_by_elimination(stage: Stage) -> None:
    """With no id, or with two, it is not known, however few keys there are; nobody is asked."""
    assert [None, None] == [
        known_old_key(stage.admin, recorded, None) for recorded in ([], [stage.old_id, stage.new_id])
    ]
    assert [] == stage.sent


@pytest.mark.parametrize("given", ["apikey_", "apikey_1/../../users", "old", "sk-ant-api03-x", "apikey_é"])
def test_what_is_no_id(stage: Stage, given: str) -> None:
    """It is refused before anybody is asked."""
    with pytest.raises(SourceError) as caught:
        known_old_key(stage.admin, [], given)
    (problem,) = caught.value.problems
    assert ("FF295", "--old-key", []) == (problem.code, problem.where, stage.sent)


def test_one_that_anthropic_does_not_know(stage: Stage) -> None:
    """Of a key of nobody's, or where the answer is no key, only the id is known."""
    found = [known_old_key(stage.admin, [], "apikey_0")]
    stage.sandbox.world.faults.add(Fault("api_keys/", FaultKind.STATUS, status=529))
    found.append(known_old_key(stage.admin, [], stage.old_id))
    stage.sandbox.world.faults.add(Fault("api_keys/", FaultKind.RESET_BEFORE))
    found.append(known_old_key(stage.admin, [], stage.old_id))
    assert [
        OldKey("apikey_0", trouble="404 not_found_error"),
        OldKey(stage.old_id, trouble="529 overloaded_error"),
        OldKey(stage.old_id, trouble="the connection broke"),
    ] == found


# Who may ask


def test_without_an_admin_key(stage: Stage) -> None:
    """There is nobody to ask; and for a pull request the Admin key is not read, even if it is none."""
    event = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}
    for environ in ({**stage.environ, ADMIN: ""}, {**stage.environ, **event, ADMIN: "no key"}):
        with admin_api(environ) as found:
            assert found is None


@pytest.mark.parametrize(
    ("variable", "text", "error"),
    [(ADMIN, f"sk-ant-oat01-{letters(95)}", SourceError), ("FLOWFORGE_ALLOWED_VERIFY_HOSTS", "", TrustError)],
)
def test_what_it_is_not_sent_with(stage: Stage, variable: str, text: str, error: type[Exception]) -> None:
    """Another key, and a host that the operator does not allow, end it before anything is sent."""
    with pytest.raises(error), admin_api({**stage.environ, variable: text}):
        pass
    assert [] == stage.sent


# Whether it is quiet


def told(stage: Stage, hours: float = 24) -> tuple[bool, str, str]:
    """Ask, and give the answer with times as hours from the sandbox's full hour."""
    found = quiet_for(stage.admin, stage.key(), hours)
    assert found.key_id == stage.old_id
    return found.quiet, relative(stage, found.said), relative(stage, found.again_at)


def relative(stage: Stage, text: str) -> str:
    """Write times as hours from the sandbox's full hour."""
    now = stage.sandbox.world.clock.now()
    for hours in range(-100, 100):
        text = text.replace(_at(now - now % HOUR + hours * HOUR), f"{hours:+d}h")
    return text


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_quiet_key(stage: Stage) -> None:
    """No use for so many whole hours, in a report that shows the new key's use since: it is quiet."""
    stage.use(old=25.6, new=0.0)
    assert (True, "no use of it is reported from -25h to -1h", "") == told(stage)


@pytest.mark.parametrize(
    ("ago", "said", "again"),
    [
        (0, "+0h and +1h", "+26h"),
        (1, "-1h and +0h", "+25h"),
        (20, "-20h and -19h", "+6h"),
        (25, "-25h and -24h", "+1h"),
    ],
)
def test_a_key_in_use(stage: Stage, ago: float, said: str, again: str) -> None:
    """Any use in those hours, or since, is told with the time from which it may be quiet."""
    stage.use(old=ago)
    assert (False, f"it was used between {said}", again) == told(stage)


def test_again_at_is_right(stage: Stage) -> None:
    """At the time that is told it is quiet, if nothing happened, and not a moment before."""
    stage.use(old=3)
    _, _, again = told(stage)
    world = stage.sandbox.world
    world.clock.advance(int(again.removesuffix("h")) * HOUR - HOUR / 2 - 60)
    stage.use()
    before = told(stage)[0]
    world.clock.advance(61)
    stage.use()
    assert ("+23h", False, True) == (again, before, told(stage)[0])


@pytest.mark.parametrize("lag", [0.5, 2, 3, 30, 300])
def test_a_report_that_is_late(stage: Stage, lag: float) -> None:
    """However late it is: a key that is in use is never quiet, since the report shows nobody's use of late."""
    stage.sandbox.world.settings.usage_lag = lag * HOUR
    for hours in range(400):
        stage.use(old=hours, new=hours)
    quiet, said, _ = told(stage)
    assert not quiet
    late = said.startswith("the report of usage may be late: it shows no use by anybody since")
    assert (lag >= 30, lag < 30) == (late, said.startswith("it was used between"))


def test_a_late_report_of_a_quiet_key(stage: Stage) -> None:
    """It is told as late, with the next hour; with a report that came so far the same key is quiet."""
    stage.sandbox.world.settings.usage_lag = 5 * HOUR
    for hours in range(30):
        stage.use(new=hours)
    late = told(stage)
    stage.sandbox.world.settings.usage_lag = 300
    assert (False, "the report of usage may be late: it shows no use by anybody since -1h", "+1h") == late
    assert told(stage)[0]


def test_nobody_uses_anything(stage: Stage) -> None:
    """Silence of all keys cannot be told from a report that is late."""
    stage.use(new=None)
    assert (False, "+1h") == (told(stage)[0], told(stage)[2])


def test_pages_of_usage(stage: Stage) -> None:
    """A report of many pages is read to its end: a use on the last one counts."""
    stage.sandbox.world.settings.per_page = 4
    stage.use(old=0)
    first = told(stage)
    assert (False, "it was used between +0h and +1h") == first[:2]
    asked = [each.target for each in stage.sent if "usage_report" in each.target]
    assert 7 == len(asked)


@pytest.mark.parametrize("which", ["/apikey_", "group_by", "limit=168$"])
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault("", FaultKind.STATUS, status=403), "403 permission_error"),
        (Fault("", FaultKind.STATUS, status=500), "500 api_error"),
        (Fault("", FaultKind.RESET_BEFORE), "the connection broke"),
        (Fault("", FaultKind.PROXY), "200 with a page, which is not Anthropic's"),
        (Fault("", FaultKind.TRUNCATED), "200 without "),
    ],
    ids=lambda each: str(each.kind) if isinstance(each, Fault) else "",
)
def test_usage_that_cannot_be_read(stage: Stage, which: str, fault: Fault, why: str) -> None:
    """Whichever of its requests fails, and however: it is not quiet, and says why."""
    stage.use(new=0)
    key = stage.key()
    stage.sandbox.world.faults.add(replace(fault, match=which))
    found = quiet_for(stage.admin, key, 24)
    assert (False, True) == (found.quiet, found.said.startswith(f"its usage cannot be read ({why}"))


@pytest.mark.parametrize("hours", [0, -1, 24 * 366, float("nan")])
def test_hours_that_are_none(stage: Stage, hours: float) -> None:
    """No hours would be a window in which nothing can have happened."""
    with pytest.raises(ValueError, match="hours"):
        quiet_for(stage.admin, stage.key(), hours)


# Whether it is switched off


def today(value: str) -> ValuesOfToday:
    """Return one value of today."""
    vault = Vault()
    vault.put(NEW, SecretValue(value))
    return ValuesOfToday.of([Wanted(HERE, Presence.PRESENT, "T", Where("m"), "ci-key", value=Known(NEW))], vault)


def grounds(stage: Stage) -> Grounds:
    """Return all that speaks for switching it off."""
    quiet = Quiet(stage.old_id, quiet=True, said="")
    return Grounds(stage.old_id, today(stage.new), (), quiet, YES)


def test_it_is_switched_off(stage: Stage) -> None:
    """One request makes the key inactive, and a person can make it active again."""
    assert deactivate(stage.admin, stage.key(), grounds(stage)) is None
    (post,) = stage.posts()
    assert ("POST", f"/v1/organizations/api_keys/{stage.old_id}", b'{"status":"inactive"}', "inactive") == (
        post.method,
        post.target,
        post.body,
        stage.status(),
    )


def test_by_default_nothing_speaks_for_it(stage: Stage) -> None:
    """Whoever forgets to look at something is refused, with everything that is missing."""
    problem = deactivate(stage.admin, stage.key(), Grounds())
    assert problem is not None
    assert ("FF296", 5, []) == (problem.code, len(problem.why.split("; ")), stage.posts())


@pytest.mark.parametrize("status", ["inactive", "archived", "expired"])
def test_it_is_off_already(stage: Stage, status: str) -> None:
    """A key that somebody else switched off meanwhile is off, and nothing is sent."""
    key = stage.key()
    stage.sandbox.world.set_anthropic_key(stage.old, status)
    assert deactivate(stage.admin, key, grounds(stage)) is None
    assert [] == stage.posts()


@pytest.mark.parametrize(
    ("fault", "off"),
    [
        (Fault("^POST", FaultKind.STATUS, status=403), False),
        (Fault("^POST", FaultKind.STATUS, status=529), False),
        (Fault("^POST", FaultKind.RESET_BEFORE), False),
        (Fault("^POST", FaultKind.RESET_AFTER), True),
        (Fault("^GET", FaultKind.STATUS, status=500), False),
    ],
    ids=lambda each: f"{each.match} {each.kind}" if isinstance(each, Fault) else "",
)
def test_whether_it_is_off(stage: Stage, fault: Fault, off: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """What is said is so: a refusal is told, and an answer that got lost is asked for. It is sent at most once."""
    key = stage.key()
    stage.sandbox.world.faults.add(fault)
    problem = deactivate(stage.admin, key, grounds(stage))
    assert (off, off) == (problem is None, stage.status() == "inactive")
    assert problem is None or problem.code == "FF297"
    assert len(stage.posts()) <= 1


def test_a_person_who_reads_why(stage: Stage) -> None:
    """All reasons are told at once."""
    places = tuple(replace(HERE, secret=f"KEY_{number}") for number in range(1, 6))
    quiet = Quiet(stage.old_id, quiet=False, said="it was used between A and B")
    problem = refusal_to_deactivate(stage.key(), Grounds("apikey_other", today(stage.old), places, quiet, YES))
    assert problem is not None
    assert (
        "--deactivate does not name it; the value of credential ci-key begins and ends as it does, and may be it; "
        "it may still be in acme/api/actions/KEY_1, acme/api/actions/KEY_2, acme/api/actions/KEY_3 and 2 more; "
        "it was used between A and B"
    ) == problem.why


# The law: every combination of what may be named, what the values of today are, what places hold, what usage says.

NAMED: dict[str, Callable[[Stage], str]] = {
    "it is named": lambda stage: stage.old_id,
    "nothing is named": lambda _: "",
    "the new one is named": lambda stage: stage.new_id,
    "in other letters": lambda stage: stage.old_id.upper(),
}
VALUES: dict[str, Callable[[Stage], ValuesOfToday | None]] = {
    "another value": lambda stage: today(stage.new),
    "the value": lambda stage: today(stage.old),
    "one with its hint": lambda stage: today(f"{stage.old[:16]}{letters(85)}{stage.old[-7:]}"),
    "a value unread": lambda stage: replace(today(stage.new), unread=("credential other",)),
    "nothing read": lambda _: None,
}
PLACES: dict[str, dict[Address, Remembered] | None] = {
    "another value there": {HERE: Remembered(recorded())},
    "another key there": {HERE: Remembered(recorded("apikey_new", "hmac-sha256:else"))},
    "the key there": {HERE: Remembered(recorded("OLD"))},
    "an unknown value there": {HERE: Remembered(recorded(fingerprint="hmac-sha256:old"))},
    "a write interrupted": {HERE: Remembered(recorded(), pending=True)},
    "adopted": {HERE: Remembered(replace(recorded(), adopted=True))},
    "changed outside": {HERE: Remembered(replace(recorded(), drifted_at="2026-11-23T08:00:00Z"))},
    "nobody looked": None,
}
USAGE = ("quiet", "in use", "refused", "late", "cut short", "of the new one", "not asked")
HINTS = ("known", "unknown")
GOOD = {"it is named", "another value", "another value there", "another key there", "quiet", "known"}
CASES = [*itertools.product(NAMED, VALUES, PLACES, USAGE, HINTS)]


def usage(stage: Stage, which: str) -> Quiet | None:
    """Let usage be so, and ask for it."""
    world, key = stage.sandbox.world, stage.key()
    stage.use(old=0 if which == "in use" else None, new=None if which == "late" else 0)
    if which in {"refused", "cut short"}:
        kind = FaultKind.STATUS if which == "refused" else FaultKind.TRUNCATED
        world.faults.add(Fault("usage_report", kind, status=403, times=1))
    if which == "of the new one":
        world.anthropic_keys[stage.new].uses.clear()
        world.use_anthropic_key(stage.old)
        key = replace(key, id=stage.new_id)
    found = None if which == "not asked" else quiet_for(stage.admin, key, 24)
    for each in world.anthropic_keys.values():
        each.uses.clear()
    return found


@pytest.mark.parametrize("which", USAGE)
def test_the_law(stage: Stage, which: str) -> None:
    """A key is switched off where everything speaks for it, and in no other case is a request sent that does it."""
    quiet, key = usage(stage, which), stage.key()
    for case in CASES:
        named, value, place, asked, hint = case
        if asked != which:
            continue
        stage.sandbox.world.set_anthropic_key(stage.old, "active")
        values, held = VALUES[value](stage), PLACES[place]
        remembered = {
            address: replace(each, record=each.record and _named(each.record, stage))
            for address, each in (held or {}).items()
        }
        places = None if held is None else may_hold(remembered, values or today(stage.new), stage.old_id)
        known = key if hint == "known" else replace(key, hint="", status="")
        sent = len(stage.posts())
        problem = deactivate(stage.admin, known, Grounds(NAMED[named](stage), values, places, quiet, YES))
        off = {*case} <= GOOD
        assert (off, off, int(off)) == (
            problem is None,
            stage.status() == "inactive",
            len(stage.posts()) - sent,
        ), case
        assert off or (problem is not None and problem.code == "FF296"), case


def _named(record: Record, stage: Stage) -> Record:
    return replace(record, api_key_id=stage.old_id) if record.api_key_id == "OLD" else record


def test_nothing_else_sends_it() -> None:
    """In the whole package one function asks for that request, `deactivate`, and one place writes its method."""
    asking, writing = set(), set()
    for path in PACKAGE.rglob("*.py"):
        text, within = path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix()
        if "switch_off" in text or within.startswith("anthropic/"):
            for function, name in _named_in(ast.parse(text)):
                asking |= {f"{within} {function}"} if name == "switch_off" else set()
                writing |= {f"{within} {function}"} if name == "POST" else set()
    assert {"anthropic/admin.py switch_off", "steps/rotate/old_key.py deactivate"} == asking
    assert {"anthropic/exchange.py switch_off"} == writing


def _named_in(tree: ast.Module) -> Iterator[tuple[str, object]]:
    """Yield the names, members and texts in each function, with the function's name; of the module itself as `""`."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inner = {id(node) for function in functions for node in ast.walk(function)}
    alone = [node for node in ast.walk(tree) if id(node) not in inner]
    for name, nodes in [("", alone), *((each.name, [*ast.walk(each)]) for each in functions)]:
        for node in nodes:
            match node:
                case ast.Name(id=found) | ast.Attribute(attr=found) | ast.Constant(value=found):
                    yield name, found

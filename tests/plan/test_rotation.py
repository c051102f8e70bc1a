"""What waits for a rotation: over everything that can be known of a line, no run spreads what the walk has not."""

from dataclasses import replace

import pytest

from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.facts import Known
from flowforge.plan.rotation import Proof, Rotation, waits
from tests.plan.every_line import HERE, ORG, decisions

NEW = "hmac-sha256:bb"
ELSEWHERE = Address(Scope(Repo.parse("acme/elsewhere")), HERE.secret)
REACHED = Rotation(NEW, "2026-03-01T10:00:00Z", reached={HERE: 1, ORG: 1})
AHEAD = replace(REACHED, reached={ELSEWHERE: 1})
LINES = [change for change in decisions() if change.access is None]


def writes(change: Change, value: str | None = None) -> bool:
    """Return whether a line would write a value: this one, or any."""
    known = change.wanted.value if change.wanted else None
    fits = value is None or (isinstance(known, Known) and known.fingerprint == value)
    return change.action in {Action.CREATE, Action.UPDATE} and fits


def test_nothing_is_written_where_the_walk_has_not_come() -> None:
    """No create and no update is left of a credential that is on its way; and what wrote nothing is as it was."""
    waiting = [(line, waits(line, {"ci-key": AHEAD})) for line in LINES]
    assert [] == [after for _, after in waiting if writes(after)]
    assert [] == [before for before, after in waiting if not writes(before) and before != after]
    assert any(after.reason is Reason.ROTATING for _, after in waiting)


def test_where_it_has_come_none_but_its_value_is_written() -> None:
    """A nightly apply may write the rotation's value there once more, such as over drift, and no other one."""
    waiting = [(line, waits(line, {"ci-key": REACHED})) for line in LINES]
    assert [before for before, _ in waiting if writes(before, NEW)] == [
        after for _, after in waiting if writes(after, NEW)
    ]
    others = [after for _, after in waiting if writes(after) and isinstance(after.wanted and after.wanted.value, Known)]
    assert [] == [after for after in others if not writes(after, NEW)]


def test_a_rotation_at_once_holds_up_nothing_but_another_value() -> None:
    """What leaked is to be replaced by whoever comes first; a source that has another value waits for the command."""
    held = [(line, waits(line, {"ci-key": replace(AHEAD, at_once=True)})) for line in LINES]
    assert [before for before, _ in held if writes(before, NEW)] == [after for _, after in held if writes(after, NEW)]
    blocked = [after for before, after in held if before != after]
    assert blocked
    assert all("`flowforge rotate ci-key --now` goes on with it" in after.remedy for after in blocked)


def test_the_canary_stands_in_the_command() -> None:
    """As it was asked for, quoted for a shell."""
    line = next(line for line in LINES if writes(line))
    held = waits(line, {"ci-key": replace(AHEAD, proof=Proof("1,rest", command="./smoke 'a b'", timeout=90))})
    command = "--batch 1,rest --canary-command './smoke '\"'\"'a b'\"'\"'' --canary-timeout 90s"
    assert f"`flowforge rotate ci-key {command}` goes on" in held.remedy


def test_no_other_credential_waits() -> None:
    """A rotation of another credential, or none, changes no line."""
    for rotations in ({}, {"other": AHEAD}):
        assert LINES == [waits(line, rotations) for line in LINES]


@pytest.mark.parametrize("name", ["ci-key", "a key's"])
def test_both_commands_are_named(name: str) -> None:
    """As they can be pasted into a shell, whatever the credential is called."""
    line = next(line for line in LINES if writes(line))
    assert line.wanted is not None
    held = waits(replace(line, wanted=replace(line.wanted, credential=name)), {name: AHEAD})
    shown = "ci-key" if name == "ci-key" else "'a key'\"'\"'s'"
    assert f"`flowforge rotate {shown}` goes on" in held.remedy
    assert f"`flowforge rotate {shown} --back` takes it back" in held.remedy


def test_what_is_held_is_whole() -> None:
    """A line that waits says why, makes no environment, and is nothing else than it was."""
    line = replace(next(line for line in LINES if writes(line)), makes_environment=True)
    held = waits(line, {"ci-key": AHEAD})
    expected = replace(
        line,
        action=Action.BLOCKED,
        reason=Reason.ROTATING,
        detail="it has not come here yet (ci-key, since 2026-03-01T10:00:00Z)",
        fix=held.fix,
        makes_environment=False,
    )
    assert expected == held


def test_what_a_batch_wrote() -> None:
    """A walk begins with no batch proven; each batch has what it reached, and no other's."""
    walk = replace(REACHED, reached={HERE: 1, ORG: 2, ELSEWHERE: 2})
    assert (0, frozenset({HERE}), frozenset({ORG, ELSEWHERE}), frozenset()) == (
        walk.proven,
        *(walk.of_batch(number) for number in (1, 2, 3)),
    )

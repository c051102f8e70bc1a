"""Whether a rotation is over: over all that the state may keep of one place, in sight or not."""

import itertools
from dataclasses import replace
from typing import Final

import pytest

from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import UNKNOWN, Record
from flowforge.plan.rotation import Rotation
from flowforge.state.model import State
from flowforge.steps.rotate.standing import backward_standing, onward_standing
from flowforge.steps.rotate.walk import Walk

OLD, NEW, THIRD = "hmac-sha256:01", "hmac-sha256:02", "hmac-sha256:03"
TIME: Final = "2026-03-01T10:00:00Z"
HERE, THERE = (Address(Scope(Repo.parse(f"acme/{name}")), "KEY") for name in ("here", "there"))
ROTATION: Final = Rotation(NEW, TIME, (OLD,), 1, {HERE: 1})


def state(there: str | None, *, pending: bool = False, credential: str = "ci-key") -> State:
    """Return a state in which one place holds the new value, and the other one this; None for no record."""
    new = Record(NEW, TIME, "ci-key", 1, TIME, TIME, adopted=False)
    records = {HERE: new, **({THERE: replace(new, fingerprint=there, credential=credential)} if there else {})}
    return replace(State.fresh(), records=records, pending={THERE: NEW} if pending else {})


CASES: Final = list(itertools.product((None, OLD, NEW, THIRD, UNKNOWN), (False, True), (False, True), (0, 1, 2)))


@pytest.mark.parametrize(("there", "pending", "seen", "batch"), CASES)
def test_the_way_on(there: str | None, pending: bool, seen: bool, batch: int) -> None:  # noqa: FBT001 -- parameters of the test
    """It is over only where the other place is known to hold the new value, or nothing where nobody wants it."""
    walk = Walk((HERE, THERE) if seen else (HERE,), NEW)
    rotation = replace(ROTATION, reached={HERE: 1, **({THERE: batch} if batch else {})})
    found = onward_standing(walk, rotation, state(there, pending=pending), "ci-key")
    touched = there is not None or batch or seen
    well = not (pending and touched) and (there == NEW or (there is None and not seen))
    unproven = batch > 1 and (pending or there in {NEW, UNKNOWN})
    assert (well and not unproven, not well) == (found.is_over, THERE in found.exposed)
    assert onward_standing(walk, rotation, state(there, pending=pending), "ci-key", proves=False).is_over == well
    assert not onward_standing(walk, rotation, state(there, pending=pending), "ci-key", unresolved=True).is_over
    assert not onward_standing(walk, rotation, state(there, pending=pending), "ci-key", changed=[HERE]).is_over


@pytest.mark.parametrize(("there", "pending", "seen", "batch"), CASES)
def test_the_way_back(there: str | None, pending: bool, seen: bool, batch: int) -> None:  # noqa: FBT001 -- as above
    """It is over only where nothing that the walk reached may hold the new value, whether the run sees it or not."""
    reached = {THERE: batch} if batch else {}
    walk = Walk((THERE,) if seen and batch else (), OLD)
    found = backward_standing(walk, replace(ROTATION, reached=reached), state(there, pending=pending))
    safe = not pending and (there == OLD if seen else there not in {NEW, UNKNOWN})
    assert (not batch or safe) == found.is_over
    assert found.is_over == (found.exposed == ())


@pytest.mark.parametrize(("there", "same"), [(OLD, True), (NEW, False), (THIRD, False), (UNKNOWN, False)])
def test_another_credential(there: str, same: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """One with the old value is exposed, and holds the rotation open for nobody: this command would not write it."""
    found = onward_standing(Walk((HERE,), NEW), ROTATION, state(there, credential="other"), "ci-key")
    assert ((THERE,) if same else (), True) == (found.exposed, found.is_over)

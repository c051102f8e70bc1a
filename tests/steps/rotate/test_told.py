"""The exit code of a rotation: well only where all is written, over, and nothing of the old value is left."""

from dataclasses import replace

import pytest

from flowforge.errors import ExitCode
from flowforge.run.rotation_told import Ended
from tests.steps.rotate.test_walk import A

WELL = Ended(finished=True)


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        (Ended(), ExitCode.PARTIAL),
        (WELL, ExitCode.DONE),
        (replace(WELL, exposed=(A,)), ExitCode.PARTIAL),
        (replace(WELL, unresolved=True), ExitCode.PARTIAL),
        (replace(WELL, interrupted=True), ExitCode.INTERRUPTED),
        (Ended(interrupted=True), ExitCode.INTERRUPTED),
    ],
)
def test_how_it_ended(ended: Ended, code: ExitCode) -> None:
    """What was interrupted says so first; what is not whole is partial."""
    assert code is ended.exit_code

"""A hostile GitHub: each kind of bad answer once, against the real commands."""

import random
from pathlib import Path

import pytest

from flowforge.sandbox import Sandbox
from fuzz.adversary import COMMANDS, TIME_SCALE, Ops, attacked, honest
from fuzz.hostile.kinds import KINDS
from fuzz.hostile.server import Call, Chosen, Hostile

EVERY = 7
TIMES = 6
SCALE = 100.0  # so an exchange has six tenths of a second


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_kind_of_answer(tmp_path: Path, name: str) -> None:
    """Some requests are answered so: no command is held, drowned or made to talk, and an honest run mends it all."""
    branch = list(KINDS).index(name) % 2 == 0
    asked, struck = [0], [0]

    def choose(call: Call) -> Chosen | None:
        asked[0] += 1
        if "endless=" in call.target or (asked[0] % EVERY == 0 and struck[0] < TIMES):
            struck[0] += 1
            return name, KINDS[name]
        return None

    token = "".join(random.choices("abcdefghijkmnopqrstuvwxyz23456789", k=40))
    with Sandbox(token=token, time_scale=TIME_SCALE) as sandbox:
        ops = Ops(tmp_path, sandbox, branch=branch, scale=SCALE)
        with Hostile(sandbox.url, choose) as hostile:
            ran = [attacked(ops, args, hostile) for args in COMMANDS[:2]]
        assert [(), ()] == [each.faults for each in ran]
        assert name in {kind for each in ran for kind, _ in each.exchanges}
        assert "" == honest(ops)

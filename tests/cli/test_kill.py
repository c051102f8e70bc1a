"""`kill -9` at random moments of an apply: the next plan wants exactly what is wrong or pending."""

import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

REPOS = 40


def _killed(fleet: "Fleet", value: str, writes: int, after: float) -> None:
    """Begin an apply and kill it `after` seconds after so many writes, or when it is over."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "apply", "--yes", "-j", "8"],
        cwd=fleet.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and _written(fleet, value) < writes:
        time.sleep(0.002)
    time.sleep(after)
    process.kill()
    process.wait()


def _written(fleet: "Fleet", value: str) -> int:
    return sum(held == {"ANTHROPIC_API_KEY": value} for held in fleet.held().values())


def _rounds(fleet: "Fleet", rounds: int) -> int:
    """Rotate, kill and plan so many times; gives how many kills landed while some repos were written and some not."""
    world = fleet.sandbox.world
    fleet.grow(REPOS)
    world.limits.enabled = False
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, midway = random.Random(seed), 0
    for _ in range(rounds):
        fleet.later()
        value = fleet.set_key()
        world.settings.latency = 0.02
        # Wherever the machine's speed puts it: after some of the writes, and now and then before the first one.
        writes = chance.randrange(-REPOS // 4, REPOS)
        _killed(fleet, value, writes, chance.uniform(0, 0.05 if writes > 0 else 0.8))
        world.settings.latency = 0
        time.sleep(0.1)  # a request that the killed process had sent is still carried out
        right = {repo for repo, held in fleet.held().items() if held == {"ANTHROPIC_API_KEY": value}}
        midway += 0 < len(right) < REPOS
        plan = {address.removesuffix("/actions/ANTHROPIC_API_KEY"): line for address, line in fleet.plan().items()}
        interrupted = {repo for repo, (_, reason) in plan.items() if reason == "write_interrupted"}
        assert set(plan) >= {*fleet.repos} - right, f"seed {seed}: a wrong value is not in the plan"
        assert set(plan) - interrupted == ({*fleet.repos} - right) - interrupted, f"seed {seed}: a right one is"
        assert all(action in {"create", "update"} for action, _ in plan.values())
    value = fleet.set_key()
    assert fleet.flowforge("apply", "--yes").code == 0
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}
    assert fleet.flowforge("plan").out == "No changes. GitHub matches the manifest.\n"
    return midway


def test_a_kill_loses_nothing(fleet: "Fleet") -> None:
    """Three kills: each next plan names every wrong value, and right ones only where their write is open."""
    _rounds(fleet, 3)


@pytest.mark.slow
def test_twenty_kills_lose_nothing(fleet: "Fleet") -> None:
    """Twenty kills, several of them while some repos were written and others not."""
    assert _rounds(fleet, 20) >= 3

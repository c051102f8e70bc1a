"""`kill -9` at random moments of an apply, on good days and bad: the next plan wants what is wrong or pending."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind, Lag
from flowforge.sandbox.rules.faults import Faults

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

# `.ci/run` has time for fewer.
KILLS = int(os.environ.get("KILLS", "50"))
REPOS = 25
# What a rotation of them asks at the least: each list, who they are, and for each a write.
REQUESTS = 2 * REPOS + 1
# As where GitHub's limits leave no room for lists after the writes.
AT_THE_LIMIT = (
    "from flowforge.__main__ import main; from flowforge.github.pacer import Pacer; "
    "Pacer.has_room = lambda *_: False; raise SystemExit(main())"
)
ROUTES = (r"GET .*/{}/actions/secrets\?", "GET .*/{}/actions/secrets/public-key", "PUT .*/{}/")


class _Killer(Faults):
    """The sandbox's faults, and the end of a process when so many requests have come in."""

    def __init__(self, process: "subprocess.Popen[bytes]", requests: int, waiting: list[Fault]) -> None:
        super().__init__(waiting)
        self._process, self._left = process, requests

    def strike(self, method: str, target: str) -> Fault | None:
        """Count the request, which is carried out whatever becomes of who asked."""
        self._left -= 1
        if self._left == 0:
            self._process.kill()
        return super().strike(method, target)


def _bad_luck(chance: random.Random, repos: list[str]) -> list[Fault]:
    """Return faults that pass, each for one kind of request of one repo: as many as a third of the fleet."""
    kinds = (
        Fault("", FaultKind.STATUS, status=chance.choice((500, 502, 503))),
        Fault("", FaultKind.STATUS, status=429, retry_after=chance.randrange(1, 4)),
        Fault("", FaultKind.RESET_BEFORE),
        Fault("", FaultKind.RESET_AFTER),
        Fault("", FaultKind.SLOW_BODY, seconds=0.03),
        Fault("", FaultKind.TRUNCATED),
    )
    struck = [(chance.choice(ROUTES).format(repo.split("/")[1]), chance.choice(kinds)) for repo in repos]
    return [
        Fault(match, each.kind, chance.randrange(1, 3), each.status, each.retry_after, each.message, each.seconds)
        for match, each in chance.sample(struck, len(repos) // 3)
    ]


def _said(fleet: "Fleet") -> Path:
    return fleet.folder.parent / "said.txt"


def _killed(fleet: "Fleet", requests: int, faults: list[Fault], *, full: bool) -> int:
    """Begin an apply and kill it when so many requests have come in; gives how it ended. full: the limits bind."""
    world = fleet.sandbox.world
    program = ["-c", AT_THE_LIMIT] if full else ["-m", "flowforge"]
    with _said(fleet).open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, *program, "apply", "--yes", "-j", "8"],
            cwd=fleet.folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    world.faults = _Killer(process, requests, faults)
    code = process.wait()
    fleet.sandbox.settle()  # a request that the killed process had sent is still carried out
    world.faults, world.settings.lag = Faults(), Lag()
    return code


def _rounds(fleet: "Fleet", rounds: int, *, bad_luck: bool) -> list[int]:
    """Rotate, kill and plan so many times, and return how many repos were right after each kill that landed.

    With bad luck, a kill may be meant for a moment after the end. In every other round the limits leave no room for
    lists, so that the next plan's list confirms the times.
    """
    world = fleet.sandbox.world
    fleet.grow(REPOS)
    world.limits.enabled = False
    world.settings.latency = 0.01
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, landed = random.Random(seed), list[int]()
    for number in range(rounds):
        fleet.later()
        # As if an hour had passed: a 429 after 500 writes within one is what GitHub says where it counts content.
        fleet.monkeypatch.setenv("FLOWFORGE_CACHE_DIR", str(fleet.folder.parent / f"cache{number}"))
        value = fleet.set_key()
        world.settings.lag = Lag(reads=chance.randrange(3)) if bad_luck else Lag()
        faults = _bad_luck(chance, fleet.repos) if bad_luck else []
        full = number % 2 == 0
        most = REQUESTS + (REPOS // 4 + (0 if full else REPOS) if bad_luck else 0)
        code = _killed(fleet, chance.randrange(1, most), faults, full=full)
        right = {repo for repo, held in fleet.held().items() if held == {"ANTHROPIC_API_KEY": value}}
        landed += [len(right)] if code < 0 else []
        said = _said(fleet).read_text("utf-8")
        assert code < 0 or (code, len(right)) == (0, REPOS), f"seed {seed}: an apply that ended was not right: {said}"
        plan = {address.removesuffix("/actions/ANTHROPIC_API_KEY"): line for address, line in fleet.plan().items()}
        interrupted = {repo for repo, (_, reason) in plan.items() if reason == "write_interrupted"}
        assert set(plan) >= {*fleet.repos} - right, f"seed {seed}: a wrong value is not in the plan"
        assert set(plan) - interrupted == {*fleet.repos} - right - interrupted, f"seed {seed}: a right one is: {plan}"
        assert all(action in {"create", "update"} for action, _ in plan.values())
    value = fleet.set_key()
    world.faults.waiting += _bad_luck(chance, fleet.repos) if bad_luck else []
    assert fleet.flowforge("apply", "--yes").code == 0, f"seed {seed}"
    world.faults.clear()
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}
    assert fleet.flowforge("plan").out == "No changes. GitHub matches the manifest.\n"
    return landed


@pytest.mark.slow
def test_a_kill_loses_nothing(fleet: "Fleet") -> None:
    """Four kills, none of them late: each next plan names every wrong value, and of right ones those still open."""
    assert 4 == len(_rounds(fleet, 4, bad_luck=False))


@pytest.mark.slow
def test_fifty_kills_with_faults_lose_nothing(fleet: "Fleet") -> None:
    """Fifty kills while GitHub fails, resets, lags, limits and crawls; most of them among the writes."""
    midway = [right for right in _rounds(fleet, KILLS, bad_luck=True) if 0 < right < REPOS]
    assert len(midway) >= KILLS // 5

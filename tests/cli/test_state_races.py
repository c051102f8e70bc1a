"""Two applies at once on one state on a branch, both of which may be killed at any request: nothing is lost."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox.rules.faults import Fault, Faults
from flowforge.state import codec
from tests.cli.opsrepo import BRANCH, OPS, PATH, make_ops
from tests.cli.test_kill import AT_THE_LIMIT

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

pytestmark = pytest.mark.processes

# `.ci/run` has time for fewer.
ROUNDS = int(os.environ.get("ROUNDS", "20"))
SECRET = "ANTHROPIC_API_KEY"
NAMES = ("left.yaml", "right.yaml")


class _Killer(Faults):
    """The sandbox's faults, and at certain writes the end of a process that is still there."""

    def __init__(self, processes: "list[subprocess.Popen[str]]", at: list[int]) -> None:
        super().__init__()
        self._processes, self._at, self._writes, self._mutex = processes, at, 0, threading.Lock()

    def strike(self, method: str, target: str) -> Fault | None:
        """Count the write, which is carried out whatever becomes of who asked."""
        if method != "GET":
            with self._mutex:
                self._writes += 1
                alive = [process for process in self._processes if process.poll() is None]
                if self._writes in self._at and alive:
                    alive[-1].kill()
        return super().strike(method, target)


class _Race:
    """Two manifests of one state on a branch, half of whose repos they share, and the value that each repo is to have.

    Both want the same value where they share a repo: the last that was made for it.
    """

    def __init__(self, fleet: "Fleet", repos: int, chance: random.Random) -> None:
        self.fleet, self.chance, self.world = fleet, chance, fleet.sandbox.world
        make_ops(fleet)
        half, whole = repos // 2, repos + repos // 2
        fleet.grow(whole)
        names = fleet.repos
        self.parts = {"left": names[:half], "both": names[half:repos], "right": names[repos:]}
        self.values = {part: fleet.set_key(f"{part.upper()}_KEY") for part in self.parts}
        for name in NAMES:
            self._write(name, name.removesuffix(".yaml"))
        self.world.limits.enabled = False
        self.ends: Counter[str] = Counter()

    def _write(self, name: str, part: str) -> None:
        lines = ["version: 1", f"state: {{github: {{repo: {OPS}, path: {PATH}}}}}", "credentials:"]
        for each in (part, "both"):
            lines += [f"  {each}-key:", "    type: anthropic_api_key", f"    from: {{env: {each.upper()}_KEY}}"]
        lines += ["targets:"]
        for each in (part, "both"):
            lines += [f"  - name: {each}", f"    repos: [{', '.join(self.parts[each])}]", f"    credential: {each}-key"]
        self.fleet.manifest("\n".join(lines) + "\n", name)

    @property
    def wanted(self) -> dict[str, dict[str, str]]:
        """Return what each repo is to hold."""
        return {repo: {SECRET: self.values[part]} for part, repos in self.parts.items() for repo in repos}

    def round(self) -> None:
        """Rotate something, start both, and kill each of them at some write, or let it end."""
        part = self.chance.choice(sorted(self.parts))
        self.fleet.later()
        self.values[part] = self.fleet.set_key(f"{part.upper()}_KEY")
        names = self.chance.sample(NAMES, len(NAMES))
        processes = {name: self._apply(name) for name in names}
        at = self.chance.sample(range(1, len(self.fleet.repos) // 3), self.chance.randrange(3))
        self.world.faults = _Killer(list(processes.values()), at)
        said = {name: process.communicate()[1] for name, process in processes.items()}
        self._settle()
        for name, process in processes.items():
            self.ends[str(process.returncode)] += 1
            assert process.returncode in {0, 1, -9}, said[name]
            # Held by the other, or lost to it so often that it is left to a person; else all of its own is right.
            assert process.returncode != 1 or "FF411" in said[name] or "FF441" in said[name], said[name]
            if process.returncode == 0:
                mine = {*self.parts[name.removesuffix(".yaml")], *self.parts["both"]}
                held = self.fleet.held()
                assert {repo: held[repo] for repo in mine} == {repo: self.wanted[repo] for repo in mine}
        self.world.clock.advance(601)

    def _apply(self, name: str) -> "subprocess.Popen[str]":
        wait = self.chance.choice(("0", "120"))
        # One of two leaves the times to the next list, as where the limits leave no room for lists.
        program = self.chance.choice((("-m", "flowforge"), ("-c", AT_THE_LIMIT)))
        return subprocess.Popen(
            [sys.executable, *program, "apply", "--yes", "-m", name, "-j", "8", "--lock-timeout", wait],
            cwd=self.fleet.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _settle(self) -> None:
        """Wait until what killed processes had sent is carried out."""
        self.world.faults = Faults()
        self.fleet.sandbox.settle()

    def check(self, before: set[str]) -> set[str]:
        """Hold the state to GitHub: it is valid, no record is gone, and who is wrong is in a plan. Gives the records.

        A repo whose time is the recorded one, without an open write, holds what was recorded; all others a plan names.
        """
        history = self.world.history(OPS, branch=BRANCH) if BRANCH in self.world.branches(OPS) else []
        if not history:
            return before
        state = codec.decode(self.world.read_file(OPS, PATH, branch=BRANCH).encode(), PATH).state
        assert state.serial == len(history)
        # Not what is only pending: the other manifest forgets what is neither its own, nor there, nor recorded.
        known = {str(address.scope.repo) for address in state.records}
        assert before <= known
        held = self.fleet.held()
        planned: dict[str, str] = {}
        for name in NAMES:
            planned |= self._planned(name)
        wrong = {repo for repo, secrets in self.wanted.items() if held[repo] != secrets}
        interrupted = {repo for repo, reason in planned.items() if reason == "write_interrupted"}
        assert wrong <= planned.keys()
        assert planned.keys() - interrupted <= wrong, {repo: planned[repo] for repo in planned.keys() - wrong}
        assert interrupted == {str(address.scope.repo) for address in state.pending} & self.wanted.keys()
        return known

    def _planned(self, name: str) -> dict[str, str]:
        return {
            address.rsplit("/", 2)[0]: line[1]
            for address, line in self.fleet.plan("-m", name).items()
            if line[0] != "none"
        }


def _rounds(fleet: "Fleet", rounds: int, repos: int) -> Counter[str]:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    fleet.slow_down()
    race = _Race(fleet, repos, random.Random(seed))
    known: set[str] = set()
    for _ in range(rounds):
        race.round()
        known = race.check(known)
    for name in NAMES:
        done = fleet.flowforge("apply", "--yes", "-m", name)
        assert done.code == 0, done.err
    assert race.wanted == fleet.held()
    for name in NAMES:
        assert not race._planned(name)
    state = codec.decode(race.world.read_file(OPS, PATH, branch=BRANCH).encode(), PATH).state
    assert (len(fleet.repos), {}, None) == (len(state.records), state.pending, state.lease)
    return race.ends


def test_two_at_once_lose_nothing(fleet: "Fleet") -> None:
    """Six repos each, half of them shared: whatever is killed, the next plan is right."""
    _rounds(fleet, 1, 6)


def test_no_local_clock_takes_part(fleet: "Fleet") -> None:
    """Two runners whose clocks are a day early and a day late: a lock lasts ten minutes by GitHub's, for both."""
    make_ops(fleet)
    fleet.simple(more=f"state: {{github: {{repo: {OPS}}}}}\n")
    world, real = fleet.sandbox.world, time.time
    fleet.monkeypatch.setattr(time, "time", lambda: real() + 86_400)
    assert fleet.flowforge("apply", "--yes").code == 0
    git = world.directory[OPS].git
    *_, first = git.history(git.refs[f"refs/heads/{BRANCH}"])
    locked = git.blobs[git.entry(first, PATH)[1]]
    lease = codec.decode(locked, PATH).state.lease
    assert lease is not None
    since, until = (datetime.fromisoformat(each).timestamp() for each in (lease.since, lease.until))
    assert (600.0, True) == (until - since, abs(world.clock.now() - since) < 3600)
    for skew in (86_400, -86_400):
        world.edit_file(OPS, PATH, locked.decode(), branch=BRANCH)
        fleet.monkeypatch.setattr(time, "time", lambda skew=skew: real() + skew)
        assert world.clock.now() < until
        assert "FF411" in fleet.refused("apply", "--yes").err
    world.clock.advance(601)
    assert fleet.flowforge("apply", "--yes").code == 0


@pytest.mark.slow
def test_many_rounds_with_kills_lose_nothing(fleet: "Fleet") -> None:
    """Twenty rounds of two hundred repos each: no secret wrong, no record lost, the state valid after each round."""
    ends = _rounds(fleet, ROUNDS, 200)
    print(dict(ends))
    assert ends["-9"] >= ROUNDS // 4

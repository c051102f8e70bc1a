"""A year of CI in miniature: whatever happens, each apply leaves GitHub as a model says that knows no planner."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox.rules.faults import Fault, Faults
from tests.cli.opsrepo import OPS, make_ops

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

# `.ci/run` has time for fewer.
EVENTS = int(os.environ.get("EVENTS", "300"))
SECRET, OTHER = "ANTHROPIC_API_KEY", "NOT_OURS"
KEYS = ("FIRST_KEY", "SECOND_KEY")


@dataclass
class Repo:
    """What a repo is in truth. name: the one of today. holds: its secrets."""

    name: str
    holds: dict[str, str] = field(default_factory=dict)
    archived: bool = False


class _AtWrite(Faults):
    """The sandbox's faults, and something that happens once, just before the first write that matches."""

    def __init__(self, match: str, then: Callable[[], None]) -> None:
        super().__init__()
        self._match, self._then = match, then

    def strike(self, method: str, target: str) -> Fault | None:
        """Let it happen."""
        if method != "GET" and self._match in target:
            self._match = "\0"
            self._then()
        return super().strike(method, target)


class Year:
    """GitHub as it must be, and the events. It knows of FlowForge only what is promised: see `expect`."""

    def __init__(self, fleet: "Fleet", chance: random.Random, *, on_branch: bool) -> None:
        self.fleet, self.chance, self.world = fleet, chance, fleet.sandbox.world
        self.world.limits.enabled = False
        self.on_branch = on_branch
        if on_branch:
            make_ops(fleet)
        fleet.grow(8)
        self.repos = [Repo(name) for name in fleet.repos]
        for repo in self.repos:
            self.world.set_secret(repo.name, OTHER, "theirs")
            repo.holds[OTHER] = "theirs"
        self.values = {key: fleet.set_key(key) for key in KEYS}
        # What the manifest says, by the names that it has: a key, or None for absent.
        self.manifest: dict[str, str | None] = {repo.name: KEYS[0] for repo in self.repos[:6]}
        self.count = 0
        self.events = (
            self.rotate,
            self.edit,
            self.delete,
            self.rename,
            self.archive,
            self.retarget,
            self.drop,
            self.absent,
            self.follow,
            self.crash,
            self.race,
        )

    # What happens

    def rotate(self) -> None:
        """Give a key a new value."""
        key = self.chance.choice(KEYS)
        self.values[key] = self.fleet.set_key(key)

    def edit(self, repo: Repo | None = None) -> None:
        """Write a secret behind our back, though not in the second in which we wrote it: see docs/planning.md."""
        self.fleet.later()
        repo, self.count = repo or self.chance.choice(self.repos), self.count + 1
        self.world.set_secret(repo.name, SECRET, f"by hand {self.count}")
        repo.holds[SECRET] = f"by hand {self.count}"

    def delete(self) -> None:
        """Delete a secret behind our back."""
        repo = self.chance.choice(self.repos)
        if repo.holds.pop(SECRET, None) is not None:
            self.world.delete_secret(repo.name, SECRET)

    def rename(self) -> None:
        """Rename a repo; the manifest is not told."""
        repo, self.count = self.chance.choice(self.repos), self.count + 1
        name = f"acme/renamed-{self.count}"
        self.world.rename_repo(repo.name, name)
        repo.name = name

    def archive(self) -> None:
        """Archive a repo, or take it back."""
        repo = self.chance.choice(self.repos)
        repo.archived = not repo.archived
        self.world.archive_repo(repo.name, archived=repo.archived)

    def retarget(self) -> None:
        """Let the manifest give a repo one of the keys."""
        self.manifest[self.chance.choice(self.repos).name] = self.chance.choice(KEYS)

    def drop(self) -> None:
        """Let the manifest say nothing of a repo any more: what it holds stays."""
        if len(self.manifest) > 1:
            del self.manifest[self.chance.choice(sorted(self.manifest))]

    def absent(self) -> None:
        """Let the manifest say that a repo is to have none."""
        self.manifest[self.chance.choice(self.repos).name] = None

    def follow(self) -> None:
        """Let the manifest forget the names that no repo has now."""
        names = {repo.name for repo in self.repos}
        self.manifest = {name: key for name, key in self.manifest.items() if name in names} or {
            self.repos[0].name: KEYS[0]
        }

    def crash(self) -> None:
        """Kill an apply at one of its writes, which arrives; what it wrote is right already."""
        self.rotate()
        self.write()
        process = subprocess.Popen(
            [sys.executable, "-m", "flowforge", "apply", "--yes"],
            cwd=self.fleet.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.world.faults = _AtWrite(self.chance.choice(self.repos).name, process.kill)
        process.wait()
        self.fleet.sandbox.settle()
        self.world.faults = Faults()
        # What it got done is looked up: which that is, is nobody's promise. That it is old or wanted, is.
        for repo in self.repos:
            held = self.world.reveal(repo.name)
            assert held in (repo.holds, self.expected(repo))
            repo.holds = held

    def race(self) -> None:
        """Let somebody write a secret just before we do: ours stands."""
        repo = self.chance.choice(self.repos)
        self.world.faults = _AtWrite(f"/{repo.name}/", lambda: self.world.set_secret(repo.name, SECRET, "just before"))

    # What is promised

    def expected(self, repo: Repo) -> dict[str, str]:
        """Return what an apply makes of a repo: what the manifest says of its name of today, unless it is archived."""
        if repo.archived or repo.name not in self.manifest:
            return repo.holds
        key = self.manifest[repo.name]
        others = {name: value for name, value in repo.holds.items() if name != SECRET}
        return others if key is None else {**others, SECRET: self.values[key]}

    def write(self) -> None:
        """Write the manifest."""
        lines = ["version: 1", *([f"state: {{github: {{repo: {OPS}}}}}"] if self.on_branch else []), "credentials:"]
        lines += [f"  {key.lower()}: {{type: anthropic_api_key, from: {{env: {key}}}}}" for key in KEYS]
        given = {key: sorted(name for name, each in self.manifest.items() if each == key) for key in KEYS}
        lines.append("targets:" if any(given.values()) else "targets: []")
        for key, names in given.items():
            if names:
                lines.append(f"  - {{name: {key}, repos: [{', '.join(names)}], credential: {key.lower()}}}")
        gone = sorted(name for name, key in self.manifest.items() if key is None)
        if gone:
            lines += ["absent:", f"  - {{name: Gone, repos: [{', '.join(gone)}], secret: {SECRET}}}"]
        self.fleet.manifest("\n".join(lines) + "\n")

    def apply(self) -> None:
        """Apply, and compare all of GitHub with the model; what is blocked is so for a reason that the model knows."""
        self.write()
        self.fleet.later()
        self.world.clock.advance(601)
        done = self.fleet.flowforge("apply", "--yes", "--allow-empty")
        self.world.faults = Faults()
        blocked = any(self.hindered(name) for name in self.manifest)
        assert done.code == (3 if blocked else 0), done.out + done.err
        for repo in self.repos:
            repo.holds = self.expected(repo)
        assert {repo.name: repo.holds for repo in self.repos} == {
            repo.name: self.world.reveal(repo.name) for repo in self.repos
        }
        if not blocked:
            left = {address: line for address, line in self.fleet.plan().items() if line[0] != "none"}
            assert not left

    def hindered(self, name: str) -> bool:
        """Whether a line of the manifest cannot be done: its repo has another name now, or is archived."""
        repo = next((each for each in self.repos if each.name == name), None)
        if repo is None:
            return True
        return repo.archived and self.expected_if_open(repo) != repo.holds

    def expected_if_open(self, repo: Repo) -> dict[str, str]:
        """Return what an archived repo would get."""
        open_ = Repo(repo.name, repo.holds)
        return self.expected(open_)


def _live(fleet: "Fleet", events: int, *, on_branch: bool) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    year = Year(fleet, chance, on_branch=on_branch)
    year.apply()
    for _ in range(events):
        event = chance.choice(year.events)
        print(event.__name__)
        event()
        if chance.random() < 0.5:
            year.apply()
    year.apply()


@pytest.mark.slow
@pytest.mark.parametrize("on_branch", [False, True], ids=["file", "branch"])
def test_a_year(fleet: "Fleet", on_branch: bool) -> None:  # noqa: FBT001 -- as parametrize gives it
    """Three hundred events: rotations, edits, deletions, renames, archivings, other manifests, crashes and races."""
    _live(fleet, EVENTS, on_branch=on_branch)

"""Thousands of repos of four owners by one App, as a whole process: nothing is refused, and memory is bounded."""

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.app_keys import app_key, pem
from tests.cli.owners import KEY

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("owners")]
OWNERS: Final = ("one", "two", "three", "four")
# `make owners` has 10,000.
REPOS: Final = int(os.environ.get("REPOS", "2000"))
_MEGA: Final = 1_000_000
_KILO: Final = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is bytes on macOS, kilobytes on Linux


@dataclass(frozen=True)
class Ran:
    """An apply that ended: its exit code, how many seconds of GitHub's clock it took, and its peak memory in MB."""

    code: int
    seconds: float
    memory: float


def _apply(fleet: "Fleet", *owners: str, repos: int) -> Ran:
    """Apply one key in so many repos of each owner, by one App, as a process."""
    world = fleet.sandbox.world
    names = [f"{owner}/repo-{number:03}" for owner in owners for number in range(1, repos + 1)]
    listed = "".join(f"      - {name}\n" for name in names)
    auth = f"app: {{client_id: {fleet.sandbox.world.apps.app('ci').client_id}, private_key: {{file: app.pem}}}}"
    fleet.manifest(
        f"version: 1\ngithub: {{auth: {{{auth}}}}}\ncredentials:\n  ci-key: {{type: anthropic_api_key, from: {{env: "
        f"ACME_KEY}}}}\ntargets:\n  - name: All\n    credential: ci-key\n    repos:\n{listed}"
    )
    world.reset_stats()
    begun = world.clock.now()
    command = [sys.executable, "-m", "flowforge", "apply", "--yes", "-q"]
    process = subprocess.Popen(command, cwd=fleet.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Ran(process.returncode, world.clock.now() - begun, usage.ru_maxrss * _KILO / _MEGA)


def _install(fleet: "Fleet", scale: int, repos: int) -> None:
    world = fleet.sandbox.world
    world.clock.pace(scale)
    fleet.monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(scale))
    fleet.monkeypatch.setenv("FLOWFORGE_CACHE_DIR", str(fleet.folder / "cache"))
    (fleet.folder / "app.pem").write_text(pem(app_key()), encoding="utf-8")
    world.create_app("ci", pem(app_key()))
    for owner in OWNERS:
        world.create_repos(owner, repos)
        world.install_app("ci", owner)


def test_a_fleet_of_four_owners(fleet: "Fleet") -> None:
    """Thousands of repos over four owners at GitHub's published limits: all is written, nothing refused."""
    each = REPOS // len(OWNERS)
    _install(fleet, 5, each)
    value = fleet.set_key()
    ran = _apply(fleet, *OWNERS, repos=each)
    world = fleet.sandbox.world
    stats = world.stats()
    asked, minutes = sum(stats.requests.values()), ran.seconds / 60
    print(f"{REPOS:,} repos: {asked:,} requests, {minutes:.0f} min of GitHub's, {ran.memory:.0f} MB")
    assert (0, {}, {200, 201}) == (ran.code, stats.refusals, set(stats.statuses))
    held = {f"{owner}/repo-{number:03}" for owner in OWNERS for number in range(1, each + 1)}
    assert {name: {KEY: value} for name in held} == {name: world.reveal(name) for name in held}
    assert ran.memory < 300

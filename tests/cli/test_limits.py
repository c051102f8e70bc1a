"""GitHub's limits on whole processes: a plan and an apply at once, two applies side by side, and bad days."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Token
from flowforge.sandbox.rules.faults import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

POINTS_A_MINUTE = 900
# `make fleet` has 10,000.
REPOS = int(os.environ.get("REPOS", "2000"))


def _begin(fleet: "Fleet", *args: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flowforge", *args],
        cwd=fleet.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    err = process.communicate()[1]
    return process.returncode, err


def _in_slower_time(fleet: "Fleet") -> None:
    """Let a minute last 7.5 s: at 60 times the true pace it is the machine that is too slow for the limit."""
    fleet.sandbox.world.clock.scale = 8
    fleet.monkeypatch.setenv("FLOWFORGE_TIME_SCALE", "8")


@pytest.mark.slow
def test_a_plan_and_an_apply_at_once_are_one_client_to_github(fleet: "Fleet") -> None:
    """On 200 repos they spend two minutes' points: the apply knows what the plan spent, and nothing is refused."""
    _in_slower_time(fleet)
    fleet.grow(200)
    value = fleet.set_key()
    clock, begun = fleet.sandbox.world.clock, fleet.sandbox.world.clock.now()
    codes = [_end(_begin(fleet, *command))[0] for command in (["plan", "--detailed-exitcode"], ["apply", "--yes"])]
    seconds, stats = clock.now() - begun, fleet.sandbox.world.stats()
    least = (stats.points - 1) // POINTS_A_MINUTE * 60
    print(f"{stats.points} points in {seconds:.0f} s of GitHub's clock; at the limit they take {least} s at least")
    assert ([2, 0], {}, {200, 201}) == (codes, stats.refusals, set(stats.statuses))
    # Both ask what owns the repos; a list after each write would cost a wait, and is left to the next run.
    assert (200 + 3 + 200 + 3 + 200 * (1 + 5), 60) == (stats.points, least)
    assert seconds > least  # or the limit was not in force
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}


@pytest.mark.slow
def test_two_applies_side_by_side_keep_to_one_budget(fleet: "Fleet") -> None:
    """Two processes with one token and a state each write 100 repos each: together they are never refused."""
    _in_slower_time(fleet)
    fleet.grow(200)
    value = fleet.set_key()
    for name, half in (("first", fleet.repos[:100]), ("second", fleet.repos[100:])):
        fleet.simple(*half)
        (fleet.folder / "flowforge.yaml").rename(fleet.folder / f"{name}.yaml")
    both = [_begin(fleet, "apply", "--yes", "-j", "16", "-m", f"{name}.yaml") for name in ("first", "second")]
    codes = [_end(process)[0] for process in both]
    stats = fleet.sandbox.world.stats()
    assert ([0, 0], {}, {200, 201}) == (codes, stats.refusals, set(stats.statuses))
    assert stats.points > POINTS_A_MINUTE
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}


@pytest.mark.slow
def test_two_applies_side_by_side_where_writes_count_as_content(fleet: "Fleet") -> None:
    """Two processes with one token write 60 repos each, of which 80 fit a minute: no more refused than in flight."""
    _in_slower_time(fleet)
    fleet.sandbox.world.limits.content = True
    fleet.grow(120)
    value = fleet.set_key()
    for name, half in (("first", fleet.repos[:60]), ("second", fleet.repos[60:])):
        fleet.simple(*half)
        (fleet.folder / "flowforge.yaml").rename(fleet.folder / f"{name}.yaml")
    both = [_begin(fleet, "apply", "--yes", "-m", f"{name}.yaml") for name in ("first", "second")]
    codes, stats = [_end(process)[0] for process in both], fleet.sandbox.world.stats()
    print(f"{stats.refusals} refusals")
    assert ([0, 0], 120, True) == (codes, stats.statuses[201], stats.refusals["content"] <= 2 * 8)
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}


@pytest.mark.slow
def test_an_hourly_budget_nearly_used_up_is_waited_for(fleet: "Fleet") -> None:
    """Where others spent nearly all of the hour, the apply waits for the next one, says so, and does it all."""
    world = fleet.sandbox.world
    fleet.grow(20)
    value = fleet.set_key()
    for _ in range(4):
        assert fleet.flowforge("plan", "--no-cache").code == 0
    account = world.limits.state(Token(), world.clock.now())
    world.clock.advance(account["reset"] - world.clock.now() - 240)  # four of its minutes are left of the hour
    world.limits.primary = 4 * 22 + 30  # enough for an apply in the next hour, and not in what is left of this one
    applied = fleet.flowforge("apply", "--yes", "--no-cache")
    assert (0, {}) == (applied.code, world.stats().refusals)
    assert "to stay within GitHub's rate limit" in applied.err
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}


def test_a_secondary_limit_that_does_not_say_how_long(fleet: "Fleet") -> None:
    """One refusal without retry-after: everybody waits a minute, keeps to other limits, and nothing is left undone."""
    fleet.sandbox.world.faults.add(Fault("PUT ", FaultKind.STATUS, status=403))
    value = fleet.set_key()
    applied = fleet.flowforge("apply", "--yes")
    content = "GitHub counts what is written as content: from now on at most 80 writes a minute and 500 an hour"
    said = ["GitHub asks to wait 60 s", content]
    assert (0, said) == (applied.code, [line for line in applied.err.splitlines() if line in said])
    assert fleet.sandbox.world.stats().statuses[403] == 1
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}


def test_a_wait_longer_than_allowed_is_an_error(fleet: "Fleet") -> None:
    """With a --max-wait shorter than what GitHub asks for, the run ends at once with that error, nothing written."""
    fleet.sandbox.world.faults.add(Fault("GET /repos", FaultKind.STATUS, status=429, retry_after=100))
    done = fleet.refused("apply", "--yes", "--max-wait", "30")
    assert (1, "") == (done.code, done.out)
    assert done.err.splitlines() == [
        "error FF331: GitHub asks to wait 101 s, longer than the 30 s that --max-wait allows",
        '  why: GitHub says "You have exceeded a secondary rate limit."',
        "  fix: run it again after that time, or allow it with --max-wait",
    ]


@pytest.mark.slow
def test_a_large_fleet(fleet: "Fleet", tmp_path: Path) -> None:
    """Apply and plan thousands of repos as processes: few requests, every value is right, the second plan is clean."""
    world = fleet.sandbox.world
    world.limits.enabled = False
    fleet.monkeypatch.setenv("FLOWFORGE_TIME_SCALE", "10000")  # its own pace is not what is tried here
    # No folder, so it tells no other process of its pace: at this scale that would be at every request.
    fleet.monkeypatch.setenv("FLOWFORGE_CACHE_DIR", str(tmp_path / "flowforge.yaml"))
    fleet.grow(REPOS)
    value = fleet.set_key()
    most = {"apply": 4 * REPOS + 1 + REPOS // 100, "plan": REPOS + 2}
    for command in (["apply", "--yes", "-q"], ["plan", "--detailed-exitcode", "-q"]):
        world.reset_stats()
        process = _begin(fleet, *command)
        _, status, usage = os.wait4(process.pid, 0)
        requests = sum(world.stats().requests.values())
        print(f"{command[0]}: {requests:,} requests, ru_maxrss {usage.ru_maxrss:,}, CPU {usage.ru_utime:.0f} s")
        process.returncode = os.waitstatus_to_exitcode(status)
        assert (0, "") == _end(process)
        assert REPOS <= requests <= most[command[0]]
    assert fleet.held() == {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos}

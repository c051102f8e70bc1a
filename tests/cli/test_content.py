"""Where GitHub counts secrets as content: one refusal finds it out, and all is written, by this run or by the next."""

import re
import shlex
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Token
from tests.clocks import SandboxTime

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

KEY = "ANTHROPIC_API_KEY"
SAID = "GitHub counts what is written as content: from now on at most 80 writes a minute and 500 an hour"


class Noted(Counter[str]):
    """The sandbox's count of refusals, with the time of each."""

    def __init__(self, clock: SandboxTime) -> None:
        """Note by this clock."""
        super().__init__()
        self._clock, self.at = clock, list[float]()

    def __setitem__(self, name: str, count: int) -> None:
        """Count one."""
        self.at.append(self._clock.now())
        super().__setitem__(name, count)


@pytest.fixture
def clock(fleet: "Fleet") -> SandboxTime:
    """Let writes count as content, on a clock that jumps where somebody waits: hours pass in no time."""
    fleet.sandbox.world.limits.content = True
    clock = SandboxTime(fleet.sandbox.world.clock)
    fleet.parts["clock"] = lambda *_: clock
    return clock


def told(done: "Done") -> list[str]:
    """Return what people were told but for the progress, and how often GitHub was waited for."""
    quiet = (line for line in done.told.splitlines() if not re.match(r"\w+: [\d,]+/|waiting ", line))
    return [re.sub(r"wait \d+ s", "wait N s", line) for line in quiet]


def written(fleet: "Fleet") -> Counter[int]:
    """Return how many writes of secrets ended with each status."""
    return Counter(each.status for each in fleet.sandbox.world.log() if each.method == "PUT")


def test_one_refusal_finds_it_out(fleet: "Fleet", clock: SandboxTime) -> None:
    """The 81st write of a minute is refused, alone; all are written, and the next run, another process, meets none."""
    fleet.grow(85)
    value = fleet.set_key()
    done = fleet.flowforge("apply", "--yes")
    assert (0, ["GitHub asks to wait N s", SAID], {"content": 1}) == (
        done.code,
        told(done),
        fleet.sandbox.world.stats().refusals,
    )
    assert {201: 85, 403: 1} == written(fleet)
    assert {repo: {KEY: value} for repo in fleet.repos} == fleet.held()
    fleet.sandbox.world.reset_stats()
    value, begun = fleet.set_key(), clock.now()
    again = fleet.flowforge("apply", "--yes")
    assert (0, {}, {204: 85}) == (again.code, fleet.sandbox.world.stats().refusals, written(fleet))
    assert clock.now() - begun >= 60
    assert {repo: {KEY: value} for repo in fleet.repos} == fleet.held()


def test_a_gentle_pace_meets_no_refusal(fleet: "Fleet", clock: SandboxTime) -> None:
    """From the start at most 80 a minute: the plan says how long that takes, and so it does."""
    fleet.grow(85)
    value, begun = fleet.set_key(), clock.now()
    done = fleet.flowforge("apply", "--yes", "--pace", "gentle")
    assert (0, [], {}) == (done.code, told(done), fleet.sandbox.world.stats().refusals)
    assert any("applying takes 255 more, at least 60 s at GitHub's limits" in line for line in done.lines)
    assert 60 <= clock.now() - begun < 120
    assert {repo: {KEY: value} for repo in fleet.repos} == fleet.held()


@pytest.mark.parametrize(
    ("wait", "most", "repos"),
    [("1s", "80 writes a minute", 85), pytest.param("5m", "500 writes an hour", 501, marks=pytest.mark.slow)],
)
def test_why_a_gentle_pace_waits(fleet: "Fleet", clock: SandboxTime, wait: str, most: str, repos: int) -> None:
    """It is the person's own choice, and the limit that is waited for is the one that is named."""
    del clock
    fleet.grow(repos)
    done = fleet.flowforge("apply", "--yes", "--pace", "gentle", "--max-wait", wait)
    assert (3, True) == (done.code, f"why: --pace gentle keeps to {most}" in done.out + done.err), done


def test_where_secrets_are_no_content(fleet: "Fleet", clock: SandboxTime) -> None:
    """Nothing is held back: more than 80 go in a minute, as the points allow."""
    fleet.sandbox.world.limits.content = False
    fleet.grow(90)
    begun = clock.now()
    done = fleet.flowforge("apply", "--yes")
    assert (0, [], {201: 90}) == (done.code, told(done), written(fleet))
    assert clock.now() - begun < 60


@pytest.mark.parametrize("tell_wait", [True, False])
def test_an_hour_that_others_used_up(fleet: "Fleet", clock: SandboxTime, *, tell_wait: bool) -> None:
    """Nobody knows of their writes: the run ends, with all that it wrote recorded; an hour later it is ended."""
    limits = fleet.sandbox.world.limits
    limits.tell_wait = tell_wait
    now = clock.now()
    limits._account(Token(), now, "core").writes.extend([now] * 497)
    value = fleet.set_key()
    done = fleet.flowforge("apply", "--yes")
    statuses = written(fleet)
    assert (3, 3, "Not all done: 3 created, 0 updated, 0 deleted, ") == (
        done.code,
        statuses[201],
        done.lines[-1].partition("0 deleted, ")[0] + "0 deleted, ",
    )
    # Those in flight at first, and then one for each pause of one, two, four and eight minutes.
    assert statuses[403] <= (4 if tell_wait else 10)
    assert "UNRECORDED" not in done.out
    clock.wait(3600, threading.Event())
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {repo: {KEY: value} for repo in fleet.repos} == fleet.held()
    assert {201: 5, 403: statuses[403]} == written(fleet)


def test_a_line_every_ten_seconds(fleet: "Fleet", clock: SandboxTime) -> None:
    """Far from a terminal, while it waits: how far it is, how fast, and how long it still takes and waits."""
    del clock
    fleet.grow(90)
    fleet.sandbox.world.limits.points = 10_000
    done = fleet.flowforge("apply", "--yes", "--pace", "gentle")
    lines = [line for line in done.err.splitlines() if line.startswith("Writing: ")]
    form = r"Writing: \d\d/90  \d\d/min(  \d\d s left)?(  waiting \d+ s)?"
    assert (0, 0, True) == (
        done.code,
        len([each for each in lines if not re.fullmatch(form, each)]),
        4 <= len(lines) <= 8,
    )
    assert any("left" in each and "waiting" in each for each in lines)
    quiet = fleet.flowforge("apply", "--yes", "-q")
    assert (0, "") == (quiet.code, quiet.err)


@pytest.mark.slow
@pytest.mark.parametrize("tell_wait", [True, False])
@pytest.mark.parametrize("status", [403, 429])
def test_a_thousand(fleet: "Fleet", clock: SandboxTime, status: int, *, tell_wait: bool) -> None:
    """80 a minute and 500 an hour: one refusal, no secret written twice, all written, and the time is as was said."""
    world = fleet.sandbox.world
    world.limits.tell_wait, world.limits.status = tell_wait, status
    world.limits.refusals = refusals = Noted(clock)
    fleet.grow(1000)
    value = fleet.set_key()
    done = fleet.flowforge("apply", "--yes", "--max-wait", "2h")
    (minutes,) = (int(found) for found in re.findall(r"; what is left takes about (\d+) min", done.err))
    taken = (clock.now() - refusals.at[0]) / 60
    stats = world.stats()
    print(f"{stats.refusals} refusals; said {minutes} min, took {taken:.1f} min")
    # Those that were created; 204 would be a secret that was written twice.
    assert (0, 1000, 0, {"content": 1}) == (done.code, stats.statuses[201], stats.statuses.get(204, 0), stats.refusals)
    assert abs(minutes - taken) <= 0.2 * taken
    assert {repo: {KEY: value} for repo in fleet.repos} == fleet.held()


@pytest.mark.slow
@pytest.mark.parametrize("tell_wait", [True, False])
def test_a_run_that_may_not_wait_so_long(fleet: "Fleet", clock: SandboxTime, *, tell_wait: bool) -> None:
    """It writes on while each wait fits, ends with all of it recorded, and the command that it prints ends the rest."""
    world = fleet.sandbox.world
    world.limits.tell_wait = tell_wait
    fleet.grow(1000)
    value = fleet.set_key()
    first = fleet.flowforge("apply", "--yes", "--max-wait", "5m", "-j", "16")
    (command,) = re.findall(r"^to go on after that time: `flowforge (.*)`$", first.err, re.MULTILINE)
    assert (3, "apply --max-wait 300s --jobs 16") == (first.code, command)
    assert "Not all done: 500 created, 0 updated, 0 deleted, 0 failed, 0 blocked, 500 not done." == first.lines[-1]
    assert ["not_done (FF331): the next write may be sent in N min, longer than the 5 min that --max-wait allows"] == [
        re.sub(r"in \d+ min", "in N min", line) for line in first.lines if "FF331" in line
    ]
    # It writes nothing to GitHub; of what the first one wrote it learns the times.
    early = fleet.flowforge(*shlex.split(command), "--yes")
    assert (1, True) == (early.code, "FF331" in early.out)
    clock.wait(3600, threading.Event())
    world.reset_stats()
    fleet.answers("yes")
    second = fleet.flowforge(*shlex.split(command))
    stats = world.stats()
    print(f"{stats.refusals} refusals after the first run's")
    assert (0, {}) == (second.code, stats.refusals)
    assert {repo: {KEY: value} for repo in fleet.repos} == fleet.held()
    assert all(secret.created == secret.updated for repo in world.directory for secret in repo.actions.secrets.values())


def test_the_command_that_goes_on(fleet: "Fleet", clock: SandboxTime) -> None:
    """It has the options of the run; of a saved plan it has the lines, and not the file, which is out of date."""
    limits, now = fleet.sandbox.world.limits, clock.now()
    limits._account(Token(), now, "core").writes.extend([now] * 497)
    assert 0 == fleet.flowforge("plan", "--limit", "acme/repo-00[1-4]", "--out", "p.json").code
    done = fleet.flowforge("apply", "p.json", "--pace", "limits")
    print(done)
    command = "apply --limit 'acme/repo-00[1-4]' --max-wait 900s --pace limits"
    assert (3, [f"to go on after that time: `flowforge {command}`"]) == (
        done.code,
        [line for line in done.told.splitlines() if line.startswith("to go on")],
    )


@pytest.mark.slow
def test_a_folder_of_nobody(fleet: "Fleet", clock: SandboxTime, tmp_path: Path) -> None:
    """Where no file can be kept each run finds it out by itself, with no more refusals than it has writes in flight."""
    del clock
    fleet.monkeypatch.setenv("FLOWFORGE_CACHE_DIR", str(tmp_path / "flowforge.yaml"))
    fleet.grow(85)
    codes = []
    for _ in range(2):
        fleet.set_key()
        codes.append(fleet.flowforge("apply", "--yes").code)
    assert ([0, 0], True) == (codes, fleet.sandbox.world.stats().refusals["content"] <= 1 + 8)

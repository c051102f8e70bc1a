"""What a secret costs where GitHub's limits bind: its key is remembered, and the next run's list confirms its time."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Lag
from flowforge.state.file import StateFile

if TYPE_CHECKING:
    from flowforge.plan.facts import Record
    from tests.cli.conftest import Fleet

SECRET = "ANTHROPIC_API_KEY"
STATE = "flowforge.state.json"
IN_SYNC = "No changes. GitHub matches the manifest.\n"
# Of the 900 points that GitHub allows in a minute they take 8 each when they are new, and two more.
MOST = 112
ENOUGH = MOST + 1


def spent(fleet: "Fleet") -> tuple[float, float]:
    """Return the points a repo of what was asked: until the last write, and in all."""
    log = fleet.sandbox.world.log()
    points = [1 if each.method == "GET" else 5 for each in log]
    last = max(number for number, each in enumerate(log, start=1) if each.method == "PUT")
    return sum(points[:last]) / len(fleet.repos), sum(points) / len(fleet.repos)


def records(fleet: "Fleet") -> "dict[str, Record]":
    """Return what is remembered, by repo."""
    return {str(each.scope.repo): one for each, one in StateFile.read(fleet.folder / STATE).records.items()}


def times(fleet: "Fleet") -> dict[str, str]:
    """Return GitHub's own time of the secret in each repo."""
    found = {repo: fleet.sandbox.world.directory[repo].actions.secrets[SECRET].updated for repo in fleet.repos}
    return {repo: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for repo, at in found.items()}


def test_at_the_limit_times_are_left_to_the_next_list(fleet: "Fleet") -> None:
    """A fleet that does not fit into a minute: no list after the writes; an apply that writes nothing learns the times.

    GitHub's own time is a second after that of its answer. An edit ten seconds later is seen, the rest is in sync.
    """
    world = fleet.sandbox.world
    world.settings.late_stamp = 1
    world.limits.enabled = False  # the pace is FlowForge's own
    fleet.grow(ENOUGH)
    told = json.loads(fleet.flowforge("plan", "--format", "json").out)
    fleet.requests()
    assert 0 == fleet.flowforge("apply", "--yes").code
    asked = fleet.requests()
    assert ENOUGH * 3 + 3 == sum(asked.values())  # a list, a key and a write each, who they are, and what owns them
    assert sum(asked.values()) == told["requests"] + told["requests_to_come"]
    assert {True} == {each.unconfirmed for each in records(fleet).values()}
    assert IN_SYNC == fleet.flowforge("plan").out
    world.clock.advance(10)
    edited = fleet.repos[7]
    world.set_secret(edited, SECRET, "theirs")
    assert {f"{edited}/actions/{SECRET}": ("update", "changed_outside")} == fleet.plan()
    serial = StateFile.read(fleet.folder / STATE).serial
    assert 0 == fleet.flowforge("apply", "--yes").code
    known = records(fleet)
    assert (times(fleet), {False}) == (
        {repo: one.updated_at for repo, one in known.items()},
        {one.unconfirmed for one in known.values()},
    )
    assert [1, 0] == [StateFile.read(fleet.folder / STATE).serial - serial for serial in (serial, serial + 1)]
    assert IN_SYNC == fleet.flowforge("plan").out


@pytest.mark.slow
def test_what_just_fits_into_a_minute_is_confirmed_at_once(fleet: "Fleet") -> None:
    """With one repo fewer every time is asked for, as the plan has said."""
    fleet.sandbox.world.limits.enabled = False
    fleet.grow(MOST)
    fleet.requests()
    done = json.loads(fleet.flowforge("apply", "--yes", "--format", "json").out)["plan"]
    asked = sum(fleet.requests().values())
    assert MOST * 4 + 3 == asked == done["requests"] + done["requests_to_come"]
    assert {False} == {each.unconfirmed for each in records(fleet).values()}


def test_an_apply_that_writes_nothing_learns_the_times(fleet: "Fleet") -> None:
    """It records what the lists of its own plan show, once; the apply after that changes nothing."""
    world = fleet.sandbox.world
    world.settings.late_stamp = 1
    fleet.monkeypatch.setattr("flowforge.github.pacer.Pacer.has_room", lambda *_: False)
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.requests()
    for writes in (True, False):
        before = (fleet.folder / STATE).read_bytes()
        assert 0 == fleet.flowforge("apply", "--yes").code
        assert (fleet.folder / STATE).read_bytes() != before or not writes
    assert {"GET /repos/{owner}/{repo}/actions/secrets": 2 * len(fleet.repos)} == fleet.requests()
    known = records(fleet)
    assert times(fleet) == {repo: one.updated_at for repo, one in known.items() if not one.unconfirmed}


def test_confirm_asks_at_once(fleet: "Fleet") -> None:
    """With --confirm every write is listed, whatever the limits leave."""
    fleet.monkeypatch.setattr("flowforge.github.pacer.Pacer.has_room", lambda *_: False)
    told = [fleet.flowforge("apply", "--yes", "--format", "json", *more) for more in (("--confirm",), ())]
    assert [0, 0] == [each.code for each in told]
    assert [3 * len(fleet.repos), 0] == [json.loads(each.out)["plan"]["requests_to_come"] for each in told]
    assert {False} == {each.unconfirmed for each in records(fleet).values()}


def test_a_list_that_lags_is_asked_again_by_a_plan(fleet: "Fleet") -> None:
    """What was sent and is not shown yet is no change of anybody's: the plan looks again, for some seconds."""
    fleet.monkeypatch.setattr("flowforge.github.pacer.Pacer.has_room", lambda *_: False)
    fleet.sandbox.world.settings.lag = Lag(reads=2)
    for _ in range(2):  # made, and made anew
        fleet.set_key()
        assert 0 == fleet.flowforge("apply", "--yes").code
        assert IN_SYNC == fleet.flowforge("plan").out
        fleet.sandbox.world.clock.advance(60)
    assert IN_SYNC == fleet.flowforge("plan").out


def test_a_rotation_asks_for_nothing_that_is_known(fleet: "Fleet") -> None:
    """A list, a write and a list of each, and who they are; the key is asked for again where it is refused."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    for rotated in (False, True, False):
        fleet.later()
        value = fleet.set_key()
        if rotated:
            fleet.sandbox.world.rotate_keys()
        fleet.requests()
        assert 0 == fleet.flowforge("apply", "--yes").code
        number, extra = len(fleet.repos), len(fleet.repos) * rotated
        listed, path = "GET /orgs/{owner}/repos", "/repos/{owner}/{repo}/actions/secrets"
        assert {
            f"GET {path}": 2 * number,
            f"PUT {path}/{{name}}": number + extra,
            listed: 1,
            **({f"GET {path}/public-key": extra} if rotated else {}),
        } == fleet.requests()
        assert {value} == {held[SECRET] for held in fleet.held().values()}


def test_the_key_of_a_repo_that_was_made_again_is_not_used(fleet: "Fleet") -> None:
    """It is blocked by its id; forgotten and applied, it is sealed for with a key of its own; another keeps its own."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    before = records(fleet)
    fleet.sandbox.world.recreate_repo(fleet.repos[0])
    fleet.later()
    value = fleet.set_key()
    assert 3 == fleet.flowforge("apply", "--yes").code
    assert 0 == fleet.flowforge("state", "forget", fleet.repos[0], "--yes").code
    fleet.requests()
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert 1 == fleet.requests()["GET /repos/{owner}/{repo}/actions/secrets/public-key"]
    assert {value} == {held[SECRET] for held in fleet.held().values()}
    after = records(fleet)
    assert [False, True] == [before[repo].public_key == after[repo].public_key for repo in fleet.repos[:2]]


@pytest.mark.slow
def test_the_points_of_a_thousand_secrets(fleet: "Fleet") -> None:
    """At the published limits, as a process: at most 7.1 points for a new secret and 6.1 for a rotated one.

    None is refused, all are right, the next plan is clean, and an edit ten seconds after the last write is seen.
    """
    world = fleet.sandbox.world
    world.settings.late_stamp = 1
    fleet.scale = 30
    world.clock.pace(fleet.scale)
    fleet.monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(fleet.scale))
    fleet.grow(1000)
    figures = []
    for most in (7.1, 6.1):
        value = fleet.set_key()
        world.reset_stats()
        begun = world.clock.now()
        done = subprocess.run(
            [sys.executable, "-m", "flowforge", "apply", "--yes", "-q"],
            cwd=fleet.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        until, whole = spent(fleet)
        seconds = world.clock.now() - begun
        figures.append(f"{until:.3f} points a secret to the last write, {whole:.3f} in all, {seconds:.0f} s")
        assert (0, {}) == (done.returncode, world.stats().refusals), done.stdout[-3000:] + done.stderr
        assert until <= most
        assert {value} == {held[SECRET] for held in fleet.held().values()}
        world.clock.advance(3600)  # two runs are more than an hour's requests
    last = max(fleet.repos, key=lambda repo: times(fleet)[repo])
    scope = world.directory[last].actions
    scope.put(SECRET, b"theirs", at=scope.latest + 10, lag=world.settings.lag)
    world.limits.enabled = False
    assert {f"{last}/actions/{SECRET}": ("update", "changed_outside")} == fleet.plan()
    assert 0 == fleet.flowforge("apply", "--yes", "-q").code
    assert times(fleet) == {repo: one.updated_at for repo, one in records(fleet).items() if not one.unconfirmed}
    print(*figures, sep="\n")

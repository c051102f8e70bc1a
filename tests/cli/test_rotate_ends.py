"""When a rotation is over: by what the state keeps of it, whatever the run that ends it has seen."""

import secrets
import threading
from pathlib import Path
from typing import Final

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.cli.conftest import Done, Fleet
from tests.cli.walking import KEY, asked, canary, kept, replaced, who_has
from tests.clocks import SandboxTime

# Seconds.
LONG: Final = 30
PATH: Final = ".github/workflows/claude.yml"
WALK: Final = ("rotate", "ci-key", "--yes", "--batch", "1,rest")
NOW: Final = ("rotate", "ci-key", "--yes", "--now")
BACK: Final = ("rotate", "ci-key", "--yes", "--back")


@pytest.fixture
def two(fleet: Fleet) -> tuple[Fleet, str, str]:
    """Return two owners that hold an old key, two repos each, with a new one at its source; and both keys."""
    fleet.repos = [*fleet.repos[:2], *fleet.sandbox.world.create_repos("beta", 2)]
    fleet.simple()
    return fleet, *replaced(fleet)


@pytest.fixture
def rotating(fleet: Fleet) -> tuple[Fleet, str, str]:
    """Return five repos that hold an old key, with a new one at its source; and both keys."""
    return fleet, *replaced(fleet)


def line(repo: str) -> str:
    """Return how a place is listed."""
    return f"    {repo}/actions/{KEY}"


def ended(done: Done) -> bool:
    """Return whether it is said that the rotation is over."""
    return any(each.endswith(("has ended.", "was taken back.")) for each in done.lines)


def test_back_of_one_owner(two: tuple[Fleet, str, str]) -> None:
    """What the walk reached at the other owner is exposed, and the same way is open until it is taken back, too."""
    fleet, old, new = two
    assert 3 == fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "rest", *canary(fleet, fleet.repos[0])).code
    fleet.monkeypatch.setenv("ACME_KEY", old)
    fleet.later()
    done = fleet.flowforge(*BACK, "--owner", "acme")
    assert (3, False, {"old": 2, "new": 2}) == (done.code, ended(done), who_has(fleet, old, new)), done
    assert [line(repo) for repo in fleet.repos[2:]] == done.lines[-2:]
    again = fleet.flowforge(*BACK)
    assert (0, True, {"old": 4}) == (again.code, ended(again), who_has(fleet, old, new)), again
    assert kept(fleet) is None


def test_back_where_a_repo_has_left_the_manifest(rotating: tuple[Fleet, str, str]) -> None:
    """It holds the refused key yet: it is exposed, exit 3, until somebody forgets it by name."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "2,rest", *canary(fleet, fleet.repos[0])).code
    fleet.monkeypatch.setenv("ACME_KEY", old)
    fleet.simple(*fleet.repos[1:])
    fleet.later()
    done = fleet.flowforge(*BACK)
    assert (3, False, {"old": 4, "new": 1}) == (done.code, ended(done), who_has(fleet, old, new)), done
    assert line(fleet.repos[0]) == done.lines[-1]
    assert 0 == fleet.flowforge("state", "forget", fleet.repos[0], "--yes").code
    assert (0, None) == (fleet.flowforge(*BACK).code, kept(fleet))


def test_on_of_one_owner_past_a_red_canary(two: tuple[Fleet, str, str]) -> None:
    """A canary at one owner proves nothing of the batch that was red at the other: nothing is written."""
    fleet, old, new = two
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).code
    done = fleet.refused(*WALK, "--owner", "beta", *canary(fleet))
    assert (1, "error FF918") == (done.code, done.err.split(":")[0]), done
    assert 3 == fleet.flowforge("apply", "--yes").code
    assert {"old": 3, "new": 1} == who_has(fleet, old, new)


def test_on_of_one_owner_stays_open(two: tuple[Fleet, str, str]) -> None:
    """All that it saw is written and well; the other owner's places are exposed, and wait for the walk."""
    fleet, old, new = two
    done = fleet.flowforge(*WALK, "--owner", "acme", *canary(fleet))
    assert (3, False, {"old": 2, "new": 2}) == (done.code, ended(done), who_has(fleet, old, new)), done
    assert [line(repo) for repo in fleet.repos[2:]] == done.lines[-2:]
    assert 3 == fleet.flowforge("apply", "--yes").code
    again = fleet.flowforge(*WALK, *canary(fleet))
    assert (0, True, {"new": 4}) == (again.code, ended(again), who_has(fleet, old, new)), again


def test_a_selector_that_could_not_be_listed(fleet: Fleet) -> None:
    """Repos may be missing from the walk, so that it is not over."""
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\ntargets:\n"
        f"  - {{name: Named, repos: [{fleet.repos[0]}], credential: ci-key}}\n"
        "  - {name: All of beta, select: {user: beta}, credential: ci-key}\n"
    )
    fleet.sandbox.world.create_repos("beta", 1)
    fleet.set_key()
    assert fleet.flowforge("apply", "--yes", "--allow-new-repos").code in {0, 3}
    fleet.later()
    fleet.set_key()
    fleet.sandbox.world.faults.add(Fault("/(orgs|users)/beta", FaultKind.STATUS, 99, status=500))
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "rest", *canary(fleet))
    assert (3, False, True) == (done.code, ended(done), kept(fleet) is not None), done


def test_now_where_every_write_fails(rotating: tuple[Fleet, str, str]) -> None:
    """The walk that was open stays, marked, with its way back; the next try ends it as the last thing it does."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).code
    fleet.sandbox.world.faults.add(Fault("PUT /repos", FaultKind.STATUS, 99, status=422, message="no"))
    done = fleet.flowforge(*NOW)
    assert (3, False, {"old": 4, "new": 1}) == (done.code, ended(done), who_has(fleet, old, new)), done
    walk = kept(fleet)
    assert (True, 1) == (walk["at_once"], len(walk["before"]))
    fleet.sandbox.world.faults.clear()
    with fleet.monkeypatch.context() as source:
        source.setenv("ACME_KEY", old)
        assert 0 == fleet.flowforge(*BACK, "--check").code
    again = fleet.flowforge(*NOW)
    assert (0, True, {"new": 5}, None) == (again.code, ended(again), who_has(fleet, old, new), kept(fleet)), again


def test_now_with_nothing_left_to_write(rotating: tuple[Fleet, str, str]) -> None:
    """What a nightly apply has written meanwhile is no rotation that stays open for ever."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "rest", *canary(fleet, fleet.repos[0])).code
    assert {"new": 5} == who_has(fleet, old, new)
    done = fleet.flowforge(*NOW)
    assert (0, True, None) == (done.code, ended(done), kept(fleet)), done


def test_a_look_that_failed_once(rotating: tuple[Fleet, str, str]) -> None:
    """It is tried again while the walk waits, so that a run in that repo is not lost sight of."""
    fleet, old, new = rotating
    clock = SandboxTime(fleet.sandbox.world.clock)
    fleet.parts["clock"] = lambda *_: clock
    fleet.sandbox.world.add_run(fleet.repos[1], PATH, conclusion="")
    fleet.sandbox.world.faults.add(Fault(f"{fleet.repos[1]}/actions/runs", FaultKind.STATUS, 9, status=502))
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "rest", *canary(fleet))
    assert (3, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert "1 run queued before the last write and alive:" in done.lines


@pytest.mark.parametrize("args", [WALK, NOW])
def test_nobody_could_look(rotating: tuple[Fleet, str, str], args: tuple[str, ...]) -> None:
    """Unknown is not well: exit 3, and no line says that nobody has an older value."""
    fleet, old, new = rotating
    clock = SandboxTime(fleet.sandbox.world.clock)
    fleet.parts["clock"] = lambda *_: clock
    fleet.sandbox.world.faults.add(Fault("/actions/runs", FaultKind.STATUS, 10**6, status=502))
    done = fleet.flowforge(*args, *(canary(fleet) if args == WALK else ()))
    assert (3, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert any(each.startswith("Whether older runs are alive is not known of acme/") for each in done.lines)
    assert "No secret has an older value" not in done.out


def test_what_is_exposed_is_one_block(rotating: tuple[Fleet, str, str]) -> None:
    """A run that is alive is the last thing told, with the command; that one finds it a reason to run."""
    fleet, *_ = rotating
    run = fleet.sandbox.world.add_run(fleet.repos[0], PATH, conclusion="")
    done = fleet.flowforge(*NOW)
    command, many, page = done.lines[-3:]
    assert (3, True) == (done.code, page.endswith(f"/actions/runs/{run}")), done
    assert "`flowforge rotate ci-key --now --cancel-runs` looks again, and has GitHub cancel what is alive." == command
    assert "1 run queued before the last write and alive:" == many
    again = fleet.flowforge(*NOW, "--cancel-runs")
    assert "1 run queued before the last write; its end was asked for:" in again.lines, again
    last = fleet.flowforge(*NOW, "--cancel-runs")
    assert (0, "No secret has an older value that FlowForge knows of.") == (last.code, last.lines[-1]), last


class Interrupted(SandboxTime):
    """A clock on which a signal arrives in the first long wait."""

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Be interrupted, where it is no pause between two requests."""
        if seconds >= LONG:
            event.set()
        return super().wait(seconds, event)


def test_a_signal_while_it_waits(rotating: tuple[Fleet, str, str]) -> None:
    """Exit 130 also where nothing was left to write, what was cancelled is told, and the walk stays open."""
    fleet, *_ = rotating
    fleet.sandbox.world.add_run(fleet.repos[0], PATH, conclusion="")
    clock = Interrupted(fleet.sandbox.world.clock)
    fleet.parts["clock"] = lambda *_: clock
    for many in (5, 0):
        done = fleet.flowforge(*WALK[:3], "--batch", "rest", *canary(fleet), *(() if many else ("--cancel-runs",)))
        assert (130, False, True) == (done.code, ended(done), kept(fleet) is not None), done
        said = "and alive:" if many else "; its end was asked for:"
        assert f"1 run queued before the last write{said if not many else ' ' + said}" in done.lines, done
    assert 3 == len(asked(fleet))


def test_a_place_that_was_changed_outside(rotating: tuple[Fleet, str, str]) -> None:
    """What somebody wrote there during the walk may be the old key: it is exposed, and the walk is not over."""
    fleet, old, new = rotating
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[1])).code
    fleet.later()
    fleet.sandbox.world.set_secret(fleet.repos[0], KEY, old)
    done = fleet.flowforge(*WALK, *canary(fleet))
    assert (3, False, {"old": 1, "new": 4}) == (done.code, ended(done), who_has(fleet, old, new)), done
    assert line(fleet.repos[0]) == done.lines[-1]
    assert 0 == fleet.flowforge("apply", "--yes").code
    again = fleet.flowforge(*WALK, *canary(fleet))
    assert (0, True, {"new": 5}) == (again.code, ended(again), who_has(fleet, old, new)), again


def test_no_other_state_key_meanwhile(rotating: tuple[Fleet, str, str]) -> None:
    """The fingerprint of the old value would be lost, and what a way back may write: both commands are named."""
    fleet, *_ = rotating
    assert 3 == fleet.flowforge(*WALK, *canary(fleet, fleet.repos[0])).code
    before = Path("flowforge.state.json").read_bytes()
    fleet.monkeypatch.setenv("FLOWFORGE_STATE_KEY", secrets.token_hex(32))
    done = fleet.refused("state", "rekey", "--yes")
    assert (1, "error FF919", before) == (
        done.code,
        done.err.split(":")[0],
        Path("flowforge.state.json").read_bytes(),
    ), done
    assert "`flowforge rotate ci-key --back` takes it back" in done.err

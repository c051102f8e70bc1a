"""The runs that were queued before a rotation's last write: waited for, told with links, and cancelled when asked."""

import pytest

from flowforge.sandbox import Token, TokenKind
from flowforge.sandbox.rules import access
from tests.cli.conftest import Fleet
from tests.cli.walking import who_has

PATH = ".github/workflows/claude.yml"
WALK = ("rotate", "ci-key", "--yes", "--batch", "rest")
HOURS = 6 * 3600


@pytest.fixture
def rotating(fleet: Fleet) -> tuple[Fleet, str, str]:
    """Return five repos that hold an old key, with a new one at its source; and both keys."""
    old = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    return fleet, old, fleet.set_key()


def queued(fleet: Fleet, repo: str) -> int:
    """Let a run be queued now, and return its id."""
    return fleet.sandbox.world.add_run(repo, PATH, conclusion="")


def status(fleet: Fleet, repo: str) -> list[str]:
    """Return GitHub's word for each run of a repo."""
    world = fleet.sandbox.world
    return [run.status(world.clock.now()) for run in world.directory[repo].runs]


@pytest.mark.slow
def test_a_walk_waits_for_them_and_ends(rotating: tuple[Fleet, str, str]) -> None:
    """It waits six hours of its clock, at most; what is alive then is told with its page, and the exit code is 3."""
    fleet, old, new = rotating
    run = queued(fleet, fleet.repos[1])
    fleet.scale = 20_000
    done = fleet.flowforge(*WALK)
    assert (3, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert "waiting for 1 run that was queued before it, 6 h at most" in done.err
    at = done.lines.index("1 run queued before the last write and alive:")
    assert done.lines[at + 1].endswith(f"/{fleet.repos[1]}/actions/runs/{run}")
    assert "The rotation of ci-key has ended." in done.lines
    looked = [count for route, count in fleet.requests().items() if "actions/runs" in route]
    assert sum(looked) >= HOURS / 60, looked


def test_cancel_runs(rotating: tuple[Fleet, str, str]) -> None:
    """Those of before the write are cancelled and then over, so that all is well; one that ended is let be."""
    fleet, old, new = rotating
    queued(fleet, fleet.repos[0])
    fleet.sandbox.world.add_run(fleet.repos[0], PATH)
    done = fleet.flowforge(*WALK, "--cancel-runs")
    assert (0, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert ["completed", "completed"] == status(fleet, fleet.repos[0])
    assert "1 run queued before the last write; its end was asked for:" in done.lines


@pytest.mark.parametrize("cancels", [False, True])
def test_a_leak_does_not_wait(rotating: tuple[Fleet, str, str], *, cancels: bool) -> None:
    """--now looks once, and says what is exposed; a run is cancelled only by its option, whatever --yes says."""
    fleet, old, new = rotating
    queued(fleet, fleet.repos[0])
    more = ("--cancel-runs",) if cancels else ()
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--now", *more)
    assert {"new": 5} == who_has(fleet, old, new)
    assert ["completed" if cancels else "queued"] == status(fleet, fleet.repos[0])
    assert (3, "waiting" in done.err) == (done.code, False), done


def test_where_nobody_may_look(rotating: tuple[Fleet, str, str]) -> None:
    """Where the permission is missing, the walk ends all the same, and says what is not known."""
    fleet, old, new = rotating
    world = fleet.sandbox.world
    token = Token(TokenKind.FINE_GRAINED, secrets=access.Level.NONE, permissions=access.levels({"secrets": "write"}))
    world.add_token("github_pat_exact", token)
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_exact")
    done = fleet.flowforge(*WALK)
    assert (0, {"new": 5}) == (done.code, who_has(fleet, old, new)), done
    assert any(line.startswith("Whether older runs are alive is not known of acme/") for line in done.lines), done

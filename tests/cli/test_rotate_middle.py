"""What happens while a rotation stands: a repo is renamed, another version takes it up, another rotation is walked."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Fleet
from tests.cli.walking import KEY, who_has

WALK = ("rotate", "ci-key", "--yes", "--batch", "1,rest")
ON = (*WALK, "--no-canary")
STATE = Path("flowforge.state.json")


@pytest.fixture
def standing(fleet: Fleet) -> tuple[Fleet, str, str]:
    """Return five repos, one of which has a new key, as the canary was red there; and both keys."""
    old = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    new = fleet.set_key()
    stop(fleet, *WALK)
    assert {"old": 4, "new": 1} == who_has(fleet, old, new)
    return fleet, old, new


def stop(fleet: Fleet, *args: str) -> None:
    """Walk until the canary is red, after the first batch."""
    script = fleet.folder / "canary.py"
    script.write_text("import sys\nsys.exit(1)\n", encoding="utf-8")
    assert 3 == fleet.flowforge(*args, "--canary-command", f"{sys.executable} {script}").code


@pytest.mark.parametrize("reached", [True, False])
def test_a_repo_is_renamed(standing: tuple[Fleet, str, str], *, reached: bool) -> None:
    """Nothing is written through the redirect of its old name, which is said; moved to its new one it is walked."""
    fleet, old, new = standing
    fleet.scale *= 100  # whether a run of its old name is over is asked for some minutes
    before, after = fleet.repos[0 if reached else 2], "acme/renamed"
    fleet.sandbox.world.rename_repo(before, after)
    done = fleet.flowforge(*ON)
    assert (3, new if reached else old) == (done.code, fleet.sandbox.world.reveal(after)[KEY]), done
    assert "renamed" in done.out
    fleet.repos = [after if repo == before else repo for repo in fleet.repos]
    fleet.simple()
    assert 0 == fleet.flowforge("state", "move", before, after).code
    done = fleet.flowforge(*ON)
    assert {"new": 5} == who_has(fleet, old, new), done
    assert "The rotation of ci-key has ended." in done.lines, done


def test_a_newer_version_took_it_up(standing: tuple[Fleet, str, str]) -> None:
    """What a newer format has may mean anything: on, back and at once are refused, and nothing is written."""
    fleet, old, new = standing
    kept = json.loads(STATE.read_text("utf-8"))
    kept["version"] += 1
    STATE.write_text(json.dumps(kept), encoding="utf-8")
    for way in (ON, ("rotate", "ci-key", "--yes", "--back"), ("rotate", "ci-key", "--yes", "--now")):
        done = fleet.refused(*way)
        assert (1, True) == (done.code, "newer" in done.err), done
    assert {"old": 4, "new": 1} == who_has(fleet, old, new)


def test_two_credentials_at_once(fleet: Fleet) -> None:
    """Each has a rotation of its own: one that stands holds up no other, and is taken up after it."""
    first, second = fleet.repos[:2], fleet.repos[2:]
    fleet.manifest(
        "version: 1\ncredentials:\n"
        "  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "  other: {type: anthropic_api_key, from: {env: OTHER_KEY}}\n"
        f"targets:\n  - {{name: A, repos: [{', '.join(first)}], credential: ci-key}}\n"
        f"  - {{name: B, repos: [{', '.join(second)}], credential: other}}\n"
    )
    for name in ("ACME_KEY", "OTHER_KEY"):
        fleet.set_key(name)
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    new, other = fleet.set_key(), fleet.set_key("OTHER_KEY")
    stop(fleet, *WALK)
    done = fleet.flowforge("rotate", "other", "--yes", "--batch", "1,rest")
    assert (0, {"old": 1, "new": 3, "other": 1}) == (done.code, who_has(fleet, new, other)), done
    assert ["ci-key"] == [*json.loads(STATE.read_text("utf-8"))["rotations"]]
    assert 0 == fleet.flowforge(*ON).code
    assert ({"old": 2, "new": 3}, {}) == (who_has(fleet, new, other), fleet.plan())

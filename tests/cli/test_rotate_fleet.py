"""A rotation of 200 repos, and one of a leaked key in 800: stopped, killed, taken up and back; proven by decryption."""

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from flowforge.sandbox.rules.faults import Faults
from tests.cli.conftest import Fleet
from tests.cli.owners import company
from tests.cli.verifying import asked, known, serve, verifying
from tests.cli.walking import KEY, who_has

REPOS: Final = 200
KILLS: Final = int(os.environ.get("KILLS", "30"))
WALK: Final = ("rotate", "ci-key", "--yes", "--batch", "1,10%,rest")
SCALE: Final = 2  # faster, and the machine is what takes the time
POINTS_A_SECOND: Final = 15  # 900 a minute
MINUTE: Final = 60


@pytest.fixture
def large(fleet: Fleet) -> Iterator[tuple[Fleet, str, str]]:
    """Yield 200 repos that hold an old key, with a new one at its source; and both keys."""
    fleet.sandbox.world.limits.enabled = False
    fleet.grow(REPOS)
    old = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes", "-q").code
    fleet.later()
    yield fleet, old, fleet.set_key()
    # Nobody is left with a walk, whatever the test did.
    state = json.loads((fleet.folder / "flowforge.state.json").read_text("utf-8"))
    assert "rotations" not in state


def red_after_the_second(fleet: Fleet) -> None:
    """Walk until the canary is red in a repo of the second batch, with a nightly apply after that."""
    script = fleet.folder / "canary.py"
    script.write_text(f"import sys\nsys.exit(sys.argv[1] == {fleet.repos[2]!r})\n", encoding="utf-8")
    done = fleet.flowforge(*WALK, "--canary-command", f"{sys.executable} {script}")
    assert 3 == done.code, done.err
    assert 3 == fleet.flowforge("apply", "--yes", "-q").code


@pytest.mark.slow
@pytest.mark.parametrize("way", ["on", "back"])
def test_a_red_canary_after_the_second_batch(large: tuple[Fleet, str, str], way: str) -> None:
    """It stops there with exit 3, a nightly apply spreads nothing, and both ways end with every value right."""
    fleet, old, new = large
    red_after_the_second(fleet)
    assert {"old": REPOS - 21, "new": 21} == who_has(fleet, old, new)
    if way == "back":
        fleet.monkeypatch.setenv("ACME_KEY", old)
    done = fleet.flowforge(*((*WALK, "--no-canary") if way == "on" else ("rotate", "ci-key", "--yes", "--back")))
    assert (0, {"new" if way == "on" else "old": REPOS}) == (done.code, who_has(fleet, old, new)), done
    assert fleet.plan() == {}


@pytest.mark.slow
def test_a_dead_new_key_writes_nothing(fleet: Fleet) -> None:
    """Of 200 repos none is written and no canary asked: Anthropic is asked about the key once, before all."""
    fleet.sandbox.world.limits.enabled = False
    serve(fleet)
    fleet.grow(REPOS)
    verifying(fleet, repos=", ".join(fleet.repos))
    old = known(fleet)
    assert 0 == fleet.flowforge("apply", "--yes", "-q").code
    fleet.set_key()
    asked(fleet)
    done = fleet.refused(*WALK)
    assert (1, {"old": REPOS}) == (done.code, who_has(fleet, old))
    assert "error FF292" in done.err


class _Killer(Faults):
    """Ends a process when so many requests have come in."""

    def __init__(self, process: "subprocess.Popen[bytes]", requests: int) -> None:
        super().__init__([])
        self._process, self._left = process, requests

    def strike(self, method: str, target: str) -> None:
        """Count a request, which is carried out whatever becomes of who asked."""
        del method, target
        self._left -= 1
        if self._left == 0:
            self._process.kill()


def _killed(fleet: Fleet, requests: int, *args: str) -> int:
    """Run a command as a process, kill it when so many requests have come in, and give how it ended."""
    world = fleet.sandbox.world
    command = [sys.executable, "-m", "flowforge", *args]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=fleet.folder, stdin=quiet, stdout=quiet, stderr=quiet)
    world.faults = _Killer(process, requests)
    code = process.wait()
    fleet.sandbox.settle()
    world.faults = Faults()
    return code


@pytest.mark.slow
def test_killed_at_random_moments_it_is_taken_up(large: tuple[Fleet, str, str]) -> None:
    """Killed thirty times, each followed by a nightly apply now and then, it ends with every value right.

    An apply in between writes nothing that the walk has not come to, and the walk writes nothing twice but what was
    open when it was killed.
    """
    fleet, old, new = large
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, kills, rounds = random.Random(seed), 0, 0
    while kills < KILLS:
        rounds += 1
        # A walk asks 4 to 5 requests a repo. In few enough, so that it is killed many times on its way.
        code = _killed(fleet, chance.randrange(1, 120), *WALK)
        kills += code < 0
        fleet.later()
        before = who_has(fleet, old, new)
        if chance.random() < 0.3:
            assert fleet.flowforge("apply", "--yes", "-q").code in {0, 3}
            after = who_has(fleet, old, new)
            # At most the rest of the batch that was begun: the last one has most of them.
            assert after["new"] >= before["new"], f"seed {seed}"
        if code >= 0:
            # It came to its end under our hands: the next rotation begins.
            assert {"new": REPOS} == who_has(fleet, old, new), f"seed {seed}"
            old, new = new, fleet.set_key()
    done = fleet.flowforge(*WALK)
    ended = done.code == 0 or (done.code == 1 and "FF905" in done.err)
    assert (ended, {"new": REPOS}) == (True, who_has(fleet, old, new)), f"seed {seed}: {done}"
    assert fleet.plan() == {}


@pytest.mark.slow
@pytest.mark.xdist_group("owners")
def test_a_leaked_key_leaves_800_repos_of_three_owners(fleet: Fleet) -> None:
    """One owner is blocked and holds up no other: as fast as the points allow, and what is exposed is said last."""
    world, each, owners = fleet.sandbox.world, 267, ("one", "two", "three")
    shop = company(fleet, owners, owners)
    for owner in owners:
        world.create_repos(owner, each)
    repos = [f"{owner}/repo-{number:03}" for owner in owners for number in range(1, each + 1)]
    shop.manifest(shop.app, *repos)
    old = fleet.set_key()
    world.limits.enabled = False
    assert 0 == fleet.flowforge("apply", "--yes", "-q").code
    world.suspend_app("ci", "three")
    world.limits.enabled = True
    # GitHub counts what was just sent here for a minute more, of which a run on another clock knows nothing.
    world.clock.advance(MINUTE)
    world.clock.pace(SCALE)
    fleet.monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(SCALE))
    fleet.monkeypatch.setenv("FLOWFORGE_CACHE_DIR", str(fleet.folder / "cache"))
    new = fleet.set_key()
    world.reset_stats()
    begun = world.clock.now()
    command = [sys.executable, "-m", "flowforge", "rotate", "ci-key", "--now", "--yes"]
    done = subprocess.run(
        command, cwd=fleet.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    seconds, stats = world.clock.now() - begun, world.stats()
    # Two owners have a budget each; the third one's requests are refused at its token.
    bound = stats.points / 2 / POINTS_A_SECOND
    print(f"{stats.points} points of two owners in {seconds:.0f} s of GitHub's clock; the bound is {bound:.0f} s")
    held = {repo: world.reveal(repo)[KEY] for repo in repos}
    assert {repo: old if repo.startswith("three/") else new for repo in repos} == held
    assert 3 == done.returncode, done.stderr
    *_, head, last = done.stdout.splitlines()
    assert "267 secrets may hold an older value yet:" == head
    assert re.fullmatch(r"    three/repo-001/actions/ANTHROPIC_API_KEY, .* and 264 more", last)
    assert not stats.refusals
    assert seconds <= 1.15 * bound


@pytest.mark.slow
def test_batches_without_a_cache(fleet: Fleet) -> None:
    """A rotation signs in for each batch, and what it spent before counts for the next one without a file too."""
    world, many = fleet.sandbox.world, 160
    shop = company(fleet, ["one"], ["one"])
    world.limits.enabled = False
    world.create_repos("one", many)
    repos = [f"one/repo-{number:03}" for number in range(1, many + 1)]
    shop.manifest(shop.app, *repos)
    fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes", "-q").code
    world.clock.advance(MINUTE)
    world.clock.pace(2 * SCALE)
    fleet.scale = 2 * SCALE
    world.limits.enabled = True
    nowhere = fleet.folder / "file"
    nowhere.touch()
    fleet.monkeypatch.setenv("FLOWFORGE_CACHE_DIR", str(nowhere))
    new = fleet.set_key()
    world.reset_stats()
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "40%,40%,rest")
    stats = world.stats()
    assert (0, {}, {new}) == (done.code, stats.refusals, {world.reveal(repo)[KEY] for repo in repos}), done
    assert stats.points > 900

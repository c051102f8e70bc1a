"""What a rotation takes to write: --yes or a typed yes, whatever else is said. Each option is read or refused."""

import itertools
from typing import Final

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.cli.conftest import Fleet
from tests.cli.walking import canary, kept, replaced, who_has

PATH: Final = ".github/workflows/claude.yml"
WAYS: Final = {
    "on": (("--cancel-runs",), ("--no-canary",), ("--batch", "rest")),
    "now": (("--cancel-runs",),),
    "back": (),
}
# What is before: nothing, a walk that its canary stopped, and one that only waits for runs.
STANDS: Final = ("fresh", "red", "written")


def begun(fleet: Fleet, stands: str) -> str:
    """Bring a rotation so far, with a run that has the old value, and return the old value."""
    old, _ = replaced(fleet)
    fleet.sandbox.world.add_run(fleet.repos[0], PATH, conclusion="")
    if stands == "red":
        assert 3 == fleet.flowforge("rotate", "ci-key", "--yes", *canary(fleet, fleet.repos[0])).code
    if stands == "written":
        # The look at the places fails once all is written.
        fleet.sandbox.world.faults.add(Fault("GET .*/actions/secrets", FaultKind.STATUS, 99, status=500, after=10))
        fleet.flowforge("rotate", "ci-key", "--yes", "--batch", "rest", *canary(fleet))
        fleet.sandbox.world.faults.clear()
        assert kept(fleet) is not None
    fleet.later()
    return old


@pytest.mark.parametrize("stands", STANDS)
def test_check_never_writes(fleet: Fleet, stands: str) -> None:
    """Whatever is said beside --check, no request but a GET is sent, and the state keeps its bytes."""
    old = begun(fleet, stands)
    for way, options in WAYS.items():
        for many in range(len(options) + 1):
            for more in itertools.combinations(options, many):
                with fleet.monkeypatch.context() as source:
                    if way == "back":
                        source.setenv("ACME_KEY", old)
                    said = (f"--{way}",) if way != "on" else ()
                    done = fleet.refused(
                        "rotate", "ci-key", "--check", "--yes", *said, *itertools.chain.from_iterable(more)
                    )
                assert done.code in {0, 1}, (way, more, done)
                assert "written" not in done.out


def test_now_asks(fleet: Fleet) -> None:
    """Without --yes and without a terminal nothing is written; a no writes nothing, and a yes everything."""
    old, new = replaced(fleet)
    assert "error FF008" in fleet.refused("rotate", "ci-key", "--now").err
    fleet.answers("no")
    assert "error FF013" in fleet.refused("rotate", "ci-key", "--now").err
    fleet.answers("yes")
    assert (0, {"new": 5}) == (fleet.flowforge("rotate", "ci-key", "--now").code, who_has(fleet, old, new))


def test_runs_are_cancelled_only_with_a_yes(fleet: Fleet) -> None:
    """Where nothing is left to write, whoever asks to cancel runs is asked all the same."""
    replaced(fleet)
    run = fleet.sandbox.world.add_run(fleet.repos[0], PATH, conclusion="")
    assert 3 == fleet.flowforge("rotate", "ci-key", "--yes", "--now").code
    fleet.answers("no")
    assert "error FF013" in fleet.refused("rotate", "ci-key", "--now", "--cancel-runs").err
    (alive,) = fleet.sandbox.world.directory[fleet.repos[0]].runs
    assert (run, "queued") == (alive.id, alive.status(fleet.sandbox.world.clock.now()))


@pytest.mark.parametrize(
    "args",
    [
        ("--now", "--batch", "1,rest"),
        ("--now", "--canary", "x.yml"),
        ("--now", "--canary-command", "true"),
        ("--now", "--no-canary"),
        ("--now", "--quiet-for", "24h"),
        ("--back", "--canary", "x.yml"),
        ("--back", "--batch", "rest"),
        ("--back", "--canary-timeout", "5m"),
        ("--back", "--cancel-runs"),
        ("--back", "--old-key", "apikey_1"),
        ("--canary-timeout", "5m"),
        ("--no-canary", "--canary", "x.yml"),
    ],
)
def test_an_option_that_is_not_read(fleet: Fleet, args: tuple[str, ...]) -> None:
    """It is refused by name, and never taken and dropped."""
    replaced(fleet)
    done = fleet.refused("rotate", "ci-key", "--yes", *args)
    assert (1, "error FF913") == (done.code, done.err.split(":")[0]), done
    assert any(option in done.err.splitlines()[0] for option in args if option not in {"--now", "--back"})

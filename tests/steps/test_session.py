"""How a run signs in: with which limits, and where its waits are seen."""

import threading
from pathlib import Path

import pytest

from flowforge.errors import Where
from flowforge.github.pace import Pace
from flowforge.manifest.github_settings import GitHubSettings
from flowforge.sources.base import Context
from flowforge.steps.session import RunLimits, sign_in
from flowforge.waiting import Waiting

_DEFAULT = GitHubSettings("", Where("none"))
_GHES = "https://ghe.example.com/api/v3"


def _limits(pace: Pace, url: str, folder: Path) -> tuple[list[str], float, float]:
    """Return what is said at the sign-in, and how long 2,000 points take, and 400 writes among them."""
    said: list[str] = []
    environ = {
        "GITHUB_API_URL": url,
        "FLOWFORGE_GITHUB_TOKEN": "ghp_" + "fake" * 5,
        "FLOWFORGE_CACHE_DIR": str(folder),
        "FLOWFORGE_ALLOWED_HOSTS": "ghe.example.com",
    }
    context = Context(environ, folder, stop=threading.Event())
    limits = RunLimits(1, 900.0, said.append, pace=pace)
    with sign_in(_DEFAULT, context=context, limits=limits) as clients:
        pacer = clients.of("acme").pacer
        return said, pacer.estimate(2_000), pacer.estimate(2_000, 400)


@pytest.mark.parametrize(
    ("pace", "url", "expected"),
    [
        (Pace.LIMITS, "https://api.github.com", ([], 120.0, 120.0)),
        (Pace.GENTLE, "https://api.github.com", ([], 120.0, 240.0)),
        (Pace.FREE, _GHES, ([], 0.0, 0.0)),
        (
            Pace.FREE,
            "https://api.github.com",
            (["--pace free is for a GitHub Enterprise Server: the limits of api.github.com are kept"], 120.0, 120.0),
        ),
        (
            Pace.FREE,
            "https://api.acme.ghe.com",
            (["--pace free is for a GitHub Enterprise Server: the limits of api.acme.ghe.com are kept"], 120.0, 120.0),
        ),
    ],
)
def test_the_pace(pace: Pace, url: str, expected: tuple[list[str], float, float], tmp_path: Path) -> None:
    """Gentle counts writes from the start; free holds nothing back on a server of one's own, and GitHub does not."""
    assert expected == _limits(pace, url, tmp_path)


def test_the_waits_go_by_the_clock_of_the_run(tmp_path: Path) -> None:
    """Whoever shows them has the same seconds, also before the first request."""
    waiting = Waiting()
    environ = {
        "GITHUB_API_URL": "http://127.0.0.1:1",
        "FLOWFORGE_GITHUB_TOKEN": "x",
        "FLOWFORGE_CACHE_DIR": str(tmp_path),
        "FLOWFORGE_TIME_SCALE": "60",
    }
    context = Context(environ, tmp_path, stop=threading.Event())
    with sign_in(_DEFAULT, context=context, limits=RunLimits(1, 9.0, lambda _: None, waiting=waiting)):
        assert (600.0, (0.0, "")) == (waiting.step, waiting.longest())


@pytest.mark.parametrize("same", [True, False])
def test_a_run_that_signs_in_twice_has_one_budget(tmp_path: Path, *, same: bool) -> None:
    """What it spent counts at its next sign-in where no file can be kept; another run knows nothing of it there."""
    nowhere = tmp_path / "file"
    nowhere.touch()
    environ = {"GITHUB_API_URL": "http://127.0.0.1:1", "FLOWFORGE_GITHUB_TOKEN": "x"}
    context = Context(environ | {"FLOWFORGE_CACHE_DIR": str(nowhere)}, tmp_path, stop=threading.Event())
    first, other = (RunLimits(1, 9.0, lambda _: None) for _ in range(2))
    room = []
    for limits in (first, first if same else other):
        with sign_in(_DEFAULT, context=context, limits=limits) as clients:
            pacer = clients.of("acme").pacer
            room.append(pacer.has_room(900))
            pacer.start(5)
            pacer.end(5, None)
    assert [True, not same] == room

"""The clock's scale, and where it counts."""

import threading
import time
from collections.abc import Callable

import pytest

from flowforge.errors import GitHubError
from flowforge.github.clock import Clock, Patience
from flowforge.github.urls import ApiUrl

_HERE = ApiUrl.parse("http://127.0.0.1:8000")
_GITHUB = ApiUrl.parse("https://api.github.com")


@pytest.mark.parametrize(("api", "text", "scale"), [(_HERE, "60", 60.0), (_HERE, "", 1.0), (_GITHUB, "60", 1.0)])
def test_time_runs_faster_only_on_this_machine(api: ApiUrl, text: str, scale: float) -> None:
    """Either variable counts on loopback alone, and for itself: nobody hurries GitHub."""
    assert scale == Clock.of(api, {"FLOWFORGE_TIME_SCALE": text}).scale
    assert scale == Patience.of(api, {"FLOWFORGE_DEADLINE_SCALE": text}).scale
    assert (1, 1) == (Clock.of(api, {"FLOWFORGE_DEADLINE_SCALE": text}).scale, Patience.of(api, {}).scale)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast"])
@pytest.mark.parametrize(
    ("variable", "read"), [("FLOWFORGE_TIME_SCALE", Clock.of), ("FLOWFORGE_DEADLINE_SCALE", Patience.of)]
)
def test_a_scale_that_is_none(variable: str, read: Callable[[ApiUrl, dict[str, str]], object], text: str) -> None:
    """A scale that is not a number above 0 is an error that names the variable."""
    with pytest.raises(GitHubError) as caught:
        read(_HERE, {variable: text})
    assert str(caught.value) == (
        f'error FF306: {variable}: "{text}" is not a scale of time\n  fix: set it to a number above 0, such as 60'
    )


def test_how_long_github_is_waited_for() -> None:
    """The seconds are those that the documents name; at a scale as many pass sooner."""
    usual, fast = Patience(), Patience(scale=60)
    assert (5, 15, 60, 300) == (usual.connect, usual.silent, usual.exchange, usual.file)
    assert (60, 1) == (usual.real(60), fast.real(60))


def test_waits_are_scaled_and_end_with_the_event() -> None:
    """An hour passes in a hundredth of a second at that scale, for waits and for both times; an event ends a wait."""
    clock, event = Clock(360_000.0), threading.Event()
    start, wall, real = clock.now(), clock.wall(), time.monotonic()
    assert clock.wait(3600, event) is False
    assert clock.now() - start >= 3600
    assert clock.wall() - wall >= 3500
    event.set()
    assert Clock().wait(3600, event) is True
    assert time.monotonic() - real < 5

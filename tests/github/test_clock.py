"""The clock's scale, and where it counts."""

import threading
import time

import pytest

from flowforge.errors import GitHubError
from flowforge.github.clock import Clock
from flowforge.github.urls import ApiUrl

_HERE = ApiUrl.parse("http://127.0.0.1:8000")
_GITHUB = ApiUrl.parse("https://api.github.com")


@pytest.mark.parametrize(("api", "text", "scale"), [(_HERE, "60", 60.0), (_HERE, "", 1.0), (_GITHUB, "60", 1.0)])
def test_time_runs_faster_only_on_this_machine(api: ApiUrl, text: str, scale: float) -> None:
    """FLOWFORGE_TIME_SCALE counts on loopback alone: nobody hurries GitHub."""
    assert scale == Clock.of(api, {"FLOWFORGE_TIME_SCALE": text}).scale


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast"])
def test_a_scale_that_is_none(text: str) -> None:
    """A scale that is not a number above 0 is an error that names the variable."""
    with pytest.raises(GitHubError) as caught:
        Clock.of(_HERE, {"FLOWFORGE_TIME_SCALE": text})
    assert str(caught.value) == (
        f'error FF306: FLOWFORGE_TIME_SCALE: "{text}" is not a scale of time\n'
        "  fix: set it to a number above 0, such as 60"
    )


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

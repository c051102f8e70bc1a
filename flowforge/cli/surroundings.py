"""What a command line meets outside of itself, and a test hands in: the terminal, the system, parts of a request."""

import select
import sys
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

import click

from flowforge.data_class import dataclass

_TICK: Final = 0.1


class Screen:
    """The terminal of this process, as far as commands look at it."""

    def is_read(self) -> bool:
        """Whether a person can answer: stdin is a terminal."""
        return sys.stdin.isatty()

    def is_seen(self) -> bool:
        """Whether a person sees what is said: stderr is a terminal."""
        return not sys.stderr.closed and sys.stderr.isatty()

    def line(self) -> str:
        """Read one line of a terminal. Raises EOFError at its end."""
        # Python hears a signal between two instructions. One that comes just before a read that blocks would be heard
        # when the line is there, so this wait is cut into short ones.
        while not select.select([sys.stdin], [], [], _TICK)[0]:
            pass
        return input()


@dataclass(frozen=True, slots=True)
class Outside:
    """What is outside of a command line."""

    screen: Screen = field(default_factory=Screen)
    platform: str = sys.platform
    request: Mapping[str, Any] = field(default_factory=dict)
    """Members of every `Request`, in place of the usual ones: its clock, its hidden terminal."""

    @classmethod
    def now(cls) -> "Outside":
        """Return what `run` was given; what there is where a command is called by itself."""
        context = click.get_current_context(silent=True)
        return (context and context.find_object(cls)) or cls()

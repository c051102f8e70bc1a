"""The colour of a line on a terminal, by its symbol."""

from collections.abc import Callable
from typing import Final

import click

# The symbols of a plan's lines. Nothing depends on colour alone: each line begins with its symbol.
_COLOURS: Final = {"+": "green", "~": "yellow", "-": "red", "!": "magenta", "?": "cyan"}
Style = Callable[[str, str], str]


def coloured(text: str, symbol: str) -> str:
    """Return a line in the colour of its symbol."""
    colour = _COLOURS.get(symbol)
    return click.style(text, fg=colour) if colour else text


def plain(text: str, symbol: str) -> str:
    """Return a line as it is."""
    del symbol
    return text

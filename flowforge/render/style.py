"""How a line of text looks on a terminal, by its symbol."""

from collections.abc import Callable
from typing import Final

import click

_COLOURS: Final = {"+": "green", "~": "yellow", "-": "red", "!": "magenta", "?": "cyan"}
Style = Callable[[str, str], str]


def coloured(text: str, symbol: str) -> str:
    """Colour a line by its symbol."""
    colour = _COLOURS.get(symbol)
    return click.style(text, fg=colour) if colour else text


def plain(text: str, symbol: str) -> str:
    """Leave a line as it is."""
    del symbol
    return text

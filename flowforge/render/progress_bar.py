"""The bar of a terminal that shows how far a run is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

# What is said beside it takes most of 80 columns.
_WIDTH: Final = 12


class _Said(ProgressColumn):
    """A text that is made anew whenever the bar is drawn, for what is left of the line."""

    def __init__(self, console: Console, text: Callable[[int], str]) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis"))
        self._console, self._text = console, text

    def render(self, task: Task) -> Text:
        return Text(self._text(max(1, self._console.width - len(task.description) - _WIDTH - 2)))


@contextmanager
def bar(
    above: Callable[[Callable[[str], None]], AbstractContextManager[None]],
    what: str,
    total: int,
    text: Callable[[int], str],
) -> Iterator[Callable[[int], None]]:
    """Show a bar that goes away when it is done. Yields a function that takes how much is done.

    above: see `flowforge.render.progress`. text: returns what is said beside it, in so many columns.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(_WIDTH), _Said(console, text))
    # rich's own redirection is off: click writes past it, so what it catches is not what is said.
    shown = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)

    def print_above(said: str) -> None:
        console.out(said, highlight=False)

    # The bar is gone before lines are printed in another way again.
    with above(print_above), shown as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)

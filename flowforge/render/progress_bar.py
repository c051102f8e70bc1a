"""The bar of a terminal that shows how far a run is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def bar(
    above: Callable[[Callable[[str], None]], AbstractContextManager[None]], what: str, total: int
) -> Iterator[Callable[[], None]]:
    """Show a bar that goes away when it is done. above: see `flowforge.render.progress`."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    # rich's own redirection is off: click writes past it, so what it catches is not what is said.
    shown = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)

    def print_above(text: str) -> None:
        console.out(text, highlight=False)

    # The bar is gone before lines are printed in another way again.
    with above(print_above), shown as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)

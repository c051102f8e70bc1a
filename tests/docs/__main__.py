"""Put what the commands of a page print today into the page: `python -m tests.docs docs/tutorial.md …`."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import new_op
from tests.docs.pages import Block, Page, Shown, page_of, with_output
from tests.docs.stories import shown_in, stories_of, told
from tests.docs.walk import Walk, settled


def renew(path: Path, folder: Path) -> None:
    """Write a page anew. A transcript that differs only in what is another one at each run stays as it is."""
    page = page_of(path)
    text = path.read_text("utf-8")
    for name in ("op", "walk"):
        (folder / name).mkdir()
    with Walk((folder / "walk").resolve(), new_op(folder / "op")) as walk:
        found = [(block, _kept(block.commands, printed)) for block, printed in walk.along(page)]
    found += _stories(page)
    # From the last one on: those before it keep their lines.
    for block, printed in sorted(found, key=lambda each: each[0].line, reverse=True):
        text = with_output(text, block, printed)
    path.write_text(text, "utf-8")


def _stories(page: Page) -> Iterator[tuple[Block, list[Shown]]]:
    for block, command in stories_of(page):
        with tempfile.TemporaryDirectory() as folder:
            _, _, text = told(command, Path(folder))
        yield block, _kept([Shown(command, shown_in(block))], [Shown(command, text)])


def _kept(shown: list[Shown], printed: list[Shown]) -> list[Shown]:
    pairs = zip(shown, printed, strict=True)
    return [before if settled(before.output) == settled(now.output) else now for before, now in pairs]


if __name__ == "__main__":
    foreign = ("ANTHROPIC_", "CLAUDE_", "FLOWFORGE_", "GH_", "GIT_", "GITHUB_", "OP_")
    for name in [name for name in os.environ if name.startswith(foreign) or name in {"CI", "COLUMNS"}]:
        del os.environ[name]
    for argument in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as made:
            os.environ["HOME"], os.environ["FLOWFORGE_CACHE_DIR"] = made, f"{made}/cache"
            renew(Path(argument).resolve(), Path(made))

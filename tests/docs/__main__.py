"""Put what the commands of a page print today into the page: `python -m tests.docs docs/tutorial.md …`."""

import os
import sys
import tempfile
from pathlib import Path

from tests.conftest import new_op
from tests.docs.pages import Block, Shown, page_of, with_output
from tests.docs.walk import Walk, settled


def renew(path: Path, folder: Path) -> None:
    """Write a page anew. A transcript that differs only in what is another one at each run stays as it is."""
    page = page_of(path)
    text = path.read_text("utf-8")
    for name in ("op", "walk"):
        (folder / name).mkdir()
    with Walk((folder / "walk").resolve(), new_op(folder / "op")) as walk:
        found = list(walk.along(page))
    # From the last one on: those before it keep their lines.
    for block, printed in reversed(found):
        text = with_output(text, block, _kept(block, printed))
    path.write_text(text, "utf-8")


def _kept(block: Block, printed: list[Shown]) -> list[Shown]:
    pairs = zip(block.commands, printed, strict=True)
    return [before if settled(before.output) == settled(now.output) else now for before, now in pairs]


if __name__ == "__main__":
    foreign = ("ANTHROPIC_", "CLAUDE_", "FLOWFORGE_", "GH_", "GIT_", "GITHUB_", "OP_")
    for name in [name for name in os.environ if name.startswith(foreign) or name in {"CI", "COLUMNS"}]:
        del os.environ[name]
    for argument in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as made:
            os.environ["HOME"], os.environ["FLOWFORGE_CACHE_DIR"] = made, f"{made}/cache"
            renew(Path(argument).resolve(), Path(made))

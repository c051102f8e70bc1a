"""The stories of the demo, as pages show them: each a block that begins with its command."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from flowforge.demo import fleet, rotation
from flowforge.demo.story import Story
from flowforge.demo.telling import Telling
from tests.docs.pages import Block, Page

# By what is typed to have it told.
STORIES: Final[Mapping[str, Story]] = {"flowforge demo": fleet.STORY, "flowforge demo --rotate": rotation.STORY}
# What stands in a transcript where the machine is so busy that a step takes more than ten seconds.
_PROGRESS: Final = re.compile(r"^[A-Z][a-z]+: \d[\d,]*/\d.*\n", re.MULTILINE)


def stories_of(page: Page) -> Iterator[tuple[Block, str]]:
    """Yield the blocks of a page that show a story, each with its command."""
    for block in page.blocks:
        command = block.text.partition("\n")[0].removeprefix("$ ")
        if command in STORIES:
            yield block, command


def shown_in(block: Block) -> str:
    """Return what stands below the command."""
    return block.text.partition("\n")[2].strip("\n")


def told(command: str, folder: Path) -> tuple[Telling, bool, str]:
    """Tell a story. Return how it stands at its end, whether it came true, and its text."""
    lines: list[str] = []
    telling = Telling(STORIES[command], folder, lines.append)
    right = telling.run()
    return telling, right, _PROGRESS.sub("", "\n".join(lines)).strip("\n")

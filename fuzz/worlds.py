"""The world file of `flowforge sandbox`: a world, or one error at its place."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from flowforge.cli.sandbox.world_file import build
from flowforge.errors import FlowForgeError
from flowforge.sandbox import World
from fuzz.planted import MARK, TOKEN, check_said
from fuzz.target import Target

_ROOT = Path(__file__).parents[1]
_WORDS = (
    "acme/",
    "{",
    "}",
    "[",
    "]",
    "null",
    "true",
    "secrets",
    "teams",
    "user",
    "environments",
    "properties",
    "&a",
    "*a",
)


def law(data: bytes) -> None:
    """Build a world of a file: nothing but an error of ours comes out, which shows no credential."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.yaml"
        path.write_bytes(data.replace(MARK.encode(), TOKEN.encode()))
        world = World()
        try:
            count = build(path, world)
        except FlowForgeError as error:
            check_said(str(error).replace(folder, ""), data)
            return
    assert count == len(list(world.directory)), "a repository that the file does not say, or one that is lost"


def seeds() -> Iterator[bytes]:
    """Yield the worlds of the examples, and one with all that a file can say."""
    for path in sorted((_ROOT / "examples").glob("*/before.json")):
        yield path.read_bytes()
    yield (_ROOT / "docs/sandbox.md").read_text("utf-8").partition("```yaml\n")[2].partition("```")[0].encode()
    yield f'{{"{MARK}": {{}}, "acme/{MARK}": {{"topics": ["{MARK}"], "{MARK}": 1}}}}'.encode()


TARGET = Target(law, seeds, _WORDS, longest=8_192)

"""docs/manifest.md: every example is a manifest, and every key of the schema is explained and shown."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowforge.manifest.model import Manifest
from flowforge.resources import schema_text
from flowforge.source_types import SOURCE_TYPES, Runs, SourceType, source_type

PAGE = (Path(__file__).parents[2] / "docs" / "manifest.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_is_a_manifest(example: str, loaded: Callable[..., Manifest]) -> None:
    """It loads as it stands, with nothing wrong and nothing to warn of, and wants something unless it says not."""
    manifest = loaded(example)
    assert ((), "targets: []" not in example) == (manifest.warnings, bool(manifest.targets))


def _keys(schema: object, *, named: bool = False) -> Iterator[str]:
    """Return the names of all properties of a schema. named: it is that mapping, which may have a "properties"."""
    parts: list[tuple[str, object]] = [("", each) for each in schema] if isinstance(schema, list) else []
    if isinstance(schema, dict):
        yield from () if named else schema.get("properties", {})
        parts = list(schema.items())
    for key, part in parts:
        yield from _keys(part, named=key == "properties" and not named)


def test_each_key_is_explained_and_shown() -> None:
    """Each stands in the text as a key, and in an example."""
    keys = set(_keys(json.loads(schema_text("manifest"))))
    prose = re.sub(r"```yaml\n.*?```", "", PAGE, flags=re.DOTALL)
    unexplained = {key for key in keys if not re.search(rf"`{key}\b", prose)}
    unshown = {key for key in keys if not re.search(rf"\b{key}:", "".join(EXAMPLES))}
    assert (set(), set()) == (unexplained, unshown)


# What the page says of a source, by whose program it runs.
SAYS = {
    Runs.NOTHING: ("nothing", "is read, on any event"),
    Runs.FIXED: ("`op`, which FlowForge chooses", "is read, on any event"),
    Runs.CHOSEN: (
        "what the manifest chooses",
        "is read only on an event that is known to be trusted, or where `FLOWFORGE_ALLOWED_SOURCES` names it",
    ),
}


def test_what_each_source_runs_is_what_the_table_says() -> None:
    """The page's rows have every source once, plugins among them, with what the rules make of its nature."""
    rows = re.search(r"\| source \| runs \| in CI \|\n\|[-|]+\n((?:\|.*\n)+)", PAGE)
    assert rows
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1].splitlines()]
    found = {name.strip(" `"): (runs, ci) for names, runs, ci in cells for name in names.split(",")}
    types: dict[str, SourceType] = {**SOURCE_TYPES, "a plugin": source_type("a-plugin")}
    assert {name: SAYS[row.runs] for name, row in types.items()} == found

"""docs/manifest.md: every example is a manifest, and every key of a selector is explained."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.manifest.model import Manifest
from flowforge.resources import schema_text

PAGE = (Path(__file__).parents[2] / "docs" / "manifest.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_is_a_manifest(example: str, loaded: Callable[..., Manifest]) -> None:
    """It loads as it stands, with nothing wrong and nothing to warn of, and wants something."""
    manifest = loaded(example)
    assert ((), True) == (manifest.warnings, bool(manifest.targets))


def test_each_key_of_a_selector_is_explained_and_shown() -> None:
    """Each stands in the text as a key, and in an example."""
    definitions = json.loads(schema_text("manifest"))["$defs"]
    keys = {*definitions["select"]["properties"], "allow_empty", "auto_admit", "per_repo"}
    prose = re.sub(r"```yaml\n.*?```", "", PAGE, flags=re.DOTALL)
    explained = {key for key in keys if re.search(rf"`{key}\b", prose)}
    shown = {key for key in keys if re.search(rf"\b{key}:", "".join(EXAMPLES))}
    assert (keys, keys) == (explained, shown)

"""The schemas that FlowForge carries."""

import json
from pathlib import Path

import pytest

from flowforge.resources import SCHEMAS, schema_text


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema(name: str) -> None:
    """Every name gives JSON that says which JSON Schema it is written in."""
    assert json.loads(schema_text(name))["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_package_goes_first(tmp_path: Path) -> None:
    """A wheel's own schemas are taken before those of a checkout around it; without either it is a broken install."""
    inner, outer = tmp_path / "package", tmp_path
    for folder, text in ((inner, "in the package"), (outer, "beside it")):
        (folder / "schemas").mkdir(parents=True)
        (folder / "schemas" / "flowforge.schema.json").write_text(text)
    folders = inner / "schemas", outer / "schemas"
    both = schema_text("manifest", folders)
    (inner / "schemas" / "flowforge.schema.json").unlink()
    outer_only = schema_text("manifest", folders)
    (outer / "schemas" / "flowforge.schema.json").unlink()
    with pytest.raises(FileNotFoundError):
        schema_text("manifest", folders)
    assert ("in the package", "beside it") == (both, outer_only)

"""The JSON Schemas that FlowForge carries."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

# What `flowforge schema` takes, and its file.
SCHEMAS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "manifest": "flowforge.schema.json",
        "plan": "plan.schema.json",
        "plan-file": "plan-file.schema.json",
        "report": "report.schema.json",
        "state": "state.schema.json",
        "error": "error.schema.json",
        "validation": "validation.schema.json",
        "adoption": "adoption.schema.json",
        "repos": "repos.schema.json",
        "kept": "kept.schema.json",
    }
)
# A wheel carries the schemas inside the package. In a checkout they are beside it, where editors and docs link to them.
_PACKAGE: Final = Path(__file__).parent
_FOLDERS: Final = (_PACKAGE / "schemas", _PACKAGE.parent / "schemas")


def schema_text(name: str) -> str:
    """Return the JSON text of a schema of `SCHEMAS`. Raises KeyError, and FileNotFoundError in a broken install."""
    file = SCHEMAS[name]
    folder = next((folder for folder in _FOLDERS if (folder / file).is_file()), _FOLDERS[0])
    return (folder / file).read_text(encoding="utf-8")

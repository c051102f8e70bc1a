"""The JSON Schemas that FlowForge carries."""

from collections.abc import Mapping, Sequence
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
# A wheel carries the schemas inside the package, a checkout beside it.
_PACKAGE: Final = Path(__file__).parent
_FOLDERS: Final = (_PACKAGE / "schemas", _PACKAGE.parent / "schemas")


def schema_text(name: str, folders: Sequence[Path] = _FOLDERS) -> str:
    """Return a schema's text by a name of `SCHEMAS`; KeyError for another, FileNotFoundError in a broken install."""
    file = SCHEMAS[name]
    folder = next((folder for folder in folders if (folder / file).is_file()), folders[0])
    return (folder / file).read_text(encoding="utf-8")

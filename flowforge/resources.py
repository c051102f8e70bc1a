"""The JSON Schemas that FlowForge carries. Every help loads this; without pathlib, which costs a twelfth of click."""

import os
from collections.abc import Mapping, Sequence
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
        "probe": "probe.schema.json",
        "audit": "audit.schema.json",
        "status": "status.schema.json",
        "rules": "rules.schema.json",
        "checkup": "checkup.schema.json",
    }
)
# A wheel carries the schemas inside the package. In a checkout they are beside it, where editors and docs link to them.
_PACKAGE: Final = os.path.dirname(__file__)  # noqa: PTH120 -- see above
_FOLDERS: Final = (f"{_PACKAGE}/schemas", f"{_PACKAGE}/../schemas")


def schema_text(name: str, folders: Sequence[str | os.PathLike[str]] = _FOLDERS) -> str:
    """Return the JSON text of a schema of `SCHEMAS`. Raises KeyError, and FileNotFoundError in a broken install."""
    file = SCHEMAS[name]
    folder = next((folder for folder in folders if os.path.isfile(f"{folder}/{file}")), folders[0])  # noqa: PTH113 -- see above
    with open(f"{folder}/{file}", encoding="utf-8") as text:  # noqa: PTH123 -- see above
        return text.read()

"""The public JSON of an audit. Every text from outside is made printable here, once."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from flowforge.audit.model import RepoAudit
from flowforge.errors import printable


def audit_body(audits: Sequence[RepoAudit], *, complete: bool = True) -> dict[str, Any]:
    """Return what stands behind the head of the document. complete: whether every repository is among them."""
    return {"complete": complete and all(each.complete for each in audits), "repos": [_plain(each) for each in audits]}


def _plain(value: object) -> Any:  # noqa: ANN401 -- JSON
    """Return data classes, enums and tuples as JSON has them."""
    # Before the texts: a StrEnum is a text too.
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        # Also names and paths: somebody may have put a credential in the place of any of them.
        return printable(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        # The fields of the data classes are the public keys; schemas/audit.schema.json holds them still.
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value

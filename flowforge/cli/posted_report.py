"""A report that `post` or `status --from` is given. Whoever made it may be anybody: it is bounded and checked.

A document of FlowForge itself passes its schema; what is refused was cut, edited, or is another file.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from flowforge.cli.output import around
from flowforge.cli.streams import reason
from flowforge.errors import PostError, Problem, quote
from flowforge.life.joining import has_days
from flowforge.on_demand import load
from flowforge.render.document import VERSION, Document
from flowforge.render.formats import FLEET
from flowforge.resources import schema_text

# 10,000 secrets that an apply wrote make 25 MB.
MOST: Final = 100_000_000
MOST_UNVERIFIED: Final = 20_000_000
_TAKEN: Final = (*sorted(FLEET), "error")
_PLAN_FILE: Final = "flowforge.plan-file"
_FIX: Final = "give it what `--report json=FILE` wrote"


def read_report(path: Path, most: int, *, kinds: Sequence[str] = _TAKEN, use: str = "posted") -> Document:
    """Read a report of at most so many bytes, and check it. Raises PostError FF800 to FF803.

    kinds: which documents are taken. use: what becomes of it, as a participle.
    """
    try:
        with open(around(path).read(path), "rb") as file:  # noqa: PTH123 -- a descriptor
            size = os.fstat(file.fileno()).st_size
            data = file.read(most + 1) if size <= most else b""
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "no file can have this name"
        raise PostError(Problem("FF800", f"the report {quote(str(path))} cannot be read", why=why, fix=_FIX)) from None
    if size > most or len(data) > most:
        why = f"it has more than {most // 1_000_000} MB"
        raise PostError(Problem("FF801", f"the report {quote(str(path))} is too large", why=why, fix=_FIX))
    return _checked(_parsed(data), str(path), kinds, use)


def commit_of(report: Document) -> str:
    """Return the commit that a report names; empty where it names none."""
    return str(report.get("commit") or (report.get("plan") or {}).get("commit") or "")


def _parsed(data: bytes) -> Any:  # noqa: ANN401 -- JSON
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        return None


def _checked(found: Any, path: str, kinds: Sequence[str], use: str) -> Document:  # noqa: ANN401 -- JSON
    kind = found.get("format") if isinstance(found, dict) else None
    if kind == _PLAN_FILE:
        why = "a saved plan is for `flowforge apply` alone"
        raise PostError(Problem("FF802", f"{quote(path)} is a saved plan, and no report", why=why, fix=_FIX))
    name = kind.removeprefix("flowforge.") if isinstance(kind, str) else ""
    if not isinstance(found, dict) or kind != f"flowforge.{name}" or name not in kinds:
        why = f"its format is {quote(kind)}" if isinstance(kind, str) else "it is no JSON document of FlowForge"
        raise PostError(Problem("FF803", f"{quote(path)} is no report that can be {use}", why=why, fix=_FIX))
    if why := _fault(found, name):
        raise PostError(Problem("FF803", f"{quote(path)} is no report that can be {use}", why=why, fix=_FIX))
    return found


def _fault(found: Document, name: str) -> str:
    """Return why a document does not fit its schema; empty where it does. Nothing but names of ours is quoted of it."""
    version = found.get("version")
    if version != VERSION:
        return (
            f"its version is {version}, and this FlowForge knows {VERSION}"
            if type(version) is int
            else "it has no version"
        )
    validator = load("jsonschema").Draft202012Validator(json.loads(schema_text(name)))
    error = next(iter(validator.iter_errors(found)), None)
    if error is None:
        return "a day in it is no day" if name == "status" and not has_days(found) else ""
    where = "/".join(str(part) if isinstance(part, int) else quote(part).strip('"') for part in error.absolute_path)
    return f"it does not fit its schema at /{where} ({error.validator})"

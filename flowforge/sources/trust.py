"""Which sources and files a manifest may name: the operator's rules, taken from the environment only.

A manifest is code. Whoever proposes one must not thereby read every file of the runner that applies it.
"""

import os
import re
from pathlib import Path
from typing import Final

from flowforge.errors import Problem, TrustError, printable
from flowforge.sources.base import Context

SOURCES_VARIABLE: Final = "FLOWFORGE_ALLOWED_SOURCES"
PATHS_VARIABLE: Final = "FLOWFORGE_ALLOWED_PATHS"


def require_source(name: str, context: Context) -> None:
    """Raise TrustError (FF231) where FLOWFORGE_ALLOWED_SOURCES is set and lists other sources only."""
    allowed = context.listed(SOURCES_VARIABLE)
    if allowed is None or name in allowed:
        return
    admitted = (
        f"it admits {printable(', '.join(sorted(allowed)))}" if allowed else "it is set but empty, so it admits none"
    )
    fix = f"use another source, or let the operator add {name} to {SOURCES_VARIABLE}"
    raise TrustError(Problem("FF231", f"source {name} is not allowed by {SOURCES_VARIABLE}", why=admitted, fix=fix))


def confining(context: Context) -> tuple[Path, ...] | None:
    """List the folders that files must lie below, their links resolved; None where files are not confined.

    They are confined where CI is set, and where FLOWFORGE_ALLOWED_PATHS is: to the manifest's folder and to the folders
    of that variable, which commas or the system's path separator (`:`) set apart.
    """
    listed = context.environ.get(PATHS_VARIABLE)
    if listed is None and not context.environ.get("CI"):
        return None
    extra = filter(None, (part.strip() for part in re.split(f"[,{os.pathsep}]", listed or "")))
    return tuple(Path(os.path.realpath(folder)) for folder in (context.folder, *extra))

"""What of FlowForge's files is not for git: the lines that `init` adds to the `.gitignore` beside the manifest."""

import errno
import os
from pathlib import Path
from typing import Final

from flowforge.cli.output import write_text

FILE: Final = ".gitignore"
# Not the journal, which is part of the state while a killed run has left one.
LINES: Final = (
    "*.state.json.lock",
    "*.state.json.lock-holder",
    "*.state.json*.backup",
    "plan.json",
    "*.plan.json",
)
_HEADING: Final = "# FlowForge: locks, the state of before, and saved plans"


def ignore(folder: Path) -> tuple[str, ...]:
    """Add the lines that are missing to the folder's `.gitignore`, and return them. Raises OSError."""
    path = folder / FILE
    before = _read(path)
    there = {line.strip() for line in before.splitlines()}
    missing = tuple(line for line in LINES if line.encode() not in there)
    if missing:
        gap = "" if not before else "\n" if before.endswith(b"\n") else "\n\n"
        write_text(path, gap + "\n".join((_HEADING, *missing)) + "\n", os.O_APPEND)
    return missing


def _read(path: Path) -> bytes:
    if path.is_file():
        return path.read_bytes()
    if os.path.lexists(path):  # a pipe would be waited for, and git reads none of these
        raise OSError(errno.EINVAL, "it is no file")
    return b""

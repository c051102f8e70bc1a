"""What the system really refuses, also to root: so no test has to pretend that it does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def powerless() -> Iterator[None]:
    """Run as a user whom permissions bind, also where the tests are root's."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def unwritable(path: Path) -> Iterator[str]:
    """Let no file be replaced at a path, by a folder where its new content would be written; yields the reason."""
    folder = path.with_name(f"{path.name}.tmp")
    folder.mkdir()
    reason = ""
    try:
        folder.unlink()
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
    yield reason
    folder.rmdir()

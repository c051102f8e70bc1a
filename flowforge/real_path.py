"""Where a path leads to."""

import os
from typing import Final

# A link that somebody replaces all the time is met at the wrong moment in few tries.
_TRIES: Final = 10


def real_path(path: str | os.PathLike[str]) -> str:
    """Return a path without its links.

    Raises ValueError for a name that no file can have, and FileNotFoundError for a relative one in a folder that went.
    `os.path.realpath` sees that a part is a link and then reads it. Up to Python 3.12 it raises OSError where the link
    went in between.
    """
    for _ in range(_TRIES):
        try:
            return os.path.realpath(path)  # noqa: TID251 -- this is what is to be taken instead
        except OSError:
            continue
    # As if nothing of it were a link. What may lie in some folders only is opened by Bounds, which follow none.
    return os.path.abspath(path)  # noqa: PTH100 -- pathlib's leaves each `..`

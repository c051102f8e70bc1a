"""Where a path leads to."""

import os
from typing import Final

# A link that somebody replaces all the time is met at the wrong moment in few tries.
_TRIES: Final = 10


def real_path(path: str | os.PathLike[str]) -> str:
    """Return a path without its links. Raises ValueError for a name that no file can have.

    `os.path.realpath` sees that a part is a link and then reads it. Up to Python 3.12 it raises OSError where the link
    went in between.
    """
    for _ in range(_TRIES):
        try:
            return os.path.realpath(path)  # noqa: TID251 -- this is what is to be taken instead
        except OSError:
            continue
    # As if nothing of it were a link. Bounds open a file by following none, so that this leads to nowhere else.
    return os.path.abspath(path)  # noqa: PTH100 -- pathlib's takes no str

"""Which rows of a long table `make test` takes, and which are left to `make slow`."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def one_in(count: int, rows: Iterable[Any], *, ids: Callable[[Any], str] | None = None) -> list[Any]:
    """Return the rows as parameters: each `count`-th as it is, the first among them, and the others marked as slow.

    A row that is a tuple gives the values of as many names. The rows' own names come from `ids`, a function of a row.
    """
    params = []
    for number, row in enumerate(rows):
        name = ids(row) if ids is not None else None
        params.append(
            pytest.param(
                *(row if isinstance(row, tuple) else (row,)),
                id=name,
                marks=() if number % count == 0 else pytest.mark.slow,
            )
        )
    return params

"""The fault matrix: every row, by what has the fault."""

from typing import Final

from tests.faults import (
    rows_branch,
    rows_cache,
    rows_content,
    rows_disk,
    rows_github,
    rows_hostile,
    rows_limits,
    rows_lists,
    rows_network,
    rows_process,
    rows_rotate,
    rows_state,
    rows_strange,
    rows_times,
)
from tests.faults.row import Row

FAMILIES: Final[dict[str, tuple[Row, ...]]] = {
    "The network": rows_network.ROWS,
    "GitHub": rows_github.ROWS,
    "A server without end or measure": rows_hostile.ROWS,
    "Lists that change": rows_lists.ROWS,
    "What the state remembers of keys and times": rows_times.ROWS,
    "Limits and refusals": rows_limits.ROWS,
    "Writes that count as content": rows_content.ROWS,
    "The disk": rows_disk.ROWS,
    "The cache": rows_cache.ROWS,
    "The state": rows_state.ROWS,
    "The state on a branch": rows_branch.ROWS,
    "The process": rows_process.ROWS,
    "A rotation": rows_rotate.ROWS,
    "Strange ids, times and sizes": rows_strange.ROWS,
}
ROWS: Final = tuple(row for rows in FAMILIES.values() for row in rows)

"""The names of the sources that installed packages offer, read from their metadata: nothing of them is loaded."""

from functools import cache
from typing import Final

from flowforge.on_demand import load
from flowforge.source_types import is_plugin

GROUP: Final = "flowforge.sources"


@cache
def installed_sources() -> frozenset[str]:
    """Return the names under which installed packages offer sources. A name without a hyphen is ignored."""
    # Our own sources have no hyphen, so no package can take the place of one of ours (docs/adr/0010-plugins.md).
    points = load("importlib.metadata").entry_points(group=GROUP)
    return frozenset(point.name for point in points if is_plugin(point.name))

"""GitHub: one client, one pacer for all workers, and what FlowForge asks and changes there."""

import sys

# httpx imports its own command line, and with it rich and pygments, wherever rich is installed: a tenth of a plan's CPU
# time, for what FlowForge never runs. It goes without where that cannot be imported (httpx/__init__.py), and None here
# makes it so (docs.python.org/3/reference/import.html, "The module cache").
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # -- typeshed knows no None there

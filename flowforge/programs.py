"""Where programs that FlowForge itself chooses are looked for: never in a folder that a manifest brought along."""

import os
from collections.abc import Mapping


def trusted_path(environ: Mapping[str, str]) -> str:
    """Give PATH without its relative entries, an empty one among them; they begin wherever the program is started.

    Whoever proposes a manifest could put a program named `op` or `gh` beside it.
    """
    path = environ.get("PATH", os.defpath)
    return os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep))) or os.defpath

"""What GitHub's runner is given: the outputs of a step."""

import os
import secrets
from pathlib import Path


def is_runner() -> bool:
    """Return whether GitHub's runner runs this, and is to be told."""
    return os.environ.get("GITHUB_ACTIONS") == "true" and os.environ.get("FLOWFORGE_ACTIONS") != "0"


def give_output(name: str, value: str) -> None:
    """Set an output of the step. Where the runner's file is missing or cannot be written, do nothing."""
    # docs.github.com, "Workflow commands": a value of several lines stands between two lines that are not in it.
    file = os.environ.get("GITHUB_OUTPUT", "")
    if not is_runner() or not file:
        return
    mark = f"flowforge-{secrets.token_hex(16)}"
    try:
        with Path(file).open("a", encoding="utf-8") as outputs:
            outputs.write(f"{name}<<{mark}\n{value}\n{mark}\n")
    except OSError:
        pass  # what it holds stands on stdout as well

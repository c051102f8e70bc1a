"""What the tests of rotations share: who holds which value, by decryption, a canary, and what the state keeps."""

import json
import sys
from collections import Counter
from typing import Any

from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"


def who_has(fleet: Fleet, *values: str) -> Counter[str]:
    """Count by decryption how many repos hold each value: `old`, `new` and `third` as they are given, or `other`."""
    names = dict(zip(values, ("old", "new", "third"), strict=False))
    return Counter(names.get(held.get(KEY, ""), "other") for held in fleet.held().values())


def canary(fleet: Fleet, *red: str) -> tuple[str, str]:
    """Return the option of a canary that is red in some repos, and notes in `asked` where it was asked."""
    script = fleet.folder / "canary.py"
    script.write_text(
        "import sys, pathlib\n"
        f"pathlib.Path({str(fleet.folder / 'asked')!r}).open('a').write(sys.argv[1] + '\\n')\n"
        f"sys.exit(sys.argv[1] in {red!r})\n",
        encoding="utf-8",
    )
    return "--canary-command", f"{sys.executable} {script}"


def asked(fleet: Fleet) -> list[str]:
    """Return the repos in which the canary was asked, in order."""
    path = fleet.folder / "asked"
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def replaced(fleet: Fleet) -> tuple[str, str]:
    """Let the repos of a fleet hold an old key, with a new one at its source, and return both."""
    old = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    return old, fleet.set_key()


def kept(fleet: Fleet) -> Any:  # noqa: ANN401 -- JSON
    """Return the rotation of the key that the state keeps; None where there is none."""
    state = json.loads((fleet.folder / "flowforge.state.json").read_text("utf-8"))
    return state.get("rotations", {}).get("ci-key")

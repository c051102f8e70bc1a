"""Pin every package that development, building and testing install: constraints.txt, one exact version for each.

usage: python tools/pins.py      resolve anew, the newest that pyproject.toml admits, on each Python that it supports
"""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13")
# What hatchling asks for when it makes an editable install, and which no metadata names.
EDITABLE = "editables"
HEADER = """\
# Every package that `make` installs, at the one version that it installs: run-time dependencies, those of the tests
# and of fuzzing, and what builds the wheel. Written by `make pins`; pyproject.toml says what FlowForge itself admits.
"""


def declared(pyproject: str) -> list[str]:
    """Give every requirement of pyproject.toml: to run, to develop, to build."""
    project = tomllib.loads(pyproject)
    extras = project["project"]["optional-dependencies"]
    return [*project["project"]["dependencies"], *chain(*extras.values()), *project["build-system"]["requires"]]


def resolve(requirements: Iterable[str], python: str, constraints: Path | None = None) -> dict[str, str]:
    """Ask pip which versions it would install on a Python, by name; raises CalledProcessError where none fit."""
    bounds = [] if constraints is None else ["--constraint", str(constraints)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    command += [
        "--only-binary",
        ":all:",
        "--python-version",
        python,
        "--target",
        tempfile.gettempdir(),
        *bounds,
        *requirements,
    ]
    done = subprocess.run(command, env=unpinned(os.environ), stdout=subprocess.PIPE, check=True)
    found = (item["metadata"] for item in json.loads(done.stdout)["install"])
    return {item["name"].lower().replace("_", "-").replace(".", "-"): item["version"] for item in found}


def unpinned(environ: Mapping[str, str]) -> dict[str, str]:
    """Give an environment without the pins that make puts there."""
    return {name: text for name, text in environ.items() if name not in {"PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"}}


def written(pins: Mapping[str, str]) -> str:
    """Give the text of constraints.txt."""
    return HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def read(text: str) -> dict[str, str]:
    """Read constraints.txt: versions by name. Raises ValueError for a line that is no `name==version`."""
    pins: dict[str, str] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, version = line.split("==")
            pins[name] = version
    return pins


def main() -> int:
    """Resolve on the oldest Python, and hold the others to the same versions."""
    requirements = [*declared((ROOT / "pyproject.toml").read_text(encoding="utf-8")), EDITABLE]
    oldest, *others = PYTHONS
    pins = resolve(requirements, oldest)
    PINS.write_text(written(pins), encoding="utf-8")
    for python in others:
        pins |= resolve(requirements, python, PINS)
        PINS.write_text(written(pins), encoding="utf-8")
    print(f"constraints.txt pins {len(pins)} packages for Python {', '.join(PYTHONS)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

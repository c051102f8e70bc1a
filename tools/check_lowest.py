"""Run the quick tests on the oldest run-time dependencies that pyproject.toml admits.

usage: tools/check_lowest.py VENV      VENV is made anew; it is kept, so that a failure can be looked into
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the tests themselves need, at the versions that constraints.txt pins; the house's own tests are not about
# dependencies.
TOOLS = ("hatchling", "hypothesis", "openapi-core", "pytest", "pytest-xdist")
# What must be as old as the oldest jsonschema asks: openapi-core, and what holds to it.
FREE = (
    "jsonschema-path",
    "openapi-core",
    "openapi-schema-validator",
    "openapi-spec-validator",
    "pathable",
    "referencing",
    "werkzeug",
)


def lower_bounds(pyproject: str) -> list[str]:
    """Give `name==bound` for each run-time dependency; raises ValueError for one without a lower bound."""
    bounds = []
    for requirement in tomllib.loads(pyproject)["project"]["dependencies"]:
        name, at_least, bound = requirement.partition(">=")
        if not at_least:
            message = f"{requirement} has no lower bound"
            raise ValueError(message)
        bounds.append(f"{name}=={bound.partition(',')[0]}")
    return bounds


def constraints(pins: str, bounds: Iterable[str]) -> str:
    """Give the lines of constraints.txt, those aside that would keep a dependency from being its oldest."""
    free = {*FREE, *(bound.partition("==")[0] for bound in bounds)}
    return "".join(f"{line}\n" for line in pins.splitlines() if line.partition("==")[0] not in free)


def main(venv: Path) -> int:
    """Install and test; give the exit code of the tests."""
    venv = venv.resolve()
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    dev = tomllib.loads(pyproject)["project"]["optional-dependencies"]["dev"]
    tools = [requirement for requirement in dev if requirement.partition(">=")[0] in TOOLS]
    python = str(venv / "bin" / "python")
    bounds = lower_bounds(pyproject)
    print("On", ", ".join(bounds), flush=True)
    subprocess.run([str(ROOT / "tools" / "make_venv.sh"), str(venv), sys.executable], check=True)
    kept = venv / "constraints.txt"
    kept.write_text(constraints((ROOT / "constraints.txt").read_text(encoding="utf-8"), bounds), encoding="utf-8")
    environ = {**os.environ, "PIP_CONSTRAINT": kept.as_uri(), "PIP_BUILD_CONSTRAINT": kept.as_uri()}
    install = [python, "-m", "pip", "install", "--quiet", "--editable", str(ROOT), *bounds, *tools]
    subprocess.run(install, env=environ, check=True)
    tests = [python, "-m", "pytest", "-q", "-n", "auto", "--ignore", "tests/house"]
    return subprocess.run(tests, check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""Run the quick tests on the oldest run-time dependencies that pyproject.toml admits.

usage: tools/check_lowest.py VENV      VENV is made anew; it is kept, so that a failure can be looked into
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What the tests themselves need, in today's versions; the house's own tests are not about dependencies.
TOOLS = ("hypothesis", "openapi-core", "pytest", "pytest-xdist")


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


def main(venv: Path) -> int:
    """Install and test; give the exit code of the tests."""
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    dev = tomllib.loads(pyproject)["project"]["optional-dependencies"]["dev"]
    tools = [requirement for requirement in dev if requirement.partition(">=")[0] in TOOLS]
    python = str(venv / "bin" / "python")
    bounds = lower_bounds(pyproject)
    print("On", ", ".join(bounds), flush=True)
    subprocess.run([str(ROOT / "tools" / "make_venv.sh"), str(venv), sys.executable], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--editable", str(ROOT), *bounds, *tools], check=True)
    tests = [python, "-m", "pytest", "-q", "-n", "auto", "--ignore", "tests/house"]
    return subprocess.run(tests, check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

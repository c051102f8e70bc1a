"""Ask for known advisories about the oldest dependencies that pyproject.toml admits, and about those that are pinned.

usage: tools/advisories.py PYTHON      one that has pip-audit, in an environment apart from what is asked about

It ends with 1 where there is an advisory, and where nobody could be asked: a mirror of the registry may know none, and
pip-audit takes that for a good answer.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints.txt"
# Where advisories are: the registry, then the database that it takes them from.
SERVICES = ("pypi", "osv")
_MOST_NAMED = 3


class UnansweredError(Exception):
    """No service said anything about some packages, or anything at all."""


def lower_bounds(pyproject: str) -> list[str]:
    """Return `name==bound` for each run-time dependency; raises ValueError for one without a lower bound."""
    bounds = []
    for requirement in tomllib.loads(pyproject)["project"]["dependencies"]:
        name, at_least, bound = requirement.partition(">=")
        if not at_least:
            message = f"{requirement} has no lower bound"
            raise ValueError(message)
        bounds.append(f"{name}=={bound.partition(',')[0]}")
    return bounds


def pinned(constraints: str) -> list[str]:
    """Return the `name==version` of each line that has one, without the marker that may follow it."""
    lines = (line.partition(";")[0].partition("#")[0].strip() for line in constraints.splitlines())
    return [line for line in lines if "==" in line]


def advisories(report: str) -> list[str]:
    """Return a line for each advisory in pip-audit's JSON; raises UnansweredError where a package was not looked up."""
    try:
        found = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        message = "there is no answer"
        raise UnansweredError(message) from error
    skipped = [each["name"] for each in found if "skip_reason" in each]
    if skipped or not found:
        others = f" and {len(skipped) - _MOST_NAMED} more" if len(skipped) > _MOST_NAMED else ""
        named = ", ".join(skipped[:_MOST_NAMED])
        message = f"nothing is known about {named}{others}" if skipped else "nothing was asked about"
        raise UnansweredError(message)
    return [
        f"{each['name']} {each['version']}: {', '.join([one['id'], *one.get('aliases', ())])}, "
        f"mended in {' or '.join(one['fix_versions']) or 'no release'}"
        for each in found
        for one in each["vulns"]
    ]


def ask(python: str, requirements: Path) -> list[str]:
    """Ask the services in turn about exact versions; raises UnansweredError where none knows of each."""
    words = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    unanswered = []
    for service in SERVICES:
        command = [python, "-m", "pip_audit", "--vulnerability-service", service, *words, "-r", str(requirements)]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            return advisories(done.stdout)
        except UnansweredError as error:
            unanswered.append(f"{service}: {error}")
    raise UnansweredError("; ".join(unanswered))


def judge(name: str, versions: Iterable[str], python: str, folder: Path) -> bool:
    """Ask about a list of `name==version`, and say what came of it; return whether all is well."""
    requirements = folder / f"{name}.txt"
    requirements.write_text("".join(f"{version}\n" for version in versions), encoding="utf-8")
    try:
        found = ask(python, requirements)
    except UnansweredError as error:
        print(f"{name}: nobody could be asked ({error})", file=sys.stderr)
        return False
    print("\n".join(f"{name}: {line}" for line in found) or f"{name}: no known advisory")
    return not found


def main(python: str) -> int:
    """Ask about both lists; return 1 unless every answer came and was good."""
    lists = {
        "oldest": lower_bounds((ROOT / "pyproject.toml").read_text(encoding="utf-8")),
        "pinned": pinned(PINS.read_text(encoding="utf-8")),
    }
    with tempfile.TemporaryDirectory() as folder:
        well = [judge(name, versions, python, Path(folder)) for name, versions in lists.items()]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

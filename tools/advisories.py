"""Ask for known advisories about the oldest dependencies that pyproject.toml admits, and about those that are pinned.

usage: python -m tools.advisories VENV      VENV is made anew: what asks is not installed beside what is asked about

It ends with 1 where there is an advisory, and where nobody could be asked: a mirror of the registry may know none, and
pip-audit takes that for a good answer.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.check_lowest import lower_bounds
from tools.pins import PINS, ROOT, read, unpinned

# The one version of what asks; what it brings along is the newest. It opens nothing of ours but lists of names.
PIP_AUDIT = "pip-audit==2.10.1"
# Where advisories are: the registry, then the database that it takes them from.
SERVICES = ("pypi", "osv")
_MOST_NAMED = 3


class UnansweredError(Exception):
    """No service said anything about some packages, or anything at all."""


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


def main(venv: Path) -> int:
    """Install what asks, and ask; return 1 unless every answer came and was good."""
    venv = venv.resolve()
    python = str(venv / "bin" / "python")
    subprocess.run([str(ROOT / "tools" / "make_venv.sh"), str(venv), sys.executable], check=True)
    install = [python, "-m", "pip", "install", "--quiet", PIP_AUDIT]
    subprocess.run(install, env=unpinned(os.environ), check=True)
    bounds = lower_bounds((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = [f"{name}=={version}" for name, version in read(PINS.read_text(encoding="utf-8")).items()]
    well = [judge("oldest", bounds, python, venv), judge("pinned", pinned, python, venv)]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

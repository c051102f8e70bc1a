"""Install FlowForge for a workflow, where nothing that is installed can see a credential of the job.

Usage: install.py VENV

Each stage replaces this program by one with less in its environment, so that no process above a build has more of it
either (/proc shows a process's environment to all that its user runs):

1. (none): whatever the job has. Nothing but this file runs.
2. fetch: the way to the network. What FlowForge needs is fetched, as wheels alone, each with the hash that
   action/requirements.txt has for it. Nothing of them runs yet.
3. build: the search path alone. FlowForge is built from this very checkout, by what was fetched, without a network.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
REQUIREMENTS: Final = ROOT / "action" / "requirements.txt"
BUILD: Final = ("PATH",)
# A proxy, and whom to trust behind it; the registry of a team, whose contents the hashes hold.
FETCH: Final = (
    *BUILD,
    *(name for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (each, each.lower())),
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "PIP_INDEX_URL",
)


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Carry out one stage, and become the next one. Return the exit code."""
    venv, stage = Path(arguments[0]), arguments[1] if arguments[1:] else ""
    if stage == "":
        # A second step of the same job has it already; of another commit of FlowForge, it is made anew.
        return 0 if is_installed(venv) else become("fetch", venv, environ, FETCH)
    if stage == "fetch":
        return fetch(venv) or become("build", venv, environ, BUILD)
    return build(venv)


def become(stage: str, venv: Path, environ: Mapping[str, str], kept: Sequence[str]) -> int:
    """Replace this process by the next stage, which has these variables alone."""
    command = [sys.executable, "-I", __file__, str(venv), stage]
    os.execve(command[0], command, {name: environ[name] for name in kept if name in environ})  # noqa: S606 -- no shell


def fetch(venv: Path) -> int:
    """Make the environment, and install whatever FlowForge needs. Return the exit code."""
    made = subprocess.run([sys.executable, "-I", "-m", "venv", "--clear", venv], check=False).returncode
    return made or pip(venv, "--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", REQUIREMENTS)


def build(venv: Path) -> int:
    """Install FlowForge itself from this checkout. Return the exit code."""
    code = pip(venv, "--no-index", "--no-deps", "--no-build-isolation", ROOT)
    if code == 0:
        stamp(venv).write_text(identity(), encoding="utf-8")
    return code


def pip(venv: Path, *arguments: str | Path) -> int:
    """Run `pip install` of the environment. Return its exit code."""
    # -I: the working folder is the workspace, and a `pip` in it is not the one that is meant.
    options = ("--quiet", "--no-input", "--disable-pip-version-check")
    command = [venv / "bin/python", "-I", "-m", "pip", "install", *options, *arguments]
    return subprocess.run(list(map(str, command)), check=False).returncode


def is_installed(venv: Path) -> bool:
    """Return whether the environment has what this very checkout would install."""
    return stamp(venv).is_file() and stamp(venv).read_text(encoding="utf-8") == identity()


def stamp(venv: Path) -> Path:
    """Return the file that says what an environment has."""
    return venv / "flowforge-installed"


def identity() -> str:
    """Return what tells this checkout from another: its place, which has its commit in it, and its pins."""
    return f"{ROOT} {hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

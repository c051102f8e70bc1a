"""The Makefile's set-up: nothing is installed twice, and nothing half-installed counts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Stands in for the environment's Python: it notes each install and does as told about its end.
FAKE_PYTHON = """#!/bin/sh
case "$*" in *"pip install"*)
    echo "$*" >> installs
    echo "$PIP_CONSTRAINT $PIP_BUILD_CONSTRAINT" >> pinned-by
    exit "$(cat exit-code)";;
esac
"""
FLOWFORGE = "#!/bin/sh\necho the story\n"


class Checkout:
    """A folder with the Makefile and a made environment whose pip only takes notes."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        shutil.copy(root / "Makefile", folder)
        for name in ("pyproject.toml", "constraints.txt"):
            (folder / name).touch()
        (folder / "exit-code").write_text("0", encoding="utf-8")
        programs = folder / ".venv/bin"
        programs.mkdir(parents=True)
        for name, script in (("python", FAKE_PYTHON), ("flowforge", FLOWFORGE)):
            (programs / name).write_text(script, encoding="utf-8")
            (programs / name).chmod(0o755)
        (folder / ".venv/.made").write_text("\n", encoding="utf-8")

    def make(self, *words: str) -> int:
        """Run make; give its exit code."""
        environ = {"PATH": os.environ["PATH"]}
        return subprocess.run(["make", *words], cwd=self.folder, env=environ, check=False).returncode

    def installs(self) -> list[str]:
        """Give what was installed so far, a line each."""
        notes = self.folder / "installs"
        return notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []


@pytest.fixture
def checkout(tmp_path: Path, pytestconfig: pytest.Config) -> Checkout:
    """Give a checkout of its own to a test."""
    return Checkout(tmp_path, pytestconfig.rootpath)


RUN_INSTALL = "-m pip install --quiet --editable ."
DEV_INSTALL = "-m pip install --quiet --editable .[dev]"


def test_the_demo_installs_once_and_only_what_it_needs(checkout: Checkout) -> None:
    """Two demos in a row install the run-time dependencies once; a newer pyproject.toml installs them again."""
    codes = [checkout.make("demo"), checkout.make("demo")]
    assert ([0, 0], [RUN_INSTALL]) == (codes, checkout.installs())
    later = (checkout.folder / ".venv/.installed-run").stat().st_mtime + 10
    os.utime(checkout.folder / "pyproject.toml", (later, later))
    assert (0, [RUN_INSTALL, RUN_INSTALL]) == (checkout.make("demo"), checkout.installs())


def test_the_demo_uses_what_development_installed(checkout: Checkout) -> None:
    """Where the development dependencies are in, the demo installs nothing."""
    codes = [checkout.make(".venv/.installed-dev"), checkout.make("demo")]
    assert ([0, 0], [DEV_INSTALL]) == (codes, checkout.installs())


def test_every_install_is_pinned(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Pip, and what it builds with, is told of constraints.txt, in a folder with a space in its name too."""
    folder = tmp_path / "a b"
    folder.mkdir()
    checkout = Checkout(folder, pytestconfig.rootpath)
    codes = [checkout.make(".venv/.installed-run"), checkout.make(".venv/.installed-fuzz")]
    pinned_by = (folder / "pinned-by").read_text(encoding="utf-8").splitlines()
    url = (folder / "constraints.txt").as_uri()
    assert ([0, 0], [f"{url} {url}"] * 3) == (codes, pinned_by)


def test_a_broken_off_install_does_not_count(checkout: Checkout) -> None:
    """An install that fails fails make, and the next run installs again."""
    (checkout.folder / "exit-code").write_text("1", encoding="utf-8")
    failed = checkout.make("demo")
    (checkout.folder / "exit-code").write_text("0", encoding="utf-8")
    assert (2, 0, [RUN_INSTALL, RUN_INSTALL]) == (failed, checkout.make("demo"), checkout.installs())


@pytest.mark.parametrize("trouble", ["another python", "interpreter gone"])
def test_an_environment_that_will_not_do_is_made_anew(checkout: Checkout, trouble: str) -> None:
    """With another PYTHON= than it was made with, or its interpreter gone, the environment is made anew."""
    tools = checkout.folder / "tools"
    tools.mkdir()
    (tools / "make_venv.sh").write_text('#!/bin/sh\necho "$@" > made-with\nexit 1\n', encoding="utf-8")
    (tools / "make_venv.sh").chmod(0o755)
    words = [f"PYTHON={sys.executable}"]
    if trouble == "interpreter gone":
        (checkout.folder / ".venv/bin/python").unlink()
        words = []
    code = checkout.make("demo", *words)
    made_with = (checkout.folder / "made-with").read_text(encoding="utf-8").split()
    expected = [".venv", *(word.removeprefix("PYTHON=") for word in words)]
    assert (2, expected, []) == (code, made_with, checkout.installs())


def test_help_names_every_target(checkout: Checkout) -> None:
    """Bare `make` lists each target that people may run, and installs nothing."""
    environ = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["make"], cwd=checkout.folder, env=environ, capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in done.stdout.splitlines()}
    text = (checkout.folder / "Makefile").read_text(encoding="utf-8")
    declared = set(text.split(".PHONY: help ")[1].split("\n")[0].split()) | {"help"}
    assert (declared, []) == (listed, checkout.installs())

"""The Makefile's set-up: nothing is installed twice, and nothing half-installed counts."""

import os
import re
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
# Stands in for tools/make_venv.sh and for whatever runs in the environment that it makes: each notes what it is asked.
FAKE_MAKE_VENV = """#!/bin/sh
mkdir -p "$1/bin"
for name in python uv cyclonedx-py flowforge; do cp noting "$1/bin/$name"; done
"""
NOTING = """#!/bin/sh
echo "$0 $*" >> runs
case "$0 $*" in
    */python\\ *"-m venv "*) for last; do :; done; mkdir -p "$last/bin"; cp noting "$last/bin/flowforge";;
    */uv\\ *) for last; do :; done; echo resolved > "$last";;
    */flowforge\\ --version) echo "flowforge 1.2.3";;
esac
"""


class Checkout:
    """A folder with the Makefile and a made environment whose pip only takes notes."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        shutil.copy(root / "Makefile", folder)
        for name in ("pyproject.toml", "constraints.txt", "requirements-dev.txt"):
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
        """Return what was installed so far, a line each."""
        return self._noted("installs")

    def runs(self) -> list[str]:
        """Return what was run in new environments so far, a line each."""
        return self._noted("runs")

    def _noted(self, name: str) -> list[str]:
        notes = self.folder / name
        return notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []


@pytest.fixture
def checkout(tmp_path: Path, pytestconfig: pytest.Config) -> Checkout:
    """Return a checkout of the test's own."""
    return Checkout(tmp_path, pytestconfig.rootpath)


RUN_INSTALL = "-m pip install --quiet --editable ."
DEV_INSTALL = [
    "-m pip install --quiet --no-deps --require-hashes --requirement requirements-dev.txt",
    "-m pip install --quiet --no-build-isolation --editable .[dev]",
]


@pytest.mark.parametrize("target", ["demo", "venv"])
def test_what_a_newcomer_makes_installs_once_and_only_what_it_needs(checkout: Checkout, target: str) -> None:
    """Two in a row install the run-time dependencies once; a newer pyproject.toml installs them again."""
    codes = [checkout.make(target), checkout.make(target)]
    assert ([0, 0], [RUN_INSTALL]) == (codes, checkout.installs())
    later = (checkout.folder / ".venv/.installed-run").stat().st_mtime + 10
    os.utime(checkout.folder / "pyproject.toml", (later, later))
    assert (0, [RUN_INSTALL, RUN_INSTALL]) == (checkout.make(target), checkout.installs())


@pytest.mark.parametrize("target", ["demo", "venv"])
def test_what_a_newcomer_makes_uses_what_development_installed(checkout: Checkout, target: str) -> None:
    """Where the development dependencies are in, nothing is installed."""
    codes = [checkout.make(".venv/.installed-dev"), checkout.make(target)]
    assert ([0, 0], DEV_INSTALL) == (codes, checkout.installs())


def test_every_install_is_pinned(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Pip, and what it builds with, is told of constraints.txt, in a folder with a space in its name too."""
    folder = tmp_path / "a b"
    folder.mkdir()
    checkout = Checkout(folder, pytestconfig.rootpath)
    codes = [checkout.make(".venv/.installed-run"), checkout.make(".venv/.installed-fuzz")]
    pinned_by = (folder / "pinned-by").read_text(encoding="utf-8").splitlines()
    url = (folder / "constraints.txt").as_uri()
    assert ([0, 0], [f"{url} {url}"] * 4) == (codes, pinned_by)


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


@pytest.fixture
def supplied(checkout: Checkout) -> Checkout:
    """Return a checkout where whatever runs in a new environment only takes notes."""
    tools = checkout.folder / "tools"
    tools.mkdir()
    (checkout.folder / "action").mkdir()
    for path, script in ((tools / "make_venv.sh", FAKE_MAKE_VENV), (checkout.folder / "noting", NOTING)):
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
    (checkout.folder / "pyproject.toml").write_text('dynamic = ["version"]\n', encoding="utf-8")
    return checkout


SUPPLY_INSTALL = ".venv-supply/bin/python -m pip install --quiet cyclonedx-bom pip-audit uv"
ACTION_PINS = "--group action --constraint constraints.txt --generate-hashes --output-file action/requirements.txt"
RESOLVE = (
    ".venv-supply/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-annotate "
    "--no-emit-index-url --no-emit-index-annotation pyproject.toml"
)
LIST = ".venv-supply/bin/cyclonedx-py environment --pyproject .venv-run/pyproject.toml --output-reproducible"


@pytest.mark.parametrize(("words", "upgrade"), [((), ""), (("UPGRADE=1",), " --upgrade")])
def test_pins_are_resolved_by_uv(supplied: Checkout, words: tuple[str, ...], upgrade: str) -> None:
    """All that is declared is resolved at once, then what the tests need with its hashes; no file names a registry."""
    code = supplied.make("pins", *words)
    expected = [
        SUPPLY_INSTALL,
        f"{RESOLVE} --all-extras --group supply{upgrade} --output-file constraints.txt",
        f"{RESOLVE} --extra dev --constraint constraints.txt --generate-hashes --output-file requirements-dev.txt",
        f"{RESOLVE} {ACTION_PINS}",
    ]
    assert (0, expected) == (code, supplied.runs())


def test_the_lowest_are_resolved_by_uv_and_tested(supplied: Checkout) -> None:
    """The oldest that pyproject.toml admits, what goes with them near to today's pins, then the tests."""
    code = supplied.make("lowest", "JOBS=2")
    counted = "not slow and not sweep and not faults and not browser and not editor"
    expected = [
        SUPPLY_INSTALL,
        f"{RESOLVE} --no-deps --resolution lowest-direct --output-file .venv-lowest/lowest.txt",
        f"{RESOLVE} --extra dev --constraint .venv-lowest/lowest.txt --output-file .venv-lowest/constraints.txt",
        ".venv-lowest/bin/python -m pip install --quiet --editable .[dev]",
        f".venv-lowest/bin/python -m pytest -q -n 2 -m {counted} --ignore tests/house",
    ]
    assert (0, expected) == (code, supplied.runs())


def test_the_sbom_is_of_an_environment_of_its_own(supplied: Checkout) -> None:
    """FlowForge alone is installed there, without pip, and the document's subject has its version."""
    code = supplied.make("sbom")
    expected = [
        SUPPLY_INSTALL,
        ".venv-supply/bin/python -m venv --clear --without-pip .venv-run",
        ".venv-supply/bin/python -m pip --python .venv-run install --quiet .",
        ".venv-run/bin/flowforge --version",
        f"{LIST} --output-file dist/flowforge.cdx.json .venv-run",
    ]
    described = (supplied.folder / ".venv-run/pyproject.toml").read_text(encoding="utf-8")
    assert (0, expected, 'version = "1.2.3"\n') == (code, supplied.runs(), described)


def test_help_names_every_target(checkout: Checkout) -> None:
    """Bare `make` lists each target that people may run, and installs nothing."""
    environ = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["make"], cwd=checkout.folder, env=environ, capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in done.stdout.splitlines()}
    text = (checkout.folder / "Makefile").read_text(encoding="utf-8")
    declared = set(text.split(".PHONY: help ")[1].split("\n")[0].split()) | {"help"}
    assert (declared, []) == (listed, checkout.installs())


def test_ci_writes_no_page_that_it_compares(pytestconfig: pytest.Config) -> None:
    """A generated page that is not up to date fails: no target that CI runs makes it anew, before or beside `check`."""
    run = (pytestconfig.rootpath / ".ci/run").read_text(encoding="utf-8")
    makefile = (pytestconfig.rootpath / "Makefile").read_text(encoding="utf-8")
    targets = {word for line in re.findall(r"^step (.*)$", run, re.MULTILINE) for word in line.split()}
    rules = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)*)", makefile, re.MULTILINE)
    writing = {name for name, recipe in rules if "--write" in recipe}
    assert ({"docs", "bench"}, set(), {"check", "site"}) == (writing, writing & targets, targets & {"check", "site"})

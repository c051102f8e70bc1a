"""How the Makefile finds its Python: the first that runs, and what it says when none will do."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

REAL = sys.executable
# Runs as this very Python, but only notes that it was asked for an environment: a real one takes seconds.
NEW = f"""#!/bin/sh
case "$*" in "-m venv "*) mkdir "$4" && printf '%s\\n' "$*" > "$4/asked"; exit;; esac
exec "{REAL}" "$@"
"""
SHIM = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"
# What runs is asked for its version in one of two ways; an old Python fails the first and answers the second.
OLD = '#!/bin/sh\ncase "$2" in *sys.exit*) exit 1;; *) echo 3.9;; esac\n'
BARE = f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec "{REAL}" "$@"\n'
NEEDED = ("sh", "ls", "mkdir")


def make_venv(
    root: Path, folder: Path, pythons: Mapping[str, str], venv: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    """Run the script with nothing on the PATH but these Pythons and the tools it needs."""
    folder.mkdir()
    for name in NEEDED:
        (folder / name).symlink_to(shutil.which(name) or name)
    for name, script in pythons.items():
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    command = [str(root / "tools/make_venv.sh"), str(venv), *words]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


def test_it_takes_the_first_that_runs_and_can_make_one(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """A shim that fails, a Python that is too old and one without ensurepip are passed over."""
    pythons = {"python3.13": SHIM, "python3.12": OLD, "python3.11": BARE, "python3": NEW}
    done = make_venv(pytestconfig.rootpath, tmp_path / "bin", pythons, tmp_path / "v")
    number = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (0, f"Making {tmp_path}/v with python3 (Python {number})\n") == (done.returncode, done.stderr)
    made = {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "v").iterdir()}
    assert {"asked": f"-m venv --clear {tmp_path}/v\n", ".made": "\n"} == made


def test_it_says_what_to_install_when_none_runs(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Each candidate is listed with what is wrong with it, then what to install."""
    pythons = {"python3.13": SHIM, "python3": OLD}
    done = make_venv(pytestconfig.rootpath, tmp_path / "bin", pythons, tmp_path / "v")
    expected = """\
FlowForge needs Python 3.11, 3.12 or 3.13, and found none that runs:
  python3.13 is on the PATH but does not run
  python3.12 is not on the PATH
  python3.11 is not on the PATH
  python3 is Python 3.9
  python is not on the PATH
Install one:
  Debian 12, Ubuntu 24.04 or later:  apt-get install python3 python3-venv
  Fedora:                            dnf install python3.13
  macOS:                             brew install python@3.13
or name one:                         make PYTHON=/path/to/python3.12
"""
    assert (1, expected, False) == (done.returncode, done.stderr, (tmp_path / "v").exists())


def test_it_says_what_to_install_when_ensurepip_is_missing(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Debian's Python without python3-venv runs and cannot make an environment: the message names the package."""
    done = make_venv(pytestconfig.rootpath, tmp_path / "bin", {"python3": BARE}, tmp_path / "v")
    number = f"{sys.version_info.major}.{sys.version_info.minor}"
    expected = (
        f"python3 is Python {number}, but it cannot make a virtual environment: its module ensurepip is missing. "
        "Install it:\n"
        "  Debian, Ubuntu:  apt-get install python3-venv\n"
        f"                   (for a Python that is not the system's own: apt-get install python{number}-venv)\n"
        "or name another:   make PYTHON=/path/to/python3.12\n"
    )
    assert (1, expected, False) == (done.returncode, done.stderr, (tmp_path / "v").exists())


def test_the_named_python_is_taken_or_refused(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """`PYTHON=` is the only candidate: no other is taken in its place."""
    done = make_venv(pytestconfig.rootpath, tmp_path / "bin", {"python3": NEW, "mine": OLD}, tmp_path / "v", "mine")
    said = done.stderr.splitlines()[:2]
    expected = ["FlowForge needs Python 3.11, 3.12 or 3.13, and found none that runs:", "  mine is Python 3.9"]
    assert (1, expected) == (done.returncode, said)


def test_it_clears_no_folder_that_is_not_its_own(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """A VENV= that names a folder of something else is refused, and the folder stays as it is."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").touch()
    done = make_venv(pytestconfig.rootpath, tmp_path / "bin", {"python3": NEW}, tmp_path / "mine")
    expected = (
        f"{tmp_path}/mine is there and is no virtual environment: "
        "move it away, or name another place with make VENV=...\n"
    )
    assert (1, expected, True) == (done.returncode, done.stderr, (tmp_path / "mine/thesis.txt").exists())

"""The install of the action: what it fetches must have its hash, and what it builds can see no credential."""

import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from flowforge import __version__
from tests.made_up import letters

pytestmark = pytest.mark.no_coverage

ROOT: Final = Path(__file__).resolve().parents[2]
TINY: Final = "acme_tiny-1.0-py3-none-any.whl"
PROJECT: Final = '[build-system]\nrequires = []\nbuild-backend = "hook"\nbackend-path = ["."]\n'
# As an attacker would look: its own environment, and that of each process above it, as far as the system shows them.
HOOK: Final = """
import json, os, pathlib, shutil
HERE = pathlib.Path(__file__).parent
def above(pid):
    seen = {}
    while pid > 1 and (stat := pathlib.Path(f"/proc/{pid}/stat")).exists():
        try:
            seen[pathlib.Path(f"/proc/{pid}/cmdline").read_text()] = pathlib.Path(f"/proc/{pid}/environ").read_text()
        except OSError:
            break
        pid = int(stat.read_text().rpartition(")")[2].split()[1])
    return seen
def build_wheel(directory, config_settings=None, metadata_directory=None):
    (HERE / "seen.json").write_text(json.dumps([dict(os.environ), above(os.getppid())]))
    shutil.copy(HERE / "tiny" / "acme_tiny-1.0-py3-none-any.whl", directory)
    return "acme_tiny-1.0-py3-none-any.whl"
"""


def wheel(folder: Path, content: str = "") -> Path:
    """Make the wheel of a package with one module."""
    folder.mkdir(exist_ok=True)
    info = "acme_tiny-1.0.dist-info"
    files = {
        "acme_tiny.py": content,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: acme-tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "".join(f"{name},,\n" for name in ("acme_tiny.py", f"{info}/METADATA", f"{info}/WHEEL")),
    }
    with zipfile.ZipFile(folder / TINY, "w") as made:
        for name, text in files.items():
            made.writestr(zipfile.ZipInfo(name), text)
    return folder / TINY


@dataclass
class Checkout:
    """A checkout with our install, a package to fetch from a registry on loopback, and a build that looks around."""

    folder: Path
    index: Path
    url: str

    def require(self, text: str) -> None:
        """Let this be what is fetched."""
        (self.folder / "action/requirements.txt").write_text(text, "utf-8")

    def install(self, **planted: str) -> "subprocess.CompletedProcess[str]":
        """Run the step of the action, with the job's environment."""
        environ = {"PATH": os.environ["PATH"], "PIP_INDEX_URL": self.url, "NO_PROXY": "127.0.0.1", **planted}
        script = 'exec "$PYTHON" -I "$GITHUB_ACTION_PATH/action/install.py" "$RUNNER_TEMP/flowforge"'
        environ |= {"PYTHON": sys.executable, "GITHUB_ACTION_PATH": str(self.folder), "RUNNER_TEMP": str(self.index)}
        assert script in (ROOT / "action.yml").read_text("utf-8")
        command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
        return subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False)

    @property
    def imported(self) -> bool:
        """Whether the environment has the package."""
        python = self.index / "flowforge/bin/python"
        return (
            subprocess.run([python, "-I", "-c", "import acme_tiny"], capture_output=True, check=False).returncode == 0
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """Make it, and serve the registry."""
    index, folder = tmp_path / "index", tmp_path / "checkout"
    built = wheel(index)
    (folder / "action").mkdir(parents=True)
    shutil.copy(ROOT / "action/install.py", folder / "action")
    (folder / "pyproject.toml").write_text(PROJECT, "utf-8")
    (folder / "hook.py").write_text(HOOK, "utf-8")
    wheel(folder / "tiny")

    class Registry(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            links = "".join(f'<a href="/{each.name}">{each.name}</a>' for each in index.iterdir() if each.is_file())
            is_page = self.path.startswith("/simple/")
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if is_page else "application/octet-stream")
            self.end_headers()
            self.wfile.write(f"<!DOCTYPE html>{links}".encode() if is_page else (index / self.path[1:]).read_bytes())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        made = Checkout(folder, index, f"http://127.0.0.1:{server.server_address[1]}/simple/")
        made.require(f"acme-tiny==1.0 --hash=sha256:{hashlib.sha256(built.read_bytes()).hexdigest()}\n")
        yield made
        server.shutdown()


# Each install makes an environment with a pip of its own, which takes seconds: the next test proves of one install all
# that holds of any that succeeds.
@pytest.mark.slow
def test_an_install_that_succeeds(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build sees no credential, a folder of the workspace is not taken for pip, and nothing is installed twice.

    The build has the job's search path alone, in its environment and in that of any process above it. Whoever proposes
    a change chooses the files of the workspace, and would run as soon as something imports them. A second step of the
    job takes what the first one left; with other pins it is made anew.
    """
    key = f"sk-ant-api03-{letters(80)}"
    planted = {"ACME_ANTHROPIC_KEY": key, "FLOWFORGE_GITHUB_TOKEN": key, "HTTPS_PROXY": "http://me:word@127.0.0.1:9"}
    for name in ("pip.py", "venv.py", "subprocess.py", "judge.py"):
        (checkout.index / name).write_text("raise SystemExit(77)\n", "utf-8")
    monkeypatch.chdir(checkout.index)
    done = checkout.install(PYTHONPATH=str(checkout.index), **planted)
    assert 0 == done.returncode, done.stderr
    own, above = json.loads((checkout.folder / "seen.json").read_text("utf-8"))
    # Where the system shows none, as on macOS without its own means, there is nothing to compare.
    shown = {each for command, each in above.items() if "/action/install.py" in command}
    assert ({f"PATH={os.environ['PATH']}\0"} if Path("/proc/self").exists() else set()) == shown
    assert [] == [command for command, each in above.items() if key in each or "me:word" in each]
    assert set() == {name for name, value in own.items() if key in value or "me:word" in value}
    assert (True, False) == (checkout.imported, key in done.stdout + done.stderr)
    (checkout.folder / "seen.json").unlink()
    codes = [checkout.install().returncode]
    again = (checkout.folder / "seen.json").exists()
    checkout.require((checkout.folder / "action/requirements.txt").read_text("utf-8") + "# another\n")
    codes.append(checkout.install().returncode)
    assert ([0, 0], False, True) == (codes, again, (checkout.folder / "seen.json").exists())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("acme-tiny==1.0 --hash=sha256:" + "0" * 64, "THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("acme-tiny==1.0", "Hashes are required in --require-hashes mode"),
    ],
    ids=["changed", "without"],
)
def test_what_has_another_hash_or_none_is_refused(checkout: Checkout, requirement: str, said: str) -> None:
    """Nothing of it is installed, nothing is built, and the next step of the job finds nothing to run."""
    checkout.require(f"{requirement}\n")
    done = checkout.install()
    built = (checkout.folder / "seen.json").exists()
    assert (True, True, False, False) == (done.returncode > 0, said in done.stderr, built, checkout.imported), (
        done.stderr
    )


@pytest.mark.slow
def test_what_would_be_built_is_not_fetched(checkout: Checkout) -> None:
    """A package that comes as its source would run code beside the way to the network: refused, hash and all."""
    (checkout.index / TINY).unlink()
    ran = checkout.folder / "ran"
    source = checkout.index / "acme_tiny-1.0.tar.gz"
    with tarfile.open(source, "w:gz") as made:
        for name, text in {
            "PKG-INFO": "Name: acme-tiny\nVersion: 1.0\n",
            "setup.py": f"open({str(ran)!r}, 'w')\n",
        }.items():
            entry = tarfile.TarInfo(f"acme_tiny-1.0/{name}")
            entry.size = len(text)
            made.addfile(entry, io.BytesIO(text.encode()))
    checkout.require(f"acme-tiny==1.0 --hash=sha256:{hashlib.sha256(source.read_bytes()).hexdigest()}\n")
    done = checkout.install()
    assert (True, True, False, False) == (
        done.returncode > 0,
        "No matching distribution found for acme-tiny==1.0" in done.stderr,
        ran.exists(),
        checkout.imported,
    ), done.stderr


@pytest.mark.slow
def test_the_real_one(tmp_path: Path) -> None:
    """What action/requirements.txt names is on the registry, with these hashes, and builds this FlowForge."""
    venv = tmp_path / "flowforge"
    command = [sys.executable, "-I", str(ROOT / "action/install.py"), str(venv)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert 0 == done.returncode, done.stderr
    version = [str(venv / "bin/python"), "-I", "-m", "flowforge", "--version"]
    said = subprocess.run(version, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True).stdout
    assert f"flowforge {__version__}\n" == said

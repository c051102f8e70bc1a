"""What holds for every test: an environment of its own, and how many cases hypothesis generates."""

import gc
import json
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from cryptography.hazmat.primitives import serialization
from hypothesis import settings

from tests import guard, worker_reports
from tests.children import Children

# Whatever steers FlowForge, gh, git or a terminal from outside. A test that needs one of these sets it.
_FOREIGN = ("ANTHROPIC_", "CLAUDE_", "FLOWFORGE_", "GH_", "GIT_", "GITHUB_", "OP_", "XDG_")
_FOREIGN_NAMES = ("CI", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR")
# Has coverage begin in a process, which then takes twice as long: in the workers of xdist, and in those few of the
# processes that tests start which reach what is reached in no other way.
_COVERAGE = "COVERAGE_PROCESS_CONFIG"
_COVERAGE_HERE = os.environ.get(_COVERAGE)

_HOMES = count()
_HOME_MODE = 0o40700

# Hypothesis keeps what it learns out of the tree. The everyday profile is the same on every machine and every run;
# `make check` looks further, and a failure prints the blob that repeats it.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / f"flowforge-hypothesis-{os.getuid()}")
)
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("medium", max_examples=2_000, deadline=None, database=None, print_blob=True)
settings.register_profile("slow", max_examples=10_000, deadline=None, database=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers for each processor: many tests wait, for a limit, a signal or a process."""
    return 2 * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """Have a worker of xdist report less."""
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(worker_reports)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let coverage rest during a test that is marked `no_coverage`: counting would double its time."""
    # Only where `make test` counts: `make mutants` wants to know what these tests reach.
    counts = _COVERAGE_HERE is not None and item.get_closest_marker("no_coverage") is not None
    counting = Coverage.current() if counts else None
    if counting is None:
        return (yield)
    counting.stop()
    try:
        return (yield)
    finally:
        counting.start()


# Last, so that what `-m` leaves is what is shared out.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep one test in SHARE, the same ones each time: `.ci/run` has no time for all of the slow ones."""
    share = int(os.environ.get("SHARE") or 1)
    config.hook.pytest_deselected(items=[item for number, item in enumerate(items) if number % share])
    items[:] = items[::share]


def pytest_collection_finish() -> None:
    """Leave all that was collected out of what Python looks through for garbage, and have it look more rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Say how many commands the sweep ran: each of its tests leaves a number behind as it is torn down."""
    each = [runs for report in terminalreporter.getreports("") for _, runs in report.user_properties]
    if each:
        terminalreporter.write_line(f"The sweep: {sum(each):,} runs of commands in {len(each)} tests.")


@pytest.fixture(scope="session", autouse=True)
def watched() -> Iterator[Children]:
    """Watch every request that this process sends or is asked, or that one sends which it starts.

    What comes after the last test fails that one.
    """
    with closing(Children()) as children, pytest.MonkeyPatch.context() as patch:
        for name in tuple(os.environ):
            if _is_foreign(name) or name == _COVERAGE:
                patch.delenv(name)
        patch.setenv("HOME", os.environ.get("HOME", "/"))
        # Also for what a test has one of its programs start.
        patch.setenv("PYTHONPATH", children.environ(os.environ)["PYTHONPATH"])
        guard.install(patch)
        children.watch(patch)
        guard.GUARD.children = children
        yield children
        found, guard.GUARD.children = guard.GUARD.judge(last=True), None
    assert [] == found


@pytest.fixture(scope="session", autouse=True)
def keys_checked_once() -> Iterator[None]:
    """Remember each private key that was read: most tests of Apps take less time than the proof that it is one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serialization, "load_pem_private_key", cache(serialization.load_pem_private_key))
        yield


@pytest.fixture(autouse=True)
def guarded(watched: Children) -> Iterator[None]:
    """Fail a test during which a credential left but sealed for GitHub, or to where it belongs (`tests/guard.py`)."""
    del watched
    yield
    assert [] == guard.GUARD.judge()


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory, watched: Children) -> Path:
    """Take away what an earlier test set for good, and return a home of the test's own, with a cache."""
    del watched
    for name in filter(_is_foreign, tuple(os.environ)):
        del os.environ[name]
    home = Path(os.environ["HOME"])
    if home.parent != tmp_path_factory.getbasetemp() or not _is_as_new(home):
        # Not by `mktemp`, which makes a link to the latest too: that takes as long as all else here.
        home = tmp_path_factory.getbasetemp() / f"home{next(_HOMES)}"
        home.mkdir(mode=0o700)
    os.environ["HOME"], os.environ["FLOWFORGE_CACHE_DIR"] = str(home), str(home / "cache")
    return home


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN) or name in _FOREIGN_NAMES


def _is_as_new(home: Path) -> bool:
    """Return whether a test left its home as it got it, as most do: it is the next one's then."""
    try:
        return home.stat().st_mode == _HOME_MODE and not any(home.iterdir())
    except OSError:
        return False


@pytest.fixture
def covered(monkeypatch: pytest.MonkeyPatch, own_environment: Path) -> None:
    """Have coverage count in the processes that the test starts, where it counts at all."""
    del own_environment
    if _COVERAGE_HERE is not None:
        monkeypatch.setenv(_COVERAGE, _COVERAGE_HERE)


@dataclass
class FakeOp:
    """1Password's CLI as `tests/fake_op.py` plays it. path: the folder to put on PATH. environ: what it needs."""

    path: Path
    world: dict[str, Any] = field(default_factory=lambda: {"vaults": {}})

    @property
    def environ(self) -> dict[str, str]:
        """Return an environment in which `op` is found."""
        return {"PATH": f"{self.path}{os.pathsep}{os.environ['PATH']}", "OP_FAKE": str(self.path)}

    def holds(self, value: str, reference: str = "op://CI/Claude/credential") -> None:
        """Put a value into a field."""
        vault, item, *_, name = reference.removeprefix("op://").split("/")
        self.world["vaults"].setdefault(vault, {}).setdefault(item, {})[name] = value
        self.is_like()

    def is_like(self, **more: object) -> None:
        """Set delays and answers, as `fake_op.py` says."""
        self.world |= more
        (self.path / "vaults.json").write_text(json.dumps(self.world), encoding="utf-8")

    def count(self, event: str) -> int:
        """Return how many runs began (`begin`) or ended by themselves (`end`) so far."""
        return sum(entry["event"] == event for entry in self.log)

    @property
    def log(self) -> list[dict[str, Any]]:
        """Return the beginnings and ends of its runs so far, in order."""
        log = self.path / "log"
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    @property
    def runs(self) -> list[list[str]]:
        """Return the arguments of each run so far, in order of their beginning."""
        return [entry["argv"] for entry in self.log if entry["event"] == "begin"]


@pytest.fixture
def op(tmp_path_factory: pytest.TempPathFactory) -> FakeOp:
    """Make an `op` with no vault."""
    return new_op(tmp_path_factory.mktemp("op"))


def new_op(folder: Path) -> FakeOp:
    """Make an `op` with no vault in a folder."""
    fake = FakeOp(folder)
    script = fake.path / "op"
    player = Path(__file__).with_name("fake_op.py")
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S {shlex.quote(str(player))} "$@"\n')
    script.chmod(0o755)
    fake.is_like()
    return fake


@pytest.fixture
def heeds_hangups() -> Iterator[None]:
    """Let SIGHUP mean what it means at a terminal, also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)

"""A copy of the tree in which one file is mutated and tests are run, each time in a fork of this process.

This process has imported pytest and the libraries, and nothing of ours, so that a run of a small test takes a fraction
of a second and still begins with no module loaded. The checkout itself is never touched.
"""

import gc
import importlib
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Collection, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tools.mutants.find import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_IMPORTED = (
    *("pytest", "hypothesis", "_hypothesis_pytestplugin", "xdist.plugin", "anyio.pytest_plugin"),
    *("click", "deepdiff", "filelock", "httpx"),
    *("jsonschema", "nacl.public", "openapi_core", "platformdirs", "rich.console", "yaml"),
)
_MEMORY = 8 << 30  # bytes of address space: a mutant may allocate without end
PATIENCE = 10  # seconds beyond a multiple of what its tests take unmutated
_MULTIPLE = 3
_FIRST = 900  # seconds that tests may take when nothing is mutated
_BUSY = 12  # times longer by the clock than by the processor, on a machine that does other things too
_POLL = 0.005
_KNOWN = 2.0  # seconds of tests that are asked first, as they noticed others of the file
_TURNS = (25, 3.0), (100, 15.0)  # tests at once, and their seconds; then the rest


class BrokenError(Exception):
    """Tests fail though nothing is mutated, or none were found."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a run of tests. failed: the first test that failed. cpu: seconds. late: it was killed."""

    failed: str
    late: bool
    cpu: float
    code: int

    @property
    def green(self) -> bool:
        """Whether every test passed."""
        return not self.late and self.code == 0


def copied(root: Path, tree: Path) -> None:
    """Copy what git knows or would add, as it is now."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 -- git is on PATH
        cwd=root,
        check=True,
        capture_output=True,
    )
    for name in filter(None, names.stdout.decode().split("\0")):
        if (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)


class Ground:
    """A copy of `original` in a folder that is new. One process at a time may use it, one without other threads.

    patience: seconds of the processor for a mutant, beyond a multiple of what its tests take unmutated.
    """

    def __init__(self, original: Path, folder: Path, patience: int) -> None:
        self.tree = folder / "tree"
        self._folder = folder
        self._patience = patience
        self._noticed: dict[str, set[str]] = {}
        self._time = int(time.time())
        shutil.copytree(original, self.tree, symlinks=True)
        for module in _IMPORTED:
            importlib.import_module(module)
        gc.collect()
        gc.freeze()  # each fork would look through all of it once more

    def try_out(self, mutant: Mutant, tests: Mapping[str, float], own: Collection[str]) -> Ran:
        """Run tests on a mutant, in turns: first own ones that noticed others of its file, then as they are given.

        tests: each with the seconds that it takes unmutated. own: those among them that shall notice it first.
        """
        noticed = self._noticed.setdefault(mutant.path, set())
        known = first(sorted(noticed & set(own), key=tests.__getitem__), tests, len(tests), _KNOWN)
        left = [*known, *(test for test in tests if test not in known)]
        ran, cpu = Ran("", late=False, cpu=0.0, code=0), 0.0
        for size, seconds in (*_TURNS, (len(left), math.inf)):
            turn = first(left, tests, size, seconds)
            left = left[len(turn) :]
            if ran.green and turn:
                with self.mutated(mutant):
                    ran = self.run(turn, self._patience + _MULTIPLE * sum(tests[test] for test in turn))
                cpu += ran.cpu
                if not (ran.green or ran.late or ran.failed in turn):
                    ran = replace(ran, failed=turn[0])  # none could begin
        noticed |= {ran.failed} - {""}
        return replace(ran, cpu=cpu)

    def failing(self, tests: Collection[str]) -> set[str]:
        """Return which tests fail without any mutant. Raises BrokenError where they cannot be run."""
        failed: set[str] = set()
        while left := [test for test in tests if test not in failed]:
            ran = self.run(left, _FIRST)
            if ran.green:
                break
            if ran.failed not in left:
                log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
                message = f"without any mutation, {' '.join(left)} ended with {ran.code}:\n{log[-4000:]}"
                raise BrokenError(message)
            failed.add(ran.failed)
        return failed

    @contextmanager
    def mutated(self, mutant: Mutant) -> "Iterator[None]":
        """Have the copy hold a mutant meanwhile. No bytecode of another can be taken for it: its file's time is new."""
        file = self.tree / mutant.path
        before, times = file.read_bytes(), file.stat()
        self._time += 1
        try:
            file.write_bytes(mutant.of(before))
            os.utime(file, (self._time, self._time))
            yield
        finally:
            file.write_bytes(before)
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    def run(self, tests: Sequence[str], seconds: float) -> Ran:
        """Run tests in a fork, for so many seconds of the processor at most."""
        failed = self._folder / "failed"
        failed.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            self._become(tests, seconds, failed)
        status, usage, late = _wait(child, time.monotonic() + seconds * _BUSY)
        code = os.waitstatus_to_exitcode(status)
        late = late or code == -signal.SIGXCPU
        test = failed.read_text(encoding="utf-8") if failed.exists() else ""
        return Ran(test, late, usage.ru_utime + usage.ru_stime, code)

    def _become(self, tests: Sequence[str], seconds: float, failed: Path) -> NoReturn:
        """Be the process that runs the tests, and end with pytest's code."""
        code: int = 70
        try:
            os.setsid()
            _streams(self._folder / "log")
            limit = int(seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            os.chdir(self.tree)
            # Whatever the tests start reads the copy too: this path comes before that of an editable installation.
            os.environ["PYTHONPATH"] = str(self.tree)
            os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(self._folder / "hypothesis")
            sys.path[:] = [str(self.tree), *(path for path in sys.path if path not in {"", str(CHECKOUT)})]
            sys.dont_write_bytecode = False
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            code = _pytest(tests, self.tree, self._folder / "tmp", failed)
        except BaseException:  # noqa: BLE001 -- this process ends here, whatever it was
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def first(tests: Sequence[str], cpu: Mapping[str, float], size: int, seconds: float) -> list[str]:
    """Return the first tests, so many at most, that end within so many seconds, but at least one of them."""
    ends = accumulate(cpu[test] for test in tests[:size])
    return [test for number, (test, end) in enumerate(zip(tests, ends, strict=False)) if end <= seconds or not number]


def _pytest(tests: Sequence[str], tree: Path, temporary: Path, failed: Path) -> int:
    import pytest  # noqa: PLC0415 -- only here, where it was imported before the fork

    options = ["-x", "-q", "-n", "0", "--tb=short", "-p", "no:cacheprovider", f"--basetemp={temporary}"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of the plugins that were imported before the fork
    return int(pytest.main([*options, *tests], plugins=[_Plugin(tree, failed)]))


class _Plugin:
    """Notes the first test that fails twice, and has hypothesis stop there: nobody reads its smallest example."""

    def __init__(self, tree: Path, failed: Path) -> None:
        self._tree = tree
        self._failed = failed

    def pytest_sessionstart(self) -> None:
        """Take the profile that the tests chose, without its later phases."""
        from hypothesis import Phase, settings  # noqa: PLC0415 -- as above

        settings.register_profile("mutants", settings(), phases=(Phase.explicit, Phase.generate))
        settings.load_profile("mutants")

    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool:  # noqa: ANN401 -- as below
        """Run a test once more where it fails: on a busy machine one may do so without any mutant."""
        from _pytest.runner import runtestprotocol  # noqa: PLC0415 -- as above

        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if any(report.failed for report in reports):
            item._initrequest()  # noqa: SLF001 -- as pytest-rerunfailures does: its fixtures are made anew
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True

    def pytest_collectreport(self, report: Any) -> None:  # noqa: ANN401 -- pytest is not imported at the top
        """Note a file that cannot be imported."""
        self._note(report)

    def pytest_runtest_logreport(self, report: Any) -> None:  # noqa: ANN401 -- as above
        """Note a test."""
        self._note(report)

    def _note(self, report: Any) -> None:  # noqa: ANN401 -- as above
        if report.failed and not self._failed.exists():
            self._failed.write_text(report.nodeid, encoding="utf-8")

    def pytest_sessionfinish(self) -> None:
        """Raise RuntimeError where it was not the copy that was tested."""
        ours = getattr(sys.modules.get("flowforge"), "__file__", None)
        if ours is not None and not Path(ours).is_relative_to(self._tree):
            message = f"the tests ran on {ours}"
            raise RuntimeError(message)


def _streams(log: Path) -> None:
    nothing, kept = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(nothing, 0)
    os.dup2(kept, 1)
    os.dup2(kept, 2)


def _wait(child: int, until: float) -> tuple[int, resource.struct_rusage, bool]:
    """Wait for a child, kill what is left of its session, and return how it ended, what it used, and if it was late."""
    late = False
    try:
        while True:
            pid, status, usage = os.wait4(child, os.WNOHANG)
            if pid:
                return status, usage, late
            if time.monotonic() > until:
                late = True
                _kill(child)
            time.sleep(_POLL)
    finally:
        _kill(child)


def _kill(child: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)

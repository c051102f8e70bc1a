"""A plugin of pytest: note for each test which lines of the mutated files it executes, and what it costs.

Fixtures count for the test that they are made for. coverage's own `dynamic_context` would not do: it takes the cases of
a parametrized test for one, and leaves out what fixtures do.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

FILES, COVERED, NOTED = "files", "covered", "noted"  # in the folder that `--reach` names


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the folder; xdist hands it to its workers."""
    parser.addoption("--reach", required=True, help="where the files to watch are listed, and where the notes go")


def pytest_configure(config: pytest.Config) -> None:
    """Watch, unless this process only hands tests to others."""
    if hasattr(config, "workerinput") or not config.option.numprocesses:
        config.pluginmanager.register(_Watcher(Path(config.option.reach)))


class _Watcher:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._noted: dict[str, tuple[float, bool]] = {}
        self._failed = False
        self._coverage = coverage.Coverage(
            data_file=str(folder / COVERED),
            data_suffix=True,
            config_file=False,
            include=(folder / FILES).read_text(encoding="utf-8").splitlines(),
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count what is executed for this test, and take its time: that of the processor, programs included."""
        self._failed = False
        self._coverage.switch_context(item.nodeid)
        before = _cpu()
        try:
            return (yield)
        finally:
            self._noted[item.nodeid] = (_cpu() - before, self._failed)
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note that it failed, or could not begin or end."""
        self._failed = self._failed or report.failed

    def pytest_sessionfinish(self) -> None:
        """Write it down, in files that no other process writes."""
        self._coverage.stop()
        self._coverage.save()
        (self._folder / f"{NOTED}.{os.getpid()}").write_text(json.dumps(self._noted), encoding="utf-8")


def _cpu() -> float:
    """Return the seconds of the processor that this process and the programs it waited for have used."""
    return time.process_time() + sum(os.times()[2:4])

"""Each benchmark runs: at small sizes, where its figures mean nothing, so that a whole run does not end halfway."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.no_coverage

HERE: Final = Path(__file__).resolve().parents[2] / "benchmarks"
NAMES: Final = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def _report(*names: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(HERE / "report.py"), *names]
    environ = {**os.environ, "BENCH_QUICK": "1"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_each_benchmark_has_a_place_on_the_page() -> None:
    """One that had none would never run; a place without a benchmark would end the whole run."""
    done = _report("none")
    known = done.stderr.strip().removeprefix("there is no benchmark none: one of ")
    assert (1, NAMES) == (done.returncode, sorted(known.split(", ")))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs(name: str) -> None:
    """It comes to its end and prints a table; what was measured at full size stays as it was."""
    page = (HERE / "RESULTS.md").read_text("utf-8")
    done = _report(name)
    assert (0, True) == (done.returncode, "\n| --" in done.stdout), done.stderr
    assert page == (HERE / "RESULTS.md").read_text("utf-8")

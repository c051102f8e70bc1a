"""What a worker of xdist reports: less than pytest does, and nothing of what is worth knowing."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
TESTS: Final = '''
"""Each way in which a test can end."""
import pytest

@pytest.fixture
def broken():
    print("before it breaks")
    raise RuntimeError("no setup")

@pytest.fixture
def unclean():
    yield
    print("while it breaks")
    raise RuntimeError("no teardown")

@pytest.fixture
def counted(record_property):
    yield
    record_property("runs", 7)

@pytest.fixture
def talking():
    print("before it is told")
    yield
    print("while it is told")

def test_passes(): ...
def test_talks(talking): ...
def test_fails(): assert "one" == "two"
def test_breaks_before(broken): ...
def test_breaks_after(unclean): ...
def test_is_counted(counted): ...
@pytest.mark.skip(reason="not today")
def test_is_skipped(): ...
def test_skips_itself(): pytest.skip("not here")
@pytest.mark.xfail(strict=True)
def test_is_known_to_fail(): assert False
@pytest.mark.xfail(strict=True)
def test_is_wrongly_known_to_fail(): ...
'''
CONFTEST: Final = """
def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports(""):
        for name, count in report.user_properties:
            terminalreporter.write_line(f"counted: {name} {count}")
"""
# The time that it took, and the frame of the line, which is as long as there is room beside it.
_UNLIKE: Final = re.compile(r" in [\d.]+s|=")
_KEPT: Final = re.compile(
    r"PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|E  |before it|while it|counted:|=.* (?:passed|failed)"
)


def told(folder: Path, *args: str) -> list[str]:
    """Return the lines that a run ends with: a line for each test, what was printed and raised, and the counts."""
    command = (sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *args, str(folder / "test_it.py"))
    done = subprocess.run(
        command, capture_output=True, cwd=folder, env={"PYTHONPATH": str(ROOT)}, text=True, check=False
    )
    assert 1 == done.returncode, done.stderr
    return sorted(_UNLIKE.sub("", line).strip() for line in done.stdout.splitlines() if _KEPT.match(line))


@pytest.mark.processes
def test_nothing_worth_a_word_is_left_out(tmp_path: Path) -> None:
    """Failures of each phase, skips, what was printed, what was recorded and all counts are as without a worker."""
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    here = told(tmp_path, "-n", "0")
    assert here == told(tmp_path, "-n", "1", "-p", "tests.worker_reports")
    assert (2, 2, 2, ["counted: runs 7"]) == (
        sum(line.startswith("FAILED") for line in here),
        sum(line.startswith("ERROR") for line in here),
        sum(line.startswith("SKIPPED") for line in here),
        [line for line in here if line.startswith("counted")],
    )

"""The fault matrix: every row of the table, for real."""

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.faults.bench import FOREVER, Bench
from tests.faults.row import Expected, Row
from tests.faults.table import ROWS

pytestmark = pytest.mark.faults


def _rows() -> list[object]:
    marks = {True: (pytest.mark.slow,), False: ()}
    return [pytest.param(row, id=f"{row.fault}-{row.command}", marks=marks[row.slow]) for row in ROWS]


def begin(bench: Bench, row: Row) -> None:
    """Bring both repos to where the row begins."""
    if not row.fresh:
        bench.apply_old()
    bench.value("new")


def outcome(bench: Bench, row: Row) -> Expected:
    """Run a row, and give what became of it."""
    row.given(bench)
    done = row.act(bench, row.args)
    assert [] == bench.unmet()
    bench.mend()
    return Expected(bench.said(done, row.command), done.code, bench.held(), bench.next_plan())


@pytest.mark.parametrize("row", _rows())
def test_a_fault(bench: Bench, row: Row) -> None:
    """What is printed, the exit code, what GitHub holds and what the next plan says; the next apply mends it all."""
    begin(bench, row)
    assert row.expected == outcome(bench, row)
    if row.command == "plan" or row.expected.then == "in sync":
        return
    row.repair(bench)
    assert (0, ("new", "new"), "in sync") == (bench.run("apply", "--yes").code, bench.held(), bench.next_plan())


def test_a_fault_that_is_not_met_is_noticed(bench: Bench) -> None:
    """A row whose fault strikes nothing, or too seldom, or whose moment never comes, would prove nothing."""
    kind = FaultKind.STATUS
    bench.when("^never", lambda: None)
    for match, times in (("^GET", FOREVER), ("^GET .*page=", FOREVER), ("^PUT", 1), ("^POST", FOREVER)):
        bench.fault(match, Fault("", kind, times=times))
    bench.value("new")
    assert 3 == bench.run("plan").code
    assert ["^never", "^GET .*page=", "^POST", "^PUT"] == bench.unmet()

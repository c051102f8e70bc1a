"""Figures of what was measured stand in benchmarks/RESULTS.md; where another page has one, it is the same."""

import re

import pytest

from tests.docs.pages import ROOT
from tools import measured

pytestmark = pytest.mark.no_coverage

RESULTS = (ROOT / "benchmarks/RESULTS.md").read_text("utf-8")
PAGE = """\
# Results

## Against what people use today: `python benchmarks/bench_peers.py`

| what    | wall s          | requests | writes | refused | wrong |
| ------- | --------------- | -------- | ------ | ------- | ----- |
| ours    | 64.3            | 602      | 200    | 0       | 0     |
| - again | 2.6             | 200      | 0      | 0       | 0     |
| gone    | not here: a     |          |        |         |       |
| theirs  | 17.8            | 350      | 150    | 50      | 50    |
| - again | 22.6            | 355      | 155    | 51      | 48    |

## The next
"""


def test_a_table_is_made_of_the_peers() -> None:
    """A row for each tool that was there, a column for each run, and what each run left wrong where that differs."""
    assert [
        "| | first time | again, nothing to do | repos left wrong |",
        "| --- | --- | --- | --- |",
        "| ours | 64 s, 602 requests, 200 writes | 3 s, 200 requests, 0 writes | 0 |",
        "| theirs | 18 s, 350 requests, 150 writes, 50 refused | 23 s, 355 requests, 155 writes, 51 refused | 50, 48 |",
    ] == measured.table(PAGE).splitlines()


def test_what_scale_says_of_points_and_of_a_second_plan_was_measured() -> None:
    """docs/scale.md speaks of them in sentences, which nothing generates."""
    said = " ".join((ROOT / "docs/scale.md").read_text("utf-8").split())
    goals = measured.goals(RESULTS)
    new, rotated = (
        float(goals[what]) for what in ("points of a new secret where the limit binds", "points of a rotated one")
    )
    first, again = re.findall(r"^\| the (?:first plan|next one) +\|[^|]+\|[^|]+\| (\d+) ", RESULTS, re.MULTILINE)
    assert f"{new:.2f} points for a new secret, {rotated:.2f} for a rotated one" in said
    assert f"took {int(first):,} requests of the hour the first time, and {again} the next" in said

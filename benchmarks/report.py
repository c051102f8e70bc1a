"""Run benchmarks, and write what they print into RESULTS.md, with the goals at its top and a chart of the peers.

`python benchmarks/report.py` runs all of them, `python benchmarks/report.py startup audit` these two: the sections of
the others stay as they were measured. With BENCH_QUICK=1 each runs at a small size, to try it, and nothing is written.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from chart import Bar, drawn
from common import QUICK

HERE = Path(__file__).resolve().parent
PAGE = HERE / "RESULTS.md"
CHART = HERE.parent / "docs" / "images" / "benchmarks.svg"
# In the order of the page.
TITLES = {
    "startup": "Start-up",
    "plan": "A plan with nothing to do",
    "apply": "An apply at the published limits",
    "rotate": "A leaked key",
    "owners": "Four owners against one",
    "points": "What a secret costs at the limit",
    "content": "Where GitHub counts secrets as content",
    "known_lists": "Lists that an earlier run knew",
    "peers": "Against what people use today",
    "audit": "Workflows",
    "planner": "Planning alone",
    "onepassword": "Values from 1Password",
    "state": "The state on disk",
    "state_branch": "The state on a branch",
}
HEAD = """\
# What the benchmarks measured

Measured on a local GitHub that we wrote from its documentation; `flowforge doctor --probe OWNER/SCRATCH` tells how
yours differs ([doctor](../docs/doctor.md)). `make bench` runs them all, which takes half an hour, and writes this page;
`make bench ONLY=startup` runs one of them. Each section says when, on what and under which load it was measured. A
machine that does other things too makes seconds longer: read the ratios of what ran side by side.

"""
_SECTION = re.compile(r"^## .*?: `python benchmarks/bench_(\w+)\.py`\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_GOAL = re.compile(r"^\| goal .*?\n\|[- |]+\n((?:\|.*\n)+)", re.MULTILINE)
_RESULT = re.compile(r"^\| what .*?\n\|[- |]+\n((?:\|.*\n)+)", re.MULTILINE)


class Printed(NamedTuple):
    """What a benchmark printed, how it ended, and how many seconds it took."""

    text: str
    code: int
    seconds: float


def main(chosen: Sequence[str]) -> None:
    """Run these, or all, one after the other, since side by side they would measure one another.

    A page that is half renewed is whole all the same, and one that fails stops no other.
    """
    unknown = [name for name in chosen if name not in TITLES]
    if unknown:
        sys.exit(f"there is no benchmark {unknown[0]}: one of {', '.join(TITLES)}")
    failed = []
    for name in chosen or TITLES:
        print(f"== {name}", flush=True)
        printed = _run(name)
        print(f"{printed.text}\n== {name} took {printed.seconds:.0f} s\n", flush=True)
        if printed.code:
            failed.append(name)
        elif not QUICK:
            _write(name, printed.text)
    if not QUICK:
        print(summary(sections(_page())))
    if failed:
        sys.exit(f"failed, so that their sections are as they were: {', '.join(failed)}")


def _run(name: str) -> Printed:
    begun = time.monotonic()
    command = [sys.executable, str(HERE / f"bench_{name}.py")]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- a script of this folder
    return Printed(done.stdout, done.returncode, time.monotonic() - begun)


def _page() -> str:
    return PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""


def _write(name: str, printed: str) -> None:
    PAGE.write_text(renewed(_page(), name, printed), encoding="utf-8")
    CHART.write_text(drawn(list(bars(sections(_page()).get("peers", "")))), encoding="utf-8")


def renewed(page: str, name: str, printed: str) -> str:
    """Return the page with one section as it was printed now, and the goals of all of them at its top."""
    found = {**sections(page), name: printed.strip() + "\n"}
    told = [
        f"## {title}: `python benchmarks/bench_{key}.py`\n\n{found[key].strip()}\n"
        for key, title in TITLES.items()
        if key in found
    ]
    return "\n".join([HEAD + summary(found), *told])


def sections(page: str) -> dict[str, str]:
    """Return the text of each section of a page, by the name of its benchmark."""
    return dict(_SECTION.findall(page))


def summary(found: Mapping[str, str]) -> str:
    """Return the table of all goals: what was measured, what is wanted, and whether that is met."""
    rows = [row for key in TITLES for table in _GOAL.findall(found.get(key, "")) for row in table.splitlines()]
    missed = sum("**missed**" in row for row in rows)
    told = f"{len(rows)} goals, {missed} of them missed:\n"
    image = f"![Seconds of each tool, and the repositories that it leaves wrong](../{CHART.relative_to(HERE.parent)})\n"
    return "\n".join([told, "| goal | measured | wanted | |", "|---|---|---|---|", *map(_narrow, rows), "", image])


def bars(section: str) -> Iterator[Bar]:
    """Yield a bar for each run of a tool in the table of the peers."""
    tool = ""
    for table in _RESULT.findall(section):
        for row in table.splitlines():
            what, seconds, *_, wrong = _cells(row)
            tool, run = (tool, what.removeprefix("- ")) if what.startswith("- ") else (what, "first time")
            if re.fullmatch(r"[\d.]+", seconds):
                yield Bar(tool, run, float(seconds), int(wrong))


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _narrow(row: str) -> str:
    return f"| {' | '.join(_cells(row))} |"


if __name__ == "__main__":
    main(sys.argv[1:])

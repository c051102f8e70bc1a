"""Run benchmarks, and write what they print into RESULTS.md, with the goals at its top and a chart of the peers.

`python benchmarks/report.py` runs all of them, `python benchmarks/report.py startup audit` these two: the sections of
the others stay as they were measured.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chart import Bar, drawn

HERE = Path(__file__).resolve().parent
PAGE = HERE / "RESULTS.md"
CHART = HERE.parent / "docs" / "images" / "benchmarks.svg"
# In the order of the page.
TITLES = {
    "startup": "Start-up",
    "plan": "A plan with nothing to do",
    "apply": "An apply at the published limits",
    "owners": "Four owners against one",
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


def main(chosen: Sequence[str]) -> None:
    """Run these, or all, one after the other; a page that is half renewed is whole all the same."""
    unknown = [name for name in chosen if name not in TITLES]
    if unknown:
        sys.exit(f"there is no benchmark {unknown[0]}: one of {', '.join(TITLES)}")
    for name in chosen or TITLES:
        print(f"== {name}", flush=True)
        done = subprocess.run(  # noqa: S603 -- a script of this folder
            [sys.executable, str(HERE / f"bench_{name}.py")], check=False, stdout=subprocess.PIPE, text=True
        )
        print(done.stdout, flush=True)
        if done.returncode:
            sys.exit(f"bench_{name}.py failed with {done.returncode}")
        text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(renewed(text, name, done.stdout), encoding="utf-8")
    peers = sections(PAGE.read_text(encoding="utf-8")).get("peers", "")
    CHART.write_text(drawn(list(bars(peers))), encoding="utf-8")


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
    image = f"![Seconds of each tool, and the repositories that it leaves wrong](../{CHART.relative_to(HERE.parent)})\n"
    return "\n".join(["| goal | measured | wanted | |", "|---|---|---|---|", *map(_narrow, rows), "", image])


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

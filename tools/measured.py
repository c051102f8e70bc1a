"""README.md's table of what was measured, made from benchmarks/RESULTS.md, so that no figure of it stands twice."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

BEGIN, END = "<!-- numbers:begin -->\n", "<!-- numbers:end -->"
FIRST: Final = "first time"
_HEADS: Final = {"again": "again, nothing to do", "rotated": "a new value"}

_PEERS: Final = re.compile(r"^## Against .*?^(\| what .*?)^\n", re.DOTALL | re.MULTILINE)
_GOAL: Final = re.compile(r"^\| (.+?) \| ([\d.]+) \| at (?:most|least) ", re.MULTILINE)


def readme(root: Path) -> str:
    """Return README.md with the table as it is made today; as it is where it has no place for one."""
    text = (root / "README.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    results = (root / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    return f"{before}{begin}{table(results)}{end}{after}" if end else text


def table(results: str) -> str:
    """Return a row for each tool, with what each of its runs took, from the table of the peers."""
    tools = [[*rows] for _, rows in groupby(_rows(results), key=lambda row: row["tool"])]
    runs = [row["run"] for row in tools[0]]
    head = ["", *(_HEADS.get(run, run) for run in runs), "repos left wrong"]
    lines = [head, ["---"] * len(head), *([rows[0]["tool"], *map(_run, rows), _wrong(rows)] for rows in tools)]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in lines)


def goals(results: str) -> Mapping[str, str]:
    """Return what was measured of each goal at the top of the page."""
    return dict(_GOAL.findall(results))


def _rows(results: str) -> Iterator[Mapping[str, str]]:
    """Yield each run of the tools that were there, by the heads of its columns, with its `tool` and its `run`."""
    found = _PEERS.search(results)
    head, _, *lines = [_cells(line) for line in (found[1] if found else "||").splitlines()]
    tool = ""
    for line in lines:
        row = dict(zip(head, line, strict=True))
        again = row["what"].startswith("- ")
        tool = tool if again else row["what"]
        if re.fullmatch(r"[\d.]+", row["wall s"]):
            yield {**row, "tool": tool, "run": row["what"].removeprefix("- ") if again else FIRST}


def _cells(line: str) -> Sequence[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _run(row: Mapping[str, str]) -> str:
    refused = f", {row['refused']} refused" if row["refused"] != "0" else ""
    return f"{float(row['wall s']):.0f} s, {row['requests']} requests, {row['writes']} writes{refused}"


def _wrong(rows: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(dict.fromkeys(row["wrong"] for row in rows))

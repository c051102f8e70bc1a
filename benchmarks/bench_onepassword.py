"""Fifty values from 1Password beside `op read` itself, on the `op` of our tests, which takes its time as the real one.

Its times are made up: 0.2 s to begin, which the real one takes at its best, and 5 ms for each reference.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from common import say, sized, spread, table
from flowforge.sources import Context, ValueRequest, read_all

RUNS = sized(3, 1)
DELAY, EACH = 0.2, 0.005
REFERENCES = [f"op://CI/repo-{number:03}/credential" for number in range(50)]
FAKE = Path(__file__).parents[1] / "tests" / "fake_op.py"
Way = Callable[[Sequence[str], Mapping[str, str], Path], int]


def alone(references: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Run `op read` for one after the other, as a script does."""
    commands = [["op", "read", "--no-newline", reference] for reference in references]
    runs = [subprocess.run(each, env=environ, cwd=folder, capture_output=True, check=False) for each in commands]  # noqa: S603 -- our own stand-in
    return sum(run.returncode == 0 for run in runs)


def side_by_side(references: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Run `op read` for four at a time."""
    command = ["xargs", "-P4", "-I{}", "op", "read", "{}"]
    run = subprocess.run(  # noqa: S603 -- our own stand-in
        command, input="\n".join(references).encode(), env=environ, cwd=folder, capture_output=True, check=False
    )
    return len(run.stdout.splitlines())


def flowforge(references: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Read as a plan does."""
    found = read_all([ValueRequest({"onepassword": reference}) for reference in references], Context(environ, folder))
    return sum(not isinstance(each, Exception) for each in found)


def prepare(folder: Path) -> dict[str, str]:
    """Put the stand-in and its vault into a folder; gives the environment to find it in."""
    vault = {reference.split("/")[3]: {"credential": "made up"} for reference in REFERENCES}
    world = {"vaults": {"CI": vault}, "delay": DELAY, "each": EACH}
    (folder / "vaults.json").write_text(json.dumps(world), encoding="utf-8")
    script = folder / "op"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S {shlex.quote(str(FAKE))} "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "OP_FAKE": str(folder), "HOME": str(folder)}


def measured(way: Way, references: Sequence[str]) -> tuple[float, int, int]:
    """Return the seconds, the values and the processes that a way took."""
    with tempfile.TemporaryDirectory(prefix="ff-") as name:
        folder = Path(name)
        environ = prepare(folder)
        begun = time.perf_counter()
        values = way(references, environ, folder)
        seconds = time.perf_counter() - begun
        processes = (folder / "log").read_text(encoding="utf-8").count('"begin"')
    return seconds, values, processes


def main() -> None:
    """Take turns, so that noise meets every row alike."""
    say(
        f"{len(REFERENCES)} references, {DELAY} s a process and {EACH} s a reference, {RUNS} runs: median (least-most)."
    )
    one_gone = [*REFERENCES[:-1], "op://CI/gone/credential"]
    ways: dict[str, tuple[Way, Sequence[str]]] = {
        "`op read`, one after the other": (alone, REFERENCES),
        "`op read` under `xargs -P4`": (side_by_side, REFERENCES),
        "FlowForge": (flowforge, REFERENCES),
        "FlowForge, one item is missing": (flowforge, one_gone),
    }
    runs = [{name: measured(*way) for name, way in ways.items()} for _ in range(RUNS)]
    serial = [run["`op read`, one after the other"][0] for run in runs]
    rows = []
    for name in ways:
        seconds = [run[name][0] for run in runs]
        share = [mine / theirs for mine, theirs in zip(seconds, serial, strict=True)]
        _, values, processes = runs[0][name]
        rows.append((name, spread(seconds), spread(share, 3), values, processes))
    table(("how", "wall s", "of the serial time", "values", "processes"), rows)


if __name__ == "__main__":
    main()

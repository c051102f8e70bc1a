"""Fuzz every target for a while, or give one of them one input.

python -m fuzz --seconds 3600
python -m fuzz replay manifest .fuzz/manifest/crash-…
"""

import argparse
import importlib
import importlib.util
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fuzz.target import Target

_ROOT = Path(__file__).resolve().parent.parent
_GRACE = 60  # seconds: to begin, and to end
_TRIED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_FEATURES = re.compile(r"\bft: (\d+)")
_FOUND = ("crash-*", "timeout-*", "oom-*")
_WITHOUT = "without atheris (it exists for Linux on x86-64): hypothesis makes the inputs, blind to coverage"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one target. features: of the coverage, -1 where nobody counts them."""

    name: str
    tried: int
    features: int
    seconds: int
    crashes: tuple[Path, ...]
    failed: bool
    log: str


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.partition("\n")[0])
    guided = importlib.util.find_spec("atheris") is not None
    parser.add_argument("--table", default="fuzz.targets", help="the module with the TARGETS")
    parser.add_argument("--engine", choices=("guided", "generated"), default="guided" if guided else "generated")
    parser.add_argument("--folder", type=Path, default=_ROOT / ".fuzz", help="where inputs are kept")
    parser.add_argument("--seconds", type=int, default=3600, help="in all, shared among the targets")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at once")
    # libFuzzer takes 0 for none, and 32 bits.
    parser.add_argument("--seed", type=int, default=1 + secrets.randbelow(2**31), help="where chance begins")
    verbs = parser.add_subparsers(dest="verb")
    one = verbs.add_parser("one", help="fuzz one target, in this process")
    one.add_argument("target")
    replay = verbs.add_parser("replay", help="give a target one input, without any engine")
    replay.add_argument("target")
    replay.add_argument("input", type=Path)
    return parser.parse_args(argv)


def _targets(table: str) -> dict[str, Target]:
    found: dict[str, Target] = importlib.import_module(table).TARGETS
    return found


def _run(name: str, seconds: int, options: argparse.Namespace) -> Result:
    """Fuzz one target in a process of its own, and read what its engine says at the end."""
    folder = options.folder / name
    known = _crashes(folder)
    argv = [sys.executable, "-m", "fuzz", "--table", options.table, "--engine", options.engine]
    argv += ["--folder", str(options.folder), "--seconds", str(seconds), "--seed", str(options.seed), "one", name]
    try:
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=seconds + _GRACE
        )
        log, failed = done.stdout.decode(errors="replace"), done.returncode != 0
    except subprocess.TimeoutExpired as error:
        log, failed = (error.stdout or b"").decode(errors="replace") + "\nit did not end", True
    tried, features = _TRIED.search(log), _FEATURES.findall(log)
    crashes = tuple(path for path, time in _crashes(folder).items() if known.get(path) != time)
    count = int(tried.group(1)) if tried else 0
    return Result(name, count, int(features[-1]) if features else -1, seconds, crashes, failed or not count, log)


def _crashes(folder: Path) -> dict[Path, int]:
    """Return the inputs that broke the law with their times: what breaks it again is written again."""
    return {path: path.stat().st_mtime_ns for pattern in _FOUND for path in sorted(folder.glob(pattern))}


def _table(results: Sequence[Result]) -> str:
    rows = [("target", "inputs", "per second", "features", "crashes")]
    for result in results:
        features = f"{result.features:,}" if result.features >= 0 else "-"
        pace = f"{result.tried // max(1, result.seconds):,}"
        rows.append((result.name, f"{result.tried:,}", pace, features, str(len(result.crashes))))
    rows.append(
        ("all", f"{sum(result.tried for result in results):,}", "", "", str(sum(len(r.crashes) for r in results)))
    )
    return "\n".join(f"{row[0]:<12}" + "".join(f"{cell:>14}" for cell in row[1:]) for row in rows)


def _all(options: argparse.Namespace) -> int:
    names = sorted(_targets(options.table))
    if options.engine == "generated":
        print(_WITHOUT)
    jobs = max(1, min(options.jobs, len(names)))
    share = max(1, options.seconds * jobs // len(names))
    print(f"{len(names)} targets, {share} s each, {jobs} at once, seed {options.seed}", flush=True)
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda name: _run(name, share, options), names))
    print(_table(results))
    for result in results:
        if result.failed:
            print(f"\n== {result.name} failed; its engine said at the end:\n{result.log[-4000:]}")
        for path in result.crashes:
            print(f"replay: {sys.executable} -m fuzz --table {options.table} replay {result.name} {path}")
    return 1 if any(result.failed or result.crashes for result in results) else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks; 1 when a law was broken."""
    options = _options(argv)
    match options.verb:
        case "one":
            engine = importlib.import_module(f"fuzz.{options.engine}")
            folder = options.folder / options.target
            engine.fuzz(options.table, options.target, options.seconds, folder, options.seed)
        case "replay":
            _targets(options.table)[options.target].law(options.input.read_bytes())
        case _:
            return _all(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Which tests execute which lines of the mutated files, and what each test costs: a map, made once and kept."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.mutants import collect
from tools.mutants.ground import CHECKOUT, BrokenError

# What looks at the checkout instead of the product, and what reaches nothing that others do not reach in less time.
_ASKED: Final = ("--ignore=tests/house", "-m", "not slow and not sweep and not faults and not no_coverage")
_LAST = 4000  # characters of a log that are shown


@dataclass(frozen=True, slots=True)
class Reached:
    """What one test executes. cpu: seconds. lines: for each file a bit for each line."""

    cpu: float
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Map:
    """tests: by the names that pytest gives them. digests: of the files that were there."""

    tests: Mapping[str, Reached]
    digests: Mapping[str, str]

    def executing(self, path: str, lines: Iterable[int]) -> dict[str, float]:
        """Return the tests that execute one of these lines of a file, each with its cost."""
        wanted = sum(1 << line for line in set(lines))
        return {test: each.cpu for test, each in self.tests.items() if each.lines.get(path, 0) & wanted}

    def kept(self, now: Mapping[str, str], paths: Collection[str]) -> dict[str, Reached]:
        """Return what still holds of it: nothing where more changed than tests and the mutated files.

        now: the digests of today. paths: the mutated files.
        """
        changed = {path for path in {*self.digests, *now} if self.digests.get(path) != now.get(path)}
        if any(path not in paths and not Path(path).name.startswith("test_") for path in changed):
            return {}
        return {
            test: each
            for test, each in self.tests.items()
            if test.partition("::")[0] not in changed and not changed & each.lines.keys()
        }


def digests(tree: Path) -> dict[str, str]:
    """Return a digest of each file of the product and of the tests that the map is made of."""
    files = (path for folder in ("flowforge", "tests") for path in sorted((tree / folder).rglob("*.py")))
    names = {path.relative_to(tree).as_posix(): path for path in files}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in names.items()
        if not name.startswith("tests/house/")
    }


def mapped(tree: Path, paths: Collection[str], jobs: int, kept: Path | None = None) -> Map:
    """Return the map of a tree. kept: a file that has an older one, or is to have this one.

    Raises BrokenError where a test fails though nothing is mutated.
    """
    now = digests(tree)
    old = read(kept) if kept is not None and kept.exists() else Map({}, {})
    still = old.kept(now, paths)
    files = sorted(
        {test.partition("::")[0] for test in old.tests.keys() - still.keys()} | (now.keys() - old.digests.keys())
    )
    asked = [path for path in files if path in now and Path(path).name.startswith("test_")] if still else ["tests"]
    found = dict(still)
    if asked:
        found |= _collected(tree, paths, asked, jobs)
    new = Map(found, now)
    if kept is not None:
        write(kept, new)
    return new


def _collected(tree: Path, paths: Collection[str], asked: list[str], jobs: int) -> dict[str, Reached]:
    """Run tests and return what each executes. One that fails has one more try, with nothing beside it."""
    found, failed, log = _run(tree, paths, asked, jobs)
    if failed:
        again, failed, log = _run(tree, paths, failed, 0)
        found |= again
    if failed or not found:
        message = f"without any mutation, {' '.join(failed) or 'no test'} failed:\n{log[-_LAST:]}"
        raise BrokenError(message)
    return found


def _run(tree: Path, paths: Collection[str], asked: list[str], jobs: int) -> tuple[dict[str, Reached], list[str], str]:
    """Return what each test executes, the ones that failed, and what pytest said."""
    with tempfile.TemporaryDirectory(prefix="reach-", dir=tree.parent) as name:
        folder = Path(name)
        (folder / collect.FILES).write_text("\n".join(str(tree / path) for path in paths), encoding="utf-8")
        (folder / "asked").write_text("\n".join(asked), encoding="utf-8")
        options = ["-q", "-p", "tools.mutants.collect", f"--reach={folder}", "-p", "no:cacheprovider"]
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *options, "-n", str(jobs), "--dist=worksteal", *_ASKED),
                *(f"--basetemp={folder / 'tmp'}", f"@{folder / 'asked'}"),
            ],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tree), str(CHECKOUT)))},
            capture_output=True,
            text=True,
            check=False,
        )
        log = ran.stdout + ran.stderr
        if ran.returncode not in {0, 1}:
            message = f"without any mutation, the tests ended with {ran.returncode}:\n{log[-_LAST:]}"
            raise BrokenError(message)
        noted: dict[str, tuple[float, bool]] = {}
        for file in folder.glob(f"{collect.NOTED}.*"):
            noted |= json.loads(file.read_text(encoding="utf-8"))
        lines = _lines(tree, folder)
    found = {test: Reached(cpu, lines.get(test, {})) for test, (cpu, _) in noted.items()}
    return found, [test for test, (_, failed) in noted.items() if failed], log


def _lines(tree: Path, folder: Path) -> dict[str, dict[str, int]]:
    """Return for each test the lines of each file, as coverage's documented tables have them: a bit for each line."""
    found: dict[str, dict[str, int]] = {}
    query = """
        select context.context, file.path, line_bits.numbits from line_bits
        join context on context.id = line_bits.context_id join file on file.id = line_bits.file_id
    """
    for database in folder.glob(f"{collect.COVERED}.*"):
        with closing(sqlite3.connect(database)) as rows:
            for test, path, bits in rows.execute(query):
                name = Path(path).relative_to(tree).as_posix()
                of_test = found.setdefault(test, {})
                of_test[name] = of_test.get(name, 0) | int.from_bytes(bits, "little")
    return found


def write(file: Path, made: Map) -> None:
    """Keep a map."""
    tests = {
        test: [each.cpu, {path: hex(bits) for path, bits in each.lines.items()}] for test, each in made.tests.items()
    }
    file.write_text(json.dumps({"digests": dict(made.digests), "tests": tests}), encoding="utf-8")


def read(file: Path) -> Map:
    """Return a map that was kept."""
    document = json.loads(file.read_text(encoding="utf-8"))
    tests = {
        test: Reached(cpu, {path: int(bits, 16) for path, bits in lines.items()})
        for test, (cpu, lines) in document["tests"].items()
    }
    return Map(tests, document["digests"])

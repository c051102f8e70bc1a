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

# What looks at the checkout instead of the product. What `no_coverage` marks reaches little, and notices much.
_ASKED: Final = ("--ignore=tests/house", "-m", "not slow and not sweep and not faults")
_LAST = 4000  # characters of a log that are shown


@dataclass(frozen=True, slots=True)
class Reached:
    """What one test executes. cpu: seconds. lines: for each file a bit for each line."""

    cpu: float
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Map:
    """tests: by the names that pytest gives them. digests: of the files that were there. watched: the mutated ones."""

    tests: Mapping[str, Reached]
    digests: Mapping[str, str]
    watched: frozenset[str] = frozenset()

    def executing(self, path: str, lines: Iterable[int]) -> dict[str, float]:
        """Return the tests that execute one of these lines of a file, each with its cost."""
        wanted = sum(1 << line for line in set(lines))
        return {test: each.cpu for test, each in self.tests.items() if each.lines.get(path, 0) & wanted}

    def kept(self, now: Mapping[str, str], paths: Collection[str]) -> dict[str, Reached]:
        """Return what still holds of it: nothing where more changed than tests and the mutated files.

        now: the digests of today. paths: the mutated files: of one that was not watched, nothing is known.
        """
        if not self.watched.issuperset(paths):
            return {}
        changed = {path for path in {*self.digests, *now} if self.digests.get(path) != now.get(path)}
        if any(path not in paths and not _is_test(path) for path in changed):
            return {}
        return {
            test: each
            for test, each in self.tests.items()
            if _file(test) not in changed and not changed & each.lines.keys()
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


def mapped(tree: Path, paths: Collection[str], jobs: int, kept: Path | None = None) -> tuple[Map, list[str]]:
    """Return the map of a tree, and the tests that fail though nothing is mutated: they are not in it.

    kept: a file that has an older map, or is to have this one. Raises BrokenError where no test could be run.
    """
    now = digests(tree)
    old = read(kept) if kept is not None and kept.exists() else Map({}, {})
    found, failed = old.kept(now, paths), list[str]()
    changed = {_file(test) for test in old.tests.keys() - found.keys()} | (now.keys() - old.digests.keys())
    asked = sorted(path for path in changed & now.keys() if _is_test(path)) if found else ["tests"]
    if asked:
        new, failed = _collected(tree, paths, asked, jobs)
        found |= new
    if not found:
        raise BrokenError("no test passes")
    # The file of one that failed is looked at again the next time.
    made = Map(found, {path: now[path] for path in now.keys() - set(map(_file, failed))}, frozenset(paths))
    if kept is not None:
        write(kept, made)
    return made, failed


def _file(test: str) -> str:
    return test.partition("::")[0]


def _is_test(path: str) -> bool:
    return Path(path).name.startswith("test_")


def _collected(tree: Path, paths: Collection[str], asked: list[str], jobs: int) -> tuple[dict[str, Reached], list[str]]:
    """Run tests; return what each executes, and those that fail, the second time with nothing beside them."""
    found, failed = _run(tree, paths, asked, jobs)
    if failed:
        again, failed = _run(tree, paths, failed, 0)
        found |= again
    return {test: each for test, each in found.items() if test not in failed}, failed


def _run(tree: Path, paths: Collection[str], asked: list[str], jobs: int) -> tuple[dict[str, Reached], list[str]]:
    """Return what each test executes, and the ones that failed."""
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
        if ran.returncode not in {0, 1}:
            log = ran.stdout + ran.stderr
            message = f"without any mutation, the tests ended with {ran.returncode}:\n{log[-_LAST:]}"
            raise BrokenError(message)
        noted: dict[str, tuple[float, bool]] = {}
        for file in folder.glob(f"{collect.NOTED}.*"):
            noted |= json.loads(file.read_text(encoding="utf-8"))
        lines = _lines(tree, folder)
    found = {test: Reached(cpu, lines.get(test, {})) for test, (cpu, _) in noted.items()}
    return found, [test for test, (_, failed) in noted.items() if failed]


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
    document = {"digests": dict(made.digests), "watched": sorted(made.watched), "tests": tests}
    file.write_text(json.dumps(document), encoding="utf-8")


def read(file: Path) -> Map:
    """Return a map that was kept."""
    document = json.loads(file.read_text(encoding="utf-8"))
    tests = {
        test: Reached(cpu, {path: int(bits, 16) for path, bits in lines.items()})
        for test, (cpu, lines) in document["tests"].items()
    }
    return Map(tests, document["digests"], frozenset(document.get("watched", ())))

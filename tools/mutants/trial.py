"""Try mutants out, several at once, each process in a copy of the tree of its own."""

import multiprocessing
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tools.mutants import report, table
from tools.mutants.find import Mutant
from tools.mutants.ground import Ground
from tools.mutants.report import Verdict

_grounds: list[Ground] = []  # of this process


def verdicts(root: Path, drawn: Collection[tuple[table.Part, Mutant]], jobs: int, *, wider: bool) -> Iterator[Verdict]:
    """Try each mutant out, as they end, in copies of the tree that are gone afterwards.

    Raises BrokenError when the tests fail without any mutation.
    """
    # Not forked: a process of the pool forks for each run, and so must have no other threads.
    fresh = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="flowforge-mutants-") as folder,
        ProcessPoolExecutor(jobs, fresh, initializer=_begin, initargs=(root, Path(folder))) as pool,
    ):
        under_way = [pool.submit(_verdict, root, part, mutant, wider=wider) for part, mutant in drawn]
        try:
            yield from (each.result() for each in as_completed(under_way))
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(root: Path, folder: Path) -> None:
    _grounds.append(Ground(root, Path(tempfile.mkdtemp(dir=folder))))


def _verdict(root: Path, part: table.Part, mutant: Mutant, *, wider: bool) -> Verdict:
    (ground,) = _grounds
    for paths, fate in ((part.own, report.OWN), (part.wider if wider else (), report.OTHERS)):
        if not paths:
            continue
        tests = table.tests(root, paths, mutant.path)
        ground.green(tests)
        with ground.mutated(mutant):
            ran = ground.try_out(tests)
        if not ran.green:
            return Verdict(part.name, mutant, report.LATE if ran.late else fate, ran.failed)
    return Verdict(part.name, mutant, report.LIVED)

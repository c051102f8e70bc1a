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


def verdicts(
    tree: Path, drawn: Collection[tuple[table.Part, Mutant]], *, jobs: int, patience: int, wider: bool
) -> Iterator[Verdict]:
    """Yield what becomes of each mutant, as they end. tree: a copy; each process makes another one of it beside it.

    Raises BrokenError when the tests fail without any mutation.
    """
    # Not forked: a process of the pool forks for each run, and so must have no other threads.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, fresh, initializer=_begin, initargs=(tree, patience)) as pool:
        under_way = [pool.submit(_verdict, part, mutant, wider=wider) for part, mutant in drawn]
        try:
            yield from (each.result() for each in as_completed(under_way))
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(tree: Path, patience: int) -> None:
    _grounds.append(Ground(tree, Path(tempfile.mkdtemp(dir=tree.parent)), patience))


def _verdict(part: table.Part, mutant: Mutant, *, wider: bool) -> Verdict:
    (ground,) = _grounds
    for paths, fate in ((part.own, report.OWN), (part.wider if wider else (), report.OTHERS)):
        if not paths:
            continue
        tests = table.tests(ground.tree, paths, mutant.path)
        ground.green(tests)
        with ground.mutated(mutant):
            ran = ground.try_out(mutant.path, tests)
        if not ran.green:
            return Verdict(part.name, mutant, report.LATE if ran.late else fate, ran.failed)
    return Verdict(part.name, mutant, report.LIVED)

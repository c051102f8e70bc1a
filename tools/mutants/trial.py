"""Try mutants out, several at once, each process in a copy of the tree of its own."""

import multiprocessing
import tempfile
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.mutants import report
from tools.mutants.choice import is_own
from tools.mutants.find import Mutant
from tools.mutants.ground import Ground
from tools.mutants.report import Verdict
from tools.mutants.table import Part

_grounds: list[Ground] = []  # of this process


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant, and the tests that it meets, in order, each with the seconds that it takes."""

    part: Part
    mutant: Mutant
    tests: Mapping[str, float]


def verdicts(tree: Path, trials: Collection[Trial], *, jobs: int, patience: int) -> Iterator[Verdict]:
    """Yield what becomes of each mutant, as they end. tree: a copy; each process makes another one of it beside it.

    Raises BrokenError when the tests cannot be run without any mutation.
    """
    # Not forked: a process of the pool forks for each run, and so must have no other threads.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, fresh, initializer=_begin, initargs=(tree, patience)) as pool:
        under_way = [pool.submit(_verdict, each) for each in trials]
        try:
            yield from (each.result() for each in as_completed(under_way))
        finally:
            pool.shutdown(cancel_futures=True)


def _begin(tree: Path, patience: int) -> None:
    _grounds.append(Ground(tree, Path(tempfile.mkdtemp(dir=tree.parent)), patience))


def _verdict(trial: Trial) -> Verdict:
    (ground,) = _grounds
    ran = ground.try_out(trial.mutant, trial.tests)
    if ran.green:
        fate = report.LIVED
    elif ran.late:
        fate = report.LATE
    else:
        fate = report.OWN if is_own(ran.failed, trial.part.own) else report.OTHERS
    return Verdict(trial.part.name, trial.mutant, fate, ran.failed)

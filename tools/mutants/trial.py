"""Try mutants out, several at once, each process in a copy of the tree of its own."""

import multiprocessing
import tempfile
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
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

    def without(self, tests: Collection[str]) -> "Trial":
        """Return the same trial with fewer tests."""
        return replace(self, tests={test: cpu for test, cpu in self.tests.items() if test not in tests})


def verdicts(
    tree: Path, trials: Collection[Trial], told: Callable[[Verdict], None], *, jobs: int, patience: int
) -> list[Verdict]:
    """Return what becomes of each mutant; `told` is called as they end. tree: a copy; each process makes another.

    What failed on a mutant is run without any at last; where that fails too, its mutants are tried again without it.
    Raises BrokenError when the tests cannot be run without any mutation.
    """
    # Not forked: a process of the pool forks for each run, and so must have no other threads.
    fresh = multiprocessing.get_context("spawn")
    found: list[Verdict] = []
    with ProcessPoolExecutor(jobs, fresh, initializer=_begin, initargs=(tree, patience)) as pool:
        left = list(trials)
        try:
            while left:
                under_way = {pool.submit(_verdict, each): each for each in left}
                ended: list[tuple[Trial, Verdict]] = []
                for each in as_completed(under_way):
                    ended.append((under_way[each], each.result()))
                    told(ended[-1][1])
                unsound = pool.submit(_failing, sorted({verdict.by for _, verdict in ended} - {""})).result()
                found += [verdict for _, verdict in ended if verdict.by not in unsound]
                left = [each.without(unsound) for each, verdict in ended if verdict.by in unsound]
        finally:
            pool.shutdown(cancel_futures=True)
    return found


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


def _failing(tests: Collection[str]) -> set[str]:
    (ground,) = _grounds
    return ground.failing(tests)

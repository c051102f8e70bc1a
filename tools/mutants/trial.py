"""Try mutants out, several at once, each process in a copy of the tree of its own."""

import multiprocessing
import tempfile
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tools.mutants import report
from tools.mutants.choice import Trial, is_own
from tools.mutants.ground import Ground
from tools.mutants.report import Verdict
from tools.mutants.results import Results

_grounds: list[Ground] = []  # of this process


def verdicts(
    tree: Path,
    trials: Collection[Trial],
    told: Callable[[Verdict], None],
    results: Results,
    *,
    jobs: int,
    patience: int,
) -> list[Verdict]:
    """Return what becomes of each mutant; `told` is called as they end. tree: a copy; each process makes another.

    results: what is known already is taken from there, and the rest is put there.
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
                ended: list[tuple[Trial, Verdict]] = []
                for trial, verdict in _ended(pool, left, results):
                    ended.append((trial, verdict))
                    told(verdict)
                unsound = pool.submit(_failing, sorted({verdict.by for _, verdict in ended} - {""})).result()
                found += [verdict for _, verdict in ended if verdict.by not in unsound]
                left = [each.without(unsound) for each, verdict in ended if verdict.by in unsound]
        finally:
            pool.shutdown(cancel_futures=True)
    return found


def _ended(pool: ProcessPoolExecutor, trials: Collection[Trial], results: Results) -> Iterator[tuple[Trial, Verdict]]:
    """Yield what is known, then what is tried, as it ends."""
    known = {id(trial): results.of(trial) for trial in trials}
    yield from ((trial, verdict) for trial in trials if (verdict := known[id(trial)]))
    under_way = {pool.submit(_verdict, trial): trial for trial in trials if not known[id(trial)]}
    for each in as_completed(under_way):
        trial, verdict = under_way[each], each.result()
        results.add(trial, verdict)
        yield trial, verdict


def _begin(tree: Path, patience: int) -> None:
    _grounds.append(Ground(tree, Path(tempfile.mkdtemp(dir=tree.parent)), patience))


def _verdict(trial: Trial) -> Verdict:
    (ground,) = _grounds
    ran = ground.try_out(trial.mutant, trial.tests, [test for test in trial.tests if is_own(test, trial.part.own)])
    if ran.green:
        fate = report.LIVED
    elif ran.late:
        fate = report.LATE
    else:
        fate = report.OWN if is_own(ran.failed, trial.part.own) else report.OTHERS
    return Verdict(trial.part.name, trial.mutant, fate, ran.failed, ran.cpu)


def _failing(tests: Collection[str]) -> set[str]:
    (ground,) = _grounds
    return ground.failing(tests)

"""Mutate the product at random, and say which mutants no test notices; exit 1 when too many live.

python -m tools.mutants --count 600 --seed 7
python -m tools.mutants --count 0 --only 'flowforge/plan/adoption.py'
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.mutants import choice, draw, equivalent, find, reach, report, table, trial
from tools.mutants.find import Mutant
from tools.mutants.ground import CHECKOUT, PATIENCE, BrokenError, copied
from tools.mutants.report import Verdict
from tools.mutants.results import Results
from tools.mutants.table import PARTS, Part

_EVERY = 25


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=600, help="how many are drawn; 0 for all")
    parser.add_argument("--seed", type=int, default=None, help="draws the same again")
    parser.add_argument("--only", action="append", default=[], help="files, as a pattern; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at once")
    parser.add_argument("--patience", type=int, default=PATIENCE, help="seconds that a mutant may take in vain")
    parser.add_argument("--map", type=Path, default=None, help="where it is kept which tests execute which lines")
    parser.add_argument("--results", type=Path, default=None, help="where it is kept what became of mutants")
    return parser.parse_args(argv)


def every(root: Path, parts: Sequence[Part]) -> Iterator[tuple[Part, Mutant]]:
    """Yield every mutant of the parts' files with its part. Raises ValueError where a part has a file that is not."""
    texts = [path.read_bytes() for path in sorted((root / "flowforge").rglob("*.py"))]
    optional = find.optional_arguments(texts)
    for part, path in table.files(root, parts):
        for mutant in find.mutants(path.relative_to(root).as_posix(), path.read_bytes(), optional):
            yield part, mutant


class _Progress:
    """Says on the way how far it is and what lived."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._ended = 0

    def __call__(self, verdict: Verdict) -> None:
        """Count one more."""
        self._ended += 1
        so_far = f"[{self._ended}/{self._count}]"
        if verdict.fate != report.OWN:
            print(f"{so_far} {verdict.fate} {verdict.by}\n{verdict.mutant}", file=sys.stderr, flush=True)
        elif self._ended % _EVERY == 0:
            print(so_far, file=sys.stderr, flush=True)


def _drawn(
    options: argparse.Namespace, seed: int, tree: Path, parts: Sequence[Part]
) -> tuple[list[tuple[Part, Mutant]], set[equivalent.Identity]]:
    """Return the mutants to try, and what `equivalent.txt` lists that is no mutant any more."""
    known = equivalent.read((tree / equivalent.LISTED).read_text(encoding="utf-8"))
    found = list(every(tree, parts))
    pool = draw.pool(found, known, options.only)
    drawn = draw.drawn(pool, options.count, seed)
    print(f"{len(drawn)} of {len(pool)} mutants, seed {seed}; {len(known)} more are known to be the same", flush=True)
    return drawn, known.keys() - {mutant.identity for _, mutant in found}


def _trials(
    options: argparse.Namespace, tree: Path, parts: Sequence[Part], drawn: Sequence[tuple[Part, Mutant]]
) -> list[choice.Trial]:
    """Choose the tests of each mutant."""
    paths = [path.relative_to(tree).as_posix() for _, path in table.files(tree, parts)]
    known, failed = reach.mapped(tree, paths, options.jobs, options.map)
    for test in failed:
        print(f"fails without any mutation, and is not asked: {test}", file=sys.stderr, flush=True)
    return [
        choice.Trial(part, mutant, choice.chosen(known, part.own, mutant, (tree / mutant.path).read_bytes()))
        for part, mutant in drawn
    ]


def main(argv: Sequence[str] | None = None, *, root: Path = CHECKOUT, parts: Sequence[Part] = PARTS) -> int:
    """Draw, try, report; return the exit code: 2 where the table, the list or the tests themselves are wrong."""
    options = _options(argv)
    seed = random.randrange(10**6) if options.seed is None else options.seed
    with tempfile.TemporaryDirectory(prefix="flowforge-mutants-") as folder:
        tree = Path(folder) / "tree"
        copied(root, tree)
        try:
            drawn, stale = _drawn(options, seed, tree, parts)
            trials = _trials(options, tree, parts, drawn)
            told = _Progress(len(trials))
            results = Results(tree, options.results)
            verdicts = trial.verdicts(tree, trials, told, results, jobs=options.jobs, patience=options.patience)
        except (BrokenError, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
    print("\n".join(report.lines(verdicts)))
    for path, function, before, after in sorted(stale):
        print(f"\nequivalent.txt lists what is no mutant any more: {path} {function}\n- {before}\n+ {after}")
    return 0 if report.enough(verdicts) and not stale else 1


if __name__ == "__main__":
    sys.exit(main())

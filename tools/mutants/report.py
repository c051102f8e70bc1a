"""What became of the mutants: a table by part, and each that lived."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.mutants.find import Mutant

OWN, OTHERS, LATE, LIVED = "own", "others", "timeout", "lived"
_COLUMNS = (OWN, OTHERS, LATE, LIVED)
LEAST = 99  # per cent that shall die


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant. fate: one of the four. by: the test that failed first. cpu: seconds that it took."""

    part: str
    mutant: Mutant
    fate: str
    by: str = ""
    cpu: float = 0.0


def died_percent(verdicts: Sequence[Verdict]) -> float:
    """Return how many of a hundred were noticed: 100 where there are none."""
    lived = sum(verdict.fate == LIVED for verdict in verdicts)
    return 100 - 100 * lived / len(verdicts) if verdicts else 100.0


def enough(verdicts: Sequence[Verdict]) -> bool:
    """Return whether as many died as shall."""
    return died_percent(verdicts) >= LEAST


def lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the report, a line each."""
    yield f"{'part':<28}{'mutants':>8}" + "".join(f"{name:>9}" for name in _COLUMNS)
    for part in dict.fromkeys(verdict.part for verdict in verdicts):
        yield _row(part, [verdict for verdict in verdicts if verdict.part == part])
    yield _row("all", verdicts)
    yield f"{died_percent(verdicts):.1f} % died; at least {LEAST} % shall"
    for fate in (LIVED, LATE):
        found = sorted((each for each in verdicts if each.fate == fate), key=_place)
        yield from (f"\n{fate}: {each.mutant}" for each in found)


def _place(verdict: Verdict) -> tuple[str, int]:
    return verdict.mutant.path, verdict.mutant.line


def _row(name: str, verdicts: Sequence[Verdict]) -> str:
    fates = Counter(verdict.fate for verdict in verdicts)
    return f"{name:<28}{len(verdicts):>8}" + "".join(f"{fates[column]:>9}" for column in _COLUMNS)

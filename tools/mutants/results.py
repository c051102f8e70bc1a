"""What became of mutants, kept in a file line by line as they end: a run that was interrupted is taken up.

A verdict holds while the mutated file and the test that noticed are what they were, or, where none did, every test that
was asked.
"""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tools.mutants.choice import Trial
from tools.mutants.report import Verdict


class Results:
    """The verdicts on a tree that a file keeps; with no file, none."""

    def __init__(self, tree: Path, file: Path | None) -> None:
        self._tree = tree
        self._file = file
        lines = file.read_text(encoding="utf-8").splitlines() if file is not None and file.exists() else []
        # Of a line that was cut short, nothing is known. The newest verdict on a mutant comes last.
        self._kept = {each["mutant"]: each for each in map(_line, lines) if each}
        self._digests: dict[str, str] = {}

    def of(self, trial: Trial) -> Verdict | None:
        """Return what became of a mutant, None where that is not known, or may not be so any more."""
        kept = self._kept.get(self._name(trial))
        if kept is None or (kept["by"] and kept["by"] not in trial.tests):
            return None
        verdict = Verdict(trial.part.name, trial.mutant, kept["fate"], kept["by"], kept["cpu"])
        return verdict if kept["tests"] == self._asked(trial, verdict) else None

    def add(self, trial: Trial, verdict: Verdict) -> None:
        """Keep a verdict."""
        if self._file is None:
            return
        line = {
            "mutant": self._name(trial),
            "tests": self._asked(trial, verdict),
            "fate": verdict.fate,
            "by": verdict.by,
            "cpu": round(verdict.cpu, 2),
            "what": str(verdict.mutant),
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(line))  # apart from one that was cut short

    def _name(self, trial: Trial) -> str:
        mutant = trial.mutant
        return _digest([mutant.path, self._text(mutant.path), str(mutant.start), str(mutant.end), mutant.new.decode()])

    def _asked(self, trial: Trial, verdict: Verdict) -> str:
        tests = [verdict.by] if verdict.by else sorted(trial.tests)
        return _digest([*tests, *(self._text(path) for path in sorted({test.partition("::")[0] for test in tests}))])

    def _text(self, path: str) -> str:
        """Return the digest of a file."""
        if path not in self._digests:
            self._digests[path] = hashlib.sha256((self._tree / path).read_bytes()).hexdigest()
        return self._digests[path]


def _digest(texts: Collection[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _line(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}

"""What jobs and steps are called in a run: GitHub evaluates their names, and here only the fixed pieces are known.

No regular expressions: the names are those of other people's workflows, and a pattern of many gaps takes without end.
"""

import re
from collections.abc import Iterator
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.workflow import Job, WorkflowStep

_TEMPLATE: Final = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_CALLED: Final = " / "
# GitHub shows the values of a matrix behind the name of its job.
_MATRIX: Final = " ("
# Beyond so many of them in one name nobody can tell what is what.
_MOST_SPLITS: Final = 20


@dataclass(frozen=True, slots=True)
class RunName:
    """The name of a job or of a step as far as a file tells it: its fixed pieces, with anything between them."""

    pieces: tuple[str, ...]

    @classmethod
    def of_template(cls, text: str) -> "RunName":
        """Return the name that a template gives."""
        return cls(tuple(_TEMPLATE.split(text)))

    def fits(self, name: str) -> bool:
        """Return whether it may be this one. Takes time linear to the name."""
        first, *rest = self.pieces
        if not rest:
            return name == first
        *middle, last = rest
        if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
            return False
        at, end = len(first), len(name) - len(last)
        for piece in middle:
            found = name.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


@dataclass(frozen=True, slots=True)
class JobName:
    """The name of a job in a run: of one that a called workflow has, behind that of the job that calls it."""

    own: RunName
    """Of the job that the workflow itself has."""
    called: RunName | None = None
    """Of the job of the called workflow; None without a call."""

    def fits(self, name: str) -> bool:
        """Return whether a run may call it so."""
        if self.called is None:
            return _fits_with_matrix(self.own, name)
        return any(
            _fits_with_matrix(self.own, before) and _fits_with_matrix(self.called, behind)
            for before, behind in _splits(name, _CALLED)
        )


ANYTHING: Final = RunName(("", ""))
"""A name of which nothing is known."""


def job_name(job: Job) -> RunName:
    """Return what a job is called."""
    name = job.node.get("name")
    return RunName.of_template(name.text if name and name.text else job.key)


def step_name(step: WorkflowStep) -> RunName:
    """Return the name that the runner gives a step: actions/runner, ActionRunner.cs."""
    name = step.node.get("name")
    if name is not None and name.text:
        return RunName.of_template(name.text)
    script = step.run.strip().splitlines()
    return RunName.of_template(f"Run {step.uses or (script[0] if script else '')}")


def _fits_with_matrix(pattern: RunName, name: str) -> bool:
    if pattern.fits(name):
        return True
    return name.endswith(")") and any(pattern.fits(before) for before, _ in _splits(name, _MATRIX))


def _splits(name: str, by: str) -> Iterator[tuple[str, str]]:
    at = -1
    for _ in range(_MOST_SPLITS):
        at = name.find(by, at + 1)
        if at < 0:
            return
        yield name[:at], name[at + len(by) :]

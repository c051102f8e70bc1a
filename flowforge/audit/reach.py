"""Which runs reach a step: each condition on the way, evaluated for each class of run."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from enum import Enum, auto
from functools import cached_property
from typing import Any, Final

from flowforge.data_class import dataclass
from flowforge.workflows.conditions import Conditions
from flowforge.workflows.expression_tree import Expression, Literal, UnreadableExpression, every
from flowforge.workflows.occurrence import Condition, Occurrence
from flowforge.workflows.runs import RunClass, Who, runs_of
from flowforge.workflows.values import Truth, truth


class Reached(Enum):
    """Whether a class of run reaches a step."""

    YES = auto()
    NO = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, eq=False)
class StepReach:
    """Which runs reach a step."""

    occurrence: Occurrence
    # Every family of findings asks the same of a step, and conditions are costly to evaluate.
    _asked: dict[tuple[RunClass, frozenset[str]], Reached] = field(default_factory=dict)

    @cached_property
    def bots(self) -> frozenset[str]:
        """The logins of bots that the conditions name, in lower case."""
        return frozenset(login for condition in self.occurrence.conditions for login in self._named_in(condition))

    def _named_in(self, condition: Condition) -> frozenset[str]:
        key = ("bots", id(condition[0]))
        known = self._known
        if key not in known:
            known[key] = (condition, frozenset(_logins(condition[0])))
        found: frozenset[str] = known[key][1]
        return found

    @property
    def _known(self) -> dict[Any, Any]:
        """What was found out of the conditions of the workflow; the steps of a job share those of the job."""
        return self.occurrence.workflow.judged if self.occurrence.workflow else {}

    @cached_property
    def runs(self) -> Sequence[RunClass]:
        """The classes of run of the workflow; none of what only others call."""
        workflow = self.occurrence.workflow
        if workflow is None:
            return ()
        key = ("runs", self.bots)
        if key not in workflow.judged:
            workflow.judged[key] = tuple(runs_of(workflow.events, self.bots, workflow.repo))
        found: Sequence[RunClass] = workflow.judged[key]
        return found

    def by(self, run: RunClass, absent: frozenset[str] = frozenset()) -> Reached:
        """Return whether a run reaches it. absent: secrets that are taken to be not there."""
        asked = self._asked.get((run, absent))
        if asked is None:
            asked = self._asked[run, absent] = self._judge(run, absent)
        return asked

    def _judge(self, run: RunClass, absent: frozenset[str]) -> Reached:
        found = [self._truth(condition, run, absent) for condition in self.occurrence.conditions]
        # One that cannot hold is enough, whatever is unknown of the others.
        if any(not each.true for each in found):
            return Reached.NO
        return Reached.UNKNOWN if any(each.unknown for each in found) else Reached.YES

    def _truth(self, condition: Condition, run: RunClass, absent: frozenset[str]) -> Truth:
        """Return whether a condition may hold; each is evaluated once for a class of run."""
        expression, scope = condition
        known = self._known
        # By identity: a tree may be too deep to be hashed. The entry holds it, so that no other gets its id.
        key = (id(expression), id(scope), run, absent)
        if key not in known:
            known[key] = (condition, truth(Conditions(run, absent).value(expression, scope)))
        found: Truth = known[key][1]
        return found

    @cached_property
    def reaching(self) -> Sequence[RunClass]:
        """The runs that reach it."""
        return tuple(run for run in self.runs if self.by(run) is Reached.YES)

    @property
    def is_sure(self) -> bool:
        """Whether something reaches it: a run, or whoever calls it from elsewhere."""
        # A workflow that is only called, or an action that nobody calls here, has its runs elsewhere.
        return bool(self.reaching) or not self.runs

    @property
    def is_unclear(self) -> bool:
        """Whether nobody can tell if anything reaches it, as a condition cannot be read."""
        # Labels, comments and outputs are free, hence never unclear; only what does not parse is.
        unknown = not self.is_sure and any(self.by(run) is Reached.UNKNOWN for run in self.runs)
        return unknown and any(map(_is_unreadable, self.occurrence.conditions))

    @cached_property
    def stores(self) -> tuple[str, ...]:
        """The stores that reaching runs read, where somebody of the repository starts them or Dependabot does."""
        # A fork's run adds none: where GitHub withholds nothing, it reads what a person's run reads.
        found = {run.store for run in self.runs if run.who is not Who.FORK and self.by(run) is not Reached.NO}
        return tuple(sorted(found - {""}))

    def is_gated(self, name: str) -> bool:
        """Whether no run would reach it without a secret: its presence is tested before."""
        # all() of nothing is true: a step that no run reaches is not gated.
        return bool(self.reaching) and all(self.by(run, frozenset({name})) is Reached.NO for run in self.reaching)


def _is_unreadable(condition: Condition) -> bool:
    return any(isinstance(each, UnreadableExpression) for each in every(condition[0]))


def _logins(expression: Expression) -> Iterator[str]:
    for each in every(expression):
        # Wherever a text stands: compared with the actor, in `contains`, or in a list.
        if isinstance(each, Literal) and isinstance(each.value, str):
            yield from _bots(each.value)


_BOT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\[bot\]", re.IGNORECASE)


def _bots(text: str) -> Iterator[str]:
    """Yield the logins within a text, which may be a list for `fromJSON`."""
    yield from (login.lower() for login in _BOT.findall(text))

"""Evaluate an `if:` for a class of run, as far as anybody can before the run: it holds, it does not, or it may."""

import json
from collections.abc import Sequence
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.expression_tree import (
    And,
    Comparison,
    ContextName,
    Every,
    Expression,
    FunctionCall,
    Index,
    Literal,
    Not,
    Or,
    Text,
    every,
    path_of,
)
from flowforge.workflows.expressions import read_template
from flowforge.workflows.nodes import NOTHING, walk
from flowforge.workflows.payload import github
from flowforge.workflows.programs import mentioned
from flowforge.workflows.runs import RunClass
from flowforge.workflows.scopes import Bound, NameScope, input_of
from flowforge.workflows.sources import SourceKind, secret_sources, secrets_within, sources_of
from flowforge.workflows.values import (
    Abstract,
    KnownValue,
    Open,
    TextList,
    begins_otherwise,
    equal,
    number,
    same,
    tested,
    truth,
    within,
)
from flowforge.workflows.workflow import Job, WorkflowStep

_MAX_DEPTH: Final = 40
# What they hold is known to the run alone, or to settings that the files do not show.
_FREE_CONTEXTS: Final = frozenset({"vars", "matrix", "strategy", "runner", "job", "jobs", "steps", "needs"})
_FREE_CALLS: Final = frozenset({"failure", "cancelled", "hashfiles", "format", "join", "tojson", "fromjson", "case"})
# docs.github.com, "Status check functions": without one of these GitHub puts `success()` before the condition.
_STATUS: Final = frozenset({"always", "failure", "cancelled", "success"})
_PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Conditions:
    """Evaluates conditions of one class of run. absent: secrets that are taken to be not there, in upper case."""

    run: RunClass
    absent: frozenset[str] = field(default_factory=frozenset)

    def value(  # noqa: PLR0911 -- one for each kind of expression
        self, expression: Expression, scope: NameScope, depth: int = 0
    ) -> Abstract:
        """Return what is known of an expression's value."""
        if depth > _MAX_DEPTH:
            return Open.UNKNOWN
        # The commonest first: what a condition compares is nearly always a name with a text.
        match expression:
            case Index() | ContextName() | Every():
                return self._access(expression, scope, depth)
            case Literal(value):
                return KnownValue(value)
            case Not(operand):
                return _negated(self.value(operand, scope, depth + 1))
            case And(operands):
                return self._chain([(each, scope) for each in operands], depth, decides=False)
            case Or(operands):
                return self._chain([(each, scope) for each in operands], depth, decides=True)
            case Comparison(operator, left, right):
                return _compared(operator, self.value(left, scope, depth + 1), self.value(right, scope, depth + 1))
            case FunctionCall(name, arguments):
                return self._call(name, arguments, scope, depth)
            case _:
                return Open.FREE if isinstance(expression, Text) else Open.UNKNOWN

    def _chain(self, operands: Sequence[tuple[Expression, NameScope]], depth: int, *, decides: bool) -> Abstract:
        """Return the value of a chain of `&&` or `||`. decides: which truth of an operand ends it."""
        pending: Open | None = None
        last: Abstract = KnownValue(not decides)
        for operand, scope in operands:
            last = self.value(operand, scope, depth + 1)
            found = truth(last)
            if found.unknown:
                pending = Open.UNKNOWN
            elif found.true and found.false:
                pending = pending or Open.FREE
            elif found.true is decides:
                # One that surely decides settles the chain, whatever stood before it.
                return (Open.HOLDS if decides else Open.FAILS) if pending else last
        return pending or last

    def _call(self, name: str, arguments: tuple[Expression, ...], scope: NameScope, depth: int) -> Abstract:
        if name in {"success", "always"} and not arguments:
            return Open.FREE if name == "success" else KnownValue(value=True)
        values = [self.value(each, scope, depth + 1) for each in arguments]
        if name in {"contains", "startswith", "endswith"} and len(values) == _PAIR:
            return _text_call(name, values[0], values[1])
        if name == "fromjson" and len(values) == 1:
            return _parsed(values[0])
        if name == "format" and len(values) == 1:
            return values[0]
        if name not in _FREE_CALLS or Open.UNKNOWN in values:
            return Open.UNKNOWN
        # What is made of nothing but absent values is absent too; one free value in it may fill it.
        return Open.ABSENT if values and all(each is Open.ABSENT for each in values) else Open.FREE

    def _access(  # noqa: PLR0911 -- one for each context
        self, expression: Expression, scope: NameScope, depth: int
    ) -> Abstract:
        path = path_of(expression)
        if path is None:
            return Open.FREE
        if len(path) < _PAIR:
            return Open.FREE if path[0] in _FREE_CONTEXTS | {"github", "env", "inputs", "secrets"} else Open.UNKNOWN
        match path[0]:
            case "github":
                return github(path[1:], self.run)
            case "secrets":
                return self._secret(path[1].upper(), scope)
            case "env":
                return self._env(path[1], scope, depth)
            case "inputs":
                return self._input(expression, scope, depth)
            case "steps":
                return self._step(path, scope)
            case "needs":
                return self._needs(path, scope, depth)
            case root:
                return Open.FREE if root in _FREE_CONTEXTS else Open.UNKNOWN

    def _secret(self, name: str, scope: NameScope) -> Abstract:
        sources = secret_sources(name, scope)
        if not sources:
            # GitHub gives an empty text for a secret that the caller did not hand on.
            return KnownValue("")
        return Open.ABSENT if any(each.name in self.absent for each in sources) else Open.FREE

    def _env(self, name: str, scope: NameScope, depth: int) -> Abstract:
        bound = scope.env.find(name)
        if bound is None:
            return self._handed_on(name, scope)
        return self._bound(bound, depth)

    def _bound(self, bound: Bound, depth: int) -> Abstract:
        value = self.value(bound.expression, bound.scope, depth + 1)
        # What env and inputs hold is text: false is the word, which is true.
        return (
            KnownValue(str(value.value).lower())
            if isinstance(value, KnownValue) and isinstance(value.value, bool)
            else value
        )

    def _handed_on(self, name: str, scope: NameScope) -> Abstract:
        """Return what an earlier step may have written for a name that no `env` has."""
        for step in scope.steps:
            if "GITHUB_ENV" in step.run and name in step.run.lower() and self.absent & derived(step, scope):
                return Open.ABSENT
        return Open.FREE

    def _input(self, expression: Expression, scope: NameScope, depth: int) -> Abstract:
        bound = input_of(expression, scope)
        if bound is None:
            return Open.FREE
        value = self.value(bound.expression, bound.scope, depth + 1)
        if (
            isinstance(value, KnownValue)
            and value.value in {"true", "false"}
            and scope.secrets is not scope.secrets.OWN
        ):
            return KnownValue(value.value == "true")
        return value

    def _step(self, path: tuple[str, ...], scope: NameScope) -> Abstract:
        step = next((each for each in scope.steps if each.id == path[1]), None)
        if step is None or path[2:3] != ("outputs",):
            return Open.FREE
        return Open.ABSENT if self.absent and self.absent & derived(step, scope) else Open.FREE

    def _needs(self, path: tuple[str, ...], scope: NameScope, depth: int) -> Abstract:
        job = _job(scope, path[1])
        if job is None or path[2:3] != ("outputs",) or len(path) != 4:  # noqa: PLR2004 -- needs.JOB.outputs.NAME
            return Open.FREE
        outputs = job.node.get("outputs") or NOTHING
        output = next((value for key, value in outputs.entries() if key.lower() == path[3]), None)
        if output is None or not self.absent:
            return Open.FREE
        # An output may name those of other jobs several times over, so the way to another job takes more of the depth.
        return self.value(read_template(output.text), scope.in_job(job), depth + 10)


def _job(scope: NameScope, key: str) -> Job | None:
    return scope.workflow.jobs_lowered.get(key) if scope.workflow else None


def derived(step: WorkflowStep, scope: NameScope) -> set[str]:
    """Return the secrets that what a script writes may tell of: those in its own text and in the variables it uses."""
    if not step.run:
        return set()
    inner = scope.with_env(step.env)
    found: set[str] = set()
    for text in walk(step.node):
        found |= secrets_within(read_template(text.text), inner)
    # A script may test a variable and write what it found, so the secret need not stand in its text.
    for name in set(mentioned(step.run)):
        bound = inner.env.get(name)
        if bound is not None:
            found |= {each.name for each in sources_of(bound) if each.kind is SourceKind.SECRET}
            found |= secrets_within(bound.expression, bound.scope)
    return found


def has_status(expression: Expression) -> bool:
    """Whether a condition asks for the status of what went before, so that a skipped job does not skip this one."""
    return any(isinstance(each, FunctionCall) and each.name in _STATUS for each in every(expression))


def _negated(value: Abstract) -> Abstract:
    if value in {Open.FREE, Open.UNKNOWN}:
        return value
    return KnownValue(not truth(value).true)


def _compared(operator: str, left: Abstract, right: Abstract) -> Abstract:
    if operator == "==":
        return equal(left, right)
    if operator == "!=":
        return _negated(equal(left, right))
    if Open.UNKNOWN in (left, right):
        return Open.UNKNOWN
    if not isinstance(left, KnownValue) or not isinstance(right, KnownValue):
        return Open.FREE
    one, other = number(left.value), number(right.value)
    if operator in {"<", "<="}:
        return KnownValue(one < other or (operator == "<=" and same(left.value, right.value)))
    return KnownValue(one > other or (operator == ">=" and same(left.value, right.value)))


def _text_call(name: str, value: Abstract, other: Abstract) -> Abstract:
    if isinstance(value, TextList):
        return within(value, other)
    if name == "contains":
        return tested(value, other, lambda text, needle: needle in text)
    if name == "startswith":
        if begins_otherwise(value, other):
            return KnownValue(value=False)
        return tested(value, other, str.startswith)
    return tested(value, other, str.endswith)


def _parsed(value: Abstract) -> Abstract:
    if not isinstance(value, KnownValue) or not isinstance(value.value, str):
        return value if isinstance(value, Open) else Open.FREE
    try:
        found = json.loads(value.value)
    except (ValueError, RecursionError):
        # Python's reader of JSON recurses, so a short text of brackets alone can use up its stack.
        return Open.UNKNOWN
    if isinstance(found, list):
        return TextList(tuple(str(each) for each in found))
    return KnownValue(found) if isinstance(found, str | int | float | bool | None) else Open.FREE

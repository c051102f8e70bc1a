"""Walk the steps of a repository as GitHub would run them: called workflows and local actions joined to their callers.

A joined step stands where its caller stands, with the place of its own beside it. What is called is followed three
deep, and what calls itself is cut.
"""

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.conditions import has_status
from flowforge.workflows.expressions import read_condition
from flowforge.workflows.loaders import Loading, hands_on, loading
from flowforge.workflows.nodes import NOTHING, Scalar, YamlNode
from flowforge.workflows.occurrence import Condition, Occurrence, StepPlace
from flowforge.workflows.permissions import IdToken, TokenPermission, combined, id_token
from flowforge.workflows.repository import RepositoryFiles
from flowforge.workflows.scopes import Bound, NameScope, Secrets, given_inputs
from flowforge.workflows.workflow import CompositeAction, Job, Workflow, WorkflowStep

# GitHub allows ten levels (docs.github.com, "Reuse workflows"), but a tree of calls may grow many times with each.
MAX_CALLS: Final = 3
_LOCAL: Final = "./"
_TOO_DEEP: Final = f"calls are followed {MAX_CALLS} deep"
# A longer chain of jobs says nothing more of the last one than that it is long.
_MOST_JOBS: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """What a callee gets of its caller."""

    scope: NameScope
    conditions: tuple[Condition, ...] = ()
    permission: TokenPermission = field(default_factory=lambda: TokenPermission(IdToken.UNSET))
    at: StepPlace | None = None
    started: Workflow | None = None
    forgiven: bool = False
    files: tuple[str, ...] = ()
    """The files on the way, to cut cycles."""
    calls: int = 0
    composites: int = 0
    handed_on: frozenset[str] = frozenset()
    loading: Loading = Loading.NONE
    called_by: str = ""


def occurrences(repository: RepositoryFiles) -> Iterator[Occurrence]:
    """Yield every step of every workflow, joined; then those of workflows and actions that nobody here calls."""
    walker = _Walker(repository)
    called = walker.called_files()
    for path, workflow in repository.workflows.items():
        if workflow.starts_itself:
            yield from walker.workflow(
                workflow, _Call(NameScope(path, workflow=workflow), files=(path,), started=workflow)
            )
        elif workflow.is_callable and path not in called:
            scope = NameScope(path, Secrets.CALLERS, workflow=workflow)
            yield from walker.workflow(workflow, _Call(scope, files=(path,), started=workflow))
    for action in repository.actions.values():
        if action.path not in walker.joined:
            scope = NameScope(action.path, Secrets.CALLERS, steps=tuple(action.steps))
            yield from walker.composite(action, _Call(scope, files=(action.path,)))


class _Walker:
    def __init__(self, repository: RepositoryFiles) -> None:
        self._repository = repository
        self.joined: set[str] = set()
        """The files of actions that were joined to a caller."""

    def called_files(self) -> set[str]:
        """Return the workflow files that another one here calls."""
        found: set[str] = set()
        for workflow in self._repository.workflows.values():
            for job in workflow.jobs.values():
                if path := self._repository.local(job.uses):
                    found.add(path)
        return found

    def workflow(self, workflow: Workflow, call: _Call) -> Iterator[Occurrence]:
        base = replace(call.scope, workflow=workflow).with_env(workflow.root.get("env"))
        for job in workflow.jobs.values():
            scope = base.in_job(job)
            permission = combined(call.permission, id_token(job.node, workflow.root), workflow.path)
            here = replace(
                call,
                scope=scope,
                permission=permission,
                conditions=(*call.conditions, *_job_conditions(job, workflow, base)),
                forgiven=call.forgiven or _forgives(job.node),
            )
            if job.uses:
                yield from self._called(job, here)
            else:
                yield from self._steps(job.steps, job, here)

    def _steps(self, steps: Sequence[WorkflowStep], job: Job | None, call: _Call) -> Iterator[Occurrence]:
        handed_on, loaded = call.handed_on, call.loading
        for step in steps:
            own = StepPlace(call.files[-1], step.main_line, job.key if job else None, step.index)
            at = call.at or own
            scope = call.scope.with_env(step.env)
            occurrence = Occurrence(
                at=at,
                own=own,
                step=step,
                uses=step.uses,
                scope=scope,
                # actions/runner, StepsRunner.cs: a step's own `env` is there before its `if` is evaluated.
                conditions=(*call.conditions, *_condition(step.node, scope)),
                permission=call.permission,
                workflow=call.started,
                called_by=call.called_by,
                job=job or call.scope.job,
                handed_on=handed_on,
                loading=loaded,
                forgiven=call.forgiven,
            )
            if _is_local(step):
                yield from self._local(occurrence, call)
            else:
                yield occurrence
            for each, how in self._left_behind(step):
                handed_on |= each
                loaded = max(loaded, how)

    def _left_behind(self, step: WorkflowStep, calls: int = 0) -> Iterator[tuple[set[str], Loading]]:
        """Yield what a step, or each step of the local action that it uses, leaves in the environment."""
        if not _is_local(step):
            yield hands_on(step), loading(step)
            return
        action = self._repository.action(step.uses)
        # One that nobody could read, or that runs a program of its own, may write any variable.
        if action is None or not action.is_composite or calls >= MAX_CALLS:
            yield set(), Loading.POSSIBLE
            return
        for inner in action.steps:
            yield from self._left_behind(inner, calls + 1)

    def _local(self, occurrence: Occurrence, call: _Call) -> Iterator[Occurrence]:
        """Yield the steps of a local action in the place of the step that uses it."""
        action = self._repository.action(occurrence.uses)
        step = occurrence.step
        if action is None or step is None:
            yield replace(occurrence, why_unread="the action is not in this checkout")
            return
        # Also where the call is cut below: somebody calls it, so its steps are not walked on their own.
        self.joined.add(action.path)
        if action.path in call.files:
            return
        if call.composites >= MAX_CALLS:
            yield replace(occurrence, why_unread=_TOO_DEEP)
            return
        own = NameScope(action.path)
        inputs = given_inputs(action.inputs, step.inputs, occurrence.scope, own)
        # A composite action sees the env of its caller, and no secrets but what it is given.
        scope = replace(
            occurrence.scope,
            file=action.path,
            inputs=inputs,
            secrets=Secrets.MAPPED,
            mapped={},
            environment="",
            steps=tuple(action.steps),
        )
        inner = replace(
            call,
            scope=scope,
            conditions=occurrence.conditions,
            at=occurrence.at,
            files=(*call.files, action.path),
            composites=call.composites + 1,
            called_by=call.called_by or occurrence.uses,
            # What the caller's earlier steps have written is there for the callee's steps too.
            handed_on=occurrence.handed_on,
            loading=occurrence.loading,
            forgiven=call.forgiven or _forgives(step.node),
        )
        yield from self._joined_steps(action, occurrence, inner)

    def _joined_steps(self, action: CompositeAction, caller: Occurrence, call: _Call) -> Iterator[Occurrence]:
        for each in self._steps(action.steps, None, call):
            yield replace(each, job=caller.job)

    def composite(self, action: CompositeAction, call: _Call) -> Iterator[Occurrence]:
        """Yield the steps of an action that nobody here calls."""
        yield from self._steps(action.steps, None, call)

    def _called(self, job: Job, call: _Call) -> Iterator[Occurrence]:
        at = call.at or StepPlace(call.files[-1], job.node.key_line("uses"), job.key, None)
        path = self._repository.local(job.uses)
        callee = self._repository.workflow(path) if path else None
        secrets = job.node.get("secrets")
        inherits = isinstance(secrets, Scalar) and secrets.text == "inherit"
        # docs.github.com, "Reuse workflows": loops are not permitted, so GitHub starts no run of these files.
        if path in call.files:
            return
        if callee is None or call.calls >= MAX_CALLS:
            why = (
                _TOO_DEEP
                if callee
                else "the workflow is not in this checkout"
                if path
                else "the workflow is in another repository"
            )
            yield _unread(job, call, at, why, inherits=inherits)
            return
        scope = NameScope(
            callee.path,
            # `inherit` hands on what the caller itself sees, which may be what its own caller named.
            call.scope.secrets if inherits else Secrets.MAPPED,
            call.scope.mapped if inherits else _mapped(secrets, call.scope),
            given_inputs(callee.declared("inputs"), job.node.get("with"), call.scope, NameScope(callee.path)),
        )
        inner = replace(
            call,
            scope=scope,
            at=at,
            files=(*call.files, callee.path),
            calls=call.calls + 1,
            called_by=call.called_by or job.uses,
        )
        yield from self.workflow(callee, inner)


def _is_local(step: WorkflowStep) -> bool:
    return step.uses.startswith(_LOCAL) or step.uses == "."


def _unread(job: Job, call: _Call, at: StepPlace, why: str, *, inherits: bool) -> Occurrence:
    return Occurrence(
        at=at,
        own=at,
        step=None,
        uses=job.uses,
        scope=call.scope,
        conditions=call.conditions,
        permission=call.permission,
        workflow=call.started,
        job=job,
        why_unread=why,
        inherits=inherits,
    )


def _mapped(node: YamlNode | None, scope: NameScope) -> dict[str, Bound]:
    return {name.upper(): Bound(value, scope) for name, value in (node.entries() if node else ())}


def _condition(node: YamlNode, scope: NameScope) -> tuple[Condition, ...]:
    text = (node.get("if") or NOTHING).text
    return ((read_condition(text), scope),) if text.strip() else ()


def _job_conditions(job: Job, workflow: Workflow, base: NameScope) -> tuple[Condition, ...]:
    """Return what must hold for a job: its own `if`, and those of the jobs that it needs, which skip it with them."""
    found: list[Condition] = []
    awaited, seen = [job], {job.key}
    while awaited:
        each = awaited.pop()
        # No step's output is known in the `if` of a job.
        own = _condition(each.node, replace(base, steps=()))
        found += own
        # Such a condition holds although a needed job was skipped, so those before it do not count.
        if any(has_status(expression) for expression, _ in own):
            continue
        for key in each.needs:
            if key in workflow.jobs and key not in seen and len(seen) < _MOST_JOBS:
                seen.add(key)
                awaited.append(workflow.jobs[key])
    return tuple(found)


def _forgives(node: YamlNode) -> bool:
    return (node.get("continue-on-error") or NOTHING).text.strip().lower() == "true"

"""Where a workflow uses secrets: in which job and step of a run, what their ends prove, and what nobody can tell."""

from collections.abc import Iterator, Mapping, Sequence
from posixpath import normpath
from typing import Final

from flowforge.audit.claude_steps import ClaudeStep, Given, claude_step, named
from flowforge.audit.needs import names_in
from flowforge.data_class import dataclass
from flowforge.life.proof import another_way, unproven
from flowforge.life.run_names import ANYTHING, JobName, RunName, job_name, step_name
from flowforge.workflows.joins import occurrences
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.pins import NEWEST
from flowforge.workflows.repository import documents, read_repository
from flowforge.workflows.sources import CALLER, REPO, SourceKind, ValueSource
from flowforge.workflows.workflow import WorkflowStep

_JobKey = tuple[str, str]
_FORGIVING: Final = "continue-on-error"


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A Claude step that is given a secret."""

    secret: str
    """Its name, in upper case."""
    environment: str | None
    """The environment of its job, in lower case; empty without one, None where nobody can tell."""
    job: _JobKey
    """Its job, as a key of `WorkflowUses.jobs`."""
    step: RunName
    """What it is called in a run."""
    tells_apart: bool
    """Whether what the job's check says can be about this secret alone: no other Claude step, nothing forgiven."""
    unproven: str
    """Why its good end proves nothing, as a clause; empty where it does."""
    moving: bool
    """Whether its action is named by a reference that moves, so that a run got what was the newest then."""
    validated: bool
    """Whether its action first compares the workflow with that of the default branch, and ends well where they differ.

    It does so where it makes the token of its own App: src/github/token.ts.
    """


@dataclass(frozen=True, slots=True)
class WorkflowUses:
    """What a workflow does with secrets, local actions and called workflows joined."""

    uses: tuple[SecretUse, ...] = ()
    """Its Claude steps that are given a secret, once for each."""
    jobs: Mapping[_JobKey, JobName] | None = None
    """What each of its jobs is called in a run, those without Claude too."""
    named: frozenset[str] = frozenset()
    """The secrets that its files name anywhere, in upper case."""
    is_open: bool = False
    """Whether it may use secrets that it does not name: it computes names, or hands all on to what was not read."""

    def may_use(self, secret: str) -> bool:
        """Return whether it may use a secret at all."""
        return self.is_open or secret in self.named

    def job_of(self, name: str) -> _JobKey | None:
        """Return the job that a run calls so; None where it may be more than one, or none."""
        found = [key for key, job in (self.jobs or {}).items() if job.fits(name)]
        return found[0] if len(found) == 1 else None


def uses_of(files: Mapping[str, bytes], path: str, repo: str) -> WorkflowUses:
    """Return the uses of secrets in the workflow of a path.

    files: by path, all of one commit. repo: owner and name.
    """
    repository = read_repository(files, repo)
    mine = [each for each in occurrences(repository) if each.at.file == path]
    named: set[str] = set()
    is_open = bool(repository.unread or repository.too_large)
    for document in documents(repository):
        names, computed = names_in(document)
        named |= names
        is_open = is_open or computed
    # What was not read may use whatever it gets.
    is_open = is_open or any(each.why_unread and each.inherits for each in mine)
    return WorkflowUses(tuple(use for _, use in uses_in(mine)), dict(_jobs(mine)), frozenset(named), is_open)


def mentions(data: bytes, secrets: frozenset[str]) -> bool:
    """Return whether a workflow's file may use one of these secrets, by its text alone."""
    text = data.decode("utf-8", "replace").upper()
    return any(name in text for name in secrets) or any(
        word in text for word in ("INHERIT", "TOJSON(", "SECRETS[", "SECRETS }}", "./")
    )


def local_files(files: Mapping[str, bytes], repo: str) -> frozenset[str]:
    """Return the paths that these files call in their own repository, and that are not among them.

    A folder of an action stands for either name that its file may have. What leads out of the repository is none of it.
    """
    read = read_repository(files, repo)
    wanted: set[str] = set()
    for workflow in read.workflows.values():
        for job in workflow.jobs.values():
            wanted.update(filter(None, [read.local(job.uses)]))
            wanted.update(_actions(job.steps))
    for action in read.actions.values():
        wanted.update(_actions(action.steps))
    there = {*files, *(path.rpartition("/")[0] for path in files)}
    return frozenset(path for path in wanted - there if not path.startswith(("..", "/")))


def _actions(steps: Sequence[WorkflowStep]) -> set[str]:
    folders = {normpath(step.uses) for step in steps if step.uses.startswith("./") and "${{" not in step.uses}
    return {"" if folder == "." else folder for folder in folders}


def _jobs(mine: Sequence[Occurrence]) -> Iterator[tuple[_JobKey, JobName]]:
    for each in mine:
        caller = each.workflow.jobs.get(each.at.job or "") if each.workflow else None
        if caller is None:
            continue
        called: RunName | None = None
        if caller.uses:
            called = ANYTHING if each.step is None or each.job is None else job_name(each.job)
        yield _key(each), JobName(job_name(caller), called)


def _key(each: Occurrence) -> _JobKey:
    called = each.step is not None and each.job is not None and each.job.key != each.at.job
    return each.at.job or "", each.job.key if called and each.job else ""


def uses_in(mine: Sequence[Occurrence]) -> Iterator[tuple[ClaudeStep, SecretUse]]:
    """Yield the Claude steps of one workflow that are given a secret, once for each secret. mine: all of its steps."""
    steps = [(each, claude_step(each)) for each in mine]
    claude: dict[_JobKey, int] = {}
    for each, step in steps:
        claude[_key(each)] = claude.get(_key(each), 0) + (step is not None)
    forgiving = {_key(each) for each, _ in steps if each.step is not None and each.step.node.get(_FORGIVING)}
    for each, step in steps:
        name = _step_name(each)
        if step is None or name is None or step.cloud:
            continue
        alone = claude[_key(each)] == 1 and _key(each) not in forgiving
        for given in step.static:
            for source in named(given.sources, SourceKind.SECRET):
                # What a caller hands on is a secret of its own only there, and is seen from there.
                if source.where != CALLER:
                    yield step, _use(step, given, source, name, alone=alone)


def _use(step: ClaudeStep, given: Given, source: ValueSource, name: RunName, *, alone: bool) -> SecretUse:
    environment = "" if source.where == REPO else source.where.removeprefix("environment:").lower()
    return SecretUse(
        secret=source.name,
        environment=environment if source.where_known else None,
        job=_key(step.occurrence),
        step=name,
        tells_apart=alone and not another_way(step, given),
        unproven=unproven(step, given),
        moving=step.version == NEWEST,
        validated=step.action is not None and step.action.needs_token and not step.has_input("github_token"),
    )


def _step_name(each: Occurrence) -> RunName | None:
    """Return what the step is called that a run shows: of a composite action that of its caller."""
    caller = each.workflow.jobs.get(each.at.job or "") if each.workflow else None
    if caller is None or each.step is None:
        return None
    if caller.uses:
        return step_name(each.step)
    own = caller.steps[each.at.step] if each.at.step is not None and each.at.step < len(caller.steps) else None
    return step_name(own) if own else None

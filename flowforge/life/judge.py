"""Decide from the runs since a write whether a secret lives: the newest run that decides, decides.

A green run proves life only where Claude must have used the credential, and a red one is not death: a timeout, a limit
of turns or a missing permission end in red too. Only what the run itself says of the credential is death.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from flowforge.data_class import dataclass
from flowforge.life.model import Evidence, Life, LifeVerdict
from flowforge.life.uses import SecretUse, WorkflowUses
from flowforge.workflows.repository import is_workflow
from flowforge.workflows.results import FAILED, SUCCESS, JobResult, WorkflowRun
from flowforge.workflows.runs import DEPENDABOT_LOGIN, RunClass, Who

# What Claude Code and the action say when Anthropic refuses the credential itself: claude-auth.md 1.3, corrections.md.
_REFUSED: Final = re.compile(
    r"api error: 401|invalid bearer token|invalid authentication credentials|invalid x-api-key"
    r"|invalid api key · fix external api key|oauth access token is invalid|oauth token has expired\. please"
    r"|oauth token revoked · please|belongs to a disabled organization",
    re.IGNORECASE,
)
# The events of which GitHub runs the file of the default branch: docs.github.com, "Events that trigger workflows".
_OF_DEFAULT_BRANCH: Final = frozenset(
    {
        "discussion",
        "discussion_comment",
        "issue_comment",
        "issues",
        "pull_request_target",
        "repository_dispatch",
        "schedule",
        "workflow_run",
    }
)
_OF_MERGE: Final = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})
# Moving tags such as @v1 were older than this before: the day of v1.0.172, and one more for those that cached it.
_HONEST_FROM: Final = "2026-07-15"


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """The secret that is asked about."""

    name: str
    """In upper case."""
    store: str
    """The store: `actions` or `dependabot`."""
    environment: str
    """The environment that has it, in lower case; empty for the repository's own."""
    written_at: str
    """GitHub's time of its last change."""


@dataclass(frozen=True, slots=True)
class RunReader:
    """How more is learned of a run, which costs a request each."""

    uses: Callable[[WorkflowRun], WorkflowUses | str]
    """The uses of secrets in the workflow as the run had it, or why they are not known, as a clause."""
    jobs: Callable[[WorkflowRun], Sequence[JobResult]]
    """Its jobs; none where they are gone."""
    annotations: Callable[[JobResult], Sequence[str]]
    """What the checks of a job say; none where nobody may read them."""
    unchanged: Callable[[WorkflowRun], bool]
    """Whether the default branch has the same file of the workflow; False where nobody can tell."""


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The ended runs of a repository since a time, newest first."""

    runs: tuple[WorkflowRun, ...]
    """No more of them than one page of GitHub's list."""
    whole: bool
    """Whether these are all."""


def judge(place: SecretPlace, history: RunHistory, reader: RunReader, *, most: int) -> LifeVerdict:
    """Return what the runs say of a secret. most: how many runs are looked into."""
    why, decided, looked = "", LifeVerdict(Life.UNKNOWN), 0
    for verdict in islice(_verdicts(place, history.runs, reader), most):
        looked += 1
        if decided.life is Life.UNKNOWN and verdict.life is not Life.UNKNOWN:
            decided = verdict
        # Where the newest one failed, people ask next when it went well the last time.
        if verdict.life is Life.ALIVE:
            return replace(decided, last_good=verdict.evidence)
        why = why or verdict.why
    if decided.life is not Life.UNKNOWN:
        return decided
    if looked or not history.whole:
        return LifeVerdict(Life.UNKNOWN, why or "none of the runs that were read decides")
    return LifeVerdict(Life.NOT_RUN, "no new run of a workflow that uses it ended since it was written")


def _verdicts(place: SecretPlace, runs: Iterable[WorkflowRun], reader: RunReader) -> Iterator[LifeVerdict]:
    """Yield what each run says that may have used the secret."""
    for run in runs:
        # Runs of GitHub's own, such as code scanning's, have no file.
        if not (is_workflow(run.path) and _may_use(run, place)):
            continue
        found = reader.uses(run)
        if isinstance(found, str):
            yield LifeVerdict(Life.UNKNOWN, found)
            continue
        mine = [use for use in found.uses if use.secret == place.name and _may_be(use, place)]
        if mine:
            yield _of_run(run, found, mine, place, reader)
        elif found.may_use(place.name):
            yield LifeVerdict(Life.UNKNOWN, "a workflow may use it, and not in a step that tells")


def _may_use(run: WorkflowRun, place: SecretPlace) -> bool:
    """Return whether GitHub gave a run this secret as it is now."""
    # A run that was queued in the same second as the write may have got the value before it.
    if run.created_at <= place.written_at:
        return False
    who = Who.PERSON
    if run.actor == DEPENDABOT_LOGIN:
        who = Who.DEPENDABOT
    elif run.foreign:
        who = Who.FORK
    return RunClass(run.event, who).store == place.store


def _may_be(use: SecretUse, place: SecretPlace) -> bool:
    """Return whether a step may get this secret. A job gets the repository's where its environment has none."""
    return use.environment in {place.environment, None} or not place.environment


def _of_run(
    run: WorkflowRun, found: WorkflowUses, uses: Sequence[SecretUse], place: SecretPlace, reader: RunReader
) -> LifeVerdict:
    """Return what one run says; evidence of an unknown one is what was seen and proves nothing."""
    verdicts = [
        _of_job(job, use, run, place, reader)
        for job in reader.jobs(run)
        for use in uses
        if use.job == found.job_of(job.name)
    ]
    seen: Mapping[Life, LifeVerdict] = {each.life: each for each in reversed(verdicts)}
    if Life.ALIVE in seen and Life.DEAD in seen:
        return LifeVerdict(Life.UNKNOWN, "jobs of one run contradict each other")
    for life in (Life.DEAD, Life.ALIVE, Life.FAILING, Life.UNKNOWN):
        if life in seen:
            return seen[life]
    return LifeVerdict(Life.UNKNOWN, "which job of the run is Claude's cannot be told")


def _of_job(job: JobResult, use: SecretUse, run: WorkflowRun, place: SecretPlace, reader: RunReader) -> LifeVerdict:
    steps = [step for step in job.steps if use.step.fits(step.name)]
    if len(steps) != 1:
        return LifeVerdict(Life.UNKNOWN, "which step of the run is Claude's cannot be told")
    conclusion = steps[0].conclusion
    evidence = Evidence(run.path, run.id, job.url or run.url, job.concluded_at, conclusion)
    doubt = _which(use, place)
    if conclusion == SUCCESS:
        doubt = doubt or use.unproven or _too_early(use, run) or _differs(use, run, reader)
        life = Life.UNKNOWN if doubt else Life.ALIVE
        return LifeVerdict(life, doubt or "the step that uses it ended well", evidence)
    if conclusion in FAILED and not doubt:
        if _is_refused(job, use, reader):
            return LifeVerdict(Life.DEAD, "Anthropic refused the credential", evidence)
        return LifeVerdict(Life.FAILING, "the step that uses it failed", evidence)
    return LifeVerdict(Life.UNKNOWN, doubt or "the step did not run to its end", evidence)


def _is_refused(job: JobResult, use: SecretUse, reader: RunReader) -> bool:
    """Return whether the run itself says that this credential was refused."""
    # A check is the whole job's: what another step has printed there says nothing of this one.
    only = sum(step.conclusion in FAILED for step in job.steps) == 1
    return use.tells_apart and only and any(_REFUSED.search(text) for text in reader.annotations(job))


def _which(use: SecretUse, place: SecretPlace) -> str:
    """Return why it is not sure that the step got this very secret; empty where it is."""
    if use.environment is None:
        return "the job's environment cannot be told"
    return "" if use.environment == place.environment else "the job's environment may have a secret of that name"


def _differs(use: SecretUse, run: WorkflowRun, reader: RunReader) -> str:
    """Return why the run may have had another file than the one that was read, or ended well for its difference."""
    # Of a pull request GitHub runs the file as it will be merged, which is nobody's commit.
    matters = use.validated or run.event in _OF_MERGE
    same = not matters or run.event in _OF_DEFAULT_BRANCH or reader.unchanged(run)
    return "" if same else "the workflow differs from the default branch's, where the action may skip itself"


def _too_early(use: SecretUse, run: WorkflowRun) -> str:
    moved = use.moving and run.created_at < _HONEST_FROM
    return "the action ended green with a dead credential then" if moved else ""

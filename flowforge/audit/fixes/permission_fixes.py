"""`id-token-missing`: the permission is added to the one job that lacks it, and what its workflow grants is kept."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flowforge.audit.case import Case
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.fixes.mend import AddedEntry, Mend, Unmended
from flowforge.audit.fork_code import may_check_out_pull
from flowforge.audit.reach import Reached, StepReach
from flowforge.errors import quote
from flowforge.workflows.nodes import YamlMapping, YamlNode
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.permissions import IdToken, id_token
from flowforge.workflows.runs import Who
from flowforge.workflows.workflow import Workflow

_PERMISSION: Final = "id-token"
# What a grant is made of; anything else is no permission, and is not written a second time.
_WORD: Final = re.compile(r"[a-z-]+")


def id_token_missing(case: Case, step: ClaudeStep) -> Mend | Unmended:
    """Return the entry that the job lacks, and of a called workflow the one that its own job lacks too."""
    found: list[AddedEntry] = []
    for file, key in dict.fromkeys(_jobs(step)):
        workflow = case.repository.workflows.get(file)
        job = workflow.jobs.get(key) if workflow else None
        if workflow is None or job is None:
            return Unmended("its permissions stand in no file that was read")
        if id_token(job.node, workflow.root).id_token is not IdToken.NONE:
            continue
        # A fork's run must not get it, whoever is meant (an OIDC token is a credential by itself).
        if _has_forks(case, file, key):
            return Unmended(f"a fork's run may reach the job {quote(key)}")
        if any(may_check_out_pull(each) for each in _steps(case, file, key)):
            return Unmended(f"the job {quote(key)} may check out a pull request's code")
        added = _added(workflow, key, job.node)
        if isinstance(added, Unmended):
            return added
        found.append(added)
    if not found:
        return Unmended("no block of permissions is there, so that the repository's default decides")
    names = " and ".join(dict.fromkeys(quote(str(each.path[1])) for each in found))
    return Mend(f"adds `id-token: write` to the job {names}", tuple(found))


def _jobs(step: ClaudeStep) -> Iterator[tuple[str, str]]:
    """Yield the jobs whose permissions count: the caller's, and the one in which the step is written."""
    for place in (step.occurrence.at, step.occurrence.own):
        if place.job is not None:
            yield place.file, place.job


def _steps(case: Case, file: str, job: str) -> Iterator[Occurrence]:
    for occurrence in case.occurrences:
        if (file, job) in {(each.file, each.job) for each in (occurrence.at, occurrence.own)}:
            yield occurrence


def _has_forks(case: Case, file: str, job: str) -> bool:
    """Whether a run that a fork can start may reach any step of a job, or nobody here knows its runs."""
    for occurrence in _steps(case, file, job):
        reach = StepReach(occurrence)
        if not reach.runs or any(run.who is Who.FORK and reach.by(run) is not Reached.NO for run in reach.runs):
            return True
    return False


def _added(workflow: Workflow, job: str, node: YamlNode) -> AddedEntry | Unmended:
    own = node.get("permissions")
    block = own or workflow.root.get("permissions")
    if block is not None and block.get(_PERMISSION) is not None:
        return Unmended("`id-token` is refused there by name")
    if own is not None:
        return AddedEntry(workflow.path, ("jobs", job, "permissions"), _PERMISSION, "write")
    # A job's block hides the workflow's whole, so what that grants is written there again.
    granted = _granted(block)
    if granted is None:
        return Unmended("what the workflow grants cannot be written with one permission more")
    value = (*granted.items(), (_PERMISSION, "write"))
    return AddedEntry(workflow.path, ("jobs", job), "permissions", value, ("runs-on", "uses", "needs", "if", "name"))


def _granted(block: YamlNode | None) -> Mapping[str, str] | None:
    if not isinstance(block, YamlMapping):
        return None
    granted = {key: value.text for key, value in block.entries()}
    return granted if all(map(_WORD.fullmatch, (*granted, *granted.values()))) else None

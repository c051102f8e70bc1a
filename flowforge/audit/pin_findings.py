"""Findings about pins and about what hides a dead credential."""

from collections.abc import Iterator

from flowforge.audit.case import Case, at_step
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.model import Finding
from flowforge.audit.reach import Reached
from flowforge.workflows.actions import BASE, HONEST_SINCE, MAIN
from flowforge.workflows.expression_tree import accesses, path_of
from flowforge.workflows.expressions import read_condition, read_template
from flowforge.workflows.nodes import YamlNode, walk
from flowforge.workflows.pins import written_version


def pins(case: Case) -> Iterator[Finding]:
    """Yield `beta-pin` and `dead-credential-looks-green`."""
    for step in case.steps:
        # A step that no run can reach hides nothing. What only others call has no runs here, and is judged.
        if step.reach.runs and all(step.reach.by(run) is Reached.NO for run in step.reach.runs):
            continue
        if _is_beta(step):
            # The base action's own examples pin @beta (base-action/examples), so of it nothing is said.
            if step.action is MAIN:
                yield at_step(step, "beta-pin")
            continue
        yield from _green(step)


def _is_beta(step: ClaudeStep) -> bool:
    return step.uses is not None and step.uses.ref.lower() == "beta" and step.action in {MAIN, BASE}


def _green(step: ClaudeStep) -> Iterator[Finding]:
    version = step.version
    # No finding for a commit of unknown version: it may be newer.
    if step.action in {MAIN, BASE} and version is not None and version < HONEST_SINCE:
        reason = f"{step.called} is pinned at {written_version(version)}, before {written_version(HONEST_SINCE)}"
        yield at_step(
            step, "dead-credential-looks-green", reason=reason, remedy="pin v1.0.172 or later, or move to @v1"
        )
    elif _forgiven(step) and not _is_watched(step):
        reason = "`continue-on-error` makes a failure of this a success"
        remedy = "take it out, or let a later step look at steps.ID.outcome"
        yield at_step(step, "dead-credential-looks-green", reason=reason, remedy=remedy)


def _forgiven(step: ClaudeStep) -> bool:
    own = step.occurrence.step
    node = own.node.get("continue-on-error") if own else None
    # An expression there is not judged: it may be false.
    return step.occurrence.forgiven or bool(node and node.text.strip().lower() == "true")


def _is_watched(step: ClaudeStep) -> bool:
    """Whether something in the job, or in its outputs, reads how the step ended."""
    own = step.occurrence.step
    # A step without an id cannot be named by another, so nobody can look at its outcome.
    id_ = own.id if own else ""
    job = step.occurrence.job
    return bool(id_) and job is not None and any(_reads(text, id_) for text in walk(job.node))


def _reads(text: YamlNode, id_: str) -> bool:
    written = text.text
    if "steps" not in written.lower() or id_ not in written.lower():
        return False
    tree = read_template(written) if "${{" in written else read_condition(written)
    for access in accesses(tree):
        path = path_of(access) or ()
        # Its `conclusion` is a success whatever it was; the action's output of that name is not.
        if path[:2] == ("steps", id_) and path[2:] in {("outcome",), ("outputs", "conclusion")}:
            return True
    return False


def logins(case: Case) -> Iterator[Finding]:
    """Yield `login-tokens`: the access and refresh tokens of a login, which live for hours."""
    for step in case.steps:
        if step.logins:
            yield at_step(step, "login-tokens", input=step.logins[0][0])

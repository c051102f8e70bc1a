"""Findings about who starts a run: Dependabot, other bots, forks."""

from collections.abc import Iterator

from flowforge.audit.case import Case, at, at_step, is_missing, state
from flowforge.audit.claude_steps import ClaudeStep, Given
from flowforge.audit.fork_code import checks_out_fork
from flowforge.audit.fork_scripts import ForkRefs
from flowforge.audit.model import Finding, StoreNames
from flowforge.audit.needs import is_gated
from flowforge.audit.reach import Reached, StepReach
from flowforge.audit.secret_findings import has_way
from flowforge.errors import printable
from flowforge.workflows.actions import VARIABLES, Slot
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.runs import RunClass, Who
from flowforge.workflows.sources import SourceKind, ValueSource, sources_of

_DEPENDABOT = "dependabot"


def dependabot(case: Case) -> Iterator[Finding]:
    """Yield `dependabot-without-secret`: its runs reach a step, and only others' runs find the secret."""
    stores = case.stores
    if stores is None:
        return
    for step in case.steps:
        runs = [run for run in step.reach.reaching if run.store == _DEPENDABOT]
        # An identity needs no secret, and a cloud has its own: neither misses one of the store.
        if not runs or step.cloud is not False or has_way(step, stores, _DEPENDABOT) or step.identity:
            continue
        # Where nobody finds the secret, that is said already.
        others = any(run.store == "actions" for run in step.reach.reaching)
        if others and not has_way(step, stores, "actions"):
            continue
        for given in step.static:
            yield from _without(step, given, stores, runs)


def _without(step: ClaudeStep, given: Given, stores: StoreNames, runs: list[RunClass]) -> Iterator[Finding]:
    for source in given.sources:
        # By Dependabot's runs alone: a condition may test the secret for them and for nobody else.
        gated = all(step.reach.by(run, frozenset({source.name})) is Reached.NO for run in runs)
        if is_missing(source, stores, _DEPENDABOT) and not gated and not is_gated(step, given, source):
            yield at_step(step, "dependabot-without-secret", name=source.name)


def bots(case: Case) -> Iterator[Finding]:
    """Yield `bot-not-allowed`: a bot is let in by a condition or has its secret, and the action will refuse it."""
    for step in case.steps:
        if step.action is None or not step.action.checks_actor:
            continue
        allowed, known = step.input("allowed_bots")
        # A computed list may name it.
        if not known:
            continue
        names = {_bare(name) for name in allowed.split(",")}
        for login in sorted({run.login for run in step.reach.reaching if run.login}):
            # The action compares without case and without `[bot]` (src/entrypoints/run.ts).
            if not names & {"*", _bare(login)} and _is_meant(step, login, case.stores):
                yield at_step(step, "bot-not-allowed", login=printable(login), bare=printable(_bare(login)))


def _bare(login: str) -> str:
    return login.strip().lower().removesuffix("[bot]")


def _is_meant(step: ClaudeStep, login: str, stores: StoreNames | None) -> bool:
    """Whether a bot is meant to reach a step: a condition names it, or its store has the secret."""
    if login in step.reach.bots:
        return True
    # Most workflows that a bot can start do not want it, and the refusal is right: silence, unless it is invited.
    if stores is None or login != "dependabot[bot]":
        return False
    secrets = [each for given in step.static for each in given.sources if each.kind is SourceKind.SECRET]
    return any(each.name in stores.dependabot for each in secrets)


def forks(case: Case) -> Iterator[Finding]:
    """Yield `fork-without-secret`: a fork's pull request reaches a step that can only work with a secret."""
    for step in case.steps:
        # On pull_request_target and workflow_run a fork's run has the secrets, which is another finding.
        reaching = [run for run in step.reach.reaching if run.who is Who.FORK and not run.store]
        secrets = [each for given in step.static for each in given.sources]
        # Another source may be there without any secret.
        if not reaching or not secrets or any(each.kind is not SourceKind.SECRET for each in secrets):
            continue
        if step.cloud is False and not any(is_gated(step, given, source) for given, source in _static(step)):
            yield at_step(step, "fork-without-secret")


def _static(step: ClaudeStep) -> Iterator[tuple[Given, ValueSource]]:
    for given in step.static:
        for source in given.sources:
            yield given, source


def in_reach(case: Case) -> Iterator[Finding]:
    """Yield `credential-in-reach-of-fork`: a fork's code is checked out in a job that holds a credential."""
    fetched: dict[object, ForkRefs] = {}
    for occurrence in case.occurrences:
        place, job = occurrence.at, occurrence.job
        # The steps of a job come one after the other, and what one fetches another may check out.
        before = fetched.setdefault((place.file, place.job, job.key if job else None), ForkRefs())
        if not checks_out_fork(occurrence, before):
            continue
        for run in StepReach(occurrence).reaching:
            # Where GitHub withholds the secrets there is nothing to take.
            if run.who is Who.FORK and run.store and _holds(occurrence, run, case):
                yield at(occurrence, "credential-in-reach-of-fork", event=run.event)
                break


def _holds(occurrence: Occurrence, run: RunClass, case: Case) -> bool:
    """Whether the job of a step holds a Claude credential that a run has."""
    slots = [name for name, slot in VARIABLES.items() if slot in {Slot.API_KEY, Slot.OAUTH}]
    held = (each for name in slots for each in sources_of(occurrence.scope.env.get(name)))
    if any(each.kind is SourceKind.SECRET for each in held):
        return True
    for step in case.steps:
        reached = _same_job(step.occurrence, occurrence) and step.reach.by(run) is Reached.YES
        ways = step.static if reached and step.cloud is False else ()
        # That it may be there is enough: the stores may be unknown, and the danger is not.
        if any(state(each, case.stores, run.store) is not False and _is_secret(each) for each in ways):
            return True
    return any(_same_job(other, occurrence) for other, _, _ in case.references)


def _is_secret(given: Given) -> bool:
    return any(each.kind is SourceKind.SECRET for each in given.sources)


def _same_job(one: Occurrence, other: Occurrence) -> bool:
    # Twice, since a step of a composite action names no job in its own file.
    return (one.at.file, one.at.job, one.own.job) == (other.at.file, other.at.job, other.own.job) or (
        one.job is not None and one.job is other.job and one.at.file == other.at.file
    )

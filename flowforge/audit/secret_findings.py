"""Findings about secrets and variables: what is missing, gated, of the wrong kind, written out or hidden."""

from collections.abc import Iterator
from dataclasses import replace

from flowforge.audit.case import Case, at, at_file, at_step, is_missing, state, with_level
from flowforge.audit.claude_steps import ClaudeStep, Given
from flowforge.audit.codes import Severity
from flowforge.audit.model import Finding, StoreNames
from flowforge.audit.needs import is_gated
from flowforge.audit.reach import StepReach
from flowforge.errors import quote
from flowforge.tokens import literal
from flowforge.workflows.actions import INPUTS, VARIABLES, Slot
from flowforge.workflows.expression_tree import Expression, Literal, every
from flowforge.workflows.expressions import read_template
from flowforge.workflows.loaders import Loading
from flowforge.workflows.nodes import NOTHING, YamlNode
from flowforge.workflows.programs import assignment, read_script
from flowforge.workflows.sources import CALLER, SourceKind, ValueSource
from flowforge.workflows.workflow import CompositeAction, Workflow, WorkflowStep

_ACTIONS = "actions"


def missing(case: Case) -> Iterator[Finding]:
    """Yield `missing-secret`, `missing-variable` and `gated`: nothing that a step is given is there."""
    stores = case.stores
    if stores is None:
        return
    for step in case.steps:
        runs = [run for run in step.reach.reaching if run.store == _ACTIONS]
        if runs and step.cloud is False:
            yield from _missing(step, stores)
    for occurrence, reference, source in case.references:
        reach = StepReach(occurrence)
        runs = [run for run in reach.reaching if run.store == _ACTIONS]
        # A warning and no error: what the other program does without a credential is not known.
        if runs and is_missing(source, stores, _ACTIONS) and not _may_be_empty(reach, reference.name):
            found = at(occurrence, "missing-secret", name=reference.name, place=_place(reference.where))
            yield with_level(found, Severity.WARNING)


def _may_be_empty(reach: StepReach, name: str) -> bool:
    step = reach.occurrence.step
    # A script that tests anything for presence is likely to know that it may be empty.
    return reach.is_gated(name) or bool(step and step.run and read_script(step.run).tested)


def _missing(step: ClaudeStep, stores: StoreNames) -> Iterator[Finding]:
    if has_way(step, stores, _ACTIONS):
        return
    for given in (*step.static, *step.identity):
        for source in given.sources:
            if is_missing(source, stores, _ACTIONS):
                yield _is_missing(step, given, source)


def has_way(step: ClaudeStep, stores: StoreNames, store: str) -> bool:
    """Whether a step may have a credential: a key or token that may be there, or both ids of an identity."""
    # An error must be sure, so each way that may be there is taken for one.
    if step.loading is Loading.LIKELY:
        return True
    if any(state(each, stores, store) is not False for each in step.static):
        return True
    ids = {each.slot: state(each, stores, store) is not False for each in step.identity}
    return bool(ids.get(Slot.RULE) and ids.get(Slot.ORGANIZATION))


def _is_missing(step: ClaudeStep, given: Given, source: ValueSource) -> Finding:
    if is_gated(step, given, source):
        return at_step(step, "gated", name=source.name)
    code = "missing-variable" if source.kind is SourceKind.VARIABLE else "missing-secret"
    return at_step(step, code, name=source.name, place=_place(source.where))


def _place(where: str) -> str:
    kind, _, name = where.partition(":")
    return f"in the environment {quote(name)} or at the repository" if kind == "environment" else "at the repository"


_SLOT_OF_TYPE = {"anthropic_api_key": Slot.API_KEY, "claude_code_oauth_token": Slot.OAUTH}
_NOUNS = {Slot.API_KEY: "an API key", Slot.OAUTH: "an OAuth token"}
_INPUT_OF = {Slot.API_KEY: "anthropic_api_key", Slot.OAUTH: "claude_code_oauth_token"}


def wrong_kind(case: Case) -> Iterator[Finding]:
    """Yield `wrong-kind`: what is known to be of one kind stands where another is read."""
    for step in case.steps:
        # A cloud reads neither, and nothing fails where nothing runs.
        if step.cloud is not False or not step.reach.is_sure:
            continue
        for given in step.ways:
            yield from _wrong_kind(step, given, case)


def _wrong_kind(step: ClaudeStep, given: Given, case: Case) -> Iterator[Finding]:
    wanted = _NOUNS.get(given.slot)
    possible = _possible(given, case.stores)
    if wanted is None or not possible or case_hidden(step, given):
        return
    slots = [_slot_of(each, case) for each in possible]
    # By the manifest's type or the token's beginning, never by a secret's name: keys stand under any name. And
    # only if every source is wrong: one of `a || b` may be right.
    if all(slot not in {None, given.slot} for slot in slots):
        source, slot = possible[0], slots[0] or given.slot
        holds = f"{source.name} holds {_NOUNS[slot]}" if source.name else f"this is {_NOUNS[slot]}"
        instead = _INPUT_OF[slot] if given.by_input else _variable_of(slot)
        yield at_step(step, "wrong-kind", input=given.name, wanted=wanted, holds=holds, instead=instead)
    elif all(each.is_github_token for each in possible):
        yield at_step(
            step,
            "wrong-kind",
            input=given.name,
            wanted=wanted,
            holds="this is the token of GitHub",
            instead="github_token",
        )


def _possible(given: Given, stores: StoreNames | None) -> list[ValueSource]:
    """Return what a value may come from: of `a || b` what is not there is passed over, and what is there ends it."""
    found: list[ValueSource] = []
    for source in given.sources:
        missing_here = is_missing(source, stores, _ACTIONS) if stores else None
        if missing_here is not True:
            found.append(source)
        # Behind a choice what follows may be the value, although this one is there.
        if missing_here is False and not given.is_choice:
            break
    return found


def _slot_of(source: ValueSource, case: Case) -> Slot | None:
    """Return the slot of what a source is known to hold; None where nobody can tell."""
    kind = case.facts.types.get(source.name) if source.kind is SourceKind.SECRET else None
    return _SLOT_OF_TYPE.get(kind or "") or _SLOT_OF_STEM.get(source.looks)


def case_hidden(step: ClaudeStep, given: Given) -> bool:
    """Whether a key of the right kind stands before a token, so that the token is not looked at."""
    return given.slot is Slot.OAUTH and any(each.slot is Slot.API_KEY for each in step.static)


# Admin keys and refresh tokens have stems of their own and fit neither.
_SLOT_OF_STEM = {"sk-ant-api": Slot.API_KEY, "sk-ant-oat": Slot.OAUTH}


def _variable_of(slot: Slot) -> str:
    return next(name for name, each in VARIABLES.items() if each is slot)


def literals(case: Case) -> Iterator[Finding]:
    """Yield `literal-credential` for each credential that is written out where a step or its environment gets it."""
    # Files and not steps: who reads the repository has it, whether the workflow is disabled or never reached.
    for workflow in case.repository.workflows.values():
        yield from _literals_of(workflow.root.get("env"), workflow.path, None, None)
        for job in workflow.jobs.values():
            yield from _literals_of(job.node.get("env"), workflow.path, job.key, None)
            yield from _literals_of(job.node.get("secrets"), workflow.path, job.key, None)
            yield from _literals_of(job.node.get("with"), workflow.path, job.key, None)
            for step in job.steps:
                yield from _literals_in(step, workflow, job.key)
    for action in case.repository.actions.values():
        for step in action.steps:
            yield from _literals_in(step, action, None)


def _literals_in(step: WorkflowStep, document: Workflow | CompositeAction, job: str | None) -> Iterator[Finding]:
    yield from _literals_of(step.env, document.path, job, step.index)
    yield from _literals_of(step.inputs, document.path, job, step.index)
    # Only what a variable of Claude's is set to: a script may search for the stem, or mask it.
    if "sk-ant-" in step.run and any(map(_assigns_literal, read_script(step.run).commands)):
        yield _literal(document.path, step.node.get("run") or NOTHING, job, step.index)


def _assigns_literal(command: object) -> bool:
    words: list[str] = getattr(command, "words", [])
    pairs = [pair for word in words if (pair := assignment(word))]
    return any(name in VARIABLES and _is_literal(value) for name, value in pairs)


def _literals_of(node: YamlNode | None, file: str, job: str | None, step: int | None) -> Iterator[Finding]:
    for name, value in node.entries() if node else ():
        in_slot = name in VARIABLES or name.lower() in INPUTS
        # A prompt may speak of the stem in a sentence; a credential has no space.
        stands_alone = _is_literal(value.text) and (in_slot or " " not in value.text.strip())
        if stands_alone or ("${{" in value.text and any(map(_is_literal, _texts(read_template(value.text))))):
            yield _literal(file, value, job, step)


def _texts(tree: Expression) -> Iterator[str]:
    """Yield the texts that are written out in an expression."""
    yield from (each.value for each in every(tree) if isinstance(each, Literal) and isinstance(each.value, str))


def _is_literal(text: str) -> bool:
    stripped = text.strip().strip("'\"")
    # `sk-ant-...` and `sk-ant-xxx` of examples are none.
    return stripped.startswith("sk-ant-") and bool(literal().match(stripped))


def _literal(file: str, node: YamlNode, job: str | None, step: int | None) -> Finding:
    return replace(at_file("literal-credential", file, node.line, node.column), job=job, step=step)


def hidden(case: Case) -> Iterator[Finding]:
    """Yield `shadows-organization` and `environment-secret-not-inherited`."""
    seen: set[tuple[str, str]] = set()
    for step in case.steps:
        for given in step.ways:
            for source in given.sources:
                # What a caller gives is judged where the caller stands.
                if source.kind is not SourceKind.SECRET or source.where == CALLER:
                    continue
                yield from _past_environment(step, source, case.stores)
                # It is the repository's, so the first step that reads it speaks for all.
                if case.stores and ("shadow", source.name) not in seen and _shadows(source, case.stores):
                    seen.add(("shadow", source.name))
                    yield at_step(step, "shadows-organization", name=source.name)


def _shadows(source: ValueSource, stores: StoreNames) -> bool:
    return source.name in stores.actions and source.name in stores.organization


def _past_environment(step: ClaudeStep, source: ValueSource, stores: StoreNames | None) -> Iterator[Finding]:
    environment = source.mapped_past_environment
    if not environment:
        return
    at_repo = stores is not None and source.name in stores.actions | stores.organization
    # The caller names the repository's, and it is there: that is what the called job gets.
    if not (at_repo and source.where == "repo"):
        yield at_step(step, "environment-secret-not-inherited", environment=quote(environment), name=source.name)

"""What each Claude step needs, and which Claude credentials are handed on outside of one, as public data."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flowforge.audit.claude_steps import ClaudeStep, Given
from flowforge.audit.model import AuditStep, SecretReference, StepNeed, Via
from flowforge.audit.reach import StepReach
from flowforge.workflows.actions import INPUTS, VARIABLES, Slot
from flowforge.workflows.expression_tree import ContextName, UnreadableExpression, accesses, path_of, root_of
from flowforge.workflows.expressions import read_condition, read_template
from flowforge.workflows.nodes import NOTHING, Scalar, YamlNode, walk
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.scopes import Bound
from flowforge.workflows.sources import CALLER, SourceKind, ValueSource, sources_of
from flowforge.workflows.workflow import CompositeAction, Workflow

STATIC_NAMES = frozenset({"ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"})
"""The usual names of secrets that hold a Claude credential."""


def audit_step(step: ClaudeStep, declared: Workflow | CompositeAction | None) -> AuditStep:
    """Return a Claude step as public data. declared: the document that declares what its caller gives."""
    occurrence = step.occurrence
    # A cloud has credentials of its own, which are not Claude's: such a step is listed with none.
    needs = [] if step.cloud else [need for given in step.ways for need in _needs(step, given, declared)]
    unique = tuple(dict.fromkeys(needs))
    at = occurrence.at
    uses = occurrence.called_by or occurrence.uses or None
    return AuditStep(at.file, at.line, at.job, at.step, uses, _via(occurrence), unique)


def _via(occurrence: Occurrence) -> Via | None:
    own = occurrence.own
    return Via(own.file, own.line, own.step) if occurrence.is_joined else None


def _needs(step: ClaudeStep, given: Given, declared: Workflow | CompositeAction | None) -> Iterator[StepNeed]:
    # `a || b`: either may be missing as long as the other one is there.
    alternatives = len(given.sources) > 1
    # A workflow with events of its own that is also called has two needs: its runs read a store, callers hand on.
    callable_too = step.occurrence.workflow is not None and step.occurrence.workflow.is_callable
    for source in given.sources:
        need = _need(step, given, source)
        if source.where == CALLER:
            need = replace(need, optional=need.optional or not _is_required(source, declared))
        elif source.kind is SourceKind.SECRET:
            need = replace(need, optional=need.optional or alternatives or is_gated(step, given, source))
        yield need
        own = step.occurrence.workflow is step.scope.workflow
        if callable_too and own and source.kind is SourceKind.SECRET and source.where != CALLER and step.reach.runs:
            yield replace(need, where=CALLER, stores=())


def _need(step: ClaudeStep, given: Given, source: ValueSource) -> StepNeed:
    if source.kind is SourceKind.SECRET and source.where != CALLER:
        stores = step.reach.stores
    else:
        stores = ("variables",) if source.kind is SourceKind.VARIABLE else ()
    # Never of a literal: what stands there may be the credential itself.
    name = source.name or None if source.kind is not SourceKind.LITERAL else None
    return StepNeed(given.name, source.kind.value, name, source.where, stores, given.slot.is_optional)


def is_gated(step: ClaudeStep, given: Given, source: ValueSource) -> bool:
    """Whether the presence of a secret is tested before it is used: by an `if:`, or in the script itself."""
    tested = step.script.tested
    if tested and (given.name in tested or _variables_of(step, source) & tested):
        return True
    return step.reach.is_gated(source.name)


def _variables_of(step: ClaudeStep, source: ValueSource) -> set[str]:
    return {name for name in step.script.tested if source in sources_of(step.scope.env.get(name))}


def _is_required(source: ValueSource, declared: Workflow | CompositeAction | None) -> bool:
    # Only `required: true` binds a caller; an input that is not required has a default, or is empty.
    kind = "secrets" if source.kind is SourceKind.SECRET else "inputs"
    if isinstance(declared, CompositeAction):
        node: YamlNode = declared.inputs
    else:
        node = declared.declared(kind) if declared else NOTHING
    entry = next((value for name, value in node.entries() if name.lower() == source.name.lower()), None)
    # A secret that is not declared is there when its caller says `inherit`.
    return entry is None or (entry.get("required") or NOTHING).text == "true"


def unread_step(occurrence: Occurrence) -> AuditStep:
    """Return a called workflow that was not read and gets every secret: a step with one need that nobody knows."""
    need = StepNeed(None, SourceKind.UNKNOWN.value, None, "repo", (), optional=False)
    at = occurrence.at
    return AuditStep(at.file, at.line, at.job, at.step, occurrence.uses, None, (need,))


def references(occurrence: Occurrence, types: frozenset[str]) -> Iterator[tuple[SecretReference, ValueSource]]:
    """Yield the Claude credentials that a step which runs no Claude is given. types: secrets known to hold one."""
    if occurrence.step is not None and not (occurrence.uses or occurrence.step.run):
        return  # GitHub takes it for no step
    reach = StepReach(occurrence)
    at = occurrence.at
    for source in dict.fromkeys(_handed_on(occurrence, types)):
        stores = reach.stores if source.where != CALLER else ()
        yield SecretReference(at.file, at.line, at.job, at.step, source.name, source.where, stores), source


def _handed_on(occurrence: Occurrence, types: frozenset[str]) -> Iterator[ValueSource]:
    for name, node in _own_entries(occurrence):
        # Others write these inputs with hyphens; a secret that is known to be Claude's counts under any name.
        slot = VARIABLES.get(name) or INPUTS.get(name.lower()) or INPUTS.get(name.lower().replace("-", "_"))
        is_slot = slot in {Slot.API_KEY, Slot.OAUTH}
        for source in sources_of(Bound(node, occurrence.scope)):
            if source.kind is SourceKind.SECRET and (is_slot or source.name in types):
                yield source
    step = occurrence.step
    run = step.node.get("run") if step else None
    # GitHub puts the secret itself into the script before a shell sees it.
    if run is not None and "${{" in run.text:
        for source in sources_of(Bound(run, occurrence.scope)):
            if source.kind is SourceKind.SECRET and source.name in types:
                yield source


def _own_entries(occurrence: Occurrence) -> Sequence[tuple[str, YamlNode]]:
    if occurrence.step is None:
        # A job that calls a workflow has no `env` (docs.github.com, jobs.<job_id>.uses).
        node = occurrence.job.node if occurrence.job else NOTHING
        blocks = [node.get("secrets"), node.get("with")]
    else:
        # The env of the job is left out: it reaches every step, and would make each of them a reference.
        blocks = [occurrence.step.inputs, occurrence.step.env]
    return [pair for block in blocks if block for pair in block.entries()]


def names_in(document: Workflow | CompositeAction) -> tuple[set[str], bool]:
    """Return the secrets that a document names anywhere, in upper case, and whether it computes names too."""
    found: set[str] = set()
    computed = False
    for text in walk(document.root):
        # To parse every text of a repository is what costs; few hold the word.
        if "secrets" not in text.text.lower():
            continue
        names, more = _names(text)
        found |= names
        computed = computed or more
    return found, computed


def _names(text: Scalar) -> tuple[set[str], bool]:
    # An `if:` is an expression without the braces. Prose that holds the word is none, and computes nothing.
    tree = read_template(text.text) if "${{" in text.text else read_condition(text.text)
    found: set[str] = set()
    computed = isinstance(tree, UnreadableExpression) and "${{" in text.text
    for access in accesses(tree):
        path = path_of(access)
        # `toJSON(secrets)` hands on all of them.
        if path is None or path == ("secrets",):
            computed = computed or root_of(access) == ContextName("secrets")
        elif path[0] == "secrets":
            found.add(path[1].upper())
    return found, computed

"""What names mean at a place of a workflow: its env, its inputs, and whose secrets `secrets.NAME` are."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from enum import Enum, auto
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.expression_tree import Expression, Literal, Text, path_of
from flowforge.workflows.expressions import read_template
from flowforge.workflows.nodes import NOTHING, YamlNode, lowered
from flowforge.workflows.workflow import Job, Workflow, WorkflowStep


class Secrets(Enum):
    """Whose secrets a place sees."""

    OWN = auto()
    """Those of the repository, and of the job's environment."""
    MAPPED = auto()
    """Those that the caller names."""
    CALLERS = auto()
    """Those of whoever calls, and nobody does so here."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A template with the scope that its names have."""

    node: YamlNode
    scope: "NameScope"

    @property
    def expression(self) -> Expression:
        """The tree of the template."""
        return read_template(self.node.text)


@dataclass(frozen=True, slots=True, eq=False)
class Env:
    """Variables of the environment, one `env` above another: what is nearer wins. Nothing is copied for a step."""

    own: Mapping[str, Bound] = field(default_factory=dict)
    lowered: Mapping[str, Bound] = field(default_factory=dict)
    """The same by names in lower case, as expressions name them."""
    outer: "Env | None" = None

    def get(self, name: str) -> Bound | None:
        """Return what a variable is, by its name as the system has it."""
        env: Env | None = self
        while env is not None:
            if name in env.own:
                return env.own[name]
            env = env.outer
        return None

    def find(self, name: str) -> Bound | None:
        """Return what `env.NAME` is. name: in lower case."""
        env: Env | None = self
        while env is not None:
            if name in env.lowered:
                return env.lowered[name]
            env = env.outer
        return None

    def every(self) -> Iterator[Bound]:
        """Yield every variable, hidden ones too."""
        env: Env | None = self
        while env is not None:
            yield from env.own.values()
            env = env.outer


@dataclass(frozen=True, slots=True, eq=False)
class NameScope:
    """What names mean at a place."""

    file: str
    """The file in which the names are written."""
    secrets: Secrets = Secrets.OWN
    """Whose secrets `secrets.NAME` means."""
    mapped: Mapping[str, Bound] = field(default_factory=dict)
    """Where secrets are mapped: what each is, by its name in upper case."""
    inputs: Mapping[str, Bound] | None = None
    """What inputs are, by their names in lower case; None where nobody here gives them."""
    env: Env = field(default_factory=Env)
    """The variables that its `env` blocks set, the nearest first."""
    environment: str = ""
    """The name of the job's environment."""
    environment_known: bool = True
    """Whether the name could be told."""
    workflow: Workflow | None = None
    """The workflow that it is in, of a joined action its caller's; None in an action that nobody calls."""
    job: Job | None = None
    """The job that it is in; None above the jobs."""
    steps: tuple[WorkflowStep, ...] = ()
    """The steps that `steps.ID` can mean."""

    def with_env(self, node: YamlNode | None) -> "NameScope":
        """Return the scope below an `env`: its templates have the names of this one."""
        if node is None:
            return self
        # docs.github.com, `env`: variables of a map "cannot be defined in terms of other variables in the map".
        own = {name: Bound(value, self) for name, value in node.entries()}
        lower = {name.lower(): bound for name, bound in own.items()}
        return replace(self, env=Env(own, lower, self.env)) if own else self

    def in_job(self, job: Job) -> "NameScope":
        """Return the scope of a job of the same workflow. This one is that of the workflow."""
        scope = replace(self, job=job, steps=tuple(job.steps), environment="", environment_known=True)
        # Before the job's `env` is added: an environment's name cannot use it (docs.github.com, "Contexts reference").
        name, known = fixed_text(read_template(job.environment), scope)
        scope = replace(scope, environment=name, environment_known=known)
        return scope.with_env(job.node.get("env"))


_DEPTH: Final = 20


def fixed_text(expression: Expression, scope: NameScope, depth: int = 0) -> tuple[str, bool]:
    """Return the text of a template, and whether it could be told without running anything."""
    if isinstance(expression, Literal):
        return _shown(expression), True
    if isinstance(expression, Text):
        parts = [fixed_text(part, scope, depth) for part in expression.parts]
        return "".join(text for text, _ in parts), all(known for _, known in parts)
    bound = input_of(expression, scope)
    if bound is not None and depth < _DEPTH:
        return fixed_text(bound.expression, bound.scope, depth + 1)
    return "", False


def _shown(literal: Literal) -> str:
    value = literal.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def input_of(expression: Expression, scope: NameScope) -> Bound | None:
    """Return what an `inputs.NAME` is; None for any other expression, and where nobody here gives it."""
    from_path = path_of(expression) or ()
    if scope.inputs is None or len(from_path) != 2 or from_path[0] != "inputs":  # noqa: PLR2004 -- inputs.NAME
        return None
    # A declared input that is neither given nor has a default is an empty text.
    return scope.inputs.get(from_path[1], Bound(NOTHING, scope))


def given_inputs(declared: YamlNode, given: YamlNode | None, scope: NameScope, own: NameScope) -> dict[str, Bound]:
    """Return what the inputs of a callee are: what its caller gives, else their defaults."""
    found: dict[str, Bound] = {}
    for name, (_, node) in lowered(declared).items():
        default = node.get("default")
        if default is not None:
            found[name] = Bound(default, own)
    for name, (_, node) in lowered(given).items():
        found[name] = Bound(node, scope)
    return found

"""A workflow or an action as it was read: its events, jobs and steps, each a node with its position."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, Final

from flowforge.data_class import dataclass
from flowforge.workflows.nodes import NOTHING, YamlMapping, YamlNode

CALLED: Final = "workflow_call"


@dataclass(frozen=True, eq=False)
class WorkflowStep:
    """A step of a job or of a composite action."""

    node: YamlNode
    index: int
    """Counts from 0."""

    @property
    def line(self) -> int:
        """The line in which it begins."""
        return self.node.line

    @property
    def main_line(self) -> int:
        """The line of its `uses` or `run`."""
        return self.node.key_line("uses" if self.node.get("uses") else "run")

    @cached_property
    def uses(self) -> str:
        """The action that it uses; empty for a script."""
        return _text(self.node, "uses")

    @cached_property
    def run(self) -> str:
        """Its script; empty for an action."""
        return _text(self.node, "run")

    @property
    def id(self) -> str:
        """Its id in lower case, by which others refer to it; empty without one."""
        return _text(self.node, "id").lower()

    @property
    def inputs(self) -> YamlNode:
        """Its `with`."""
        return self.node.get("with") or NOTHING

    @property
    def env(self) -> YamlNode:
        """Its `env`."""
        return self.node.get("env") or NOTHING


@dataclass(frozen=True, eq=False)
class Job:
    """A job of a workflow."""

    key: str
    node: YamlNode
    line: int

    @cached_property
    def steps(self) -> Sequence[WorkflowStep]:
        """Its steps; none where it calls a workflow."""
        return steps_of(self.node.get("steps"))

    @property
    def uses(self) -> str:
        """The workflow that it calls; empty for steps."""
        return _text(self.node, "uses")

    @property
    def needs(self) -> Sequence[str]:
        """The keys of the jobs that must end before it."""
        node = self.node.get("needs")
        return node.texts() if node else ()

    @property
    def environment(self) -> str:
        """The template of the name of its environment; empty without one."""
        node = self.node.get("environment")
        if node is None:
            return ""
        return node.text or _text(node, "name")

    @property
    def shell(self) -> str:
        """The shell of its scripts, as far as its defaults say."""
        return _default_shell(self.node)

    def step(self, id_: str) -> WorkflowStep | None:
        """Return the step with an id."""
        return next((each for each in self.steps if each.id == id_), None)


@dataclass(frozen=True, eq=False)
class Workflow:
    """A workflow file."""

    path: str
    root: YamlNode
    repo: str | None = None
    """Owner and name of its repository, in lower case, where known."""
    # Any: its keys and values are of the part that judges, which this one may not import.
    judged: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What became of its conditions for each class of run, kept by whoever evaluates them."""

    @cached_property
    def events(self) -> Mapping[str, YamlNode]:
        """The events that start it, each with its filters."""
        node = self.root.get("on") or NOTHING
        if isinstance(node, YamlMapping):
            return dict(node.entries())
        return dict.fromkeys(node.texts(), NOTHING)

    @property
    def starts_itself(self) -> bool:
        """Whether it has events of its own, besides being called."""
        return bool(self.events.keys() - {CALLED})

    @property
    def is_callable(self) -> bool:
        """Whether other workflows can call it."""
        return CALLED in self.events

    @cached_property
    def jobs(self) -> Mapping[str, Job]:
        """Its jobs by their keys."""
        node = self.root.get("jobs") or NOTHING
        return {
            key: Job(key, each, node.key_line(key)) for key, each in node.entries() if isinstance(each, YamlMapping)
        }

    @cached_property
    def jobs_lowered(self) -> Mapping[str, Job]:
        """Its jobs by their keys in lower case, as expressions name them."""
        return {key.lower(): job for key, job in self.jobs.items()}

    @property
    def shell(self) -> str:
        """The shell of its scripts, as far as its defaults say."""
        return _default_shell(self.root)

    def declared(self, kind: str) -> YamlNode:
        """Return the `inputs` or the `secrets` that it declares for its callers."""
        return self.events.get(CALLED, NOTHING).get(kind) or NOTHING


@dataclass(frozen=True, eq=False)
class CompositeAction:
    """An action file, of whatever kind; only a composite one has steps."""

    path: str
    root: YamlNode

    @cached_property
    def steps(self) -> Sequence[WorkflowStep]:
        """Its steps."""
        return steps_of((self.root.get("runs") or NOTHING).get("steps"))

    @property
    def is_composite(self) -> bool:
        """Whether it is made of steps, and not a program or a container."""
        return _text(self.root.get("runs") or NOTHING, "using").lower() == "composite"

    @property
    def inputs(self) -> YamlNode:
        """The inputs that it declares."""
        return self.root.get("inputs") or NOTHING


def steps_of(node: YamlNode | None) -> Sequence[WorkflowStep]:
    """Return the steps of a list of them."""
    items = node.items() if node else ()
    # Counted before what is no step is left out: reports name a step by its place in the file.
    return [WorkflowStep(each, index) for index, each in enumerate(items) if isinstance(each, YamlMapping)]


def steps_in(documents: Sequence[Workflow]) -> Iterator[WorkflowStep]:
    """Yield every step of these workflows."""
    for document in documents:
        for job in document.jobs.values():
            yield from job.steps


def _text(node: YamlNode, key: str) -> str:
    value = node.get(key)
    # The lines of a script are counted from its beginning, so what stands before it stays.
    return value.text.strip() if value and key != "run" else value.text if value else ""


def _default_shell(node: YamlNode) -> str:
    run = (node.get("defaults") or NOTHING).get("run") or NOTHING
    return _text(run, "shell")

"""A step as it runs for one caller: where it stands, what its names mean, and what must hold before it."""

from flowforge.data_class import dataclass
from flowforge.workflows.expression_tree import Expression
from flowforge.workflows.loaders import Loading
from flowforge.workflows.permissions import TokenPermission
from flowforge.workflows.scopes import NameScope
from flowforge.workflows.workflow import Job, Workflow, WorkflowStep


@dataclass(frozen=True, slots=True)
class StepPlace:
    """Where a step stands. job: its key; None in an action that nobody calls. step: None for a job that calls."""

    file: str
    line: int
    job: str | None
    step: int | None


Condition = tuple[Expression, NameScope]


@dataclass(frozen=True, slots=True, eq=False)
class Occurrence:
    """A step as it runs for one caller."""

    at: StepPlace
    """Where people find it in a file that GitHub starts."""
    own: StepPlace
    """Where it is written; the same, unless it was joined."""
    step: WorkflowStep | None
    """None for a called workflow that could not be read."""
    uses: str
    """What it uses, as written; of a called workflow too."""
    scope: NameScope
    """What the names in its templates mean."""
    conditions: tuple[Condition, ...]
    """All that must hold before it runs: its own `if`, those of its job and of the jobs before it, and its callers'."""
    permission: TokenPermission
    """Whether its job may fetch an OIDC token."""
    workflow: Workflow | None
    """The workflow that GitHub starts; None in an action that nobody calls."""
    job: Job | None
    """The job that runs it: of a joined action the caller's; None in an action that nobody calls."""
    handed_on: frozenset[str] = frozenset()
    """The variables of credentials that a step of its job before it writes into $GITHUB_ENV."""
    loading: Loading = Loading.NONE
    """Whether a step of its job before it may load secrets into the environment, under names that nobody knows."""
    forgiven: bool = False
    """Whether a failure of it fails nothing, by a `continue-on-error` of the job or of a caller."""
    called_by: str = ""
    """Of a joined step, what its caller uses."""
    why_unread: str = ""
    """Why what it calls was not read, as a clause; empty where it was, or is no business of ours."""
    inherits: bool = False
    """Whether a called workflow that was not read gets every secret."""

    @property
    def is_joined(self) -> bool:
        """Whether it stands in another file than its caller."""
        return self.own != self.at

    @property
    def shell(self) -> str:
        """The shell of a script, in lower case; empty for the runner's own."""
        if self.step is None:
            return ""
        # docs.github.com, `defaults.run`: the most specific one wins.
        own = self.step.node.get("shell")
        names = [own.text if own else "", self.job.shell if self.job else ""]
        names.append(self.scope.workflow.shell if self.scope.workflow else "")
        return next((name.lower() for name in names if name), "")

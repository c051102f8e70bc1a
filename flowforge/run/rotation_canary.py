"""The canary of a rotation, as the command line names it."""

import math
import shlex

from flowforge.data_class import dataclass
from flowforge.errors import Problem, UsageError
from flowforge.github.clients import Clients
from flowforge.plan.rotation import CANARY_TIMEOUT, Proof
from flowforge.run.rotating import MakeCanary
from flowforge.run.rotation_leg import Subject
from flowforge.steps.rotate.canary import command_canary, workflow_canary
from flowforge.steps.rotate.verdicts import Canary
from flowforge.steps.rotate.walk import repos_of


@dataclass(frozen=True, slots=True)
class CanaryAsked:
    """What the command line says of a canary."""

    workflow: str = ""
    """The workflow to dispatch; empty for none."""
    command: str = ""
    """The command to run, as words of a shell; empty for none."""
    timeout: float = CANARY_TIMEOUT
    """How many seconds it may take in a repo."""

    def __bool__(self) -> bool:
        """Return whether there is one."""
        return bool(self.workflow or self.command)

    def proof(self, batches: str) -> Proof:
        """Return how a rotation is proven with it, as the state keeps it. batches: as the command line names them."""
        # Rounded up, so that the command that goes on gives no less time.
        seconds = math.ceil(self.timeout) if self and self.timeout != CANARY_TIMEOUT else 0
        return Proof(batches, self.workflow, self.command, seconds)


def canary_of(asked: CanaryAsked) -> MakeCanary | None:
    """Return what makes the canary; None where there is none. Raises UsageError FF912."""
    if asked.workflow and asked.command:
        what = "--canary and --canary-command name two canaries"
        raise UsageError(Problem("FF912", what, fix="say one: a command can look at the workflow, too"))
    words = _words(asked.command)
    if not asked:
        return None

    def make(subject: Subject, clients: Clients) -> Canary:
        request = subject.task.request
        if words:
            # A workflow takes its time on GitHub, and a command on this machine.
            seconds = asked.timeout / request.clock(clients.api, request.environ).scale
            return command_canary(
                words,
                environ=request.environ,
                stop=request.stop,
                timeout=seconds,
                folder=subject.task.manifest.folder,
                concealed=subject.task.context.concealed,
            )
        return workflow_canary(
            clients,
            [repo for repo in repos_of(subject.walk.lines) if not repo.is_organization],
            asked.workflow,
            secret=subject.credential.secret,
            stop=request.stop,
            timeout=asked.timeout,
            notify=request.notify,
        )

    return make


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        what = "--canary-command cannot be read as words"
        raise UsageError(Problem("FF912", what, why=str(error).lower(), fix="close each quote")) from None

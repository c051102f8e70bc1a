"""Which runs ask Anthropic about their keys: every apply whose manifest says so, and a plan that is told to."""

from dataclasses import replace
from typing import TYPE_CHECKING

from flowforge.ci_systems import doubt
from flowforge.github.clients import Clients
from flowforge.github.clock import Patience
from flowforge.on_demand import load
from flowforge.plan.decide import Situation
from flowforge.run.task import Task
from flowforge.steps.verify import ADMIN_KEY

if TYPE_CHECKING:
    from flowforge.steps.verify.check import CheckedPlan, KeyCheck


def check_of_apply(task: Task, clients: Clients) -> "KeyCheck | None":
    """Return what an apply asks before it writes. Raises TrustError and SourceError.

    Of the Admin key nothing is read where it is not known that a trusted event began the run.
    """
    request = task.request
    environ = dict(request.environ)
    if doubt(environ) is not None:
        environ.pop(ADMIN_KEY, None)
    credentials = task.manifest.credentials
    # Most manifests verify nothing, and need nothing of what is loaded here.
    if not environ.get(ADMIN_KEY) and not any(each.verify for each in credentials.values()):
        return None
    clock = request.clock(clients.api, environ)
    check: KeyCheck | None = load("flowforge.steps.verify.check").KeyCheck.of(
        credentials,
        environ,
        scale=Patience.of(clients.api, environ).scale,
        pause=lambda seconds: clock.wait(seconds, request.stop),
        stop=request.stop,
        notify=request.notify,
    )
    return check


def check_of_plan(task: Task, clients: Clients) -> "KeyCheck | None":
    """Return what a plan asks: nothing unless --verify says so, and never where a pull request may have begun the run.

    A plan shows what others proposed; it has no need to send a key anywhere. Raises as `check_of_apply`.
    """
    if not task.request.verify:
        return None
    found = doubt(task.request.environ)
    if found is not None:
        task.warnings.setdefault(f"--verify asks nobody here: {found.why}, and only a trusted event may send a key")
        return None
    return check_of_apply(task, clients)


def without_refused(situation: Situation, checked: "CheckedPlan") -> Situation:
    """Return what is decided upon, with the reason in the place of each value that must not be written."""
    refused = {address: replace(situation.wanted[address], value=why) for address, why in checked.refused.items()}
    return replace(situation, wanted={**situation.wanted, **refused})

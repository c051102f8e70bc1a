"""`flowforge state push`: put a copy in the place of the state."""

from pathlib import Path
from typing import Final

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.state.change import ask, end, interruptible, request, summary
from flowforge.cli.streams import say
from flowforge.errors import printable
from flowforge.plan.state_summary import StateSummary

_APPROVAL: Final = Approval("push", "nothing was replaced", "answer yes, in full; --yes replaces without asking")


def main(*, file: Path, manifests: tuple[Path, ...], lock_timeout: float, force: bool, yes: bool) -> int:
    """Show both, ask, replace the state, and return the exit code."""
    output = Output()
    if not yes:
        _APPROVAL.require_somebody(output)

    # Called within the lock, so that what is shown is what will be replaced.
    def confirm(there: StateSummary, given: StateSummary) -> None:
        say(
            summary(there) if there.exists else f"{printable(there.where)}: no state yet",
            "is to be replaced by",
            summary(given),
        )
        ask(_APPROVAL, "Replace the state", interrupted, yes=yes)

    with interruptible() as interrupted:
        done = run.push(request(interrupted, manifests, lock_timeout), file, confirm, force=force)
    output.lines([f"Pushed: {summary(done)}." if done else "Nothing to push: the state is the same already."])
    return end(output)

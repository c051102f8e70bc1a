"""`flowforge state unlock`: remove the lock that a dead run left."""

from pathlib import Path
from typing import Final

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.state.change import ask, end, interruptible, request
from flowforge.cli.streams import say
from flowforge.errors import printable
from flowforge.plan.state_summary import Lock

_APPROVAL: Final = Approval("unlock", "the lock is still there", "answer yes, in full; --yes unlocks without asking")


def main(*, manifests: tuple[Path, ...], yes: bool) -> int:
    """Show who holds it, ask, remove it, and return the exit code."""
    output = Output()
    if not yes:
        _APPROVAL.require_somebody(output)

    def confirm(lock: Lock) -> None:
        say(
            f"held by {printable(lock.holder)}",
            f"since {lock.since}, until {lock.until} by GitHub's clock",
            "If that run is alive, it stops with some of its secrets unwritten.",
        )
        ask(_APPROVAL, "Remove the lock", interrupted, yes=yes)

    with interruptible() as interrupted:
        done = run.unlock(request(interrupted, manifests, 0), confirm)
    where = printable(done.where)
    if done.lock_file:
        output.lines([f"Nothing to unlock: {where} is a file, whose lock goes with the process that holds it."])
    else:
        output.lines([f"Unlocked: {where}" if done.lock else f"Nothing to unlock: nobody holds {where}."])
    return end(output)

"""`flowforge state forget`: forget a secret, or all of a repo."""

from pathlib import Path
from typing import Final

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.state.change import ask, end, interruptible, request
from flowforge.cli.streams import say
from flowforge.errors import printable
from flowforge.plan.address import Address
from flowforge.render.phrases import count

_APPROVAL: Final = Approval("forget", "nothing was forgotten", "answer yes, in full; --yes forgets without asking")


def main(*, named: tuple[str, ...], manifests: tuple[Path, ...], lock_timeout: float, yes: bool) -> int:
    """Show what would be forgotten, ask, forget it, and return the exit code."""
    output = Output()
    if not yes:
        _APPROVAL.require_somebody(output)

    def confirm(found: tuple[Address, ...]) -> None:
        if not yes:
            say(*(printable(str(address)) for address in found))
        ask(_APPROVAL, f"Forget {count(len(found), 'secret')}", interrupted, yes=yes)

    with interruptible() as interrupted:
        found = run.forget(request(interrupted, manifests, lock_timeout), named, confirm)
    output.lines(f"Forgotten: {printable(str(address))}" for address in found)
    return end(output)

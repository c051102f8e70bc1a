"""`flowforge state migrate`: move the state to where the manifest says that it is."""

from pathlib import Path
from typing import Final

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.state.change import ask, end, interruptible, request
from flowforge.cli.streams import say
from flowforge.errors import printable
from flowforge.render.phrases import count

_APPROVAL: Final = Approval("migrate", "nothing was moved", "answer yes, in full; --yes moves it without asking")


def main(*, file: Path | None, github: str | None, manifests: tuple[Path, ...], lock_timeout: float, yes: bool) -> int:
    """Show what goes where, ask, move it, and return the exit code."""
    output = Output()
    if not yes:
        _APPROVAL.require_somebody(output)

    def confirm(planned: run.Migrated) -> None:
        say(f"{count(planned.count, 'secret')} in {printable(planned.old)}", f"go to {printable(planned.new)}")
        ask(_APPROVAL, "Move the state", interrupted, yes=yes)

    with interruptible() as interrupted:
        done = run.migrate(request(interrupted, manifests, lock_timeout), file, github, confirm)
    said = "The state had moved already" if done.before else f"Moved: {count(done.count, 'secret')}"
    output.lines(
        [f"{said}: it is kept in {printable(done.new)}.", f"Left behind, marked as moved: {printable(done.old)}"]
    )
    return end(output)

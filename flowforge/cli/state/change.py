"""What the subcommands that change the state have in common: the question, signals, the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.cli.signals import Interruption, interruption
from flowforge.errors import ExitCode, GitHubError, printable
from flowforge.plan.state_summary import StateSummary
from flowforge.render.phrases import count


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handle signals: one that comes after the first write ends a wait for GitHub, and the command with it."""
    with interruption() as interrupted:
        try:
            yield interrupted
        except GitHubError:
            # A wait that a signal cut short looks like an answer that did not come. Nobody wants to read of that.
            if interrupted.stop.is_set():
                raise KeyboardInterrupt("interrupted; `flowforge state show` says what is kept now") from None
            raise


def request(interrupted: Interruption, manifests: tuple[Path, ...], lock_timeout: float) -> run.Request:
    """Make the request of a subcommand that changes the state."""
    return plain(manifests, lock_timeout=lock_timeout, stop=interrupted.stop)


def ask(approval: Approval, question: str, interrupted: Interruption, *, yes: bool) -> None:
    """Ask unless `--yes` was said. From the answer on, a signal lets the change be finished."""
    if not yes and not approval.given(question):
        raise approval.refused()
    interrupted.finish_first()


def summary(kept: StateSummary) -> str:
    """Return what tells one state from another, as a clause."""
    return f"{printable(kept.where)}: serial {kept.serial}, {count(len(kept.secrets), 'secret')}"


def end(output: Output) -> ExitCode:
    """Return the exit code of a subcommand that did what it was asked."""
    return ExitCode.ERROR if output.broken else ExitCode.DONE

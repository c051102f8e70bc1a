"""`flowforge state` where it puts one state in the place of another: forget, move, push, migrate, unlock."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.cli.signals import Interruption, interruption
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, GitHubError, printable
from flowforge.plan.address import Address
from flowforge.plan.state_summary import Lock, StateSummary
from flowforge.render.phrases import count
from flowforge.state.edit import parse_repo

_YES: Final = click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
_FORGET: Final = Approval("forget", "nothing was forgotten", "answer yes, in full; --yes forgets without asking")
_PUSH: Final = Approval("push", "nothing was replaced", "answer yes, in full; --yes replaces without asking")
_MIGRATE: Final = Approval("migrate", "nothing was moved", "answer yes, in full; --yes moves it without asking")
_UNLOCK: Final = Approval("unlock", "the lock is still there", "answer yes, in full; --yes unlocks without asking")


@click.command(name="forget")
@options.manifest_option
@options.lock_option
@click.argument("named", metavar="ADDRESS|REPO...", nargs=-1, required=True)
@_YES
def forget(*, named: tuple[str, ...], manifests: tuple[Path, ...], lock_timeout: float, yes: bool) -> int:
    """Forget a secret, or all of a repo.

    Changes nothing on GitHub: the next plan takes it for a secret that FlowForge never wrote. A repo that was deleted
    and made again under its name gets secrets only after this.
    """
    output = Output()
    if not yes:
        _FORGET.require_somebody(output)

    def confirm(found: tuple[Address, ...]) -> None:
        if not yes:
            say(*(printable(str(address)) for address in found))
        _ask(_FORGET, f"Forget {count(len(found), 'secret')}", interrupted, yes=yes)

    with interruptible() as interrupted:
        found = run.forget(_request(interrupted, manifests, lock_timeout), named, confirm)
    output.lines(f"Forgotten: {printable(str(address))}" for address in found)
    return _end(output)


@click.command(name="move")
@options.manifest_option
@options.lock_option
@click.argument("old")
@click.argument("new")
def move(*, old: str, new: str, manifests: tuple[Path, ...], lock_timeout: float) -> int:
    """Follow a repo that was renamed or transferred: OLD and NEW are owner/name.

    Changes nothing on GitHub. With NEW in the manifest, the next plan knows what was written to it under its old name.
    """
    output = Output()
    before, after = parse_repo(old), parse_repo(new)
    with interruptible() as interrupted:
        found = run.move(_request(interrupted, manifests, lock_timeout), before, after, interrupted.finish_first)
    output.lines([f"Moved: {count(len(found), 'secret')} of {before}, now of {after}."])
    return _end(output)


@click.command(name="push")
@options.manifest_option
@options.lock_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also where FILE is not newer than the state that is kept.")
@_YES
def push(*, file: Path, manifests: tuple[Path, ...], lock_timeout: float, force: bool, yes: bool) -> int:
    """Put a copy in the place of the state.

    FILE is what `flowforge state pull` printed, or a .backup. One of another lineage is refused, and without --force
    one that is not newer. What a file holds until then is kept beside it as .backup, on a branch in its history.
    """
    output = Output()
    if not yes:
        _PUSH.require_somebody(output)

    def confirm(there: StateSummary, given: StateSummary) -> None:
        say(
            _sum(there) if there.exists else f"{printable(there.where)}: no state yet",
            "is to be replaced by",
            _sum(given),
        )
        _ask(_PUSH, "Replace the state", interrupted, yes=yes)

    with interruptible() as interrupted:
        done = run.push(_request(interrupted, manifests, lock_timeout), file, confirm, force=force)
    output.lines([f"Pushed: {_sum(done)}." if done else "Nothing to push: the state is the same already."])
    return _end(output)


@click.command(name="migrate")
@options.manifest_option
@options.lock_option
@click.option("--from", "file", type=click.Path(path_type=Path), metavar="FILE", help="The state is in this file now.")
@click.option("--from-github", "github", metavar="OWNER/REPO[:BRANCH[:PATH]]", help="The state is on this branch now.")
@_YES
def migrate(
    *, file: Path | None, github: str | None, manifests: tuple[Path, ...], lock_timeout: float, yes: bool
) -> int:
    """Move the state to where the manifest says that it is.

    First write the new place under `state` in the manifest. Where that is on GitHub, and nothing is said of where the
    state is now, it is taken from the file beside the manifest. It is copied and read back; then the old one is marked
    as moved, and every command that meets it says where to. Interrupted, it is simply run again.
    """
    output = Output()
    if not yes:
        _MIGRATE.require_somebody(output)

    def confirm(planned: run.Migrated) -> None:
        say(f"{count(planned.count, 'secret')} in {printable(planned.old)}", f"go to {printable(planned.new)}")
        _ask(_MIGRATE, "Move the state", interrupted, yes=yes)

    with interruptible() as interrupted:
        done = run.migrate(_request(interrupted, manifests, lock_timeout), file, github, confirm)
    said = "The state had moved already" if done.before else f"Moved: {count(done.count, 'secret')}"
    output.lines(
        [f"{said}: it is kept in {printable(done.new)}.", f"Left behind, marked as moved: {printable(done.old)}"]
    )
    return _end(output)


@click.command(name="unlock")
@options.manifest_option
@_YES
def unlock(*, manifests: tuple[Path, ...], yes: bool) -> int:
    """Remove the lock that a dead run left on a state on GitHub.

    It ends by itself ten minutes after that run's last sign of life. A run that is alive after all stops before its
    next write. The lock of a file needs no such thing: it goes with its process.
    """
    output = Output()
    if not yes:
        _UNLOCK.require_somebody(output)

    def confirm(lock: Lock) -> None:
        say(
            f"held by {printable(lock.holder)}",
            f"since {lock.since}, until {lock.until} by GitHub's clock",
            "If that run is alive, it stops with some of its secrets unwritten.",
        )
        _ask(_UNLOCK, "Remove the lock", interrupted, yes=yes)

    with interruptible() as interrupted:
        done = run.unlock(_request(interrupted, manifests, 0), confirm)
    where = printable(done.where)
    if done.lock_file:
        output.lines([f"Nothing to unlock: {where} is a file, whose lock goes with the process that holds it."])
    else:
        output.lines([f"Unlocked: {where}" if done.lock else f"Nothing to unlock: nobody holds {where}."])
    return _end(output)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handle signals: one that comes after the first write ends a wait for GitHub, and the command with it."""
    with interruption() as interrupted:
        try:
            yield interrupted
        except GitHubError:
            if interrupted.stop.is_set():
                raise KeyboardInterrupt("interrupted; flowforge state show says what is kept now") from None
            raise


def _request(interrupted: Interruption, manifests: tuple[Path, ...], lock_timeout: float) -> run.Request:
    return plain(manifests, lock_timeout=lock_timeout, stop=interrupted.stop)


def _ask(approval: Approval, question: str, interrupted: Interruption, *, yes: bool) -> None:
    if not yes and not approval.given(question):
        raise approval.refused()
    interrupted.finish_first()


def _sum(kept: StateSummary) -> str:
    return f"{printable(kept.where)}: serial {kept.serial}, {count(len(kept.secrets), 'secret')}"


def _end(output: Output) -> ExitCode:
    return ExitCode.ERROR if output.broken else ExitCode.DONE

"""`flowforge state rekey`: put the state under another key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flowforge import run
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.cli.state.change import interruptible
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.render.phrases import count
from flowforge.steps.rekey import Rekeyed

_APPROVAL: Final = Approval("rekey", "nothing was written", "answer yes, in full; --yes does it without asking")


def main(*, manifests: tuple[Path, ...], old_key_env: str, keep_going: bool, lock_timeout: float, yes: bool) -> int:
    """Read the values, show what would become of the fingerprints, ask, do it, and return the exit code."""
    output = Output()
    if not yes:
        _APPROVAL.require_somebody(output)

    def confirm(found: Rekeyed) -> None:
        if not yes:
            say(*_lines(found))
            if not _APPROVAL.given("Put the state under the new key" if found.keyed else "Take the state's key away"):
                raise _APPROVAL.refused()
        interrupted.finish_first()

    with interruptible() as interrupted:
        request = plain(manifests, keep_going=keep_going, lock_timeout=lock_timeout, stop=interrupted.stop)
        found = run.rekey(request, old_key_env, confirm)
    output.lines([f"Nothing to do: {printable(found)}."] if isinstance(found, str) else _lines(found))
    return ExitCode.ERROR if output.broken else ExitCode.DONE


def _lines(found: Rekeyed) -> Iterator[str]:
    under = "Under the new key" if found.keyed else "Without a key"
    yield f"{under}: {count(len(found.kept), 'secret')} holding the value that was written."
    if found.changed:
        yield f"Another value by now: {count(len(found.changed), 'secret')}; the next apply writes it."
    if found.unread:
        yield f"Value not available: {count(len(found.unread), 'secret')}; the next apply writes it again."
    if found.unnamed:
        yield f"No longer in the manifest: {count(len(found.unnamed), 'secret')}; remembered without a fingerprint."

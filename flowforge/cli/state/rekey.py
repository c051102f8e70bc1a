"""`flowforge state rekey`: put the state under another key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from flowforge import run
from flowforge.cli import options
from flowforge.cli.approval import Approval
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.cli.state.transfer import interruptible
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.render.phrases import count
from flowforge.steps.rekey import Rekeyed

_APPROVAL: Final = Approval("rekey", "nothing was written", "answer yes, in full; --yes does it without asking")


@click.command(name="rekey")
@options.manifest_option
@click.option("--old-key-env", default="", metavar="NAME", help="Where the old key is. [FLOWFORGE_STATE_KEY_OLD]")
@click.option("--keep-going", is_flag=True, help="Lose the fingerprints whose values cannot be had.")
@options.lock_option
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
def command(*, manifests: tuple[Path, ...], old_key_env: str, keep_going: bool, lock_timeout: float, yes: bool) -> int:
    """Put the state under another key.

    The old key is in FLOWFORGE_STATE_KEY_OLD (unset: the state has none), the new one where the manifest says, or in
    FLOWFORGE_STATE_KEY (neither: the state gets none). Reads the values, as a fingerprint can only be made of its
    value, and changes nothing on GitHub. What holds another value than was written is written by the next apply.
    """
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

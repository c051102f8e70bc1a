"""The last lines of a rotation: how it ended, and as one block at the very end what is still exposed."""

from collections.abc import Iterable
from typing import Final

from flowforge import run
from flowforge.errors import printable
from flowforge.plan.rotation import backward, forward, onward
from flowforge.render.rotation_view import (
    alive_lines,
    cancelled_lines,
    exposed_lines,
    old_key_line,
    place_lines,
    revoke_lines,
    switched_off_line,
    unknown_lines,
)
from flowforge.render.style import Style

_NOBODY: Final = "No secret has an older value that FlowForge knows of."


def closing_lines(ended: run.Ended, asked: run.Asked, *, verbose: bool, style: Style) -> Iterable[str]:
    """Yield how a rotation ended. What is exposed is the last thing told, with the command that goes on."""
    if ended.problem is not None:
        yield from (printable(line) for line in str(ended.problem).splitlines())
    yield from _head(ended, asked)
    yield from cancelled_lines([seen.run.url for _, seen in ended.runs.cancelled])
    if not asked.back and (ended.finished or asked.now or ended.key.waits):
        yield from _key_lines(ended)
    runs = ended.runs
    if asked.now and not ended.finished:
        yield f"Run {forward(asked.credential, '--now')} again for what is left."
    elif ended.finished and (runs.alive or runs.in_doubt) and not asked.back:
        more = "--now --cancel-runs" if asked.now else "--cancel-runs"
        yield f"{forward(asked.credential, more)} looks again, and has GitHub cancel what is alive."
    yield from alive_lines([seen.run.url for _, seen in runs.alive], runs.going_on)
    yield from unknown_lines(runs.unknown)
    if ended.exposed:
        yield from place_lines(unseen=ended.unseen, changed=ended.changed)
        yield from exposed_lines(ended.exposed, verbose=verbose, style=style)
    elif ended.finished and not (asked.back or runs.alive or runs.in_doubt or (asked.now and runs.unknown)):
        yield _NOBODY


def _head(ended: run.Ended, asked: run.Asked) -> Iterable[str]:
    name = printable(asked.credential)
    if ended.finished:
        yield f"The rotation of {name} {'was taken back' if asked.back else 'has ended'}."
    elif ended.key.waits:
        yield f"Every secret of {name} that the manifest wants holds the value of its source."
    elif ended.overtaken:
        yield f"Another run has ended the rotation of {name}."
    elif asked.back:
        yield f"Run {backward(asked.credential)} again for what is left."
    elif not asked.now:
        yield printable(
            f"The rotation of {name} stands here: {onward(asked.credential, ended.rotation)} goes on; "
            f"{backward(asked.credential)} takes it back, once the source has the old value again."
        )


def _key_lines(ended: run.Ended) -> Iterable[str]:
    """Yield what is known of the old key, and what is left to do about it."""
    told = ended.key
    if told.key is not None:
        yield old_key_line(told.key.id, told.key.name, told.key.status, told.key.trouble)
    if told.quiet is not None:
        yield f"It is {'quiet' if told.quiet.quiet else 'not quiet'}: {printable(told.quiet.said)}."
    if told.problem is not None:
        yield from (printable(line) for line in str(told.problem).splitlines())
    if told.off:
        yield switched_off_line()
    elif told.waits:
        since = told.quiet.again_at if told.quiet else ""
        yield f"The same command goes on{f', from {since} on' if since else ''}."
    elif told.key is None or told.key.status in {"", "active"}:
        yield from revoke_lines(oauth=ended.oauth)

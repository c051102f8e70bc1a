"""`flowforge state move`: follow a repo that has another name now."""

from pathlib import Path

from flowforge import run
from flowforge.cli.output import Output
from flowforge.cli.state.change import end, interruptible, request
from flowforge.render.phrases import count
from flowforge.state.edit import parse_repo


def main(*, old: str, new: str, manifests: tuple[Path, ...], lock_timeout: float) -> int:
    """Put what is remembered under the new name, and return the exit code."""
    output = Output()
    before, after = parse_repo(old), parse_repo(new)
    with interruptible() as interrupted:
        found = run.move(request(interrupted, manifests, lock_timeout), before, after, interrupted.finish_first)
    output.lines([f"Moved: {count(len(found), 'secret')} of {before}, now of {after}."])
    return end(output)

"""What GitHub's runner is given: the outputs of a step, its summary, and annotations.

docs.github.com, "Workflow commands for GitHub Actions". Where a file of the runner's is missing nothing is lost: what
it would hold stands on stdout and in the reports as well.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from flowforge.cli.streams import reason, say, say_commands
from flowforge.errors import harmless, quote
from flowforge.on_demand import load
from flowforge.render.document import Document

_ENOUGH: Final = 1024 * 1024
"""The bytes that GitHub takes of a step's summary; of a longer one it shows nothing."""
_LEAST: Final = 4096
"""Below this a summary would be heads without rows."""
_COUNTS: Final = ("create", "update", "delete", "blocked", "drift")


def is_runner() -> bool:
    """Return whether GitHub's runner runs this, and is to be told."""
    return os.environ.get("GITHUB_ACTIONS") == "true" and os.environ.get("FLOWFORGE_ACTIONS") != "0"


def give_output(name: str, value: str) -> None:
    """Set an output of the step. Where the runner's file is missing or cannot be written, do nothing."""
    if is_runner():
        _append("GITHUB_OUTPUT", _assigned(name, value))


def give_summary(page: str) -> None:
    """Add to the summary of the step, which is markdown."""
    _append("GITHUB_STEP_SUMMARY", f"{harmless(page)}\n\n")


def summary_room() -> int:
    """Return how many bytes the summary of the step can still take; 0 where there are too few, or there is none."""
    file = os.environ.get("GITHUB_STEP_SUMMARY", "")
    try:
        used = Path(file).stat().st_size if file else _ENOUGH
    except OSError:
        used = 0
    room = _ENOUGH - used - 16
    return room if room >= _LEAST else 0


def give_result(
    document: Document, lines: Sequence[str], code: int, plan_file: Path | None, *, annotated: bool
) -> None:
    """Write a command's result for the runner: summary, outputs, and, unless stdout has them, annotations on stderr.

    lines: what people were shown. plan_file: the plan that was saved.
    """
    if room := summary_room():
        page = load("flowforge.render.as_markdown").page_of(document, lines)
        give_summary(page.text(room))
    values = outputs_of(document, code, plan_file)
    _append("GITHUB_OUTPUT", "".join(_assigned(name, value) for name, value in values.items()))
    if not annotated:
        workspace = os.environ.get("GITHUB_WORKSPACE", "")
        say_commands(load("flowforge.render.as_github").commands(document, workspace))


def outputs_of(document: Document, code: int, plan_file: Path | None = None) -> Mapping[str, str]:
    """Return the outputs of a step, by name. What a command does not know is left out."""
    plan = document.get("plan") or document
    answers = {name.replace("_", "-"): plan[name] for name in ("has_changes", "in_sync", "complete") if name in plan}
    if document["format"] == "flowforge.error":
        # Whatever was planned before it stopped: a step that asks for these must not take a failure for a good end.
        answers |= {"in-sync": False, "complete": False}
    counts = {name: str(plan["counts"][name]) for name in _COUNTS if name in plan.get("counts", {})}
    said = {name: "true" if value else "false" for name, value in answers.items()}
    saved = {"plan-file": str(plan_file)} if plan_file is not None else {}
    return {**said, **counts, "exit-code": str(int(code)), **saved}


def _assigned(name: str, value: str) -> str:
    # A value of several lines stands between two lines that are not in it, and that nobody can foresee.
    mark = f"flowforge-{os.urandom(16).hex()}"
    return f"{name}<<{mark}\n{value}\n{mark}\n"


def _append(variable: str, text: str) -> None:
    """Add a text to one of the runner's files. One that cannot be written is said, and stops nothing."""
    file = os.environ.get(variable, "")
    if not file:
        return
    try:
        # Not to wait for whoever would read a pipe; nothing but a regular file is what the runner made.
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        with open(descriptor, "a", encoding="utf-8", errors="surrogateescape") as opened:  # noqa: PTH123 -- a descriptor
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                opened.write(text)
    except OSError as error:
        say(f"warning: {variable} names {quote(file)}, which cannot be written: {reason(error)}")

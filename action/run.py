"""Run FlowForge for a workflow: its inputs come as INPUT_..., and no shell reads them.

FlowForge gives the runner its outputs itself. This adds the exit code, which is there whatever happened, and, where the
result is to be posted, `report` and `post-to`. The step fails as `fail-on` says, and not as the exit code does: see
action/judge.py.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# The folder of this file is no package, and -I keeps it from the search path.
sys.path.insert(0, str(Path(__file__).resolve().parent))
from judge import LEVELS, fails

REPORTING: Final = ("plan", "apply", "rotate", "audit", "status")
"""The commands that end in what `flowforge post` takes; tests/ci/test_inputs.py holds it to their options."""
BY_CODE: Final = ("rotate",)
"""Those whose report does not say what stopped them, such as a canary: their exit code alone says how bad it is."""
PLACES: Final = {"": "", "false": "", "true": "pr", "pr": "pr", "issue": "issue"}
# Whatever releases a brake, answers a question in a person's stead, or deletes.
RELEASING: Final = re.compile(r"--(allow-[a-z-]+|yes|auto-approve|prune|accept-drift|deactivate)")
PROPOSALS: Final = re.compile(r"pull_request.*")
_COMMAND: Final = re.compile(r"[a-z]+(-[a-z]+)*( [a-z]+(-[a-z]+)*)?")


class InputError(Exception):
    """An input that cannot be used: which one, and why, with what to write."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the inputs ask for."""

    command: tuple[str, ...]
    manifests: tuple[str, ...]
    args: tuple[str, ...]
    post_to: str
    """`pr`, `issue`, or nothing."""
    fail_on: str

    @property
    def reports(self) -> bool:
        """Whether the command writes a report."""
        return self.command[0] in REPORTING

    def arguments(self, report: Path) -> list[str]:
        """Return the command line of FlowForge. What stands in one input stays in its words."""
        options = [f"--manifest={each}" for each in self.manifests]
        return [*self.command, *options, *([f"--report=json={report}"] if self.reports else []), *self.args]


def asked_of(environ: Mapping[str, str]) -> Asked:
    """Read the inputs. Raises InputError."""
    command = environ.get("INPUT_COMMAND", "").strip()
    if not _COMMAND.fullmatch(command):
        raise InputError("command", f"{command!r} is no command; write one such as plan")
    comment = environ.get("INPUT_COMMENT", "").strip().lower()
    if comment not in PLACES:
        raise InputError("comment", f"{comment!r} is neither pr, issue nor false")
    fail_on = environ.get("INPUT_FAIL_ON", "").strip()
    if fail_on not in LEVELS:
        raise InputError("fail-on", f"{fail_on!r} is none of {', '.join(LEVELS)}")
    manifests = tuple(filter(None, map(str.strip, environ.get("INPUT_MANIFEST", "").splitlines())))
    asked = Asked(tuple(command.split()), manifests, split(environ.get("INPUT_ARGS", "")), PLACES[comment], fail_on)
    if asked.post_to and not asked.reports:
        raise InputError("comment", f"{command} has nothing to post; {', '.join(REPORTING)} have")
    require_held(asked.args, environ.get("GITHUB_EVENT_NAME", ""))
    return asked


def split(args: str) -> tuple[str, ...]:
    """Split the arguments as a shell would, without one. Raises InputError."""
    try:
        return tuple(shlex.split(args))
    except ValueError as error:
        raise InputError("args", f"{error}; quote it as in a shell") from None


def require_held(args: Sequence[str], event: str) -> None:
    """Refuse what releases a brake where a pull request began the run. Raises InputError."""
    named = next((each.partition("=")[0] for each in args if RELEASING.fullmatch(each.partition("=")[0])), None)
    if named is not None and PROPOSALS.fullmatch(event):
        raise InputError(
            "args",
            f"{named} is refused on the event {event}: whoever proposes a change would release what holds it; "
            "give it to the run of the branch that the change is merged into",
        )


def run(asked: Asked, folder: Path, output: Path | None) -> int:
    """Run FlowForge, tell the runner, and return the exit code of the step."""
    report = folder / "report.json"
    code = carry_out([sys.executable, "-I", "-m", "flowforge", *asked.arguments(report)])
    document = read(report)
    outputs = {"exit-code": str(code)}
    if asked.post_to and document is not None:
        outputs |= {"report": str(report), "post-to": asked.post_to}
    if output is not None:
        with output.open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())
    judged = None if asked.command[0] in BY_CODE else document
    return (code or 1) if fails(asked.fail_on, code, judged) else 0


def carry_out(command: Sequence[str]) -> int:
    """Run a command and return its exit code, that of a shell where a signal ended it.

    A job that is cancelled sends its signal to this process alone. It is handed on: FlowForge finishes what is in
    flight and records it, for which the runner gives it ten seconds.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def hand_on(number: int, _: object) -> None:
        if child is None:
            early.append(number)
        else:
            child.send_signal(number)

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, hand_on)
    child = subprocess.Popen(command)
    for number in early:
        child.send_signal(number)
    code = child.wait()
    return code if code >= 0 else 128 - code


def read(report: Path) -> Mapping[str, Any] | None:
    """Return the report; None where FlowForge wrote none that can be read."""
    try:
        document = json.loads(report.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def main(environ: Mapping[str, str]) -> int:
    """Do what the inputs say. Return the exit code of the step."""
    try:
        asked = asked_of(environ)
    except InputError as error:
        # The runner's own escapes: nothing of an input begins a command of its own.
        text = ": ".join(error.args).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        sys.stdout.write(f"::error title=FlowForge's inputs::{text}\n")
        return 1
    folder = tempfile.mkdtemp(prefix="flowforge-", dir=environ.get("RUNNER_TEMP"))
    output = environ.get("GITHUB_OUTPUT", "")
    return run(asked, Path(folder), Path(output) if output else None)


if __name__ == "__main__":
    sys.exit(main(os.environ))

"""The inputs of the action, and what fails its step."""

import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

import judge
import run as action
from flowforge.cli.commands import COMMANDS
from flowforge.cli.option_types import ReportType
from flowforge.render.formats import FLEET, FORMATS
from tests.ci.runner import Event

if TYPE_CHECKING:
    from tests.ci.conftest import Ops

ROOT: Final = Path(__file__).resolve().parents[2]
REPORT: Final = Path("report.json")
DECLARED: Final[dict[str, dict[str, Any]]] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]

pytestmark = pytest.mark.no_coverage


def asked(**inputs: str) -> action.Asked:
    """Read inputs, with those that are not given as action.yml has them."""
    given = {f"INPUT_{name.upper().replace('-', '_')}": what.get("default", "") for name, what in DECLARED.items()}
    named = {name if name.startswith("GITHUB") else f"INPUT_{name.upper()}": text for name, text in inputs.items()}
    assert {each for each in named if each.startswith("INPUT_")} <= given.keys()
    return action.asked_of({**given, **named})


@pytest.mark.parametrize(
    ("inputs", "arguments"),
    [
        ({}, ["plan", "--report=json=report.json"]),
        ({"command": "validate"}, ["validate"]),
        ({"command": "state list"}, ["state", "list"]),
        (
            {"manifest": "a b.yaml\n\n  -c.yaml \n", "args": "--limit 'acme/a b' \"$(touch x)\" `id` ; # no comment"},
            [
                *("plan", "--manifest=a b.yaml", "--manifest=-c.yaml", "--report=json=report.json"),
                *("--limit", "acme/a b", "$(touch x)", "`id`", ";", "#", "no", "comment"),
            ],
        ),
        (
            {"command": "apply", "args": "plan.json\n--lock-timeout=10m"},
            ["apply", "--report=json=report.json", "plan.json", "--lock-timeout=10m"],
        ),
    ],
)
def test_inputs_become_words(inputs: Mapping[str, str], arguments: list[str]) -> None:
    """Each input stays in its own words, whatever a shell would make of it."""
    assert arguments == asked(**inputs).arguments(REPORT)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"command": "plan; id"}, ("command", "'plan; id' is no command; write one such as plan")),
        ({"command": "--help"}, ("command", "'--help' is no command; write one such as plan")),
        ({"command": ""}, ("command", "'' is no command; write one such as plan")),
        ({"comment": "yes"}, ("comment", "'yes' is neither pr, issue nor false")),
        ({"fail_on": "warning"}, ("fail-on", "'warning' is none of changes, blocked, error, never")),
        ({"args": "'a"}, ("args", "No closing quotation; quote it as in a shell")),
        (
            {"command": "validate", "comment": "pr"},
            ("comment", "validate has nothing to post; plan, apply, rotate, audit, status have"),
        ),
    ],
)
def test_an_input_that_cannot_be_used_is_refused(inputs: Mapping[str, str], said: tuple[str, str]) -> None:
    """With its name, and what to write."""
    with pytest.raises(action.InputError) as raised:
        asked(**inputs)
    assert said == raised.value.args


def releasing() -> list[str]:
    """Return every option of every command that releases a brake, answers in a person's stead, or deletes."""
    named = {"yes", "auto_approve", "prune", "accept_drift", "deactivate"}
    rows = [each for row in COMMANDS for each in (row, *row.rows)]
    options = {
        name
        for row in rows
        if row.options is not None
        for parameter in row.options(FORMATS)
        for name in parameter.opts
        if name.startswith("--") and (name[2:].replace("-", "_") in named or name.startswith("--allow-"))
    }
    return sorted(options)


@pytest.mark.parametrize("event", ["pull_request", "pull_request_target", "pull_request_review_comment"])
@pytest.mark.parametrize("form", ["{0}", "{0}=3", "--jobs 4 '{0}'", 'plan.json "{0}" 3'])
def test_what_releases_a_brake_is_refused_on_a_pull_request(event: str, form: str) -> None:
    """Each such option of each command, in any form that the command line takes; elsewhere it is handed on."""
    options = releasing()
    assert {"--yes", "--auto-approve", "--prune", "--accept-drift", "--allow-deletes"} <= set(options)
    for option in options:
        args = form.format(option)
        with pytest.raises(action.InputError, match=f"{option} is refused on the event {event}"):
            asked(args=args, GITHUB_EVENT_NAME=event)
        assert shlex.split(args) == list(asked(args=args, GITHUB_EVENT_NAME="push").args)


def test_what_is_posted_is_what_ends_in_it() -> None:
    """The commands that the action takes a report of are those that end in a document which `post` takes."""
    ends = {
        row.name: {
            each
            for option in row.options(FORMATS)
            if isinstance(option.type, ReportType)
            for each in option.type.documents
        }
        for row in COMMANDS
        if row.options is not None
    }
    assert set(action.REPORTING) == {name for name, documents in ends.items() if documents & FLEET}


def plan(*, changes: bool = False, blocked: int = 0, lacking: str = "", unresolved: bool = False) -> Any:  # noqa: ANN401 -- JSON
    """Return as much of a plan's document as is judged. lacking: whose row says that an input is missing."""
    return {
        "format": "flowforge.plan",
        "has_changes": changes,
        "counts": {"blocked": blocked},
        "changes": [{"input_missing": lacking == "changes"}],
        "unresolved": [{"input_missing": lacking == "unresolved"}] if unresolved else [],
    }


def report(*, errors: bool = False, lacking: str = "", **counts: int) -> Any:  # noqa: ANN401 -- JSON
    """Return as much of a report's document as is judged."""
    carried_out = plan(lacking=lacking, unresolved=lacking == "unresolved")
    problems = ["FF012"] if errors else []
    return {"format": "flowforge.report", "counts": counts, "errors": problems, "plan": carried_out}


@pytest.mark.parametrize(
    ("code", "document", "level"),
    [
        (0, None, None),
        (0, plan(), None),
        (0, plan(changes=True), "changes"),
        (2, plan(changes=True), "changes"),
        (2, None, "changes"),
        (2, plan(changes=True, blocked=1), "blocked"),
        (3, plan(changes=True, blocked=1), "blocked"),
        (3, plan(unresolved=True), "blocked"),
        (3, plan(blocked=1, lacking="changes"), "error"),
        (3, plan(unresolved=True, lacking="unresolved"), "error"),
        (3, plan(), "error"),
        (3, None, "error"),
        (0, report(created=3), None),
        (3, report(created=3, blocked=1), "blocked"),
        (3, report(created=3, blocked=1, lacking="changes"), "error"),
        (3, report(created=3, lacking="unresolved"), "error"),
        (3, report(created=3, failed=1), "error"),
        (3, report(not_done=1), "error"),
        (3, report(created=1, errors=True), "error"),
        (1, {"format": "flowforge.error"}, "error"),
        (1, plan(), "error"),
        (4, None, "error"),
        (5, report(unrecorded=1), "error"),
        (130, None, "error"),
        (137, None, "error"),
    ],
)
def test_how_bad_it_is(code: int, document: Any, level: str | None) -> None:  # noqa: ANN401 -- JSON
    """By the exit code; of a plan and a report by what they hold, and an input that is missing is an error."""
    fails = {each: judge.fails(each, code, document) for each in judge.LEVELS}
    worse = {"changes": 1, "blocked": 2, "error": 3}.get(level or "", 0)
    assert (level, {"changes": worse >= 1, "blocked": worse >= 2, "error": worse >= 3, "never": False}) == (
        judge.level_of(code, document),
        fails,
    )


# A child that says when it listens, and what it was sent; and the action that runs it.
CHILD: Final = """
import signal, sys
signal.signal(signal.{0}, lambda *_: sys.exit(130))
print("ready", flush=True)
signal.pause()
"""
PARENT: Final = "import sys, run; sys.exit(run.carry_out([sys.executable, '-c', sys.argv[1]]))"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_job_that_is_cancelled_tells_flowforge(name: str) -> None:
    """The signal that the runner sends to the action's process is the command's, whose end is waited for."""
    command = [sys.executable, "-c", PARENT, CHILD.format(name)]
    with subprocess.Popen(command, cwd=ROOT / "action", stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        process.send_signal(signal.Signals[name])
        assert 130 == process.wait()


def test_a_command_that_is_killed_has_the_exit_code_of_a_shell() -> None:
    """128 and the number of the signal: never a number that the system cannot give."""
    child = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert 137 == subprocess.run([sys.executable, "-c", PARENT, child], cwd=ROOT / "action", check=False).returncode


WORKFLOW: Final = """\
on: push
permissions: {{contents: read}}
jobs:
  job:
    runs-on: ubuntu-latest
    environment: plan
    steps:
      - uses: actions/checkout@v0
        with: {{persist-credentials: false}}
      - id: flowforge
        uses: ./
        with: {inputs}
        env:
          GITHUB_TOKEN: ${{{{ github.token }}}}
          FLOWFORGE_GITHUB_TOKEN: ${{{{ secrets.OPS_GITHUB_TOKEN }}}}
          ACME_ANTHROPIC_KEY: ${{{{ secrets.ACME_ANTHROPIC_KEY }}}}
"""


@pytest.mark.processes
@pytest.mark.parametrize(
    ("inputs", "outcome", "code"),
    [
        ("{fail-on: changes}", "failure", "0"),
        ("{args: --no-such-option}", "failure", "1"),
        ("{args: --no-such-option, fail-on: never}", "success", "1"),
        ("{comment: everywhere}", "failure", ""),
        ("{args: '--limit ''acme/api;touch here;$(touch here)'' --verbose'}", "failure", "1"),
    ],
)
def test_a_step_of_the_action(ops: "Ops", inputs: str, outcome: str, code: str) -> None:
    """`uses: ./` fails as `fail-on` says, tells the exit code all the same, and no shell reads an input."""
    workflow = ops.site.folder / "workflow.yaml"
    workflow.write_text(WORKFLOW.format(inputs=inputs), "utf-8")
    run = ops.site.run(workflow, Event("push"))
    step = run.jobs["job"].steps[-1]
    assert (outcome, code, False) == (step.outcome, step.outputs["exit-code"], (run.workspace / "here").exists()), (
        step.log
    )


def test_a_python_is_set_up_where_none_is_found(ops: "Ops", tmp_path: Path) -> None:
    """With a PATH that has none, actions/setup-python is asked, and its Python runs what comes after."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "sh"):
        (tools / name).symlink_to(f"/bin/{name}")
    ops.site.environ = {**ops.site.environ, "PATH": str(tools)}
    workflow = ops.site.folder / "workflow.yaml"
    workflow.write_text(WORKFLOW.format(inputs="{command: validate}"), "utf-8")
    step = ops.site.run(workflow, Event("push")).jobs["job"].steps[-1]
    assert ["success"] * 4 == [each.outcome for each in step.inner][:4], step.log
    assert {"python-path": sys.executable} == step.inner[1].outputs

"""Which workflows can be a canary, by their files alone."""

import pytest

from flowforge.life.canary import objection, takes_marker

PATH = ".github/workflows/w.yml"
WITH = "{prompt: Look., anthropic_api_key: '${{ secrets.KEY }}'}"
STEP = f"{{uses: anthropics/claude-code-action@v1.0.172, with: {WITH}}}"


def why(on: str = "workflow_dispatch", step: str = STEP, job: str = "", **more: bytes) -> str:
    """Return the objection to a workflow of one job with one step, `secrets.KEY` being asked for."""
    data = f"on: {on}\njobs:\n  a:\n    runs-on: x\n{job}    steps:\n      - {step}\n".encode()
    files = {PATH: data, **{f".github/workflows/{name}.yml": text for name, text in more.items()}}
    return objection(files, PATH, "acme/a", "KEY")[0]


@pytest.mark.parametrize(
    "on",
    [
        "workflow_dispatch",
        "[push, workflow_dispatch]",
        "{workflow_dispatch: , schedule: [{cron: '0 4 * * *'}]}",
        "{workflow_dispatch: {inputs: {x: {required: true, default: y}, z: {required: false}}}}",
        "{workflow_dispatch: {inputs: {flowforge: {required: true}}}}",
    ],
)
def test_what_can_be_dispatched(on: str) -> None:
    """However the event is written, and with whatever inputs that need not be given."""
    assert "" == why(on)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("push", "it has no `workflow_dispatch`"),
        ("workflow_call", "it has no `workflow_dispatch`"),
        ("{workflow_dispatch: {inputs: {x: {required: true}}}}", "its input x must be given"),
    ],
)
def test_what_cannot_be_dispatched(on: str, expected: str) -> None:
    """GitHub would refuse it."""
    assert expected == why(on)


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("    if: github.event_name != 'workflow_dispatch'\n", "a condition keeps its Claude step from a run"),
        ("    environment: prod\n", "its job is of an environment"),
        ("    environment: ${{ inputs.x }}\n", "its job is of an environment"),
        ("    continue-on-error: true\n", "forgiven"),
        ("    if: github.event_name == 'workflow_dispatch'\n", ""),
        ("    if: github.actor != 'x'\n", ""),
    ],
)
def test_what_its_job_says(job: str, expected: str) -> None:
    """A condition, an environment or a forgiven failure leaves nothing proven; what a dispatch may pass stays."""
    found = why(job=job)
    assert expected in found
    assert bool(expected) is bool(found)


def test_a_moving_tag_is_honest() -> None:
    """`@v1` is what is newest when it runs; a pin of before proves nothing."""
    assert "" == why(step=STEP.replace("v1.0.172", "v1"))
    assert "ends green with a dead credential" in why(step=STEP.replace("v1.0.172", "v1.0.171"))
    assert "it is not known when" in why(step=STEP.replace("anthropics/", "somebody/"))


def test_a_script_can_be_one() -> None:
    """`claude -p` as a plain command fails where the key is dead."""
    env = "env: {ANTHROPIC_API_KEY: '${{ secrets.KEY }}'}"
    assert "" == why(step=f"{{run: claude -p Hello, {env}}}")
    assert "may go on after a failure" in why(step=f"{{run: claude -p Hello || true, {env}}}")


def test_one_good_step_is_enough() -> None:
    """Of two steps that get it the one that proves it counts; of a job for another event the other one does."""
    assert "" == why(step=f"{STEP.replace('prompt: Look., ', '')}\n      - {STEP}")


def test_a_workflow_that_calls_another() -> None:
    """The step may stand in a workflow of the same repository."""
    called = f"on: {{workflow_call: {{secrets: {{KEY: }}}}}}\njobs: {{b: {{steps: [{STEP}]}}}}\n".encode()
    caller = b"on: workflow_dispatch\njobs: {a: {uses: ./.github/workflows/b.yml, secrets: inherit}}\n"
    files = {PATH: caller, ".github/workflows/b.yml": called}
    assert ("", "") == objection(files, PATH, "acme/a", "KEY")
    assert "no Claude step of it gets KEY" == objection({PATH: caller}, PATH, "acme/a", "KEY")[0]


@pytest.mark.parametrize(("data", "expected"), [(b"on: [", "it cannot be read: "), (b"- 1\n", "it is no workflow")])
def test_what_is_no_workflow(data: bytes, expected: str) -> None:
    """A file that is broken, or something else, says so."""
    assert expected in objection({PATH: data}, PATH, "acme/a", "KEY")[0]


@pytest.mark.parametrize(
    ("on", "takes"),
    [
        ("workflow_dispatch", False),
        ("{workflow_dispatch: {inputs: {other: {}}}}", False),
        ("{workflow_dispatch: {inputs: {flowforge: {}}}}", True),
        ("push", False),
    ],
)
def test_who_takes_a_marker(on: str, *, takes: bool) -> None:
    """Only what declares the input is sent it: GitHub refuses others."""
    assert takes is takes_marker({PATH: f"on: {on}\njobs: {{}}\n".encode()}, PATH, "acme/a")

"""What a workflow's Claude steps use, how a run calls them, and what their good end proves."""

import json

import pytest

from flowforge.life.run_names import JobName, RunName
from flowforge.life.uses import SecretUse, WorkflowUses, local_files, uses_of

PATH = ".github/workflows/w.yml"
KEY = "anthropic_api_key: ${{ secrets.KEY }}"
PROMPT = "prompt: Look."


def workflow(*step: str, job: str = "", env: str = "") -> bytes:
    """Return a workflow of one job, with one step of these lines."""
    lines = ["on: schedule", "jobs:", "  review:", "    runs-on: x"]
    lines += [f"    {job}"] if job else []
    lines += [f"    env: {env}"] if env else []
    lines += ["    steps:", f"      - {step[0]}", *(f"        {line}" for line in step[1:])]
    return "\n".join(lines).encode()


def found(data: bytes) -> WorkflowUses:
    """Return what a workflow does with secrets."""
    return uses_of({PATH: data}, PATH, "acme/a")


def uses(data: bytes) -> tuple[SecretUse, ...]:
    """Return the uses of a workflow."""
    return found(data).uses


def action(*inputs: str, pin: str = "v1.0.172", job: str = "", more: tuple[str, ...] = (), env: str = "") -> SecretUse:
    """Return the one use of a step that runs the action with these inputs."""
    given = (
        "{" + ", ".join(f'"{name}": "{value}"' for name, _, value in (each.partition(": ") for each in inputs)) + "}"
    )
    (use,) = uses(workflow(f"uses: anthropics/claude-code-action@{pin}", *more, f"with: {given}", job=job, env=env))
    return use


def test_a_prompt_under_an_honest_pin_proves() -> None:
    """All that is needed is there, so that the good end of the step proves that the secret works."""
    use = action(KEY, PROMPT)
    assert (use.secret, use.environment, use.unproven, use.tells_apart) == ("KEY", "", "", True)


@pytest.mark.parametrize(
    ("inputs", "more", "why"),
    [
        ((KEY,), {}, "without a prompt"),
        ((KEY, "prompt: ${{ inputs.x }}"), {}, "without a prompt"),
        ((KEY, PROMPT), {"pin": "v1.0.171"}, "green with a dead credential"),
        ((KEY, PROMPT), {"pin": "0" * 40}, "version of its pin"),
        ((KEY, PROMPT), {"more": ("continue-on-error: true",)}, "continue-on-error"),
        ((KEY, PROMPT), {"job": "continue-on-error: true"}, "continue-on-error"),
        ((KEY, PROMPT, "settings: s.json"), {}, "settings"),
        ((KEY, PROMPT, "claude_args: --settings s.json"), {}, "settings"),
        ((KEY, PROMPT, "claude_code_oauth_token: ${{ vars.T }}"), {}, "another credential"),
        (("anthropic_api_key: ${{ secrets.KEY || 'x' }}", PROMPT), {}, "an expression chooses"),
        (("anthropic_api_key: ${{ github.actor == 'a' && secrets.KEY }}", PROMPT), {}, "an expression chooses"),
        ((KEY, PROMPT, "use_bedrock: ${{ vars.B }}"), {}, "a cloud's models"),
        ((KEY, PROMPT), {"env": "{ANTHROPIC_BASE_URL: 'https://gateway.test'}"}, "another server"),
    ],
)
def test_what_proves_nothing(inputs: tuple[str, ...], more: dict[str, str], why: str) -> None:
    """Each of these may end well without the secret having been used, or without its refusal being seen."""
    assert why in action(*inputs, **more).unproven  # type: ignore[arg-type]  # -- a table


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("claude -p Hello", ""),
        ("claude --print Hello", ""),
        ("claude Hello", "without -p"),
        ("claude -p Hello || true", "go on after a failure"),
        ("claude -p Hello | tee log", "go on after a failure"),
        ("if claude -p Hello; then echo; fi", "go on after a failure"),
        ('echo "$(claude -p hi)"', "go on after a failure"),
        ("echo `claude -p hi`", "go on after a failure"),
        ("cat <(claude -p hi)", "go on after a failure"),
        ("set +o errexit\nclaude -p hi", "go on after a failure"),
        ("set +ex\nclaude -p hi", "go on after a failure"),
        ('trap "exit 0" EXIT\nclaude -p hi', "go on after a failure"),
        ("coproc claude -p hi", "go on after a failure"),
        ("ANTHROPIC_BASE_URL=https://x.test claude -p hi", "go on after a failure"),
        ("export ANTHROPIC_BASE_URL=https://x.test\nclaude -p hi", "go on after a failure"),
        ("unset ANTHROPIC_API_KEY\nclaude -p hi", "go on after a failure"),
        ("env -i claude -p hi", "go on after a failure"),
        ("claude -p hi --settings s.json", "go on after a failure"),
    ],
)
def test_a_script(script: str, why: str) -> None:
    """The program proves where the shell ends with its failure."""
    found = uses(workflow(f"run: {json.dumps(script)}", "env: {ANTHROPIC_API_KEY: '${{ secrets.KEY }}'}"))
    assert all((why in use.unproven) if why else not use.unproven for use in found)
    assert found or "unset" in script or "coproc" in script


@pytest.mark.parametrize(
    ("job", "step", "names", "steps"),
    [
        ("", ("uses: anthropics/claude-code-action@v1",), ["review"], ["Run anthropics/claude-code-action@v1"]),
        ("name: Review it", ("name: Ask",), ["Review it"], ["Ask"]),
        ("name: Review ${{ matrix.os }}", ("name: Ask ${{ github.actor }}",), ["Review linux"], ["Ask ada"]),
        ("strategy: {matrix: {os: [a, b]}}", ("name: Ask",), ["review (a)", "review (b)"], ["Ask"]),
    ],
)
def test_how_a_run_calls_it(job: str, step: tuple[str, ...], names: list[str], steps: list[str]) -> None:
    """By the name of the job with its matrix, and by the step's own name or what it runs."""
    more = step if step[0].startswith("uses") else (*step, "uses: anthropics/claude-code-action@v1")
    read = found(workflow(*more, "with: {anthropic_api_key: '${{ secrets.KEY }}'}", job=job))
    (use,) = read.uses
    assert all(read.job_of(name) == use.job for name in names)
    assert all(use.step.fits(name) for name in steps)
    assert read.job_of("another") is None


def test_a_called_workflow_stands_behind_its_caller() -> None:
    """Its job is called `caller / called` in a run, and its own step by its own name."""
    called = b"""\
on: {workflow_call: {secrets: {KEY: {required: true}}}}
jobs:
  inner:
    runs-on: x
    steps:
      - name: Ask
        uses: anthropics/claude-code-action@v1
        with: {prompt: Look., anthropic_api_key: "${{ secrets.KEY }}"}
"""
    caller = b"on: push\njobs:\n  outer:\n    uses: ./.github/workflows/called.yml\n    secrets: inherit\n"
    files = {PATH: caller}
    assert local_files(files, "acme/a") == {".github/workflows/called.yml"}
    read = uses_of({**files, ".github/workflows/called.yml": called}, PATH, "acme/a")
    (use,) = read.uses
    assert (read.job_of("outer / inner"), use.step.fits("Ask"), use.unproven) == (use.job, True, "")


def test_an_action_of_the_repository_is_one_step_of_its_caller() -> None:
    """A composite action shows as the one step that uses it, and either name of its file is asked for."""
    inner = b"""\
runs:
  using: composite
  steps:
    - uses: anthropics/claude-code-action@v1
      with: {prompt: Look., anthropic_api_key: "${{ inputs.key }}"}
inputs: {key: {required: true}}
"""
    data = workflow("uses: ./tools/ask", "with: {key: '${{ secrets.KEY }}'}")
    assert local_files({PATH: data}, "acme/a") == {"tools/ask"}
    assert local_files({PATH: data, "tools/ask/action.yml": inner}, "acme/a") == frozenset()
    (use,) = uses_of({PATH: data, "tools/ask/action.yml": inner}, PATH, "acme/a").uses
    assert (use.secret, use.step.fits("Run ./tools/ask")) == ("KEY", True)


def test_nothing_outside_of_the_repository_is_asked_for() -> None:
    """A path that leads out is none of this repository's, and would be asked of another one."""
    data = workflow("uses: ./../../../other/contents/x", "with: {key: '${{ secrets.KEY }}'}")
    assert local_files({PATH: data}, "acme/a") == frozenset()


@pytest.mark.parametrize(
    ("template", "name", "fits"),
    [
        ("Ask", "Ask", True),
        ("Ask", "Ask more", False),
        ("${{ a }}", "anything", True),
        ("Ask ${{ a }} of ${{ b }}!", "Ask ada of web!", True),
        ("Ask ${{ a }} of ${{ b }}!", "Ask ada at web!", False),
        ("a${{ x }}a", "a", False),
        ("${{ x }}ab${{ y }}ab", "abab", True),
        ("${{ x }}ab${{ y }}ab", "ab", False),
    ],
)
def test_a_name_by_its_pieces(template: str, name: str, fits: bool) -> None:  # noqa: FBT001 -- a table
    """Only the fixed pieces of a template are known, in their order, and no letter counts twice."""
    assert RunName.of_template(template).fits(name) is fits


@pytest.mark.parametrize(
    ("own", "called", "name", "fits"),
    [
        ("a", "b", "a / b", True),
        ("a", "b", "a / c", False),
        ("a", "b", "a/b", False),
        ("a / b", "c", "a / b / c", True),
        ("a", "b / c", "a / b / c", True),
        ("a", "b", "a (x) / b (y, z)", True),
        ("a", "b", "a (x / b", False),
        ("a", None, "a (x)", True),
        ("a", None, "a (x", False),
        ("a", None, "a (x) (y)", True),
        ("a (x)", None, "a (x) (y)", True),
        ("", "b", " / b", True),
        ("${{ m }}", "b", " / b", True),
        ("${{ m }}x", "b", "y / x / b", True),
    ],
)
def test_the_name_of_a_job(own: str, called: str | None, name: str, fits: bool) -> None:  # noqa: FBT001 -- a table
    """With a matrix behind each of its parts, and that of a called workflow behind its caller's."""
    inner = None if called is None else RunName.of_template(called)
    assert JobName(RunName.of_template(own), inner).fits(name) is fits


def test_a_name_of_many_parts_is_nobodys() -> None:
    """Beyond twenty places at which it may be cut nobody can tell what is what."""
    for parts, fits in ((20, True), (21, False)):
        own = " / ".join("x" * parts)
        assert JobName(RunName.of_template(own), RunName.of_template("b")).fits(f"{own} / b") is fits


def test_a_name_of_many_gaps_costs_little() -> None:
    """It is looked at once from left to right: thousands of gaps are no work for hours."""
    assert not RunName.of_template("${{ m }}x" * 5000 + "y").fits("x" * 5000)


def test_whose_environment() -> None:
    """The environment of the job is told, or that nobody can tell it."""
    named = action(KEY, PROMPT, job="environment: Production")
    open_ = action(KEY, PROMPT, job="environment: '${{ inputs.where }}'")
    assert (named.environment, open_.environment) == ("production", None)


def test_a_workflow_of_which_nothing_is_known() -> None:
    """It uses nothing, and may use nothing."""
    assert ((), False, None) == ((none := WorkflowUses()).uses, none.may_use("KEY"), none.job_of("a"))

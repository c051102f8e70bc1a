"""Dispatched workflows: the run that a dispatch makes, its way through the sandbox's clock, and what is refused."""

import httpx
import pytest
from openapi_core import OpenAPI

from flowforge.sandbox import Level, Sandbox, Token
from flowforge.sandbox.world.workflow_text import jobs_of
from tests.openapi import check, github_description

REPO = "acme/repo-001"
PATH = ".github/workflows/claude.yml"
ACTIONS = f"/repos/{REPO}/actions"
ONE = f"{ACTIONS}/workflows/claude.yml"
TEXT = """\
name: Claude
run-name: canary ${{ inputs.flowforge }}
on:
  workflow_dispatch:
    inputs:
      flowforge: {required: false}
jobs:
  # The first one.
  review:
    name: Review it
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Ask
        uses: anthropics/claude-code-action@v1
      - run: |
          echo done
          echo again
  other:
    runs-on: ubuntu-latest
    steps:
    - run: echo
"""


@pytest.fixture(scope="module")
def github() -> OpenAPI:
    """Read GitHub's description of its API once."""
    return github_description()


@pytest.fixture(autouse=True)
def workflow(sandbox: Sandbox) -> None:
    """Commit the workflow."""
    sandbox.world.edit_file(REPO, PATH, TEXT)


def dispatch(http: httpx.Client, version: str = "2026-03-10", /, **body: object) -> httpx.Response:
    """Dispatch it on main, unless the body says otherwise."""
    return http.post(f"{ONE}/dispatches", json={"ref": "main", **body}, headers={"x-github-api-version": version})


def state(http: httpx.Client, run: int) -> tuple[str, str | None]:
    """Return status and conclusion of a run."""
    found = http.get(f"{ACTIONS}/runs/{run}").json()
    return found["status"], found["conclusion"]


def test_what_is_answered(http: httpx.Client, github: OpenAPI) -> None:
    """The newer version of the API tells the run, the older one where it is asked to, and every answer is as described.

    The description of the newer version has no 204; the one that is checked against has both.
    """
    answers = [dispatch(http), dispatch(http, "2022-11-28"), dispatch(http, "2022-11-28", return_run_details=True)]
    assert [200, 204, 200] == [each.status_code for each in answers]
    runs = http.get(f"{ONE}/runs", params={"event": "workflow_dispatch"})
    told = runs.json()["workflow_runs"]
    assert [told[2]["id"], told[0]["id"]] == [each.json()["workflow_run_id"] for each in (answers[0], answers[2])]
    one = http.get(f"{ACTIONS}/runs/{told[0]['id']}")
    cancelled = http.post(f"{ACTIONS}/runs/{told[0]['id']}/cancel")
    for answer in (*answers, http.get(ONE), runs, one, cancelled, http.get(f"{ACTIONS}/runs/{told[0]['id']}/jobs")):
        check(github, answer)


def test_its_way(sandbox: Sandbox, http: httpx.Client) -> None:
    """It is queued, taken, and ends by the sandbox's clock; until then nobody is told how it ends."""
    run = dispatch(http).json()["workflow_run_id"]
    seen = [state(http, run)]
    for seconds in (10, 60):
        jobs = http.get(f"{ACTIONS}/runs/{run}/jobs").json()["jobs"]
        assert {None} == {each["conclusion"] for each in jobs}
        sandbox.world.clock.advance(seconds)
        seen.append(state(http, run))
    assert [("queued", None), ("in_progress", None), ("completed", "success")] == seen
    jobs = http.get(f"{ACTIONS}/runs/{run}/jobs").json()["jobs"]
    assert {
        "Review it": ["Run actions/checkout@v4", "Ask", "Run echo done"],
        "other": ["Run echo"],
    } == {job["name"]: [step["name"] for step in job["steps"]] for job in jobs}


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("well", ("success", "success", "success")),
        ("red", ("failure", "failure", "failure")),
        ("refused", ("failure", "failure", "failure")),
        ("skipped", ("success", "success", "skipped")),
    ],
)
def test_how_it_ends(sandbox: Sandbox, http: httpx.Client, ends: str, expected: tuple[str, ...]) -> None:
    """Run, job and step of Claude end as the verb says; the others are well. A check tells of a refusal."""
    sandbox.world.set_dispatched(REPO, PATH, ends, 5)
    number = dispatch(http).json()["workflow_run_id"]
    sandbox.world.clock.advance(6)
    first, other = http.get(f"{ACTIONS}/runs/{number}/jobs").json()["jobs"]
    assert expected == (state(http, number)[1], first["conclusion"], first["steps"][1]["conclusion"])
    assert ("success", "success") == (first["steps"][0]["conclusion"], other["conclusion"])
    notes = http.get(f"/repos/{REPO}/check-runs/{first['id']}/annotations").json()
    assert (ends == "refused") is any("401" in each["message"] for each in notes)


def test_one_that_never_ends_and_is_cancelled(sandbox: Sandbox, http: httpx.Client) -> None:
    """It goes on for days, until somebody cancels it; a second cancel is a conflict."""
    sandbox.world.set_dispatched(REPO, PATH, "never")
    run = dispatch(http).json()["workflow_run_id"]
    sandbox.world.clock.advance(200_000)
    assert ("in_progress", None) == state(http, run)
    codes = [http.post(f"{ACTIONS}/runs/{run}/cancel").status_code for _ in range(2)]
    assert ([202, 409], ("completed", "cancelled")) == (codes, state(http, run))
    with pytest.raises(ValueError, match="a dispatched run ends well, red"):
        sandbox.world.set_dispatched(REPO, PATH, "somehow")


def test_lists(sandbox: Sandbox, http: httpx.Client) -> None:
    """Runs are listed by where they are, by event, branch, actor and time, in each form of a range."""
    begun = int(sandbox.world.clock.now())
    old = sandbox.world.add_run(REPO, PATH, created=begun - 100, conclusion="")
    new = dispatch(http).json()["workflow_run_id"]
    created = http.get(f"{ACTIONS}/runs/{new}").json()["created_at"]

    def listed(**query: str) -> list[int]:
        return [each["id"] for each in http.get(f"{ACTIONS}/runs", params=query).json()["workflow_runs"]]

    assert [new, old] == listed() == listed(status="queued") == listed(created=f"2020-01-01..{created}")
    assert [new] == listed(created=f">={created}") == listed(event="workflow_dispatch") == listed(actor="rehearsal")
    assert [new, old] == listed(created=f"<={created}") == listed(branch="main")
    assert [] == listed(status="in_progress") == listed(created="<=2020-01-01") == listed(branch="topic")


@pytest.mark.parametrize(
    ("text", "body", "message"),
    [
        ("on: push\n", {}, "Workflow does not have 'workflow_dispatch' trigger"),
        (TEXT, {"ref": "none"}, "No ref found for: none"),
        (TEXT, {"inputs": {"x": "y"}}, 'Unexpected inputs provided: ["x"]'),
        (TEXT, {"ref": 1}, 'Invalid request.\n\n"ref" wasn\'t supplied.'),
    ],
)
def test_what_is_refused(
    sandbox: Sandbox, http: httpx.Client, text: str, body: dict[str, object], message: str
) -> None:
    """A workflow without the trigger, a branch that is not there, and inputs that it does not declare."""
    sandbox.world.edit_file(REPO, PATH, f"{text}# again\n")
    answer = dispatch(http, "2026-03-10", **body)
    assert (422, message) == (answer.status_code, answer.json()["message"])
    assert not sandbox.world.directory[REPO].runs


def test_who_is_refused(sandbox: Sandbox, http: httpx.Client) -> None:
    """A disabled workflow, a workflow that is not there, an archived repository, and a token that may only read."""
    sandbox.world.set_workflow_state(REPO, PATH)
    assert 422 == dispatch(http).status_code
    missing = [http.post(f"{ACTIONS}/workflows/none.yml/dispatches", json={"ref": "main"}), http.get(f"{ONE}x")]
    assert [404, 404] == [each.status_code for each in missing]
    sandbox.world.archive_repo(REPO)
    assert 403 == dispatch(http).status_code
    sandbox.world.add_token(sandbox.token, Token(permissions={"actions": Level.READ}))
    for answer in (dispatch(http), http.post(f"{ACTIONS}/runs/1/cancel")):
        assert (403, "actions=write") == (answer.status_code, answer.headers["x-accepted-github-permissions"])


def test_the_title(sandbox: Sandbox, http: httpx.Client) -> None:
    """`run-name` is filled in with the inputs; without one the file's name stands there."""
    dispatch(http, inputs={"flowforge": "abc"})
    sandbox.world.edit_file(REPO, PATH, TEXT.replace("run-name", "# run-name"))
    dispatch(http)
    titles = [each["display_title"] for each in http.get(f"{ONE}/runs").json()["workflow_runs"]]
    assert ["claude.yml", "canary abc"] == titles


def test_jobs_of_other_texts() -> None:
    """Quotes, scripts on one line, and what is no job: as much is read as a run shows."""
    step = '      - name: "x: y"\n        run: claude -p z\n'
    text = f"on: push\njobs:\n  'a-b':\n    steps:\n{step}  c: {{uses: ./w.yml}}\n"
    first, second = jobs_of(text)
    assert ("a-b", [("x: y", True)]) == (first.name, [(step.name, step.runs_claude) for step in first.steps])
    assert ("c", ()) == (second.name, second.steps)
    assert [] == jobs_of("on: push\n")

"""The example workflows, read from their YAML and run step by step against the sandbox."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.ci.runner import Event

if TYPE_CHECKING:
    from tests.ci.conftest import Ops

pytestmark = [pytest.mark.processes, pytest.mark.no_coverage]

SHA: Final = "ab" * 20
FORK: Final = "somebody/ops"
CLAUDE: Final = ".github/workflows/claude.yml"
CLAUDE_WORKFLOW: Final = """\
on: {schedule: [{cron: "0 4 * * *"}]}
permissions: {contents: read, id-token: write}
jobs:
  review:
    runs-on: ubuntu-latest
    steps:
      - uses: anthropics/claude-code-action@v1
        with: {prompt: Look at what changed., anthropic_api_key: "${{ secrets.ANTHROPIC_API_KEY }}"}
"""


def proposed(number: int = 1, repo: str = "acme/ops", sha: str = SHA) -> Event:
    """Return the event of a pull request whose code is in a repo."""
    head = {"sha": sha, "ref": "topic", "repo": {"full_name": repo}}
    return Event("pull_request", {"pull_request": {"number": number, "head": head}}, ref=f"refs/pull/{number}/merge")


def test_a_merge_is_planned_and_what_was_approved_is_applied(ops: "Ops") -> None:
    """Each step ends well, the second job takes the first one's plan, and the next merge finds nothing to do.

    The outputs are plain numbers, `true` or `false`, and the path of the plan that was saved. Neither a value nor a
    token is in what any step says.
    """
    first = ops.run("apply", Event("push"))
    assert ({"plan": "success", "apply": "success"}, "true") == (
        {name: job.result for name, job in first.jobs.items()},
        first.jobs["plan"].outputs["has-changes"],
    ), first.jobs["plan"].log + first.jobs["apply"].log
    assert [{"ANTHROPIC_API_KEY": ops.value}] * 2 == ops.held("acme/api", "acme/web")
    counts = {"create": "2", "update": "0", "delete": "0", "blocked": "0", "drift": "0"}
    answers = {"has-changes": "true", "in-sync": "false", "complete": "true"}
    assert {**answers, **counts, "exit-code": "0", "plan-file": "plan.json"} == first.jobs["plan"].steps[1].outputs
    logs = "".join(job.log for job in first.jobs.values())
    assert [] == [each for each in (ops.value, ops.sandbox.token) if each in logs]
    again = ops.run("apply", Event("push"))
    assert {"plan": "success", "apply": "skipped"} == {name: job.result for name, job in again.jobs.items()}


def test_a_mistake_in_the_manifest_is_marked_at_its_line(ops: "Ops") -> None:
    """An annotation says which file and line, the comment has it too, and the job is red."""
    number = ops.sandbox.world.open_pull("acme/ops", "topic", sha=SHA)
    ops.manifest("acme/api", credential="ci-kex")
    run = ops.run("plan", proposed(number))
    marked = [
        line for line in run.jobs["plan"].log.splitlines() if line.startswith("::error file=flowforge.yaml,line=8,")
    ]
    comments = ops.sandbox.world.comments("acme/ops", number)
    assert ("failure", 1, [True]) == (
        run.jobs["plan"].result,
        len(marked),
        ["ci-kex" in str(each["body"]) for each in comments],
    ), run.jobs["plan"].log


@pytest.mark.slow
def test_a_comment_that_is_not_permitted_is_in_the_summary(ops: "Ops") -> None:
    """The plan is no less green for it; a warning says why."""
    number = ops.sandbox.world.open_pull("acme/ops", "topic", sha=SHA)
    token = ops.site.token
    ops.site.token = lambda permissions: token({**permissions, "pull-requests": "read"})
    run = ops.run("plan", proposed(number))
    step = run.jobs["plan"].steps[-1]
    said = "warning: nothing was posted" in step.log
    posted = ops.sandbox.world.comments("acme/ops", number)
    summed = "Plan: 2 to create" in step.summary
    assert ("success", True, True, []) == (step.outcome, said, summed, posted), step.log


@pytest.mark.slow
def test_what_moved_after_the_approval_is_not_applied(ops: "Ops") -> None:
    """The second job exits with 1 and writes nothing, where another commit than the planned one is checked out."""
    original = ops.site.prepare

    def moved(temp: Path) -> None:
        original(temp)
        if temp.parent.name == "apply":
            ops.manifest("acme/api")

    ops.site.prepare = moved
    run = ops.run("apply", Event("push"))
    step = run.jobs["apply"].steps[-1]
    assert ("failure", "1", True) == (step.outcome, step.outputs["exit-code"], "FF025" in step.log), step.log
    assert [{}, {}] == ops.held("acme/api", "acme/web")


def test_a_pull_request_has_one_comment_that_is_edited_in_place(ops: "Ops") -> None:
    """Two plans of two commits make one comment, by the workflow's own token; nothing is written to a repo."""
    number = ops.sandbox.world.open_pull("acme/ops", "topic", sha=SHA)
    first = ops.run("plan", proposed(number))
    made = ops.sandbox.world.comments("acme/ops", number)
    assert ("success", ["github-actions[bot]"]) == (
        first.jobs["plan"].result,
        [each["author"] for each in made],
    ), first.jobs["plan"].log
    ops.sandbox.world.push_pull("acme/ops", number, "cd" * 20)
    ops.manifest("acme/api")
    second = ops.run("plan", proposed(number, sha="cd" * 20))
    edited = ops.sandbox.world.comments("acme/ops", number)
    assert ("success", [each["id"] for each in made]) == (second.jobs["plan"].result, [each["id"] for each in edited])
    assert ["Plan: 2 to create" in str(made[0]["body"]), "Plan: 1 to create" in str(edited[0]["body"])] == [True, True]
    assert [{}, {}] == ops.held("acme/api", "acme/web")


@pytest.mark.slow
def test_a_plan_that_fails_is_posted_too(ops: "Ops") -> None:
    """The job is red, and the comment says what the log says."""
    number = ops.sandbox.world.open_pull("acme/ops", "topic", sha=SHA)
    ops.manifest("acme/api", "acme/absent")
    run = ops.run("plan", proposed(number))
    comments = ops.sandbox.world.comments("acme/ops", number)
    assert ("failure", True) == (run.jobs["plan"].result, "acme/absent" in str(comments[0]["body"]))


@pytest.mark.slow
def test_the_nightly_issue_opens_changes_and_closes_itself(ops: "Ops") -> None:
    """It opens while something is to be done, stays one while that changes, and closes once all is applied."""

    def night() -> list[tuple[object, object]]:
        run = ops.run("drift", Event("schedule"))
        assert run.jobs["drift"].result == "success", run.jobs["drift"].log
        return [(each["state"], "2 to create" in str(each["body"])) for each in ops.sandbox.world.issues("acme/ops")]

    opened = night()
    ops.manifest("acme/api")
    changed = night()
    ops.run("apply", Event("push"))
    assert ([("open", True)], [("open", False)], [("closed", False)]) == (opened, changed, night())


@pytest.mark.slow
def test_the_nightly_status_opens_follows_and_closes(ops: "Ops") -> None:
    """A dead secret, an expiring credential and a change keep one issue; it closes itself when all is well."""
    world, soon = ops.sandbox.world, (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    ops.run("apply", Event("push"))
    for repo in ("acme/api", "acme/web"):
        world.edit_file(repo, CLAUDE, CLAUDE_WORKFLOW)

    def night() -> list[tuple[object, list[str]]]:
        run = ops.run("status", Event("schedule"))
        assert run.jobs["status"].result == "success", run.jobs["status"].log
        told = ("dead", soon, "drifted")
        found = ((each["state"], str(each["body"])) for each in world.issues("acme/ops"))
        return [(state, [text for text in told if text in body.partition("<details>")[0]]) for state, body in found]

    def ran(conclusion: str, *notes: str) -> None:
        world.clock.advance(60)
        steps = [["Run anthropics/claude-code-action@v1", conclusion]]
        job: dict[str, object] = {"name": "review", "conclusion": conclusion, "steps": steps, "annotations": [*notes]}
        world.add_run("acme/api", CLAUDE, jobs=[job], conclusion=conclusion)

    quiet = night()
    ran("failure", "API Error: 401 Invalid bearer token")
    dead = night()
    ops.manifest("acme/api", "acme/web", more=f", expires: {soon}")
    expiring = night()
    ran("success")
    ops.manifest("acme/api", "acme/web")
    world.set_secret("acme/web", "ANTHROPIC_API_KEY", "made up elsewhere")
    drifted = night()
    ops.run("apply", Event("push"))
    seen = [quiet, dead, expiring, drifted, night()]
    assert seen == [
        [],
        [("open", ["dead"])],
        [("open", ["dead", soon])],
        [("open", ["drifted"])],
        [("closed", [])],
    ]


def _forked(ops: "Ops") -> tuple[int, dict[str, object]]:
    """Have a fork's pull request planned and commented; return its number and what its next run is told of the plan."""
    ops.run("apply", Event("push"))
    state = ops.site.folder / "branch-flowforge-state"
    state.mkdir()
    text = ops.sandbox.world.read_file("acme/ops", "flowforge.state.json", branch="flowforge-state")
    (state / "flowforge.state.json").write_text(text, "utf-8")
    ops.site.branches["flowforge-state"] = state
    ops.sandbox.world.create_repo(FORK)
    number = ops.sandbox.world.open_pull("acme/ops", "topic", head=FORK, sha=SHA)
    ops.manifest("acme/api", "acme/web", "acme/more")
    first = ops.run("fork-plan", proposed(number, FORK))
    assert first.jobs["plan"].result == "success", first.jobs["plan"].log
    followed: dict[str, object] = {
        "id": first.id,
        "event": "pull_request",
        "conclusion": "success",
        "head_repository": {"full_name": FORK},
        "head_branch": "topic",
        "head_sha": SHA,
    }
    second = ops.run("fork-comment", Event("workflow_run", {"workflow_run": followed}))
    assert second.jobs["comment"].result == "success", second.jobs["comment"].log
    return number, followed


def test_a_fork_gets_its_comment_from_a_second_workflow(ops: "Ops") -> None:
    """The first has no secret and cannot write; the second runs nothing of the fork, and says whose plan it is."""
    number, _ = _forked(ops)
    made = ops.sandbox.world.comments("acme/ops", number)
    assert [True] == ["Plan made by code of a fork, not verified" in str(each["body"]) for each in made]


@pytest.mark.slow
def test_a_fork_that_is_pushed_to_keeps_its_comment(ops: "Ops") -> None:
    """The same comment follows the newest commit; a report of the commit before is posted no more."""
    number, followed = _forked(ops)
    made = ops.sandbox.world.comments("acme/ops", number)
    ops.sandbox.world.push_pull("acme/ops", number, "cd" * 20)
    late = ops.run("fork-comment", Event("workflow_run", {"workflow_run": followed}))
    ops.manifest("acme/api", "acme/web", "acme/more", "acme/most")
    third = ops.run("fork-plan", proposed(number, FORK, "cd" * 20))
    newest = {**followed, "id": third.id, "head_sha": "cd" * 20}
    fourth = ops.run("fork-comment", Event("workflow_run", {"workflow_run": newest}))
    edited = ops.sandbox.world.comments("acme/ops", number)
    assert ("failure", True, "success", [made[0]["id"]], ["2 to create"]) == (
        late.jobs["comment"].result,
        "FF809" in late.jobs["comment"].log,
        fourth.jobs["comment"].result,
        [each["id"] for each in edited],
        [found for each in edited for found in re.findall(r"\d+ to create", str(each["body"]))[:1]],
    ), fourth.jobs["comment"].log


TWO: Final = """\
on: pull_request
permissions: {}
jobs:
  plan:
    runs-on: ubuntu-latest
    environment: plan
    permissions: {contents: read, pull-requests: write}
    steps:
      - uses: actions/checkout@v0
        with: {persist-credentials: false}
      - uses: ./
        with: {command: plan, args: --limit acme/api --report json=staging.json, fail-on: never}
        env: &given
          GITHUB_TOKEN: ${{ github.token }}
          FLOWFORGE_GITHUB_TOKEN: ${{ secrets.OPS_GITHUB_TOKEN }}
          ACME_ANTHROPIC_KEY: ${{ secrets.ACME_ANTHROPIC_KEY }}
      - uses: ./
        with: {command: plan, args: --report json=production.json, fail-on: never}
        env: *given
      - uses: ./
        with: {command: post, args: --to pr --name staging staging.json}
        env: *given
      - uses: ./
        with: {command: post, args: --to pr --name production production.json}
        env: *given
"""


@pytest.mark.slow
def test_two_plans_on_one_pull_request(ops: "Ops") -> None:
    """Each has a comment of its own, by its name, and both are edited in place."""
    number = ops.sandbox.world.open_pull("acme/ops", "topic", sha=SHA)
    workflow = ops.site.folder / "two.yaml"
    workflow.write_text(TWO, "utf-8")
    rounds = []
    for _ in range(2):
        run = ops.site.run(workflow, proposed(number))
        assert "success" == run.jobs["plan"].result, run.jobs["plan"].log
        rounds.append([(each["id"], str(each["body"])) for each in ops.sandbox.world.comments("acme/ops", number)])
    assert [each for each, _ in rounds[0]] == [each for each, _ in rounds[1]]
    assert [("staging", "1"), ("production", "2")] == [
        found for _, body in rounds[1] for found in re.findall(r"### (\w+) .*?\n\nPlan: (\d) to create", body)
    ]


@pytest.mark.slow
def test_the_plans_of_forks_and_of_branches_leave_each_other_alone(ops: "Ops") -> None:
    """Each pull request is planned by one of the two workflows, and the other one's job is skipped."""
    ours, forks = proposed(), proposed(repo=FORK)
    results = [ops.run("plan", forks).jobs["plan"].result, ops.run("fork-plan", ours).jobs["plan"].result]
    assert ["skipped", "skipped"] == results

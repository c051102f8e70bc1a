"""A workflow as canary, over real HTTP: what is refused before anything is written, and what its run says after."""

import re
from typing import TYPE_CHECKING

import pytest

from flowforge.github.problems import StoppedError
from flowforge.plan.address import Repo
from flowforge.sandbox import Fault, FaultKind, Level, Token
from flowforge.steps.rotate.canary import CanaryVerdict
from tests.docs.pages import ROOT, page_of
from tests.steps.rotate.conftest import PATH, SECRET, WORKFLOW

if TYPE_CHECKING:
    from tests.steps.rotate.conftest import Stage

STEP = "uses: anthropics/claude-code-action@v1.0.172"


def test_well(stage: "Stage") -> None:
    """Each repo's run is dispatched once, awaited, and well; the page of the job that proves it is named."""
    repos = stage.repos(3)
    canary = stage.canary(repos)
    canary.check(repos)
    verdicts = canary.run(repos)
    assert [(each.repo, each.well) for each in verdicts] == [(repo, True) for repo in repos]
    assert {each.said for each in verdicts} == {"the step that uses it ended well"}
    for repo, verdict in zip(repos, verdicts, strict=True):
        (run,) = stage.sandbox.world.directory[str(repo)].runs
        assert verdict.url == f"https://github.com/{repo}/actions/runs/{run.id}/job/{run.jobs[0].id}"
    assert stage.said == ["dispatched canary.yml; waiting for the runs of 3 repos, 30 min at most"]


def test_the_workflow_of_the_page(stage: "Stage") -> None:
    """What docs/canary.md shows is a canary, and its runs show the text by which they can be told from others."""
    (block,) = page_of(ROOT / "docs/canary.md", ROOT).blocks
    (repo,) = stage.repos(1)
    stage.write(repo, block.text)
    assert stage.verdict(repo).well
    (run,) = stage.sandbox.world.directory[str(repo)].runs
    assert re.fullmatch("canary [0-9a-f]{32}", run.title)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("red", "the step that uses it failed"),
        ("refused", "Anthropic refused the credential"),
        ("skipped", "the step did not run to its end"),
    ],
)
def test_not_well(stage: "Stage", ends: str, said: str) -> None:
    """A red step, a refused credential and a green run whose Claude step was skipped are told from a good end."""
    (repo,) = stage.repos(1)
    verdict = stage.verdict(repo, ends)
    assert (verdict.well, verdict.said) == (False, said)


def test_a_run_that_never_ends(stage: "Stage") -> None:
    """Its time is over by the run's clock: the verdict says so, and names the page of the run."""
    (repo,) = stage.repos(1)
    verdict = stage.verdict(repo, "never", minutes=3)
    (run,) = stage.sandbox.world.directory[str(repo)].runs
    assert verdict == _bad(repo, "its run did not end in 3 min", f"{_page(repo, run.id)}")


def test_a_cancelled_run_is_not_well(stage: "Stage") -> None:
    """Whoever cancels the run has not shown that the credential works; its conclusion is told."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.set_dispatched(str(repo), PATH, "never")
    stage.sandbox.world.faults.add(
        Fault(r"GET /repos/acme/repo-001/actions/runs/\d+$", FaultKind.STATUS, 1, 404, message="Not Found")
    )
    canary = stage.canary([repo])
    # As GitHub's answers may be behind, one 404 of a new run ends nothing.
    run = stage.sandbox.world.directory[str(repo)].runs
    stage.then(r"GET .*/actions/runs/\d+$", lambda: run[0].cancel(run[0].created + 1))
    (verdict,) = canary.run([repo])
    assert (verdict.well, verdict.said) == (False, "its run ended as cancelled: the step did not run to its end")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (WORKFLOW.replace("  workflow_dispatch:", "  push:"), "it has no `workflow_dispatch`"),
        (WORKFLOW.replace("prompt: Say hello.", "mcp: x"), "without a prompt it may have met no trigger"),
        (WORKFLOW.replace("v1.0.172", "v1.0.171"), "this version ends green with a dead credential"),
        (WORKFLOW.replace("secrets.ANTHROPIC_API_KEY", "secrets.OTHER"), f"gets OTHER and not {SECRET}"),
        (WORKFLOW.replace(STEP, f"{STEP}\n        continue-on-error: true"), "forgiven by continue-on-error"),
        (WORKFLOW.replace("    steps:", "    environment: prod\n    steps:"), "of an environment"),
        (WORKFLOW.replace("    steps:", "    if: github.event_name == 'push'\n    steps:"), "a condition keeps"),
        ("on: workflow_dispatch\njobs: {a: {steps: [{run: echo}]}}\n", f"no Claude step of it gets {SECRET}"),
        (WORKFLOW.replace("workflow_dispatch:", "workflow_dispatch: {inputs: {x: {required: true}}}"), "its input x"),
        ("on: [\n", "it cannot be read"),
    ],
)
def test_what_proves_nothing_is_refused(stage: "Stage", text: str, why: str) -> None:
    """Before anything is written or dispatched, the reason is said."""
    (repo,) = stage.repos(1)
    stage.write(repo, text)
    (what,) = stage.refused(repo)
    assert what.startswith('"canary.yml" cannot be a canary: ')
    assert why in what


def test_one_that_changes_after_it_was_looked_at(stage: "Stage") -> None:
    """An older pin by the time of its dispatch: its green run proves nothing, says so, and is not well."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.set_dispatched(str(repo), PATH, "well")
    canary = stage.canary([repo])
    canary.check([repo])
    stage.write(repo, WORKFLOW.replace("v1.0.172", "v1.0.171"))
    (verdict,) = canary.run([repo])
    assert (verdict.well, verdict.said) == (False, "this version ends green with a dead credential")


def test_what_is_not_there_is_refused(stage: "Stage") -> None:
    """A workflow that does not exist, one that was disabled, a name that is none, and an organization."""
    first, second = stage.repos(2)
    stage.sandbox.world.delete_file(str(first), PATH)
    stage.sandbox.world.set_workflow_state(str(second), PATH)
    assert stage.refused(first, second) == [
        '"canary.yml" cannot be a canary: it does not exist',
        '"canary.yml" cannot be a canary: it is disabled ("disabled_manually")',
    ]
    assert stage.refused(second, name="../x") == ['"../x" cannot be a canary: it is no file of a workflow']
    (organization,) = stage.refused(Repo.organization("acme"))
    assert "an organization has no workflows" in organization


def test_one_problem_for_each_trouble(stage: "Stage") -> None:
    """Repos with the same trouble are named together, the first three of them."""
    repos = stage.repos(6)
    for repo in repos[:5]:
        stage.write(repo, WORKFLOW.replace("v1.0.172", "v1.0.100"))
    stage.write(repos[5], "on: push")
    assert 2 == len(stage.refused(*repos))


def test_a_token_that_may_not_dispatch(stage: "Stage") -> None:
    """GitHub says so at the dispatch alone: the canary is not well, and GitHub's word for the permission is told."""
    (repo,) = stage.repos(1)
    canary = stage.canary([repo])
    stage.sandbox.world.add_token(stage.sandbox.token, Token(permissions={"actions": Level.READ}))
    canary.check([repo])
    (verdict,) = canary.run([repo])
    said = "the workflow could not be dispatched: no permission: GitHub accepts actions=write"
    assert verdict == _bad(repo, said)


def test_an_older_server_that_tells_no_run(stage: "Stage") -> None:
    """A server that answers without the run's id: the run is found by what was there before, and is ours."""
    (repo,) = stage.repos(1)
    stage.older_server()
    earlier = stage.dispatch(repo, "red")
    verdict = stage.verdict(repo)
    first, second = stage.sandbox.world.directory[str(repo)].runs
    assert (earlier, True) == (first.id, verdict.well)
    assert verdict.url.startswith(f"{_page(repo, second.id)}/job/")


def test_another_s_run_is_never_taken_for_ours(stage: "Stage") -> None:
    """Somebody dispatches it in the same moment, and GitHub tells no ids: nobody knows which run is whose."""
    (repo,) = stage.repos(1)
    stage.older_server()
    stage.then("POST .*/dispatches", lambda: stage.dispatch(repo))
    verdict = stage.verdict(repo)
    assert (verdict.well, verdict.said) == (
        False,
        "somebody else dispatched it too: which run is ours is unknown",
    )


def test_a_marker_tells_runs_apart(stage: "Stage") -> None:
    """Where the workflow takes our input and shows it in its title, another's red run changes nothing."""
    (repo,) = stage.repos(1)
    stage.write(repo, "run-name: canary ${{ inputs.flowforge }}\n" + WORKFLOW.replace(
        "  workflow_dispatch:", "  workflow_dispatch:\n    inputs:\n      flowforge:\n        required: true"
    ))  # fmt: skip
    stage.older_server()
    stage.then("POST .*/dispatches", lambda: stage.dispatch(repo, "red"))
    ours = stage.verdict(repo)
    titles = {run.id: run.title for run in stage.sandbox.world.directory[str(repo)].runs}
    (mine,) = [number for number, title in titles.items() if len(title) > len("canary ")]
    assert (ours.well, f"/runs/{mine}/" in ours.url) == (True, True)


def test_a_dispatch_without_an_answer(stage: "Stage") -> None:
    """It is not sent a second time: its run is looked for, and awaited where it is there."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.faults.add(Fault("POST .*/dispatches", FaultKind.RESET_AFTER, 1))
    assert stage.verdict(repo).well
    assert (1, 1) == (stage.dispatches, len(stage.sandbox.world.directory[str(repo)].runs))


def test_a_dispatch_that_never_arrived(stage: "Stage") -> None:
    """No run appears: the canary is not well, and nothing else was dispatched."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.faults.add(Fault("POST .*/dispatches", FaultKind.RESET_BEFORE, 1))
    assert stage.verdict(repo, minutes=3) == _bad(repo, "no run of canary.yml was seen")


def test_one_repo_that_fails_costs_no_other_its_verdict(stage: "Stage") -> None:
    """A repo deleted between its write and its canary is not well; the other one is."""
    first, second = stage.repos(2)
    canary = stage.canary([first, second])
    canary.check([first, second])
    stage.sandbox.world.delete_repo(str(first))
    assert [each.well for each in canary.run([first, second])] == [False, True]


def test_a_moment_s_trouble_is_no_red_canary(stage: "Stage") -> None:
    """GitHub fails for some looks at the run; the next one finds it well."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.faults.add(Fault(r"GET .*/actions/runs/\d+$", FaultKind.STATUS, 6, 502, message="Bad Gateway"))
    assert stage.verdict(repo).well


def test_a_stop_ends_the_wait(stage: "Stage") -> None:
    """Ctrl-C while the run goes on: the wait ends at once, without a verdict."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.set_dispatched(str(repo), PATH, "never")
    canary = stage.canary([repo], minutes=1e6)
    stage.then(r"GET .*/actions/runs/\d+$", stage.stop.set)
    with pytest.raises(StoppedError):
        canary.run([repo])


def test_no_other_repos(stage: "Stage") -> None:
    """A canary starts nothing outside of its rotation."""
    first, second = stage.repos(2)
    with pytest.raises(ValueError, match="the repos of its rotation"):
        stage.canary([first]).run([second])
    assert 0 == stage.dispatches


def test_tokens_of_an_app(app_stage: "Stage") -> None:
    """One token of each owner dispatches and does nothing else, another watches; both are narrow, and revoked after."""
    stage = app_stage
    repos = [*stage.repos(2), *stage.repos(1, "beta")]
    clients = stage.app("acme", "beta", actions="write", contents="write", checks="read", secrets="write")
    canary = stage.canary(repos, clients, minutes=600)
    canary.check(repos)
    before = len(stage.sandbox.world.minted_tokens())
    for repo in repos:
        stage.sandbox.world.set_dispatched(str(repo), PATH, "well", 5)
    assert all(each.well for each in canary.run(repos))
    minted = {int(str(each["mint"])): each for each in stage.sandbox.world.minted_tokens()[before:]}
    log = [each for each in stage.sandbox.world.log() if each.mint in minted]
    dispatching = {each.mint for each in log if each.path.endswith("/dispatches")}
    assert {str(minted[number]["permissions"]) for number in dispatching} == {
        "{'actions': 'write', 'metadata': 'read'}"
    }
    assert sorted(str(minted[number]["repos"]) for number in dispatching) == [
        "['acme/repo-001', 'acme/repo-002']",
        "['beta/repo-001']",
    ]
    watching = minted.keys() - dispatching
    assert {str(minted[number]["permissions"]) for number in watching} == {
        "{'actions': 'read', 'checks': 'read', 'contents': 'read', 'metadata': 'read'}"
    }
    assert {each.mint for each in log if each.method == "DELETE"} == minted.keys()
    assert not stage.sandbox.world.revoke_app_tokens("ci", "acme")


def test_an_owner_that_suspends_the_app(app_stage: "Stage") -> None:
    """It costs that owner its canary, and no other one: before as a problem, later as a verdict."""
    stage = app_stage
    repos = [*stage.repos(1), *stage.repos(1, "beta")]
    clients = stage.app("acme", "beta", actions="write", contents="read", checks="read")
    stage.sandbox.world.set_dispatched(str(repos[0]), PATH, "well", 5)
    canary = stage.canary(repos, clients, minutes=600)
    canary.check(repos)
    stage.sandbox.world.suspend_app("ci", "beta")
    first, second = canary.run(repos)
    assert (first.well, second.well) == (True, False)
    assert "suspended" in second.said
    stage.sandbox.world.reset_stats()
    (what,) = stage.refused(*repos, clients=clients)
    assert "suspended" in what


def test_an_app_that_lacks_the_permission(app_stage: "Stage") -> None:
    """It is known before anything is written."""
    (repo,) = app_stage.repos(1)
    clients = app_stage.app("acme", actions="read", contents="read", secrets="write")
    (what,) = app_stage.refused(repo, clients=clients)
    assert what.endswith("the GitHub App for acme lacks Actions: write")


@pytest.mark.parametrize(
    ("permission", "said"),
    [
        ("contents", "it cannot be looked at: the workflow of a run cannot be read, which takes Contents: read"),
        ("actions", "it cannot be looked at: no permission: GitHub accepts actions=read"),
    ],
)
def test_without_a_permission_to_read(stage: "Stage", permission: str, said: str) -> None:
    """The workflow is not known to be a canary, so nothing begins, and the permission is named."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.add_token(stage.sandbox.token, Token(permissions={permission: Level.NONE}))
    assert stage.refused(repo) == [f'"canary.yml" cannot be a canary: {said}']


def test_a_permission_that_is_lost_meanwhile(stage: "Stage") -> None:
    """It does not come back by waiting: the verdict comes at once, and nobody waits for the time of a run."""
    (repo,) = stage.repos(1)
    lost = Token(permissions={"actions": Level.NONE})
    stage.then("POST .*/dispatches", lambda: stage.sandbox.world.add_token(stage.sandbox.token, lost))
    said = "its run cannot be looked at: no permission: GitHub accepts actions=read"
    assert stage.verdict(repo, minutes=600) == _bad(repo, said)
    assert 1 == sum("/actions/runs/" in path for path in stage.paths("GET"))


def test_without_checks(stage: "Stage") -> None:
    """A refused credential is a step that failed: what the run says of it cannot be read."""
    (repo,) = stage.repos(1)
    stage.sandbox.world.add_token(stage.sandbox.token, Token(permissions={"checks": Level.NONE}))
    assert stage.verdict(repo, "refused").said == "the step that uses it failed"


def _page(repo: Repo, run: int) -> str:
    return f"https://github.com/{repo}/actions/runs/{run}"


def _bad(repo: Repo, said: str, url: str = "") -> CanaryVerdict:
    return CanaryVerdict(repo, well=False, said=said, url=url)

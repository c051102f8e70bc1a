"""Which run decides, and what it decides: pure, over runs that are made up."""

from dataclasses import replace

import pytest

from flowforge.life.judge import RunHistory, RunReader, SecretPlace, judge
from flowforge.life.model import Life, LifeVerdict
from flowforge.life.uses import uses_of
from flowforge.workflows.results import JobResult, StepResult, WorkflowRun

PATH = ".github/workflows/w.yml"
UNREAD = "it cannot be read"
STEP = "Run anthropics/claude-code-action@v1"
WORKFLOW = b"""\
on: [push, schedule]
permissions: {id-token: write}
jobs:
  review:
    runs-on: x
    steps:
      - uses: anthropics/claude-code-action@v1
        with: {prompt: Look., anthropic_api_key: "${{ secrets.KEY }}"}
"""
PLACE = SecretPlace("KEY", "actions", "", "2026-11-01T00:00:00Z")
RUN = WorkflowRun(1, PATH, "schedule", "ada", "c1", "2026-11-02T00:00:00Z", "success", "https://github.com/r/1")


def verdict(
    *runs: tuple[WorkflowRun, str],
    notes: tuple[str, ...] = (),
    place: SecretPlace = PLACE,
    data: bytes | None = WORKFLOW,
    whole: bool = True,
    same: bool = True,
    jobs: tuple[JobResult, ...] | None = None,
    most: int = 10,
) -> LifeVerdict:
    """Judge runs, newest first, each with how its Claude step ended."""
    ended = {run.id: conclusion for run, conclusion in runs}

    def job(run: WorkflowRun) -> tuple[JobResult, ...]:
        steps = (StepResult("Set up job", "success"), StepResult(STEP, ended[run.id]))
        return (JobResult(run.id, "review", ended[run.id], "2026-11-02T00:01:00Z", f"{run.url}/job", steps),)

    reader = RunReader(
        uses=lambda run: UNREAD if data is None else uses_of({run.path: data}, run.path, "acme/a"),
        jobs=lambda run: job(run) if jobs is None else jobs,
        annotations=lambda _: notes,
        unchanged=lambda _: same,
    )
    return judge(place, RunHistory(tuple(run for run, _ in runs), whole), reader, most=most)


def test_the_newest_run_that_decides_decides() -> None:
    """A run that says nothing is passed over; a later failure goes before an earlier good end, which is still told."""
    newer, newest = replace(RUN, id=2, url="u2"), replace(RUN, id=3, url="u3")
    found = verdict((newest, "cancelled"), (newer, "failure"), (RUN, "success"))
    assert found.life is Life.FAILING
    assert (found.evidence and found.evidence.run, found.last_good and found.last_good.run) == (2, 1)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ({"created_at": PLACE.written_at}, "queued in the second of the write"),
        ({"created_at": "2026-10-31T23:59:59Z"}, "queued before it"),
        ({"event": "pull_request", "foreign": True}, "of a fork"),
        ({"event": "pull_request", "actor": "dependabot[bot]"}, "of Dependabot, which has its own store"),
    ],
)
def test_a_run_that_had_not_this_secret(run: dict[str, str], why: str) -> None:
    """It says nothing, however it ended."""
    given = replace(RUN, **run)  # type: ignore[arg-type]  # -- a table
    assert [verdict((given, each)).life for each in ("success", "failure")] == [Life.NOT_RUN] * 2, why


def test_dependabot_reads_its_own_store() -> None:
    """Its run proves the secret of its store, and no other."""
    run = replace(RUN, event="push", actor="dependabot[bot]")
    assert verdict((run, "success"), place=replace(PLACE, store="dependabot")).life is Life.ALIVE


@pytest.mark.parametrize("conclusion", ["", "skipped", "cancelled", "neutral", "action_required"])
def test_a_step_that_did_not_end(conclusion: str) -> None:
    """Nothing is known of it."""
    assert verdict((RUN, conclusion)).life is Life.UNKNOWN


@pytest.mark.parametrize(
    ("note", "life"),
    [
        ("Failed to authenticate. API Error: 401 Invalid bearer token", Life.DEAD),
        ("401 OAuth access token is invalid.", Life.DEAD),
        ("OAuth token revoked · Please run /login", Life.DEAD),
        ("Invalid API key · Fix external API key", Life.DEAD),
        ("Claude execution failed: result is_error:true", Life.FAILING),
        ("Credit balance is too low", Life.FAILING),
        ("error_max_turns", Life.FAILING),
        ("Could not fetch an OIDC token.", Life.FAILING),
    ],
)
def test_dead_is_said_only_where_the_run_says_it(note: str, life: Life) -> None:
    """Whatever else ended it: that is failing."""
    assert verdict((RUN, "failure"), notes=(note,)).life is life


def test_a_moving_tag_was_not_always_honest() -> None:
    """Before the version that tells a refused credential, a green end under it proved nothing."""
    place = replace(PLACE, written_at="2026-01-01T00:00:00Z")
    early = replace(RUN, created_at="2026-07-01T00:00:00Z")
    assert [verdict((run, "success"), place=place).life for run in (early, RUN)] == [Life.UNKNOWN, Life.ALIVE]


def test_a_workflow_that_differs_may_have_been_skipped() -> None:
    """On a push of a changed workflow the action ends green; what the default branch has always runs."""
    pushed = replace(RUN, event="push")
    found = [verdict((run, "success"), same=False).life for run in (pushed, RUN)]
    assert found == [Life.UNKNOWN, Life.ALIVE]


def test_nothing_is_said_of_what_was_not_seen() -> None:
    """A list that was cut, files that cannot be read and runs without an end to them are unknown, and not `not_run`."""
    other = b"on: push\njobs: {}\n"
    assert verdict(whole=True).life is Life.NOT_RUN
    assert verdict((RUN, "success"), data=other).life is Life.NOT_RUN
    assert verdict((RUN, "success"), data=other, whole=False).life is Life.UNKNOWN
    assert verdict((RUN, "success"), data=None) == LifeVerdict(Life.UNKNOWN, UNREAD)
    assert verdict((RUN, "success"), jobs=()).life is Life.UNKNOWN
    many = [(replace(RUN, id=number), "cancelled") for number in range(2, 7)]
    assert verdict(*many, (RUN, "success"), most=5).life is Life.UNKNOWN


def two_jobs(first: str, second: str, notes: tuple[str, ...] = (), name: str = "${{ matrix.what }}") -> LifeVerdict:
    """Judge a run of two jobs: the first uses another secret, the second, which has this name, ours."""
    step = "      - uses: anthropics/claude-code-action@v1\n"
    step += "        with: {prompt: Look., anthropic_api_key: '${{ secrets.%s }}'}\n"
    data = "on: schedule\npermissions: {id-token: write}\njobs:\n"
    data += f"  a:\n    name: Claude\n    runs-on: x\n    steps:\n{step % 'OTHER'}"
    data += f"  b:\n    name: {name}\n    runs-on: x\n    steps:\n{step % 'KEY'}"
    steps = {each: (StepResult(STEP, each),) for each in ("success", "failure", "skipped")}
    jobs = (
        JobResult(1, "Claude", first, "", "", steps[first]),
        JobResult(2, "Claude" if name == "Claude" else "web", second, "", "", steps[second]),
    )
    return verdict((RUN, ""), data=data.encode(), jobs=jobs, notes=notes)


@pytest.mark.parametrize("name", ["${{ matrix.what }}", "Claude", "Cl${{ matrix.x }}"])
@pytest.mark.parametrize("ended", ["success", "failure"])
def test_another_job_is_not_taken_for_this_one(name: str, ended: str) -> None:
    """What may be either of two jobs says nothing: neither a good end nor a refusal."""
    assert two_jobs(ended, "skipped", ("Invalid bearer token",), name=name).life is Life.UNKNOWN


def test_another_step_is_not_taken_for_this_one() -> None:
    """A check is that of a whole job: what a second failed step, or a second Claude step, has said is not ours."""
    steps = (StepResult("Test", "failure"), StepResult(STEP, "failure"))
    job = JobResult(1, "review", "failure", "", "", steps)
    assert verdict((RUN, ""), jobs=(job,), notes=("Invalid bearer token",)).life is Life.FAILING
    assert verdict((RUN, "failure"), notes=("Invalid API key provided by Stripe",)).life is Life.FAILING
    second = WORKFLOW[WORKFLOW.index(b"      - uses") :].replace(b"KEY", b"OTHER")
    data = WORKFLOW + second.replace(b"- uses", b"- name: Second\n        uses")
    two = verdict((RUN, "failure"), notes=("Invalid bearer token",), data=data)
    assert two.life is Life.FAILING


@pytest.mark.parametrize(
    "more",
    [
        b"  b: {uses: acme/shared/.github/workflows/c.yml@main, secrets: inherit}\n",
        b"  b: {uses: acme/shared/.github/workflows/c.yml@main, secrets: {key: '${{ secrets.KEY }}'}}\n",
        b"  b: {runs-on: x, steps: [{run: python ask.py, env: {KEY: '${{ secrets.KEY }}'}}]}\n",
        b"  b: {runs-on: x, steps: [{run: python ask.py, env: {ALL: '${{ toJSON(secrets) }}'}}]}\n",
        b"  b: [\n",
    ],
)
def test_what_may_use_it_otherwise_is_not_called_unused(more: bytes) -> None:
    """A workflow that hands the secret on, or that cannot be read, may have used it: that is unknown."""
    assert verdict((RUN, "success"), data=b"on: push\njobs:\n" + more).life is Life.UNKNOWN


def test_runs_without_a_file_are_passed_over() -> None:
    """Those of GitHub's own, such as code scanning's, hide nothing, however many there are."""
    dynamic = [(replace(RUN, id=number, path="dynamic/codeql", event="dynamic"), "success") for number in range(2, 20)]
    assert verdict(*dynamic, (RUN, "success")).life is Life.ALIVE


def test_jobs_of_one_run() -> None:
    """One good end among failures is life; a refusal beside a good end is a contradiction."""
    steps = {name: (StepResult(STEP, name),) for name in ("success", "failure")}
    jobs = tuple(JobResult(each, "review", "", "", "", steps[name]) for each, name in enumerate(steps))
    assert verdict((RUN, ""), jobs=jobs).life is Life.ALIVE
    assert verdict((RUN, ""), jobs=jobs, notes=("Invalid bearer token",)).life is Life.UNKNOWN


def test_a_job_with_an_environment() -> None:
    """It proves the environment's own secret; of the repository's it says nothing, since the other may be used."""
    data = WORKFLOW.replace(b"    runs-on: x", b"    runs-on: x\n    environment: prod")
    own, repos, others = (replace(PLACE, environment=each) for each in ("prod", "", "staging"))
    found = [verdict((RUN, "success"), place=place, data=data).life for place in (own, repos, others)]
    assert found == [Life.ALIVE, Life.UNKNOWN, Life.UNKNOWN]


@pytest.mark.parametrize(
    ("event", "same", "life"),
    [
        *(
            (event, False, Life.ALIVE)
            for event in (
                *("discussion", "discussion_comment", "issue_comment", "issues", "pull_request_target"),
                *("repository_dispatch", "schedule", "workflow_run"),
            )
        ),
        ("push", False, Life.UNKNOWN),
        ("push", True, Life.ALIVE),
        ("pull_request", False, Life.UNKNOWN),
        ("pull_request", True, Life.ALIVE),
        ("workflow_dispatch", False, Life.UNKNOWN),
    ],
)
def test_whose_file_an_event_runs(event: str, same: bool, life: Life) -> None:  # noqa: FBT001 -- a table
    """Of these events GitHub runs the file of the default branch; of others the commit's must be the same as that."""
    assert verdict((replace(RUN, event=event), "success"), same=same).life is life

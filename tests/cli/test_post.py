"""`flowforge post`: one comment on a pull request, or one issue, by whoever may write it."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

from flowforge.sandbox import Token, TokenKind
from flowforge.sandbox.rules.access import Level
from flowforge.sandbox.rules.faults import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

OPS: Final = "acme/ops"
BOT: Final = "github-actions[bot]"
SHA: Final = "ab" * 20
TOKEN: Final = "ghs_" + "plainlyfake" * 3
MARK: Final = "<!-- flowforge post pr -->\n"
UNVERIFIED: Final = "<!-- flowforge post unverified -->\n"
NOTHING: Final = "No changes. GitHub matches the manifest."
POST: Final = ("post", "--to", "pr", "p.json")


@pytest.fixture
def job(fleet: "Fleet") -> "Fleet":
    """Let a fleet's commands be steps of a job for the pull request acme/ops#1, with a plan's report in p.json."""
    world = fleet.sandbox.world
    world.create_repo(OPS)
    assert 1 == world.open_pull(OPS, "topic", sha=SHA)
    writes = {"issues": Level.WRITE, "pull_requests": Level.WRITE}
    world.add_token(TOKEN, Token(TokenKind.WORKFLOW, permissions=writes))
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": OPS,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_STEP_SUMMARY": str(fleet.folder / "summary"),
    }
    for name, value in environment.items():
        fleet.monkeypatch.setenv(name, value)
    event(fleet, "pull_request", {"pull_request": {"number": 1, "head": {"sha": SHA}}})
    replan(fleet)
    return fleet


def event(fleet: "Fleet", name: str, payload: object) -> None:
    """Let an event begin the run."""
    (fleet.folder / "event.json").write_text(json.dumps(payload), "utf-8")
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", name)
    fleet.monkeypatch.setenv("GITHUB_EVENT_PATH", str(fleet.folder / "event.json"))


def replan(fleet: "Fleet") -> "Done":
    """Plan, with its report in p.json."""
    fleet.monkeypatch.setenv("FLOWFORGE_ACTIONS", "0")
    done = fleet.flowforge("plan", "--report", "json=p.json")
    fleet.monkeypatch.setenv("FLOWFORGE_ACTIONS", "1")
    return done


def comments(fleet: "Fleet", number: int = 1) -> list[tuple[str, str]]:
    """Return the author and the text of each comment."""
    return [(str(each["author"]), str(each["body"])) for each in fleet.sandbox.world.comments(OPS, number)]


def edited(fleet: "Fleet", **more: object) -> None:
    """Change the report by hand."""
    file = fleet.folder / "p.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | more), "utf-8")


def test_a_comment_is_made_and_edited_in_place(job: "Fleet") -> None:
    """The second plan of the pull request is in the comment of the first; others' stay, with its marker in them too."""
    job.sandbox.world.add_comment(OPS, 1, f"{MARK}mine", author="somebody")
    first = job.flowforge(*POST)
    assert (0, "Posted to acme/ops#1.\n", "") == (first.code, first.out, first.err)
    assert 0 == job.flowforge("apply", "--yes").code
    replan(job)
    second = job.flowforge(*POST)
    assert (0, "Updated on acme/ops#1.\n") == (second.code, second.out)
    mine, own = comments(job)
    assert ("somebody", f"{MARK}mine") == mine
    assert (BOT, f"{MARK}{NOTHING}\n") == (own[0], own[1][: len(MARK) + len(NOTHING) + 1])
    job.requests()
    job.flowforge(*POST)
    comments_of = "/repos/{owner}/{repo}/issues/{number}/comments"
    assert {"GET /user": 1, "POST /graphql": 1, f"GET {comments_of}": 1} == job.requests()


def test_a_person_and_a_name(job: "Fleet") -> None:
    """A personal token edits its own comment alone; a name has a comment of its own, with a heading."""
    assert 0 == job.flowforge(*POST).code
    job.monkeypatch.setenv("MINE", job.sandbox.token)
    for _ in range(2):
        assert 0 == job.flowforge(*POST, "--token-env", "MINE").code
        assert 0 == job.flowforge(*POST, "--name", "acme").code
    plain, person, named = comments(job)
    assert ((BOT, MARK), ("rehearsal", MARK)) == (
        (plain[0], plain[1][: len(MARK)]),
        (person[0], person[1][: len(MARK)]),
    )
    assert named[1].startswith(f"<!-- flowforge post pr acme -->\n### acme `{SHA[:7]}`\n\nPlan: 5 to create")


@pytest.mark.parametrize(
    ("arrange", "why"),
    [
        (lambda world: world.add_token(TOKEN, Token(TokenKind.WORKFLOW)), "no permission: GitHub accepts"),
        (lambda world: world.lock_issue(OPS, 1), "Unable to create comment because issue is locked."),
        (lambda world: world.archive_repo(OPS), "archived"),
    ],
    ids=["a fork's token", "locked", "archived"],
)
def test_what_is_not_permitted_goes_to_the_summary(job: "Fleet", arrange: Callable[[Any], None], why: str) -> None:
    """One warning, and exit code 0; without a summary the warning alone."""
    arrange(job.sandbox.world)
    done = job.flowforge(*POST)
    assert (0, "", True, 1) == (
        done.code,
        done.out,
        done.err.startswith("warning: nothing was posted to acme/ops"),
        done.err.count("\n"),
    )
    assert (True, True) == (why in done.err, done.err.endswith("; the summary of this step has it instead\n"))
    assert (job.folder / "summary").read_text("utf-8").startswith("Plan: 5 to create, ")
    job.monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert (0, False) == ((again := job.flowforge(*POST)).code, "instead" in again.err)
    assert [] == comments(job)


def issues(fleet: "Fleet") -> list[tuple[object, object]]:
    """Return the number and the state of each issue."""
    return [(each["number"], each["state"]) for each in fleet.sandbox.world.issues(OPS)]


def test_one_issue_opens_changes_closes_and_opens_again(job: "Fleet") -> None:
    """Night after night; trouble after it was closed leaves exactly one open, and somebody else's is never touched."""
    world, post = job.sandbox.world, ("post", "--to", "issue", "p.json")
    event(job, "schedule", {})
    world.open_issue(OPS, "Mine", body="<!-- flowforge post issue -->\n", author="somebody")
    said = [job.flowforge(*post).out, job.flowforge(*post).out]
    assert 0 == job.flowforge("apply", "--yes").code
    replan(job)
    said += [job.flowforge(*post).out, job.flowforge(*post).out]
    assert [(2, "open"), (3, "closed")] == issues(job)
    job.later()
    world.delete_secret("acme/repo-001", "ANTHROPIC_API_KEY")
    replan(job)
    said += [job.flowforge(*post).out]
    assert [(2, "open"), (3, "closed"), (4, "open")] == issues(job)
    assert [
        "Posted to acme/ops.\n",
        "Updated on acme/ops.\n",
        "All is well: the issue of acme/ops is closed.\n",
        "All is well: acme/ops needs no issue.\n",
        "Posted to acme/ops.\n",
    ] == said
    texts = {each["number"]: str(each["body"]).splitlines()[1] for each in world.issues(OPS) if each["number"] != 2}
    assert {3: NOTHING, 4: "Plan: 1 to create, 0 to update, 0 to delete, 4 in sync."} == texts
    world.enable_issues(OPS, enabled=False)
    done = job.flowforge(*post)
    assert (0, True) == (done.code, "the summary of this step has it instead" in done.err)


def test_a_failed_run_is_trouble_too(job: "Fleet") -> None:
    """The document of an error opens the issue; a finished apply closes it."""
    event(job, "schedule", {})
    post = ("post", "--to", "issue", "p.json")
    job.monkeypatch.delenv("ACME_KEY")
    assert 1 == job.flowforge("apply", "--yes", "--report", "json=p.json").code
    assert "Posted to acme/ops.\n" == job.flowforge(*post).out
    assert "Stopped by " in str(job.sandbox.world.issues(OPS)[0]["body"])
    job.set_key()
    assert 0 == job.flowforge("apply", "--yes", "--report", "json=p.json").code
    assert "All is well: the issue of acme/ops is closed.\n" == job.flowforge(*post).out


@pytest.mark.parametrize("to", ["pr", "issue"])
def test_a_lost_answer_leaves_one(job: "Fleet", to: str) -> None:
    """A write whose answer never came was done, and is sent again: one stays, the other says where to look."""
    world = job.sandbox.world
    world.faults.add(Fault("^POST /repos/", FaultKind.RESET_AFTER))
    done = job.flowforge("post", "--to", to, "p.json")
    assert (0, True) == (done.code, done.out.startswith("Posted to acme/ops"))
    if to == "pr":
        texts = [text.splitlines()[0] for _, text in comments(job)]
        assert [MARK.strip(), "This report is kept in another comment of this pull request."] == texts
    else:
        assert [(2, "open"), (3, "closed")] == issues(job)


def test_a_long_report_is_folded(job: "Fleet") -> None:
    """What 150 long targets say is more than a comment holds: the sentence is whole, the rest is counted."""
    names = job.sandbox.world.create_repos("beta", 150)
    entries = "".join(
        f"  - {{name: 'T{repo} {'long ' * 90}', repos: [{repo}], credential: ci-key}}\n" for repo in names
    )
    job.simple("acme/repo-001", more=entries)
    replan(job)
    assert 0 == job.flowforge(*POST).code
    ((_, text),) = comments(job)
    assert (True, True) == (64_000 < len(text.encode()) <= 65_536, "more, which do not fit here." in text)
    assert text.startswith(f"{MARK}Plan: 151 to create, ")


def follow(fleet: "Fleet", *, repo: str = "fork/ops", branch: str = "topic", sha: str = SHA) -> None:
    """Let the run follow that of a pull request."""
    head = {"head_repository": {"full_name": repo}, "head_branch": branch, "head_sha": sha, "pull_requests": []}
    event(fleet, "workflow_run", {"workflow_run": head})


@pytest.fixture
def forked(job: "Fleet") -> "Fleet":
    """Let the run follow that of a fork's pull request, acme/ops#2."""
    job.sandbox.world.create_repo("fork/ops", fork=True, private=False)
    assert 2 == job.sandbox.world.open_pull(OPS, "topic", head="fork/ops", sha=SHA)
    edited(job, commit=SHA)
    follow(job)
    return job


def test_a_forks_report_is_believed_in_nothing(forked: "Fleet") -> None:
    """Its comment is found by the API, says what it is, has counts and lines alone; the trusted one stays."""
    forked.sandbox.world.add_comment(OPS, 2, f"{MARK}trusted", author=BOT)
    edited(forked, warnings=["SPOKEN"], in_sync=True, counts=dict.fromkeys(read(forked)["counts"], 0))
    for _ in range(2):
        done = forked.flowforge(*POST)
        assert (0, "") == (done.code, done.err)
    trusted, own = comments(forked, 2)
    assert (BOT, f"{MARK}trusted") == trusted
    heading = f"{UNVERIFIED}### Plan made by code of a fork, not verified `{SHA[:7]}`\n\nPlan: 5 to create, "
    assert (True, False, []) == (own[1].startswith(heading), "SPOKEN" in own[1], comments(forked, 1))


def test_a_pull_request_of_the_same_repo(forked: "Fleet") -> None:
    """It follows too, is headed by what is so, and is no fork's."""
    follow(forked, repo="ACME/ops")
    assert 0 == forked.flowforge(*POST).code
    ((_, text),) = comments(forked, 1)
    assert text.startswith(f"{UNVERIFIED}### Plan made by code of a pull request, not verified `{SHA[:7]}`\n")


def read(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    """Return the report."""
    return json.loads((fleet.folder / "p.json").read_text("utf-8"))


CLOSE: Final = "close all of them but one"
NEWER: Final = "nothing: a newer run posts for a newer commit"
BRANCH: Final = f'  why: its branch is "fork/ops:topic", its commit "{SHA}"\n'


def test_exactly_one_open_pull_request(forked: "Fleet") -> None:
    """None that is still open at that commit, and two, are errors: nothing is posted anywhere."""
    world = forked.sandbox.world
    world.open_pull(OPS, "topic", head="fork/ops", sha=SHA)
    two = forked.flowforge(*POST)
    assert (
        1,
        f"error FF809: {OPS}: 2 open pull requests have the commit that the run worked on\n{BRANCH}  fix: {CLOSE}\n",
    ) == (two.code, two.err)
    world.close_issue(OPS, 3)
    world.push_pull(OPS, 2, "cd" * 20)
    none = forked.flowforge(*POST)
    assert (
        1,
        f"error FF809: {OPS}: no open pull request has the commit that the run worked on\n{BRANCH}  fix: {NEWER}\n",
    ) == (none.code, none.err)
    assert ([], []) == (comments(forked, 1), comments(forked, 2))


def test_what_a_run_that_follows_may_not_say(forked: "Fleet") -> None:
    """Neither an issue nor another place: the report may be anybody's."""
    expected = (
        "error FF807: in workflow_run a report is posted to its own pull request alone\n"
        "  why: the run before may have been a fork's, and a report of it says what its author likes\n"
        "  fix: say --to pr, without --repo and --number\n"
    )
    for args in (("post", "--to", "issue", "p.json"), (*POST, "--number", "1"), (*POST, "--repo", OPS)):
        done = forked.flowforge(*args)
        assert (1, expected) == (done.code, done.err)
    event(forked, "workflow_run", {"workflow_run": {"head_branch": "topic"}})
    done = forked.flowforge(*POST)
    assert (
        1,
        (
            "error FF805: it is not known what to post to\n"
            "  why: GITHUB_EVENT_PATH does not say which commit of which repository the followed run worked on\n"
            "  fix: run it in the job itself\n"
        ),
    ) == (done.code, done.err)


def test_another_commit(forked: "Fleet") -> None:
    """A report that names another commit than the run, or than the pull request, is refused."""
    for name in ("workflow_run", "pull_request"):
        edited(forked, commit="cd" * 20)
        done = forked.flowforge(*POST)
        assert (
            1,
            (
                "error FF806: the report is of another commit than the pull request\n"
                f'  why: it names "{"cd" * 20}", not {SHA}\n'
                "  fix: post the report of the run that began this one\n"
            ),
        ) == (done.code, done.err), name
        event(forked, "pull_request", {"pull_request": {"number": 1, "head": {"sha": SHA}}})


def test_a_plan_of_a_pull_request_names_its_newest_commit(job: "Fleet") -> None:
    """And the host; CI itself has checked out a merge of it, which nobody knows."""
    job.monkeypatch.setenv("GITHUB_SHA", "ee" * 20)
    assert (SHA, "127.0.0.1") == (read(job)["commit"], read(job)["host"])
    event(job, "push", {})
    replan(job)
    assert "ee" * 20 == read(job)["commit"]

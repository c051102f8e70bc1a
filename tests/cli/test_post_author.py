"""As whom `flowforge post` writes: a workflow's token, an App's, a person's. Each edits its own, and nobody else's."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from flowforge.ci_event import Event
from flowforge.run import posting
from flowforge.sandbox import Fault, FaultKind, Token, TokenKind
from flowforge.sandbox.rules.access import Level
from tests.app_keys import app_key, assertion, pem

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

OPS: Final = "acme/ops"
WRITES: Final = {"issues": "write", "pull_requests": "write"}
MARKS: Final = {"pr": "<!-- flowforge post pr -->", "issue": "<!-- flowforge post issue -->"}
NAMES: Final = {"workflow": "github-actions[bot]", "app": "report-bot[bot]", "person": "ada"}


def workflow(fleet: "Fleet") -> str:
    """Return the token of a job."""
    token = "ghs_" + "plainlyfake" * 3
    permissions = dict.fromkeys(WRITES, Level.WRITE)
    fleet.sandbox.world.add_token(token, Token(TokenKind.WORKFLOW, permissions=permissions))
    return token


def app(fleet: "Fleet") -> str:
    """Return a token that the App `report-bot` had minted."""
    world = fleet.sandbox.world
    made = world.create_app("report-bot", pem(app_key()), permissions=WRITES)
    number = world.install_app("report-bot", "acme")
    header = {"authorization": f"Bearer {assertion(made['client_id'], world.clock.now())}"}
    url = f"{fleet.sandbox.url}/app/installations/{number}/access_tokens"
    return str(httpx.post(url, headers=header, trust_env=False).json()["token"])


def person(fleet: "Fleet") -> str:
    """Return a token of somebody's own."""
    token = "github_pat_" + "plainlyfake" * 3
    fleet.sandbox.world.add_token(token, Token(login="ada"))
    return token


TOKENS: Final[dict[str, Callable[["Fleet"], str]]] = {"workflow": workflow, "app": app, "person": person}


@pytest.fixture
def job(fleet: "Fleet") -> "Fleet":
    """Let a fleet's commands post a plan to the pull request acme/ops#1, or as an issue, with a summary."""
    fleet.sandbox.world.create_repo(OPS)
    assert 1 == fleet.sandbox.world.open_pull(OPS, "topic")
    assert 0 == fleet.flowforge("plan", "--report", "json=p.json").code
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(fleet.folder / "summary")}.items():
        fleet.monkeypatch.setenv(name, value)
    return fleet


def post(fleet: "Fleet", to: str, token: str) -> tuple[int, str]:
    """Post with a token in the variable that workflows use, whoever's it is; return code and what was said."""
    fleet.monkeypatch.setenv("GITHUB_TOKEN", token)
    place = ("--number", "1") if to == "pr" else ()
    done = fleet.flowforge("post", "--to", to, "--repo", OPS, *place, "p.json")
    return done.code, done.out + done.err


def there(fleet: "Fleet", to: str) -> list[tuple[str, str]]:
    """Return the author and the first line of each comment, or of each issue."""
    world = fleet.sandbox.world
    found = world.comments(OPS, 1) if to == "pr" else world.issues(OPS)
    return [(str(each["author"]), str(each["body"]).splitlines()[0]) for each in found]


@pytest.mark.parametrize("to", ["pr", "issue"])
@pytest.mark.parametrize("kind", TOKENS)
def test_each_edits_its_own(job: "Fleet", to: str, kind: str) -> None:
    """Posted once and then updated, beside what everybody else wrote with the same marker, which stays as it is."""
    world, others = (
        job.sandbox.world,
        sorted({*NAMES.values(), "report-bot", "github-actions", "mallory"} - {NAMES[kind]}),
    )
    for author in others:
        if to == "pr":
            world.add_comment(OPS, 1, f"{MARKS[to]}\nof {author}", author=author)
        else:
            world.open_issue(OPS, "Mine", body=f"{MARKS[to]}\nof {author}", author=author)
    before = world.comments(OPS, 1) if to == "pr" else world.issues(OPS)
    token = TOKENS[kind](job)
    place = f"{OPS}#1" if to == "pr" else OPS
    assert [(0, f"Posted to {place}.\n"), (0, f"Updated on {place}.\n")] == [post(job, to, token) for _ in range(2)]
    assert [*((author, MARKS[to]) for author in others), (NAMES[kind], MARKS[to])] == there(job, to)
    assert before == (world.comments(OPS, 1) if to == "pr" else world.issues(OPS))[:-1]


@pytest.mark.parametrize("to", ["pr", "issue"])
def test_who_does_not_know_its_name_writes_nothing(job: "Fleet", to: str) -> None:
    """Neither a new comment each time nor somebody else's changed: the summary has it, with one warning."""
    world = job.sandbox.world
    world.add_comment(OPS, 1, f"{MARKS['pr']}\nof the bot", author=NAMES["workflow"])
    world.open_issue(OPS, "Mine", body=f"{MARKS['issue']}\nof the bot", author=NAMES["workflow"])
    before = there(job, "pr"), there(job, "issue")
    token = app(job)
    for status, message in ((403, "Resource not accessible by integration"), (404, "Not Found")):
        world.faults.add(Fault("^POST /graphql", FaultKind.STATUS, status=status, message=message))
        place = f"{OPS}#1" if to == "pr" else OPS
        said = (
            f"warning: nothing was posted to {place}: GitHub does not say as whom this token writes; "
            "the summary of this step has it instead\n"
        )
        assert (0, said) == post(job, to, token)
    assert before == (there(job, "pr"), there(job, "issue"))
    assert 2 == (job.folder / "summary").read_text("utf-8").count("Plan: 5 to create, ")


def test_why_nothing_was_written(job: "Fleet") -> None:
    """The problem that goes with it says what would help."""
    job.sandbox.world.faults.add(Fault("^POST /graphql", FaultKind.STATUS, status=404, message="Not Found"))
    environ = {"GITHUB_TOKEN": app(job), "GITHUB_API_URL": job.sandbox.url}
    posted = posting.post(posting.PostRequest("pr", OPS, 1, "", environ, Event("", {})), posting.Message("m", "m"))
    expected = (
        "error FF822: acme/ops#1: GitHub does not say as whom this token writes\n"
        "  why: a report is kept by whoever wrote it, and by nobody else\n"
        "  fix: give the workflow's own token: GITHUB_TOKEN"
    )
    assert ("refused", expected) == (posted.did, str(posted.problem))

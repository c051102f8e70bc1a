"""Issues, pull requests and comments: as GitHub describes them, and refused as GitHub refuses them."""

from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
from openapi_core import OpenAPI

from flowforge.sandbox import Sandbox, Token, TokenKind
from flowforge.sandbox.rules.access import Level
from tests.openapi import check, github_description

REPO: Final = "/repos/acme/repo-001"
LONG: Final = "x" * 65_537
AsToken = Callable[[Token], dict[str, str]]


@pytest.fixture(scope="module")
def github() -> OpenAPI:
    """Read GitHub's description of its API once."""
    return github_description()


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return the status of an answer, and what GitHub says is wrong."""
    return answer.status_code, answer.json()["message"]


def test_all_is_as_github_describes_it(sandbox: Sandbox, http: httpx.Client, github: OpenAPI) -> None:
    """An issue and a pull request, from the first comment to the end, by people and by bots."""
    sandbox.world.create_repo("somebody/repo-001", fork=True, private=False)
    pull = sandbox.world.open_pull("acme/repo-001", "topic", head="somebody/repo-001")
    opened = http.post(f"{REPO}/issues", json={"title": "Drift", "body": "two secrets"})
    issue = f"{REPO}/issues/{opened.json()['number']}"
    written = http.post(f"{issue}/comments", json={"body": "first"})
    comment = f"{REPO}/issues/comments/{written.json()['id']}"
    sandbox.world.add_comment("acme/repo-001", pull, "from a bot", author="ci[bot]")
    answers = [
        opened,
        written,
        http.get(f"{REPO}/issues?state=all"),
        http.get(f"{REPO}/pulls?head=somebody:topic"),
        http.get(f"{REPO}/issues/{pull}/comments"),
        http.patch(comment, json={"body": "second"}),
        http.get(comment),
        http.get(f"{issue}/comments"),
        http.patch(issue, json={"state": "closed", "state_reason": "completed", "body": "none"}),
        http.get(issue),
    ]
    assert [201, 201, *[200] * 8] == [each.status_code for each in answers]
    for each in answers:
        check(github, each)
    assert ("second", "closed", "none", "Bot") == (
        answers[6].json()["body"],
        answers[9].json()["state"],
        answers[9].json()["body"],
        answers[4].json()[0]["user"]["type"],
    )


def test_lists(sandbox: Sandbox, http: httpx.Client) -> None:
    """Issues are listed with the pull requests, newest first and by state and author; pull requests by their branch."""
    world = sandbox.world
    numbers = [world.open_issue("acme/repo-001", "A"), world.open_issue("acme/repo-001", "B", author="me")]
    numbers += [world.open_pull("acme/repo-001", "topic"), world.open_pull("acme/repo-001", "other")]
    world.close_issue("acme/repo-001", numbers[0])

    def listed(path: str) -> list[int]:
        return [each["number"] for each in http.get(f"{REPO}{path}").json()]

    assert ([4, 3, 2], [1], [4, 3, 2, 1], [2], [1, 2, 3, 4]) == (
        listed("/issues"),
        listed("/issues?state=closed"),
        listed("/issues?state=all"),
        listed("/issues?creator=me"),
        listed("/issues?state=all&direction=asc"),
    )
    assert ([4, 3], [3], []) == (
        listed("/pulls"),
        listed("/pulls?head=acme:topic"),
        listed("/pulls?head=somebody:topic"),
    )
    pages = http.get(f"{REPO}/issues?state=all&per_page=3")
    assert (3, True) == (len(pages.json()), 'rel="next"' in pages.headers["link"])


def test_what_is_refused(sandbox: Sandbox, http: httpx.Client) -> None:
    """What is too long, empty, missing, locked or switched off, each in GitHub's words."""
    world = sandbox.world
    number = world.open_issue("acme/repo-001", "A")
    path = f"{REPO}/issues/{number}"
    long = http.post(f"{path}/comments", json={"body": LONG})
    assert ((422, "Validation Failed"), "body is too long (maximum is 65536 characters)") == (
        said(long),
        long.json()["errors"][0]["message"],
    )
    assert (422, "Validation Failed") == said(http.post(f"{path}/comments", json={"body": " "}))
    assert (422, "Validation Failed") == said(http.patch(path, json={"state": "gone"}))
    assert (404, "Not Found") == said(http.get(f"{REPO}/issues/9"))
    assert (404, "Not Found") == said(http.get(f"{REPO}/issues/comments/9"))
    world.lock_issue("acme/repo-001", number)
    assert 201 == http.post(f"{path}/comments", json={"body": "mine"}).status_code
    world.enable_issues("acme/repo-001", enabled=False)
    gone = (410, "Issues has been disabled in this repository.")
    tries = [http.get(f"{REPO}/issues"), http.post(f"{REPO}/issues", json={"title": "A"}), http.get(path)]
    assert [gone] * 3 == [said(each) for each in tries]
    pull = world.open_pull("acme/repo-001", "topic")
    assert 201 == http.post(f"{REPO}/issues/{pull}/comments", json={"body": "still"}).status_code


def test_who_may_comment(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A workflow's token needs `issues` or, on a pull request, `pull-requests`, and comments as github-actions[bot]."""
    world = sandbox.world
    issue, pull = world.open_issue("acme/repo-001", "A"), world.open_pull("acme/repo-001", "topic")
    write = {name: as_token(Token(TokenKind.WORKFLOW, permissions=granted)) for name, granted in GRANTS.items()}

    def comment(number: int, name: str) -> Any:  # noqa: ANN401 -- JSON
        answer = http.post(f"{REPO}/issues/{number}/comments", json={"body": "x"}, headers=write[name])
        return answer.json()["user"]["login"] if answer.status_code == 201 else said(answer)

    refused = (403, "Resource not accessible by integration")
    expected = {"nothing": (refused, refused), "issues": (BOT, BOT), "pulls": (refused, BOT)}
    assert expected == {name: (comment(issue, name), comment(pull, name)) for name in GRANTS}
    world.lock_issue("acme/repo-001", pull)
    assert (403, "Unable to create comment because issue is locked.") == comment(pull, "pulls")


BOT: Final = "github-actions[bot]"
GRANTS: Final = {"nothing": {}, "issues": {"issues": Level.WRITE}, "pulls": {"pull_requests": Level.WRITE}}


def test_the_verbs(sandbox: Sandbox) -> None:
    """What tests see of it, and a branch that moves on; of what is not there it says so."""
    world = sandbox.world
    number = world.open_pull("acme/repo-001", "topic", sha="a" * 40)
    world.push_pull("acme/repo-001", number, "b" * 40)
    world.add_comment("acme/repo-001", number, "hello")
    assert [("somebody", "hello")] == [(each["author"], each["body"]) for each in world.comments("acme/repo-001", 1)]
    plain = world.open_issue("acme/repo-001", "A")
    assert [{"number": 2, "author": "somebody", "title": "A", "body": "", "state": "open"}] == world.issues(
        "acme/repo-001"
    )
    with pytest.raises(ValueError, match="it is no pull request"):
        world.push_pull("acme/repo-001", plain, "b" * 40)
    with pytest.raises(KeyError, match="issue 7"):
        world.close_issue("acme/repo-001", 7)

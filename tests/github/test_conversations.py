"""Comments, issues and pull requests: what is asked of GitHub, and answers that are none of GitHub's."""

import json
from collections.abc import Callable
from functools import partial
from typing import Final

import httpx
import pytest
from openapi_core import OpenAPI

from flowforge.github import conversations as talk
from flowforge.github.conversations import CommentOrIssue, PullHead
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.plan.address import Repo
from flowforge.sandbox import Sandbox
from tests.openapi import check, github_description

OPS: Final = Repo.parse("acme/ops")
Scripted = Callable[..., Client]
Connect = Callable[..., Client]


@pytest.fixture(scope="module")
def github() -> OpenAPI:
    """Read GitHub's description of its API once."""
    return github_description()


def test_a_round_on_the_sandbox(sandbox: Sandbox, connect: Connect) -> None:
    """What is written is found again, with its author; what is closed is not."""
    world, client = sandbox.world, connect()
    world.create_repo("acme/ops")
    world.create_repo("fork/ops", fork=True, private=False)
    pull = world.open_pull("acme/ops", "a b#c", head="fork/ops", sha="ab" * 20)
    world.open_pull("acme/ops", "a b#c")
    for number in range(20):
        world.add_comment("acme/ops", pull, str(number))
    talk.add_comment(client, OPS, pull, "mine")
    found = talk.comments(client, OPS, pull)
    assert ("rehearsal", 21, ("rehearsal", "mine")) == (
        talk.own_login(client),
        len(found),
        (found[-1].author, found[-1].text),
    )
    talk.edit_comment(client, OPS, found[-1].number, "changed")
    assert "changed" == talk.comments(client, OPS, pull)[-1].text
    assert [PullHead(pull, "fork/ops", "a b#c", "ab" * 20)] == talk.pulls_of(client, OPS, "fork", "a b#c")
    for title in ("One", "Two"):
        talk.create_issue(client, OPS, title, title.lower())
    world.open_issue("acme/ops", "Other")
    one, two = talk.open_issues(client, OPS, "rehearsal")
    assert ([3, 4], ["one", "two"]) == ([one.number, two.number], [one.text, two.text])
    talk.edit_issue(client, OPS, 3, "changed")
    talk.edit_issue(client, OPS, 4, "gone", close="completed")
    assert [CommentOrIssue(3, "rehearsal", "changed")] == talk.open_issues(client, OPS, "rehearsal")


def test_requests_are_as_github_describes_them(scripted: Scripted, github: OpenAPI) -> None:
    """Each request validates against GitHub's description, and so does what it is answered with."""
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201 if request.method == "POST" else 200, json=[] if request.method == "GET" else {})

    client = scripted(handle)
    talk.add_comment(client, OPS, 1, "x")
    talk.edit_comment(client, OPS, 7, "x")
    talk.create_issue(client, OPS, "title", "x")
    talk.edit_issue(client, OPS, 1, "x", close="not_planned")
    assert ([], [], []) == (
        talk.comments(client, OPS, 1),
        talk.open_issues(client, OPS, "github-actions[bot]"),
        talk.pulls_of(client, OPS, "fork", "a/b"),
    )
    for request in asked:
        if request.method == "GET":
            check(github, httpx.Response(200, json=[], request=request))
    assert [
        {"body": "x"},
        {"body": "x"},
        {"title": "title", "body": "x"},
        {"body": "x", "state": "closed", "state_reason": "not_planned"},
    ] == [json.loads(request.content) for request in asked if request.content]


def refusal(call: Callable[[], object]) -> str:
    """Return the first line of what a call is refused with."""
    with pytest.raises(RepoError) as caught:
        call()
    return str(caught.value).splitlines()[0]


def test_answers_of_another_shape(scripted: Scripted) -> None:
    """What lacks its id, its head or its login is refused; a deleted account and a deleted fork are not."""

    def client(data: object) -> Client:
        return scripted(lambda _: httpx.Response(200, json=data))

    assert "error FF327: a user without a login" == refusal(lambda: talk.own_login(client({"id": 1})))
    assert "error FF327: a comment or an issue without its id" == refusal(
        lambda: talk.comments(client([{"id": "1", "body": "x"}]), OPS, 1)
    )
    assert "error FF327: a pull request without its number or its head" == refusal(
        lambda: talk.pulls_of(client([{"number": 1, "head": None}]), OPS, "a", "b")
    )
    gone = [{"id": 1, "user": None, "body": None}, {"id": 2, "user": {"login": 7}, "body": 7}]
    assert [CommentOrIssue(1, "", ""), CommentOrIssue(2, "", "")] == talk.comments(client(gone), OPS, 1)
    head = {"ref": "b", "sha": "c"}
    pulls = [{"number": 1, "head": {**head, "repo": None}}, {"number": 2, "head": {**head, "repo": {"full_name": 7}}}]
    assert [PullHead(1, "", "b", "c"), PullHead(2, "", "b", "c")] == talk.pulls_of(client(pulls), OPS, "a", "b")


NO_USER: Final = {"message": "Resource not accessible by integration"}


@pytest.mark.parametrize(
    ("answer", "login"),
    [
        (httpx.Response(200, json={"data": {"viewer": {"login": "ci[bot]"}}}), "ci[bot]"),
        (httpx.Response(200, json={"data": {"viewer": {"login": None}}}), ""),
        (httpx.Response(200, json={"errors": [{"message": "no"}]}), ""),
        (httpx.Response(200, json=[]), ""),
        (httpx.Response(403, json=NO_USER), ""),
        (httpx.Response(404, json={"message": "Not Found"}), ""),
    ],
    ids=["said", "null", "errors", "a list", "refused", "no GraphQL"],
)
def test_who_has_no_user_asks_who_it_is(scripted: Scripted, answer: httpx.Response, login: str) -> None:
    """A token of a workflow or an App is refused at /user. GraphQL says it, or nobody knows: then it is no name."""
    asked: list[tuple[str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return httpx.Response(403, json=NO_USER) if request.url.path == "/user" else answer

    assert login == talk.own_login(scripted(handle))
    assert [("GET", "/user"), ("POST", "/graphql")] == asked


def test_another_refusal_of_who_it_is_is_one(scripted: Scripted) -> None:
    """Neither at /user nor at /graphql it is taken for a bot's."""
    gone = httpx.Response(410, json={"message": "Gone"})
    for first in (gone, httpx.Response(403, json=NO_USER)):
        answers = {"/user": first, "/graphql": gone}
        client = scripted(lambda request, answers=answers: answers[request.url.path])
        assert 'error FF326: GitHub refused the request with 410: "Gone"' == refusal(partial(talk.own_login, client))


def test_a_login_that_github_does_not_filter_by(scripted: Scripted) -> None:
    """422 for the creator: then all open issues are read. Another refusal is one."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("creator", ""))
        if asked[-1]:
            return httpx.Response(422, json={"message": "Validation Failed"})
        items = [{"number": 1, "user": {"login": "ci[bot]"}, "body": "x"}, {"number": 2, "pull_request": {}}]
        return httpx.Response(200, json=items)

    assert [CommentOrIssue(1, "ci[bot]", "x")] == talk.open_issues(scripted(handle), OPS, "ci[bot]")
    assert ["ci[bot]", ""] == asked
    none = scripted(lambda _: httpx.Response(410, json={"message": "Gone"}))
    assert 'error FF326: GitHub refused the request with 410: "Gone"' == refusal(
        lambda: talk.open_issues(none, OPS, "x")
    )

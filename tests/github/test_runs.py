"""Ended runs, their jobs, what checks say and files at a commit: what is asked for, and what is made of each answer."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.github.runs import annotations_of, ended_runs, file_at, jobs_of, read_run
from flowforge.plan.address import Repo
from flowforge.workflows.results import JobResult, StepResult, WorkflowRun

REPO = Repo.parse("acme/api")
RUN: Mapping[str, Any] = {
    "id": 7,
    "path": ".github/workflows/w.yml",
    "event": "push",
    "head_sha": "c1",
    "created_at": "2026-01-01T00:00:00Z",
    "html_url": "https://github.test/runs/7",
}
READ = WorkflowRun(7, RUN["path"], "push", "", "c1", RUN["created_at"], "", RUN["html_url"])
JOB: Mapping[str, Any] = {"id": 3, "name": "review"}
OWN, FORK = {"id": 1}, {"id": 2}


class GitHub:
    """Answers by a table of status and data, the last again and again, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.asked.append(str(request.url.copy_with(scheme="http", host="x")).removeprefix("http://x"))
        status, data = self._answers[min(len(self.asked), len(self._answers)) - 1]
        return httpx.Response(status, content=data) if isinstance(data, bytes) else httpx.Response(status, json=data)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"path": ".github/workflows/w.yml@main"}, {}),
        ({"actor": {"login": "Ada"}}, {"actor": "ada"}),
        ({"actor": {"login": None}}, {}),
        ({"actor": None}, {}),
        ({"conclusion": "success"}, {"conclusion": "success"}),
        ({"conclusion": None}, {}),
        ({"head_repository": OWN, "repository": OWN}, {}),
        ({"head_repository": FORK, "repository": OWN}, {"foreign": True}),
        ({"head_repository": None, "repository": OWN}, {"foreign": True}),
    ],
)
def test_a_run(more: dict[str, object], expected: dict[str, Any]) -> None:
    """Its branch is no part of its path, a login has no case, and a fork that is gone is a fork."""
    fields = {name: getattr(READ, name) for name in WorkflowRun.__slots__}
    assert WorkflowRun(**{**fields, **expected}) == read_run({**RUN, **more})


@pytest.mark.parametrize("key", sorted(RUN))
def test_a_run_of_another_shape(key: str) -> None:
    """Without any of what is read, it is none."""
    with pytest.raises(RepoError) as caught:
        read_run({**RUN, key: None})
    assert "FF327" == caught.value.no.code


@pytest.mark.parametrize(("count", "of", "whole"), [(0, 0, True), (2, 2, True), (99, 99, True), (100, 250, False)])
def test_the_newest_ended_runs(scripted: Callable[..., Client], count: int, of: int, whole: bool) -> None:  # noqa: FBT001 -- a table
    """One page is read, newest first, the later id of one second first; a full page may not be all."""
    times = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]
    github = GitHub(
        (
            200,
            {"total_count": of, "workflow_runs": [{**RUN, "id": n, "created_at": times[n % 2]} for n in range(count)]},
        )
    )
    runs, all_ = ended_runs(scripted(github), REPO, times[0])
    newest_first = sorted(range(count), key=lambda n: (n % 2, n), reverse=True)
    asked = "/repos/acme/api/actions/runs?status=completed&created=%3E%3D2026-01-01T00%3A00%3A00Z&per_page=100"
    assert (newest_first, whole, [asked]) == ([run.id for run in runs], all_, github.asked)


def test_the_jobs_of_a_run(scripted: Callable[..., Client]) -> None:
    """Of its latest attempt, with their steps; what is not told is empty."""
    full = {
        **JOB,
        "conclusion": "failure",
        "completed_at": "2026-01-01T00:01:00Z",
        "html_url": "u",
        "steps": [{"name": "Ask", "conclusion": "success"}, {"name": None, "conclusion": None}, None],
    }
    github = GitHub((200, {"total_count": 2, "jobs": [full, {**JOB, "steps": None}]}))
    steps = (StepResult("Ask", "success"), StepResult("", ""))
    assert (
        JobResult(3, "review", "failure", "2026-01-01T00:01:00Z", "u", steps),
        JobResult(3, "review", "", "", "", ()),
    ) == jobs_of(scripted(github), REPO, 7)
    assert ["/repos/acme/api/actions/runs/7/jobs?filter=latest&per_page=100"] == github.asked


@pytest.mark.parametrize("job", [{"id": 3}, {"name": "review"}, {"id": "3", "name": "review"}])
def test_a_job_of_another_shape(scripted: Callable[..., Client], job: dict[str, object]) -> None:
    """Without its id or its name it is none."""
    with pytest.raises(RepoError) as caught:
        jobs_of(scripted(GitHub((200, {"total_count": 1, "jobs": [job]}))), REPO, 7)
    assert "FF327" == caught.value.no.code


@pytest.mark.parametrize("status", [404, 410])
def test_a_run_that_was_deleted(scripted: Callable[..., Client], status: int) -> None:
    """It has no jobs any more."""
    assert () == jobs_of(scripted(GitHub((status, {"message": "Gone"}))), REPO, 7)


def test_what_a_check_says(scripted: Callable[..., Client]) -> None:
    """Title and message as one text; GitHub has no more than one page of fifty."""
    said = [{"title": "a", "message": "b"}, {"title": None, "message": "c"}, {}]
    github = GitHub((200, said))
    assert ("a b", " c", " ") == annotations_of(scripted(github), REPO, 3)
    assert ["/repos/acme/api/check-runs/3/annotations?per_page=50"] == github.asked


@pytest.mark.parametrize(
    ("answer", "expected"),
    [((200, b"on: push"), b"on: push"), ((404, {"message": "Not Found"}), None)],
)
@pytest.mark.parametrize(("commit", "query"), [("", ""), ("c1", "?ref=c1")])
def test_a_file(
    scripted: Callable[..., Client], answer: tuple[int, object], expected: bytes | None, commit: str, query: str
) -> None:
    """As it is at a commit, or on the default branch; None where there is none."""
    github = GitHub(answer)
    assert expected == file_at(scripted(github), REPO, "a/b c.yml", commit)
    assert [f"/repos/acme/api/contents/a/b%20c.yml{query}"] == github.asked


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: file_at(client, REPO, "a", ""),
        lambda client: jobs_of(client, REPO, 7),
        lambda client: annotations_of(client, REPO, 3),
        lambda client: ended_runs(client, REPO, "2026"),
    ],
)
def test_what_may_not_be_read(scripted: Callable[..., Client], ask: Callable[[Client], object]) -> None:
    """It is a refusal, and not nothing."""
    with pytest.raises(RepoError) as caught:
        ask(scripted(GitHub((403, {"message": "Resource not accessible by integration"}))))
    assert 403 == caught.value.no.status

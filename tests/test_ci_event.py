"""The event that began a run of GitHub Actions: what is taken of its file, and what of one that is none."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flowforge.ci_event import Event, HeadOfRun, commit_of_run

SHA, MERGE = "ab" * 20, "cd" * 20


def event(tmp_path: Path, payload: object, name: str = "pull_request") -> dict[str, str]:
    """Return the environment of a run that an event began."""
    file = tmp_path / "event.json"
    file.write_text(payload if isinstance(payload, str) else json.dumps(payload), "utf-8")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_SHA": MERGE,
    }


@pytest.mark.parametrize(
    ("payload", "pull", "commit"),
    [
        ({"pull_request": {"number": 3, "head": {"sha": SHA}}}, 3, SHA),
        ({"pull_request": {"number": 3}}, 3, ""),
        ({"issue": {"number": 4, "pull_request": {"url": "x"}}}, 4, ""),
        ({"issue": {"number": 4}}, None, ""),
        ({"pull_request": {"number": "3", "head": {"sha": 7}}}, None, ""),
        ({"pull_request": None}, None, ""),
        ([], None, ""),
        ("", None, ""),
        ("[" * 100_000, None, ""),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_pull_request(tmp_path: Path, payload: object, pull: int | None, commit: str) -> None:
    """Its number and its newest commit, where the file says so; a run is for that commit, else for the one of CI."""
    environ = event(tmp_path, payload)
    found = Event.of(environ)
    assert (pull, commit, None, commit or MERGE) == (
        found.pull,
        found.commit,
        found.head_of_run,
        commit_of_run(environ),
    )


@pytest.mark.parametrize("lacking", [None, "head_repository", "head_branch", "head_sha"])
def test_a_run_that_another_follows(tmp_path: Path, lacking: str | None) -> None:
    """All three say what it worked on; without one of them nobody knows."""
    run: dict[str, Any] = {"head_repository": {"full_name": "fork/ops"}, "head_branch": "b", "head_sha": SHA}
    run |= {lacking: None} if lacking else {}
    expected = None if lacking else HeadOfRun("fork/ops", "b", SHA)
    assert expected == Event.of(event(tmp_path, {"workflow_run": run}, "workflow_run")).head_of_run


def test_without_a_file(tmp_path: Path) -> None:
    """None, one that is missing, and a pipe that nobody writes to, are events without a payload; nobody waits."""
    os.mkfifo(tmp_path / "pipe")
    for path in ("", str(tmp_path / "missing"), str(tmp_path), str(tmp_path / "pipe")):
        assert Event("push", {}) == Event.of({"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": path})
    assert ("", MERGE) == (commit_of_run({}), commit_of_run({"CI": "true", "GITHUB_ACTIONS": "x", "GITHUB_SHA": MERGE}))

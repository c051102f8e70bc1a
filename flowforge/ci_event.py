"""The event that began a run of GitHub Actions, as its file describes it.

https://docs.github.com/webhooks/webhook-events-and-payloads. What stands there was said by GitHub; the texts in it were
written by anybody.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from flowforge.ci_runs import commit_said, is_ci
from flowforge.data_class import dataclass
from flowforge.paths import ANYWHERE

# GitHub sends no payload of more than 25 MB.
_MOST: Final = 25_000_000
FORKABLE: Final = "workflow_run"


@dataclass(frozen=True, slots=True)
class HeadOfRun:
    """What the run worked on that another workflow follows."""

    repo: str
    """The repo whose code ran, as `owner/name`; a fork's is another than that of the workflow."""
    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event."""

    name: str
    """What GITHUB_EVENT_NAME says; empty outside of GitHub Actions."""
    payload: Mapping[str, Any]
    """What the file of the event has; nothing where it cannot be read."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Event":
        """Read the event that the environment names. Without a usable file it has no payload."""
        return cls(environ.get("GITHUB_EVENT_NAME", ""), _payload(environ.get("GITHUB_EVENT_PATH", "")))

    @property
    def pull(self) -> int | None:
        """The number of the pull request that the event is about; None where it is about none."""
        match self.payload:
            case {"pull_request": {"number": int() as number}}:
                return number
            case {"issue": {"number": int() as number, "pull_request": dict()}}:
                return number
        return None

    @property
    def commit(self) -> str:
        """The newest commit of the pull request; empty where the event names none."""
        match self.payload:
            case {"pull_request": {"head": {"sha": str() as sha}}}:
                return sha
        return ""

    @property
    def head_of_run(self) -> HeadOfRun | None:
        """What the followed run worked on; None where this event follows none."""
        match self.payload:
            case {
                "workflow_run": {
                    "head_repository": {"full_name": str() as repo},
                    "head_branch": str() as branch,
                    "head_sha": str() as commit,
                }
            }:
                return HeadOfRun(repo, branch, commit)
        return None


def commit_of_run(environ: Mapping[str, str]) -> str:
    """Return the commit that a run is for: of a pull request its newest, for CI checks out a merge of it; or empty."""
    commit = Event.of(environ).commit if environ.get("GITHUB_EVENT_NAME") else ""
    return commit or (commit_said(environ) if is_ci(environ) else "")


def _payload(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        with os.fdopen(ANYWHERE.read(Path(path)), "rb") as file:
            found = json.loads(file.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

"""Where CI is set a file stays below the manifest's folder: links, swaps and `/proc` lead nowhere else."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowforge.errors import Problem, TrustError
from flowforge.source_types import Names, Runs, SourceType, source_type
from flowforge.sources import Context, read
from flowforge.sources.trust import require_source

Reader = Callable[..., str | Problem]
PLAIN = "trust-" + "value-0123456789"
CI = {"CI": "true"}


def outside(path: str) -> Problem:
    """Return the problem of a file outside."""
    return Problem(
        "FF232",
        f"file {path} is outside the manifest's folder",
        why="where CI or FLOWFORGE_ALLOWED_PATHS is set, files stay below the manifest's folder, links resolved",
        fix="keep it below that folder, or let the operator add its folder to FLOWFORGE_ALLOWED_PATHS",
    )


@pytest.fixture
def beside(folder: Path) -> Path:
    """Make a folder beside the manifest's, with a value in it, whose name begins as the manifest's does."""
    made = folder.parent / "ops-secret"
    made.mkdir()
    (made / "key").write_text(PLAIN)
    return made


@pytest.mark.parametrize("environ", [CI, {"CI": "1"}, {"FLOWFORGE_ALLOWED_PATHS": ""}])
@pytest.mark.parametrize("path", ["key", "./key", "sub/../key", "sub/key", "sub/link", "{folder}/sub/key"])
def test_a_file_below_the_folder_is_read(outcome: Reader, folder: Path, environ: dict[str, str], path: str) -> None:
    """Files, and links that stay below, are read where files are confined."""
    (folder / "sub").mkdir()
    (folder / "key").write_text(PLAIN)
    (folder / "sub" / "key").write_text(PLAIN)
    (folder / "sub" / "link").symlink_to("../key")
    assert outcome({"file": path.format(folder=folder)}, environ) == PLAIN


@pytest.mark.parametrize("environ", [CI, {"CI": "false"}, {"FLOWFORGE_ALLOWED_PATHS": ""}])
@pytest.mark.parametrize(
    "path", ["../ops-secret/key", "{beside}/key", "link", "linked/key", "sub/../../ops-secret/key"]
)
def test_a_file_outside_ends_the_run(
    outcome: Reader, folder: Path, beside: Path, environ: dict[str, str], path: str
) -> None:
    """`..`, an absolute path, a link to a file and a link to a folder are refused alike, as trust errors."""
    (folder / "sub").mkdir()
    (folder / "link").symlink_to(beside / "key")
    (folder / "linked").symlink_to(beside)
    path = path.format(beside=beside)
    assert outcome({"file": path}) == PLAIN
    assert outcome({"file": path}, environ, hidden=PLAIN) == outside(path)
    with pytest.raises(TrustError):
        read({"file": path}, Context(environ, folder))


def test_what_is_outside_is_not_looked_at(outcome: Reader) -> None:
    """The answer is the same whether a file outside exists or not, so it tells nothing about the runner."""
    paths = ["/etc/passwd", "/nowhere/at/all", "~/key", "/dev/stdin", "/"]
    environ = {**CI, "HOME": "/nowhere"}
    assert [outcome({"file": path}, environ) for path in paths] == [outside(path) for path in paths]


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="only Linux shows a process's environment as a file"
)
def test_the_environment_is_no_file(outcome: Reader, folder: Path) -> None:
    """A manifest cannot read a runner's whole environment through /proc, by name or by a link."""
    (folder / "key").symlink_to("/proc/self/environ")
    assert [outcome({"file": path}, CI) for path in ("/proc/self/environ", "key")] == [
        outside("/proc/self/environ"),
        outside("key"),
    ]


@pytest.mark.parametrize("listed", ["{beside}", "/nowhere:{beside}", "/nowhere, {beside}/ ", "/"])
@pytest.mark.parametrize("ci", [{}, CI])
def test_the_operator_admits_a_folder(
    outcome: Reader, folder: Path, beside: Path, listed: str, ci: dict[str, str]
) -> None:
    """FLOWFORGE_ALLOWED_PATHS lists folders with `:` or commas; the manifest's folder stays admitted."""
    (folder / "key").write_text(PLAIN)
    environ = {**ci, "FLOWFORGE_ALLOWED_PATHS": listed.format(beside=beside)}
    assert [outcome({"file": path}, environ) for path in ("../ops-secret/key", "key")] == [PLAIN, PLAIN]


def test_another_folder_than_the_admitted_one(outcome: Reader, folder: Path, beside: Path) -> None:
    """A list narrows outside of CI too, an empty entry and a file admit nothing, and a link in the list is resolved."""
    (folder.parent / "linked").symlink_to(beside)
    refused = {"FLOWFORGE_ALLOWED_PATHS": f"{folder.parent}/ops-sec,,{beside}/key:"}
    admitted = {"FLOWFORGE_ALLOWED_PATHS": f"{folder.parent}/linked"}
    assert outcome({"file": "../ops-secret/key"}, refused) == outside("../ops-secret/key")
    assert outcome({"file": "../ops-secret/key"}, admitted) == PLAIN


def test_a_folder_of_the_manifest_that_is_a_link(outcome: Reader, folder: Path) -> None:
    """The manifest's own folder may be reached by a link, as /tmp is on macOS."""
    (folder / "key").write_text(PLAIN)
    linked = folder.parent / "linked"
    linked.symlink_to(folder)
    assert read({"file": "key"}, Context(CI, linked)).reveal() == PLAIN
    assert outcome({"file": str(linked / "key")}, CI) == PLAIN


PROGRAMS = "and the author of a proposed manifest must not be able to run programs here"
OR_ALLOW = "let the operator set FLOWFORGE_ALLOWED_SOURCES to what a proposed manifest may use, command among it"


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({"GITHUB_EVENT_NAME": "pull_request"}, "GITHUB_EVENT_NAME"),
        ({"CI_PIPELINE_SOURCE": "merge_request_event"}, "CI_PIPELINE_SOURCE"),
        ({"CIRCLECI": "true", "CIRCLE_PR_NUMBER": "7", "CIRCLE_BRANCH": "pull/7"}, "CIRCLE_PR_NUMBER"),
        ({"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_UPDATED"}, "CODEBUILD_WEBHOOK_EVENT"),
        ({"SEMAPHORE": "true", "SEMAPHORE_GIT_REF_TYPE": "pull-request"}, "SEMAPHORE_GIT_REF_TYPE"),
        ({"APPVEYOR": "True", "APPVEYOR_PULL_REQUEST_NUMBER": "7"}, "APPVEYOR_PULL_REQUEST_NUMBER"),
        ({"CIRRUS_CI": "true", "CIRRUS_PR": "7"}, "CIRRUS_PR"),
        ({"BITRISE_IO": "true", "BITRISE_PULL_REQUEST": "7"}, "BITRISE_PULL_REQUEST"),
        ({"CF_BUILD_ID": "abc", "CF_PULL_REQUEST_NUMBER": "7"}, "CF_PULL_REQUEST_NUMBER"),
        ({"JENKINS_URL": "https://ci.test", "ghprbPullId": "7"}, "ghprbPullId"),
    ],
)
def test_a_pull_request_runs_no_program(outcome: Reader, folder: Path, environ: dict[str, str], variable: str) -> None:
    """Where a pull request began the run, `command` ends it before the program starts, whatever CI says so and how."""
    environ = {"PATH": os.environ["PATH"], **environ}
    assert outcome({"command": ("touch", "ran")}, environ) == Problem(
        "FF259",
        "source command is refused for a pull request",
        why=f"{variable} says so, {PROGRAMS}",
        fix=f"plan after the merge; or {OR_ALLOW}",
    )
    with pytest.raises(TrustError):
        read({"command": ("touch", "ran")}, Context(environ, folder))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "why", "instead"),
    [
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "merge_group"},
            'GitHub Actions: GITHUB_EVENT_NAME is "merge_group"',
            "GITHUB_EVENT_NAME is push, schedule, workflow_dispatch, repository_dispatch or release",
        ),
        (
            {"GITHUB_EVENT_NAME": "workflow_run"},
            'GitHub Actions: GITHUB_EVENT_NAME is "workflow_run"',
            "GITHUB_EVENT_NAME is push, schedule, workflow_dispatch, repository_dispatch or release",
        ),
        ({"CIRCLECI": "true", "CIRCLE_BRANCH": "main"}, "CircleCI: CIRCLE_TAG is unset", "CIRCLE_TAG is set"),
        ({"TEAMCITY_VERSION": "2026.1"}, "TeamCity does not say what began this run", ""),
        ({"CI": "true"}, "CI is set, and no system that FlowForge knows says what began this run", ""),
    ],
)
def test_an_event_that_nobody_vouches_for_runs_no_program(
    outcome: Reader, folder: Path, environ: dict[str, str], why: str, instead: str
) -> None:
    """Closed by default: in CI a program is run where the event is known to be trusted, and the refusal says how."""
    environ = {"PATH": os.environ["PATH"], **environ}
    assert outcome({"command": ("touch", "ran")}, environ) == Problem(
        "FF260",
        "source command is refused: no event that is known to be trusted began this run",
        why=f"{why}, {PROGRAMS}",
        fix=f"run it where {instead}; or {OR_ALLOW}" if instead else OR_ALLOW,
    )
    with pytest.raises(TrustError):
        read({"command": ("touch", "ran")}, Context(environ, folder))
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CI": ""},
        {"CI": "true", "GITHUB_EVENT_NAME": "push"},
        {"CI": "true", "GITHUB_EVENT_NAME": "schedule"},
        {"CI": "true", "CI_PIPELINE_SOURCE": "push"},
        {"TF_BUILD": "True", "BUILD_REASON": "IndividualCI"},
        {"CI": "true", "BUILDKITE": "true", "BUILDKITE_SOURCE": "webhook", "BUILDKITE_PULL_REQUEST": "false"},
        {"CI": "true", "FLOWFORGE_ALLOWED_SOURCES": "command"},
        {"GITHUB_EVENT_NAME": "pull_request", "FLOWFORGE_ALLOWED_SOURCES": "env,command"},
    ],
)
def test_what_is_trusted_runs_programs(outcome: Reader, environ: dict[str, str]) -> None:
    """A person's machine, an event that is known to be trusted, and what the operator admits run what is merged."""
    assert outcome({"command": ("printf", "value")}, {"PATH": os.environ["PATH"], **environ}) == "value"


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"GITHUB_EVENT_NAME": "pull_request"}])
def test_the_rule_asks_for_a_source_s_nature(environ: dict[str, str]) -> None:
    """Who runs what the manifest chooses is refused, by its row alone: a made-up source is, and a plugin's."""
    made_up = SourceType(name="pass", names=Names.REFERENCE, runs=Runs.CHOSEN, folder_bound=False, asks_person=False)
    context = Context(environ, Path())
    for source in (made_up, source_type("acme-vault"), source_type("command")):
        with pytest.raises(TrustError, match=f"source {source.name} is refused"):
            require_source(source, context)
        require_source(source, Context(environ | {"FLOWFORGE_ALLOWED_SOURCES": source.name}, Path()))
    for source in (replace(made_up, runs=Runs.FIXED), *map(source_type, ("env", "file", "onepassword", "prompt"))):
        require_source(source, context)

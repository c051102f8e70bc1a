"""What CI systems say of a run: one that is known to be trusted, and all others, for each row of the table."""

from collections.abc import Mapping
from typing import Final

import pytest

from flowforge.ci_systems import SYSTEMS, Doubt, System, doubt, running

Environ = Mapping[str, str]
NAMES: Final = tuple(system.name for system in SYSTEMS)
# The variables of which each, alone, says that the system runs us.
SIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "GitHub Actions": ("GITHUB_ACTIONS", "GITHUB_EVENT_NAME"),
    "GitLab CI": ("GITLAB_CI", "CI_PIPELINE_SOURCE"),
    "Azure Pipelines": ("TF_BUILD", "BUILD_REASON"),
    "Bitbucket Pipelines": ("BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT"),
    "Buildkite": ("BUILDKITE",),
    "Jenkins": ("JENKINS_URL", "JENKINS_HOME", "HUDSON_URL"),
    "CircleCI": ("CIRCLECI",),
    "Drone": ("DRONE", "DRONE_BUILD_EVENT"),
    "Woodpecker": ("CI_PIPELINE_EVENT", "CI_SYSTEM_URL"),
    "Travis CI": ("TRAVIS",),
    "AppVeyor": ("APPVEYOR",),
    "Cirrus CI": ("CIRRUS_CI",),
    "Semaphore": ("SEMAPHORE",),
    "Bitrise": ("BITRISE_IO",),
    "Codefresh": ("CF_BUILD_ID",),
    "AWS CodeBuild": ("CODEBUILD_BUILD_ID", "CODEBUILD_BUILD_ARN"),
    "TeamCity": ("TEAMCITY_VERSION",),
    "Bamboo": ("bamboo_buildKey",),
    "GoCD": ("GO_PIPELINE_NAME",),
    "Prow": ("PROW_JOB_ID",),
}
# The variable with the branch, of the systems whose runs may be those of a merge queue.
BRANCHES: Final[Mapping[str, str]] = {
    "GitHub Actions": "GITHUB_REF",
    "GitLab CI": "CI_COMMIT_REF_NAME",
    "Azure Pipelines": "BUILD_SOURCEBRANCH",
    "Buildkite": "BUILDKITE_BRANCH",
    "Jenkins": "BRANCH_NAME",
    "Drone": "DRONE_BRANCH",
    "Woodpecker": "CI_COMMIT_BRANCH",
    "Travis CI": "TRAVIS_BRANCH",
    "AppVeyor": "APPVEYOR_REPO_BRANCH",
    "Cirrus CI": "CIRRUS_BRANCH",
    "Semaphore": "SEMAPHORE_GIT_BRANCH",
    "Bitrise": "BITRISE_GIT_BRANCH",
    "Codefresh": "CF_BRANCH",
    "AWS CodeBuild": "CODEBUILD_WEBHOOK_HEAD_REF",
}
# What a system sets where a trusted event began the run: with all of it the run is trusted, with any less it is not.
TRUSTED: Final[Mapping[str, tuple[Environ, ...]]] = {
    "GitHub Actions": tuple(
        {"GITHUB_EVENT_NAME": event}
        for event in ("push", "schedule", "workflow_dispatch", "repository_dispatch", "release")
    ),
    "GitLab CI": tuple({"CI_PIPELINE_SOURCE": event} for event in ("push", "schedule", "web", "api", "trigger")),
    "Azure Pipelines": tuple({"BUILD_REASON": event} for event in ("IndividualCI", "BatchedCI", "Schedule", "Manual")),
    "Bitbucket Pipelines": ({"BITBUCKET_BRANCH": "main"}, {"BITBUCKET_TAG": "v1"}),
    "Buildkite": tuple(
        {"BUILDKITE_SOURCE": event, "BUILDKITE_PULL_REQUEST": "false"} for event in ("webhook", "schedule", "ui", "api")
    ),
    "Jenkins": ({"BRANCH_IS_PRIMARY": "true"},),
    "CircleCI": ({"CIRCLE_TAG": "v1"},),
    "Drone": tuple({"DRONE_BUILD_EVENT": event} for event in ("push", "tag", "cron", "custom")),
    "Woodpecker": tuple({"CI_PIPELINE_EVENT": event} for event in ("push", "tag", "release", "cron", "manual")),
    "Travis CI": tuple(
        {"TRAVIS_EVENT_TYPE": event, "TRAVIS_PULL_REQUEST": "false"} for event in ("push", "cron", "api")
    ),
    "AppVeyor": ({"APPVEYOR_REPO_BRANCH": "main"},),
    "Cirrus CI": ({"CIRRUS_BRANCH": "main"}, {"CIRRUS_TAG": "v1"}),
    "Semaphore": tuple({"SEMAPHORE_GIT_REF_TYPE": event} for event in ("branch", "tag")),
    "Bitrise": ({"PR": "false"},),
    "Codefresh": ({"CF_BRANCH": "main"},),
    "AWS CodeBuild": tuple({"CODEBUILD_WEBHOOK_EVENT": event} for event in ("PUSH", "RELEASED", "PRERELEASED")),
    "TeamCity": (),
    "Bamboo": (),
    "GoCD": (),
    "Prow": (),
}
# What they set for a pull request; the first variable is the one that says so.
PROPOSALS: Final[Mapping[str, tuple[Environ, ...]]] = {
    "GitHub Actions": tuple(
        {"GITHUB_EVENT_NAME": event}
        for event in ("pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment")
    ),
    "GitLab CI": (
        {"CI_PIPELINE_SOURCE": "merge_request_event"},
        {"CI_PIPELINE_SOURCE": "external_pull_request_event"},
        {"CI_MERGE_REQUEST_IID": "7", "CI_PIPELINE_SOURCE": "parent_pipeline"},
        {"CI_EXTERNAL_PULL_REQUEST_IID": "7", "CI_PIPELINE_SOURCE": "push"},
    ),
    "Azure Pipelines": (
        {"BUILD_REASON": "PullRequest"},
        {"SYSTEM_PULLREQUEST_PULLREQUESTID": "7", "BUILD_REASON": "Manual"},
        {"BUILD_SOURCEBRANCH": "refs/pull/7/merge", "BUILD_REASON": "Manual"},
    ),
    "Bitbucket Pipelines": ({"BITBUCKET_PR_ID": "7", "BITBUCKET_BRANCH": "feature"},),
    "Buildkite": ({"BUILDKITE_PULL_REQUEST": "7", "BUILDKITE_SOURCE": "webhook"},),
    "Jenkins": (
        {"CHANGE_ID": "7", "BRANCH_IS_PRIMARY": "true"},
        {"ghprbPullId": "7", "BRANCH_IS_PRIMARY": "true"},
        {"gitlabMergeRequestIid": "7", "BRANCH_IS_PRIMARY": "true"},
        {"gitlabMergeRequestId": "7", "BRANCH_IS_PRIMARY": "true"},
        {"GERRIT_CHANGE_NUMBER": "7", "BRANCH_IS_PRIMARY": "true"},
        {"pullRequestId": "7", "BRANCH_IS_PRIMARY": "true"},
    ),
    "CircleCI": (
        {"CIRCLE_PULL_REQUEST": "https://github.com/acme/ops/pull/7", "CIRCLE_BRANCH": "feature"},
        {"CIRCLE_PULL_REQUESTS": "https://github.com/acme/ops/pull/7", "CIRCLE_BRANCH": "feature"},
        {"CIRCLE_PR_NUMBER": "7", "CIRCLE_TAG": "v1"},
        {"CIRCLE_BRANCH": "pull/7"},
    ),
    "Drone": ({"DRONE_BUILD_EVENT": "pull_request"}, {"DRONE_PULL_REQUEST": "7", "DRONE_BUILD_EVENT": "custom"}),
    "Woodpecker": (
        {"CI_PIPELINE_EVENT": "pull_request"},
        {"CI_PIPELINE_EVENT": "pull_request_closed"},
        {"CI_COMMIT_PULL_REQUEST": "7", "CI_PIPELINE_EVENT": "manual"},
    ),
    "Travis CI": (
        {"TRAVIS_EVENT_TYPE": "pull_request", "TRAVIS_PULL_REQUEST": "7"},
        {"TRAVIS_PULL_REQUEST": "7", "TRAVIS_EVENT_TYPE": "api"},
    ),
    "AppVeyor": (
        {"APPVEYOR_PULL_REQUEST_NUMBER": "7", "APPVEYOR_REPO_BRANCH": "main"},
        {"APPVEYOR_PULL_REQUEST_HEAD_COMMIT": "abc", "APPVEYOR_REPO_BRANCH": "main"},
    ),
    "Cirrus CI": ({"CIRRUS_PR": "7", "CIRRUS_BRANCH": "feature"}, {"CIRRUS_BRANCH": "pull/7"}),
    "Semaphore": (
        {"SEMAPHORE_GIT_REF_TYPE": "pull-request"},
        {"SEMAPHORE_GIT_PR_NUMBER": "7", "SEMAPHORE_GIT_REF_TYPE": "branch"},
    ),
    "Bitrise": (
        {"BITRISE_PULL_REQUEST": "7", "PR": "true"},
        {"BITRISEIO_PULL_REQUEST_REPOSITORY_URL": "https://github.com/x/ops", "PR": "false"},
    ),
    "Codefresh": (
        {"CF_PULL_REQUEST_NUMBER": "7", "CF_BRANCH": "feature"},
        {"CF_PULL_REQUEST_ID": "7", "CF_BRANCH": "feature"},
        {"CF_PULL_REQUEST_ACTION": "opened", "CF_BRANCH": "feature"},
    ),
    "AWS CodeBuild": (
        {"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED", "CODEBUILD_WEBHOOK_TRIGGER": "pr/7"},
        {"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_MERGED"},
        {"CODEBUILD_WEBHOOK_TRIGGER": "pr/7", "CODEBUILD_WEBHOOK_EVENT": "PUSH"},
        {"CODEBUILD_SOURCE_VERSION": "pr/7"},
    ),
}
# What is none of both: nobody knows who proposed what runs.
UNKNOWN: Final[Mapping[str, tuple[tuple[Environ, str], ...]]] = {
    "GitHub Actions": tuple(
        ({"GITHUB_EVENT_NAME": event}, f'GITHUB_EVENT_NAME is "{event}"')
        for event in ("workflow_run", "merge_group", "issue_comment", "issues", "discussion", "fork", "Push")
    ),
    "GitLab CI": tuple(
        ({"CI_PIPELINE_SOURCE": event}, f'CI_PIPELINE_SOURCE is "{event}"')
        for event in ("parent_pipeline", "pipeline", "chat", "external")
    ),
    "Azure Pipelines": (({"BUILD_REASON": "ResourceTrigger"}, 'BUILD_REASON is "ResourceTrigger"'),),
    "Buildkite": (
        (
            {"BUILDKITE_SOURCE": "trigger_job", "BUILDKITE_PULL_REQUEST": "false"},
            'BUILDKITE_SOURCE is "trigger_job"',
        ),
    ),
    "Jenkins": (({"BRANCH_NAME": "main"}, "BRANCH_IS_PRIMARY is unset"),),
    "CircleCI": (({"CIRCLE_BRANCH": "main"}, "CIRCLE_TAG is unset"),),
    "Drone": tuple(
        ({"DRONE_BUILD_EVENT": event}, f'DRONE_BUILD_EVENT is "{event}"') for event in ("promote", "rollback")
    ),
    "Woodpecker": (({"CI_PIPELINE_EVENT": "deployment"}, 'CI_PIPELINE_EVENT is "deployment"'),),
    "Bitrise": (({"PR": "true"}, 'PR is "true"'),),
    "AWS CodeBuild": (
        ({"CODEBUILD_SOURCE_VERSION": "refs/heads/main"}, "CODEBUILD_WEBHOOK_EVENT is unset"),
        ({"CODEBUILD_WEBHOOK_EVENT": "WORKFLOW_JOB_QUEUED"}, 'CODEBUILD_WEBHOOK_EVENT is "WORKFLOW_JOB_QUEUED"'),
    ),
}


def system(name: str) -> System:
    """Return a row by its name."""
    return next(each for each in SYSTEMS if each.name == name)


def begun(name: str, environ: Environ) -> dict[str, str]:
    """Return an environment of a system, with CI set, as most do."""
    return {"CI": "true", SIGNS[name][0]: "true", **environ}


def test_each_row_has_its_examples() -> None:
    """Each system is tried, with each of its trusted events and each sign of a pull request."""
    tried = {(name, *each.items()) for name, examples in TRUSTED.items() for each in examples}
    events = {
        (row.name, variable, text)
        for row in SYSTEMS
        for event in row.trusted
        for variable, texts in event.items()
        for text in texts
    }
    assert (NAMES, set()) == (tuple(TRUSTED), events - {(name, *pair) for name, *pairs in tried for pair in pairs})
    proposals = {(row.name, variable) for row in SYSTEMS for variable in row.proposals}
    assert proposals == {(name, next(iter(each))) for name, examples in PROPOSALS.items() for each in examples}


@pytest.mark.parametrize("name", NAMES)
def test_a_trusted_event(name: str) -> None:
    """It is trusted, and not where any of its variables is missing, is empty or says something else."""
    for environ in TRUSTED[name]:
        assert None is doubt(begun(name, environ))
        for variable in environ:
            less = {key: text for key, text in environ.items() if key != variable}
            for changed in (less, {**less, variable: ""}):
                assert not_trusted(begun(name, changed))
        listed = [variable for event in system(name).trusted for variable, texts in event.items() if texts]
        assert all(not_trusted(begun(name, {**environ, variable: "other"})) for variable in listed)


def not_trusted(environ: Environ) -> bool:
    """Whether a run is not trusted."""
    return doubt(environ) is not None


@pytest.mark.parametrize(
    ("name", "environ"), [(name, each) for name, examples in PROPOSALS.items() for each in examples]
)
def test_a_pull_request(name: str, environ: Environ) -> None:
    """It is known as one, by the variable that says so, whether or not CI and the system's own sign are there."""
    (variable, *_) = environ
    expected = Doubt(f"{variable} says so", proposal=True)
    assert (expected, expected) == (doubt(begun(name, environ)), doubt(environ))


@pytest.mark.parametrize(
    ("name", "environ", "why"), [(name, *each) for name, examples in UNKNOWN.items() for each in examples]
)
def test_an_event_that_is_not_known_to_be_trusted(name: str, environ: Environ, why: str) -> None:
    """It is no pull request, as far as anybody knows, and is not trusted: the doubt names what was said."""
    found = doubt(begun(name, environ))
    assert found is not None
    assert (f"{name}: {why}", False) == (found.why, found.proposal)
    assert "" != found.instead


@pytest.mark.parametrize("name", [name for name, examples in TRUSTED.items() if not examples])
def test_a_system_that_cannot_tell(name: str) -> None:
    """It is trusted never, and nothing that it could say would change that."""
    assert Doubt(f"{name} does not say what began this run") == doubt(begun(name, {}))


def test_each_sign_is_enough() -> None:
    """Each of a system's signs says, alone, that it runs us: nothing else is needed to see it."""
    found = {
        name: tuple(sign for sign in signs if [system(name)] == running({sign: "7"})) for name, signs in SIGNS.items()
    }
    assert SIGNS == found


def test_every_branch_is_tried() -> None:
    """Each row that has a variable with the branch is below."""
    assert {row.name: tuple(row.branches) for row in SYSTEMS if row.branches} == {
        name: (variable,) for name, variable in BRANCHES.items()
    }


@pytest.mark.parametrize("name", BRANCHES)
def test_a_merge_queue(name: str) -> None:
    """What a merge queue pushes is no trusted push: whoever proposed it, it is not merged."""
    variable = BRANCHES[name]
    for branch in ("gh-readonly-queue/main/pr-7-abc", "refs/heads/gh-readonly-queue/main/pr-7-abc"):
        found = doubt(begun(name, {**TRUSTED[name][0], variable: branch}))
        assert found is not None
        assert (f"{name}: {variable} is a branch of a merge queue", False) == (found.why, found.proposal)
        assert "" != found.instead


def test_a_system_that_nobody_knows() -> None:
    """CI alone says that there is one, and nothing of what began the run; without it this is no CI."""
    unknown = Doubt("CI is set, and no system that FlowForge knows says what began this run")
    assert (unknown, unknown, None, None) == (
        doubt({"CI": "true", "PATH": "/bin"}),
        doubt({"CI": "false"}),
        doubt({"CI": "", "PATH": "/bin"}),
        doubt({}),
    )


def test_one_system_inside_another() -> None:
    """Both must say that the run is trusted."""
    github, gitlab = {"GITHUB_EVENT_NAME": "push"}, {"CI_PIPELINE_SOURCE": "schedule"}
    assert None is doubt(github | gitlab)
    found = doubt(github | {"CI_PIPELINE_SOURCE": "pipeline"})
    assert found is not None
    assert 'GitLab CI: CI_PIPELINE_SOURCE is "pipeline"' == found.why
    assert Doubt("CHANGE_ID says so", proposal=True) == doubt(github | {"CHANGE_ID": "7"})


def test_what_would_be_trusted() -> None:
    """The doubt says what the system would have to say, in words."""
    clauses = {
        "GitHub Actions": "GITHUB_EVENT_NAME is push, schedule, workflow_dispatch, repository_dispatch or release",
        "Buildkite": "BUILDKITE_SOURCE is webhook, schedule, ui or api and BUILDKITE_PULL_REQUEST is false",
        "Bitbucket Pipelines": "BITBUCKET_BRANCH is set, or BITBUCKET_TAG is set",
        "CircleCI": "CIRCLE_TAG is set",
    }
    assert clauses == {name: getattr(doubt(begun(name, {})), "instead", "") for name in clauses}

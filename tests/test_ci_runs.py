"""What CI systems say of a run's commit and address: a row of the table for each of them, as its documents have it."""

from collections.abc import Mapping
from typing import Final

import pytest

from flowforge.ci_runs import RUNS, address_said, commit_said, is_ci
from flowforge.ci_systems import SYSTEMS

Environ = Mapping[str, str]
COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"
# What each system sets, with the address that comes of it. A system that gives none has an empty one.
SAID: Final[Mapping[str, tuple[Environ, str]]] = {
    "GitHub Actions": (
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/ops",
            "GITHUB_RUN_ID": "7",
            "GITHUB_SHA": COMMIT,
        },
        "https://github.com/acme/ops/actions/runs/7",
    ),
    "GitLab CI": (
        {"GITLAB_CI": "true", "CI_COMMIT_SHA": COMMIT, "CI_PIPELINE_URL": "https://gitlab.test/acme/ops/-/pipelines/7"},
        "https://gitlab.test/acme/ops/-/pipelines/7",
    ),
    "Azure Pipelines": (
        {
            "TF_BUILD": "True",
            "BUILD_SOURCEVERSION": COMMIT,
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
            "SYSTEM_TEAMPROJECT": "Größe & co",
            "BUILD_BUILDID": "7",
        },
        "https://dev.azure.com/acme/Gr%C3%B6%C3%9Fe%20&%20co/_build/results?buildId=7",
    ),
    "Bitbucket Pipelines": (
        {"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_COMMIT": COMMIT, "BITBUCKET_REPO_FULL_NAME": "acme/ops"},
        "https://bitbucket.org/acme/ops/pipelines/results/7",
    ),
    "Buildkite": (
        {"BUILDKITE": "true", "BUILDKITE_COMMIT": COMMIT, "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/ops/7"},
        "https://buildkite.com/acme/ops/7",
    ),
    "Jenkins": (
        {"JENKINS_URL": "https://ci.test/", "GIT_COMMIT": COMMIT, "BUILD_URL": "https://ci.test/job/ops/7/"},
        "https://ci.test/job/ops/7/",
    ),
    "CircleCI": (
        {"CIRCLECI": "true", "CIRCLE_SHA1": COMMIT, "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/ops/7"},
        "https://circleci.com/gh/acme/ops/7",
    ),
    "Drone": (
        {"DRONE": "true", "DRONE_COMMIT_SHA": COMMIT, "DRONE_BUILD_LINK": "https://drone.test/acme/ops/7"},
        "https://drone.test/acme/ops/7",
    ),
    "Woodpecker": (
        {"CI_PIPELINE_EVENT": "push", "CI_COMMIT_SHA": COMMIT, "CI_PIPELINE_URL": "https://wp.test/repos/1/pipeline/7"},
        "https://wp.test/repos/1/pipeline/7",
    ),
    "Travis CI": (
        {"TRAVIS": "true", "TRAVIS_COMMIT": COMMIT, "TRAVIS_BUILD_WEB_URL": "https://app.travis-ci.com/acme/ops/7"},
        "https://app.travis-ci.com/acme/ops/7",
    ),
    "AppVeyor": (
        {
            "APPVEYOR": "True",
            "APPVEYOR_REPO_COMMIT": COMMIT,
            "APPVEYOR_URL": "https://ci.appveyor.com",
            "APPVEYOR_ACCOUNT_NAME": "acme",
            "APPVEYOR_PROJECT_SLUG": "ops",
            "APPVEYOR_BUILD_ID": "7",
        },
        "https://ci.appveyor.com/project/acme/ops/builds/7",
    ),
    "Cirrus CI": (
        {"CIRRUS_CI": "true", "CIRRUS_CHANGE_IN_REPO": COMMIT, "CIRRUS_BUILD_ID": "7"},
        "https://cirrus-ci.com/build/7",
    ),
    "Semaphore": (
        {
            "SEMAPHORE": "true",
            "SEMAPHORE_GIT_SHA": COMMIT,
            "SEMAPHORE_ORGANIZATION_URL": "https://acme.semaphoreci.com",
            "SEMAPHORE_WORKFLOW_ID": "7",
        },
        "https://acme.semaphoreci.com/workflows/7",
    ),
    "Bitrise": (
        {"BITRISE_IO": "true", "BITRISE_GIT_COMMIT": COMMIT, "BITRISE_BUILD_URL": "https://app.bitrise.io/build/7"},
        "https://app.bitrise.io/build/7",
    ),
    "Codefresh": (
        {"CF_BUILD_ID": "7", "CF_REVISION": COMMIT, "CF_BUILD_URL": "https://g.codefresh.io/build/7"},
        "https://g.codefresh.io/build/7",
    ),
    "AWS CodeBuild": ({"CODEBUILD_BUILD_ID": "ops:7", "CODEBUILD_RESOLVED_SOURCE_VERSION": COMMIT}, ""),
    "TeamCity": ({"TEAMCITY_VERSION": "2026.1", "BUILD_VCS_NUMBER": COMMIT}, ""),
    "Bamboo": (
        {
            "bamboo_buildKey": "OPS",
            "bamboo_planRepository_revision": COMMIT,
            "bamboo_resultsUrl": "https://bamboo.test/browse/OPS-7",
        },
        "https://bamboo.test/browse/OPS-7",
    ),
    "GoCD": ({"GO_PIPELINE_NAME": "ops"}, ""),
    "Prow": ({"PROW_JOB_ID": "7"}, ""),
}


@pytest.mark.parametrize("name", SAID)
def test_what_each_system_says(name: str) -> None:
    """The commit and the address, from its own variables alone; with any of them missing there is no half address."""
    environ, address = SAID[name]
    commit = COMMIT if COMMIT in environ.values() else ""
    assert (True, commit, address) == (is_ci(environ), commit_said(environ), address_said(environ))
    needed = {variable for variable, text in environ.items() if text != COMMIT and variable in RUNS[name].address}
    for variable in needed:
        fewer = {each: text for each, text in environ.items() if each != variable}
        assert address_said(fewer) in {"", address} - {address}


def test_every_system_is_here() -> None:
    """Both tables have the same systems, and so has this one."""
    assert [system.name for system in SYSTEMS] == list(RUNS) == list(SAID)


def test_one_system_inside_another() -> None:
    """The first one that says all of it counts, such as a runner of GitHub's in a Jenkins job that says nothing."""
    github, jenkins = SAID["GitHub Actions"], SAID["Jenkins"]
    both = {**github[0], **jenkins[0]}
    inside = {each: text for each, text in both.items() if each not in {"GITHUB_RUN_ID", "GITHUB_SHA"}}
    assert [(COMMIT, github[1]), (COMMIT, jenkins[1])] == [
        (commit_said(each), address_said(each)) for each in (both, inside)
    ]


def test_no_system() -> None:
    """On a person's machine nothing is said; where CI alone is set it is CI, and nothing more is known of it."""
    assert [(False, "", ""), (True, "", "")] == [
        (is_ci(each), commit_said(each), address_said(each)) for each in ({"GITHUB_SHA": COMMIT}, {"CI": "true"})
    ]

"""Where each CI system says which commit it checked out, and where its run can be looked at: one table, a row for each.

The documents are those that `ci_systems.py` names.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from flowforge.ci_systems import running
from flowforge.data_class import dataclass

_VARIABLE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class RunVariables:
    """A row: what a system's variables say of a run."""

    commit: str = ""
    """The variable with the commit; empty where there is none."""
    address: str = ""
    """The address of the run, with variables in braces; empty where they do not give it."""


RUNS: Final[Mapping[str, RunVariables]] = {
    "GitHub Actions": RunVariables(
        "GITHUB_SHA", "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"
    ),
    "GitLab CI": RunVariables("CI_COMMIT_SHA", "{CI_PIPELINE_URL}"),
    "Azure Pipelines": RunVariables(
        "BUILD_SOURCEVERSION", "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"
    ),
    "Bitbucket Pipelines": RunVariables(
        "BITBUCKET_COMMIT",
        "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
    ),
    "Buildkite": RunVariables("BUILDKITE_COMMIT", "{BUILDKITE_BUILD_URL}"),
    "Jenkins": RunVariables("GIT_COMMIT", "{BUILD_URL}"),
    "CircleCI": RunVariables("CIRCLE_SHA1", "{CIRCLE_BUILD_URL}"),
    "Drone": RunVariables("DRONE_COMMIT_SHA", "{DRONE_BUILD_LINK}"),
    "Woodpecker": RunVariables("CI_COMMIT_SHA", "{CI_PIPELINE_URL}"),
    "Travis CI": RunVariables("TRAVIS_COMMIT", "{TRAVIS_BUILD_WEB_URL}"),
    "AppVeyor": RunVariables(
        "APPVEYOR_REPO_COMMIT",
        "{APPVEYOR_URL}/project/{APPVEYOR_ACCOUNT_NAME}/{APPVEYOR_PROJECT_SLUG}/builds/{APPVEYOR_BUILD_ID}",
    ),
    "Cirrus CI": RunVariables("CIRRUS_CHANGE_IN_REPO", "https://cirrus-ci.com/build/{CIRRUS_BUILD_ID}"),
    "Semaphore": RunVariables("SEMAPHORE_GIT_SHA", "{SEMAPHORE_ORGANIZATION_URL}/workflows/{SEMAPHORE_WORKFLOW_ID}"),
    "Bitrise": RunVariables("BITRISE_GIT_COMMIT", "{BITRISE_BUILD_URL}"),
    "Codefresh": RunVariables("CF_REVISION", "{CF_BUILD_URL}"),
    "AWS CodeBuild": RunVariables("CODEBUILD_RESOLVED_SOURCE_VERSION"),
    "TeamCity": RunVariables("BUILD_VCS_NUMBER"),
    "Bamboo": RunVariables("bamboo_planRepository_revision", "{bamboo_resultsUrl}"),
    "GoCD": RunVariables(),
    "Prow": RunVariables(),
}


def is_ci(environ: Mapping[str, str]) -> bool:
    """Return whether a CI system runs us, known or not."""
    return bool(environ.get("CI") or running(environ))


def commit_said(environ: Mapping[str, str]) -> str:
    """Return the commit that the first system which names one says; empty where none does."""
    named = (environ.get(RUNS[system.name].commit, "") for system in running(environ))
    return next(filter(None, named), "").lower()


def address_said(environ: Mapping[str, str]) -> str:
    """Return the address of the run, by the first system that gives all of it; empty where none does."""
    return next(filter(None, (_filled(RUNS[system.name].address, environ) for system in running(environ))), "")


def _filled(address: str, environ: Mapping[str, str]) -> str:
    if not all(environ.get(name) for name in _VARIABLE.findall(address)):
        return ""
    # A project's name may have spaces, and letters of any language.
    return _VARIABLE.sub(lambda found: quote(environ[found[1]], safe="/:?&=%+,;@[]"), address)

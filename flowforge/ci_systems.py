"""Which CI system runs this, and whether it says that a trusted event began the run: one table, a row for each.

Closed by default. A run in CI is trusted where a row says so, and nothing else says otherwise: a system that is not
here, an event that is not listed and a variable that is missing all mean that nobody knows who proposed what runs.
A system whose variables do not tell a pull request from a push in every case has a row that trusts less than it could.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import quote

# By variable, the texts of which it must have one. None listed: any text will do.
EventVariables = Mapping[str, Sequence[str]]
_ANYTHING: Final = re.compile(r"(?s).+")
_SOMETHING_ELSE: Final = re.compile(r"(?si)(?!false$).+")  # of a variable that says `false` where there is none
_PULL: Final = re.compile(r"(refs/pull/|pull/|pr/)\d+(/.*)?")
# GitHub's merge queue pushes what it is about to merge to branches of this name, whoever proposed it.
_MERGE_QUEUE: Final = re.compile(r"(refs/heads/)?gh-readonly-queue/.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A row: a CI system, and what its variables say."""

    name: str
    """As its makers write it."""
    signs: Sequence[str]
    """Variables of which each says, when it is set, that this system runs us."""
    trusted: Sequence[EventVariables]
    """The events that are known to be trusted; one of them is enough. None: it cannot tell."""
    proposals: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """Variables that say so, by their texts, when somebody's proposal began the run."""
    branches: Sequence[str] = ()
    """Variables with the branch, which may be one of a merge queue."""


SYSTEMS: Final = (
    # Gitea and Forgejo set the same variables.
    # https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
    System(
        name="GitHub Actions",
        signs=("GITHUB_ACTIONS", "GITHUB_EVENT_NAME"),
        trusted=({"GITHUB_EVENT_NAME": ("push", "schedule", "workflow_dispatch", "repository_dispatch", "release")},),
        proposals={"GITHUB_EVENT_NAME": re.compile(r"pull_request.*")},
        branches=("GITHUB_REF",),
    ),
    # A child pipeline (`parent_pipeline`) and one of another project (`pipeline`) may come from a merge request.
    # https://docs.gitlab.com/ci/jobs/job_rules/#ci_pipeline_source-predefined-variable
    System(
        name="GitLab CI",
        signs=("GITLAB_CI", "CI_PIPELINE_SOURCE"),
        trusted=({"CI_PIPELINE_SOURCE": ("push", "schedule", "web", "api", "trigger")},),
        proposals={
            "CI_PIPELINE_SOURCE": re.compile(r"merge_request_event|external_pull_request_event"),
            "CI_MERGE_REQUEST_IID": _ANYTHING,
            "CI_EXTERNAL_PULL_REQUEST_IID": _ANYTHING,
        },
        branches=("CI_COMMIT_REF_NAME",),
    ),
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables
    System(
        name="Azure Pipelines",
        signs=("TF_BUILD", "BUILD_REASON"),
        trusted=({"BUILD_REASON": ("IndividualCI", "BatchedCI", "Schedule", "Manual")},),
        proposals={
            "BUILD_REASON": re.compile(r"PullRequest"),
            "SYSTEM_PULLREQUEST_PULLREQUESTID": _ANYTHING,
            "BUILD_SOURCEBRANCH": _PULL,
        },
        branches=("BUILD_SOURCEBRANCH",),
    ),
    # https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    System(
        name="Bitbucket Pipelines",
        signs=("BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT"),
        trusted=({"BITBUCKET_BRANCH": ()}, {"BITBUCKET_TAG": ()}),
        proposals={"BITBUCKET_PR_ID": _ANYTHING},
    ),
    # What another pipeline triggers may carry on a pull request of that one.
    # https://buildkite.com/docs/pipelines/configure/environment-variables
    System(
        name="Buildkite",
        signs=("BUILDKITE",),
        trusted=({"BUILDKITE_SOURCE": ("webhook", "schedule", "ui", "api"), "BUILDKITE_PULL_REQUEST": ("false",)},),
        proposals={"BUILDKITE_PULL_REQUEST": _SOMETHING_ELSE},
        branches=("BUILDKITE_BRANCH",),
    ),
    # Only a multibranch project says what it builds. Other projects, and plugins that build pull requests, say nothing
    # that could be relied on: no CHANGE_ID is no proof. https://www.jenkins.io/doc/book/pipeline/multibranch/
    System(
        name="Jenkins",
        signs=("JENKINS_URL", "JENKINS_HOME", "HUDSON_URL"),
        trusted=({"BRANCH_IS_PRIMARY": ("true",)},),
        proposals={
            "CHANGE_ID": _ANYTHING,
            "ghprbPullId": _ANYTHING,
            "gitlabMergeRequestIid": _ANYTHING,
            "gitlabMergeRequestId": _ANYTHING,
            "GERRIT_CHANGE_NUMBER": _ANYTHING,
            "pullRequestId": _ANYTHING,  # the pull request builder for Bitbucket
        },
        branches=("BRANCH_NAME",),
    ),
    # The variables of a pull request are there for its older integrations alone, so that a branch may be one: a tag
    # cannot. https://circleci.com/docs/reference/variables/
    System(
        name="CircleCI",
        signs=("CIRCLECI",),
        trusted=({"CIRCLE_TAG": ()},),
        proposals={
            "CIRCLE_PULL_REQUEST": _ANYTHING,
            "CIRCLE_PULL_REQUESTS": _ANYTHING,
            "CIRCLE_PR_NUMBER": _ANYTHING,
            "CIRCLE_BRANCH": _PULL,
        },
    ),
    # A promotion and a rollback may be of a pull request's build.
    # https://docs.drone.io/pipeline/environment/reference/drone-build-event/
    System(
        name="Drone",
        signs=("DRONE", "DRONE_BUILD_EVENT"),
        trusted=({"DRONE_BUILD_EVENT": ("push", "tag", "cron", "custom")},),
        proposals={"DRONE_BUILD_EVENT": re.compile(r"pull_request"), "DRONE_PULL_REQUEST": _ANYTHING},
        branches=("DRONE_BRANCH",),
    ),
    # A deployment may be of a pull request's pipeline. https://woodpecker-ci.org/docs/usage/environment
    System(
        name="Woodpecker",
        signs=("CI_PIPELINE_EVENT", "CI_SYSTEM_URL"),
        trusted=({"CI_PIPELINE_EVENT": ("push", "tag", "release", "cron", "manual")},),
        proposals={"CI_PIPELINE_EVENT": re.compile(r"pull_request.*"), "CI_COMMIT_PULL_REQUEST": _ANYTHING},
        branches=("CI_COMMIT_BRANCH",),
    ),
    # https://docs.travis-ci.com/user/environment-variables/
    System(
        name="Travis CI",
        signs=("TRAVIS",),
        trusted=({"TRAVIS_EVENT_TYPE": ("push", "cron", "api"), "TRAVIS_PULL_REQUEST": ("false",)},),
        proposals={"TRAVIS_EVENT_TYPE": re.compile(r"pull_request"), "TRAVIS_PULL_REQUEST": _SOMETHING_ELSE},
        branches=("TRAVIS_BRANCH",),
    ),
    # https://www.appveyor.com/docs/environment-variables/
    System(
        name="AppVeyor",
        signs=("APPVEYOR",),
        trusted=({"APPVEYOR_REPO_BRANCH": ()},),
        proposals={
            "APPVEYOR_PULL_REQUEST_NUMBER": _ANYTHING,
            "APPVEYOR_PULL_REQUEST_HEAD_COMMIT": _ANYTHING,
        },
        branches=("APPVEYOR_REPO_BRANCH",),
    ),
    # https://cirrus-ci.org/guide/writing-tasks/#environment-variables
    System(
        name="Cirrus CI",
        signs=("CIRRUS_CI",),
        trusted=({"CIRRUS_BRANCH": ()}, {"CIRRUS_TAG": ()}),
        proposals={"CIRRUS_PR": _ANYTHING, "CIRRUS_BRANCH": _PULL},
        branches=("CIRRUS_BRANCH",),
    ),
    # https://docs.semaphore.io/reference/env-vars
    System(
        name="Semaphore",
        signs=("SEMAPHORE",),
        trusted=({"SEMAPHORE_GIT_REF_TYPE": ("branch", "tag")},),
        proposals={"SEMAPHORE_GIT_REF_TYPE": re.compile(r"pull-request"), "SEMAPHORE_GIT_PR_NUMBER": _ANYTHING},
        branches=("SEMAPHORE_GIT_BRANCH",),
    ),
    # https://docs.bitrise.io/en/bitrise-ci/references/available-environment-variables.html
    System(
        name="Bitrise",
        signs=("BITRISE_IO",),
        trusted=({"PR": ("false",)},),
        proposals={"BITRISE_PULL_REQUEST": _SOMETHING_ELSE, "BITRISEIO_PULL_REQUEST_REPOSITORY_URL": _ANYTHING},
        branches=("BITRISE_GIT_BRANCH",),
    ),
    # https://codefresh.io/docs/docs/pipelines/variables/
    System(
        name="Codefresh",
        signs=("CF_BUILD_ID",),
        trusted=({"CF_BRANCH": ()},),
        proposals={
            "CF_PULL_REQUEST_NUMBER": _ANYTHING,
            "CF_PULL_REQUEST_ID": _ANYTHING,
            "CF_PULL_REQUEST_ACTION": _ANYTHING,
        },
        branches=("CF_BRANCH",),
    ),
    # Without a webhook it may build anything that it is told to.
    # https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
    System(
        name="AWS CodeBuild",
        signs=("CODEBUILD_BUILD_ID", "CODEBUILD_BUILD_ARN"),
        trusted=({"CODEBUILD_WEBHOOK_EVENT": ("PUSH", "RELEASED", "PRERELEASED")},),
        proposals={
            "CODEBUILD_WEBHOOK_EVENT": re.compile(r"PULL_REQUEST.*"),
            "CODEBUILD_WEBHOOK_TRIGGER": _PULL,
            "CODEBUILD_SOURCE_VERSION": _PULL,
        },
        branches=("CODEBUILD_WEBHOOK_HEAD_REF",),
    ),
    # These say nothing of what began a run, or not where a program could see it, and not all of them set CI.
    System(name="TeamCity", signs=("TEAMCITY_VERSION",), trusted=()),
    System(name="Bamboo", signs=("bamboo_buildKey",), trusted=()),
    System(name="GoCD", signs=("GO_PIPELINE_NAME",), trusted=()),
    System(name="Prow", signs=("PROW_JOB_ID",), trusted=()),
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a run is not trusted."""

    why: str
    """A clause."""
    proposal: bool = False
    """Whether a pull request is known to have begun the run."""
    instead: str = ""
    """What its CI system would say of a trusted run, as a clause; empty where nothing would do."""


def doubt(environ: Mapping[str, str]) -> Doubt | None:
    """Return why this run is not known to be trusted; None if it is, or if nothing says that this is CI."""
    # All systems that are recognised must agree: one can run inside another, such as a runner in a Jenkins job.
    for system in SYSTEMS:
        for variable, form in system.proposals.items():
            if form.fullmatch(environ.get(variable, "")):
                return Doubt(f"{variable} says so", proposal=True)
    systems = running(environ)
    if not systems and environ.get("CI"):
        return Doubt("CI is set, and no system that FlowForge knows says what began this run")
    return next(filter(None, (_doubt(system, environ) for system in systems)), None)


def running(environ: Mapping[str, str]) -> list[System]:
    """Return the systems that say that they run us. One can run inside another."""
    return [system for system in SYSTEMS if any(map(environ.get, system.signs))]


def _doubt(system: System, environ: Mapping[str, str]) -> Doubt | None:
    """Return why a system's run is not trusted; None if it is. Proposals were recognised before."""
    instead = ", or ".join(map(_clause, system.trusted))
    queued = next((each for each in system.branches if _MERGE_QUEUE.fullmatch(environ.get(each, ""))), None)
    if queued is not None:
        return Doubt(f"{system.name}: {queued} is a branch of a merge queue", instead=instead)
    missing = [next((each for each in event if not _holds(each, event, environ)), None) for event in system.trusted]
    if None in missing:
        return None
    if not missing:
        return Doubt(f"{system.name} does not say what began this run")
    variable = str(missing[0])
    said = f"is {quote(environ[variable])}" if environ.get(variable) else "is unset"
    return Doubt(f"{system.name}: {variable} {said}", instead=instead)


def _holds(variable: str, event: EventVariables, environ: Mapping[str, str]) -> bool:
    text = environ.get(variable, "")
    return text in event[variable] if event[variable] else bool(text)


def _clause(event: EventVariables) -> str:
    """Return how an event is recognised, as a clause: `EVENT is push or tag`."""
    return " and ".join(f"{variable} is {_listed(texts)}" for variable, texts in event.items())


def _listed(texts: Sequence[str]) -> str:
    *others, last = texts or ("set",)
    return f"{', '.join(others)} or {last}" if others else last

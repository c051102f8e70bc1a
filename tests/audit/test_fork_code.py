"""Which checkouts put the code of a fork where a job runs, and which may put that of a pull request anywhere."""

from typing import Final

import pytest

from flowforge.audit.fork_code import checks_out_fork, may_check_out_pull
from flowforge.audit.fork_scripts import ForkRefs
from flowforge.workflows.joins import occurrences
from flowforge.workflows.repository import read_repository

FILE: Final = ".github/workflows/a.yml"
HEAD: Final = "github.event.pull_request.head"
SHA: Final = f"{HEAD}.sha"
# Whether the code of a fork comes to the root, and whether that of a pull request may come anywhere.
NEITHER, ANYWHERE, ROOT = (False, False), (False, True), (True, True)


def _found(step: str, env: str = "") -> tuple[bool, bool]:
    text = f"on: pull_request_target\njobs:\n  a:\n    env: {{{env}}}\n    steps:\n      - {step}\n"
    (occurrence,) = occurrences(read_repository({FILE: text}))
    return checks_out_fork(occurrence, ForkRefs()), may_check_out_pull(occurrence)


def _checkout(inputs: str, uses: str = "actions/checkout@v4") -> str:
    return f"{{uses: {uses}, with: {{{inputs}}}}}"


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        (SHA, ROOT),
        *((f"github.event.workflow_run.{name}", ROOT) for name in ("head_sha", "head_commit.id")),
        ("github.event.pull_request.merge_commit_sha", ROOT),
        # A branch's name alone is looked up in the base repository.
        (f"{HEAD}.ref", ANYWHERE),
        ("github.head_ref", ANYWHERE),
        ("github.event.inputs.ref", ANYWHERE),
        ("steps.a.outputs.b", ANYWHERE),
        *(
            (f"github.{name}", NEITHER)
            for name in ("ref", "ref_name", "sha", "repository", "base_ref", "workflow_sha")
        ),
        *(
            (f"github.event.{name}", NEITHER)
            for name in (
                "repository.default_branch", "repository.full_name", "pull_request.base.ref", "pull_request.base.sha",
            )
        ),
        *((f"{name}.x", NEITHER) for name in ("vars", "matrix", "secrets", "runner")),
    ],
)  # fmt: skip
def test_a_ref(ref: str, expected: tuple[bool, bool]) -> None:
    """A commit of the fork's is the fork's code; what is the repository's own is not; of the rest nobody can tell."""
    assert expected == _found(_checkout(f"ref: '${{{{ {ref} }}}}'"))


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("", NEITHER),
        ("ref: main", NEITHER),
        (f"REF: '${{{{ {SHA} }}}}'", ROOT),
        (f"repository: '${{{{ {HEAD}.repo.full_name }}}}', ref: '${{{{ {HEAD}.ref }}}}'", ROOT),
        ("repository: '${{ github.event.workflow_run.head_repository.full_name }}'", ROOT),
        ("repository: '${{ github.repository }}'", NEITHER),
        # A number is a pull request behind `refs/pull/` alone.
        ("ref: 'refs/pull/${{ github.event.number }}/merge'", ROOT),
        ("ref: 'refs/pull/${{ github.event.pull_request.number }}/head'", ROOT),
        ("ref: 'refs/heads/${{ github.event.number }}'", ANYWHERE),
        ("ref: 'refs/pull/${{ vars.PULL }}/head'", ANYWHERE),
        ("ref: refs/pull/7/head", ANYWHERE),
        # In a folder of its own it is data.
        (f"ref: '${{{{ {SHA} }}}}', path: pr", ANYWHERE),
        *((f"ref: '${{{{ {SHA} }}}}', path: {path}", ROOT) for path in ("''", ".", "./", "' . '")),
        (f"ref: '${{{{ {SHA} }}}}', path: '${{{{ github.workspace }}}}/'", ROOT),
    ],
)
def test_a_checkout(inputs: str, expected: tuple[bool, bool]) -> None:
    """By a commit, by the fork's own repository, or by the number of the pull request, at the root of the job."""
    assert expected == _found(_checkout(inputs))


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ("actions/setup-node@v4", NEITHER),
        ("acme/checkout@v1", ANYWHERE),
        ("acme/my-checkout-action@v1", ANYWHERE),
        ("./checkout", NEITHER),
    ],
)
def test_another_action(uses: str, expected: tuple[bool, bool]) -> None:
    """What is called a checkout may be one; what is not is none."""
    assert expected == _found(_checkout(f"ref: '${{{{ {SHA} }}}}'", uses))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("gh pr checkout 1", ROOT),
        ("gh pr view 1", NEITHER),
        ("gh co 1", ANYWHERE),
        ("git fetch origin pull/1/head", ANYWHERE),
        ("git checkout $SHA", ROOT),
        ("git switch --detach $SHA", ROOT),
        ("git checkout main", NEITHER),
        ("git checkout $REF", ANYWHERE),
        ("git switch ${{ github.head_ref }}", ANYWHERE),
        ("git checkout ${{ matrix.ref }}", NEITHER),
        ("git checkout $BASE", NEITHER),
        ("git show $SHA", NEITHER),
        ("echo checkout $SHA", NEITHER),
    ],
)
def test_a_script(script: str, expected: tuple[bool, bool]) -> None:
    """Git and GitHub's CLI, with what stands in the environment followed to where it comes from."""
    env = (
        f"SHA: '${{{{ {SHA} }}}}', BASE: '${{{{ github.event.pull_request.base.sha }}}}', REF: '${{{{ {HEAD}.ref }}}}'"
    )
    assert expected == _found(f"run: {script}", env)

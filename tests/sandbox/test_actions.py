"""What the sandbox says of a repository's Actions: states of workflows, default permissions, the OIDC subject."""

import httpx
import pytest
from openapi_core import OpenAPI

from flowforge.sandbox import Sandbox, Token
from flowforge.sandbox.rules.access import Level
from tests.openapi import check, github_description

REPO = "/repos/acme/repo-001/actions"


@pytest.fixture(scope="module")
def github() -> OpenAPI:
    """Read GitHub's description of its API once."""
    return github_description()


def test_workflows_and_their_states(sandbox: Sandbox, http: httpx.Client, github: OpenAPI) -> None:
    """Each file of the folder is a workflow; one that was disabled says so, and how."""
    world = sandbox.world
    for name in ("a.yml", "b.yaml", "c.md"):
        world.edit_file("acme/repo-001", f".github/workflows/{name}", "on: push\n")
    world.set_workflow_state("acme/repo-001", ".github/workflows/b.yaml", "disabled_inactivity")
    answer = http.get(f"{REPO}/workflows")
    check(github, answer)
    found = {each["path"]: each["state"] for each in answer.json()["workflows"]}
    assert {".github/workflows/a.yml": "active", ".github/workflows/b.yaml": "disabled_inactivity"} == found
    assert {"total_count": 0, "workflows": []} == http.get("/repos/acme/repo-002/actions/workflows").json()


def test_permissions_and_subject(sandbox: Sandbox, http: httpx.Client, github: OpenAPI) -> None:
    """Both are told as GitHub tells them, before and after they were changed."""
    world = sandbox.world
    paths = (f"{REPO}/permissions/workflow", f"{REPO}/oidc/customization/sub")
    before = [http.get(path) for path in paths]
    world.set_default_permissions("acme/repo-001", "write")
    world.set_immutable_subject("acme/repo-001")
    after = [http.get(path) for path in paths]
    for answer in (*before, *after):
        check(github, answer)
    told = [
        (one.json()["default_workflow_permissions"], other.json()["use_immutable_subject"])
        for one, other in (before, after)
    ]
    assert [("read", False), ("write", True)] == told


@pytest.mark.parametrize(
    ("path", "permission"),
    [("workflows", "actions"), ("permissions/workflow", "administration"), ("oidc/customization/sub", "actions")],
)
def test_each_needs_its_permission(sandbox: Sandbox, http: httpx.Client, path: str, permission: str) -> None:
    """Without the permission the answer is a 403 that names it."""
    sandbox.world.add_token("half", Token(permissions={permission: Level.NONE}))
    answer = http.get(f"{REPO}/{path}", headers={"authorization": "Bearer half"})
    named = answer.headers.get("x-accepted-github-permissions")
    assert (403, f"{permission}=read") == (answer.status_code, named)


def test_verbs_refuse_other_words(sandbox: Sandbox) -> None:
    """A state or a level that GitHub does not have is an error of the caller's."""
    with pytest.raises(ValueError, match="a workflow's state is one of"):
        sandbox.world.set_workflow_state("acme/repo-001", "x", "asleep")
    with pytest.raises(ValueError, match="the default is read or write"):
        sandbox.world.set_default_permissions("acme/repo-001", "none")


def test_the_subject_of_old_and_new_repos(sandbox: Sandbox, http: httpx.Client, github: OpenAPI) -> None:
    """Names alone in an old repository; names with ids in one that opted in, was renamed, transferred or made anew.

    The forms are GitHub's: `repo:OWNER/REPO` and `repo:OWNER@OWNER-ID/REPO@REPO-ID` (docs.github.com, OIDC reference).
    """
    world = sandbox.world

    def told(full_name: str) -> dict[str, object]:
        answer = http.get(f"/repos/{full_name}/actions/oidc/customization/sub")
        check(github, answer)
        found: dict[str, object] = answer.json()
        return found

    assert (False, "repo:acme/repo-001") == (
        told("acme/repo-001")["use_immutable_subject"],
        told("acme/repo-001")["sub_claim_prefix"],
    )
    world.set_immutable_subject("acme/repo-001")
    world.rename_repo("acme/repo-002", "acme/other")
    world.rename_repo("acme/repo-003", "beta/moved")
    world.create_repo("acme/repo-004")
    world.recreate_repo("acme/repo-004")
    for name in ("acme/repo-001", "acme/other", "beta/moved", "acme/repo-004"):
        repo = http.get(f"/repos/{name}").json()
        owner, short = name.split("/")
        prefix = f"repo:{owner}@{repo['owner']['id']}/{short}@{repo['id']}"
        assert (True, prefix) == (told(name)["use_immutable_subject"], told(name)["sub_claim_prefix"])
    world.set_subject_template("acme/repo-001", ["repo", "context"])
    assert (False, ["repo", "context"]) == (
        told("acme/repo-001")["use_default"],
        told("acme/repo-001")["include_claim_keys"],
    )
    world.set_subject_template("acme/repo-001")
    assert told("acme/repo-001")["use_default"]

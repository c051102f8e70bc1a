"""What GitHub says of a repo's Actions: which workflows are disabled, the default permissions, the OIDC subject.

Sources: OpenAPI, actions/list-repo-workflows, actions/get-github-actions-default-workflow-permissions-repository and
actions/get-custom-oidc-sub-claim-for-repo.
"""

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.http import Client
from flowforge.github.paging import PER_PAGE, Item, whole
from flowforge.github.paths import repo_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.github.secrets import read_secret
from flowforge.github.variables import PER_PAGE as VARIABLES_PER_PAGE
from flowforge.github.variables import read_variable
from flowforge.plan.address import Repo, Store
from flowforge.plan.facts import Unreadable

_ACTIVE: Final = "active"
_LEVELS: Final = ("read", "write")
# docs.github.com, actions/reference/security/oidc, "Immutable subject claims": repo:OWNER@OWNER-ID/REPO@REPO-ID.
_WITH_IDS: Final = re.compile(r"repo:[^/@]+@[0-9]+/[^/@]+@[0-9]+")


@dataclass(frozen=True, slots=True)
class SubjectForm:
    """What the subject of a repo's OIDC tokens looks like."""

    prefix: str
    """What it begins with, such as `repo:acme/api`; empty where GitHub does not tell."""
    immutable: bool | None
    """Whether that carries ids beside the names; None where GitHub does not tell."""
    claims: tuple[str, ...] = ()
    """The claims that a template makes it of; none for GitHub's own form."""


def disabled_workflows(client: Client, repo: Repo) -> frozenset[str]:
    """Return the paths of workflows that GitHub does not start. Raises as the client does."""
    found = whole(client, f"{repo_path(repo)}/actions/workflows", "workflows", read=_state, identity=itemgetter(0))
    return frozenset(path for path, state in found if state != _ACTIVE)


def default_permission(client: Client, repo: Repo) -> str | None:
    """Return what a workflow without a permissions block may: `read` or `write`; None where GitHub does not tell.

    It takes Administration: read, which few tokens have.
    """
    try:
        data = client.get(f"{repo_path(repo)}/actions/permissions/workflow").data
    except RepoError:
        return None
    match data:
        case {"default_workflow_permissions": str() as level} if level in _LEVELS:
            return level
    return None


def subject_form(client: Client, repo: Repo) -> SubjectForm | None:
    """Return what the subject of its OIDC tokens looks like; None where GitHub does not tell."""
    try:
        data = client.get(f"{repo_path(repo)}/actions/oidc/customization/sub").data
    except RepoError:
        return None
    return _form(data) if isinstance(data, dict) else None


def _form(data: Mapping[str, object]) -> SubjectForm:
    claims = data.get("include_claim_keys")
    own = claims if isinstance(claims, list) and data.get("use_default") is False else ()
    return SubjectForm(_text(data.get("sub_claim_prefix")), _immutable(data), tuple(map(str, own)))


def immutable_subject(client: Client, repo: Repo) -> bool | None:
    """Return whether the subject of its OIDC tokens carries ids; None where GitHub does not tell."""
    form = subject_form(client, repo)
    return form.immutable if form else None


def _immutable(data: Mapping[str, object]) -> bool | None:
    # The prefix is what tokens have: Azure/azure-dev#9430 takes it for authoritative, and repositories were seen that
    # have ids in it while the flag is false.
    prefix, flag = _text(data.get("sub_claim_prefix")), data.get("use_immutable_subject")
    if prefix.startswith("repo:"):
        return bool(_WITH_IDS.fullmatch(prefix))
    return flag if isinstance(flag, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def inherited_names(client: Client, repo: Repo, store: Store) -> frozenset[str] | Unreadable:
    """Return the names of what a repo sees of its organization's Actions secrets or variables, in upper case."""
    noun, variables = ("variables", True) if store is Store.VARIABLES else ("secrets", False)
    path = f"{repo_path(repo)}/actions/organization-{noun}"
    per_page = VARIABLES_PER_PAGE if variables else PER_PAGE
    read_one = read_variable if variables else read_secret
    try:
        return frozenset(
            name for name, _ in whole(client, path, noun, read=read_one, identity=itemgetter(0), per_page=per_page)
        )
    except RepoError as refusal:
        return refusal.no.unreadable()


def _state(item: Item) -> tuple[str, str]:
    match item:
        case {"path": str() as path, "state": str() as state}:
            return path, state
    raise other_shape("a workflow without its path or its state in a list")

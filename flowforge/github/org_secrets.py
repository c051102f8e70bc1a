"""Who sees an organization's secrets and variables: read with their list, written with the value or by itself."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Final

from flowforge.github.answer import Answer
from flowforge.github.explain import FREE, explain, plan_of
from flowforge.github.http import Client
from flowforge.github.paging import PER_PAGE, AskPage, Item, whole
from flowforge.github.paths import list_path, organization_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.github.secrets import Named, Written, listing_of, read_secret
from flowforge.github.variables import PER_PAGE as VARIABLES_PER_PAGE
from flowforge.github.variables import read_variable
from flowforge.plan.address import Repo, Scope
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Listing, Unreadable
from flowforge.plan.recordable import is_id

_UNPROCESSABLE: Final = 422
_NOT_ALL: Final = "run it again: a repository may have been deleted or transferred since it was looked up"


def list_org_secrets(
    client: Client, scope: Scope, wanted: Collection[str], *, fresh: bool = True
) -> Listing | Unreadable:
    """List an organization's secrets or variables, with who sees each of the wanted ones. wanted: upper-case names.

    fresh: whether to ask without what an earlier run was told. Raises StoppedError, and GitHubError when the run is
    over.
    """
    get_list = partial(client.get_list, fresh=fresh)
    try:
        # Of variables nothing is kept, as they have values.
        items = _whole(client, scope, client.get if scope.is_readable else get_list)
        listing = listing_of(named for named, _ in items)
        visible = {name: _visibility(scope, seen_by) for (name, _), seen_by in items if name in wanted}
        # Only of these: a list of selected repos takes a request of its own for each secret.
        audiences = {name: _audience(client, scope, name, each, get_list) for name, each in visible.items()}
    except RepoError as refusal:
        return explain(client, scope, refusal).no.unreadable()
    return replace(listing, audiences=audiences)


def put_viewers(client: Client, scope: Scope, name: str, ids: Collection[int]) -> Written:
    """Replace the whole list of repos that see it. The value stays. Raises as `put_secret` does."""
    path, body = f"{list_path(scope)}/{name}/repositories", {"selected_repository_ids": sorted(ids)}
    return _written(client, scope, name, lambda: client.put(path, body))


def change_visibility(client: Client, scope: Scope, name: str, audience: Audience) -> Written:
    """Change who sees a variable, and leave its value alone. Raises as `put_secret` does."""
    # Not for secrets: a PUT of the list with an empty value wiped the stored value (terraform-provider-github#3069).
    return _written(client, scope, name, lambda: client.patch(f"{list_path(scope)}/{name}", body_of(audience)))


def body_of(audience: Audience) -> Mapping[str, object]:
    """Return what a PUT of a value states about who sees it."""
    # Always, and with all ids: a PUT with `selected` and without ids empties the list (external-secrets#6519).
    if audience.visibility is not Visibility.SELECTED:
        return {"visibility": audience.visibility.value}
    return {"visibility": audience.visibility.value, "selected_repository_ids": list(audience.ids)}


def is_free(client: Client, organization: Repo) -> bool | None:
    """Return whether an organization is on the Free plan; None if GitHub does not tell this token."""
    name = plan_name(client, organization)
    return name == FREE if name else None


def plan_name(client: Client, organization: Repo) -> str | None:
    """Return the name of an organization's plan, empty if this token is not shown it; None where there is none."""
    # On the Free plan its secrets do not reach private repos (docs.github.com, "Using secrets in GitHub Actions").
    try:
        return plan_of(client.get(organization_path(organization)).data)
    except RepoError:
        return None  # a warning is all that it is for


def _written(client: Client, scope: Scope, name: str, send: Callable[[], Answer]) -> Written:
    where = f"{scope}/{name}"
    try:
        answer = send()
    except RepoError as refusal:
        no = refusal.no
        known = replace(no, fix=_NOT_ALL) if no.status == _UNPROCESSABLE else no
        raise explain(client, scope, refusal.at(where, known), writes=True).at(where) from None
    return Written(created=False, date=answer.date, retried=answer.retried)


def _whole(client: Client, scope: Scope, get: AskPage) -> list[tuple[Named, str]]:
    """Return the entries of a list, each with its visibility as GitHub writes it."""
    variables = scope.is_readable
    read_one = read_variable if variables else read_secret
    return whole(
        client,
        list_path(scope),
        "variables" if variables else "secrets",
        read=lambda item: (read_one(item), str(item.get("visibility"))),
        identity=lambda found: found[0][0],
        per_page=VARIABLES_PER_PAGE if variables else PER_PAGE,
        get=get,
    )


def _visibility(scope: Scope, word: str) -> Visibility:
    try:
        return Visibility(word)
    except ValueError:
        detail = f"an organization's {scope.noun} whose visibility is not all, private or selected"
        raise other_shape(detail) from None


def _audience(client: Client, scope: Scope, name: str, visibility: Visibility, get: AskPage) -> Audience:
    if visibility is not Visibility.SELECTED:
        return Audience(visibility)
    path = f"{list_path(scope)}/{name}/repositories"
    return Audience.selected(whole(client, path, "repositories", read=_viewer, identity=attrgetter("id"), get=get))


def _viewer(item: Item) -> Viewer:
    match item:
        case {"id": int() as number, "full_name": str() as name} if is_id(number):
            try:
                return Viewer(Repo.parse(name), number)
            except ValueError:
                pass
    raise other_shape("a repo that sees a secret without its id or full_name")

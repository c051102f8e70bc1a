"""The Actions variables of one scope: list, create, change, delete. GitHub returns their values."""

from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Final

from flowforge.github.answer import Answer
from flowforge.github.explain import explain
from flowforge.github.http import Client
from flowforge.github.paging import Item, whole
from flowforge.github.paths import variables_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.github.secrets import Deleted, Named, Written, listing_of
from flowforge.plan.address import Scope
from flowforge.plan.facts import Entry, Listing, Public, Unreadable
from flowforge.plan.recordable import is_time

# The most that GitHub allows for variables, where other lists may have 100 (OpenAPI, actions/list-repo-variables).
PER_PAGE: Final = 30
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_Body = Mapping[str, object]


def list_variables(client: Client, scope: Scope) -> Listing | Unreadable:
    """Return the names of a scope in upper case, with their values and `updated_at`, or why not all can be had.

    Raises StoppedError, and GitHubError when the run is over.
    """
    try:
        return _listed(client, scope)
    except RepoError as refusal:
        return explain(client, scope, refusal).no.unreadable()


def read_variable(item: Item) -> Named:
    """Read one variable of a list. Raises RepoError FF327 for another shape."""
    match item:
        case {"name": str() as name, "updated_at": str() as at, "value": str() as text} if name and is_time(at):
            return name.upper(), Entry(at, Public(text))
    raise other_shape("a variable without its name, its value or its updated_at in a list")


def put_variable(
    client: Client,
    scope: Scope,
    name: str,
    value: Public,
    *,
    exists: bool,
    more: Mapping[str, object] | None = None,
) -> Written:
    """Write a variable. exists: whether the plan saw it. more: what else the body says, such as who sees it.

    A variable that was created or deleted since the plan is written all the same; `Written.created` shows that. Raises
    RepoError, which names the variable; StoppedError; GitHubError when the run is over.
    """
    # GitHub has no request for both cases: POST creates, and PATCH changes.
    where, body = f"{scope}/{name}", {**(more or {}), "value": value.text}
    try:
        if not exists:
            return _create(client, scope, name, body)
        try:
            return _written(_change(client, scope, name, body), created=False)
        except RepoError as refusal:
            if refusal.no.status != _NOT_FOUND:
                raise
            return _create(client, scope, name, body)
    except RepoError as refusal:
        raise explain(client, scope, refusal, writes=True).at(where) from None


def delete_variable(client: Client, scope: Scope, name: str) -> Deleted:
    """Delete a variable. One that does not exist counts as deleted. Raises as `put_variable` does."""
    where = f"{scope}/{name}"
    try:
        return Deleted(client.delete(f"{variables_path(scope)}/{name}").date)
    except RepoError as refusal:
        if refusal.no.status == _NOT_FOUND:
            return Deleted("")
        raise explain(client, scope, refusal, writes=True).at(where) from None


def _create(client: Client, scope: Scope, name: str, body: _Body) -> Written:
    """Create a variable, or change one that was created since the plan."""
    # 409 means that the name is taken: GitHub's OpenAPI does not document it, and `gh` relies on it. Perhaps an earlier
    # try of this request took it. The list shows the value, but not who sees an organization's variable, so that is
    # written.
    try:
        return _written(client.post(variables_path(scope), {"name": name, **body}), created=True)
    except RepoError as refusal:
        if refusal.no.status != _CONFLICT:
            raise
        lost = not refusal.certain
    entry = _listed(client, scope).entry(name)
    if entry.value is not None and {"value": entry.value.text} == body:
        return Written(created=False, date=entry.updated_at, retried=lost)
    done = _written(_change(client, scope, name, body), created=False)
    return replace(done, retried=lost or done.retried)


def _change(client: Client, scope: Scope, name: str, body: _Body) -> Answer:
    return client.patch(f"{variables_path(scope)}/{name}", body)


def _written(answer: Answer, *, created: bool) -> Written:
    return Written(created, answer.date, retried=answer.retried)


def _listed(client: Client, scope: Scope) -> Listing:
    path = variables_path(scope)
    items = whole(client, path, "variables", read=read_variable, identity=itemgetter(0), per_page=PER_PAGE)
    return listing_of(items)

"""Lists of repos, of an organization, a user, an installation or a team: each is whole, or the reason why not."""

from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from operator import attrgetter, itemgetter
from typing import Final, TypeVar
from urllib.parse import quote as encode

from flowforge.data_class import dataclass
from flowforge.errors import quote
from flowforge.github.forbidden import lacks_permission
from flowforge.github.http import Client
from flowforge.github.paging import Item, whole
from flowforge.github.problems import Refusal, RepoError, naming, other_shape
from flowforge.github.repos import Lookup, read_repo
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.plan.recordable import is_id

_NOT_FOUND: Final = 404
T = TypeVar("T")


class RepoListKind(StrEnum):
    """Which list it is."""

    ORG = "org"
    USER = "user"
    INSTALLATION = "installation"
    TEAM = "team"
    PROPERTIES = "properties"


@dataclass(frozen=True, slots=True, order=True)
class RepoListQuery:
    """One list to ask for."""

    kind: RepoListKind
    owner: str = ""
    """The organization or user; empty for an installation."""
    team: str = ""
    """The slug of a team; empty for other lists."""


@dataclass(frozen=True, slots=True)
class Described:
    """A repo as a list of repos describes it."""

    repo: Repo
    """Its address, with the name that GitHub uses now."""
    id: int
    """GitHub's number of it, which stays through renames and transfers."""
    info: Lookup
    """What a look-up by its name would return."""
    topics: frozenset[str]
    """Its topics, in lower case as GitHub keeps them."""
    visibility: str
    """`public`, `private` or `internal`."""
    archived: bool
    """Whether it is archived, and so read-only."""
    fork: bool
    """Whether it is a fork."""


# The values of the custom properties of each repo, by its id. A property that is not set has no values.
Properties = Mapping[int, Mapping[str, frozenset[str]]]


def list_repos(
    client: Client, wanted: RepoListQuery, stopped: Callable[[], bool] = lambda: False
) -> tuple[Described, ...] | Unreadable:
    """Return every repo of a list, sorted, or why the whole list cannot be had.

    stopped: whether to give up between two pages. Raises StoppedError, and GitHubError when the run is over.
    """
    try:
        found = _whole(client, wanted, lambda item: _read(client, item), attrgetter("id"), stopped)
    except RepoError as refusal:
        return _explained(wanted, refusal.no, client.whose)
    # A user's list is that of the token's own user: no other list shows private repos.
    mine = [each for each in found if wanted.kind is not RepoListKind.USER or _is_of(wanted.owner, each)]
    if wanted.kind is RepoListKind.USER and not mine:
        return _none_of(wanted.owner, given=client.token.installation)
    return tuple(sorted(mine, key=lambda each: each.repo))


def list_properties(
    client: Client, wanted: RepoListQuery, stopped: Callable[[], bool] = lambda: False
) -> Properties | Unreadable:
    """Return the custom properties of every repo of an organization, or why not all of them can be had."""
    try:
        return dict(_whole(client, wanted, _values, itemgetter(0), stopped))
    except RepoError as refusal:
        return _explained(wanted, refusal.no, client.whose)


def no_such_property(organization: str, name: str) -> Unreadable:
    """Return the reason that no repo of an organization has a custom property."""
    detail = f"no repository of {quote(organization)} has a custom property {quote(name)}"
    fix = "write its name as the organization's settings show it"
    return Unreadable(Why.NOT_FOUND, detail, fix)


def without_properties(organization: str, repo: Repo) -> Unreadable:
    """Return the reason that a repo of an organization is missing from the list of properties."""
    # A repo whose properties are not set is in that list, without values (docs.github.com, "List custom property values
    # for organization repositories"). So one that is missing was cut off, and is not one without properties.
    detail = f"the list was cut short: the custom properties of {quote(organization)} lack those of {quote(str(repo))}"
    return Unreadable(Why.CUT_SHORT, detail, "run it again")


def _whole(
    client: Client,
    wanted: RepoListQuery,
    read: Callable[[Item], T],
    identity: Callable[[T], Hashable],
    stopped: Callable[[], bool],
) -> list[T]:
    owner, team = encode(wanted.owner, safe=""), encode(wanted.team, safe="")
    kind = wanted.kind
    # An App has no user, so what of a user's it was given is in the list of its installation.
    if kind is RepoListKind.USER and client.token.installation:
        kind = RepoListKind.INSTALLATION
    paths = {
        RepoListKind.INSTALLATION: "/installation/repositories",
        RepoListKind.ORG: f"/orgs/{owner}/repos?type=all",
        RepoListKind.USER: "/user/repos?affiliation=owner",
        RepoListKind.TEAM: f"/orgs/{owner}/teams/{team}/repos",
        RepoListKind.PROPERTIES: f"/orgs/{owner}/properties/values",
    }
    key = "repositories" if kind is RepoListKind.INSTALLATION else ""
    # Single sign-on may hide repos from a person's token, and only a header of the whole answer is sure to say so. An
    # App's is let in everywhere (docs.github.com, "Authenticating to the REST API").
    kept = client.token.installation and kind is not RepoListKind.PROPERTIES
    get = client.get_list if kept else client.get
    return whole(client, paths[kind], key, read=read, identity=identity, stopped=stopped, get=get)


def _read(client: Client, item: Item) -> Described:
    match item:
        case {
            "id": int() as number,
            "full_name": str() as name,
            "archived": bool() as archived,
            "fork": bool() as fork,
            "private": bool() as private,
            "topics": list() as topics,
        }:
            try:
                repo = Repo.parse(name)
            except ValueError:
                raise other_shape("a repo's full_name is not owner/name") from None
            visibility = str(item.get("visibility") or ("private" if private else "public"))
            words = frozenset(str(topic) for topic in topics)
            # Which judges the id as well.
            info = read_repo(client, repo, item)
            return Described(repo, number, info, words, visibility, archived, fork)
    raise other_shape("a repo in a list without its id, full_name, topics, archived, fork or private")


def _values(item: Item) -> tuple[int, Mapping[str, frozenset[str]]]:
    match item:
        case {"repository_id": int() as number, "properties": list() as properties} if is_id(number):
            return number, dict(_value(each) for each in properties)
    raise other_shape("a repo without its repository_id or properties in a list")


def _value(item: object) -> tuple[str, frozenset[str]]:
    match item:
        case {"property_name": str() as name, "value": None | str() | list() as value}:
            return name.lower(), frozenset((value,) if isinstance(value, str) else map(str, value or ()))
    raise other_shape("a custom property without its property_name or value")


def _is_of(owner: str, described: Described) -> bool:
    return described.repo.owner.lower() == owner.lower()


def _none_of(user: str, *, given: bool) -> Unreadable:
    """Return why there is nothing of a user. given: whether an App was asked, which sees what it was given."""
    if given:
        detail = f"the GitHub App was given no repositories of {quote(user)}"
        return Unreadable(Why.NOT_FOUND, detail, "give it some, in the settings of its installation")
    detail = f"the token's user has no repositories as {quote(user)}"
    fix = "use a token of that user: GitHub shows a user's private repositories to nobody else"
    return Unreadable(Why.NOT_FOUND, detail, fix)


def _explained(wanted: RepoListQuery, no: Refusal, whose: str) -> Unreadable:
    """Return what a 404 or a 403 means for this list. Other refusals explain themselves. whose: the token's origin."""
    owner = quote(wanted.owner)
    refused = lacks_permission(no.message)
    if wanted.kind is RepoListKind.INSTALLATION and (refused or no.status == _NOT_FOUND):
        detail = "no permission: the token of a GitHub App's installation alone has such a list"
        return Unreadable(Why.NO_PERMISSION, detail, "use one, or write `org:` or `user:`")
    if no.status == _NOT_FOUND and wanted.kind is RepoListKind.TEAM:
        detail = f"there is no team {quote(wanted.team)} in {owner}, or this token may not see it"
        return Unreadable(no.why, detail, f"write its slug; the token needs {_PERMISSIONS[RepoListKind.TEAM]}")
    if no.status == _NOT_FOUND and wanted.kind is RepoListKind.PROPERTIES:
        # Shown only where the list of the organization's repos came, so that there is such an organization.
        detail = f"this token may not see the custom properties of {owner}"
        return Unreadable(no.why, detail, naming(f"give the token {_PERMISSIONS[wanted.kind]}", whose))
    if no.status == _NOT_FOUND:
        detail = f"there is no organization {owner}, or this token may not see it"
        return Unreadable(no.why, detail, "check its name; of a user, write `user:`")
    if refused and wanted.kind in _PERMISSIONS:
        return Unreadable(no.why, no.detail, naming(f"give the token {_PERMISSIONS[wanted.kind]}", whose))
    return no.unreadable()


# The permission that a list needs beside the one to see the repos, for fine-grained tokens and for classic ones.
_PERMISSIONS: Final = {
    RepoListKind.TEAM: "Members: read (classic: read:org)",
    RepoListKind.PROPERTIES: "Custom properties: read, of the organization (classic: read:org)",
}

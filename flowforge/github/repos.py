"""Look repos up by name: whether each still has that name, and whether it can be written."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field
from itertools import islice
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit
from urllib.parse import quote as encode

from flowforge.data_class import dataclass
from flowforge.github.answer import Answer
from flowforge.github.explain import moved, renamed
from flowforge.github.forbidden import archived
from flowforge.github.http import Client
from flowforge.github.paging import pages
from flowforge.github.paths import repo_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.plan.recordable import is_id

_NOT_FOUND: Final = 404

T = TypeVar("T")
R = TypeVar("R")


class Each(Protocol):
    """Calls a function for each item, perhaps in parallel, like `map` or a pool's."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]:
        """Return the results in the order of the items."""
        ...


@dataclass(frozen=True, slots=True)
class RepoInfo:
    """What GitHub says of a repo."""

    id: int
    """GitHub's number of it, which stays through renames and transfers."""
    name: str
    """`owner/name` as GitHub writes it."""
    archived: bool
    """Whether it is archived, and so read-only."""
    can_write: bool | None
    """Whether the token's user may write to it; None if the answer does not show that, as to a GitHub App."""
    private: bool | None = field(default=None, compare=False)
    """Whether not everybody sees it; None if the answer does not show that."""
    owner_id: int = 0
    """GitHub's number of its owner; 0 where the answer does not show it."""


Lookup = RepoInfo | Unreadable


def look_up(client: Client, repos: Collection[Repo], *, each: Each = map) -> Mapping[Repo, Lookup]:
    """Look repos up by name in few requests. Raises StoppedError, and GitHubError when the run is over.

    They are read from their owner's list, 100 at a time, as long as that takes fewer requests. What is not in the list
    (renamed, invisible, another user's) is asked for by itself.
    """
    owners: dict[str, set[Repo]] = {}
    for repo in repos:
        owners.setdefault(repo.owner.lower(), set()).add(repo)
    listed = each(lambda wanted: _from_list(client, wanted), [owners[owner] for owner in sorted(owners)])
    found = {repo: info for part in listed for repo, info in part.items()}
    alone = sorted(set(repos) - set(found))
    return found | dict(zip(alone, each(lambda repo: _ask(client, repo), alone), strict=True))


def is_organization(client: Client, owner: str) -> bool | None:
    """Return whether an account is an organization, and not a user; None if GitHub does not tell this token."""
    try:
        client.get(f"/orgs/{encode(owner, safe='')}")
    except RepoError as refusal:
        return False if refusal.no.status == _NOT_FOUND else None
    return True


def organization_id(client: Client, owner: str) -> int:
    """Return GitHub's number of an organization. Raises RepoError, FF327 for another shape."""
    match client.get(f"/orgs/{encode(owner, safe='')}").data:
        case {"id": int() as number} if is_id(number):
            return number
    detail = "an organization without its id"
    raise other_shape(detail)


def _from_list(client: Client, wanted: Collection[Repo]) -> dict[Repo, Lookup]:
    """Return the wanted repos of one owner that its list shows; none if this token gets no such list."""
    if len(wanted) < 2:  # noqa: PLR2004 -- one repo is one request in either way
        return {}
    owner = next(iter(wanted)).owner
    try:
        return _listed(client, f"/orgs/{encode(owner, safe='')}/repos?type=all", owner, wanted)
    except RepoError as refusal:
        if refusal.no.status != _NOT_FOUND:
            return {}
    # Not an organization, so a user. `/users/NAME/repos` would show public repos only, even to that user.
    try:
        return _listed(client, "/user/repos?affiliation=owner", owner, wanted)
    except RepoError:
        return {}


def _listed(client: Client, path: str, owner: str, wanted: Collection[Repo]) -> dict[Repo, Lookup]:
    """Read a list as long as that takes fewer requests than asking for each of the rest."""
    # One reading is enough here: a repo that it lacks is asked for by itself.
    found: dict[Repo, Lookup] = {}
    for answer, items in islice(pages(client, path), len(wanted)):
        found |= _matching(client, wanted, items)
        if _pages_left(answer) >= len(wanted) - len(found) or not _of(owner, items):
            break
    return found


def _matching(client: Client, wanted: Collection[Repo], items: Iterable[Mapping[str, object]]) -> dict[Repo, Lookup]:
    by_key = {repo.key: repo for repo in wanted}
    shown = ((by_key.get(str(item.get("full_name")).lower()), item) for item in items)
    return {repo: read_repo(client, repo, item) for repo, item in shown if repo is not None}


def _of(owner: str, items: Iterable[Mapping[str, object]]) -> bool:
    """Return whether a list shows any repo of an owner. The token's own user may be somebody else."""
    return any(str(item.get("full_name")).lower().startswith(f"{owner.lower()}/") for item in items)


def _pages_left(answer: Answer) -> int:
    """Return how many pages a list has after this one; at least one if GitHub does not say."""
    following, last = answer.link("next"), answer.link("last")
    if following is None:
        return 0
    try:
        pages_at = [int(parse_qs(urlsplit(url).query)["page"][0]) for url in (following, last or following)]
    except (ValueError, KeyError):
        return 1
    return max(1, pages_at[1] - pages_at[0] + 1)


def _ask(client: Client, repo: Repo) -> Lookup:
    try:
        return read_repo(client, repo, client.get(repo_path(repo)).data)
    except RepoError as refusal:
        no = refusal.no
        return (renamed(client, no, repo) if no.why is Why.RENAMED else no).unreadable()


def read_repo(client: Client, repo: Repo, data: object) -> Lookup:
    """Return what GitHub says of a repo, by itself or in a list. Raises RepoError FF327 for another shape."""
    match data:
        case {
            "id": int() as number,
            "full_name": str() as name,
            "archived": bool() as is_archived,
            **more,
        } if is_id(number):
            # A rename is refused and not followed, because another repo may take the old name.
            if name.lower() != repo.key:
                return moved(name, repo).unreadable()
            if is_archived:
                return archived().unreadable()
            private = more.get("private")
            seen = private if isinstance(private, bool) else None
            return RepoInfo(number, name, is_archived, _can_write(client, data), seen, _owner_id(data))
    detail = "a repo without its id, full_name or archived"
    raise other_shape(detail)


def _owner_id(data: object) -> int:
    match data:
        case {"owner": {"id": int() as number}} if is_id(number):
            return number
    return 0


def _can_write(client: Client, data: object) -> bool | None:
    """Return whether the role of the token's user may write; None for a GitHub App, whose rights are not shown."""
    # Write access is enough for secrets through the API (github/docs#40872).
    match data:
        case {"permissions": {"push": bool() as push, **roles}} if not client.token.installation:
            return push or any(roles.get(role) is True for role in ("maintain", "admin"))
    return None

"""One admitted call of GitHub's API: who asks what of which world, and what every handler needs of it."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.access import Token, TokenKind
from flowforge.sandbox.rules.answers import DOCS, ApiRequest, RefusalError, not_found, whole
from flowforge.sandbox.world.model import Environment, Owner, Repository
from flowforge.sandbox.world.world import World

_PER_PAGE = 30
_MAX_PER_PAGE = 100
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was admitted, with what its handler needs."""

    world: World
    """The world that it is handled in. Its lock is held."""
    request: ApiRequest
    """The request as it arrived."""
    token: Token
    """The token that it was signed with."""
    params: Mapping[str, str]
    """The parameters of the route, such as `owner`."""
    version: str
    """The version of the API that it asks for."""
    now: int
    """Whole seconds on the sandbox's clock: the answer's Date, and the time of whatever is written."""

    def shut_out(self, owner: Owner) -> bool:
        """Return whether the organization's single sign-on keeps this token out; only classic tokens need it."""
        return owner.sso and self.token.kind is TokenKind.CLASSIC and not self.token.sso

    def sees(self, repo: Repository) -> bool:
        """Return whether the repository exists as far as the token can tell."""
        return not repo.hidden and self.token.reaches(repo)

    def repository(self) -> Repository:
        """Return the repository that the path names. Raise 404, the redirect of an old name, or the 403 of SSO."""
        if "id" in self.params:
            repo, moved = self.world.directory.by_id(whole(self.params["id"], 0)), None
        else:
            name = f"{self.params['owner']}/{self.params['repo']}"
            repo, moved = self.world.directory.by_name(name), self.world.directory.moved(name)
        found = repo or moved
        if found is None or not self.sees(found):
            raise not_found()
        if self.shut_out(found.owner):
            raise _sso_required(found.owner)
        if repo is None:
            raise self._redirect(found)
        return repo

    def organization(self) -> Owner:
        """Return the organization that the path names; a user is not one. Raise 404, or the 403 of SSO."""
        owner = self.world.directory.owner(self.params["owner"])
        if owner is None or not owner.is_organization:
            raise not_found()
        if self.shut_out(owner):
            raise _sso_required(owner)
        return owner

    def environment(self, repo: Repository) -> Environment:
        """Return the environment that the path names, in any case. Raise 404."""
        found = repo.environments.get(self.params["environment"].lower())
        if found is None or repo.is_short_of_plan:
            raise not_found()
        return found

    def _redirect(self, repo: Repository) -> RefusalError:
        rest = self.request.path.removeprefix(f"/repos/{self.params['owner']}/{self.params['repo']}")
        query = f"?{urlencode(self.request.query)}" if self.request.query else ""
        url = f"{self.request.base}/repositories/{repo.id}{rest}{query}"
        # As GitHub does: a client may repeat a GET elsewhere, and must not turn a PUT into one.
        status = 301 if self.request.method == "GET" else 307
        docs = "https://docs.github.com/v3/#http-redirects"
        return RefusalError(status, "Moved Permanently", docs=docs, headers={"location": url}, url=url)


def page_of(
    call: Call, items: Sequence[_Item], *, usual: int = _PER_PAGE, most: int = _MAX_PER_PAGE
) -> tuple[list[_Item], dict[str, str]]:
    """Return the page that the query asks for, with the Link header that leads on.

    usual: how many a page has when the query does not say. most: how many it has at most.
    """
    size = min(whole(call.request.query.get("per_page", ""), usual), most, call.world.settings.per_page)
    page = whole(call.request.query.get("page", ""), 1)
    last = max(1, -(-len(items) // size))
    links = []
    if page > 1:
        links += [("prev", page - 1)]
    if page < last:
        links += [("next", page + 1), ("last", last)]
    if page > 1:
        links += [("first", 1)]
    url = call.request.base + call.request.path
    link = ", ".join(f'<{url}?{urlencode({**call.request.query, "page": to})}>; rel="{rel}"' for rel, to in links)
    return list(items[(page - 1) * size : page * size]), {"link": link} if link else {}


def _sso_required(owner: Owner) -> RefusalError:
    return RefusalError(
        403,
        "Resource protected by organization SAML enforcement. "
        "You must grant your Personal Access token access to this organization.",
        docs=f"{DOCS}/authentication/authenticating-to-the-rest-api",
        headers={
            "x-github-sso": f"required; url=https://github.com/orgs/{owner.login}/sso?authorization_request=sandbox"
        },
    )

"""Who is to have a workload identity, and which of them a static key beside it concerns."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from flowforge.credentials import workload_identity
from flowforge.data_class import dataclass
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Audience, Visibility
from flowforge.plan.facts import Presence, Wanted


@dataclass(frozen=True, slots=True)
class Identities:
    """Who is to have a workload identity."""

    environments: Mapping[Repo, set[str]]
    """The environments of each repo that have one; "" is the repo itself."""
    audiences: Mapping[Repo, Audience]
    """Who sees the identity of each organization that has one."""
    variables: Mapping[Repo, tuple[Address, ...]]
    """What the identities of each repo or organization are made of, sorted."""

    @classmethod
    def of(cls, wanted: Mapping[Address, Wanted]) -> "Identities":
        """Return who is to have one."""
        environments: defaultdict[Repo, set[str]] = defaultdict(set)
        audiences: dict[Repo, Audience] = {}
        variables: defaultdict[Repo, list[Address]] = defaultdict(list)
        for address, want in sorted(wanted.items()):
            if want.presence is Presence.PRESENT and want.type == workload_identity.TYPE:
                variables[address.scope.repo].append(address)
                if want.audience is not None:
                    audiences[address.scope.repo] = want.audience
                else:
                    environments[address.scope.repo].add(address.scope.environment_key)
        return cls(environments, audiences, {repo: tuple(found) for repo, found in variables.items()})

    def hidden_by(self, scope: Scope, audience: Audience | None) -> list[Repo]:
        """Return the repos whose identity a key in this list may hide. audience: who sees an organization's key."""
        if not scope.repo.is_organization:
            mine = self.environments.get(scope.repo, set()) | self._from_organization(scope.repo)
            return [scope.repo] if mine and ("" in mine or scope.environment_key in {"", *mine}) else []
        theirs = self.audiences.get(scope.repo)
        own = [scope.repo] if theirs is not None and _overlap(theirs, audience) else []
        its = (repo for repo in sorted(self.environments) if repo.owner.lower() == scope.repo.key)
        return [*own, *(repo for repo in its if _admits(audience, repo))]

    def parts_for(self, repo: Repo) -> tuple[Address, ...]:
        """Return all variables from which a repo's runs may have their identity, its organization's among them."""
        organization = Repo.organization(repo.owner)
        inherited = () if repo.is_organization or not self._from_organization(repo) else self.variables[organization]
        return (*self.variables.get(repo, ()), *inherited)

    def users_of(self, repo: Repo) -> tuple[Repo, ...] | None:
        """Return the repos that have the identity of a repo or organization; None where they are not known by name."""
        audience = self.audiences.get(repo)
        if audience is None:
            return () if repo.is_organization else (repo,)
        return tuple(sorted(_repos(audience))) if audience.visibility is Visibility.SELECTED else None

    def _from_organization(self, repo: Repo) -> set[str]:
        audience = self.audiences.get(Repo.organization(repo.owner))
        return {""} if audience is not None and _admits(audience, repo) else set()


def has_identity(wanted: Mapping[Address, Wanted]) -> bool:
    """Return whether anybody is to have one."""
    return any(want.presence is Presence.PRESENT and want.type == workload_identity.TYPE for want in wanted.values())


def scopes_beside(wanted: Mapping[Address, Wanted], chosen: Iterable[Address]) -> Iterator[Scope]:
    """Yield the lists with the variables that take the place of chosen secrets which an apply may delete."""
    # Those that --limit and the like leave out of the plan: a key must not go before they are seen to be there.
    if not has_identity(wanted):
        return
    identities = Identities.of(wanted)
    for scope in {
        address.scope for address in chosen if _may_go(wanted.get(address)) and not address.scope.is_readable
    }:
        for repo in identities.hidden_by(scope, None):
            yield from (part.scope for part in identities.parts_for(repo))


def _may_go(want: Wanted | None) -> bool:
    return want is None or want.presence is Presence.ABSENT


def _admits(audience: Audience | None, repo: Repo) -> bool:
    """Return whether a repo may see it. Which repos are private is not known, so that counts as yes."""
    return audience is None or audience.visibility is not Visibility.SELECTED or repo in _repos(audience)


def _overlap(audience: Audience, other: Audience | None) -> bool:
    if audience.visibility is not Visibility.SELECTED:
        return other is None or other.visibility is not Visibility.SELECTED or bool(other.viewers)
    return any(_admits(other, repo) for repo in _repos(audience))


def _repos(audience: Audience) -> set[Repo]:
    return {viewer.repo for viewer in audience.viewers}

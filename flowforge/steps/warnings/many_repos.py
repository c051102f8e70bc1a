"""A note on what one secret of an organization would take, where a plan writes the same value to many of its repos."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import printable
from flowforge.plan.action import Action
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Known
from flowforge.plan.ordering import Work

# From so many on the writes do not fit into one minute of GitHub's limit, and somebody waits.
MANY: Final = 100
_WRITES: Final = frozenset({Action.CREATE, Action.UPDATE})


@dataclass(frozen=True, slots=True)
class ManyRepos:
    """The secrets of many repos of one owner that a plan gives one and the same value."""

    owner: Repo
    """The owner as the organization that it may be."""
    credential: str
    """The credential whose value it is."""
    changes: tuple[Change, ...]
    """The lines that write it, sorted."""

    @property
    def work(self) -> Work:
        """What the plan writes."""
        by_scope: dict[Scope, tuple[Change, ...]] = {}
        for change in self.changes:
            by_scope[change.address.scope] = (*by_scope.get(change.address.scope, ()), change)
        return by_scope

    @property
    def instead(self) -> Work:
        """What a plan would write with the organization's own secrets, one for each name in each store."""
        addresses = {
            Address(Scope(self.owner, change.address.scope.store), change.address.secret) for change in self.changes
        }
        one = replace(self.changes[0], action=Action.CREATE)
        work: dict[Scope, tuple[Change, ...]] = {}
        for address in sorted(addresses):
            work[address.scope] = (*work.get(address.scope, ()), replace(one, address=address))
        return work

    def only(self, repos: Collection[Repo]) -> "ManyRepos":
        """Return those of these repos."""
        return replace(self, changes=tuple(each for each in self.changes if each.address.scope.repo in repos))

    @property
    def repos(self) -> int:
        """How many repos they are of."""
        return len({change.address.scope.repo for change in self.changes})


def many_repos(plan: Plan) -> tuple[ManyRepos, ...]:
    """Return what a plan writes to many repos of an owner, by owner and credential."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in plan.changes:
        scope, wanted = change.address.scope, change.wanted
        own = not (scope.repo.is_organization or scope.environment_key or scope.is_readable)
        if own and change.action in _WRITES and wanted is not None and isinstance(wanted.value, Known):
            groups.setdefault((scope.repo.owner.lower(), wanted.credential), []).append(change)
    found = (
        ManyRepos(Repo.organization(changes[0].address.scope.repo.owner), credential, tuple(changes))
        for (_, credential), changes in sorted(groups.items())
        # A value for each repo, as {repo} in a source gives, is none that an organization could hold.
        if len({_fingerprint(each) for each in changes}) == 1
    )
    return tuple(each for each in found if each.repos >= MANY)


def note(many: ManyRepos, now: tuple[int, int], instead: tuple[int, int], *, plan_known: bool) -> str:
    """Return the note. now, instead: the requests and the points of both ways. plan_known: whether it is not Free."""
    owner = printable(many.owner.name)
    unless = "" if plan_known else "; on GitHub's Free plan private repos do not see it"
    return (
        f"credential {printable(many.credential)}: {many.repos} repos of {owner} get a secret each, which takes "
        f"{_taken(now)}; one secret of the organization with an access list (`org: {owner}` with `visible_to`) takes "
        f"{_taken(instead)}{unless}"
    )


def _taken(cost: tuple[int, int]) -> str:
    requests, points = cost
    return f"{requests:,} requests and {points:,} points"


def _fingerprint(change: Change) -> str:
    value = change.wanted.value if change.wanted else None
    return value.fingerprint if isinstance(value, Known) else ""

"""What one secret of an organization would take in the place of the many that a plan writes: asked and reckoned."""

from collections.abc import Callable, Collection, Iterator, Mapping

from flowforge.github.clients import Clients
from flowforge.github.explain import FREE
from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Repo, Scope
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Listing, Seen
from flowforge.plan.ordering import Work
from flowforge.run.request import Request
from flowforge.steps.apply.cost import Cost
from flowforge.steps.refresh.accounts import plans_of
from flowforge.steps.warnings.many_repos import MANY, many_repos, note


def notes_on_many(
    request: Request,
    clients: Clients,
    plan: Plan,
    seen: Mapping[Scope, Seen],
    *,
    repos: Mapping[Repo, RepoInfo],
    keys: Collection[Scope],
) -> Iterator[str]:
    """Yield a note for each credential that a plan writes to many repos of an organization, which is asked for.

    repos: those that are written, as they were looked up. keys: the scopes whose public key is remembered.
    """
    found = many_repos(plan)
    plans = plans_of(clients, {each.owner for each in found}, jobs=request.jobs, stop=request.stop)
    public = {repo for repo, info in repos.items() if info.private is False}
    for each in found:
        name = plans.get(each.owner)
        # A user has no secrets for all repos, and on the Free plan private repos see none of an organization's.
        many = each.only(public) if name == FREE else each
        if name is not None and many.repos >= MANY:
            pacer = clients.of(many.owner.owner).pacer

            def taken(work: Work, has_room: Callable[[int], bool] = pacer.has_room) -> tuple[int, int]:
                lists = {scope: seen.get(scope, Listing({})) for scope in work}
                cost = Cost.of((work,), lists, keys).listed(confirm=request.confirm, has_room=has_room)
                return cost.requests, cost.points

            yield note(many, taken(many.work), taken(many.instead), plan_known=bool(name))

"""The audit within a plan: of the repos that it would write, as their stores will be once it is applied."""

from collections.abc import Mapping

from flowforge.audit.codes import Severity
from flowforge.audit.model import RepoAudit
from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.audience import Audience
from flowforge.plan.decide import Plan, Situation
from flowforge.plan.facts import Listing, Presence, Seen
from flowforge.run.task import Task
from flowforge.run.types_of import TypesOf
from flowforge.steps.audit.fetch import Asking
from flowforge.steps.audit.fleet import KnownRepos, audit_fleet
from flowforge.steps.warnings.hidden_identity import held_after, repos_beside_keys

_HIDDEN = "identity-shadowed"


@dataclass(frozen=True, slots=True)
class PlannedAudit:
    """What the workflows of the repos that a plan would write say."""

    failing: tuple[RepoAudit, ...]
    """The audits that have errors; what else they say is for `audit` itself."""
    hiding: frozenset[Repo]
    """The repos in which a workflow passes a key beside its workload identity."""


def audit_planned(task: Task, clients: Clients, plan: Plan, situation: Situation) -> PlannedAudit:
    """Return what the workflows say of the repos that a plan would write, and of those whose identity a key may hide.

    It blocks nothing: a repo that cannot be read has no findings. Raises StoppedError, and GitHubError when the run is
    over.
    """
    written = {change.address.scope.repo for change in plan.changes if change.writes}
    hidden = repos_beside_keys(situation.wanted, situation.seen)
    repos = {repo for repo in (*written, *hidden) if not repo.is_organization}
    request = task.request
    asking = Asking(clients, request.jobs, request.stop, request.progress)
    known = KnownRepos(TypesOf(task.places).of, lists_after(situation), coming=coming_to_organizations(situation))
    audits = [each.audit for each in audit_fleet(asking, repos, known)]
    failing = [each for each in audits if any(found.level is Severity.ERROR for found in each.findings)]
    hiding = [each.repo for each in audits if each.repo and any(found.code == _HIDDEN for found in each.findings)]
    return PlannedAudit(tuple(failing), frozenset(map(Repo.parse, hiding)))


def lists_after(situation: Situation) -> Mapping[Scope, Seen]:
    """Return the lists of repos as they will be: what is about to be written must not be told as missing."""
    after = held_after(situation.wanted, situation.seen)
    lists = {scope: Listing(dict.fromkeys(names, "")) for scope, names in after.items()}
    return {scope: lists.get(scope, seen) for scope, seen in situation.seen.items() if not scope.repo.is_organization}


def coming_to_organizations(situation: Situation) -> Mapping[tuple[str, Store], Mapping[str, Audience]]:
    """Return who will see what the plan gives to organizations, by the owner in lower case and the store."""
    found: dict[tuple[str, Store], dict[str, Audience]] = {}
    for address, want in situation.wanted.items():
        if want.presence is Presence.PRESENT and want.audience is not None:
            scope = address.scope
            found.setdefault((scope.repo.owner.lower(), scope.store), {})[address.secret] = want.audience
    return found

"""The flow of `audit` over repos at GitHub: those of an owner, or those of a manifest."""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager

from flowforge.api_address import host_for_people
from flowforge.audit.model import RepoAudit
from flowforge.data_class import dataclass
from flowforge.errors import AuditError, ManifestError, Problem, quote
from flowforge.github.clients import Clients
from flowforge.github.permission_table import TO_AUDIT
from flowforge.github.permissions import joined
from flowforge.paths import Confinement
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Unreadable
from flowforge.run.request import Request
from flowforge.run.signed_in import signed_in_without_manifest
from flowforge.run.task import Task
from flowforge.run.types_of import TypesOf
from flowforge.state.model import State
from flowforge.steps.audit.fetch import Asking
from flowforge.steps.audit.fleet import ARCHIVED, AuditedRepo, KnownRepos, audit_fleet, bare
from flowforge.steps.audit.owner import repos_of
from flowforge.steps.refresh.line_filter import LineFilter
from flowforge.steps.refresh.repo_lists import read_lists


@dataclass(frozen=True, slots=True)
class FleetAudit:
    """The audit of repos at GitHub."""

    repos: tuple[RepoAudit, ...]
    """Sorted by name."""
    warnings: tuple[str, ...]
    """What a person should know besides."""
    complete: bool
    """Whether all was read that was asked for."""
    looked: bool
    """Whether any repo could be read; true where there is none."""
    requests: int
    """How many requests it took."""
    host: str
    """The host that has the repos."""


def audit_owner(request: Request, owner: str) -> FleetAudit:
    """Return the audit of every repo of an organization or user. Raises AuditError FF701 where they cannot be listed.

    Manifests of the request say which token is used and which types secrets have; one with errors is warned of.
    """
    task, warned = _task_if_sound(request)
    with _signed_in(request, task) as clients:
        clients.need(TO_AUDIT)
        listed = repos_of(clients, owner)
        if isinstance(listed, Unreadable):
            raise unlisted(owner, listed)
        chosen = _chosen(request, {each.repo for each in listed})
        archived = [each.repo for each in listed if each.archived and each.repo in chosen]
        types = TypesOf(task.places if task else ())
        found = audit_fleet(_asking(request, clients), chosen - {*archived}, KnownRepos(types.of))
        return _whole(request, task, clients, found, archived=archived, warnings=warned)


def audit_targets(request: Request) -> FleetAudit:
    """Return the audit of the repos that a manifest is about: its targets', and those that see an org's secret."""
    task = Task.of_all_owners(request)
    with task.signed_in() as clients:
        clients.need(joined(TO_AUDIT, task.to_read(State.fresh())))
        task = task.with_selected_repos(clients)
        repos = {place.address.scope.repo for place in task.places}
        repos |= {viewer.repo for place in task.places for viewer in place.viewers}
        chosen = _chosen(request, {repo for repo in repos if not repo.is_organization})
        found = audit_fleet(_asking(request, clients), chosen, KnownRepos(TypesOf(task.places).of))
        unknown = (f"{each.entry} ({each.where}): {each.unreadable.sentence}" for each in task.unresolved)
        warnings = (*task.warnings, *unknown)
        return _whole(request, task, clients, found, warnings=warnings, whole=not task.unresolved)


def _task_if_sound(request: Request) -> tuple[Task | None, tuple[str, ...]]:
    if not request.manifests:
        return None, ()
    try:
        return Task.of_all_owners(request), ()
    except ManifestError as error:
        first = error.problems[0]
        return None, (f"the manifest has errors, so nothing is known from it: {first.code} {first.what}",)


def _signed_in(request: Request, task: Task | None) -> AbstractContextManager[Clients]:
    return task.signed_in() if task else signed_in_without_manifest(request)


def _chosen(request: Request, repos: set[Repo]) -> set[Repo]:
    """Return the repos that --limit and --exclude leave. Raises UsageError."""
    lists = read_lists(request.patterns, (), Confinement.of(request.environ))
    chosen = LineFilter(request.limit, request.exclude, lists=lists).chooser(repos)
    # A filter is asked by lines; any line of a repo stands for it.
    return {repo for repo in repos if chosen(Address(Scope(repo), "_"))}


def _asking(request: Request, clients: Clients) -> Asking:
    return Asking(clients, request.jobs, request.stop, request.progress)


def unlisted(owner: str, no: Unreadable) -> AuditError:
    """Return the error of an owner whose repos cannot be listed."""
    what = f"the repositories of {quote(owner)} cannot be listed"
    fix = no.fix or "check the name, and that the token may see it"
    return AuditError(Problem("FF701", what, why=no.sentence, fix=fix))


def _whole(
    request: Request,
    task: Task | None,
    clients: Clients,
    found: Collection[AuditedRepo],
    *,
    archived: Iterable[Repo] = (),
    warnings: Iterable[str] = (),
    whole: bool = True,
) -> FleetAudit:
    audits = [*(each.audit for each in found), *(bare(repo, ARCHIVED) for repo in archived)]
    audits.sort(key=lambda each: (each.repo or "").lower())
    return FleetAudit(
        tuple(audits),
        tuple(dict.fromkeys(warnings)),
        complete=whole and all(each.complete for each in audits),
        looked=not found or any(each.unreadable is None for each in found),
        requests=clients.requests,
        host=task.host if task else host_for_people("", request.environ),
    )

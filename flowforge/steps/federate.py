"""Whom the workload identities of a manifest trust: its places, joined with what GitHub says of each repo."""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from flowforge.concurrency import Progress, each
from flowforge.credentials import workload_identity
from flowforge.github.actions_facts import subject_form
from flowforge.github.clients import Clients
from flowforge.github.problems import RepoError, StoppedError
from flowforge.github.repos import Lookup, RepoInfo, organization_id
from flowforge.manifest.model import Credential
from flowforge.manifest.places import Place
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.audience import Visibility
from flowforge.plan.facts import Unreadable
from flowforge.plan.federation import FederationRule, TrustedOwner, TrustedRepo
from flowforge.steps.look_up import look_up_all

_NO_OWNER: Final = Unreadable(Why.FAILED, "GitHub does not show the id of its owner")


def rules_of(
    places: Iterable[Place], clients: Clients, *, jobs: int, stop: threading.Event, progress: Progress
) -> tuple[FederationRule, ...]:
    """Return the rule that each workload identity needs. Raises StoppedError, and GitHubError when the run is over."""
    found = {credential.name: (credential, mine) for credential, mine in _identities(places)}
    repos = {repo for _, mine in found.values() for repo in _environments(mine)}
    looked_up = look_up_all(clients, repos, jobs=jobs, stop=stop)
    forms: dict[Repo, TrustedRepo] = {}
    with progress("Asking for subjects", len(repos)) as advance:
        for repo, trusted in each(
            sorted(repos),
            lambda repo: _trusted(clients, repo, looked_up[repo]),
            jobs=jobs,
            stopped=stop.is_set,
            lane=lambda repo: clients.lane(repo.owner),
        ):
            forms[repo] = trusted
            advance()
    if len(forms) < len(repos):
        raise StoppedError
    return tuple(_rule(*found[name], forms, clients) for name in sorted(found))


def _identities(places: Iterable[Place]) -> Iterator[tuple[Credential, list[Place]]]:
    mine: defaultdict[str, list[Place]] = defaultdict(list)
    credentials: dict[str, Credential] = {}
    for place in places:
        if place.credential is not None and place.credential.type == workload_identity.TYPE:
            credentials[place.credential.name] = place.credential
            mine[place.credential.name].append(place)
    return ((credentials[name], found) for name, found in mine.items())


def _environments(places: Collection[Place]) -> Mapping[Repo, tuple[str, ...]]:
    """Return the repos that have an identity, each with the environments that do; none for one that has it whole."""
    named: defaultdict[Repo, dict[str, str]] = defaultdict(dict)
    for place in places:
        scope = place.address.scope
        # Who sees an organization's has it whole.
        holders = [member.repo for member in place.viewers] if scope.repo.is_organization else [scope.repo]
        for repo in holders:
            named[repo].setdefault(scope.environment_key, scope.environment)
    return {repo: () if "" in found else tuple(found[key] for key in sorted(found)) for repo, found in named.items()}


def _trusted(clients: Clients, repo: Repo, found: Lookup) -> TrustedRepo:
    if isinstance(found, Unreadable):
        return TrustedRepo(repo, unreadable=found)
    if not found.owner_id:
        return TrustedRepo(repo, unreadable=_NO_OWNER)
    form = subject_form(clients.of(repo.owner), repo)
    trusted = TrustedRepo(repo, id=found.id, owner_id=found.owner_id)
    if form is None:
        return trusted
    prefix = form.prefix or _prefix(found, immutable=form.immutable)
    return replace(trusted, prefix=prefix, immutable=form.immutable, template=form.claims)


def _prefix(info: RepoInfo, *, immutable: bool | None) -> str:
    """Return what a subject begins with where GitHub says only whether it carries ids, as older versions do."""
    owner, _, name = info.name.partition("/")
    forms = {False: f"repo:{info.name}", True: f"repo:{owner}@{info.owner_id}/{name}@{info.id}"}
    return "" if immutable is None else forms[immutable]


def _rule(
    credential: Credential, places: Collection[Place], forms: Mapping[Repo, TrustedRepo], clients: Clients
) -> FederationRule:
    values = dict(credential.variables)
    mine = _environments(places)
    repos = tuple(replace(forms[repo], environments=mine[repo]) for repo in sorted(mine))
    whole = {
        place.address.scope.repo: place.visibility
        for place in places
        if place.visibility in {Visibility.ALL, Visibility.PRIVATE}
    }
    owners = tuple(_owner(clients, owner, private=whole[owner] is Visibility.PRIVATE) for owner in sorted(whole))
    ids = {key: values.get(variable, "") for key, variable in workload_identity.VARIABLES.items()}
    return FederationRule(
        credential.name,
        ids["federation_rule_id"],
        ids["organization_id"],
        ids["service_account_id"],
        ids["workspace_id"],
        repos,
        owners,
    )


def _owner(clients: Clients, owner: Repo, *, private: bool) -> TrustedOwner:
    try:
        return TrustedOwner(owner, organization_id(clients.of(owner.owner), owner.owner), private)
    except RepoError as refusal:
        return TrustedOwner(owner, 0, private, refusal.no.unreadable())

"""Audit many repos: fetch their files, see what these read, list that, and judge each.

A repo that cannot be read costs the others nothing: its verdict says why.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace

from flowforge.audit.judge import examine_read
from flowforge.audit.leaving import still_needs
from flowforge.audit.model import RepoAudit, RepoFacts
from flowforge.audit.needs import STATIC_NAMES
from flowforge.concurrency import each
from flowforge.data_class import dataclass
from flowforge.github.actions_facts import default_permission, disabled_workflows, immutable_subject
from flowforge.github.problems import RepoError, StoppedError
from flowforge.github.workflow_query import WorkflowFiles
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.audience import Audience
from flowforge.plan.facts import Listing, Seen, Unreadable
from flowforge.steps.audit.fetch import Asking, fetch, read
from flowforge.steps.audit.stores import StoreReader
from flowforge.steps.audit.wants import RepoWants, wanted_by

Types = Callable[[Repo], Mapping[str, str]]
ARCHIVED = "It is archived, so nothing runs here."
_DISABLED = "GitHub has disabled it, so nothing runs here."


@dataclass(frozen=True, slots=True)
class KnownRepos:
    """What is known of the repos before GitHub is asked."""

    types: Types = lambda _: {}
    """The type of credential that the manifest puts into a repo's secrets, by their names in upper case."""
    lists: Mapping[Scope, Seen] = field(default_factory=dict)
    """Lists of repos and environments that this run has read already."""
    thorough: bool = False
    """Whether to list what no workflow reads as well: Dependabot's store, and Claude's usual names of organizations."""
    coming: Mapping[tuple[str, Store], Mapping[str, Audience]] = field(default_factory=dict)
    """What the plan gives to organizations, by the owner in lower case, with who will see it."""
    leaving: Mapping[Repo, Collection[str]] = field(default_factory=dict)
    """The names, in upper case, of secrets that are to go where a workload identity takes their place."""


@dataclass(frozen=True, slots=True)
class AuditedRepo:
    """One repo, audited."""

    audit: RepoAudit
    repo: Repo
    unreadable: Unreadable | None = None
    """Why it could not be read at all."""
    not_listed: tuple[str, ...] = ()
    """Which of its lists could not be had, and why."""
    needed: Mapping[str, str] = field(default_factory=dict)
    """Why secrets that are to go cannot go yet, as clauses, by name; those alone that cannot."""


def audit_fleet(asking: Asking, repos: Collection[Repo], known: KnownRepos) -> tuple[AuditedRepo, ...]:
    """Return an audit of each repo, in order. Raises StoppedError, and GitHubError when the run is over."""
    return survey_fleet(asking, repos, known)[0]


def survey_fleet(
    asking: Asking, repos: Collection[Repo], known: KnownRepos
) -> tuple[tuple[AuditedRepo, ...], Mapping[Scope, Listing]]:
    """Return an audit of each repo, in order, and every list that was read for them. Raises as `audit_fleet`."""
    fetched = fetch(asking, repos)
    wanted: dict[Repo, RepoWants] = {}
    without: dict[Repo, RepoAudit] = {}
    inherited: dict[str, set[tuple[Store, str]]] = {}
    for repo, found in fetched.items():
        if isinstance(found, WorkflowFiles) and not _standing(found):
            first = _first_look(repo, found, known.types(repo))
            wanted[repo] = wanted_by(repo, first, thorough=known.thorough)
            if not wanted[repo].runs:
                without[repo] = first
            # Who sees an organization's secret is asked for once, so it must be known of all repos which are read.
            inherited.setdefault(repo.owner.lower(), set()).update(wanted[repo].inherited)
    stores = StoreReader(asking.clients, inherited, known.lists, known.coming)

    def judged(repo: Repo) -> AuditedRepo:
        found = fetched[repo]
        if isinstance(found, Unreadable):
            return AuditedRepo(bare(repo, f"It could not be read: {found.sentence}.", complete=False), repo, found)
        if repo not in wanted:
            return AuditedRepo(bare(repo, _standing(found)), repo)
        leaving, types = known.leaving.get(repo, ()), known.types(repo)
        facts = replace(_facts(asking, stores, repo, found, wanted[repo]), types=types)
        # Most repos run no Claude and hold nothing of Claude's. Then nothing that GitHub says changes the first audit.
        if (
            repo in without
            and not leaving
            and facts.stores
            and not (facts.stores.unread or facts.stores.actions & {*types, *STATIC_NAMES})
        ):
            return AuditedRepo(without[repo], repo)
        not_listed = tuple(facts.stores.unread.values()) if facts.stores else ()
        case, audit = examine_read(read(repo, found), facts)
        needed = {name: why for name in leaving if (why := still_needs(case, audit, name))}
        return AuditedRepo(audit, repo, not_listed=not_listed, needed=needed)

    done: dict[Repo, AuditedRepo] = {}
    with asking.progress("Auditing", len(fetched)) as advance:
        for repo, audit in each(
            sorted(fetched),
            judged,
            jobs=asking.jobs,
            stopped=asking.stop.is_set,
            lane=lambda repo: asking.clients.lane(repo.owner),
        ):
            done[repo] = audit
            advance()
    if len(done) < len(fetched):
        raise StoppedError
    return tuple(done[repo] for repo in sorted(done)), stores.read


def bare(repo: Repo, verdict: str, *, complete: bool = True) -> RepoAudit:
    """Return the audit of a repo of which nothing was judged."""
    return RepoAudit(str(repo), verdict, complete, (), (), ())


def _standing(found: WorkflowFiles) -> str:
    """Return the verdict on a repo in which nothing runs; empty for any other."""
    return ARCHIVED if found.archived else _DISABLED if found.disabled else ""


def _first_look(repo: Repo, found: WorkflowFiles, types: Mapping[str, str]) -> RepoAudit:
    """Return an audit by the files alone, with the worst that GitHub could say of the repo."""
    worst = RepoFacts(name=str(repo), types=types, default_permission="read", immutable_subject=True)
    return examine_read(read(repo, found), worst)[1]


def _facts(asking: Asking, stores: StoreReader, repo: Repo, found: WorkflowFiles, wanted: RepoWants) -> RepoFacts:
    client = asking.clients.of(repo.owner)
    names = stores.names(repo, found, wanted)
    disabled: frozenset[str] = frozenset()
    if wanted.runs:
        try:
            disabled = disabled_workflows(client, repo)
        except RepoError as refusal:
            why = f"which of its workflows are disabled: {refusal.no.detail}"
            names = replace(names, unread={**names.unread, "workflows": why})
    return RepoFacts(
        name=str(repo),
        stores=names,
        default_permission=default_permission(client, repo) if wanted.by_default else None,
        immutable_subject=immutable_subject(client, repo) if wanted.by_subject else None,
        disabled=disabled,
    )

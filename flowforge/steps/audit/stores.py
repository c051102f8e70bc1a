"""The names that repos' stores hold, for an audit: each list whole or not known, an organization's asked for once."""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

from flowforge.audit.model import StoreNames
from flowforge.github.actions_facts import inherited_names
from flowforge.github.clients import Clients
from flowforge.github.org_secrets import is_free, list_org_secrets
from flowforge.github.repos import is_organization
from flowforge.github.scopes import list_scope
from flowforge.github.workflow_query import WorkflowFiles
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.audience import Audience, Visibility
from flowforge.plan.facts import Listing, Seen, Unreadable
from flowforge.steps.audit.wants import RepoWants

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
_NOUNS: Final = {
    Store.ACTIONS: "secrets",
    Store.DEPENDABOT: "Dependabot secrets",
    Store.VARIABLES: "variables",
}
_WORKFLOW_TOKEN: Final = Unreadable(Why.NO_PERMISSION, "no permission: a workflow's own token may list none")
# What a repo of a user has from an organization, and one of the Free plan from its own.
_NOTHING: Final = Listing({})


class StoreReader:
    """Reads what stores hold. Thread-safe.

    wanted: the names that any repo of an owner may have from its organization, by the owner in lower case; who sees
    those is asked for. known: lists that this run has read already. coming: what organizations will have besides.
    """

    def __init__(
        self,
        clients: Clients,
        wanted: Mapping[str, Iterable[tuple[Store, str]]],
        known: Mapping[Scope, Seen] | None = None,
        coming: Mapping[tuple[str, Store], Mapping[str, Audience]] | None = None,
    ) -> None:
        """Take what is wanted of each organization."""
        self._clients = clients
        self._known = known or {}
        self._coming = coming or {}
        self._names: Mapping[tuple[str, Store], set[str]] = defaultdict(set)
        for owner, pairs in wanted.items():
            for store, name in pairs:
                self._names[owner, store].add(name)
        self._lists = _Once[tuple[str, Store], Seen]()
        self.read: dict[Scope, Listing] = {}
        """Every list that was read, an organization's with who sees what is wanted of it."""
        self._users = _Once[str, bool]()
        self._free = _Once[str, bool]()

    def names(self, repo: Repo, found: WorkflowFiles, wanted: RepoWants) -> StoreNames:
        """Return what the stores hold that a repo's workflows read, as far as it could be listed."""
        unread: dict[str, str] = {}
        held: dict[Store, frozenset[str]] = {}
        environments: dict[str, frozenset[str]] = {}
        for scope in sorted(wanted.scopes):
            seen = self._listed(scope)
            key = f"environment:{scope.environment_key}" if scope.environment else _field_of(scope.store)
            if isinstance(seen, Unreadable):
                unread[key] = f"its {_noun(scope)}: {seen.sentence}"
            elif scope.environment:
                environments[scope.environment_key] = frozenset(seen.updated_at)
            else:
                held[scope.store] = frozenset(seen.updated_at)
        inherited = {
            store: self._inherited(repo, found, store, unread) | self._to_come(repo, found, store)
            for store in {store for store, _ in wanted.inherited}
        }
        nothing: frozenset[str] = frozenset()
        return StoreNames(
            actions=held.get(Store.ACTIONS, nothing),
            dependabot=held.get(Store.DEPENDABOT, nothing) | inherited.get(Store.DEPENDABOT, nothing),
            environments=environments,
            organization=inherited.get(Store.ACTIONS, nothing),
            variables=held.get(Store.VARIABLES, nothing) | inherited.get(Store.VARIABLES, nothing),
            unread=unread,
        )

    def _listed(self, scope: Scope) -> Seen:
        if scope in self._known:
            return self._known[scope]
        client = self._clients.of(scope.repo.owner)
        if client.token.workflow:
            return _WORKFLOW_TOKEN
        seen = list_scope(client, scope)
        # GitHub makes an environment when a job first names it, and it has no secrets then.
        missing = isinstance(seen, Unreadable) and seen.why is Why.NO_ENVIRONMENT
        if isinstance(seen, Listing):
            self.read[scope] = seen
        return _NOTHING if missing else seen

    def _inherited(self, repo: Repo, found: WorkflowFiles, store: Store, unread: dict[str, str]) -> frozenset[str]:
        """Return what a repo sees of its organization's, by the organization's list or by its own; note why not."""
        seen = self._lists.get((repo.owner.lower(), store), self._of_organization)
        if isinstance(seen, Listing):
            # On the Free plan an organization's secrets do not reach private repos.
            if not seen.updated_at or (found.private and self._free.get(repo.owner.lower(), self._is_free)):
                return frozenset()
            return frozenset(_seen_by(seen.audiences, found))
        # Few may list an organization's. Of Actions each repo can tell what it sees; of Dependabot none can.
        if store is not Store.DEPENDABOT and not self._clients.of(repo.owner).token.workflow:
            names = inherited_names(self._clients.of(repo.owner), repo, store)
            if not isinstance(names, Unreadable):
                return names
            seen = names
        key = "organization" if store is Store.ACTIONS else _field_of(store)
        unread.setdefault(key, f"the organization's {_NOUNS[store]}: {seen.sentence}")
        return frozenset()

    def _to_come(self, repo: Repo, found: WorkflowFiles, store: Store) -> frozenset[str]:
        # By name too: of repos that a plan names, the ids may not be known yet.
        coming = self._coming.get((repo.owner.lower(), store), {})
        named = (name for name, audience in coming.items() if any(each.repo == repo for each in audience.viewers))
        return frozenset((*_seen_by(coming, found), *named))

    def _of_organization(self, key: tuple[str, Store]) -> Seen:
        owner, store = key
        client = self._clients.of(owner)
        if client.token.workflow:
            return _WORKFLOW_TOKEN
        # A user has no secrets for the user's repos to share.
        if self._users.get(owner, self._is_user):
            return _NOTHING
        scope = Scope(Repo.organization(owner), store)
        seen = list_org_secrets(client, scope, self._names[key])
        if isinstance(seen, Listing):
            self.read[scope] = seen
        return seen

    def _is_user(self, owner: str) -> bool:
        return is_organization(self._clients.of(owner), owner) is False

    def _is_free(self, owner: str) -> bool:
        return is_free(self._clients.of(owner), Repo.organization(owner)) is True


class _Once(Generic[_Key, _Value]):
    """What was asked for once, by what it is about; whoever else asks meanwhile waits for that. Thread-safe."""

    def __init__(self) -> None:
        self._found: dict[_Key, _Value] = {}
        self._locks: defaultdict[_Key, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def get(self, key: _Key, ask: Callable[[_Key], _Value]) -> _Value:
        with self._lock:
            lock = self._locks[key]
        with lock:
            if key not in self._found:
                self._found[key] = ask(key)
            return self._found[key]


def _seen_by(audiences: Mapping[str, Audience], found: WorkflowFiles) -> Iterator[str]:
    for name, audience in audiences.items():
        match audience.visibility:
            case Visibility.ALL:
                yield name
            case Visibility.PRIVATE if found.private:
                yield name
            case Visibility.SELECTED if found.id in audience.ids:
                yield name


def _field_of(store: Store) -> str:
    """Return the field of StoreNames that a store's names are in."""
    return store.value


def _noun(scope: Scope) -> str:
    return f"{_NOUNS[scope.store]} of the environment {scope.environment}" if scope.environment else _NOUNS[scope.store]

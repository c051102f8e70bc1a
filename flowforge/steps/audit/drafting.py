"""Draft a manifest from what the repos of an owner read and have. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Final

from flowforge.audit.codes import Severity
from flowforge.audit.model import RepoAudit
from flowforge.data_class import dataclass
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.draft import DraftCredential, DraftGroup, DraftManifest, DraftTarget
from flowforge.plan.facts import Listing
from flowforge.workflows.actions import IDENTITY, INPUTS, VARIABLES, Slot

_TYPES: Final = {Slot.API_KEY: "anthropic_api_key", Slot.OAUTH: "claude_code_oauth_token"}
_USUAL: Final = {kind.upper(): kind for kind in _TYPES.values()}
_ENVIRONMENT: Final = "environment:"
_TOKEN: Final = "my-token"  # noqa: S105 -- a name, no value


@dataclass(frozen=True, slots=True)
class OwnerFindings:
    """What was found at an owner."""

    owner: str
    audits: Mapping[Repo, RepoAudit]
    """Of each repo in which anything can run."""
    lists: Mapping[Scope, Listing]
    """What their stores hold, and their organization's, with who sees it."""
    unread: tuple[str, ...] = ()


@dataclass(slots=True)
class _Set:
    """The secrets of one credential."""

    secret: str
    times: list[str] = field(default_factory=list)


class Drafter:
    """Makes a draft of what was found."""

    def __init__(self, found: OwnerFindings) -> None:
        """Take what was found."""
        self._found = found
        self._kinds = _kinds(found.audits.values())
        self._sets: dict[str, _Set] = {}
        self._names: dict[tuple[str, bool], str] = {}

    def draft(self) -> DraftManifest:
        """Return the manifest of what is set and read. What is read and not set would be a surprise: it is told."""
        targets = [*self._of_organizations(), *self._of_repos(), *self._of_environments()]
        groups = {group.name: group for _, group in targets if group is not None}
        found = self._found
        return DraftManifest(
            found.owner,
            tuple(sorted(self._credential(name) for name in self._sets)),
            tuple(groups[name] for name in sorted(groups)),
            tuple(target for target, _ in targets),
            found.unread,
            tuple(self._unused()),
            tuple(_failing(found.audits)),
            tuple(repo for repo, audit in found.audits.items() if _uses_identity(audit)),
        )

    def draft_of_token(self) -> DraftManifest:
        """Return the manifest that gives one pasted token to every repo whose workflows run Claude."""
        names: defaultdict[str, set[Repo]] = defaultdict(set)
        for repo, audit in self._found.audits.items():
            if audit.steps:
                wanted = {name for name, kind in _kinds([audit]).items() if kind == _TYPES[Slot.OAUTH]}
                for name in wanted or {_TYPES[Slot.OAUTH].upper()}:
                    names[name].add(repo)
        credentials, groups, targets = [], [], []
        for number, (secret, repos) in enumerate(sorted(names.items())):
            name = _TOKEN if not number else f"{_TOKEN}-{number + 1}"
            group = "claude" if not number else f"claude-{number + 1}"
            credentials.append(DraftCredential(name, _TYPES[Slot.OAUTH], secret, by_prompt=True))
            groups.append(DraftGroup(group, tuple(sorted(repos))))
            targets.append(DraftTarget(f"Claude with a pasted token ({secret})", name, group))
        found = self._found
        return DraftManifest(found.owner, tuple(credentials), tuple(groups), tuple(targets), found.unread)

    def _of_organizations(self) -> Iterator[tuple[DraftTarget, DraftGroup | None]]:
        for scope, listing in self._lists(organizations=True):
            for secret, time in sorted(listing.updated_at.items()):
                audience = listing.audiences.get(secret)
                # One that nobody sees is for nobody, and a target has to name somebody.
                seen = audience is not None and (not audience.is_selected or audience.viewers)
                if secret in self._kinds and audience and seen and self._reads_any(secret, scope.store):
                    credential = self._note(secret, time, shared=True)
                    title = f"{secret} of the organization ({scope.store})"
                    viewers = tuple(str(each.repo) for each in audience.viewers)
                    visible = "" if audience.is_selected else audience.visibility.value
                    stores = (scope.store.value,)
                    org = str(scope.repo)
                    yield (
                        DraftTarget(title, credential, org=org, stores=stores, visible_to=visible, viewers=viewers),
                        None,
                    )

    def _of_repos(self) -> Iterator[tuple[DraftTarget, DraftGroup | None]]:
        """Yield a target for each credential of the repos that have the same ones in the same stores."""
        has: defaultdict[Repo, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for scope, listing in self._lists():
            for secret, time in listing.updated_at.items():
                if not scope.environment and secret in self._kinds and self._reads(scope, secret):
                    has[scope.repo][self._note(secret, time)].add(scope.store.value)
        alike: defaultdict[tuple[tuple[str, tuple[str, ...]], ...], list[Repo]] = defaultdict(list)
        for repo, held in has.items():
            alike[tuple(sorted((name, tuple(sorted(stores))) for name, stores in held.items()))].append(repo)
        used: set[str] = set()
        for key, repos in sorted(alike.items()):
            # Credentials and groups share one namespace, so a group never has the name of a credential.
            wanted = _slug(f"with-{'-and-'.join(_with_stores(*each) for each in key)}")
            group = DraftGroup(_free(wanted, used), tuple(sorted(repos)))
            used.add(group.name)
            for credential, stores in key:
                yield DraftTarget(f"{credential} in {group.name}", credential, group.name, stores), group

    def _of_environments(self) -> Iterator[tuple[DraftTarget, DraftGroup | None]]:
        has: defaultdict[tuple[str, str], set[Repo]] = defaultdict(set)
        for scope, listing in self._lists():
            for secret, time in listing.updated_at.items():
                if scope.environment and secret in self._kinds and self._reads(scope, secret):
                    has[self._note(secret, time), scope.environment].add(scope.repo)
        for number, ((credential, environment), repos) in enumerate(sorted(has.items()), 1):
            # Two names of environments may come to one name of a group.
            name = f"{_slug(f'with-{credential}-in-{environment}')}-{number}"
            group = DraftGroup(name, tuple(sorted(repos)))
            title = f"{credential} in the environment {environment}"
            yield DraftTarget(title, credential, name, environment=environment), group

    def _lists(self, *, organizations: bool = False) -> list[tuple[Scope, Listing]]:
        lists = self._found.lists.items()
        return sorted(
            (scope, listing)
            for scope, listing in lists
            if scope.repo.is_organization is organizations and scope.store is not Store.VARIABLES
        )

    def _reads(self, scope: Scope, secret: str) -> bool:
        audit = self._found.audits.get(scope.repo)
        where = f"{_ENVIRONMENT}{scope.environment_key}" if scope.environment else ""
        return audit is not None and any(
            name == secret and scope.store.value in stores and (not where or place == where)
            for name, place, stores in _read(audit)
        )

    def _reads_any(self, secret: str, store: Store) -> bool:
        return any(
            name == secret and store.value in stores
            for audit in self._found.audits.values()
            for name, _, stores in _read(audit)
        )

    def _note(self, secret: str, time: str, *, shared: bool = False) -> str:
        """Count a place of a credential, and return its name. An organization's is one value, and so one by itself."""
        name = self._names.get((secret, shared))
        if name is None:
            wanted = _slug(f"{secret}{'-of-organization' if shared else ''}")
            name = self._names[secret, shared] = _free(wanted, self._sets)
        self._sets.setdefault(name, _Set(secret)).times.append(time)
        return name

    def _credential(self, name: str) -> DraftCredential:
        found = self._sets[name]
        kind = self._kinds[found.secret]
        return DraftCredential(name, kind, found.secret, min(found.times), max(found.times), len(found.times))

    def _unused(self) -> Iterator[str]:
        for scope, listing in self._lists():
            for secret, time in sorted(listing.updated_at.items()):
                if secret in self._kinds and not self._reads(scope, secret):
                    yield f"{scope}/{secret}, set {time[:10]}"
        for scope, listing in self._lists(organizations=True):
            for secret in sorted(listing.updated_at):
                if secret in self._kinds and not self._reads_any(secret, scope.store):
                    yield f"{scope}/{secret} of the organization"


def _kinds(audits: Iterable[RepoAudit]) -> dict[str, str]:
    """Return the type that the workflows take each secret for, by its name; of several the most frequent one."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for audit in audits:
        for step in audit.steps:
            for need in step.needs:
                slot = INPUTS.get((need.input or "").lower()) or VARIABLES.get(need.input or "")
                if need.kind == "secret" and need.name and slot in _TYPES:
                    seen[need.name.upper()][_TYPES[slot]] += 1
    return {**_USUAL, **{name: counts.most_common(1)[0][0] for name, counts in seen.items()}}


def _read(audit: RepoAudit) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for step in audit.steps:
        for need in step.needs:
            if need.kind == "secret" and need.name:
                yield need.name.upper(), need.where.lower(), need.stores
    for reference in audit.references:
        yield reference.name.upper(), reference.where.lower(), reference.stores


def _failing(audits: Mapping[Repo, RepoAudit]) -> Iterator[str]:
    for repo, audit in audits.items():
        for finding in audit.findings:
            if finding.level is Severity.ERROR:
                yield f"{repo}: {finding.code}: {finding.what}"


def _uses_identity(audit: RepoAudit) -> bool:
    inputs = {need.input or "" for step in audit.steps for need in step.needs}
    return any((INPUTS.get(each.lower()) or VARIABLES.get(each)) in IDENTITY for each in inputs)


def _with_stores(credential: str, stores: tuple[str, ...]) -> str:
    others = [store for store in stores if store != Store.ACTIONS.value]
    return "-with-".join((credential, *others)) if len(others) < len(stores) else "-in-".join((credential, *others))


def _free(wanted: str, used: Container[str]) -> str:
    """Return a name that nothing has yet."""
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, 10_000)))
    return next(name for name in names if name not in used)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80] or "some"

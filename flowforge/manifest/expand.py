"""From a manifest to the places where secrets are to be, or not to be: one per address, sorted."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.limits import PlaceLimit
from flowforge.manifest.members import Holder, Member, Members, holder_name
from flowforge.manifest.model import AbsentEntry, Credential, Group, Manifest, Selector, SelectorResults, Target
from flowforge.manifest.org import check_viewers
from flowforge.manifest.per_repo import PerRepo, check_reach
from flowforge.manifest.placeholders import fits, names_in, unfit
from flowforge.manifest.trust import Rules
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Address, Scope
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Presence, Public, Unreadable, Unresolved

_OWN_NAME: Final = ", or give one a `secret` of its own"


@dataclass(frozen=True, slots=True)
class Place:
    """One secret or variable that the manifest names. credential: None where it is to be absent. where: of the target.

    entry: what names it, as `target All`. chosen: where the repo is named or selected. creates_environment: whether
    its environment is made where there is none. holders: whose selectors found it, none where it is named. repo_id:
    GitHub's, of one that was found. unread: why it cannot be known whether it is wanted. tags: of every entry
    that wants the same here. visibility, viewers: who is to see an organization's secret, and the selected repos.
    selects: whether a selector has a say in that. value: a variable's.
    """

    address: Address
    presence: Presence
    credential: Credential | None
    target: str
    entry: str
    where: Where
    on_drift: OnDrift
    chosen: Where
    creates_environment: bool = False
    holders: tuple[Holder, ...] = ()
    repo_id: int = 0
    unread: Unreadable | None = None
    tags: frozenset[str] = frozenset()
    visibility: Visibility | None = None
    viewers: tuple[Member, ...] = ()
    selects: bool = False
    value: Public | None = None

    @property
    def audience(self) -> Audience | None:
        """Who is to see it, each repo with its id where a selector found that."""
        if self.visibility is None:
            return None
        return Audience(self.visibility, tuple(sorted(Viewer(each.repo, each.id) for each in self.viewers)))


@dataclass(frozen=True, slots=True)
class Expanded:
    """Every place, sorted by address, each once; the entries whose repos cannot be known; and warnings."""

    places: tuple[Place, ...]
    unresolved: tuple[Unresolved, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def expand(manifest: Manifest) -> tuple[Place, ...]:
    """Give every place of a manifest, sorted by address, each once; offline, so none that only a selector finds.

    Raises ManifestError: FF150 for a secret wanted with two credentials, FF151 for one both wanted and absent, FF152
    for a repo whose name cannot stand for a placeholder, FF154 for more than can be. `load` has raised them before for
    a manifest that it read.
    """
    return expand_with(manifest, {}, {}).places


def expand_with(manifest: Manifest, found: SelectorResults, environ: Mapping[str, str]) -> Expanded:
    """Give every place, with what selectors found. environ: the operator's rules for owners come from it.

    Raises ManifestError as `expand` does, and FF112 for an owner that is not allowed, FF163 for a repo whose name may
    not choose its value, FF164 for a selector that finds nothing.
    """
    findings, rules = Findings(), Rules.of(environ)
    for selector, repos in found.items():
        for repo in repos if isinstance(repos, Mapping) else ():
            rules.check_owner(repo, selector.where, findings)
    expanded = find_places(manifest, findings, found)
    findings.raise_any()
    return Expanded(expanded.places, expanded.unresolved, findings.warnings)


def members_of(manifest: Manifest, found: SelectorResults) -> Mapping[str, frozenset[str] | Unreadable]:
    """Give the keys of the repos of each group, with what selectors found, or why they cannot be known."""
    members = Members(manifest.groups, Findings(), found)
    return {name: members.unread(group) or frozenset(members.of(group)) for name, group in manifest.groups.items()}


def selectors_of(manifest: Manifest, groups: Collection[str] = ()) -> tuple[Selector, ...]:
    """Give the selectors that targets, absent entries and these groups stand on, each once."""
    reached: dict[str, None] = {}
    named = [manifest.groups[name] for name in groups if name in manifest.groups]
    entries: tuple[Group | Target | AbsentEntry, ...] = (*manifest.targets, *manifest.absent, *named)
    left = deque(entry.choice for entry in entries)
    found: dict[Selector, None] = {}
    while left:
        choice = left.popleft()
        if choice.select:
            found.setdefault(choice.select)
        excluded = (mention.text[1:] for mention in choice.exclude if mention.text.startswith("@"))
        for name in (*(mention.text for mention in choice.groups), *excluded):
            if name in manifest.groups and name not in reached:
                reached[name] = None
                left.append(manifest.groups[name].choice)
    return tuple(sorted(found, key=lambda selector: selector.where))


def holders_of(manifest: Manifest) -> Mapping[str, Selector]:
    """Give what has a selector by which it gives secrets, or takes them, as `group services`.

    Not what only `exclude` mentions, nor a target whose own selector only says who sees an organization's secret.
    """
    entries: tuple[Target | AbsentEntry, ...] = (*manifest.targets, *manifest.absent)
    left: deque[Group | Target | AbsentEntry] = deque(entries)
    found, reached = dict[str, Selector](), set[str]()
    while left:
        entry = left.popleft()
        if entry.choice.select and not (isinstance(entry, Target) and entry.org):
            found[holder_name(entry)] = entry.choice.select
        for mention in entry.choice.groups:
            if mention.text in manifest.groups and mention.text not in reached:
                reached.add(mention.text)
                left.append(manifest.groups[mention.text])
    return found


def find_places(manifest: Manifest, findings: Findings, found_by: SelectorResults | None = None) -> Expanded:
    """Give every place, and report what stands against them.

    Where two entries want different things, and it is not known whether one of them means that repo, neither is done.
    """
    members = Members(manifest.groups, findings, found_by or {})
    found: dict[Address, Place] = {}
    gathered: dict[Address, _Gathered] = {}
    clashes: dict[tuple[Where, Where], list[tuple[Place, Place]]] = {}
    disputed: dict[Address, Unreadable | None] = {}
    for place in _wanted(manifest, members, findings):
        first = found.setdefault(place.address, place)
        if not _alike(first, place) and (first.unread or place.unread):
            disputed[place.address] = first.unread or place.unread
        elif not _alike(first, place):
            clashes.setdefault((first.where, place.where), []).append((first, place))
        elif first is not place:
            makes = first.creates_environment or place.creates_environment
            # What was overwritten cannot be brought back, so one entry that would leave it is enough.
            policy = OnDrift.REPORT if OnDrift.REPORT in {first.on_drift, place.on_drift} else first.on_drift
            together = gathered.setdefault(place.address, _Gathered.of(first))
            joined = replace(together.join(first, place), creates_environment=makes, on_drift=policy)
            found[place.address] = joined
    for address, together in gathered.items():
        found[address] = replace(found[address], tags=frozenset(together.tags), holders=tuple(together.holders))
    for pairs in clashes.values():
        _report(pairs, findings)
    found |= {address: replace(found[address], unread=why) for address, why in disputed.items()}
    entries: tuple[Target | AbsentEntry, ...] = (*manifest.targets, *manifest.absent)
    unread = ((entry, members.unread(entry)) for entry in entries)
    unresolved = tuple(
        Unresolved(f"{each.noun} {each.name}", each.where, why, wants=isinstance(each, Target))
        for each, why in unread
        if why
    )
    return Expanded(tuple(sorted(found.values(), key=lambda place: place.address)), unresolved)


def _alike(first: Place, second: Place) -> bool:
    """Whether two entries want the same. Who sees it cannot be compared where one of them cannot be read."""
    if (first.presence, first.credential) != (second.presence, second.credential):
        return False
    return first.audience == second.audience or bool(first.unread or second.unread)


@dataclass(slots=True)
class _Gathered:
    """The tags and holders of what several entries want alike at a place: put together once, and not for each pair."""

    tags: set[str]
    holders: dict[Holder, None]

    @classmethod
    def of(cls, place: Place) -> "_Gathered":
        """Begin with those of the first."""
        return cls(set(place.tags), dict.fromkeys(place.holders))

    def join(self, first: Place, second: Place) -> Place:
        """Return which of two stands: what is known before what is not, then what is named, then the first."""
        self.tags |= second.tags
        if bool(first.unread) != bool(second.unread):
            # Of who sees an organization's secret, what is known is not the whole.
            stands = second if bool(first.unread) != bool(first.visibility) else first
        elif first.holders and second.holders:
            self.holders |= dict.fromkeys(second.holders)
            return first
        else:
            stands = second if first.holders else first
        if stands is second:
            self.holders = dict.fromkeys(second.holders)
        return stands


def _wanted(manifest: Manifest, members: Members, findings: Findings) -> Iterator[Place]:
    limit, per_repo = PlaceLimit(), PerRepo(members.spend)
    placeholders = {
        name: frozenset(found for text in credential.source.texts for found in names_in(text))
        for name, credential in manifest.credentials.items()
    }
    for target in manifest.targets:
        credential, names = manifest.credentials[target.credential], placeholders[target.credential]
        if target.org is None and members.finds(target):
            check_reach(target, credential, names, findings)
        for place in _places(manifest, target, credential, members, limit):
            if place.unread:
                yield place  # which may well be excluded
                continue
            _check_fit(names, place.address.scope, target, findings)
            if place.holders:
                per_repo.check(place.address.scope.repo, target, credential, names, findings)
            yield place
    for absent in manifest.absent:
        yield from _places(manifest, absent, None, members, limit)


def _places(
    manifest: Manifest, entry: Target | AbsentEntry, credential: Credential | None, members: Members, limit: PlaceLimit
) -> Iterator[Place]:
    unread = members.unread(entry)
    variables = credential.variables if credential else ()
    named: dict[str, Public | None] = {name: Public(text) for name, text in variables} or {entry.secret: None}
    repos = members.of(entry)
    visibility = entry.visibility if isinstance(entry, Target) else None
    own = entry.on_drift if isinstance(entry, Target) else None
    on_drift = own or (credential.on_drift if credential else None) or manifest.on_drift
    if isinstance(entry, Target) and not unread:
        check_viewers(entry, repos, members, members.findings)
    # An organization's own secret is at one place, whoever sees it.
    whom = (Member(entry.org, entry.where),) if entry.org else repos.values()
    limit.count(entry, len(whom), len(named), len(repos) if visibility else 0)
    for member in whom:
        for scope, (name, value) in product(entry.lists.of(member.repo), named.items()):
            yield Place(
                address=Address(scope, name),
                presence=Presence.PRESENT if credential else Presence.ABSENT,
                credential=credential,
                target=entry.name,
                entry=f"{entry.noun} {entry.name}",
                where=entry.where,
                on_drift=on_drift,
                chosen=member.where,
                creates_environment=isinstance(entry, Target) and entry.create_environment,
                holders=member.holders,
                repo_id=member.id,
                unread=unread,
                tags=entry.tags,
                visibility=visibility,
                viewers=tuple(repos.values()) if visibility else (),
                selects=visibility is not None and members.selects(entry),
                value=value,
            )


def _check_fit(names: Collection[str], scope: Scope, target: Target, findings: Findings) -> None:
    for name in names:
        if not fits(name, scope):
            findings.keep(target.where, unfit(name, scope))


def _report(pairs: list[tuple[Place, Place]], findings: Findings) -> None:
    """Report that two entries want different things: once, however many repos they share."""
    first, second = pairs[0]
    others = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    scope = second.address.scope
    named = scope.repo if scope == Scope(scope.repo) else scope
    secret = f"{second.address.secret} of {quote(str(named))}{others}"
    earlier = f"{quote(first.target)} at {first.where}"
    if first.credential and first.credential == second.credential:
        why = f"{earlier} says otherwise who sees it"
        fix = "name all who see it under visible_to of one target"
        findings.add(second.where, "FF174", f"{secret} is wanted visible to two sets of repositories", why=why, fix=fix)
    elif first.credential and second.credential:
        names = f"{quote(first.credential.name)} and {quote(second.credential.name)}"
        what, why = f"{secret} is wanted with two credentials: {names}", f"{earlier} wants it with the former"
        fix = f"exclude the repository from one of the two targets{_OWN_NAME * (second.value is None)}"
        findings.add(second.where, "FF150", what, why=why, fix=fix)
    else:
        what, why = f"{secret} is wanted present and absent", f"{earlier} wants it present"
        findings.add(second.where, "FF151", what, why=why, fix="exclude the repository from one of the two")

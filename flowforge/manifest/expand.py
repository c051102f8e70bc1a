"""From a manifest to the places where secrets are to be, or not to be: one per address, sorted."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from itertools import product

from flowforge.manifest.clashes import PlaceMerger
from flowforge.manifest.findings import Findings
from flowforge.manifest.limits import PlaceLimit
from flowforge.manifest.members import Members
from flowforge.manifest.model import AbsentEntry, Credential, Group, Manifest, Target
from flowforge.manifest.only import OnlyRules
from flowforge.manifest.org import check_viewers
from flowforge.manifest.per_repo import PerRepo, check_reach
from flowforge.manifest.placeholders import fits, names_in, unfit
from flowforge.manifest.places import Expanded, Member, Place, holder_name
from flowforge.manifest.selector import Selector, SelectorResults
from flowforge.manifest.trust import Rules
from flowforge.plan.address import Address, Scope
from flowforge.plan.facts import Presence, Public, Unreadable, Unresolved


def expand(manifest: Manifest) -> tuple[Place, ...]:
    """Return every place of a manifest, sorted by address, each once. GitHub is not asked, so selectors find nothing.

    Raise ManifestError: FF150 for a secret wanted with two credentials, FF151 for one both wanted and absent, FF152
    for a repo whose name cannot stand for a placeholder, FF154 for too many places. A manifest that `load` returned
    has none of these.
    """
    return expand_with(manifest, {}, {}).places


def expand_with(manifest: Manifest, found: SelectorResults, environ: Mapping[str, str]) -> Expanded:
    """Return every place, with what selectors found. environ: the operator's rules for owners come from it.

    Raise ManifestError as `expand` does, and FF112 for an owner that is not allowed, FF163 for a repo whose name may
    not choose its value, FF164 for a selector that finds nothing.
    """
    findings, rules = Findings(), Rules.of(environ)
    for selector, repos in found.items():
        # A selector of an installation names no owner, so the owners of what it found are checked here.
        for repo in repos if isinstance(repos, Mapping) else ():
            rules.check_owner(repo, selector.where, findings)
    expanded = find_places(manifest, findings, found)
    findings.raise_any()
    return Expanded(expanded.places, expanded.unresolved, findings.warnings)


def members_of(manifest: Manifest, found: SelectorResults) -> Mapping[str, frozenset[str] | Unreadable]:
    """Return the keys of each group's repos, with what selectors found, or why they cannot be known."""
    members = Members(manifest.groups, Findings(), found)
    return {name: members.unread(group) or frozenset(members.of(group)) for name, group in manifest.groups.items()}


def selectors_of(manifest: Manifest, groups: Collection[str] = ()) -> tuple[Selector, ...]:
    """Return the selectors that targets, absent entries and these groups depend on, each once.

    What only an exclusion mentions is among them: without it, nobody knows what is left.
    """
    reached: dict[str, None] = {}
    named = [manifest.groups[name] for name in groups if name in manifest.groups]
    entries: tuple[Group | Target | AbsentEntry, ...] = (*manifest.targets, *manifest.absent, *named)
    # A queue and not recursion: a chain of groups may be longer than Python's stack.
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
    """Return the entries whose selectors choose repos that are written, by their names, as `group services`.

    What only `exclude` mentions is not among them. Neither is a target of an organization: its selector chooses who
    sees the secret, and the secret itself is in no repo.
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
    """Return every place, and report what is wrong with them."""
    members = Members(manifest.groups, findings, found_by or {})
    merger = PlaceMerger()
    for place in _wanted(manifest, members, findings):
        merger.add(place)
    entries: tuple[Target | AbsentEntry, ...] = (*manifest.targets, *manifest.absent)
    unread = ((entry, members.unread(entry)) for entry in entries)
    unresolved = tuple(
        Unresolved(f"{each.noun} {each.name}", each.where, why, wants=isinstance(each, Target))
        for each, why in unread
        if why
    )
    return Expanded(merger.places(findings), unresolved)


def _wanted(manifest: Manifest, members: Members, findings: Findings) -> Iterator[Place]:
    """Yield the places of every entry, and report (FF152, FF156, FF163) those that may not have their value."""
    limit, per_repo = PlaceLimit(), PerRepo(members.spend)
    only = OnlyRules(manifest.credentials, members, findings)
    # Once for each credential: a target may have ten thousand places.
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
                # The list that could not be read may exclude it, so its name is no error yet.
                yield place
                continue
            _check_fit(names, place.address.scope, target, findings)
            if place.holders:
                per_repo.check(place.address.scope.repo, target, credential, names, findings)
            only.check(place, target, credential)
            yield place
    only.report()
    for absent in manifest.absent:
        yield from _places(manifest, absent, None, members, limit)


def _places(
    manifest: Manifest, entry: Target | AbsentEntry, credential: Credential | None, members: Members, limit: PlaceLimit
) -> Iterator[Place]:
    """Yield the places of one entry. credential: None for an absent entry."""
    unread = members.unread(entry)
    variables = credential.variables if credential else ()
    # A workload identity is several variables with values; everything else is one name, and its value is not here.
    named: dict[str, Public | None] = {name: Public(text) for name, text in variables} or {entry.secret: None}
    repos = members.of(entry)
    visibility = entry.visibility if isinstance(entry, Target) else None
    own = entry.on_drift if isinstance(entry, Target) else None
    # The nearest word counts: the target's, then its credential's, then the manifest's.
    on_drift = own or (credential.on_drift if credential else None) or manifest.on_drift
    if isinstance(entry, Target) and not unread:
        check_viewers(entry, repos, members, members.findings)
    # An organization's own secret is at one place, however many repos see it.
    whom = (Member(entry.org, entry.where),) if entry.org else repos.values()
    # Before a place is made: two short lists can multiply to more than fits into memory.
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

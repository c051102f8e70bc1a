"""Which repos a group or a target comes to, in one walk over the groups, without recursion."""

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.limits import too_much
from flowforge.manifest.model import AbsentEntry, Group, Mention, RepoSet, SelectorResults, Target
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable

# Groups of groups can be made to multiply. This is a few seconds' work, and a hundred times a large fleet.
MAX_WORK: Final = 2_000_000
# To compile a pattern takes as long as to look at so many repos, and for each of its characters at some more.
_PATTERN: Final = 20
_CHARACTER: Final = 3
_MOST_SHOWN: Final = 8
_GLOB: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Holder:
    """A group, target or absent entry that has a selector, as `group services`. auto: new repos are admitted."""

    name: str
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A repo of an entry, and where it is chosen. holders: whose selectors found it; none where it is named too.

    id: GitHub's, of a repo that was found.
    """

    repo: Repo
    where: Where
    holders: tuple[Holder, ...] = ()
    id: int = 0

    def and_by(self, other: "Member") -> "Member":
        """Join two ways to the same repo: to be named weighs more than to be found."""
        if not self.holders or not other.holders:
            return other if self.holders else self
        return replace(self, holders=tuple(dict.fromkeys((*self.holders, *other.holders))))


Repos = Mapping[str, Member]


@dataclass(slots=True)
class Members:
    """The repos of every group, by key. A cycle (FF142) is reported, and cut where it closes.

    found: what selectors found; one that is not in it contributes nothing, and nothing is said of what that leaves.
    """

    groups: Mapping[str, Group]
    findings: Findings
    found: SelectorResults = field(default_factory=dict)
    _repos: dict[str, Repos] = field(default_factory=dict)
    _unsound: set[str] = field(default_factory=set)
    _unread: dict[str, Unreadable] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _selecting: set[str] = field(default_factory=set)
    _finding: set[str] = field(default_factory=set)
    _work: int = 0

    def __post_init__(self) -> None:
        for name in self._in_order():
            group = self.groups[name]
            if not self._is_sound(group.choice):
                self._unsound.add(name)
            if unread := self.unread(group):
                self._unread[name] = unread
            if self._is_open(group.choice):
                self._open.add(name)
            if self.selects(group):
                self._selecting.add(name)
            if self.finds(group):
                self._finding.add(name)
            self._repos[name] = self.of(group)

    def of(self, entry: Group | Target | AbsentEntry) -> Repos:
        """Give the repos of an entry. Two writings of a repo are one: the first stands.

        An exclusion that leaves nothing is reported (FF144), one that takes nothing away is warned of, a selector that
        finds nothing is reported (FF164). Raises ManifestError (FF103) when all that was asked for comes to too much.
        """
        choice, repos = entry.choice, self._taken(entry)
        whole = not self._is_open(choice)
        excluded = {key for mention in choice.exclude for key in self._excluded(mention, repos, warns=whole)}
        if repos and len(excluded) == len(repos) and whole and self._is_sound(choice) and not choice.allow_empty:
            fix = "exclude less, or remove the entry"
            what = f"the {entry.noun} {quote(entry.name)} excludes every repository that it names"
            self.findings.add(entry.where, "FF144", what, fix=fix)
        return {key: repo for key, repo in repos.items() if key not in excluded}

    def takes_none(self, entry: Group | Target | AbsentEntry) -> bool:
        """Whether groups come to nothing, of which nothing else was said, and an entry does not admit that."""
        choice = entry.choice
        told = choice.select is not None or not choice.groups or self._is_open(choice) or not self._is_sound(choice)
        return not told and not choice.allow_empty and not self._taken(entry)

    def selects(self, entry: Group | Target | AbsentEntry) -> bool:
        """Whether a selector has a say in which repos an entry has, whatever it found."""
        return entry.choice.select is not None or any(name in self._selecting for name in _needs(entry.choice))

    def finds(self, entry: Group | Target | AbsentEntry) -> bool:
        """Whether a selector chooses some of the repos that an entry takes in, whatever it excludes."""
        choice = entry.choice
        return choice.select is not None or any(mention.text in self._finding for mention in choice.groups)

    def unread(self, entry: Group | Target | AbsentEntry) -> Unreadable | None:
        """Give why it cannot be known which repos an entry has, where a list that it stands on cannot be had."""
        choice = entry.choice
        own = self.found.get(choice.select) if choice.select else None
        if isinstance(own, Unreadable):
            return own
        return next((self._unread[name] for name in _needs(choice) if name in self._unread), None)

    def _taken(self, entry: Group | Target | AbsentEntry) -> Repos:
        """Give what an entry takes in, before its exclusions."""
        repos: dict[str, Member] = {}
        for repo in entry.choice.repos:
            repos.setdefault(repo.key, Member(repo, entry.choice.written.get(repo.key, entry.where)))
        for mention in entry.choice.groups:
            self._take(repos, self._repos.get(mention.text, {}), entry)
        self._take(repos, self._selected(entry), entry)
        return repos

    def _take(self, repos: dict[str, Member], taken: Repos, entry: Group | Target | AbsentEntry) -> None:
        """Put repos together with those that an entry has already."""
        self.spend(len(taken), entry.where)
        for key, member in taken.items():
            if key in repos:
                repos[key] = repos[key].and_by(member)
                self.spend(len(repos[key].holders), entry.where)
            else:
                repos[key] = member

    def _selected(self, entry: Group | Target | AbsentEntry) -> Repos:
        """Give what an entry's own selector found."""
        select = entry.choice.select
        found = self.found.get(select) if select else None
        if select is None or found is None or isinstance(found, Unreadable):
            return {}
        if not found and not entry.choice.allow_empty:
            what = f"the selector of the {entry.noun} {quote(entry.name)} finds no repository"
            why = "it leaves out archived repositories, forks and public ones unless it asks for them"
            fix = "ask for less, or write `allow_empty: true` beside it"
            self.findings.add(select.where, "FF164", what, why=why, fix=fix)
        holders = (Holder(holder_name(entry), entry.choice.auto_admit),)
        return {repo.key: Member(repo, select.where, holders, number) for repo, number in found.items()}

    def _is_open(self, choice: RepoSet) -> bool:
        """Whether a selector has still to say, or cannot, which repos these are."""
        own = choice.select is not None and not isinstance(self.found.get(choice.select), Mapping)
        return own or any(name in self._open for name in _needs(choice))

    def _excluded(self, mention: Mention, repos: Repos, *, warns: bool) -> Collection[str]:
        """Give the keys that one exclusion takes away; warn of one that takes none."""
        text = mention.text.lower()
        if text.startswith("@"):
            others = self._repos.get(mention.text[1:], {})
            self.spend(min(len(repos), len(others)), mention.where)
            keys: Collection[str] = repos.keys() & others.keys()
        elif _GLOB.search(text) or "/" not in text:
            self.spend(len(repos) + _PATTERN + _CHARACTER * len(text), mention.where)
            keys = fnmatch.filter(repos, text if "/" in text else f"*/{text}")
        else:
            keys = repos.keys() & {text}
        if not keys and warns:
            self.findings.warn(mention.where, f"{quote(mention.text)} excludes nothing here")
        return keys

    def _is_sound(self, choice: RepoSet) -> bool:
        return choice.sound and all(name in self._repos and name not in self._unsound for name in _needs(choice))

    def spend(self, work: int, where: Where) -> None:
        """Count work, by repos that are looked at; raises ManifestError FF103 once it is too much."""
        self._work += work
        if self._work > MAX_WORK:
            what = f"the groups and exclusions up to here come to more than {MAX_WORK:,} repositories"
            fix = "name each repository in fewer groups, or split the manifest into several"
            raise too_much(what, str(where), fix)

    def _in_order(self) -> Iterator[str]:
        """Give the groups so that each comes after those it needs."""
        done: set[str] = set()
        for root in self.groups:
            path: dict[str, Iterator[Mention]] = {} if root in done else {root: self._mentions(root)}
            while path:
                name, mentions = next(reversed(path.items()))
                mention = next(mentions, None)
                if mention is None:
                    del path[name]
                    done.add(name)
                    yield name
                elif (needed := mention.text.removeprefix("@")) in path:
                    self._report_cycle([*path, needed], mention)
                elif needed not in done:
                    path[needed] = self._mentions(needed)

    def _mentions(self, name: str) -> Iterator[Mention]:
        choice = self.groups[name].choice
        mentions = (*choice.groups, *(each for each in choice.exclude if each.text.startswith("@")))
        return (each for each in mentions if each.text.removeprefix("@") in self.groups)

    def _report_cycle(self, path: list[str], mention: Mention) -> None:
        cycle = path[path.index(path[-1]) :]
        shown = cycle if len(cycle) <= _MOST_SHOWN else [*cycle[: _MOST_SHOWN - 2], "…", cycle[-1]]
        what = f"groups go in a circle: {' -> '.join(shown)}"
        self.findings.add(mention.where, "FF142", what, fix="remove one of these references")


def holder_name(entry: Group | Target | AbsentEntry) -> str:
    """Give what the state and people call what has a selector: `group services`."""
    return f"{entry.noun} {entry.name}"


def _needs(choice: RepoSet) -> Iterator[str]:
    yield from (mention.text for mention in choice.groups)
    yield from (mention.text[1:] for mention in choice.exclude if mention.text.startswith("@"))

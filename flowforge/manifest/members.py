"""Which repos each group and each entry has, found in one walk over the groups, without recursion."""

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.limits import too_much
from flowforge.manifest.model import AbsentEntry, Group, RepoSet, Target
from flowforge.manifest.places import Holder, Member, Repos, holder_name
from flowforge.manifest.selector import SelectorResults
from flowforge.manifest.source_spec import Mention
from flowforge.plan.facts import Unreadable

# Groups of groups multiply. This is a few seconds of work, and a hundred times what a large fleet needs.
MAX_WORK: Final = 2_000_000
# Compiling a pattern takes as long as looking at this many repos, and this many more for each of its characters.
_PATTERN: Final = 20
_CHARACTER: Final = 3
_MOST_SHOWN: Final = 8
_GLOB: Final = re.compile(r"[*?\[]")


@dataclass(slots=True)
class Members:
    """The repos of every group, by key. A cycle of groups (FF142) is reported, and cut where it closes."""

    groups: Mapping[str, Group]
    findings: Findings
    found: SelectorResults = field(default_factory=dict)
    """What selectors found. One that has no entry was not asked: it adds no repos, and what is left is not judged."""
    _repos: dict[str, Repos] = field(default_factory=dict)
    # What is known of each group, by name, so that a question about an entry looks no deeper than one level.
    _unsound: set[str] = field(default_factory=set)
    _unread: dict[str, Unreadable] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    _selecting: set[str] = field(default_factory=set)
    _finding: set[str] = field(default_factory=set)
    _work: int = 0

    def __post_init__(self) -> None:
        # Each group comes after those that it needs, so all that these questions look up is there.
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
        """Return the repos of an entry by key. If a repo is named in two spellings, the first counts.

        Report an exclusion that leaves nothing (FF144) and a selector that finds nothing (FF164), and warn of an
        exclusion that removes nothing. Raise ManifestError (FF103) when everything that was asked for is too much.
        """
        choice, repos = entry.choice, self._taken(entry)
        # Before selectors are asked, an exclusion may well be for a repo that one of them will find.
        whole = not self._is_open(choice)
        excluded = {key for mention in choice.exclude for key in self._excluded(mention, repos, warns=whole)}
        if repos and len(excluded) == len(repos) and whole and self._is_sound(choice) and not choice.allow_empty:
            fix = "exclude less, or remove the entry"
            what = f"the {entry.noun} {quote(entry.name)} excludes every repository that it names"
            self.findings.add(entry.where, "FF144", what, fix=fix)
        return {key: repo for key, repo in repos.items() if key not in excluded}

    def named(self, group: str) -> Repos | None:
        """Return the repos of a group; None where a selector has a part in it, or something is wrong with it."""
        unsure = group in self._unsound or group in self._selecting
        return None if unsure else self._repos.get(group)

    def takes_none(self, entry: Group | Target | AbsentEntry) -> bool:
        """Return whether an entry's groups have no repo, which it does not allow and nothing else has reported."""
        choice = entry.choice
        told = choice.select is not None or not choice.groups or self._is_open(choice) or not self._is_sound(choice)
        return not told and not choice.allow_empty and not self._taken(entry)

    def selects(self, entry: Group | Target | AbsentEntry) -> bool:
        """Return whether a selector decides on any repo of an entry, as a member or as an exclusion."""
        return entry.choice.select is not None or any(name in self._selecting for name in _needs(entry.choice))

    def finds(self, entry: Group | Target | AbsentEntry) -> bool:
        """Return whether a selector chooses some of the repos that an entry includes, whatever it excludes."""
        choice = entry.choice
        return choice.select is not None or any(mention.text in self._finding for mention in choice.groups)

    def unread(self, entry: Group | Target | AbsentEntry) -> Unreadable | None:
        """Return why an entry's repos cannot be known, if a list that they depend on could not be read."""
        choice = entry.choice
        own = self.found.get(choice.select) if choice.select else None
        if isinstance(own, Unreadable):
            return own
        return next((self._unread[name] for name in _needs(choice) if name in self._unread), None)

    def _taken(self, entry: Group | Target | AbsentEntry) -> Repos:
        """Return the repos that an entry includes, before its exclusions."""
        repos: dict[str, Member] = {}
        for repo in entry.choice.repos:
            repos.setdefault(repo.key, Member(repo, entry.choice.written.get(repo.key, entry.where)))
        for mention in entry.choice.groups:
            self._take(repos, self._repos.get(mention.text, {}), entry)
        self._take(repos, self._selected(entry), entry)
        return repos

    def _take(self, repos: dict[str, Member], taken: Repos, entry: Group | Target | AbsentEntry) -> None:
        """Add repos to those that an entry has already."""
        self.spend(len(taken), entry.where)
        for key, member in taken.items():
            if key in repos:
                repos[key] = repos[key].and_by(member)
                # A repo that many groups select gets a longer list of holders each time: that work counts too.
                self.spend(len(repos[key].holders), entry.where)
            else:
                repos[key] = member

    def _selected(self, entry: Group | Target | AbsentEntry) -> Repos:
        """Return what an entry's own selector found. Report (FF164) that it found nothing."""
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
        """Return whether a selector was not asked yet, or could not be, so that some repos may be missing here."""
        own = choice.select is not None and not isinstance(self.found.get(choice.select), Mapping)
        return own or any(name in self._open for name in _needs(choice))

    def _excluded(self, mention: Mention, repos: Repos, *, warns: bool) -> Collection[str]:
        """Return the keys that one exclusion removes. Warn of one that removes none."""
        text = mention.text.lower()
        if text.startswith("@"):
            # What the group itself excludes is not taken away here: the group is what is left of it.
            others = self._repos.get(mention.text[1:], {})
            self.spend(min(len(repos), len(others)), mention.where)
            keys: Collection[str] = repos.keys() & others.keys()
        # A name without an owner means that of any owner, which makes it a pattern too.
        elif _GLOB.search(text) or "/" not in text:
            # Counted as if it had to be compiled: fnmatch's cache may have dropped it.
            self.spend(len(repos) + _PATTERN + _CHARACTER * len(text), mention.where)
            keys = fnmatch.filter(repos, text if "/" in text else f"*/{text}")
        else:
            keys = repos.keys() & {text}
        if not keys and warns:
            self.findings.warn(mention.where, f"{quote(mention.text)} excludes nothing here")
        return keys

    def _is_sound(self, choice: RepoSet) -> bool:
        """Return whether nothing that these repos depend on was left out for an error."""
        return choice.sound and all(name in self._repos and name not in self._unsound for name in _needs(choice))

    def spend(self, work: int, where: Where) -> None:
        """Count work, in repos that are looked at. Raise ManifestError (FF103) once it is too much."""
        self._work += work
        if self._work > MAX_WORK:
            what = f"the groups and exclusions up to here come to more than {MAX_WORK:,} repositories"
            fix = "name each repository in fewer groups, or split the manifest into several"
            raise too_much(what, str(where), fix)

    def _in_order(self) -> Iterator[str]:
        """Yield the groups, each after those that it needs."""
        # Depth first, with a path of iterators in place of recursion: a chain of groups may be as long as the file.
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
        """Return the mentions of groups in a group. One that does not exist was reported by whoever read it."""
        choice = self.groups[name].choice
        mentions = (*choice.groups, *(each for each in choice.exclude if each.text.startswith("@")))
        return (each for each in mentions if each.text.removeprefix("@") in self.groups)

    def _report_cycle(self, path: list[str], mention: Mention) -> None:
        cycle = path[path.index(path[-1]) :]
        shown = cycle if len(cycle) <= _MOST_SHOWN else [*cycle[: _MOST_SHOWN - 2], "…", cycle[-1]]
        what = f"groups go in a circle: {' -> '.join(shown)}"
        self.findings.add(mention.where, "FF142", what, fix="remove one of these references")


def _needs(choice: RepoSet) -> Iterator[str]:
    yield from (mention.text for mention in choice.groups)
    yield from (mention.text[1:] for mention in choice.exclude if mention.text.startswith("@"))

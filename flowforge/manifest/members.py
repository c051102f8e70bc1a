"""Which repos a group or a target comes to, in one walk over the groups, without recursion."""

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from flowforge.errors import ManifestError, Problem, Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Absent, Choice, Group, Mention, Target
from flowforge.plan.address import Repo

# Groups of groups can be made to multiply. This is a few seconds' work, and a hundred times a large fleet.
MAX_WORK: Final = 2_000_000
_MOST_SHOWN: Final = 8
_GLOB: Final = re.compile(r"[*?\[]")
Repos = Mapping[str, Repo]


@dataclass(slots=True)
class Members:
    """The repos of every group, by key. A cycle (FF142) is reported, and cut where it closes."""

    groups: Mapping[str, Group]
    findings: Findings
    _repos: dict[str, Repos] = field(default_factory=dict)
    _unsound: set[str] = field(default_factory=set)
    _work: int = 0

    def __post_init__(self) -> None:
        for name in self._in_order():
            group = self.groups[name]
            if not self._is_sound(group.choice):
                self._unsound.add(name)
            self._repos[name] = self.of(group)

    def of(self, entry: Group | Target | Absent) -> Repos:
        """Give the repos of an entry. Two writings of a repo are one: the first stands.

        An exclusion that leaves nothing is reported (FF144), one that takes nothing away is warned of. Raises
        ManifestError (FF103) when all that was asked for comes to too much.
        """
        repos: dict[str, Repo] = {}
        for repo in entry.choice.repos:
            repos.setdefault(repo.key, repo)
        for mention in entry.choice.groups:
            taken = self._repos.get(mention.text, {})
            self._spend(len(taken), entry.where)
            for key, repo in taken.items():
                repos.setdefault(key, repo)
        excluded = {key for mention in entry.choice.exclude for key in self._excluded(mention, repos)}
        if repos and len(excluded) == len(repos) and self._is_sound(entry.choice):
            fix = "exclude less, or remove the entry"
            what = f"the {entry.noun} {quote(entry.name)} excludes every repository that it names"
            self.findings.add(entry.where, "FF144", what, fix=fix)
        return {key: repo for key, repo in repos.items() if key not in excluded}

    def _excluded(self, mention: Mention, repos: Repos) -> Collection[str]:
        """Give the keys that one exclusion takes away; warn of one that takes none."""
        text = mention.text.lower()
        if text.startswith("@"):
            keys: Collection[str] = repos.keys() & self._repos.get(mention.text[1:], {}).keys()
        elif _GLOB.search(text) or "/" not in text:
            self._spend(len(repos), mention.where)
            keys = fnmatch.filter(repos, text if "/" in text else f"*/{text}")
        else:
            keys = repos.keys() & {text}
        if not keys:
            self.findings.warn(mention.where, f"{quote(mention.text)} excludes nothing here")
        return keys

    def _is_sound(self, choice: Choice) -> bool:
        return choice.sound and all(name in self._repos and name not in self._unsound for name in _needs(choice))

    def _spend(self, work: int, where: Where) -> None:
        self._work += work
        if self._work > MAX_WORK:
            what = f"the groups and exclusions up to here come to more than {MAX_WORK:,} repositories"
            fix = "name each repository in fewer groups, or split the manifest into several"
            raise ManifestError(Problem("FF103", what, str(where), fix=fix))

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


def _needs(choice: Choice) -> Iterator[str]:
    yield from (mention.text for mention in choice.groups)
    yield from (mention.text[1:] for mention in choice.exclude if mention.text.startswith("@"))

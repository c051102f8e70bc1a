"""`--limit`, `--exclude` and `--tags`: which lines are planned. They never change what is wanted."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem, UsageError, printable, quote
from flowforge.manifest.places import Place
from flowforge.plan.address import Address, Repo
from flowforge.plan.facts import Unreadable, Unresolved
from flowforge.steps.refresh.repo_lists import RepoLists

_MOST_NAMED: Final = 3
# difflib takes a tenth of a second for so many names.
_MOST_COMPARED: Final = 5_000
# The characters that make a pattern a glob for `fnmatch`.
_GLOB: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class LineFilter:
    """What the command line narrows a plan to, and what it is matched against."""

    limit: Sequence[str] = ()
    """The patterns of --limit; none means all repos."""
    exclude: Sequence[str] = ()
    """The patterns of --exclude."""
    tags: Sequence[str] = ()
    """The tags of --tags; none means all entries."""
    groups: Mapping[str, Collection[str] | Unreadable] = field(default_factory=dict)
    """The groups of the manifest, each with the keys of its repos, or why these are not known."""
    known_tags: Collection[str] = ()
    """Every tag of the manifest, also of an entry that has no repos."""
    unresolved: Sequence[Unresolved] = ()
    """The entries of the manifest whose repos are not known."""
    lists: RepoLists = field(default_factory=dict)
    """The patterns of each file that --limit and --exclude name."""
    owner: str = ""
    """The owner of --owner, in lower case; empty for all."""

    def chooser(self, repos: Collection[Repo], places: Iterable[Place] = ()) -> Callable[[Address], bool]:
        """Return the function that decides whether the line of an address is planned.

        A pattern is `owner/name`, a name alone, or a glob of either, in any case. `@NAME` is a group of the manifest,
        or a file with a pattern on each line. Raises UsageError: FF004 for a pattern of --limit, and a pattern or line
        of --exclude, that matches no repo, FF015 for a tag that no entry has, FF017 where the repos of a group or an
        entry are not known.
        """
        keys = {repo.key for repo in repos if not self.owner or repo.owner.lower() == self.owner}
        wanted = [self._keys(pattern, keys) for pattern in self.limit]
        unwanted = [self._keys(pattern, keys) for pattern in self.exclude]
        # A misspelt limit would plan nothing, and that would look like a fleet in sync; a misspelt exclusion would
        # write what somebody wanted left alone.
        lost = {
            f"--limit {quote(pattern)}": _unmatched("--limit", pattern, keys)
            for pattern, found in zip(self.limit, wanted, strict=True)
            if not found
        }
        for pattern in self.exclude:
            if problem := self._not_excluded(pattern, keys):
                lost[f"--exclude {quote(pattern)}"] = problem
        if lost:
            raise UsageError(
                *(_undecided(each, self.unresolved[0]) for each in lost) if self.unresolved else lost.values()
            )
        chosen = keys if not self.limit else {key for found in wanted for key in found}
        chosen = chosen - {key for found in unwanted for key in found}
        tagged = self._tagged(places)
        return lambda address: address.scope.repo.key in chosen and (tagged is None or address in tagged)

    def unmatched(self, repos: Collection[Repo]) -> tuple[str, ...]:
        """Return a warning for each group or file of --exclude, and each line of a file of --limit, without a repo."""
        keys = {repo.key for repo in repos}
        lost = [pattern for pattern in self.exclude if pattern.startswith("@") and not self._keys(pattern, keys)]
        excluded = (f"--exclude {quote(pattern)} matches no repo of the manifest or the state" for pattern in lost)
        lines = ((pattern, self._lost_lines(pattern, keys)) for pattern in self.limit)
        return (*excluded, *(_of_lines(pattern, lost) for pattern, lost in lines if lost))

    def spelled_out(self, repos: Collection[Repo]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the patterns of --limit and --exclude, with each file replaced by those of its lines that match."""
        keys = {repo.key for repo in repos}
        return self._spelled_out(self.limit, keys), self._spelled_out(self.exclude, keys)

    def _spelled_out(self, patterns: Iterable[str], keys: set[str]) -> tuple[str, ...]:
        return tuple(
            each
            for pattern in patterns
            for each in (self._lines(pattern) if self._is_file(pattern) else (pattern,))
            if each is pattern or _matching(keys, each)
        )

    def _is_file(self, pattern: str) -> bool:
        return pattern.startswith("@") and pattern[1:] not in self.groups

    def _lines(self, pattern: str) -> Sequence[str]:
        return self.lists[pattern[1:]]

    def _lost_lines(self, pattern: str, keys: set[str]) -> Sequence[str]:
        lines = self._lines(pattern) if self._is_file(pattern) else ()
        return [line for line in lines if not _matching(keys, line)]

    def _not_excluded(self, pattern: str, keys: set[str]) -> Problem | None:
        """Return the problem of an exclusion that leaves out nothing, or of lines that do."""
        # A group is not misspelt, and may well have no repos today; nor is a file without lines.
        if not pattern.startswith("@"):
            return None if _matching(keys, pattern) else _unmatched("--exclude", pattern, keys)
        lost = self._lost_lines(pattern, keys)
        return Problem("FF004", _of_lines(pattern, lost), fix=_meant(lost[0], keys)) if lost else None

    def _keys(self, pattern: str, keys: set[str]) -> set[str]:
        """Return the keys that a pattern matches."""
        if not pattern.startswith("@"):
            return _matching(keys, pattern)
        if self._is_file(pattern):
            return {key for line in self._lines(pattern) for key in _matching(keys, line)}
        return {*keys} & {*_known(pattern, self.groups[pattern[1:]])}

    def _tagged(self, places: Iterable[Place]) -> Collection[Address] | None:
        """Return the addresses that have one of the tags; None where no tag is asked for."""
        if not self.tags:
            return None
        tagged = {tag: {place.address for place in places if tag in place.tags} for tag in self.tags}
        lost = [tag for tag, found in tagged.items() if not found and tag not in self.known_tags]
        if lost:
            fix = "tags are written in targets and absent entries, as `tags: [production]`"
            raise UsageError(*(Problem("FF015", f"--tags {quote(tag)}: nothing has this tag", fix=fix) for tag in lost))
        return {address for found in tagged.values() for address in found}


def _known(pattern: str, group: Collection[str] | Unreadable) -> Collection[str]:
    """Return the repos of a group. Raises UsageError FF017 where they are not known."""
    # To go on with the part that is known would plan a repo that --exclude was meant to keep out.
    if isinstance(group, Unreadable):
        raise UsageError(
            Problem("FF017", f"which repos {quote(pattern)} has is not known: {group.sentence}", fix=group.remedy)
        )
    return group


def _undecided(asked: str, unresolved: Unresolved) -> Problem:
    why = unresolved.unreadable
    what = f"which repos {asked} matches is not known: {printable(unresolved.entry)}: {why.sentence}"
    return Problem("FF017", what, str(unresolved.where), fix=why.remedy)


def _unmatched(option: str, pattern: str, keys: set[str]) -> Problem:
    what = f"{option} {quote(pattern)} matches no repo of the manifest or the state"
    return Problem("FF004", what, fix=_meant(pattern, keys))


def _of_lines(pattern: str, lost: Sequence[str]) -> str:
    more = f" and {len(lost) - _MOST_NAMED} more" if len(lost) > _MOST_NAMED else ""
    named = ", ".join(map(quote, lost[:_MOST_NAMED]))
    return f"these lines of {quote(pattern)} match no repo of the manifest or the state: {named}{more}"


def _meant(pattern: str, keys: set[str]) -> str:
    """Return what to write in place of a pattern that matches no repo."""
    wanted = pattern.lower()
    owners = {key.partition("/")[0] for key in keys if "/" in key}
    # A pattern without a slash is one of names, and people write that of an owner so.
    meant = {owner for owner in owners if fnmatchcase(owner, wanted)}
    if "/" not in wanted and meant:
        return f"did you mean {quote(f'{meant.pop() if len(meant) == 1 else wanted}/*')}?"
    owner, slash, name = wanted.partition("/")
    others = get_close_matches(owner, owners, n=1) if slash and owner not in owners else []
    if others and _matching(keys, f"{others[0]}/{name}"):
        return f"did you mean {quote(f'{others[0]}/{name}')}?"
    known = {key if "/" in wanted else key.partition("/")[2]: key for key in keys}
    near = get_close_matches(wanted, known, n=1) if len(known) <= _MOST_COMPARED else []
    return f"did you mean {quote(known[near[0]])}?" if near else "give a repo or a glob such as acme/svc-*"


def _matching(keys: set[str], pattern: str) -> set[str]:
    wanted = pattern.lower()
    if "/" in wanted and not _GLOB.search(wanted):
        return {wanted} & keys  # a file may name thousands of repos
    return {key for key in keys if _matches(key, wanted)}


def _matches(key: str, pattern: str) -> bool:
    text = key if "/" in pattern else key.partition("/")[2] or key  # an organization is its own name
    return fnmatchcase(text, pattern)

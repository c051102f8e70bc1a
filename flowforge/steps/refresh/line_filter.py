"""`--limit`, `--exclude` and `--tags`: which lines are planned. They never change what is wanted."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from flowforge.errors import Problem, UsageError, printable, quote
from flowforge.manifest.places import Place
from flowforge.plan.address import Address, Repo
from flowforge.plan.facts import Unreadable, Unresolved

_MOST_NAMED: Final = 3
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

    def chooser(self, repos: Collection[Repo], places: Iterable[Place] = ()) -> Callable[[Address], bool]:
        """Return the function that decides whether the line of an address is planned.

        A pattern is `owner/name`, a name alone, or a glob of either, in any case. `@NAME` is a group of the manifest,
        or a file with a pattern on each line. Raises UsageError: FF004 for a pattern of --limit that matches no repo,
        FF015 for a tag that no entry has, FF016 for a file that cannot be read, FF017 where the repos of a group or an
        entry are not known.
        """
        keys = {repo.key for repo in repos}
        wanted = [self._keys(pattern, keys) for pattern in self.limit]
        # A misspelt pattern would plan nothing, and that would look like a fleet in sync.
        lost = [pattern for pattern, found in zip(self.limit, wanted, strict=True) if not found]
        if lost:
            raise UsageError(
                *(_undecided(each, self.unresolved[0]) if self.unresolved else _unmatched(each) for each in lost)
            )
        chosen = keys if not self.limit else {key for found in wanted for key in found}
        chosen = chosen - {key for pattern in self.exclude for key in self._keys(pattern, keys)}
        tagged = self._tagged(places)
        return lambda address: address.scope.repo.key in chosen and (tagged is None or address in tagged)

    def unmatched(self, repos: Collection[Repo]) -> tuple[str, ...]:
        """Return a warning for each pattern of --exclude, and each line of a file, that matches no repo."""
        keys = {repo.key for repo in repos}
        lost = [pattern for pattern in self.exclude if not self._keys(pattern, keys)]
        excluded = (f"--exclude {quote(pattern)} matches no repo of the manifest or the state" for pattern in lost)
        files = [pattern for pattern in (*self.limit, *self.exclude) if self._is_file(pattern) and pattern not in lost]
        return (*excluded, *(warning for pattern in files for warning in _lost_lines(pattern, keys)))

    def spelled_out(self, repos: Collection[Repo]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the patterns of --limit and --exclude, with each file replaced by those of its lines that match."""
        keys = {repo.key for repo in repos}
        return self._spelled_out(self.limit, keys), self._spelled_out(self.exclude, keys)

    def _spelled_out(self, patterns: Iterable[str], keys: set[str]) -> tuple[str, ...]:
        return tuple(
            each
            for pattern in patterns
            for each in (_lines(pattern[1:]) if self._is_file(pattern) else (pattern,))
            if each is pattern or _matching(keys, each)
        )

    def _is_file(self, pattern: str) -> bool:
        return pattern.startswith("@") and pattern[1:] not in self.groups

    def _keys(self, pattern: str, keys: set[str]) -> set[str]:
        """Return the keys that a pattern matches."""
        if not pattern.startswith("@"):
            return _matching(keys, pattern)
        name = pattern[1:]
        if name in self.groups:
            return {*keys} & {*_known(pattern, self.groups[name])}
        return {key for line in _lines(name) for key in _matching(keys, line)}

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


def _undecided(pattern: str, unresolved: Unresolved) -> Problem:
    why = unresolved.unreadable
    what = f"which repos --limit {quote(pattern)} matches is not known: {printable(unresolved.entry)}: {why.sentence}"
    return Problem("FF017", what, str(unresolved.where), fix=why.remedy)


def _unmatched(pattern: str) -> Problem:
    what = f"--limit {quote(pattern)} matches no repo of the manifest or the state"
    return Problem("FF004", what, fix="give a repo or a glob such as acme/svc-*")


def _lines(name: str) -> list[str]:
    """Return the patterns of a file, without empty lines and those that begin with #."""
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError):
        what = f"{quote(f'@{name}')} is neither a group of the manifest nor a file that can be read"
        fix = "name a group, or a file with a repo or a glob on each line"
        raise UsageError(Problem("FF016", what, fix=fix)) from None
    return [line for each in text.splitlines() if (line := each.strip()) and not line.startswith("#")]


def _lost_lines(pattern: str, keys: set[str]) -> Iterator[str]:
    lost = [line for line in _lines(pattern[1:]) if not _matching(keys, line)]
    if lost:
        more = f" and {len(lost) - _MOST_NAMED} more" if len(lost) > _MOST_NAMED else ""
        named = ", ".join(map(quote, lost[:_MOST_NAMED]))
        yield f"these lines of {quote(pattern)} match no repo of the manifest or the state: {named}{more}"


def _matching(keys: set[str], pattern: str) -> set[str]:
    wanted = pattern.lower()
    if "/" in wanted and not _GLOB.search(wanted):
        return {wanted} & keys  # a file may name thousands of repos
    return {key for key in keys if _matches(key, wanted)}


def _matches(key: str, pattern: str) -> bool:
    text = key if "/" in pattern else key.partition("/")[2] or key  # an organization is its own name
    return fnmatchcase(text, pattern)

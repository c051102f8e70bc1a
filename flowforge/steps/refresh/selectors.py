"""Ask GitHub which repos the selectors of the manifest find. Each list is asked for once, for all its selectors."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from flowforge.concurrency import Progress, each
from flowforge.errors import ManifestError, Problem, printable, quote
from flowforge.github.clients import Clients
from flowforge.github.discover import (
    Described,
    Properties,
    RepoListKind,
    RepoListQuery,
    list_properties,
    list_repos,
    no_such_property,
    without_properties,
)
from flowforge.github.http import Client
from flowforge.github.problems import StoppedError
from flowforge.github.repos import RepoInfo
from flowforge.manifest.globs import Globs
from flowforge.manifest.selector import Owned, Selector
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.steps.refresh.selected import Selected

# Two thousand selectors over ten thousand repositories, which take ten seconds.
MAX_COMPARED: Final = 20_000_000
# To compile a pattern takes as long as to match it with so many names.
_PATTERN: Final = 100
_MOST_NAMED: Final = 3
T = TypeVar("T")


def select_repos(
    clients: Clients, selectors: Sequence[Selector], *, jobs: int, stop: threading.Event, progress: Progress
) -> Selected:
    """Return the repos of every selector. Raises StoppedError, and GitHubError when the run is over."""
    lists = {_repos_of(selector) for selector in selectors}
    tables = {_properties_of(selector) for selector in selectors if selector.properties}
    stopped = stop.is_set
    with progress("Selecting", len(lists) + len(tables)) as advance:

        def ask(
            wanted: Collection[RepoListQuery], work: Callable[[Client, RepoListQuery, Callable[[], bool]], T]
        ) -> Mapping[RepoListQuery, T]:
            answers: dict[RepoListQuery, T] = {}
            listed = each(
                sorted(wanted),
                lambda one: work(clients.of(one.owner), one, stopped),
                jobs=jobs,
                stopped=stopped,
                lane=lambda one: clients.lane(one.owner),
            )
            for one, answer in listed:
                answers[one] = answer
                advance()
            # A list that was not asked for would look like one without repos.
            if len(answers) < len(wanted):
                raise StoppedError
            return answers

        repos, properties = ask(lists, list_repos), ask(tables, list_properties)
    _require_few(selectors, repos)
    picked = {selector: _pick(selector, repos, properties) for selector in selectors}
    # A team's list shows the permissions of the team, and not whether this token may write.
    described = [one for selector, part in _whole(picked) if not selector.team for one in part]
    known = {one.repo: one.info for one in described if isinstance(one.info, RepoInfo)}
    found: dict[Selector, Mapping[Repo, int] | Unreadable] = {
        selector: part if isinstance(part, Unreadable) else _ids(selector, part) for selector, part in picked.items()
    }
    notes = tuple(
        note
        for selector, part in _whole(picked)
        for note in (*_notes(selector, part), *_slips(selector, properties.get(_properties_of(selector), {})))
    )
    shown = frozenset(one.id for answer in repos.values() if not isinstance(answer, Unreadable) for one in answer)
    return Selected(found, notes, known, shown)


def _require_few(
    selectors: Iterable[Selector], repos: Mapping[RepoListQuery, Sequence[Described] | Unreadable]
) -> None:
    """Raise ManifestError FF155 where it would take too long to compare every selector with every repo of its list."""
    work = 0
    for selector in selectors:
        listed = repos[_repos_of(selector)]
        work += 0 if isinstance(listed, Unreadable) else (len(listed) + _PATTERN) * (1 + len(selector.names))
        if work > MAX_COMPARED:
            what = f"the selectors up to here compare repositories more than {MAX_COMPARED:,} times"
            why = "each selector compares every repository of its owner with each of its names and patterns"
            fix = "join selectors, or name fewer patterns in them"
            raise ManifestError(Problem("FF155", what, str(selector.where), why, fix))


def _repos_of(selector: Selector) -> RepoListQuery:
    """Return the list of repos that a selector needs. A team's list describes a repo as fully as an organization's."""
    if selector.by is Owned.ORG and selector.team:
        return RepoListQuery(RepoListKind.TEAM, selector.owner, selector.team)
    return RepoListQuery(RepoListKind(selector.by), selector.owner)


def _properties_of(selector: Selector) -> RepoListQuery:
    return RepoListQuery(RepoListKind.PROPERTIES, selector.owner)


def _pick(
    selector: Selector,
    repos: Mapping[RepoListQuery, tuple[Described, ...] | Unreadable],
    properties: Mapping[RepoListQuery, Properties | Unreadable],
) -> Sequence[Described] | Unreadable:
    """Return the repos that fit a selector, archived ones among them, or why they cannot be known."""
    listed = repos[_repos_of(selector)]
    if isinstance(listed, Unreadable):
        return listed
    names = Globs(selector.names)
    fitting = [one for one in listed if _fits(selector, names, one)]
    table = properties[_properties_of(selector)] if selector.properties else {}
    if isinstance(table, Unreadable):
        return table
    # Not shown is not absent: a repo that the table lacks may have any value.
    unlisted = [one.repo for one in fitting if one.id not in table]
    if selector.properties and unlisted:
        return without_properties(selector.owner, unlisted[0])
    defined = {name for values in table.values() for name in values}
    missing = [name for name, _ in selector.properties if name.lower() not in defined]
    # An empty table says nothing about which properties there are.
    if missing and table:
        return no_such_property(selector.owner, missing[0])
    for name, admitted in selector.properties:
        others = _in_another_case(admitted, name, table)
        # Where no value can fit, the repos are not known; where some can, `_slips` makes a note of the others.
        if len(others) == len(admitted):
            return _no_such_value(selector.owner, name, *next(iter(others.items())))
    return [one for one in fitting if _has(selector, table.get(one.id, {}))]


def _in_another_case(admitted: Iterable[str], name: str, table: Properties) -> Mapping[str, str]:
    """Return the values that no repo has of a property, but for another case of letters, each with how it is there."""
    had = {value for values in table.values() for value in values.get(name.lower(), ())}
    by_lower = {value.lower(): value for value in sorted(had)}
    return {each: by_lower[each.lower()] for each in admitted if each not in had and each.lower() in by_lower}


def _no_such_value(organization: str, name: str, value: str, other: str) -> Unreadable:
    detail = f"no repository of {quote(organization)} has {quote(value)} as its custom property {quote(name)}"
    return Unreadable(Why.NOT_FOUND, detail, f"write {quote(other)}: values are compared with their case")


def _slips(selector: Selector, table: Properties | Unreadable) -> Iterator[str]:
    """Yield a note about each value that finds nothing because of its case, beside others that find something."""
    if isinstance(table, Unreadable):
        return
    for name, admitted in selector.properties:
        for value, other in _in_another_case(admitted, name, table).items():
            what = f"no repository has {quote(value)} as its custom property {quote(name)}, but {quote(other)}"
            yield f"{selector.where}: {what}"


def _fits(selector: Selector, names: Globs, one: Described) -> bool:
    """Return whether a repo fits a selector, apart from its properties and whether it is archived."""
    return (
        (not selector.names or names.fit(one.repo.short.lower()))
        and one.topics.issuperset(selector.topics)
        and one.visibility in selector.visibility
        and (selector.fork or not one.fork)
    )


def _has(selector: Selector, values: Mapping[str, frozenset[str]]) -> bool:
    """Return whether each property that a selector names has one of its values."""
    return all(not values.get(name.lower(), frozenset()).isdisjoint(admitted) for name, admitted in selector.properties)


def _whole(
    picked: Mapping[Selector, Sequence[Described] | Unreadable],
) -> Iterator[tuple[Selector, Sequence[Described]]]:
    return ((selector, part) for selector, part in picked.items() if not isinstance(part, Unreadable))


def _ids(selector: Selector, picked: Sequence[Described]) -> Mapping[Repo, int]:
    return {one.repo: one.id for one in picked if selector.archived or not one.archived}


def _notes(selector: Selector, picked: Sequence[Described]) -> Iterator[str]:
    """Yield a note about the archived repos that would fit otherwise."""
    dropped = [one.repo for one in picked if one.archived and not selector.archived]
    if dropped:
        others = f" and {len(dropped) - _MOST_NAMED} more" if len(dropped) > _MOST_NAMED else ""
        shown = ", ".join(printable(str(repo)) for repo in dropped[:_MOST_NAMED])
        yield f"{selector.where}: archived, so left out: {shown}{others}"

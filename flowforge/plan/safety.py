"""The brakes: what apply refuses until a flag names it. A plan is always printed, with what will be refused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo
from flowforge.plan.audience import Access
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan

# A fleet smaller than this is read by a person line by line; a share of it says nothing.
_FEWEST = 10
_SHARE_PERCENT = 30
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Allowed:
    """The flags that a person gave. allow_deletes: how many deletes may be made, whatever their share."""

    deletes: int = 0
    takeover: bool = False
    empty: bool = False
    manifest_change: bool = False
    new_repos: bool = False
    widening: bool = False


@dataclass(frozen=True, slots=True)
class Estate:
    """What the plan is measured against, counted before `--limit`.

    managed: secrets the state remembers. wanted: secrets the manifest wants present or absent.
    wanted_present: those it wants present. state_file: where the state was looked for.
    recorded_manifests: the set of manifests the state was written from, empty for a new state.
    """

    managed: int
    wanted: int
    wanted_present: int
    state_file: str
    manifests: tuple[str, ...]
    recorded_manifests: tuple[str, ...] = ()
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Brake:
    """One limit that holds: a stable code, what it stops, and the flag that admits it."""

    code: str
    what: str
    flag: str
    fix: str


def brakes(plan: Plan, estate: Estate, allowed: Allowed) -> tuple[Brake, ...]:
    """Give every limit that stops this plan from being applied, in a fixed order."""
    found = (
        None if allowed.empty else _emptied(estate),
        None if allowed.manifest_change else _other_manifests(estate),
        _deletes(plan, estate, allowed.deletes),
        None if allowed.takeover else _takeover(plan, estate),
        None if allowed.new_repos else _new_repos(plan),
        None if allowed.widening else _widening(plan),
    )
    return tuple(brake for brake in found if brake is not None)


def _emptied(estate: Estate) -> Brake | None:
    if estate.wanted or not estate.managed:
        return None
    return Brake(
        "FF501",
        f"the manifest names no secret at all, and the state remembers {estate.managed}",
        "--allow-empty",
        "check that the right manifest was read; if it is meant to be empty, say --allow-empty",
    )


def _other_manifests(estate: Estate) -> Brake | None:
    same = set(estate.manifests) == set(estate.recorded_manifests)
    if same or not estate.prune or not estate.recorded_manifests:
        return None
    recorded, now = ", ".join(estate.recorded_manifests), ", ".join(estate.manifests)
    return Brake(
        "FF502",
        f"--prune with another set of manifests than the state was written from ({recorded}; now {now})",
        "--allow-manifest-change",
        "name the same manifests, or say --allow-manifest-change if the set was changed on purpose",
    )


def _deletes(plan: Plan, estate: Estate, allowed: int) -> Brake | None:
    deletes = sum(change.action is Action.DELETE for change in plan.changes)
    if not _over(deletes, estate.managed) or deletes <= allowed:
        return None
    return Brake(
        "FF503",
        f"{deletes} secrets would be deleted, more than {_SHARE_PERCENT} % of the {estate.managed} that are managed",
        f"--allow-deletes {deletes}",
        f"read the deletions above; if they are meant, say --allow-deletes {deletes}",
    )


def _takeover(plan: Plan, estate: Estate) -> Brake | None:
    taken = sum(change.reason is Reason.NEVER_APPLIED for change in plan.changes)
    if not _over(taken, estate.wanted_present):
        return None
    return Brake(
        "FF504",
        f"{taken} of {estate.wanted_present} secrets exist on GitHub and are not remembered, more than "
        f"{_SHARE_PERCENT} %: this is what a lost state looks like",
        "--allow-takeover",
        f"the state was looked for at {estate.state_file}: put the right one there; if there never was one, "
        "`flowforge adopt` records these secrets as they are; if FlowForge shall overwrite them, say --allow-takeover",
    )


def _new_repos(plan: Plan) -> Brake | None:
    new: dict[str, dict[Repo, None]] = {}
    for change in plan.changes:
        for group, repo in _unadmitted(change) if change.writes else ():
            new.setdefault(group, {})[repo] = None
    if not new:
        return None
    return Brake(
        "FF505",
        "; ".join(_new_to(group, list(repos)) for group, repos in new.items()),
        "--allow-new-repos",
        "if they are meant, too, say --allow-new-repos, or write `auto_admit: true` beside the selector",
    )


def _unadmitted(change: Change) -> Iterator[tuple[str, Repo]]:
    """Give the repos that a line gives something to, or lets see it, each with the group that has not admitted it."""
    if change.access is not None:
        yield from ((viewer.new_to, viewer.repo) for viewer in change.access.unadmitted)
    elif change.wanted is not None and change.wanted.new_to:
        yield change.wanted.new_to, change.address.scope.repo


def _widening(plan: Plan) -> Brake | None:
    wider = [
        (change.address, change.access)
        for change in plan.changes
        if change.writes and change.access is not None and change.access.widens
    ]
    if not wider:
        return None
    return Brake(
        "FF506",
        "; ".join(_wider(address, access) for address, access in wider),
        "--allow-widening",
        "if they are to see it, say --allow-widening",
    )


def _wider(address: Address, access: Access) -> str:
    secret = f"{address.secret} of {address.scope.repo}"
    if not access.newcomers:
        return f"{secret} would be visible to {access.after.text}"
    return f"{secret} would be visible to {_named(access.newcomers)}"


def _new_to(group: str, repos: Sequence[Repo]) -> str:
    return f"new to {group}, and not admitted yet: {_named(repos)}"


def _named(repos: Sequence[Repo]) -> str:
    shown = ", ".join(map(str, repos[:_MOST_NAMED]))
    return f"{shown} and {len(repos) - _MOST_NAMED} more" if len(repos) > _MOST_NAMED else shown


def _over(part: int, whole: int) -> bool:
    # What is not remembered can be deleted too (`absent`), so the part may be larger than the whole.
    return max(part, whole) >= _FEWEST and part * 100 > whole * _SHARE_PERCENT

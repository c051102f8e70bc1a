"""The brakes: what apply refuses until a flag names it. A plan is always printed, with what will be refused."""

from collections.abc import Iterator, Sequence

from flowforge.data_class import dataclass
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo
from flowforge.plan.audience import Access
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan

# A plan of a smaller fleet is read line by line. There, a share would stop the deletion of one secret in three.
_FEWEST = 10
_SHARE_PERCENT = 30
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Allowed:
    """The brakes that a person has released, each by the flag `--allow-…` of its name."""

    deletes: int = 0
    """How many deletes may be made, whatever their share."""
    takeover: bool = False
    """Whether secrets may be overwritten that exist and are not remembered, whatever their share."""
    empty: bool = False
    """Whether the manifest may name no secret at all."""
    manifest_change: bool = False
    """Whether --prune may run with other manifests than the state was written from."""
    new_repos: bool = False
    """Whether repos that a selector newly found may get secrets."""
    widening: bool = False
    """Whether more repos may see an organization's secret."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A state of this manifest, where another place is looked at now that has none."""

    file: str
    """Where it is."""
    option: str
    """What `state migrate` must be told of where it is, after a space; empty where it looks there by itself."""
    renamed: bool = False
    """Whether the manifest says nothing of a place, so that the one of today comes from what -m names."""


@dataclass(frozen=True, slots=True)
class Estate:
    """What the brakes measure a plan against. All is counted before `--limit`, which must not move a share."""

    managed: int
    """How many secrets the state remembers."""
    wanted: int
    """How many secrets the manifest names, to be present or absent."""
    wanted_present: int
    """How many of them are to be present."""
    state_file: str
    """Where the state was looked for."""
    manifests: tuple[str, ...]
    """The manifests of this run."""
    recorded_manifests: tuple[str, ...] = ()
    """The manifests that the state was written from; empty for a new state."""
    prune: bool = False
    """Whether the plan deletes what the manifest no longer names."""
    left_behind: LeftBehind | None = None
    """The state that the manifest does not name any more; None where there is none."""


@dataclass(frozen=True, slots=True)
class Brake:
    """One limit that stops the plan."""

    code: str
    """Its stable code, FF501 to FF506."""
    what: str
    """What it stops."""
    flag: str
    """The flag that releases it."""
    fix: str
    """What a person can do."""


def brakes(plan: Plan, estate: Estate, allowed: Allowed) -> tuple[Brake, ...]:
    """Return every brake that stops this plan from being applied, in a fixed order."""
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
    # A wrong path or a bad merge leaves an empty manifest. With --prune, that would delete the whole fleet.
    if estate.wanted or not estate.managed:
        return None
    return Brake(
        "FF501",
        f"the manifest names no secret at all, and the state remembers {estate.managed}",
        "--allow-empty",
        "check that the right manifest was read; if it is empty on purpose, add --allow-empty",
    )


def _other_manifests(estate: Estate) -> Brake | None:
    # A team that names only its own manifest would prune what the other teams' manifests want.
    same = set(estate.manifests) == set(estate.recorded_manifests)
    if same or not estate.prune or not estate.recorded_manifests:
        return None
    recorded, now = ", ".join(estate.recorded_manifests), ", ".join(estate.manifests)
    return Brake(
        "FF502",
        f"--prune with another set of manifests than the state was written from ({recorded}; now {now})",
        "--allow-manifest-change",
        "name the same manifests; if the set was changed on purpose, add --allow-manifest-change",
    )


def _deletes(plan: Plan, estate: Estate, allowed: int) -> Brake | None:
    deletes = sum(change.action is Action.DELETE for change in plan.changes)
    if not _over(deletes, estate.managed) or deletes <= allowed:
        return None
    return Brake(
        "FF503",
        f"{deletes} secrets would be deleted, more than {_SHARE_PERCENT} % of the {estate.managed} that are managed",
        f"--allow-deletes {deletes}",
        f"read the deletions above; if they are right, add --allow-deletes {deletes}",
    )


def _takeover(plan: Plan, estate: Estate) -> Brake | None:
    taken = sum(change.reason is Reason.NEVER_APPLIED for change in plan.changes)
    old, many = estate.left_behind, _over(taken, estate.wanted_present)
    # With the state lying there, one is too many: what is overwritten is known, and its state could not follow then.
    if not (many or (old and taken)):
        return None
    cause = f"their state is still in {old.file}" if old else "this is what a lost state looks like"
    fix = (
        f"with this -m it belongs in {estate.state_file}: say -m as before, or take the state there with "
        f"`flowforge state migrate{old.option}`"
        if old and old.renamed
        else f"the manifest now names {estate.state_file}: take the state there with "
        f"`flowforge state migrate{old.option}`"
        if old
        else f"the state was looked for at {estate.state_file}: put the right one there; if there never was one, "
        "`flowforge adopt` records these secrets as they are; to overwrite them, add --allow-takeover"
    )
    return Brake(
        "FF504",
        f"{taken} of {estate.wanted_present} secrets exist on GitHub and are not remembered"
        f"{f', more than {_SHARE_PERCENT} %' if many else ''}: {cause}",
        "--allow-takeover",
        fix,
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
        "if they should get it, add --allow-new-repos, or write `auto_admit: true` beside the selector",
    )


def _unadmitted(change: Change) -> Iterator[tuple[str, Repo]]:
    """Yield each repo that newly gets or sees a secret, after the group that has not admitted it."""
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
        "if they should see it, add --allow-widening",
    )


def _wider(address: Address, access: Access) -> str:
    secret = f"{address.secret} of {address.scope.repo}"
    # A visibility such as `all` lists no repos, so there is nobody to name.
    if not access.newcomers:
        return f"{secret} would be visible to {access.after.text}"
    return f"{secret} would be visible to {_named(access.newcomers)}"


def _new_to(group: str, repos: Sequence[Repo]) -> str:
    return f"new to {group}, and not admitted yet: {_named(repos)}"


def _named(repos: Sequence[Repo]) -> str:
    shown = ", ".join(map(str, repos[:_MOST_NAMED]))
    return f"{shown} and {len(repos) - _MOST_NAMED} more" if len(repos) > _MOST_NAMED else shown


def _over(part: int, whole: int) -> bool:
    # An absent entry deletes secrets that the state does not remember, so the part may be larger than the whole.
    return max(part, whole) >= _FEWEST and part * 100 > whole * _SHARE_PERCENT

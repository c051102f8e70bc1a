"""The rows of a page: one for each line of a plan, or for each result of an apply. They are made of the public JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from flowforge.render.document import JsonEntry

# What happens or happened, worst first: the word of the JSON, its sign, and how a person calls it in a filter.
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "failed": ("✗", "failed"),
    "error": ("✗", "error"),
    "unread": ("!", "not read"),
    "expired": ("✗", "expired"),
    "dead": ("✗", "dead"),
    "failing": ("!", "failing"),
    "changed": ("!", "not as written"),
    "soon": ("~", "expires soon"),
    "unrecorded": ("✗", "not recorded"),
    "not_done": ("✗", "not done"),
    "blocked": ("!", "blocked"),
    "delete": ("-", "delete"),
    "deleted": ("-", "deleted"),
    "warning": ("~", "warning"),
    "partly": ("!", "partly read"),
    "note": ("·", "note"),
    "update": ("~", "update"),
    "updated": ("~", "updated"),
    "create": ("+", "create"),
    "created": ("+", "created"),
    "assumed": ("≈", "assumed"),
    "left": ("·", "left as it is"),
    "not_run": ("·", "not run since"),
    "unknown": ("·", "unknown"),
    "alive": ("=", "alive"),
    "none": ("=", "nothing to do"),
    "in_sync": ("=", "in sync"),
    "well": ("=", "nothing wrong"),
    "without": ("=", "no Claude"),
}
RANKS: Final = {kind: rank for rank, kind in enumerate(KINDS)}
NO_TARGET: Final = "Not in the manifest"
_MOST_VIEWERS: Final = 20


class PageRow(NamedTuple):
    """A line as the page shows it."""

    kind: str
    """A word of `KINDS`."""
    target: str
    """The entry of the manifest that wants it."""
    place: str
    """The repository or the organization."""
    store: str
    """Which of its stores or environments; empty for Actions."""
    secret: str
    """The name on GitHub."""
    credential: str
    """The name in the manifest; empty where there is none."""
    why: str
    """The reason, as a sentence."""
    fix: str
    """What a person can do; empty where nothing is to be done."""
    more: tuple[str, ...]
    """What else is known, a line each."""


def rows_of(plan: JsonEntry) -> list[PageRow]:
    """Return the rows of a plan, worst first within each target."""
    return _sorted(_planned(change) for change in plan["changes"])


def rows_of_report(report: JsonEntry) -> list[PageRow]:
    """Return the rows of what apply did, worst first within each target."""
    changes = {change["address"]: change for change in report["plan"]["changes"]}
    return _sorted(_done(result, changes.get(result["address"])) for result in report["results"])


def _sorted(rows: Iterator[PageRow]) -> list[PageRow]:
    made = list(rows)
    order = {target: number for number, target in enumerate(dict.fromkeys(row.target for row in made))}
    return sorted(made, key=lambda row: (row.target == NO_TARGET, order[row.target], RANKS[row.kind]))


def _planned(change: JsonEntry) -> PageRow:
    return PageRow(
        kind=change["action"],
        target=change["target"] or NO_TARGET,
        place=_place(change),
        store=_store(change),
        secret=change["secret"],
        credential=change["credential"] or "",
        why=change["sentence"],
        fix=change["fix"] or "",
        more=tuple(_more(change)),
    )


def _done(result: JsonEntry, change: JsonEntry | None) -> PageRow:
    error: JsonEntry = result["error"] or {}
    # The plan's sentence says why there was something to do; what went wrong comes before it.
    why = [error.get("what"), error.get("why")] if error else [result["sentence"] or (change or {}).get("sentence")]
    return PageRow(
        kind=result["outcome"],
        target=(change or {}).get("target") or NO_TARGET,
        place=_place(result),
        store=_store(result),
        secret=result["secret"],
        credential=(change or {}).get("credential") or "",
        why=": ".join(filter(None, why)),
        fix=error.get("fix") or result["fix"] or "",
        more=(*([error["code"]] if error else []), *result["notes"], *(_more(change) if change else ())),
    )


def _place(entry: JsonEntry) -> str:
    return str(entry["repo"] or f"organization {entry['org']}")


def _store(entry: JsonEntry) -> str:
    if entry["environment"]:
        return f"environment {entry['environment']}"
    return "" if entry["store"] == "actions" else str(entry["store"])


def _more(change: JsonEntry) -> Iterator[str]:
    if change["where"]:
        yield f"written at {change['where']}"
    if change["updated_at"]:
        yield f"last changed on GitHub {change['updated_at']}"
    if change["drift"]:
        yield "changed outside FlowForge"
    if change["accepted"]:
        yield "recorded as it is (--accept-drift)"
    if not change["applicable"]:
        yield "cannot be applied without its value"
    if change["new_to"]:
        yield f"new to {change['new_to']}"
    for item in change["differences"]:
        yield f"{item['field']}: {item['before'] or 'missing'} → {item['after'] or 'missing'}"
    if change["access"]:
        yield from _viewers("now sees it too", change["access"]["added"])
        yield from _viewers("no longer sees it", change["access"]["removed"])


def _viewers(what: str, repos: Sequence[str]) -> Iterator[str]:
    yield from (f"{repo} {what}" for repo in repos[:_MOST_VIEWERS])
    if len(repos) > _MOST_VIEWERS:
        yield f"{len(repos) - _MOST_VIEWERS:,} more: {what}; the JSON has all"

"""What changed since a plan was saved, by which of its inputs: the manifest, a value, GitHub or the state."""

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import Any, Final

from flowforge.plan.action import Action
from flowforge.plan.deep_difference import Leaf, leaves
from flowforge.plan.digest import Basis

_MANIFEST_FIELDS: Final = ("presence", "credential", "type", "on_drift")
_WRITES: Final = frozenset({Action.CREATE.value, Action.UPDATE.value, Action.DELETE.value})
_NOTHING_TO_DO: Final = Action.NONE.value


class PlanInput(StrEnum):
    """An input of a plan. The value is what messages call it."""

    MANIFEST = "the manifest"
    VALUE = "a value"
    GITHUB = "GitHub"
    STATE = "the state"


ChangedInput = tuple[PlanInput, str]


def changed_inputs(before: Basis, now: Basis) -> tuple[ChangedInput, ...]:
    """Return a clause for each input that differs, sorted; at least one where the two are not equal."""
    found = dict.fromkeys((*_state(before["state"], now["state"]), *_github(before, now), *_lines(before, now)))
    # A line's action follows from the inputs, so it is worth a clause only where nothing else explains the difference.
    if not found and before != now:
        found = dict.fromkeys(_consequences(before, now))
    return tuple(sorted(found, key=lambda each: (tuple(PlanInput).index(each[0]), each[1])))


def applied_already(before: Basis, now: Basis) -> bool:
    """Return whether a plan was carried out: the state has a later serial, and all that the plan lists is done."""
    was, lines = before["state"], now["lines"]
    # Without a later serial no apply recorded it: somebody else may have made GitHub like this.
    moved_on = was["lineage"] == now["state"]["lineage"] and was["serial"] < now["state"]["serial"]
    todo = {address: line for address, line in before["lines"].items() if line["action"] in _WRITES}
    return moved_on and bool(todo) and all(_is_done(line, lines.get(address)) for address, line in todo.items())


def _is_done(line: Basis, now: Basis | None) -> bool:
    if line["action"] == Action.DELETE.value:
        return now is None or now["updated_at"] is None
    wanted = ("fingerprint", "presence", "to_be_visible_to")
    return now is not None and now["action"] == _NOTHING_TO_DO and all(line[key] == now[key] for key in wanted)


def _state(before: Basis, now: Basis) -> Iterator[ChangedInput]:
    # One clause is enough: another lineage or another key makes the rest differ as well.
    if before["lineage"] != now["lineage"]:
        yield PlanInput.STATE, _another_state(before, now)
    elif before["key_id"] != now["key_id"]:
        yield PlanInput.STATE, _another_key(before["key_id"], now["key_id"])
    elif before["serial"] != now["serial"]:
        yield PlanInput.STATE, f"its serial is {now['serial']}, the plan stands on {before['serial']}"
    elif before["remembers"] != now["remembers"]:
        yield PlanInput.STATE, f"it remembers something else at the same serial {now['serial']}"


def _another_state(before: Basis, now: Basis) -> str:
    if not now["serial"]:
        return f"there is none, the plan stands on serial {before['serial']} of lineage {before['lineage']}"
    if not before["serial"]:
        return f"there is one now (lineage {now['lineage']}), and there was none"
    return f"it is another one, of lineage {now['lineage']}; the plan stands on lineage {before['lineage']}"


def _another_key(before: str | None, now: str | None) -> str:
    if before is None or now is None:
        return "a state key is given, and the plan was made without one" if before is None else "no state key is given"
    return f"the state key is another one (key_id {now}), the plan was made under {before}"


def _github(before: Basis, now: Basis) -> Iterator[ChangedInput]:
    if before["github"] != now["github"]:
        yield PlanInput.GITHUB, f"it is {now['github']}, the plan was made for {before['github']}"
    for holder, found in _each(leaves(before["selected"], now["selected"])):
        yield PlanInput.GITHUB, _selected(holder, found)
    for leaf in leaves(before["repos"], now["repos"]):
        # A repo that is new or gone is explained by its selector or by its lines.
        if leaf.before and leaf.after:
            yield PlanInput.GITHUB, _another_repo(leaf)
    for leaf in leaves(before["unresolved"], now["unresolved"]):
        known = "can be known now" if leaf.after is None else "cannot be known"
        yield PlanInput.GITHUB, f"which repos {leaf.path[0]} has {known}"


def _each(found: Iterable[Leaf]) -> Iterator[tuple[str, Leaf]]:
    """Yield what differs in what selectors found, repo by repo, also for a selector that is new or gone."""
    for leaf in found:
        holder, *repo = leaf.path
        if repo:
            yield holder, Leaf(tuple(repo), leaf.before, leaf.after)
        else:
            yield from ((holder, Leaf((each,), leaf.before, leaf.after)) for each in sorted(leaf.before or leaf.after))


def _selected(holder: str, found: Leaf) -> str:
    if found.before is None:
        return f"the selector of {holder} finds {found.path[0]}, too"
    if found.after is None:
        return f"the selector of {holder} no longer finds {found.path[0]}"
    return _another_repo(found)


def _another_repo(found: Leaf) -> str:
    return f"{found.path[0]} is another repository: its id is {found.after}, the plan saw {found.before}"


def _lines(before: Basis, now: Basis) -> Iterator[ChangedInput]:
    chosen = {each.path[0] for _, each in _each(leaves(before["selected"], now["selected"]))}
    # Another salt, or another key, makes other fingerprints of the same values.
    another = any(before["state"][key] != now["state"][key] for key in ("lineage", "key_id"))
    fields: dict[str, dict[str, Leaf]] = {}
    for leaf in leaves(before["lines"], now["lines"]):
        address, *path = leaf.path
        if path:
            fields.setdefault(address, {}).setdefault(path[0], leaf)
        else:
            yield from _whole(address, leaf, chosen)
    for address, changed in fields.items():
        sides = before["lines"][address], now["lines"][address]
        yield from _of_manifest(address, changed, *sides)
        if "fingerprint" in changed and not another and not changed.keys() & {"presence"}:
            yield PlanInput.VALUE, _value(address, *sides)
        yield from _of_github(address, changed, *sides)


def _whole(address: str, leaf: Leaf, chosen: Collection[str]) -> Iterator[ChangedInput]:
    """Yield a clause for a line that is new or gone because the manifest names it, or no longer does."""
    # A line that only the state knows is explained by the state's own clause, and one of a selector by the selector's.
    named = (leaf.after or leaf.before)["presence"] is not None
    if named and not any(address.startswith(f"{repo}/") for repo in chosen):
        yield PlanInput.MANIFEST, f"{address} is {'no longer named' if leaf.after is None else 'named now'}"


def _of_manifest(address: str, changed: Collection[str], before: Basis, now: Basis) -> Iterator[ChangedInput]:
    if "presence" in changed:
        # Its other fields come and go with it, so they say nothing new.
        words = {None: "not named", "present": "to be present", "absent": "to be absent"}
        clause = f"{words.get(now['presence'])}, in the plan {words.get(before['presence'])}"
        yield PlanInput.MANIFEST, f"{address} is {clause}"
        return
    for field in _MANIFEST_FIELDS:
        if field in changed:
            yield PlanInput.MANIFEST, f"{address}: {field} is {now[field]}, in the plan {before[field]}"
    if "to_be_visible_to" in changed and not _hidden_alone(before, now):
        yield PlanInput.MANIFEST, f"{address}: it is to be visible to {_who(now, 'to_be_visible_to', before)}"


def _value(address: str, before: Basis, now: Basis) -> str:
    credential = f"the credential {now['credential']} of {address}"
    if before["fingerprint"] is None:
        return f"{credential} has a value now, and had none in the plan"
    return f"{credential} has {'no' if now['fingerprint'] is None else 'another'} value"


def _of_github(address: str, changed: Collection[str], before: Basis, now: Basis) -> Iterator[ChangedInput]:
    # What cannot be read has no time and no value, so their change is no news of its own.
    if "why" in changed:
        yield PlanInput.GITHUB, f"{address} {_sight(now['why'], before['why'])}"
    elif "updated_at" in changed or "holds" in changed:
        yield PlanInput.GITHUB, f"{address} {_time(before['updated_at'], now['updated_at'])}"
    elif "makes_environment" in changed:
        yield (
            PlanInput.GITHUB,
            f"{address}: its environment is {'missing' if now['makes_environment'] else 'there now'}",
        )
    if "visible_to" in changed:
        yield PlanInput.GITHUB, f"{address}: it is visible to {_who(now, 'visible_to', before)}"
    elif "to_be_visible_to" in changed and _hidden_alone(before, now):
        yield PlanInput.GITHUB, f"{address}: other repositories than in the plan are not shown to this token"


def _sight(now: str | None, before: str | None) -> str:
    if now is None:
        return f"can be read now ({before} in the plan)"
    return f"cannot be read: {now}" if before is None else f"cannot be read: {now}, in the plan {before}"


def _time(before: str | None, now: str | None) -> str:
    if now is None:
        return "is gone"
    return (
        f"was changed at {now}, the plan saw {before}" if before else f"exists since {now}, and was missing in the plan"
    )


def _who(now: Basis, field: str, before: Basis) -> str:
    was, here = _audience(before[field]), _audience(now[field])
    return f"{here}, in the plan {was}" if here != was else f"other {here} than in the plan"


def _hidden_alone(before: Basis, now: Basis) -> bool:
    """Return whether the wanted audience differs only in the repos that this token cannot see."""
    was, here = before["to_be_visible_to"], now["to_be_visible_to"]
    return bool(was and here) and {**was, "hidden": []} == {**here, "hidden": []}


def _audience(audience: Any) -> str:  # noqa: ANN401 -- JSON
    if audience is None:
        return "nobody"
    many = len(audience["repos"]) + len(audience["hidden"])
    return f"{many} selected repositories" if many else f"{audience['visibility']} repositories"


def _consequences(before: Basis, now: Basis) -> Iterator[ChangedInput]:
    for key in ("flags", "brakes", "repos", "lines"):
        for leaf in leaves(before[key], now[key]):
            yield PlanInput.MANIFEST, f"{'.'.join((key, *leaf.path))} is {leaf.after}, in the plan {leaf.before}"

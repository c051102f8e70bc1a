"""A rotation as JSON, in the state and in its journal. What is read is checked strictly, as records are."""

from collections.abc import Mapping
from typing import Any, Final

from flowforge.errors import quote
from flowforge.plan.recordable import LARGEST, is_api_key_id, is_time
from flowforge.plan.rotation import Rotation
from flowforge.state.shape import (
    ADDRESS,
    MalformedError,
    Shape,
    address_from_json,
    address_to_json,
    addressed,
    fields,
    texts,
)

_ROTATION: Final[Shape] = {
    "fingerprint": (str,),
    "since": (str,),
    "before": (list,),
    "proven": (int,),
    "reached": (list,),
    "old_keys": (list,),
}
_REACHED: Final[Shape] = {**ADDRESS, "batch": (int,)}


def rotation_to_json(rotation: Rotation) -> dict[str, object]:
    """Return a rotation as the members that `rotation_from_json` reads. Equal ones are equal text."""
    return {
        "fingerprint": rotation.fingerprint,
        "since": rotation.since,
        "before": list(rotation.before),
        "proven": rotation.proven,
        "reached": [
            address_to_json(address) | {"batch": rotation.reached[address]} for address in sorted(rotation.reached)
        ],
        "old_keys": list(rotation.old_keys),
    }


def rotation_from_json(data: object, at: str) -> Rotation:
    """Read a rotation; raises MalformedError. at: its place, for people."""
    given = fields(data, _ROTATION, at)
    if not is_time(given["since"]):
        what = f"since of {at} is {quote(given['since'])}, which is no time"
        raise MalformedError(what)
    reached = {}
    for item in given["reached"]:
        member = addressed(item, _REACHED, f"reached of {at}")
        address = address_from_json(member, f"reached of {at}")
        if address in reached:
            what = f"{at} names {quote(str(address))} a second time"
            raise MalformedError(what)
        reached[address] = member["batch"]
    if not 0 <= given["proven"] <= LARGEST or not all(0 < number <= LARGEST for number in reached.values()):
        what = f"the number of a batch of {at} is out of range"
        raise MalformedError(what)
    before = texts(given["before"], f"before of {at}")
    old_keys = texts(given["old_keys"], f"old_keys of {at}")
    if not all(map(is_api_key_id, old_keys)):
        what = f"old_keys of {at} has what is no id of an API key"
        raise MalformedError(what)
    return Rotation(given["fingerprint"], given["since"], before, given["proven"], reached, old_keys)


def rotations_to_json(rotations: Mapping[str, Rotation]) -> dict[str, object]:
    """Return all rotations that are open, by their credentials."""
    return {name: rotation_to_json(rotations[name]) for name in sorted(rotations)}


def rotations_from_json(data: Mapping[str, Any]) -> dict[str, Rotation]:
    """Read what `rotations_to_json` returned; raises MalformedError."""
    if not all(data):
        raise MalformedError("a rotation is of no credential")
    return {name: rotation_from_json(each, f"the rotation of {quote(name)}") for name, each in data.items()}

"""A rotation as JSON, in the state and in its journal. What is read is checked strictly, as records are."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from flowforge.errors import quote
from flowforge.plan.recordable import LARGEST, is_api_key_id, is_time
from flowforge.plan.rotation import Proof, Rotation
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
# Optional members stand only in rotations that need them.
_OPTIONAL: Final[Shape] = {"proof": (dict,), "at_once": (bool,)}
_PROOF: Final[Shape] = {"batches": (str,), "canary": (str,), "command": (str,), "timeout": (int,)}
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
        **({"proof": asdict(rotation.proof)} if rotation.proof != Proof() else {}),
        **({"at_once": True} if rotation.at_once else {}),
    }


def rotation_from_json(data: object, at: str) -> Rotation:
    """Read a rotation; raises MalformedError. at: its place, for people."""
    more = {name: types for name, types in _OPTIONAL.items() if isinstance(data, dict) and name in data}
    given = fields(data, {**_ROTATION, **more}, at)
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
    if given.get("at_once") is False:
        what = f"at_once of {at} is false, and then it is left out"
        raise MalformedError(what)
    proof, at_once = _proof(given.get("proof"), f"proof of {at}"), "at_once" in given
    return Rotation(given["fingerprint"], given["since"], before, given["proven"], reached, old_keys, proof, at_once)


def _proof(data: object, at: str) -> Proof:
    if data is None:
        return Proof()
    proof = Proof(**fields(data, _PROOF, at))
    if not 0 <= proof.timeout <= LARGEST:
        what = f"timeout of {at} is out of range"
        raise MalformedError(what)
    if proof == Proof():
        what = f"{at} says nothing, and then it is left out"
        raise MalformedError(what)
    return proof


def rotations_to_json(rotations: Mapping[str, Rotation]) -> dict[str, object]:
    """Return all rotations that are open, by their credentials."""
    return {name: rotation_to_json(rotations[name]) for name in sorted(rotations)}


def rotations_from_json(data: Mapping[str, Any]) -> dict[str, Rotation]:
    """Read what `rotations_to_json` returned; raises MalformedError."""
    if not all(data):
        raise MalformedError("a rotation is of no credential")
    return {name: rotation_from_json(each, f"the rotation of {quote(name)}") for name, each in data.items()}

"""The exact shape of a saved plan's content. schemas/plan-file.schema.json describes the same for other programs."""

import base64
import binascii
import re
from collections.abc import Mapping
from types import NoneType
from typing import Any, Final

from flowforge.errors import quote
from flowforge.state.codec import LAST_SERIAL
from flowforge.state.model import SALT_BYTES
from flowforge.state.shape import MalformedError, Shape, fields, numbers, texts

_TEXT: Final = (str,)
_MAYBE: Final = (str, NoneType)
_BOOL: Final = (bool,)
_NUMBER: Final = (int,)
FILE: Final[Shape] = {
    "format": _TEXT,
    "version": _NUMBER,
    "flowforge": _TEXT,
    "stands_on": (dict,),
    "digest": _TEXT,
}
_STANDS_ON: Final[Shape] = {
    "flags": (dict,),
    "manifests": (list,),
    "github": _TEXT,
    "state": (dict,),
    "selected": (dict,),
    "repos": (dict,),
    "unresolved": (dict,),
    "brakes": (dict,),
    "lines": (dict,),
}
_LISTS: Final = ("limit", "exclude", "tags")
FLAGS: Final[Shape] = {
    **dict.fromkeys(_LISTS, (list,)),
    "skip_values": _BOOL,
    "prune": _BOOL,
    "prove": _BOOL,
    "accept_drift": _BOOL,
    "keep_going": _BOOL,
    "allow_deletes": _NUMBER,
    "allow_takeover": _BOOL,
    "allow_empty": _BOOL,
    "allow_manifest_change": _BOOL,
    "allow_new_repos": _BOOL,
    "allow_widening": _BOOL,
}
_STATE: Final[Shape] = {"lineage": _TEXT, "serial": _NUMBER, "salt": _MAYBE, "key_id": _MAYBE, "remembers": _TEXT}
_LINE: Final[Shape] = {
    **dict.fromkeys(("action", "reason"), _TEXT),
    **dict.fromkeys(("why", "presence", "credential", "type", "on_drift", "new_to"), _MAYBE),
    **dict.fromkeys(("fingerprint", "updated_at", "holds"), _MAYBE),
    **dict.fromkeys(("drift", "forgets", "makes_environment"), _BOOL),
    **dict.fromkeys(("visible_to", "to_be_visible_to"), (dict, NoneType)),
}
_AUDIENCE: Final[Shape] = {"visibility": _TEXT, "repos": (dict,), "hidden": (list,)}
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def checked(data: object) -> Mapping[str, Any]:
    """Return the content of a saved plan. Raises MalformedError for anything that `basis` cannot have made."""
    stands_on: Mapping[str, Any] = fields(data, _STANDS_ON, "stands_on")
    flags = fields(stands_on["flags"], FLAGS, "flags")
    # The flags become options of apply, where click would have refused a negative number.
    if flags["allow_deletes"] < 0:
        raise MalformedError("allow_deletes is negative")
    for name in _LISTS:
        texts(flags[name], name)
    texts(stands_on["manifests"], "manifests")
    _check_state(fields(stands_on["state"], _STATE, "state"))
    for holder, repos in _table(stands_on["selected"], dict, "selected").items():
        if not _table(repos, int, f"selected {quote(holder)}"):
            what = f"selected {quote(holder)} is empty"
            raise MalformedError(what)
    _table(stands_on["repos"], int, "repos")
    _table(stands_on["unresolved"], str, "unresolved")
    _table(stands_on["brakes"], str, "brakes")
    for address, line in stands_on["lines"].items():
        fields(line, _LINE, f"line {quote(address)}")
        for audience in filter(None, (line["visible_to"], line["to_be_visible_to"])):
            _table(fields(audience, _AUDIENCE, f"line {quote(address)}")["repos"], int, f"line {quote(address)}")
            numbers(audience["hidden"], "hidden")
    return stands_on


def _table(data: dict[str, Any], kind: type, at: str) -> dict[str, Any]:
    """Return an object after a check that all its members have one type."""
    found = fields(data, dict.fromkeys(data, (kind,)), at)
    for name, each in found.items():
        if kind is int:
            _check_number(each, f"{name} of {at}")
    return found


def _check_number(number: int, at: str) -> None:
    """Raise MalformedError for a number that nothing here can have."""
    # JSON allows a number of any length, and Python would print thousands of digits in an error.
    if not 0 <= number <= LAST_SERIAL:
        what = f"{at} is out of range"
        raise MalformedError(what)


def _check_state(state: Mapping[str, Any]) -> None:
    """Check what identifies the state. It has a salt if, and only if, there was no state yet."""
    begins = state["salt"] is not None
    _check_number(state["serial"], "serial")
    if not _UUID.fullmatch(state["lineage"]) or begins != (state["serial"] == 0):
        raise MalformedError("state identifies no state that can exist")
    try:
        salt = base64.b64decode(state["salt"] or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("salt is not in base64") from error
    if begins and len(salt) != SALT_BYTES:
        what = f"salt is not {SALT_BYTES} bytes"
        raise MalformedError(what)

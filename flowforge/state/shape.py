"""The parts of the state's JSON that the file and its journal share, read strictly."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from types import NoneType
from typing import Any, Final

from flowforge.errors import quote
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Visibility
from flowforge.plan.facts import Record
from flowforge.plan.recordable import OPTIONAL, is_environment, is_id, is_name, is_time
from flowforge.text_encoding import NotUtf8, decode

Shape = Mapping[str, tuple[type, ...]]

ADDRESS: Final[Shape] = {"repo": (str,), "store": (str,), "name": (str,)}
# Stands in the place of `repo` in the address of an organization's own secret.
ORGANIZATION: Final[Shape] = {"org": (str,)}
# Environments have secrets and variables of Actions only: GitHub has no path for the other stores.
_OF_ENVIRONMENTS: Final = (Store.ACTIONS, Store.VARIABLES)
ENVIRONMENT: Final[Shape] = {"environment": (str,)}
RECORD: Final[Shape] = {
    "fingerprint": (str,),
    "updated_at": (str,),
    "credential": (str,),
    "repo_id": (int,),
    "written_at": (str,),
    "value_since": (str,),
    "adopted": (bool,),
}
# Optional members stand only in records that need them, so that states without them keep their bytes.
# Only in the record of an organization's secret:
AUDIENCE: Final[Shape] = {"visibility": (str,), "repo_ids": (list,)}
# Only in the record of a write whose time no list has shown yet, and true there:
UNCONFIRMED: Final[Shape] = {"unconfirmed": (bool,)}
TEXT_OR_NULL: Final = (str, NoneType)

# The times of a record, and whether each may be empty: what was adopted was never written by FlowForge.
_TIMES: Final = {"updated_at": False, "written_at": True, "value_since": True}

_WORDS: Final[Mapping[type, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}


class MalformedError(ValueError):
    """Data that FlowForge does not write. The message is a place and a clause, with text from outside quoted."""


def parse_json(data: bytes) -> object:
    """Read JSON in UTF-8; raises MalformedError for whatever is not."""
    text = decode(data)
    if isinstance(text, NotUtf8):
        what = f"it is {text}"
        raise MalformedError(what)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise MalformedError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        what = f"it is not JSON from line {error.lineno}, column {error.colno} on"
        raise MalformedError(what) from error
    except ValueError as error:  # a number of thousands of digits
        raise MalformedError("it is not JSON") from error


def canonical(data: object) -> bytes:
    """Return `data` as JSON on one line, in ASCII. Equal data have equal bytes."""
    # Checksums and signatures are made of these bytes, so a file may be laid out differently and still be valid.
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode("ascii")


def fields(data: object, shape: Shape, at: str) -> dict[str, Any]:
    """Return `data` if it is an object of exactly `shape`; raises MalformedError. at: its place, like `secrets[3]`."""
    # An unknown member is an error: dropped, it would be lost with the next write.
    if not isinstance(data, dict):
        what = f"{at} is not an object"
    elif data.keys() != shape.keys():
        unknown = sorted(data.keys() - shape.keys())
        what = f"{at} has {quote(unknown[0])}, which is not known" if unknown else ""
        what = what or f"{at} has no {min(shape.keys() - data.keys())}"
    elif wrong := [key for key, types in shape.items() if type(data[key]) not in types]:  # `type`: a bool is an int
        what = f"{wrong[0]} of {at} is not {' or '.join(_WORDS[one] for one in shape[wrong[0]])}"
    else:
        return data
    raise MalformedError(what)


def addressed(data: object, shape: Shape, at: str) -> dict[str, Any]:
    """Check as `fields` does an object with an address, which may have the optional members too.

    These are `ENVIRONMENT`, `ORGANIZATION` in the place of `repo`, and in a record `AUDIENCE`, `UNCONFIRMED` and
    `OPTIONAL`.
    """
    if isinstance(data, dict) and RECORD.keys() <= shape.keys():
        members = {**UNCONFIRMED, **dict.fromkeys(OPTIONAL, (str,))}
        shape = {**shape, **{name: types for name, types in members.items() if name in data}}
    if isinstance(data, dict) and "org" in data:
        rest = {key: types for key, types in shape.items() if key != "repo"}
        seen = AUDIENCE if RECORD.keys() <= rest.keys() and "visibility" in data else {}
        return fields(data, {**rest, **ORGANIZATION, **seen}, at)
    inside = isinstance(data, dict) and "environment" in data
    return fields(data, {**shape, **ENVIRONMENT} if inside else shape, at)


def texts(data: list[object], at: str) -> tuple[str, ...]:
    """Return a list as texts; raises MalformedError unless all of it are."""
    found = tuple(item for item in data if isinstance(item, str))
    if len(found) < len(data):
        what = f"{at} is not a list of texts"
        raise MalformedError(what)
    return found


def paths(data: list[object], at: str) -> tuple[str, ...]:
    """Return a list as the names of files; raises MalformedError for a text that no file can be called."""
    found = texts(data, at)
    if not all(map(_is_path, found)):
        what = f"{at} has a text that cannot be the name of a file"
        raise MalformedError(what)
    return found


def _is_path(text: str) -> bool:
    # A path with NUL or half a character would raise ValueError later, where nobody expects one.
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def numbers(data: object, at: str) -> frozenset[int]:
    """Return a list as the ids of repos; raises MalformedError unless all of it are."""
    found = data if isinstance(data, list) else [""]
    if not all(map(is_id, found)):
        what = f"{at} is not a list of ids"
        raise MalformedError(what)
    return frozenset(found)


def address_to_json(address: Address) -> dict[str, object]:
    """Return an address as the members that `addressed` reads."""
    scope = address.scope
    if scope.repo.is_organization:
        return {"org": scope.repo.name, "store": str(scope.store), "name": address.secret}
    environment = {"environment": scope.environment} if scope.environment else {}
    return {"repo": scope.repo.name, "store": str(scope.store), "name": address.secret, **environment}


def address_from_json(data: Mapping[str, str], at: str) -> Address:
    """Read what `address_to_json` wrote, its members already checked by `fields`."""
    named = data.get("org") or data.get("repo", "")
    try:
        repo = Repo.organization(named) if "org" in data else Repo.parse(named)
        store = Store(data["store"])
    except ValueError as error:
        what = f"{at} names no repo or store that is known: {quote(named)}, {quote(data['store'])}"
        raise MalformedError(what) from error
    if not is_name(data["name"]):
        what = f"{at} has a name that no secret has: {quote(data['name'])}"
        raise MalformedError(what)
    if "environment" not in data:
        return Address(Scope(repo, store), data["name"])
    if not is_environment(data["environment"]) or store not in _OF_ENVIRONMENTS:
        what = f"{at} names an environment that cannot be: {quote(data['environment'])}"
        raise MalformedError(what)
    return Address(Scope.of_environment(repo, data["environment"], store), data["name"])


def record_to_json(record: Record) -> dict[str, object]:
    """Return a record as the members of `RECORD`, and of `AUDIENCE`, `UNCONFIRMED`, `OPTIONAL` where it has them."""
    members = {name: getattr(record, name) for name in RECORD}
    members |= {name: given for name in (*OPTIONAL, *UNCONFIRMED) if (given := getattr(record, name))}
    return (
        {**members, "visibility": record.visibility, "repo_ids": list(record.repo_ids)}
        if record.visibility
        else members
    )


def record_from_json(data: Mapping[str, Any]) -> Record:
    """Read what `record_to_json` wrote, its members already checked by `fields`."""
    for name, (fits, otherwise) in OPTIONAL.items():
        text = data.get(name)
        # One way to write each state: without a text the member is left out.
        if text is not None and not fits(text):
            what = f"{name} is {quote(text)}, which is {otherwise}" if text else f"{name} is empty"
            raise MalformedError(what)
    if data.get("unconfirmed") is False:
        raise MalformedError("unconfirmed is false, and then it is left out")
    for name, may_be_empty in _TIMES.items():
        time = data[name]
        if not is_time(time) and (time or not may_be_empty):
            what = f"{name} is {quote(time)}, which is no time"
            raise MalformedError(what)
    if data["repo_id"] and not is_id(data["repo_id"]):
        raise MalformedError("repo_id is not an id")
    record = Record(**{name: data[name] for name in (*RECORD, *OPTIONAL, *UNCONFIRMED) if name in data})
    if "visibility" not in data:
        return record
    if data["visibility"] not in tuple(Visibility):
        what = f"visibility is {quote(data['visibility'])}, which is not known"
        raise MalformedError(what)
    ids = tuple(sorted(numbers(data["repo_ids"], "repo_ids")))
    return replace(record, visibility=data["visibility"], repo_ids=ids)

"""Journal entries as JSON. One law holds for each: nothing is written that cannot be read back."""

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final, assert_never

from flowforge.plan.address import Address
from flowforge.plan.rotation import Rotation
from flowforge.state.model import (
    Abandoned,
    Forgotten,
    Intended,
    JournalEntry,
    ManifestsAdopted,
    Recorded,
    RepoAdmitted,
    Rotated,
)
from flowforge.state.rotation_codec import rotation_from_json, rotation_to_json
from flowforge.state.shape import (
    ADDRESS,
    RECORD,
    TEXT_OR_NULL,
    MalformedError,
    Shape,
    address_from_json,
    address_to_json,
    addressed,
    canonical,
    fields,
    numbers,
    parse_json,
    paths,
    record_from_json,
    record_to_json,
)

_OP: Final[Shape] = {"op": (str,)}
_SHAPES: Final[dict[str, Shape]] = {
    "intend": {**_OP, "secrets": (list,)},
    "record": {**_OP, **ADDRESS, **RECORD},
    "forget": {**_OP, **ADDRESS},
    "abandon": {**_OP, **ADDRESS},
    "manifests": {**_OP, "manifests": (list,)},
    "admit": {**_OP, "holder": (str,), "repos": (list,)},
    "rotate": {**_OP, "credential": (str,), "rotation": (dict, NoneType)},
}


def reads_back(change: JournalEntry) -> bool:
    """Return whether an entry is the same after it was written and read."""
    # What cannot be read back would make the whole journal unreadable, and with it every result after this one.
    try:
        return from_json(parse_json(canonical(to_json(change)))) == change
    except MalformedError:
        return False


def to_json(change: JournalEntry) -> dict[str, object]:
    """Return an entry as the journal writes it."""
    members: dict[str, object]
    match change:
        case Intended(fingerprints):
            secrets = [address_to_json(address) | {"fingerprint": one} for address, one in fingerprints.items()]
            op, members = "intend", {"secrets": secrets}
        case Recorded(address, record):
            op, members = "record", {**address_to_json(address), **record_to_json(record)}
        case Forgotten(address):
            op, members = "forget", address_to_json(address)
        case Abandoned(address):
            op, members = "abandon", address_to_json(address)
        case ManifestsAdopted(manifests):
            op, members = "manifests", {"manifests": list(manifests)}
        case RepoAdmitted(holder, repos):
            op, members = "admit", {"holder": holder, "repos": sorted(repos)}
        case Rotated(credential, rotation):
            members = {"credential": credential, "rotation": rotation and rotation_to_json(rotation)}
            op = "rotate"
        case _:
            assert_never(change)
    return {"op": op, **members}


def from_json(parsed: object) -> JournalEntry:
    """Read what `to_json` returned; raises MalformedError for anything else."""
    op = parsed.get("op") if isinstance(parsed, dict) else None
    if not isinstance(op, str) or op not in _SHAPES:
        raise MalformedError("its operation is not known")
    shape = _SHAPES[op]
    # Only an entry about one secret may have the members of an environment or of an organization.
    data = (addressed if ADDRESS.keys() <= shape.keys() else fields)(parsed, shape, "the line")
    return _READERS[op](data)


def _rotation(credential: str, data: object) -> Rotation | None:
    if not credential:
        raise MalformedError("a rotation is of no credential")
    return None if data is None else rotation_from_json(data, "the rotation")


def _intent(item: object) -> tuple[Address, str | None]:
    data = addressed(item, {**ADDRESS, "fingerprint": TEXT_OR_NULL}, "an intent")
    return address_from_json(data, "an intent"), data["fingerprint"]


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], JournalEntry]]] = {
    "intend": lambda data: Intended(dict(_intent(item) for item in data["secrets"])),
    "record": lambda data: Recorded(address_from_json(data, "the line"), record_from_json(data)),
    "forget": lambda data: Forgotten(address_from_json(data, "the line")),
    "abandon": lambda data: Abandoned(address_from_json(data, "the line")),
    "manifests": lambda data: ManifestsAdopted(paths(data["manifests"], "manifests")),
    "admit": lambda data: RepoAdmitted(data["holder"], numbers(data["repos"], "repos")),
    "rotate": lambda data: Rotated(data["credential"], _rotation(data["credential"], data["rotation"])),
}

"""The state as bytes: sorted, with one secret on a line. The same state always has the same bytes."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, NoReturn

from flowforge.data_class import dataclass
from flowforge.errors import Problem, StateError, quote
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.plan.recordable import LARGEST
from flowforge.state.model import SALT_BYTES, Lease, State
from flowforge.state.rotation_codec import rotations_from_json, rotations_to_json
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
from flowforge.state.signature import UNSIGNED, Signature
from flowforge.state.versions import UPGRADES, VERSION, Data, body_of_today, require_known

# What every version of the format has, so that an older state can be checked before it is upgraded.
_ENVELOPE: Final[Shape] = {"version": (int,), "lineage": (str,), "checksum": (str,)}
_SIGNED: Final[Shape] = {"key_id": (str,), "signature": (str,)}
_SHAPE: Final[Shape] = {
    "version": (int,),
    "serial": (int,),
    "lineage": (str,),
    "salt": (str,),
    "manifests": (list,),
    "secrets": (list,),
    "folded": (str,),
}
# Only in a state that has applied what a selector found, that a run holds on GitHub, that was moved, in which a
# rotation is under way, or that is signed. Left out elsewhere, so that states that need none of them keep their bytes.
_OPTIONAL: Final[Shape] = {
    "admitted": (dict,),
    "lease": (dict,),
    "moved_to": (str,),
    "rotations": (dict,),
    "key_id": (str,),
}
_LEASE: Final[Shape] = {"owner": (str,), "holder": (str,), "since": (str,), "until": (str,)}
_ONE_LINE: Final = json.JSONEncoder(sort_keys=True).encode
_PENDING: Final[Shape] = {**ADDRESS, "pending": TEXT_OR_NULL}
_RECORDED: Final[Shape] = {**ADDRESS, **RECORD}
_BOTH: Final[Shape] = {**_PENDING, **_RECORDED}
LAST_SERIAL: Final = LARGEST  # more versions than anybody writes
# A state that is kept in git can be merged there. Its users must hear of the conflict, and not of broken JSON.
_CONFLICT: Final = re.compile(rb"^(<{7} |={7}\r?$|>{7} )", re.MULTILINE)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class EncodedState:
    """A state as it is on disk."""

    state: State
    """The state, upgraded to today's version of the format."""
    checksum: str
    """The checksum of exactly this content, however the file is laid out."""
    key_id: str = ""
    """The id of the key that it is signed with; empty without one."""
    version: int = VERSION
    """The version of the format that the file has."""


def _order(address: Address) -> tuple[str, str, str, str]:
    # As addresses sort by themselves, in a tenth of the time.
    scope = address.scope
    return scope.repo.key, scope.store, scope.environment_key, address.secret


def _body(state: State) -> dict[str, object]:
    secrets = []
    for address in sorted(state.records.keys() | state.pending.keys(), key=_order):
        entry = address_to_json(address)
        if address in state.records:
            entry |= record_to_json(state.records[address])
        if address in state.pending:
            entry["pending"] = state.pending[address]
        secrets.append(entry)
    return {
        "version": VERSION,
        "serial": state.serial,
        "lineage": state.lineage,
        "salt": base64.b64encode(state.salt).decode("ascii"),
        "manifests": list(state.manifests),
        "secrets": secrets,
        "folded": state.folded,
        **(
            {"admitted": {name: sorted(state.admitted[name]) for name in sorted(state.admitted)}}
            if state.admitted
            else {}
        ),
        **({"lease": asdict(state.lease)} if state.lease else {}),
        **({"moved_to": state.moved_to} if state.moved_to else {}),
        **({"rotations": rotations_to_json(state.rotations)} if state.rotations else {}),
    }


def _checksum(plain: bytes) -> str:
    return "sha256:" + hashlib.sha256(plain).hexdigest()


def digest(state: State) -> str:
    """Return the digest of what is remembered, which is the same in every version that remembers the same."""
    # A saved plan must not become stale because a lock was taken or a serial grew.
    body = _body(state)
    return _checksum(canonical({key: body.get(key) for key in ("secrets", "admitted")}))


def _list(items: list[Any]) -> str:
    lines = ",\n".join(f"    {_ONE_LINE(item)}" for item in items)
    return f"[\n{lines}\n  ]" if items else "[]"


def encode(state: State, signing: Signature = UNSIGNED) -> tuple[bytes, str]:
    """Return the bytes of a state, which end in a newline, and its checksum. With a key they are signed."""
    # One secret on a line: a diff then shows a line for each secret that changed. `json.dumps` with an indent would put
    # each member on a line of its own, and take far longer for 10,000 secrets.
    body = _body(state)
    if key_id := signing.key_id(state.lineage):
        body["key_id"] = key_id
    plain = canonical(body)
    checksum = _checksum(plain)
    body |= {"checksum": checksum} | ({"signature": signing.signature(plain)} if key_id else {})
    parts = {key: _list(value) if isinstance(value, list) else json.dumps(value) for key, value in body.items()}
    lines = ",\n".join(f'  "{key}": {parts[key]}' for key in sorted(parts))
    return f"{{\n{lines}\n}}\n".encode("ascii"), checksum


def decode(data: bytes, where: str, signing: Signature = UNSIGNED) -> EncodedState:
    """Read the bytes of a state. where: its name. Raises StateError FF404 to FF406, and as `Signature.require` does."""
    try:
        return _parse(data, where, signing)
    except MalformedError as error:
        what = str(error)
    if not data.strip():
        what = "it is empty"
    elif _CONFLICT.search(data):
        what = "it holds the markers of a merge conflict in git"
    raise StateError(Problem("FF404", "the state is damaged", where, what, signing.restore))


def _parse(data: bytes, where: str, signing: Signature) -> EncodedState:
    parsed = parse_json(data)
    require_known(parsed, where)
    given = parsed if isinstance(parsed, dict) else {}
    shape = {**{key: _SIGNED.get(key, (type(value),)) for key, value in given.items()}, **_ENVELOPE}
    body = dict(fields(parsed, shape, "the file"))
    checksum, signature = body.pop("checksum"), body.pop("signature", "")
    if ("key_id" in body) != bool(signature):
        _refuse("it has only one of key_id and signature")
    if not _UUID.fullmatch(body["lineage"]):
        _refuse("lineage is not a UUID")
    # Today's format is read before the checksum is compared, so that the message can say exactly what is wrong. An
    # older one is checked as it was written, because an upgrade changes its bytes.
    state = None if body["version"] in UPGRADES else _state(body)
    # The checksum finds accidents. Only the signature, which comes after it, finds a forger.
    plain = canonical(body)
    if checksum != _checksum(plain):
        why = "its checksum does not fit its content: it was edited by hand, merged or cut"
        raise StateError(Problem("FF405", "the state is not as FlowForge wrote it", where, why, signing.restore))
    signing.require(body, plain, signature, where)
    return EncodedState(state or _state(body_of_today(body)), checksum, body.get("key_id", ""), body["version"])


def _refuse(what: str) -> NoReturn:
    raise MalformedError(what)


def _state(body: Data) -> State:
    fields(body, {**_SHAPE, **{key: types for key, types in _OPTIONAL.items() if key in body}}, "the file")
    if body["version"] != VERSION or not 0 <= body["serial"] <= LAST_SERIAL:
        _refuse("version or serial is out of range")
    try:
        salt = base64.b64decode(body["salt"], validate=True)
    except (binascii.Error, ValueError):
        salt = b""
    if len(salt) != SALT_BYTES:
        _refuse(f"salt is not {SALT_BYTES} bytes in base64")
    manifests = paths(body["manifests"], "manifests")
    records: dict[Address, Record] = {}
    pending: dict[Address, str | None] = {}
    for index, item in enumerate(body["secrets"]):
        _take(item, f"secrets[{index}]", records, pending)
    admitted = {name: numbers(each, "admitted") for name, each in body.get("admitted", {}).items()}
    lease = _lease(fields(body["lease"], _LEASE, "lease")) if "lease" in body else None
    folded, moved_to = body["folded"], body.get("moved_to", "")
    if moved_to == "" and "moved_to" in body:
        _refuse("moved_to is empty")
    if "rotations" in body and not body["rotations"]:
        _refuse("rotations is empty")
    return State(
        body["serial"],
        body["lineage"],
        salt,
        manifests,
        records,
        pending,
        folded,
        admitted,
        lease,
        moved_to,
        rotations_from_json(body.get("rotations", {})),
    )


def _lease(data: dict[str, str]) -> Lease:
    for text in (data["since"], data["until"]):
        try:
            real = _TIME.fullmatch(text) and datetime.fromisoformat(text)
        except ValueError:
            real = None
        if not real:
            _refuse(f"lease has {quote(text)}, which is no time")
    return Lease(**data)


def _take(item: object, at: str, records: dict[Address, Record], pending: dict[Address, str | None]) -> None:
    members = item.keys() if isinstance(item, dict) else set()
    is_pending = "pending" in members
    has_record = not (is_pending and members.isdisjoint(RECORD))
    shape = _PENDING if not has_record else _BOTH if is_pending else _RECORDED
    data = addressed(item, shape, at)
    address = address_from_json(data, at)
    if address in records or address in pending:
        _refuse(f"{at} names {quote(str(address))} a second time")
    if has_record:
        records[address] = record_from_json(data)
    if is_pending:
        pending[address] = data["pending"]

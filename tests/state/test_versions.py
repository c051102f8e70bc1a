"""A state of an older format: judged as it was written, read as today's, kept beside what takes its place."""

import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowforge.errors import StateError
from flowforge.paths import PathEntry
from flowforge.plan.address import Address
from flowforge.plan.facts import Record, Remembered
from flowforge.state import disk, versions
from flowforge.state.branch import StateBranch
from flowforge.state.codec import decode, encode
from flowforge.state.file import StateFile
from flowforge.state.model import State
from flowforge.state.shape import MalformedError, canonical
from flowforge.state.signature import UNSIGNED, OtherKeyError, Signature
from flowforge.state.versions import Data, Upgrade, body_of_today, line_of_today
from tests.state.place import Place

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]

FIX = "put a good copy back, from git or from the .backup file beside it; nothing was overwritten"


class Holder:
    """Holds a key."""

    def sign(self, purpose: str, data: bytes) -> str:
        """Return an HMAC."""
        return hmac.digest(b"mine", purpose.encode() + b"\0" + data, "sha256").hex()


MINE = Signature(Holder())


def _renamed(entry: Data, old: str, new: str) -> Data:
    return {new if key == old else key: value for key, value in entry.items()}


class Before:
    """A format that never was: `secret` in the place of `name`, and no `folded`. calls: how often it was upgraded."""

    def __init__(self) -> None:
        self.calls = 0

    def body(self, body: Data) -> Data:
        """Upgrade a state."""
        self.calls += 1
        if "folded" in body:
            raise MalformedError("version 0 has no folded")
        return {**body, "folded": "", "secrets": [_renamed(each, "secret", "name") for each in body["secrets"]]}

    def line(self, line: Data) -> Data:
        """Upgrade a change."""
        if "secret" not in line:
            raise MalformedError("it is of no secret")
        return _renamed(line, "secret", "name")


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Before:
    """Let version 0 be one that FlowForge once wrote."""
    older = Before()
    monkeypatch.setitem(versions.UPGRADES, 0, Upgrade(older.body, older.line))
    return older


def sealed(body: Data, signing: Signature = UNSIGNED) -> bytes:
    """Write a body as the FlowForge of that version would have."""
    body = {key: value for key, value in body.items() if key not in ("checksum", "signature")}
    plain = canonical(body)
    signed = {"signature": signing.signature(plain)} if "key_id" in body else {}
    return json.dumps({**body, "checksum": "sha256:" + hashlib.sha256(plain).hexdigest(), **signed}).encode()


def old(state: State, signing: Signature = UNSIGNED, **more: object) -> bytes:
    """Write a state in the older format."""
    body: dict[str, Any] = json.loads(encode(state, signing)[0])
    secrets = [_renamed(each, "name", "secret") for each in body["secrets"]]
    body = {key: value for key, value in body.items() if key != "folded"}
    return sealed({**body, "version": 0, "secrets": secrets, **more}, signing)


def old_journal(state: bytes, *lines: object) -> bytes:
    """Write a journal of the older format for exactly these bytes of a state."""
    body = json.loads(state)
    header = {key: body[key] for key in ("version", "lineage", "serial")}
    checksum, written = "", b""
    for line in ({**header, "id": body["lineage"], "extends": body["checksum"]}, *lines):
        payload = canonical(line)
        checksum = hashlib.sha256(checksum.encode() + payload).hexdigest()[:32]
        written += b'{"checksum":"' + checksum.encode() + b'",' + payload[1:] + b"\n"
    return written


@pytest.fixture
def state(addresses: Addresses, records: Records) -> State:
    """Return what is remembered: two records, and a write whose end is unknown."""
    fresh = State.fresh(["flowforge.yaml"])
    known = dict(zip(addresses[:2], records[:2], strict=True))
    return State(7, fresh.lineage, fresh.salt, fresh.manifests, known, {addresses[2]: "hmac-sha256:00"})


def beside(path: Path, suffix: str) -> Path:
    """Name a file of a state."""
    return path.with_name(path.name + suffix)


def refused(use: Callable[[], object]) -> str:
    """Return what is said."""
    with pytest.raises(StateError) as caught:
        use()
    return str(caught.value)


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("signing", [UNSIGNED, MINE])
def test_reading_upgrades_and_writes_nothing(path: Path, state: State, signing: Signature) -> None:
    """What a plan stands on is the same as if it were of today, and the folder is as it was; so after an idle run."""
    data = old(state, signing)
    path.write_bytes(data)
    assert state == StateFile.read(path, signing)
    assert [path.name] == [entry.name for entry in path.parent.iterdir()]
    with StateFile.open(path, signing=signing) as file:
        assert state == file.state
    assert (data, False) == (path.read_bytes(), beside(path, ".backup").exists())


@pytest.mark.usefixtures("before")
def test_the_first_change_is_written_in_todays_format_and_the_older_one_is_kept(
    path: Path, state: State, addresses: Addresses, records: Records
) -> None:
    """The old bytes are the backup, and stay in one of their own, readable by the owner alone, when that goes on."""
    data, kept = old(state), beside(path, ".format-0.backup")
    path.write_bytes(data)
    for number in (2, 3):
        with StateFile.open(path) as file:
            file.record(addresses[number], records[number])
        assert (data, 0o100600) == (kept.read_bytes(), kept.stat().st_mode)
        assert (number == 2) == (beside(path, ".backup").read_bytes() == data)
    body = json.loads(path.read_bytes())
    assert (1, 9, state.lineage) == (body["version"], body["serial"], body["lineage"])
    assert {addresses[n]: Remembered(records[n]) for n in range(4)} == StateFile.read(path).remembered
    kept.replace(path)
    assert state == StateFile.read(path)


class Killed(BaseException):
    """What no handler of ours catches."""


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("done", range(4))
def test_a_kill_at_any_step_loses_nothing(path: Path, state: State, records: Records, done: int) -> None:
    """Before and between the two backups, before the new state, and after it: the next run remembers, and ends it."""
    data, address = old(state), next(iter(state.pending))
    path.write_bytes(data)
    replaced: list[Path] = []

    class Dying(disk.Disk):
        def replace(self, entry: PathEntry, data: bytes) -> None:
            if len(replaced) == done:
                raise Killed
            super().replace(entry, data)
            replaced.append(entry.path)
            if len(replaced) == done == 3:
                raise Killed

    file = StateFile.open(path, system=Dying())
    file.record(address, records[2])
    with pytest.raises(Killed):
        file.close()
    assert [beside(path, ".backup"), beside(path, ".format-0.backup"), path][:done] == replaced
    expected = {**{each: Remembered(one) for each, one in state.records.items()}, address: Remembered(records[2])}
    assert expected == StateFile.read(path).remembered
    with StateFile.open(path):
        assert expected == StateFile.read(path).remembered
    body = json.loads(path.read_bytes())
    assert (1, 8, data) == (body["version"], body["serial"], beside(path, ".format-0.backup").read_bytes())


def test_a_journal_that_an_older_flowforge_left_is_folded(
    path: Path, before: Before, state: State, addresses: Addresses, records: Records
) -> None:
    """Its lines are upgraded as its state is, and both bytes are gone only when the new ones, and the backup, stand."""
    data = old(state)
    place = {"repo": "Acme/repo-2", "store": "actions", "secret": "ANTHROPIC_API_KEY"}
    record = json.loads(encode(State(0, state.lineage, state.salt, (), {addresses[2]: records[2]}))[0])["secrets"][0]
    path.write_bytes(data)
    lines = {"op": "record", **_renamed(record, "name", "secret")}, {"op": "forget", **place, "repo": "Acme/repo-0"}
    beside(path, ".journal").write_bytes(old_journal(data, *lines))
    expected = {addresses[n]: Remembered(records[n]) for n in (1, 2)}
    assert expected == StateFile.read(path).remembered
    with StateFile.open(path):
        assert (expected, data) == (StateFile.read(path).remembered, beside(path, ".format-0.backup").read_bytes())
    assert (1, False) == (json.loads(path.read_bytes())["version"], beside(path, ".journal").exists())
    assert before.calls == 2


@pytest.mark.usefixtures("before")
def test_a_line_that_no_older_flowforge_wrote(path: Path, state: State) -> None:
    """FF408: it is named by its number, and nothing is touched; what is no object is not even upgraded."""
    data = old(state)
    path.write_bytes(data)
    beside(path, ".journal").write_bytes(old_journal(data, {"op": "forget"}))
    said = refused(lambda: StateFile.open(path))
    line = f"error FF408: {beside(path, '.journal')}: line 2 of the journal is damaged\n  why: it is of no secret\n"
    assert line in said
    assert (data, False) == (path.read_bytes(), beside(path, ".backup").exists())
    with pytest.raises(MalformedError, match=r"^it is not an object$"):
        line_of_today([7], 0)


def test_what_was_changed_is_refused_before_it_is_upgraded(before: Before, state: State) -> None:
    """FF405 for a byte, FF473 where its checksum was made to fit too, FF470 without the key: no upgrade has seen it."""
    data = old(state, MINE)
    forged = data.replace(b'"key-0"', b'"key-9"')
    assert forged != data
    signature = json.loads(data)["signature"]
    fitting = json.dumps({**json.loads(sealed(json.loads(forged))), "signature": signature}).encode()
    assert [
        (
            "error FF405: s.json: the state is not as FlowForge wrote it\n"
            "  why: its checksum does not fit its content: it was edited by hand, merged or cut\n"
            f"  fix: {FIX}"
        ),
        (
            "error FF473: s.json: the state is forged\n"
            "  why: its signature does not fit its content, and its key is the one given\n"
            f"  fix: {FIX}"
        ),
    ] == [refused(partial(decode, each, "s.json", MINE)) for each in (forged, fitting)]
    with pytest.raises(OtherKeyError, match="FF470"):
        decode(data, "s.json")
    assert before.calls == 0
    assert state == decode(data, "s.json", MINE).state


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"folded": "x"}, "version 0 has no folded"),
        ({"lineage": "\u00fc"}, "lineage is not a UUID"),
        ({"serial": "7"}, "serial of the file is not a whole number"),
        ({"key_id": 7}, "key_id of the file is not a text"),
        ({"key_id": "7"}, "it has only one of key_id and signature"),
    ],
)
def test_what_no_older_flowforge_wrote_is_damage(state: State, more: Data, why: str) -> None:
    """FF404: an older state whose checksum fits is still read strictly, in its own format and then in today's."""
    data = old(state, **more)
    if more == {"key_id": "7"}:
        data = json.dumps({key: value for key, value in json.loads(data).items() if key != "signature"}).encode()
    expected = f"error FF404: s.json: the state is damaged\n  why: {why}\n  fix: {FIX}"
    assert expected == refused(lambda: decode(data, "s.json"))


@pytest.mark.usefixtures("before")
def test_on_a_branch_it_is_upgraded_by_the_first_push(state: State, addresses: Addresses, records: Records) -> None:
    """Reading and an idle run push nothing; the first push replaces exactly the old version, which stays in history."""
    place, data = Place(), old(state)
    place.data = data
    assert state == StateBranch.read(place)
    with place.open() as session:
        assert state == session.state
    assert (data, []) == (place.data, place.messages)
    replaced = []
    place.first = [lambda: replaced.append(place.data)]
    with place.open() as session:
        session.record(addresses[2], records[2])
    assert ([data], ["flowforge: 1 recorded"]) == (replaced, [each.split("\n")[0] for each in place.messages])
    assert {addresses[n]: Remembered(records[n]) for n in range(3)} == place.state.remembered
    assert (1, 8) == (json.loads(place.data)["version"], place.state.serial)


@pytest.mark.usefixtures("before")
def test_on_a_branch_a_run_of_an_older_flowforge_loses_no_record(
    state: State, addresses: Addresses, records: Records
) -> None:
    """An older one writes between our reading and our push: its version is upgraded, and what it recorded is there."""
    place = Place()
    place.data = old(state)

    def other() -> None:
        theirs = {**state.records, addresses[3]: records[3]}
        place.data = old(State(8, state.lineage, state.salt, state.manifests, theirs, state.pending))

    place.first = [other]
    with place.open() as session:
        session.record(addresses[2], records[2])
    assert {addresses[n]: Remembered(records[n]) for n in range(4)} == place.state.remembered


def test_on_a_branch_a_newer_one_is_refused_by_name(state: State) -> None:
    """FF406, to a reader and to a run, and nothing is pushed."""
    place = Place()
    place.data = newer = sealed({**json.loads(encode(state)[0]), "version": 2})
    for use in (lambda: StateBranch.read(place), place.open):
        assert (
            f"error FF406: {place.where}: the state was written by a newer FlowForge\n"
            "  why: it has version 2; this FlowForge reads up to 1\n"
            "  fix: upgrade FlowForge"
        ) == refused(use)
    assert (newer, []) == (place.data, place.messages)


def test_versions_are_upgraded_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step sees what the one before it gave, and knows by the version which it is."""

    def step(data: Data) -> Data:
        return {**data, "seen": [*data["seen"], data.get("version")]}

    for version in (-1, 0):
        monkeypatch.setitem(versions.UPGRADES, version, Upgrade(step, step))
    assert {"version": 1, "seen": [-1, 0]} == body_of_today({"version": -1, "seen": []})
    assert {"seen": [None, None]} == line_of_today({"seen": []}, -1)
    assert {"seen": []} == line_of_today({"seen": []}, 1)

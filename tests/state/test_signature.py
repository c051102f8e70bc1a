"""A state under a key: what was not written with that key is refused, in the state and in its journal."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from flowforge.errors import StateError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state import codec
from flowforge.state.file import StateFile
from flowforge.state.model import State
from flowforge.state.signature import UNSIGNED, OtherKeyError, Signature

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]

OPEN = b'{"checksum":"'
DIGITS = 32


class Holder:
    """Holds a key, and signs as anything may that the state is handed."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def sign(self, purpose: str, data: bytes) -> str:
        """Return an HMAC."""
        return hmac.digest(self.key, purpose.encode() + b"\0" + data, "sha256").hex()


MINE, THEIRS = Signature(Holder(b"mine")), Signature(Holder(b"theirs"))


def beside(path: Path) -> Path:
    """Name a state's journal."""
    return path.with_name(path.name + ".journal")


def rechained(journal: bytes, signing: Signature) -> bytes:
    """Write the lines of a journal once more, changed, with checksums that fit under another key, or none."""
    checksum, lines = "", []
    for line in journal.replace(b'"key-0"', b'"other"').splitlines():
        payload = line[len(OPEN) + DIGITS + len(b'",') :]
        data = checksum.encode() + b"{" + payload
        signed = signing.signer.sign("journal", data) if signing.signer else hashlib.sha256(data).hexdigest()
        checksum = signed[:DIGITS]
        lines.append(OPEN + checksum.encode() + b'",' + payload + b"\n")
    return b"".join(lines)


@pytest.fixture
def killed(path: Path, addresses: Addresses, records: Records) -> Path:
    """Leave a state under my key, and a journal that was not folded."""
    file = StateFile.open(path, signing=MINE)
    file.intend({addresses[0]: records[0].fingerprint})
    state = path.read_bytes()
    file.record(addresses[0], records[0])
    journal = beside(path).read_bytes()
    file.close()
    path.write_bytes(state)
    beside(path).write_bytes(journal)
    return path


def test_what_one_run_writes_the_next_one_reads(killed: Path, addresses: Addresses, records: Records) -> None:
    """With the same key a killed run's journal is read, folded, and what it held is in the signed state."""
    assert {addresses[0]: records[0]} == StateFile.read(killed, MINE).records
    StateFile.open(killed, signing=MINE).close()
    assert {addresses[0]: records[0]} == codec.decode(killed.read_bytes(), "here", MINE).state.records
    assert not beside(killed).exists()


@pytest.mark.parametrize("signing", [UNSIGNED, THEIRS], ids=["without a key", "under another key"])
def test_a_forged_journal(killed: Path, signing: Signature) -> None:
    """Lines whose checksums were made without the key are seen, and nothing is folded."""
    assert rechained(beside(killed).read_bytes(), MINE).count(b'"other"') == 1
    beside(killed).write_bytes(rechained(beside(killed).read_bytes(), signing))
    before = killed.read_bytes(), beside(killed).read_bytes()
    for use in (StateFile.read, StateFile.open):
        with pytest.raises(StateError) as caught:
            use(killed, signing=MINE)
        assert f"error FF408: {beside(killed)}: line 1 of the journal is damaged" in str(caught.value)
    assert before == (killed.read_bytes(), beside(killed).read_bytes())


def test_a_line_added_to_the_journal(killed: Path) -> None:
    """A line that follows the last one, its checksum made of that one's, is one that only the key's holder can make."""
    journal = beside(killed).read_bytes()
    last = journal.splitlines()[-1]
    payload = b'{"op":"manifests","manifests":[]}'
    checksum = hashlib.sha256(last[len(OPEN) : len(OPEN) + DIGITS] + payload).hexdigest()[:DIGITS]
    beside(killed).write_bytes(journal + OPEN + checksum.encode() + b'",' + payload[1:] + b"\n")
    with pytest.raises(StateError, match=r"FF408: .* line 4 of the journal is damaged"):
        StateFile.read(killed, MINE)


@pytest.mark.parametrize(("signing", "code"), [(UNSIGNED, "FF470"), (THEIRS, "FF471")])
def test_the_key_is_asked_before_the_journal(killed: Path, signing: Signature, code: str) -> None:
    """Without the right key nothing is said of the journal, and nothing is touched."""
    before = killed.read_bytes(), beside(killed).read_bytes()
    for use in (StateFile.read, StateFile.open):
        with pytest.raises(OtherKeyError, match=code):
            use(killed, signing=signing)
    assert before == (killed.read_bytes(), beside(killed).read_bytes())


def test_unchecked_is_told_and_judges_no_journal(killed: Path) -> None:
    """Who only looks may read a signed state without the key, and is told so; its journal cannot be judged."""
    told: list[str] = []
    signing = Signature(unchecked=told.append)
    with pytest.raises(OtherKeyError, match="FF470"):
        StateFile.read(killed, signing)
    beside(killed).unlink()
    assert not StateFile.read(killed, signing).records
    assert [str(killed)] * 2 == told


def test_a_key_id_is_of_one_state() -> None:
    """One key is called something else in every state, so that states do not tell who shares one."""
    one, other = (MINE.key_id(State.fresh().lineage) for _ in range(2))
    assert (16, 16, False, "") == (len(one), len(other), one == other, UNSIGNED.key_id("x"))


@pytest.mark.parametrize("name", ["key_id", "signature"])
def test_a_signature_is_a_text(killed: Path, name: str) -> None:
    """FF404: so is the name of its key; anything else is damage."""
    given = json.loads(killed.read_bytes())
    with pytest.raises(StateError) as caught:
        codec.decode(json.dumps(given | {name: [given[name]]}).encode(), "here", MINE)
    assert ("FF404", f"{name} of the file is not a text") == (
        caught.value.problems[0].code,
        caught.value.problems[0].why,
    )

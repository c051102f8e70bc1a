"""The readers of the state and its journal: what was not written by FlowForge is refused with StateError."""

import hashlib
import hmac
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flowforge.errors import StateError
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.state import codec
from flowforge.state.file import StateFile
from flowforge.state.journal import Header, Journal
from flowforge.state.model import Draft, JournalEntry, State
from flowforge.state.signature import UNSIGNED, Signature
from fuzz.planted import MARK, check_said, planted
from fuzz.target import Target


class _Signer:
    """Holds a key that no input has."""

    def sign(self, purpose: str, data: bytes) -> str:
        """Return an HMAC."""
        return hmac.digest(purpose.encode(), data, "sha256").hex()


SEALED = Signature(_Signer())
_BASE = State(7, "00000000-0000-4000-8000-000000000000", bytes(32))
_OPEN, _DIGITS = b'{"checksum":"', 32
_WORDS = """version serial lineage salt manifests secrets folded checksum repo store name fingerprint updated_at
credential repo_id written_at value_since adopted pending op intend record forget abandon id extends actions null true
admitted admit holder repos environment org visibility repo_ids lease owner since until key_id signature moved_to
drifted_at commit run https://ci.test/run/1
NaN -1 1e999 99999999999999999999 [] {} "" \\ud800 \\u001b sha256: hmac-sha256: <<<<<<< ======= >>>>>>>"""


def state_law(data: bytes) -> None:
    """Read bytes as a state: as they are, and under a checksum that fits, or no mutation would come behind it.

    Both with a key and without; with one, nothing is a state that was not signed with it.
    """
    full = planted(data)
    for signing in (UNSIGNED, SEALED):
        _read_state(full, signing, data)
        resealed = _resealed(full, signing)
        if resealed is not None:
            _read_state(resealed, signing, data)


def _read_state(data: bytes, signing: Signature, given: bytes) -> None:
    try:
        written = codec.decode(data, "here", signing)
    except StateError as error:
        check_said(str(error), given)
        return
    again, checksum = codec.encode(written.state, signing)
    found = codec.decode(again, "here", signing)
    assert (written.state, checksum) == (found.state, found.checksum), "no round trip"
    assert bool(signing.signer) == ("signature" in json.loads(data)), "not signed, and taken"


def _resealed(data: bytes, signing: Signature) -> bytes | None:
    try:
        body = json.loads(data)
        if not isinstance(body, dict):
            return None
        for key in ("checksum", "signature", "key_id"):
            body.pop(key, None)
        if signing.signer:
            body["key_id"] = signing.key_id(_BASE.lineage)
        plain = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None
    signed = {"signature": signing.signature(plain)} if signing.signer else {}
    return json.dumps(body | signed | {"checksum": "sha256:" + hashlib.sha256(plain).hexdigest()}).encode()


def journal_law(data: bytes) -> None:
    """Read bytes as a journal: as they are, and each line under a checksum that fits."""
    full = planted(data)
    for book, signing in ((full, UNSIGNED), (_chained(full, UNSIGNED), UNSIGNED), (_chained(full, SEALED), SEALED)):
        try:
            header, changes = _journal(book, signing)
        except StateError as error:
            check_said(str(error), data)
            continue
        _check_torn(book, signing, header, changes)
        state = Draft(_BASE, changes).state()
        assert codec.decode(codec.encode(state)[0], "here").state == state, "a change that no state holds"


def _journal(data: bytes, signing: Signature) -> tuple[Header | None, list[JournalEntry]]:
    journal = Journal(data, "here", signing)
    return journal.header, list(journal.changes())


def _check_torn(book: bytes, signing: Signature, header: Header | None, changes: list[JournalEntry]) -> None:
    """Cut a journal anywhere in its whole lines: what is left says nothing that the whole one did not say.

    A last line that does not end as ours do is cut already, and what it began with may well be a whole line of ours.
    """
    whole = book[: book.rfind(b"\n") + 1]
    cut = whole[: int.from_bytes(hashlib.sha256(book).digest()[:4]) % (len(whole) + 1)]
    found, fewer = _journal(cut, signing)
    assert found in (None, header), "a header that was not there"
    assert fewer == changes[: len(fewer)], "a change that was not there"


def _chained(data: bytes, signing: Signature) -> bytes:
    checksum, lines = "", []
    for line in data.splitlines():
        payload = b"{" + line[len(_OPEN) + _DIGITS + 2 :] if line.startswith(_OPEN) else line
        checksum = signing.digest(checksum.encode() + payload)[:_DIGITS]
        lines.append(_OPEN + checksum.encode() + b'",' + payload[1:] + b"\n")
    return b"".join(lines)


def _written() -> tuple[bytes, bytes]:
    """Let FlowForge write a state and a journal with changes of every sort; give both as they stand at the end."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        path = Path(folder) / "flowforge.state.json"
        places = [Address(Scope(Repo.parse(f"Acme/repo-{n}")), "ANTHROPIC_API_KEY") for n in range(4)]
        time = "2026-03-01T10:00:00Z"
        record = Record("hmac-sha256:" + "0" * 64, time, "key", 100, time, time, adopted=False)
        for _ in range(2):  # the second time the first one's changes are the state
            state = StateFile.open(path, manifests=["flowforge.yaml"])
            state.intend({place: None if place == places[2] else record.fingerprint for place in places})
            state.record(places[0], record)
            state.forget(places[2])
            state.abandon(places[3])
            state.adopt_manifests(["a.yaml", "b.yaml"])
            journal = path.with_name(path.name + ".journal").read_bytes()
            state.close()
        return path.read_bytes(), journal


def state_seeds() -> Iterator[bytes]:
    """Yield a real state, and one with the credential where a text may stand."""
    state, _ = _written()
    yield from (
        state,
        state.replace(b'"key"', f'"{MARK}"'.encode()),
        codec.encode(_BASE)[0],
        codec.encode(_BASE, SEALED)[0],
        b"{}",
        b"[]",
    )


def journal_seeds() -> Iterator[bytes]:
    """Yield a real journal, and its lines alone."""
    _, journal = _written()
    header, *lines = journal.splitlines(keepends=True)
    yield from (journal, header, *(header + line for line in lines), journal.replace(b'"key"', f'"{MARK}"'.encode()))


STATE = Target(state_law, state_seeds, (*_WORDS.split(), MARK))
JOURNAL = Target(journal_law, journal_seeds, (*_WORDS.split(), MARK))

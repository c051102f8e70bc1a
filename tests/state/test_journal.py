"""The journal: cut anywhere it loses nothing that was acknowledged, and damage is named by its line."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from flowforge.errors import StateError
from flowforge.plan.address import Address
from flowforge.plan.facts import Record
from flowforge.state.file import StateFile
from flowforge.state.model import State

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]

REMOVE = "; or remove the journal: what it held then shows as changed outside FlowForge"


def beside(path: Path) -> Path:
    """Name a state's journal."""
    return path.with_name(path.name + ".journal")


def remembers(state: State) -> object:
    """Return all that a state says but its serial and the journal that went in."""
    return state.records, state.pending, state.manifests, state.admitted, state.rotations


@pytest.fixture
def acknowledged(path: Path, addresses: Addresses, records: Records) -> list[tuple[int, object]]:
    """Leave a journal with every kind of line as a kill would; give its length and meaning after each method."""
    a, b, c, *_ = addresses
    file = StateFile.open(path, manifests=["a.yaml"])
    points: list[tuple[int, object]] = []

    def point() -> None:
        points.append((beside(path).stat().st_size, remembers(file.state)))

    file.intend({a: "hmac-sha256:00", b: None})
    state = path.read_bytes()
    point()
    file.record(a, records[0])
    point()
    file.forget(b)
    point()
    file.intend({c: "scrypt:11"})
    point()
    file.abandon(c)
    point()
    file.adopt_manifests(["b.yaml"])
    point()
    file.record(b, records[1])
    point()
    file.admit("group g", frozenset({2, 1}))
    point()
    file.admit("group g", frozenset({1, 2}))  # nothing new, and nothing written
    file.admit("group g", frozenset({1}))
    point()
    journal = beside(path).read_bytes()
    file.close()
    path.write_bytes(state)
    beside(path).write_bytes(journal)
    return points


@pytest.mark.slow
def test_a_cut_at_any_byte_loses_nothing_acknowledged(path: Path, acknowledged: Sequence[tuple[int, object]]) -> None:
    """Cut at each byte in turn, a journal gives what was acknowledged up to there, to a reader and to the next run.

    Only the newline of a line may be lost without losing the line, which is then whole.
    """
    state, journal = path.read_bytes(), beside(path).read_bytes()
    nothing: object = ({}, {}, ("a.yaml",), {}, {})
    ends = [end for end, _ in acknowledged]
    for cut in range(len(journal) + 1):
        beside(path).write_bytes(journal[:cut])
        expected = next((meaning for end, meaning in reversed(acknowledged) if end - 1 <= cut), nothing)
        assert expected == remembers(StateFile.read(path)), cut
        if cut % 200 == 0 or not {cut - 1, cut, cut + 1}.isdisjoint(ends):
            StateFile.open(path).close()
            assert not beside(path).exists()
            assert expected == remembers(StateFile.read(path)), cut
            path.write_bytes(state)
    assert acknowledged[-1][0] == len(journal)


def test_a_last_line_that_ends_in_something_else_is_a_cut_one(
    path: Path, acknowledged: Sequence[tuple[int, object]]
) -> None:
    """Where the line's end should be there is another byte: the line is not taken, and what came before it is."""
    journal = beside(path).read_bytes()
    for size, meaning in acknowledged[:1]:
        beside(path).write_bytes(journal[: size - 1] + b"\x1a")
        fewer = remembers(StateFile.read(path))
        beside(path).write_bytes(journal[: size - 1])
        assert (False, meaning) == (fewer == meaning, remembers(StateFile.read(path)))
    header = journal[: journal.index(b"\n")]
    beside(path).write_bytes(header + b"\x1a")
    nothing_begun = remembers(StateFile.read(path))
    beside(path).unlink()
    assert nothing_begun == remembers(StateFile.read(path))


@pytest.mark.slow
def test_a_changed_byte_anywhere_is_seen(path: Path, acknowledged: Sequence[tuple[int, object]]) -> None:
    """With any one byte changed: an error naming the line, or, in a last line left without its end, a cut.

    What stands on disk is left as it is.
    """
    journal = beside(path).read_bytes()
    lines = journal.count(b"\n")
    # Every byte of the first lines, then every seventh: each place in a line is met.
    for position in (*range(700), *range(700, len(journal), 7), len(journal) - 1):
        changed = journal[:position] + bytes([journal[position] ^ 1]) + journal[position + 1 :]
        beside(path).write_bytes(changed)
        if position == len(journal) - 1:  # the last newline became another character
            assert acknowledged[-2][1] == remembers(StateFile.read(path))
            continue
        with pytest.raises(StateError) as caught:
            StateFile.read(path)
        line = min(changed[: position + 1].count(b"\n") + (changed[position] != 0x0A), lines)
        assert f"error FF408: {beside(path)}: line {line} of the journal is damaged" == str(caught.value).split("\n")[0]
        assert changed == beside(path).read_bytes()


def test_a_damaged_line_stops_both_reader_and_writer(path: Path, acknowledged: Sequence[tuple[int, object]]) -> None:
    """FF408, the exact words: a line lost in the middle is noticed at the one behind it; both files stay."""
    del acknowledged
    lines = beside(path).read_bytes().splitlines(keepends=True)
    del lines[3]
    beside(path).write_bytes(b"".join(lines))
    state = path.read_bytes()
    for use in (StateFile.read, StateFile.open):
        with pytest.raises(StateError) as caught:
            use(path)
        assert (
            f"error FF408: {beside(path)}: line 4 of the journal is damaged\n"
            "  why: its checksum does not fit\n"
            "  fix: put a good copy of the journal back" + REMOVE
        ) == str(caught.value)
    assert (state, b"".join(lines)) == (path.read_bytes(), beside(path).read_bytes())


def test_another_file_in_the_journals_place_is_not_taken_for_a_cut_one(path: Path) -> None:
    """FF408: a file that does not begin as a journal does is somebody's, so it is not thrown away."""
    beside(path).write_bytes(b"notes")
    with pytest.raises(StateError) as caught:
        StateFile.open(path)
    assert f"error FF408: {beside(path)}: line 1 of the journal is damaged" == str(caught.value).split("\n")[0]
    assert b"notes" == beside(path).read_bytes()


def sealed(*payloads: object) -> bytes:
    """Write lines as a journal does, by its documented rule: SHA-256 over the checksum before and the line."""
    lines, checksum = [], ""
    for payload in payloads:
        data = json.dumps(payload, sort_keys=True, separators=(",", ":"))
        checksum = hashlib.sha256((checksum + data).encode("ascii")).hexdigest()[:32]
        lines.append(f'{{"checksum":"{checksum}",{data[1:]}\n')
    return "".join(lines).encode("ascii")


def header(path: Path, **changes: object) -> dict[str, object]:
    """Make the header of a journal that extends the state at `path`."""
    state = json.loads(path.read_bytes())
    known = {"version": 1, "id": str(uuid.uuid4()), "lineage": state["lineage"], "serial": state["serial"]}
    return {**known, "extends": state["checksum"], **changes}


@pytest.fixture
def begun(path: Path, addresses: Addresses, records: Records) -> Path:
    """Leave a state that remembers one secret, and no journal; give its path."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    return path


def test_the_format_is_as_documented(begun: Path, addresses: Addresses, records: Records) -> None:
    """A journal written by the rule in its docstring is read; so another tool, or a later version, can rely on it."""
    forget = {"op": "forget", "repo": "acme/REPO-0", "store": "actions", "name": "ANTHROPIC_API_KEY"}
    beside(begun).write_bytes(sealed(header(begun), forget))
    assert {} == StateFile.read(begun).remembered
    assert {addresses[0]: records[0]} != StateFile.read(begun).records


ADDRESS = {"repo": "acme/api", "store": "actions", "name": "A"}
SENSELESS = {
    "unknown op": ({"op": "burn"}, "its operation is not known"),
    "op of another type": ({"op": []}, "its operation is not known"),
    "unknown member": ({"op": "forget", **ADDRESS, "x": 1}, 'the line has "x", which is not known'),
    "missing member": ({"op": "abandon", "repo": "acme/api", "store": "actions"}, "the line has no name"),
    "wrong type": ({"op": "manifests", "manifests": ["a", 1]}, "manifests is not a list of texts"),
    "wrong intent": ({"op": "intend", "secrets": [1]}, "an intent is not an object"),
    "no repo": (
        {"op": "forget", **ADDRESS, "repo": "api"},
        'the line names no repo or store that is known: "api", "actions"',
    ),
}


@pytest.mark.parametrize("end", ["", "\n"], ids=["without its end", "whole"])
@pytest.mark.parametrize("case", SENSELESS)
def test_a_whole_line_without_sense_is_damage(begun: Path, case: str, end: str) -> None:
    """FF408: a line whose checksum fits and whose content we never write is refused, with what is wrong in it."""
    line, why = SENSELESS[case]
    beside(begun).write_bytes(sealed(header(begun), line).removesuffix(b"\n") + end.encode())
    with pytest.raises(StateError) as caught:
        StateFile.read(begun)
    assert (
        f"error FF408: {beside(begun)}: line 2 of the journal is damaged\n"
        f"  why: {why}\n  fix: put a good copy of the journal back{REMOVE}"
    ) == str(caught.value)


def test_a_header_without_sense_is_damage(begun: Path) -> None:
    """FF408: so is a first line that is no header."""
    beside(begun).write_bytes(sealed({"op": "abandon", **ADDRESS}))
    with pytest.raises(StateError) as caught:
        StateFile.read(begun)
    assert f"error FF408: {beside(begun)}: line 1 of the journal is damaged" == str(caught.value).split("\n")[0]


def test_a_newer_journal_is_refused(begun: Path) -> None:
    """FF406: a journal that a later FlowForge left is named as such."""
    beside(begun).write_bytes(sealed({**header(begun), "version": 2, "more": {}}))
    with pytest.raises(StateError) as caught:
        StateFile.read(begun)
    assert (
        f"error FF406: {beside(begun)}: the state was written by a newer FlowForge\n"
        "  why: it has version 2; this FlowForge reads up to 1\n"
        "  fix: upgrade FlowForge"
    ) == str(caught.value)


def test_a_journal_of_another_lineage_is_refused(begun: Path) -> None:
    """FF409: both lineages are named, and neither file is touched."""
    other, own = str(uuid.uuid4()), StateFile.read(begun).lineage
    beside(begun).write_bytes(sealed(header(begun, lineage=other)))
    with pytest.raises(StateError) as caught:
        StateFile.open(begun)
    assert (
        f"error FF409: {beside(begun)}: the journal is of another state\n"
        f"  why: the journal is of lineage {other}, the state is of {own}\n"
        "  fix: put the state and its own journal together again; nothing was changed"
    ) == str(caught.value)
    assert beside(begun).exists()


@pytest.mark.parametrize("serial", [0, 1, 5])
def test_a_journal_that_extends_another_version_is_refused(begun: Path, serial: int) -> None:
    """FF410: a state put back from elsewhere, older, newer or a twin of the same serial: nothing is lost silently."""
    beside(begun).write_bytes(sealed(header(begun, serial=serial, extends="sha256:00")))
    with pytest.raises(StateError) as caught:
        StateFile.open(begun)
    assert (
        f"error FF410: {beside(begun)}: the journal does not belong to this state\n"
        f"  why: it extends serial {serial} of the state, and here is serial 1\n"
        f"  fix: put serial {serial} back, from git or from the .backup file{REMOVE}"
    ) == str(caught.value)
    assert beside(begun).exists()


def test_a_journal_without_its_state_is_refused(begun: Path) -> None:
    """FF410: a state file that was lost while its journal stayed is not replaced by an empty one."""
    beside(begun).write_bytes(sealed(header(begun)))
    begun.unlink()
    for use in (StateFile.read, StateFile.open):
        with pytest.raises(StateError) as caught:
            use(begun)
        assert (
            f"error FF410: {beside(begun)}: the journal does not belong to this state\n"
            f"  why: there is no state file beside it\n  fix: put the state file back{REMOVE}"
        ) == str(caught.value)
    assert not begun.exists()

"""The state file over its life: what each method leaves behind, and what the next reader finds."""

import json
import os
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest

from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record, Remembered
from flowforge.plan.recordable import OPTIONAL
from flowforge.state.file import StateFile, manifest_names
from flowforge.state.shape import UNCONFIRMED

Addresses = tuple[Address, ...]
Records = tuple[Record, ...]


def names(folder: Path) -> list[str]:
    """List a folder."""
    return sorted(entry.name for entry in folder.iterdir())


def mode(path: Path) -> int:
    """Return a file's permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def remembered(path: Path) -> Mapping[Address, Remembered]:
    """Read what a plan would stand on."""
    return StateFile.read(path).remembered


def test_reading_where_nothing_is_begins_afresh_and_leaves_the_folder_untouched(path: Path) -> None:
    """A first plan gets an empty state, another salt and lineage each time, and no file appears."""
    one, other = StateFile.read(path), StateFile.read(path)
    assert (0, (), {}, {}, "") == (one.serial, one.manifests, one.records, one.pending, one.folded)
    assert len(one.salt) == 32
    assert one.salt != other.salt
    assert one.lineage != other.lineage
    assert [] == names(path.parent)


def test_an_apply_with_nothing_to_do_leaves_no_state(path: Path) -> None:
    """Opening and closing alone writes no state; only the lock's file, which means nothing, stays behind."""
    with StateFile.open(path, manifests=["flowforge.yaml"]) as file:
        file.intend({})
        file.adopt_manifests(["flowforge.yaml"])
    assert [path.name + ".lock"] == names(path.parent)


def test_each_change_can_be_read_at_once_and_still_after_the_fold(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """Intent, result, deletion and abandonment each show to a reader as soon as the method has returned."""
    a, b, c, d, *_ = addresses
    with StateFile.open(path, manifests=["flowforge.yaml"]) as file:
        file.intend({a: "hmac-sha256:00", b: "hmac-sha256:01", c: None})
        open_ = Remembered(None, pending=True)
        assert {a: open_, b: open_, c: open_} == remembered(path)
        file.record(a, records[0])
        assert {a: Remembered(records[0]), b: open_, c: open_} == remembered(path)
        file.forget(c)
        file.record(d, records[3])
        file.abandon(b)
        expected = {a: Remembered(records[0]), d: Remembered(records[3])}
        assert expected == remembered(path)
        assert expected == file.state.remembered
    assert expected == remembered(path)
    assert [path.name, path.name + ".backup", path.name + ".lock"] == names(path.parent)


def test_a_pending_write_over_a_record_keeps_both(path: Path, addresses: Addresses, records: Records) -> None:
    """While a rotation is under way the old record still stands, marked as pending, through the fold too."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
        file.intend({addresses[0]: "hmac-sha256:ff"})
    state = StateFile.read(path)
    assert {addresses[0]: Remembered(records[0], pending=True)} == state.remembered
    assert {addresses[0]: "hmac-sha256:ff"} == state.pending


def test_abandoning_leaves_an_older_write_of_unknown_end_pending(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """A write that a killed run began is still in doubt when the next attempt at it is refused."""
    a, b, *_ = addresses
    with StateFile.open(path) as file:
        file.intend({a: "hmac-sha256:00"})
    with StateFile.open(path) as file:
        file.intend({a: "hmac-sha256:01", b: "hmac-sha256:02"})
        file.abandon(a)
        file.abandon(b)
        file.abandon(b)
        assert {a: Remembered(None, pending=True)} == remembered(path)
        file.record(a, records[0])
        file.intend({a: "hmac-sha256:03"})
        file.abandon(a)
    assert {a: Remembered(records[0])} == remembered(path)


def test_the_serial_grows_with_each_fold_that_changed_something(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """Serial, lineage and salt over several runs; a run that ends where it began writes no new version."""
    seen = []
    for change in (0, None, 0, 1):
        with StateFile.open(path) as file:
            if change is None:
                file.intend({addresses[5]: None})
                file.abandon(addresses[5])
            else:
                file.record(addresses[0], records[change])
        seen.append(StateFile.read(path))
    assert [1, 1, 1, 2] == [state.serial for state in seen]
    assert 1 == len({(state.lineage, state.salt) for state in seen})


def test_the_backup_is_the_version_before(path: Path, addresses: Addresses, records: Records) -> None:
    """After a fold the file that it replaced stands beside it, byte for byte."""
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    before = path.read_bytes()
    with StateFile.open(path) as file:
        file.record(addresses[1], records[1])
    assert before == path.with_name(path.name + ".backup").read_bytes()


def test_the_manifest_set_changes_only_when_the_caller_says_so(
    path: Path, addresses: Addresses, records: Records
) -> None:
    """The set is taken by a new state, kept by an old one, and replaced by adopt_manifests."""
    with StateFile.open(path, manifests=["a.yaml"]) as file:
        file.record(addresses[0], records[0])
    with StateFile.open(path, manifests=["b.yaml"]) as file:
        assert ("a.yaml",) == file.state.manifests
        file.adopt_manifests(["b.yaml", "c.yaml"])
        assert ("b.yaml", "c.yaml") == StateFile.read(path).manifests
    assert ("b.yaml", "c.yaml") == StateFile.read(path).manifests


def test_manifest_names_are_relative_to_the_folder_of_the_state(tmp_path: Path) -> None:
    """However a manifest is named, its entry is the same: relative, with `/`, sorted, once, links resolved."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "ops")
    files = [tmp_path / "ops/z.yaml", tmp_path / "link/z.yaml", tmp_path / "ops/../a.yaml", tmp_path / "ops/sub/b.yaml"]
    assert ("../a.yaml", "sub/b.yaml", "z.yaml") == manifest_names(tmp_path / "link" / "s.json", files)


def test_a_killed_run_is_folded_by_the_next(path: Path, addresses: Addresses, records: Records) -> None:
    """A journal that its run never folded is in the file, and gone, as soon as the next run opens the state."""
    with StateFile.open(path) as file:
        file.intend({addresses[0]: "hmac-sha256:00", addresses[1]: "hmac-sha256:01"})
        file.record(addresses[0], records[0])
        left = {entry.name: entry.read_bytes() for entry in path.parent.iterdir() if entry.suffix != ".lock"}
    for name, data in left.items():
        (path.parent / name).write_bytes(data)
    expected = {addresses[0]: Remembered(records[0]), addresses[1]: Remembered(None, pending=True)}
    assert expected == remembered(path)
    with StateFile.open(path):
        assert not path.with_name(path.name + ".journal").exists()
        assert expected == remembered(path)
    assert 1 == StateFile.read(path).serial


def test_a_journal_that_was_folded_already_is_ignored(path: Path, addresses: Addresses, records: Records) -> None:
    """A kill after the new state and before the journal's removal: nothing is applied a second time."""
    journal = path.with_name(path.name + ".journal")
    file = StateFile.open(path)
    file.record(addresses[0], records[0])
    data = journal.read_bytes()
    file.close()
    journal.write_bytes(data + b"and whatever a failing disk left behind\n")
    before = path.read_bytes()
    assert {addresses[0]: Remembered(records[0])} == remembered(path)
    with StateFile.open(path):
        assert not journal.exists()
    assert before == path.read_bytes()


def test_what_a_kill_left_half_written_is_in_nobodys_way(path: Path, addresses: Addresses, records: Records) -> None:
    """A temporary file of an interrupted fold, a link even, is replaced and never written through."""
    other = path.parent / "precious"
    other.write_text("mine")
    path.with_name(path.name + ".tmp").symlink_to(other)
    with StateFile.open(path) as file:
        file.record(addresses[0], records[0])
    assert "mine" == other.read_text()
    assert {addresses[0]: Remembered(records[0])} == remembered(path)


def test_every_file_is_for_its_owner_alone(path: Path, addresses: Addresses, records: Records) -> None:
    """Mode 0600 whatever the umask; a state that somebody made readable is tightened when it is opened."""
    before = os.umask(0)
    try:
        with StateFile.open(path) as file:
            file.record(addresses[0], records[0])
            assert {0o600} == {mode(entry) for entry in path.parent.iterdir()}
        assert {0o600} == {mode(entry) for entry in path.parent.iterdir()}
        path.chmod(0o644)
        with StateFile.open(path):
            assert 0o600 == mode(path)
    finally:
        os.umask(before)


def test_a_link_at_the_path_survives(path: Path, addresses: Addresses, records: Records) -> None:
    """The state is written where the link points, with its journal and lock there; the link stays a link."""
    link = path.parent.parent / "link.json"
    link.symlink_to(path)
    with StateFile.open(link) as file:
        file.record(addresses[0], records[0])
    assert link.is_symlink()
    assert {addresses[0]: Remembered(records[0])} == remembered(link)
    assert [path.name, path.name + ".backup", path.name + ".lock"] == names(path.parent)
    assert ["link.json", "ops"] == names(link.parent)


def test_many_threads_record_at_once(path: Path, records: Records) -> None:
    """Results of 16 threads are all there, each under its own address, and none is left pending."""
    addresses = [Address(Scope(Repo.parse(f"acme/r{n}")), "ANTHROPIC_API_KEY") for n in range(200)]
    with StateFile.open(path) as file:
        file.intend(dict.fromkeys(addresses, "hmac-sha256:00"))
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: file.record(addresses[n], records[n % 6]), range(200)))
        assert {address: Remembered(records[n % 6]) for n, address in enumerate(addresses)} == remembered(path)
    assert {address: Remembered(records[n % 6]) for n, address in enumerate(addresses)} == remembered(path)


def test_a_closed_state_takes_no_more(path: Path, addresses: Addresses, records: Records) -> None:
    """Closing twice is harmless; a change after it is a bug of the caller's and writes nothing without the lock."""
    file = StateFile.open(path)
    file.close()
    file.close()
    with pytest.raises(ValueError, match=r"^the state is closed$"):
        file.record(addresses[0], records[0])
    assert [path.name + ".lock"] == names(path.parent)


def test_the_file_is_as_its_schema_says(path: Path, addresses: Addresses, records: Records) -> None:
    """A state with every kind of entry is valid against schemas/state.schema.json, which is strict."""
    schema = json.loads((Path(__file__).parents[2] / "schemas/state.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    with StateFile.open(path, manifests=["flowforge.yaml"]) as file:
        file.intend({addresses[0]: "hmac-sha256:00", addresses[1]: None})
        validator.validate(json.loads(path.read_text()))
        file.record(addresses[2], records[2])
        file.record(addresses[3], records[3])
        file.intend({addresses[3]: "hmac-sha256:01"})
    data = json.loads(path.read_text())
    validator.validate(data)
    for entry in data["secrets"]:
        for member in entry.keys() - {"pending", *OPTIONAL, *UNCONFIRMED}:
            fewer = {**data, "secrets": [{key: entry[key] for key in entry if key != member}]}
            assert not validator.is_valid(fewer), member
    assert not validator.is_valid({**data, "extra": 1})

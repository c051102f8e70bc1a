"""Saved plans: what the file holds, that apply carries it out elsewhere, and what is refused of a file."""

import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge import __version__
from flowforge.errors import UsageError
from flowforge.plan.address import Address, Repo, Scope
from flowforge.resources import schema_text
from flowforge.run import SavedPlan
from flowforge.state.file import StateFile
from tests.powers import powerless, unwritable

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

AGAIN = "  fix: make a new plan with `flowforge plan --out FILE`, and have that approved"


def _saved(fleet: "Fleet", *options: str) -> Any:  # noqa: ANN401 -- JSON
    """Save a plan as p.json, check it against its schema, and give it."""
    done = fleet.flowforge("plan", "--out", "p.json", *options)
    assert done.code == 0, done.err
    document = json.loads((fleet.folder / "p.json").read_text())
    Draft202012Validator(json.loads(schema_text("plan-file"))).validate(document)
    return document


def test_it_is_applied_as_it_was_approved(fleet: "Fleet") -> None:
    """A saved plan is carried out without a question, and what it lists is what GitHub holds then."""
    value = fleet.set_key()
    done = fleet.flowforge("plan", "--out", "p.json")
    assert done.err.endswith("The plan is saved; this carries it out: `flowforge apply p.json`\n")
    applied = fleet.flowforge("apply", "p.json")
    assert (0, "Done: 5 created, 0 updated, 0 deleted, 0 failed, 0 blocked.") == (applied.code, applied.lines[-1])
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos} == fleet.held()


def test_what_the_file_holds(fleet: "Fleet") -> None:
    """It holds what the plan stands on, is its owner's alone, and the value is nowhere in it."""
    value = fleet.set_key()
    document = _saved(fleet, "--limit", "acme/repo-00[12]", "--allow-deletes", "3")
    text = (fleet.folder / "p.json").read_text()
    stands_on = document["stands_on"]
    assert value not in text
    assert value[-20:] not in text
    assert 0o600 == stat.S_IMODE((fleet.folder / "p.json").stat().st_mode)
    assert (["acme/repo-00[12]"], 3) == (stands_on["flags"]["limit"], stands_on["flags"]["allow_deletes"])
    assert ["flowforge.yaml"] == stands_on["manifests"]
    assert fleet.sandbox.url == stands_on["github"]
    assert (0, True) == (stands_on["state"]["serial"], stands_on["state"]["salt"] is not None)
    assert ["acme/repo-001", "acme/repo-002"] == list(stands_on["repos"])
    assert [f"acme/repo-00{n}/actions/ANTHROPIC_API_KEY" for n in (1, 2)] == list(stands_on["lines"])
    assert __version__ == document["flowforge"]
    assert not (fleet.folder / "flowforge.state.json").exists()


def test_the_salt_stands_in_the_state_alone_once_there_is_one(fleet: "Fleet") -> None:
    """A fingerprint tells nothing without the salt, so the file has it only where apply begins a state with it."""
    fleet.flowforge("apply", "--yes")
    state = _saved(fleet)["stands_on"]["state"]
    known = json.loads((fleet.folder / "flowforge.state.json").read_text())
    assert (known["lineage"], known["serial"], None) == (state["lineage"], state["serial"], state["salt"])


@pytest.mark.parametrize("begun", [False, True], ids=["no state yet", "a state"])
def test_another_folder_applies_it(
    fleet: "Fleet", tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    """Another machine carries it out with the manifest, the sources and the state; a first state begins there."""
    if begun:
        fleet.flowforge("apply", "--yes")
        fleet.later()
        fleet.set_key()
    _saved(fleet)
    there = tmp_path_factory.mktemp("there")
    for name in ("flowforge.yaml", "p.json", "flowforge.state.json"):
        if (fleet.folder / name).exists():
            shutil.move(fleet.folder / name, there / name)
    monkeypatch.chdir(there)
    done = fleet.flowforge("apply", "p.json")
    assert (0, f"Done: {0 if begun else 5} created, {5 if begun else 0} updated") == (done.code, done.lines[-1][:26])
    lineage = json.loads((there / "p.json").read_text())["stands_on"]["state"]["lineage"]
    assert lineage == json.loads((there / "flowforge.state.json").read_text())["lineage"]
    assert {} == fleet.plan()


def test_a_file_of_patterns_is_not_needed_again(fleet: "Fleet") -> None:
    """`--limit @file` goes into the plan as its patterns that match something: another machine needs no file."""
    (fleet.folder / "some.txt").write_text("acme/repo-002\nacme/repo-00[34]\nacme/other\n")
    document = _saved(fleet, "--limit", "@some.txt", "--exclude", "acme/repo-004")
    assert ["acme/repo-002", "acme/repo-00[34]"] == document["stands_on"]["flags"]["limit"]
    (fleet.folder / "some.txt").unlink()
    done = fleet.flowforge("apply", "p.json")
    assert (0, "Done: 2 created, 0 updated, 0 deleted, 0 failed, 0 blocked.") == (done.code, done.lines[-1])


def test_nothing_to_do_may_be_applied_again(fleet: "Fleet") -> None:
    """A plan that changes nothing moves nothing: it holds as long as everything stays as it is."""
    fleet.flowforge("apply", "--yes")
    _saved(fleet)
    assert [0, 0] == [fleet.flowforge("apply", "p.json").code for _ in range(2)]


def test_it_is_applied_once(fleet: "Fleet") -> None:
    """The second time the state has moved on and nothing is left to do: it is refused, and says so."""
    _saved(fleet)
    fleet.flowforge("apply", "p.json")
    done = fleet.refused("apply", "p.json")
    assert done.code == 1
    assert done.err.endswith(
        "error FF029: the saved plan was applied already\n"
        "  why: everything in it is done, and the state was written since\n"
        "  fix: nothing is left to do; to change more, make a new plan with `flowforge plan --out FILE`, and have that "
        "approved\n"
    )


def test_deletions_are_applied_once_too(fleet: "Fleet") -> None:
    """What the plan deletes is gone afterwards, and that it was applied is known from there."""
    fleet.flowforge("apply", "--yes")
    fleet.simple("acme/repo-001")
    _saved(fleet, "--prune")
    assert fleet.flowforge("apply", "p.json").lines[-1].startswith("Done: 0 created, 0 updated, 4 deleted")
    assert "FF029" in fleet.refused("apply", "p.json").err


def test_a_journal_that_a_kill_left_is_no_move(fleet: "Fleet") -> None:
    """A plan over the journal of a killed run stands on the serial that apply finds once it has folded that."""
    fleet.flowforge("apply", "--yes")
    files = [fleet.folder / f"flowforge.state.json{end}" for end in ("", ".journal")]
    address = Address(Scope(Repo.parse("acme/repo-001")), "ANTHROPIC_API_KEY")
    with StateFile.open(files[0]) as session:
        session.intend({address: "hmac-sha256:00"})
        left = [file.read_bytes() for file in files]
    for file, data in zip(files, left, strict=True):
        file.write_bytes(data)
    lines = _saved(fleet)["stands_on"]["lines"]
    assert "write_interrupted" == lines[str(address)]["reason"]
    done = fleet.flowforge("apply", "p.json")
    assert (0, "Done: 0 created, 1 updated") == (done.code, done.lines[-1][:26])


# What is refused of a file.


def _told(path: Path) -> str:
    """Return what is said of a file that is not taken."""
    with pytest.raises(UsageError) as caught:
        SavedPlan.read(path)
    return str(caught.value)


def _not_ours(why: str) -> str:
    return f'error FF021: "p.json" is not a plan as FlowForge saved it\n  why: {why}\n{AGAIN}'


def test_edited_by_hand(fleet: "Fleet") -> None:
    """One word that is changed, a blank at the end, or a layout that is another: it is not as it was saved."""
    _saved(fleet)
    path = Path("p.json")
    text = path.read_text()
    why = "its digest does not fit its content: it was edited by hand, merged or cut"
    edits = (
        text.replace('"action": "create"', '"action": "delete"', 1),
        text.replace('"allow_deletes": 0', '"allow_deletes": 9', 1),
        text.replace('"allow_empty": false', '"allow_empty": true, "allow_empty": false', 1),
        text + " ",
        json.dumps(json.loads(text)),
    )
    told = set()
    for edited in edits:
        path.write_text(edited)
        told.add(_told(path))
    assert {_not_ours(why)} == told
    done = fleet.refused("apply", "p.json")
    assert (1, "", f"{_not_ours(why)}\n") == (done.code, done.out, done.err)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON from line 1, column 1 on"),
        (b"{}", "it is not marked as a saved plan"),
        (b"[]", "it is not marked as a saved plan"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"\xff\xfe", "it is UTF-16, not UTF-8"),
        (b"version: 1\n", "it is not JSON from line 1, column 1 on"),
    ],
)
def test_no_plan_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, why: str) -> None:
    """What is no saved plan is told from one in a sentence."""
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_bytes(content)
    assert _not_ours(why) == _told(Path("p.json"))


def test_cut_short(fleet: "Fleet") -> None:
    """A file that is cut anywhere is refused."""
    _saved(fleet)
    path = Path("p.json")
    data = path.read_bytes()
    for end in range(1, len(data), len(data) // 40):
        path.write_bytes(data[:-end])
        assert 'error FF021: "p.json" is not a plan as FlowForge saved it' in _told(path)


def _unreadable(name: str, why: str) -> str:
    fix = "  fix: name a file that `flowforge plan --out FILE` has written; name a manifest with -m"
    return f'error FF020: the saved plan "{name}" cannot be read\n  why: {why}\n{fix}'


def test_it_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, a folder, a pipe and 200 MB are told in a sentence, without waiting and without reading it all."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    os.mkfifo("pipe")
    with Path("large").open("wb") as file:
        file.truncate(200 * 2**20)
    whys = {
        "nothing": "no such file or directory",
        "folder": "it is not a regular file",
        "pipe": "it is not a regular file",
        "large": "it holds more than 128 MiB, which no saved plan does",
    }
    assert {name: _unreadable(name, why) for name, why in whys.items()} == {name: _told(Path(name)) for name in whys}


def test_it_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the system does not let us read is told with the system's reason."""
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    Path("p.json").touch(mode=0)
    with powerless():
        told = _told(Path("p.json"))
    assert _unreadable("p.json", "permission denied") == told


def test_another_version(fleet: "Fleet") -> None:
    """Another FlowForge may mean another thing by a line: it is refused by name, whatever else is in the file."""
    ours, path = _saved(fleet), Path("p.json")
    for change in ({"flowforge": "0.0.1"}, {"version": 2}, {"version": None, "more": 1}):
        document = {**ours, **change}
        path.write_text(json.dumps(document))
        versions = f'FlowForge "{document["flowforge"]}" in format "{document["version"]}"'
        assert (
            'error FF022: the saved plan "p.json" was made by another version of FlowForge\n'
            f"  why: it was made by {versions}; this is FlowForge {__version__}, format 1\n"
            "  fix: apply it with that version, or make a new plan with `flowforge plan --out FILE`, and have that "
            "approved"
        ) == _told(path)


def test_another_shape(fleet: "Fleet") -> None:
    """What is forged with a digest of its own still has to have the exact shape, down to the last member."""
    _saved(fleet)
    path = Path("p.json")
    text = path.read_text()
    for place, value, why in SHAPES:
        document = json.loads(text)
        *way, last = place
        part = document
        for step in way:
            part = part[step]
        part[last] = value
        path.write_text(json.dumps(document))
        assert _not_ours(why) == _told(path)


LINE = "acme/repo-001/actions/ANTHROPIC_API_KEY"
SHAPES: tuple[tuple[tuple[str, ...], object, str], ...] = (
    (("more",), 1, 'the file has "more", which is not known'),
    (("digest",), None, "digest of the file is not a text"),
    (("stands_on",), [], "stands_on of the file is not an object"),
    (("stands_on", "more"), 1, 'stands_on has "more", which is not known'),
    (("stands_on", "manifests"), [1], "manifests is not a list of texts"),
    (("stands_on", "flags", "limit"), [1], "limit is not a list of texts"),
    (("stands_on", "flags", "prune"), 1, "prune of flags is not true or false"),
    (("stands_on", "flags", "allow_deletes"), True, "allow_deletes of flags is not a whole number"),
    (("stands_on", "flags", "allow_deletes"), -1, "allow_deletes is negative"),
    (("stands_on", "state", "serial"), -1, "serial is out of range"),
    (("stands_on", "state", "serial"), 10**4289, "serial is out of range"),
    (("stands_on", "state", "serial"), 3, "state identifies no state that can exist"),
    (("stands_on", "state", "salt"), None, "state identifies no state that can exist"),
    (("stands_on", "state", "lineage"), "../x", "state identifies no state that can exist"),
    (("stands_on", "state", "salt"), "!", "salt is not in base64"),
    (("stands_on", "state", "salt"), "AAAA", "salt is not 32 bytes"),
    (("stands_on", "selected"), {"group x": 1}, "group x of selected is not an object"),
    (("stands_on", "selected"), {"group x": {"a/b": ""}}, 'a/b of selected "group x" is not a whole number'),
    (("stands_on", "repos"), {"acme/api": "7"}, "acme/api of repos is not a whole number"),
    (("stands_on", "repos"), {"acme/api": 10**4289}, "acme/api of repos is out of range"),
    (("stands_on", "brakes"), {"FF503": 1}, "FF503 of brakes is not a text"),
    (("stands_on", "unresolved"), {"target x": 1}, "target x of unresolved is not a text"),
    (("stands_on", "selected"), {"group x": {}}, 'selected "group x" is empty'),
    (("stands_on", "lines"), {"x": 1}, 'line "x" is not an object'),
    (("stands_on", "lines", LINE, "action"), 1, f'action of line "{LINE}" is not a text'),
    (("stands_on", "lines", LINE, "visible_to"), {"visibility": "all", "hidden": []}, f'line "{LINE}" has no repos'),
    (
        ("stands_on", "lines", LINE, "visible_to"),
        {"visibility": "selected", "repos": {}, "hidden": [0]},
        "hidden is not a list of ids",
    ),
    (
        ("stands_on", "lines", LINE, "visible_to"),
        {"visibility": "all", "repos": {"a/b": "1"}, "hidden": []},
        f'a/b of line "{LINE}" is not a whole number',
    ),
)


# Where it may be written, and what may be said beside it.


def test_where_it_may_not_be_written(fleet: "Fleet") -> None:
    """A manifest, a state, a folder, a device and a folder that is not there are refused before anything is asked."""
    fix = "  fix: name a file with --out, in a folder that exists\n"
    whys = {
        "flowforge.yaml": "it is a manifest or a state",
        "x.state.json": "it is a manifest or a state",
        "flowforge.state.json.journal": "it is a manifest or a state",
        "link.json": "it is a manifest or a state",
        ".": "it is there, and not a regular file",
        "/dev/null": "it is there, and not a regular file",
        "nowhere/p.json": "there is no such folder",
    }
    (fleet.folder / "link.json").symlink_to("flowforge.state.json")
    fleet.requests()
    for name, why in whys.items():
        done = fleet.refused("plan", "--out", name)
        assert (1, f'error FF024: the plan cannot be saved as "{name}"\n  why: {why}\n{fix}') == (done.code, done.err)
    assert {} == fleet.requests()


def test_a_report_in_the_same_place(fleet: "Fleet") -> None:
    """A report would take the plan's place unseen: it is refused before anything is asked, whatever it is called."""
    (fleet.folder / "r.json").symlink_to("p.json")
    fleet.requests()
    for name in ("p.json", "./p.json", "r.json"):
        done = fleet.flowforge("plan", "--out", "p.json", "--report", f"json={name}")
        assert 1 == done.code
        assert 'error FF024: the plan cannot be saved as "p.json"\n  why: --report writes there, too\n' in done.err
    assert {} == fleet.requests()


def test_a_name_that_is_too_long(fleet: "Fleet") -> None:
    """What the system says of it is told, of a plan to be saved or read and of a report."""
    name = "p" * 300
    calls = {"FF024": ("plan", "--out", name), "FF020": ("apply", name), "FF006": ("plan", "--report", f"json={name}")}
    for code, args in calls.items():
        done = fleet.flowforge(*args)
        assert (1, True, True) == (done.code, f"{code}: " in done.err, "  why: file name too long\n" in done.err)


def test_a_disk_that_takes_no_plan(fleet: "Fleet") -> None:
    """The plan was shown, and that it was not saved is an error; an older file stays whole."""
    _saved(fleet)
    before = (fleet.folder / "p.json").read_bytes()
    with unwritable(fleet.folder / "p.json") as reason:
        done = fleet.flowforge("plan", "--out", "p.json", "-q")
    assert 1 == done.code
    assert (
        f'error FF024: the plan cannot be saved as "p.json"\n  why: {reason}\n  fix: name another file with --out\n'
    ) == done.err
    assert before == (fleet.folder / "p.json").read_bytes()


def test_what_is_said_beside_it_must_be_what_it_says(fleet: "Fleet") -> None:
    """An option of the plan's own is fine; another one, or one from the environment, is a contradiction."""
    _saved(fleet, "--limit", "acme/repo-001")
    fix = "  fix: leave it out: a saved plan is applied with the options that it was made with\n"
    done = fleet.refused("apply", "p.json", "--limit", "acme/repo-002", "--prune")
    assert (
        'error FF023: --limit is not as the saved plan has it\n  why: it was made with "acme/repo-001"\n'
        f"{fix}error FF023: --prune is not as the saved plan has it\n  why: it was made without\n{fix}"
    ) == done.err
    fleet.monkeypatch.setenv("FLOWFORGE_KEEP_GOING", "1")
    done = fleet.refused("apply", "p.json")
    assert (
        "error FF023: --keep-going is not as the saved plan has it\n"
        f"  why: it was made without; FLOWFORGE_KEEP_GOING is set\n{fix}"
    ) == done.err
    fleet.monkeypatch.delenv("FLOWFORGE_KEEP_GOING")
    assert 0 == fleet.flowforge("apply", "p.json", "--limit", "acme/repo-001", "--yes").code


def test_check_is_no_way_to_apply_it(fleet: "Fleet") -> None:
    """`--check` plans anew, which a saved plan is not for."""
    _saved(fleet)
    assert (
        "error FF023: --check plans anew, and a saved plan is only applied\n  fix: leave out one of the two\n"
    ) == fleet.refused("apply", "p.json", "--check").err

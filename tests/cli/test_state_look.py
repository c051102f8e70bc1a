"""`flowforge state list`, `show` and `pull`: what is remembered, shown as it is, in both homes."""

import hashlib
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.state.file import StateFile

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

ONE = "acme/repo-001/actions/ANTHROPIC_API_KEY"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
ON_BRANCH = "state:\n  github: {repo: acme/ops}\n"


def _fits(done: "Done", schema: str = "kept") -> Any:  # noqa: ANN401 -- JSON
    """Check what a command printed against its schema, and give it."""
    assert (0, "") == (done.code, done.err)
    document = json.loads(done.out)
    Draft202012Validator(json.loads(schema_text(schema))).validate(document)
    return document


def _write(fleet: "Fleet", change: Any) -> None:  # noqa: ANN401 -- a function of the state as JSON, in place
    """Change the state's JSON, and give it a checksum that fits."""
    path = fleet.folder / "flowforge.state.json"
    body = json.loads(path.read_bytes())
    del body["checksum"]
    change(body)
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    body["checksum"] = "sha256:" + hashlib.sha256(canonical).hexdigest()
    path.write_text(json.dumps(body), encoding="utf-8")


@pytest.mark.parametrize("more", ["", ON_BRANCH], ids=["file", "branch"])
def test_list(ops: "Fleet", more: str) -> None:
    """Each secret has a line with its credential and times; a pattern chooses, in any case; JSON says the same."""
    ops.simple(more=more)
    assert "0 secrets.\n" == ops.flowforge("state", "list").out
    ops.flowforge("apply", "--yes")
    done = ops.flowforge("state", "list")
    assert [f"acme/repo-00{number}/actions/ANTHROPIC_API_KEY" for number in range(1, 6)] == [
        line.split()[0] for line in done.lines[:-1]
    ]
    assert re.fullmatch(f"{ONE}  ci-key  written {TIME}", done.lines[0])
    assert (0, "", "5 secrets.") == (done.code, done.err, done.lines[-1])
    for pattern, found in (("ACME/repo-001", 1), (ONE, 1), ("*/anthropic_*", 5), ("acme/repo-00[12]", 2)):
        document = _fits(ops.flowforge("state", "list", pattern, "--format", "json"))
        assert (5, found) == (document["counts"]["remembered"], len(document["secrets"]))
    lost = ops.flowforge("state", "list", "acme/repo-001", "acme/repo-9*")
    assert (0, "1 secret.") == (lost.code, lost.lines[-1])
    assert 'warning: nothing that is remembered matches "acme/repo-9*"\n' == lost.err


def test_marks(fleet: "Fleet") -> None:
    """What is adopted, changed outside, or has an open write is marked; so is one of which nothing else is known."""
    fleet.flowforge("apply", "--yes")

    def change(body: dict[str, Any]) -> None:
        body["secrets"][0] |= {"adopted": True, "written_at": "", "drifted_at": "2026-11-23T08:10:00Z"}
        body["secrets"][1] = {"repo": "acme/repo-002", "store": "actions", "name": "A", "environment": "Straße 生产"}
        body["secrets"][1]["pending"] = None
        body["secrets"][2]["unconfirmed"] = True

    _write(fleet, change)
    done = fleet.flowforge("state", "list")
    first, second, third = done.lines[:3]
    assert re.fullmatch(f"{ONE} +ci-key  never written +value since {TIME}  assumed, changed outside", first)
    assert re.fullmatch(r"acme/repo-002/environments/Straße 生产/A +never written +pending", second)
    assert re.fullmatch(rf"acme/repo-003/.* +value since {TIME}  unconfirmed", third)
    document = _fits(fleet.flowforge("state", "list", "--format", "json"))
    assert {"remembered": 5, "assumed": 1, "pending": 1} == document["counts"]
    whole = fleet.flowforge("state", "show")
    assert "remembers: 5 secrets, 1 assumed, 1 pending" in whole.lines
    shown = fleet.flowforge("state", "show", "acme/repo-002")
    expected = ["acme/repo-002/environments/Straße 生产/A", "    assumed: false"]
    expected += ["    unconfirmed: false", "    pending: true"]
    assert expected == shown.lines


def test_show_one(fleet: "Fleet") -> None:
    """All that is remembered of a secret, and no value; what is not remembered is an error with advice."""
    value = fleet.set_key()
    fleet.flowforge("apply", "--yes")
    done = fleet.flowforge("state", "show", ONE)
    record = StateFile.read(fleet.folder / "flowforge.state.json").records
    (only,) = (each for address, each in record.items() if str(address) == ONE)
    expected = [
        ONE,
        "    credential: ci-key",
        f"    fingerprint: {only.fingerprint}",
        f"    updated_at: {only.updated_at}",
        f"    written_at: {only.written_at}",
        f"    value_since: {only.value_since}",
        f"    public_key: {only.public_key}",
        f"    repo_id: {only.repo_id}",
        "    assumed: false",
        "    unconfirmed: false",
        "    pending: false",
    ]
    assert (0, expected) == (done.code, done.lines)
    assert value not in done.out
    document = _fits(fleet.flowforge("state", "show", "acme/repo-001", "acme/repo-002", "--format", "json"))
    assert ["acme/repo-001", "acme/repo-002"] == [each["repo"] for each in document["secrets"]]
    lost = fleet.refused("state", "show", "acme/repo-01")
    assert 'error FF014: the state remembers nothing of "acme/repo-01"' == lost.err.splitlines()[0]


def test_show_an_organizations_secret(fleet: "Fleet") -> None:
    """Who sees it stands there too."""
    fleet.flowforge("apply", "--yes")

    def change(body: dict[str, Any]) -> None:
        first = body["secrets"].pop(0)
        del first["repo"]
        body["secrets"].append({**first, "org": "acme", "visibility": "selected", "repo_ids": [3, 4]})

    _write(fleet, change)
    done = fleet.flowforge("state", "show", "orgs/acme/actions/ANTHROPIC_API_KEY")
    assert ["    visibility: selected", "    repo_ids: [3, 4]"] == [
        line for line in done.lines if "isib" in line or "ids" in line
    ]
    document = _fits(fleet.flowforge("state", "show", "acme", "--format", "json"))
    assert [("acme", None, [3, 4])] == [(each["org"], each["repo"], each["repo_ids"]) for each in document["secrets"]]


def test_show_the_whole(ops: "Fleet") -> None:
    """Where it is, its serial, lineage and manifests; before the first apply, that there is none."""
    where = str(ops.folder / "flowforge.state.json")
    assert [f"where: {where}", "There is no state yet."] == ops.flowforge("state", "show").lines
    assert not _fits(ops.flowforge("state", "show", "--format", "json"))["exists"]
    ops.flowforge("apply", "--yes")
    state = StateFile.read(ops.folder / "flowforge.state.json")
    assert [
        f"where: {where}",
        f"serial: {state.serial}",
        f"lineage: {state.lineage}",
        "manifests: flowforge.yaml",
        "remembers: 5 secrets",
    ] == ops.flowforge("state", "show").lines
    document = _fits(ops.flowforge("state", "show", "--format", "json"))
    assert (state.lineage, None, False) == (document["lineage"], document["lock"], "secrets" in document)


@pytest.mark.parametrize("more", ["", ON_BRANCH], ids=["file", "branch"])
def test_pull(ops: "Fleet", more: str) -> None:
    """It is printed as it is kept, byte for byte; where there is none yet, that is an error."""
    ops.simple(more=more)
    none = ops.refused("state", "pull")
    assert (1, "") == (none.code, none.out)
    assert re.fullmatch(r"error FF455: .*: there is no state\n  fix: apply or adopt creates one\n", none.err)
    ops.flowforge("apply", "--yes")
    done = ops.flowforge("state", "pull")
    kept = (
        ops.sandbox.world.read_file("acme/ops", "flowforge.state.json", branch="flowforge-state")
        if more
        else (ops.folder / "flowforge.state.json").read_text(encoding="ascii")
    )
    assert (0, kept, "") == (done.code, done.out, done.err)
    _fits(done, "state")


@pytest.mark.parametrize("command", [("list",), ("show",), ("show", ONE), ("pull",), ("move", "a/b", "a/c")])
def test_a_damaged_state(fleet: "Fleet", command: tuple[str, ...]) -> None:
    """None of them makes anything of a state that was cut or edited."""
    fleet.flowforge("apply", "--yes")
    path = fleet.folder / "flowforge.state.json"
    path.write_bytes(path.read_bytes()[:-40])
    done = fleet.refused("state", *command)
    assert (1, True) == (done.code, "FF404: " in done.err or "FF404" in done.out), done.err


@pytest.mark.parametrize("command", ["list", "show"])
def test_an_error_is_json_too(fleet: "Fleet", command: str) -> None:
    """With --format json stdout gets the error as a document."""
    (fleet.folder / "flowforge.state.json").write_text("{", encoding="ascii")
    done = fleet.refused("state", command, "--format", "json")
    assert (1, ["FF404"]) == (done.code, [each["code"] for each in json.loads(done.out)["errors"]])


def test_a_thousand(fleet: "Fleet") -> None:
    """A state of a thousand secrets is listed, sorted, within what a person waits."""
    fleet.flowforge("apply", "--yes")

    def change(body: dict[str, Any]) -> None:
        (first, *_) = body["secrets"]
        body["secrets"] = [{**first, "repo": f"acme/repo-{number:04}"} for number in range(1000)]

    _write(fleet, change)
    done = fleet.flowforge("state", "list", "*")
    assert (1001, "1,000 secrets.", sorted(done.lines[:-1])) == (len(done.lines), done.lines[-1], done.lines[:-1])


def test_a_narrow_terminal(fleet: "Fleet") -> None:
    """A name in another alphabet is escaped where the terminal has no letters for it, and ends nothing."""
    fleet.flowforge("apply", "--yes")

    def change(body: dict[str, Any]) -> None:
        body["secrets"][0] |= {"environment": "生产"}

    _write(fleet, change)
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "flowforge", "state", "list"]
    done = subprocess.run(command, capture_output=True, cwd=fleet.folder, env=environ, check=False)
    assert (0, b"") == (done.returncode, done.stderr)
    assert rb"acme/repo-001/environments/\u751f\u4ea7/ANTHROPIC_API_KEY" in done.stdout

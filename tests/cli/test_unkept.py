"""What the state did not take is told as done by nobody: not by a recap, a report or an exit code."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind
from flowforge.state import codec
from tests.powers import unwritable

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

OPS, BRANCH, PATH = "acme/ops", "flowforge-state", "flowforge.state.json"
REPO, NAME = "acme/repo-001", "ANTHROPIC_API_KEY"
HERE = f"{REPO}/actions/{NAME}"
MORE = f"state: {{github: {{repo: {OPS}}}}}\n"
SAID = '"Resource not accessible by personal access token"'
REFUSED = (
    f"error FF424: {OPS} {BRANCH}:{PATH}: no permission: {SAID}\n"
    "  why: the state is kept through the contents of its repo\n"
    "  fix: give the token (FLOWFORGE_GITHUB_TOKEN) the permission Contents: read and write (classic: the scope repo); "
    "in a workflow, write `permissions: {contents: write}`\n"
)


def _refuse(fleet: "Fleet") -> None:
    """Let GitHub refuse every push to the state's branch."""
    message = SAID.strip('"')
    fleet.sandbox.world.faults.add(Fault("PUT .*/contents/", FaultKind.STATUS, times=99, status=403, message=message))


def _read(fleet: "Fleet") -> str:
    return fleet.sandbox.world.read_file(OPS, PATH, branch=BRANCH)


def _document(fleet: "Fleet", schema: str, *args: str) -> Any:  # noqa: ANN401 -- JSON
    document = json.loads(fleet.flowforge(*args, "--yes", "--format", "json").out)
    Draft202012Validator(json.loads(schema_text(schema))).validate(document)
    return document


def test_drift_that_was_not_accepted(ops: "Fleet") -> None:
    """Where GitHub refuses the push, no line says that it is recorded as assumed, and the next run records it."""
    ops.simple(more=f"{MORE}defaults: {{on_drift: report}}\n")
    assert 0 == ops.flowforge("apply", "--yes").code
    ops.later()
    ops.sandbox.world.set_secret(REPO, NAME, "somebody else's")
    before = _read(ops)
    _refuse(ops)
    done = ops.flowforge("apply", "--yes", "--accept-drift")
    assert (1, before) == (done.code, _read(ops))
    assert done.out.endswith(
        "failed (FF424): changed outside FlowForge, and not recorded as assumed\n"
        f"    {HERE}\n  why: no permission: {SAID}\n"
        f"  fix: see the error about the state\n{REFUSED}\n"
        f"{REPO} : in_sync=0 created=0 updated=0 deleted=0 failed=1 blocked=0\n"
        "Not all done: 0 created, 0 updated, 0 deleted, 1 failed, 0 blocked.\n"
    )
    document = _document(ops, "report", "apply", "--accept-drift")
    assert (1, {"failed": 1, "in_sync": 4}, {"failed": 1}, ["FF424"]) == (
        document["exit_code"],
        document["counts"],
        document["recap"][REPO],
        [error["code"] for error in document["errors"]],
    )
    assert ("failed", "FF424") == (document["results"][0]["outcome"], document["results"][0]["error"]["code"])
    ops.sandbox.world.faults.clear()
    document = _document(ops, "report", "apply", "--accept-drift")
    assert (0, {"assumed": 1, "in_sync": 4}) == (document["exit_code"], document["counts"])


def test_nothing_adopted(ops: "Fleet") -> None:
    """The same of adopt: none of what it had begun to take is counted."""
    ops.simple("acme/repo-002", more=MORE)
    assert 0 == ops.flowforge("apply", "--yes").code
    ops.simple(more=MORE)
    ops.sandbox.world.set_secret(REPO, NAME, "somebody else's")
    before = _read(ops)
    _refuse(ops)
    done = ops.flowforge("adopt", "--yes")
    assert (1, before) == (done.code, _read(ops))
    assert done.out.endswith(f"1 secret to be recorded as assumed.\n{REFUSED}Recorded: 0 assumed, 0 proven.\n")
    document = _document(ops, "adoption", "adopt")
    assert (1, 0, []) == (document["exit_code"], document["counts"]["assumed"], document["recorded"])


@pytest.mark.parametrize("command", [("forget", REPO, "--yes"), ("move", REPO, "acme/new")], ids=["forget", "move"])
def test_nothing_forgotten_or_moved(ops: "Fleet", command: tuple[str, ...]) -> None:
    """Of a write that a dead run left open, too: the refusal is told, and nothing else."""
    ops.simple(more=MORE)
    assert 0 == ops.flowforge("apply", "--yes").code
    whole = codec.decode(_read(ops).encode(), PATH).state
    address = min(whole.records)
    records = {each: record for each, record in whole.records.items() if each != address}
    opened = codec.encode(replace(whole, records=records, pending={address: "hmac-sha256:00"}))[0].decode()
    ops.sandbox.world.edit_file(OPS, PATH, opened, branch=BRANCH)
    _refuse(ops)
    done = ops.flowforge("state", *command)
    assert (1, "", REFUSED, opened) == (done.code, done.out, done.err, _read(ops))
    ops.sandbox.world.faults.clear()
    assert 0 == ops.flowforge("state", *command).code
    assert HERE not in ops.flowforge("state", "list").out


def test_nothing_forgotten_of_a_file_that_cannot_be_replaced(fleet: "Fleet") -> None:
    """The same of a file: what it held it still holds."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    state = fleet.folder / PATH
    before = state.read_bytes()
    with unwritable(state) as reason:
        done = fleet.flowforge("state", "forget", REPO, "--yes")
    said = f"error FF401: {state}: cannot write the state\n  why: {reason}\n"
    assert (1, "", said) == (done.code, done.out, done.err[: len(said)])
    assert before == state.read_bytes()

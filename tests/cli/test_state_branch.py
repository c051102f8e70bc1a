"""The state on a branch of the ops repository, through whole commands."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.errors import Problem
from flowforge.sandbox import Fault, FaultKind
from flowforge.sandbox.rules.access import Level, Token, TokenKind
from flowforge.state.branch import StateBranch, StateChangedError

if TYPE_CHECKING:
    from flowforge.plan.address import Address
    from tests.cli.conftest import Done, Fleet

OPS, BRANCH, PATH = "acme/ops", "flowforge-state", "flowforge.state.json"
IN_SYNC = "No changes. GitHub matches the manifest.\n"


def on_branch(fleet: "Fleet", *repos: str, more: str = "") -> None:
    """Write the manifest."""
    fleet.simple(*repos, more=f"state:\n  github: {{repo: {OPS}}}\n{more}")


def applied(fleet: "Fleet", *args: str) -> "Done":
    """Apply, and expect that all went well."""
    done = fleet.flowforge("apply", "--yes", *args)
    assert done.code == 0, done.err
    return done


def state(fleet: "Fleet") -> dict[str, Any]:
    """Read the state as it stands on the branch."""
    read: dict[str, Any] = json.loads(fleet.sandbox.world.read_file(OPS, PATH, branch=BRANCH))
    return read


def under_way(fleet: "Fleet", value: str) -> "subprocess.Popen[bytes]":
    """Begin an apply as a process of its own, one repo at a time, and give it when the second has the value."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "apply", "--yes", "-j", "1"], cwd=fleet.folder, stdout=subprocess.DEVNULL
    )
    while fleet.held()["acme/repo-002"] != {"ANTHROPIC_API_KEY": value}:
        assert process.poll() is None
        time.sleep(0.01)
    return process


def test_it_is_made_written_and_read(ops: "Fleet") -> None:
    """The first apply makes the branch, the next plan needs no file, and with nothing to do nothing is pushed."""
    on_branch(ops)
    value = ops.set_key()
    assert ops.flowforge("plan").code == 0
    assert ops.sandbox.world.branches(OPS) == ["main"]
    applied(ops)
    assert {"ANTHROPIC_API_KEY": value} == ops.sandbox.world.reveal(ops.repos[0])
    assert [path.name for path in ops.folder.iterdir()] == ["flowforge.yaml"]
    assert [len(ops.repos), 3] == [len(state(ops)["secrets"]), state(ops)["serial"]]
    assert ops.flowforge("plan").out == IN_SYNC
    history = ops.sandbox.world.history(OPS, branch=BRANCH)
    applied(ops)
    assert history == ops.sandbox.world.history(OPS, branch=BRANCH)
    ops.set_key()
    applied(ops)
    # One secret of the owner goes first, as GitHub does not say what this token may do.
    assert ["1 to be written", "1 recorded, 4 to be written", "4 recorded"] == [
        each.split("\n")[0].removeprefix("flowforge: ") for each in ops.sandbox.world.history(OPS, branch=BRANCH)[-3:]
    ]


def test_the_workflows_own_token_keeps_it(ops: "Fleet") -> None:
    """A token that may write the contents of the ops repo alone keeps the state; another one writes the secrets."""
    world = ops.sandbox.world
    mine = "ghs_" + "plainlyfake" * 3
    token = Token(
        TokenKind.WORKFLOW, login="github-actions[bot]", repos=frozenset({OPS}), permissions={"contents": Level.WRITE}
    )
    world.add_token(mine, token)
    ops.monkeypatch.setenv("STATE_TOKEN", mine)
    ops.simple(more=f"state:\n  github: {{repo: {OPS}, auth: {{token: {{env: STATE_TOKEN}}}}}}\n")
    ops.set_key()
    applied(ops)
    assert ops.flowforge("plan").out == IN_SYNC
    world.add_token(mine, replace(token, permissions={"contents": Level.READ}))
    ops.set_key()
    before = ops.held()
    refused = ops.flowforge("apply", "--yes")
    assert (1, before) == (refused.code, ops.held())
    assert "FF424" in refused.out + refused.err


def test_where_a_state_must_not_be(ops: "Fleet") -> None:
    """A public repo, one that is not there, and a branch that takes no pushes: refused before anything is written."""
    world = ops.sandbox.world
    ops.set_key()
    world.create_repo("acme/open", private=False)
    on_branch(ops)
    world.protect_branch(OPS, BRANCH)
    for repo, code in ((OPS, "FF425"), ("acme/open", "FF422"), ("acme/none", "FF420")):
        ops.simple(more=f"state:\n  github: {{repo: {repo}}}\n")
        done = ops.flowforge("apply", "--yes")
        assert code in done.err + done.out
        assert done.code in {1, 3}
        assert not any(ops.held().values())
        assert world.branches(OPS) == ["main"]


def test_a_run_that_dies_leaves_what_it_began_pending(ops: "Fleet") -> None:
    """Killed among its writes, on a runner that is gone with all its files: the next apply knows, and takes over."""
    ops.slow_down()
    on_branch(ops)
    ops.set_key()
    applied(ops)
    value = ops.set_key()
    ops.later()
    world = ops.sandbox.world
    world.faults.add(Fault("PUT .*/repo-003/", FaultKind.HANG, times=1, seconds=60))
    process = under_way(ops, value)
    process.kill()
    process.wait()
    world.faults.clear()
    assert {"write_interrupted"} == {reason for _, reason in ops.plan().values()}
    refused = ops.refused("apply", "--yes")
    assert (1, True) == (refused.code, "FF411" in refused.err)
    world.clock.advance(601)
    applied(ops)
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in ops.repos} == ops.held()
    assert ops.flowforge("plan").out == IN_SYNC


def test_a_state_that_would_be_too_large(ops: "Fleet") -> None:
    """What GitHub would not take in the end is refused before the first write, by apply and by adopt."""
    on_branch(ops)
    ops.set_key()
    ops.monkeypatch.setattr("flowforge.steps.backend.branch_store.MOST_WRITTEN", 2000)
    expected = (
        f"error FF427: {OPS} {BRANCH}:{PATH}: the state would have 3,695 bytes; GitHub is known to take 2,000\n"
        "  fix: split the manifest: each part has a state of its own, of another state.github.path\n"
    )
    refused = ops.refused("apply", "--yes")
    assert (1, expected) == (refused.code, refused.err)
    for repo in ops.repos:
        ops.sandbox.world.set_secret(repo, "ANTHROPIC_API_KEY", "set by hand")
    refused = ops.refused("adopt", "--yes")
    assert (1, expected) == (refused.code, refused.err)


@pytest.mark.processes
def test_two_at_once_plan_again(ops: "Fleet") -> None:
    """An apply whose state another one wrote meanwhile plans again, waits, and finds nothing left to do."""
    on_branch(ops)
    value = ops.set_key()
    world = ops.sandbox.world
    world.settings.latency = 0.02
    ops.slow_down()
    command = [sys.executable, "-m", "flowforge", "apply", "--yes", "--lock-timeout", "600"]
    processes = [
        subprocess.Popen(command, cwd=ops.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ends = [(*process.communicate(), process.returncode) for process in processes]
    assert [0, 0, 0] == [code for _, _, code in ends], ends
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in ops.repos} == ops.held()
    assert ops.flowforge("plan").out == IN_SYNC
    assert 5 == world.stats().requests["PUT /repos/{owner}/{repo}/actions/secrets/{name}"]


def test_ctrl_c_gives_the_lock_back(ops: "Fleet") -> None:
    """An interrupted apply records what it wrote, takes back what it did not begin, and lets others write."""
    on_branch(ops)
    value = ops.set_key()
    world = ops.sandbox.world
    begun: list[subprocess.Popen[bytes]] = []

    def interrupt() -> None:
        while not begun:
            time.sleep(0.01)
        begun[0].send_signal(signal.SIGINT)
        time.sleep(1)  # it has no answer until then: its main thread takes the signal meanwhile

    world.faults.add(Fault("GET .*/repo-003/actions/secrets/public-key", FaultKind.THEN, then=interrupt))
    begun.append(under_way(ops, value))
    assert begun[0].wait() == 130
    written = {repo for repo, held in ops.held().items() if held}
    assert ("lease" in state(ops), {repo for repo in ops.repos if repo not in written}) == (
        False,
        {address.rsplit("/", 2)[0] for address in ops.plan()},
    )
    assert {"missing"} == {reason for _, reason in ops.plan().values()}


def test_what_is_there_is_adopted(ops: "Fleet") -> None:
    """Adopting pushes the state and writes no secret; the next plan, of anybody, assumes what was adopted."""
    on_branch(ops)
    for repo in ops.repos:
        ops.sandbox.world.set_secret(repo, "ANTHROPIC_API_KEY", "set by hand")
    ops.requests()
    done = ops.flowforge("adopt", "--yes")
    assert (0, "") == (done.code, done.err)
    assert [] == [route for route in ops.requests() if "secrets" in route and not route.startswith("GET ")]
    assert [True] * len(ops.repos) == [entry["adopted"] for entry in state(ops)["secrets"]]
    assert ["No changes found; 5 assumed."] == ops.flowforge("plan").lines


def test_what_was_announced_and_not_begun_is_not_done(ops: "Fleet") -> None:
    """Where the token ends among the writes of a batch, only what was sent may have been written: the rest was not."""
    on_branch(ops)
    applied(ops)
    ops.set_key()
    ops.later()
    ops.sandbox.world.faults.add(
        Fault("PUT .*/repo-002/actions", FaultKind.STATUS, status=401, message="Bad credentials")
    )
    done = ops.flowforge("apply", "--yes", "-j", "1", "--format", "json")
    outcomes = [each["outcome"] for each in json.loads(done.out)["results"]]
    assert (3, ["updated", "failed", "not_done", "not_done", "not_done"]) == (done.code, outcomes)


def test_moved_after_a_write_ends_the_run_and_is_no_new_plan(ops: "Fleet") -> None:
    """Where the state is found moved among the batches, the report keeps what was written: nothing is planned anew."""
    on_branch(ops)
    applied(ops)
    ops.set_key()
    ops.later()
    announce, calls = StateBranch.announce, []

    def second_moved(
        self: StateBranch, fingerprints: "Mapping[Address, str | None]", after: "Collection[Address]"
    ) -> None:
        calls.append(fingerprints)
        if len(calls) == 2:
            raise StateChangedError(Problem("FF441", "the state changed while this was planned"))
        announce(self, fingerprints, after)

    ops.monkeypatch.setattr(StateBranch, "announce", second_moved)
    done = ops.flowforge("apply", "--yes", "--format", "json")
    outcomes = [each["outcome"] for each in json.loads(done.out)["results"]]
    assert (3, ["updated", *["failed"] * 4], 2) == (done.code, outcomes, len(calls))


def test_what_the_branch_did_not_take_is_not_told_as_recorded(ops: "Fleet") -> None:
    """Where the state cannot be pushed in the end, nothing was recorded: the counts say none, and the exit code 1."""
    on_branch(ops)
    for repo in ops.repos:
        ops.sandbox.world.set_secret(repo, "ANTHROPIC_API_KEY", "set by hand")
    for route in ("PUT .*/contents/", "POST .*/git/"):
        fault = Fault(route, FaultKind.STATUS, times=99, status=403, message="Resource not accessible by integration")
        ops.sandbox.world.faults.add(fault)
    done = ops.flowforge("adopt", "--yes", "--format", "json")
    document = json.loads(done.out)
    told = document["counts"]["assumed"], document["recorded"], [each["code"] for each in document["errors"]]
    assert (1, (0, [], ["FF424"])) == (done.code, told)

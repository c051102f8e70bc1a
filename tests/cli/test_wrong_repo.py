"""A value must not reach another repo of the same name, nor a repo lose what it has before it has the new."""

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"


def _named(secret: str, *, absent: str = "") -> str:
    tail = f"absent:\n  - name: Old\n    repos: [acme/repo-001]\n    secret: {absent}\n" if absent else ""
    return (
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        f"targets:\n  - {{name: T, repos: [acme/repo-001], credential: k, secret: {secret}}}\n{tail}"
    )


def test_a_recreated_repo_is_known_by_any_record(fleet: "Fleet") -> None:
    """With the secret renamed in the manifest, the old record still tells that another repo has the name."""
    fleet.manifest(_named("FIRST_KEY"))
    assert fleet.flowforge("apply", "--yes").code == 0
    fleet.sandbox.world.recreate_repo("acme/repo-001")
    fleet.manifest(_named("OTHER_KEY"))
    assert fleet.flowforge("apply", "--yes").code == 3
    assert fleet.sandbox.world.reveal("acme/repo-001") == {}
    assert fleet.flowforge("apply", "--yes").code == 3  # nothing was forgotten that the next run needs to know it
    assert fleet.sandbox.world.reveal("acme/repo-001") == {}


def test_a_recreated_repo_is_known_by_a_record_that_is_not_planned(fleet: "Fleet") -> None:
    """--tags leaves out the line whose record tells of it; the new repo gets nothing all the same."""
    fleet.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\ntargets:\n"
        "  - {name: One, repos: [acme/repo-001], credential: k, tags: [one]}\n"
        "  - {name: Two, repos: [acme/repo-001], credential: k, secret: OTHER_KEY, tags: [two]}\n"
    )
    assert fleet.flowforge("apply", "--yes", "--tags", "one").code == 0
    fleet.sandbox.world.recreate_repo("acme/repo-001")
    done = fleet.flowforge("apply", "--yes", "--tags", "two")
    assert (done.code, fleet.sandbox.world.reveal("acme/repo-001")) == (3, {})
    assert "another repo now has this name" in done.lines[0]


def test_the_old_credential_stays_until_the_new_one_is_there(fleet: "Fleet") -> None:
    """Where the write of the new secret fails, the old one is not deleted; the next apply does both."""
    fleet.sandbox.world.set_secret("acme/repo-001", "A_KEY", "old")
    fleet.manifest(_named("Z_KEY", absent="A_KEY"))
    fleet.sandbox.world.faults.add(Fault("^PUT", FaultKind.STATUS, times=10, status=502))
    failed = fleet.flowforge("apply", "--yes")
    assert (failed.code, fleet.sandbox.world.reveal("acme/repo-001")) == (3, {"A_KEY": "old"})
    assert "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=1 blocked=0 not_done=1" in failed.lines
    fleet.sandbox.world.faults.clear()
    assert fleet.flowforge("apply", "--yes").code == 0
    assert set(fleet.sandbox.world.reveal("acme/repo-001")) == {"Z_KEY"}


def test_the_old_credential_stays_where_the_new_value_is_missing(fleet: "Fleet") -> None:
    """With --keep-going and no value for the new secret, what it replaces is kept."""
    fleet.sandbox.world.set_secret("acme/repo-001", "A_KEY", "old")
    fleet.manifest(_named("Z_KEY", absent="A_KEY"))
    fleet.monkeypatch.delenv("ACME_KEY")
    assert fleet.flowforge("apply", "--yes", "--keep-going").code == 3
    assert fleet.sandbox.world.reveal("acme/repo-001") == {"A_KEY": "old"}


def test_a_delete_that_github_denies_is_looked_at(fleet: "Fleet") -> None:
    """A DELETE answered 404 while the list still shows the secret is a failure, and stays open in the state."""
    fleet.sandbox.world.set_secret("acme/repo-001", "A_KEY", "old")
    fleet.manifest(_named("Z_KEY", absent="A_KEY"))
    fleet.sandbox.world.faults.add(Fault("^DELETE", FaultKind.STATUS, status=404, message="Not Found"))
    failed = fleet.flowforge("apply", "--yes")
    assert failed.code == 3
    assert "failed (FF341): GitHub answered that it does not exist, and still lists it" in failed.lines
    assert fleet.plan() == {"acme/repo-001/actions/A_KEY": ("delete", "declared_absent")}
    assert fleet.flowforge("apply", "--yes").code == 0
    assert fleet.flowforge("plan").out == IN_SYNC


def test_two_manifests_with_one_state_do_not_prune_each_other(fleet: "Fleet") -> None:
    """After two manifests were applied to one state, --prune with either alone is refused, with both it is not."""
    for name, repo in (("a", "acme/repo-001"), ("b", "acme/repo-002")):
        fleet.simple(repo)
        text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8").replace("ci-key", f"key-{name}")
        state = "state: {file: shared.state.json}\n" if name == "a" else ""
        fleet.manifest(text + state, f"{name}.yaml")
        fleet.manifest(text + "state: {file: shared.state.json}\n", f"alone-{name}.yaml")
    for name in ("alone-a", "alone-b"):
        assert fleet.flowforge("apply", "--yes", "-m", f"{name}.yaml").code == 0
    refused = fleet.flowforge("apply", "--yes", "--prune", "-m", "alone-a.yaml")
    assert (refused.code, "FF502" in refused.err) == (4, True)
    assert set(fleet.sandbox.world.reveal("acme/repo-002")) == {"ANTHROPIC_API_KEY"}
    admitted = ("apply", "--yes", "--prune", "-m", "a.yaml", "-m", "b.yaml", "--allow-manifest-change")
    assert fleet.flowforge(*admitted).code == 0
    assert fleet.flowforge("apply", "--yes", "--prune", "-m", "a.yaml", "-m", "b.yaml").code == 0


@pytest.mark.usefixtures("covered")
def test_a_repo_replaced_while_the_question_waits_gets_nothing(fleet: "Fleet") -> None:
    """The repos are looked up again after a person said yes: one that is another by then stops the run."""
    fleet.simple("acme/repo-001")
    terminal, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "apply"], stdin=child, stdout=child, stderr=subprocess.PIPE, text=True
    )
    os.close(child)
    shown = b""
    while b"GitHub's limits." not in shown:
        shown += os.read(terminal, 4096)
    fleet.sandbox.world.recreate_repo("acme/repo-001")
    os.write(terminal, b"yes\n")
    err = process.communicate(timeout=60)[1]
    os.close(terminal)
    assert process.returncode == 1
    assert (
        "error FF343: acme/repo-001 changed since the plan was shown; nothing was written\n"
        "  fix: run it again, and read the new plan\n" in err
    )
    assert fleet.sandbox.world.reveal("acme/repo-001") == {}

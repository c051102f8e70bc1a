"""1Password from end to end: what a manifest refers to is read, counted, written, and blocked where it is missing."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet
    from tests.conftest import FakeOp

pytestmark = pytest.mark.processes

BODY = "Zk9" * 31 + "AA"
SHARED, TOKEN = "op://CI/Claude/credential", "op://Ops/GitHub/token"
MANIFEST = """version: 1
credentials:
  shared: {type: anthropic_api_key, from: {onepassword: "op://CI/Claude/credential", account: acme}}
  own: {type: anthropic_api_key, secret: OWN_KEY, from: {onepassword: "op://CI/{repo}/credential"}}
targets:
  - {name: All, repos: [acme/repo-001, acme/repo-002, acme/repo-003, acme/repo-004, acme/repo-005], credential: shared}
  - {name: Own, repos: [acme/repo-001, acme/repo-002, acme/repo-003, acme/repo-004, acme/repo-005], credential: own}
"""
SIGNED_IN = 'github: {auth: {token: {onepassword: "op://Ops/GitHub/token"}}}\n'
READING = "Reading 6 values from 1Password\n"
MISSING = '1Password item "repo-003" is not in vault "CI"'


def _key(number: int) -> str:
    return "sk-ant-" + "api03-" + f"{number}" + BODY[1:]


@dataclass
class Vaulted:
    """A fleet whose values are in 1Password: one for all repos, and one for each."""

    fleet: "Fleet"
    op: "FakeOp"

    def held(self, *without: str) -> dict[str, dict[str, str]]:
        """Return what GitHub is to hold once all is written, without the own keys of some repos."""
        return {
            repo: {"ANTHROPIC_API_KEY": _key(0)} | ({} if repo in without else {"OWN_KEY": _key(number)})
            for number, repo in enumerate(self.fleet.repos, 1)
        }


@pytest.fixture
def vaulted(fleet: "Fleet", op: "FakeOp", monkeypatch: pytest.MonkeyPatch) -> Vaulted:
    """Put the values into 1Password, and `op` on PATH."""
    op.holds(_key(0), SHARED)
    for number, repo in enumerate(fleet.repos, 1):
        op.holds(_key(number), f"op://CI/{repo.removeprefix('acme/')}/credential")
    for name, text in op.environ.items():
        monkeypatch.setenv(name, text)
    fleet.manifest(MANIFEST)
    return Vaulted(fleet, op)


def test_planned_and_applied(vaulted: Vaulted) -> None:
    """Each distinct reference is read once for five repos, plan says how many, and the right value is in each repo."""
    fleet = vaulted.fleet
    planned = fleet.flowforge("plan")
    assert (0, READING) == (planned.code, planned.err)
    assert "Plan: 10 to create, 0 to update, 0 to delete, 0 in sync." in planned.lines
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert vaulted.held() == fleet.held()
    again = fleet.flowforge("plan", "-q")
    assert (0, "", "No changes. GitHub matches the manifest.") == (again.code, again.err, again.lines[0])
    vaulted.op.holds(_key(9), "op://CI/repo-002/credential")
    assert {"acme/repo-002/actions/OWN_KEY": ("update", "value_changed")} == fleet.plan()


def test_what_is_not_selected_is_not_read(vaulted: Vaulted) -> None:
    """--limit reads what it needs, --skip-values starts nothing, and neither does validate."""
    done = vaulted.fleet.flowforge("plan", "--limit", "repo-002")
    assert (0, "Reading 2 values from 1Password\n") == (done.code, done.err)
    before = len(vaulted.op.runs)
    assert 0 == vaulted.fleet.flowforge("validate").code
    skipped = vaulted.fleet.flowforge("plan", "--skip-values")
    assert (0, "", before) == (skipped.code, skipped.err, len(vaulted.op.runs))


def test_a_missing_item_blocks_exactly_its_secrets(vaulted: Vaulted) -> None:
    """Plan shows the others as they are, apply writes nothing, and --keep-going writes the others."""
    del vaulted.op.world["vaults"]["CI"]["repo-003"]
    vaulted.op.is_like()
    planned = vaulted.fleet.refused("plan")
    assert [f"! acme/repo-003  OWN_KEY            own     value not available: {MISSING}"] == [
        line for line in planned.lines if line.startswith("!")
    ]
    assert "Plan: 9 to create, 0 to update, 0 to delete, 0 in sync, 1 blocked." in planned.lines
    refused = vaulted.fleet.refused("apply", "--yes")
    assert (1, True) == (refused.code, f"value not available: {MISSING}; nothing was written" in refused.err)
    assert 3 == vaulted.fleet.flowforge("apply", "--yes", "--keep-going").code
    assert vaulted.held("acme/repo-003") == vaulted.fleet.held()


def test_no_op_at_all(vaulted: Vaulted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every secret is blocked with one reason; the program that is missing is named."""
    monkeypatch.setenv("PATH", str(vaulted.fleet.folder))
    planned = vaulted.fleet.refused("plan")
    reason = "value not available: the 1Password CLI (op) is not installed"
    assert 10 == sum(line.startswith("!") and line.endswith(reason) for line in planned.lines)


def test_the_token_from_1password(vaulted: Vaulted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The GitHub token is a reference like another, read before the rest."""
    fleet = vaulted.fleet
    monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    vaulted.op.holds(fleet.sandbox.token, TOKEN)
    fleet.manifest(MANIFEST.replace("version: 1\n", f"version: 1\n{SIGNED_IN}"))
    done = fleet.flowforge("apply", "--yes")
    assert (0, f"Reading 1 value from 1Password\n{READING}") == (done.code, done.err[: len(READING) * 2 - 1])
    assert vaulted.held() == fleet.held()


def test_a_token_that_is_not_there(vaulted: Vaulted) -> None:
    """Nothing can be done without it: an error of the whole run, at the manifest's line."""
    vaulted.fleet.manifest(MANIFEST.replace("version: 1\n", f"version: 1\n{SIGNED_IN}"))
    done = vaulted.fleet.refused("plan")
    assert (1, "") == (done.code, done.out)
    assert done.err.startswith(
        "Reading 1 value from 1Password\nerror FF239: flowforge.yaml:2:24: the GitHub token is not available: "
        '1Password vault "Ops" is not in the account\n'
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_while_op_waits_for_a_person(vaulted: Vaulted, number: signal.Signals) -> None:
    """The run ends with 130 long before op's 15 seconds are over, nothing is written, and no op goes on."""
    vaulted.op.is_like(answers={"*": ["hang"]})
    command = [sys.executable, "-m", "flowforge", "apply", "--yes"]
    process = subprocess.Popen(command, cwd=vaulted.fleet.folder, stderr=subprocess.PIPE, text=True)
    while vaulted.op.count("begin") < 2:  # one of each account
        assert process.poll() is None
        time.sleep(0.02)
    began = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (130, True) == (process.returncode, time.monotonic() - began < 5)
    assert "interrupted; nothing was written" in err
    assert {repo: {} for repo in vaulted.fleet.repos} == vaulted.fleet.held()
    for each in {entry["process"] for entry in vaulted.op.log}:
        with pytest.raises(ProcessLookupError):
            os.kill(each, 0)


def test_two_ways_to_sign_in_are_warned_of_once(vaulted: Vaulted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token and the values come from 1Password; the warning is one, in the plan and in its JSON."""
    for name in ("OP_CONNECT_HOST", "OP_CONNECT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN"):
        monkeypatch.setenv(name, "made-up")
    vaulted.op.holds(vaulted.fleet.sandbox.token, TOKEN)
    vaulted.fleet.manifest(MANIFEST.replace("version: 1\n", f"version: 1\n{SIGNED_IN}"))
    warned = [line for line in vaulted.fleet.flowforge("plan").err.splitlines() if line.startswith("warning: ")]
    assert [
        (
            "warning: OP_CONNECT_HOST with OP_CONNECT_TOKEN and OP_SERVICE_ACCOUNT_TOKEN are set: op asks the Connect "
            "server, and the service account for nothing; unset what you do not use"
        )
    ] == warned

"""`flowforge status` at its edges: each permission, nothing at all, other places and types, a narrow terminal."""

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from flowforge.github.permission_table import STATUS_ROWS, TO_STATUS, ReadRow
from flowforge.github.permissions import METADATA
from flowforge.sandbox import Fault, FaultKind, Token
from flowforge.sandbox.rules.access import Level
from flowforge.tokens import admit
from tests.cli.screen import Screen, shown
from tests.cli.test_status import PATH, WORKFLOW, ran, status
from tests.made_up import letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Fleet

REFUSED = "Failed to authenticate. API Error: 401 invalid x-api-key"
UUID = "00000000-0000-0000-0000-00000000000a"
_WITHOUT = {"Actions": "unknown", "Contents": "unknown", "Checks": "failing"}


@pytest.fixture
def applied(fleet: "Fleet") -> "Fleet":
    """Write the key to a repo that has a workflow."""
    fleet.set_key()
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.edit_file("acme/repo-001", PATH, WORKFLOW)
    assert fleet.flowforge("apply", "--yes").code == 0
    return fleet


def _targets(fleet: "Fleet", target: str, more: str = "") -> None:
    key = "  key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
    fleet.set_key()
    fleet.manifest(f"version: 1\ncredentials:\n{key}{more}targets:\n  - {{name: T, {target}, credential: key}}\n")


@pytest.mark.parametrize("row", STATUS_ROWS, ids=lambda row: row.needs[0].name)
def test_each_permission_of_the_table(applied: "Fleet", row: ReadRow) -> None:
    """With exactly the permissions of the table a dead credential is told; without a row what the row says happens."""
    ran(applied, "failure", REFUSED)
    named = {**{each.name: Level.READ for each in (*TO_STATUS, METADATA)}, "secrets": Level.READ}
    lives = []
    for left_out in ((), row.needs):
        given = {name: level for name, level in named.items() if name not in {each.name for each in left_out}}
        applied.sandbox.world.add_token("github_pat_exact", Token(secrets=Level.NONE, permissions=given))
        applied.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_exact")
        lives.append(status(applied)["secrets"][0]["life"])
    assert ["dead", _WITHOUT[row.needs[0].title]] == lives


def test_a_manifest_without_anything(fleet: "Fleet") -> None:
    """Nothing is listed, nothing is wrong, and no option finds fault with it."""
    fleet.manifest("version: 1\ntargets: []\n")
    document = status(fleet, "--expect-in-sync", "--fail-on-failing", "--fail-on-expiring", "30d")
    assert ([], [], True) == (document["credentials"], document["secrets"], document["complete"])
    assert "0 secrets." == fleet.flowforge("status").out.strip()


def test_variables_are_left_out(fleet: "Fleet") -> None:
    """Identifiers, and the ids of a workload identity, have no value that could die: neither line tells of them."""
    ids = (
        f"  ids: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}\n"
        "  url: {type: anthropic_base_url, value: 'https://gateway.acme.test'}\n"
    )
    _targets(fleet, "repos: [acme/repo-001]", ids)
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    more = "  - {{name: {0}, repos: [acme/repo-002], credential: {0}}}\n"
    fleet.manifest(text + more.format("ids") + more.format("url"))
    assert fleet.flowforge("apply", "--yes").code == 0
    document = status(fleet)
    assert ["key"] == [each["name"] for each in document["credentials"]]
    assert ["ANTHROPIC_API_KEY"] == [each["secret"] for each in document["secrets"]]


@pytest.fixture
def _own_types_end() -> "Iterator[None]":
    """Let no other test know of this manifest's tokens."""
    yield
    admit(())


@pytest.mark.usefixtures("_own_types_end")
def test_what_a_type_lives(fleet: "Fleet") -> None:
    """A team's own type has no end by itself, whatever `issued` says; a setup-token has a year."""
    fleet.monkeypatch.setenv("ACME_KEY", f"gw_{letters(45)}")
    fleet.manifest(
        "version: 1\ntypes: {our_gateway: {secret: OUR_TOKEN, prefix: gw_, length: 48}}\ncredentials:\n"
        "  ours: {type: our_gateway, from: {env: ACME_KEY}, issued: 2026-01-01}\n"
        "  aws: {type: aws_bearer_token_bedrock, from: {env: A}, issued: 2026-01-01}\n"
        "  pem: {type: github_app_private_key, from: {env: B}}\n"
        "  max: {type: claude_code_oauth_token, from: {env: C}, issued: 2026-01-01}\n"
        "targets:\n  - {name: T, repos: [acme/repo-001], credential: ours}\n"
    )
    assert {"ours": None, "aws": None, "pem": None, "max": "2027-01-01"} == {
        each["name"]: each["expires_at"] for each in status(fleet)["credentials"]
    }


def test_an_environment(fleet: "Fleet") -> None:
    """Its secret lives by runs of jobs of that environment alone."""
    world = fleet.sandbox.world
    world.create_environment("acme/repo-001", "production")
    _targets(fleet, "repos: [acme/repo-001], environments: [production]")
    job = "  review:\n"
    world.edit_file("acme/repo-001", PATH, WORKFLOW.replace(job, f"{job}    environment: production\n"))
    assert fleet.flowforge("apply", "--yes").code == 0
    ran(fleet)
    (secret,) = status(fleet)["secrets"]
    assert ("alive", "environment production") == (secret["life"], secret["store"]), secret


def test_dependabot(fleet: "Fleet") -> None:
    """A secret of its store lives by its own runs: one of a person says nothing of it."""
    _targets(fleet, "repos: [acme/repo-001], stores: [dependabot]")
    text = WORKFLOW.replace('{schedule: [{cron: "0 4 * * *"}]}', "pull_request")
    fleet.sandbox.world.edit_file("acme/repo-001", PATH, text)
    assert fleet.flowforge("apply", "--yes").code == 0
    ran(fleet, event="pull_request")
    lives = [status(fleet)["secrets"][0]["life"]]
    ran(fleet, event="pull_request", actor="dependabot[bot]")
    lives.append(status(fleet)["secrets"][0]["life"])
    assert ["not_run", "alive"] == lives


def test_an_organization(fleet: "Fleet") -> None:
    """The runs of those that see its secret are not looked at: that is said, and nothing is asked of them."""
    _targets(fleet, "org: acme, visible_to: all")
    assert fleet.flowforge("apply", "--yes").code == 0
    fleet.requests()
    (secret,) = status(fleet)["secrets"]
    assert ("unknown", "the runs of an organization's repos are not looked at") == (secret["life"], secret["why"])
    assert [] == [each for each in fleet.requests() if "/actions/runs" in each]


def test_eighty_columns(applied: "Fleet") -> None:
    """At a terminal of that width no line is wider but one that is a link, which stays whole."""
    run = ran(applied, "failure", REFUSED)
    code, text = Screen(applied, "status", "--no-color", columns=80).end()
    lines = shown(text)
    link = [line for line in lines if f"/actions/runs/{run}/job/" in line]
    assert (0, 1, []) == (code, len(link), [line for line in lines if len(line) > 80 and line not in link])
    assert "dead: Anthropic refused the credential" in " ".join(" ".join(lines).split())


def test_ctrl_c_while_runs_are_read(applied: "Fleet") -> None:
    """It ends with 130 and says that nothing was written; the state stays as it is."""
    world = applied.sandbox.world
    ran(applied)
    world.faults.add(Fault("GET /repos/acme/repo-001/actions/runs", FaultKind.HANG, 9, seconds=2.0))
    before = applied._state_files()
    world.reset_stats()
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "status"],
        cwd=applied.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not any("/actions/runs" in str(route) for route in world.traffic.requests):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (130, True, before) == (process.returncode, "nothing was written" in said, applied._state_files()), said

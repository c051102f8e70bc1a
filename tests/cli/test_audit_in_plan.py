"""`audit: true` and `--audit`: what will fail in the workflows of the repos about to be written stands in the plan."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

FILE = ".github/workflows/claude.yml"
UUID = "00000000-0000-0000-0000-00000000000a"
WORKFLOW = """\
on: workflow_dispatch
permissions: {{contents: read, id-token: write}}
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - uses: anthropics/claude-code-action@v1
        with:
          {given}
"""
KEY = "anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}"
TOKEN = "claude_code_oauth_token: ${{ secrets.CLAUDE_CODE_OAUTH_TOKEN }}"
IDS = "anthropic_federation_rule_id: x\n          anthropic_organization_id: x"
WHAT = "there is no secret CLAUDE_CODE_OAUTH_TOKEN that this reads"
FIX = "set CLAUDE_CODE_OAUTH_TOKEN at the repository, or name one that is there"


def _workflow(fleet: "Fleet", repo: str, *given: str) -> None:
    fleet.sandbox.world.edit_file(repo, FILE, WORKFLOW.format(given="\n          ".join(given)))


def _plan(done: "Done") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(done.out)
    Draft202012Validator(json.loads(schema_text("plan"))).validate(document)
    return document


def test_a_flag_and_a_key(fleet: "Fleet") -> None:
    """Either asks for it; a repo is judged as it will be, errors alone are told, and no exit code moves."""
    fleet.set_key()
    fleet.simple("acme/repo-001", "acme/repo-002")
    _workflow(fleet, "acme/repo-001", KEY)
    _workflow(fleet, "acme/repo-002", TOKEN)
    plain, flagged = fleet.flowforge("plan"), fleet.flowforge("plan", "--audit")
    told = [f"audit: acme/repo-002: missing-secret: {WHAT} ({FILE}:7).", f"  {FIX}"]
    assert (0, 0, told) == (plain.code, flagged.code, [line for line in flagged.lines if line not in plain.lines][-2:])
    fleet.simple("acme/repo-001", "acme/repo-002", more="audit: true\n")
    document = _plan(fleet.flowforge("plan", "--format", "json"))
    assert [("acme/repo-002", "missing-secret", 7)] == [
        (each["repo"], each["code"], each["line"]) for each in document["audit"]
    ]
    markdown = fleet.flowforge("plan", "--format", "markdown").out
    assert "**Workflows that will fail**\n\n- `acme/repo-002`: `missing-secret`: there is no secret" in markdown
    assert "Workflows that will fail" in fleet.flowforge("plan", "--format", "html").out


def test_without_it_no_workflow_is_read(fleet: "Fleet") -> None:
    """A plan that was not asked for it sends no query, and its JSON says that nothing was looked at."""
    fleet.set_key()
    fleet.simple("acme/repo-001")
    _workflow(fleet, "acme/repo-001", TOKEN)
    fleet.sandbox.world.reset_stats()
    document = _plan(fleet.flowforge("plan", "--format", "json"))
    assert (None, 0) == (document["audit"], fleet.sandbox.world.stats().requests.get("POST /graphql", 0))


def test_apply_shows_it_and_writes(fleet: "Fleet") -> None:
    """It blocks nothing: apply tells it, writes, and ends well; once nothing is to be written nobody is read."""
    fleet.set_key()
    fleet.simple("acme/repo-001", more="audit: true\n")
    _workflow(fleet, "acme/repo-001", TOKEN)
    done = fleet.flowforge("apply", "--yes")
    assert (0, True) == (done.code, f"audit: acme/repo-001: missing-secret: {WHAT} ({FILE}:7)." in done.lines)
    assert [] == _plan(fleet.flowforge("plan", "--format", "json"))["audit"]


def test_a_repo_that_cannot_be_read_is_no_trouble(fleet: "Fleet") -> None:
    """Where GraphQL and contents are closed the plan is the same, without a word of workflows."""
    fleet.set_key()
    fleet.simple("acme/repo-001", more="audit: true\n")
    fleet.sandbox.world.settings.graphql = False
    document = _plan(fleet.flowforge("plan", "--format", "json"))
    assert ([], 1) == (document["audit"], document["counts"]["create"])


@pytest.mark.parametrize("shared", [False, True])
def test_an_organizations_secret_that_is_to_come(fleet: "Fleet", *, shared: bool) -> None:
    """A repo that will see what the plan gives to the organization lacks nothing."""
    fleet.set_key()
    viewers = "{repos: [acme/repo-001]}" if shared else "{repos: [acme/repo-002]}"
    fleet.manifest(
        "version: 1\naudit: true\ncredentials:\n  key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "  other: {type: anthropic_api_key, secret: OTHER, from: {env: ACME_KEY}}\n"
        f"targets:\n  - {{name: Org, org: acme, visible_to: {viewers}, credential: key}}\n"
        "  - {name: Own, repos: [acme/repo-001], credential: other}\n"
    )
    _workflow(fleet, "acme/repo-001", KEY)
    document = _plan(fleet.flowforge("plan", "--format", "json"))
    assert ([] if shared else ["missing-secret"]) == [each["code"] for each in document["audit"]]


@pytest.mark.parametrize(("given", "told"), [((IDS, KEY), True), ((IDS,), False)])
def test_a_key_hides_an_identity_only_where_it_is_passed(fleet: "Fleet", given: tuple[str, ...], *, told: bool) -> None:
    """The warning of a key beside an identity is given where a step passes both, and nowhere else."""
    fleet.manifest(
        "version: 1\naudit: true\ncredentials:\n"
        f"  ids: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}\n"
        "targets:\n  - {name: Ids, repos: [acme/repo-001], credential: ids}\n"
        "absent:\n  - {name: Old, repos: [acme/repo-001], secret: OTHER}\n"
    )
    fleet.sandbox.world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "x")
    _workflow(fleet, "acme/repo-001", *given)
    assert told is ("a step that passes it uses it, and not the identity" in fleet.flowforge("plan").err)

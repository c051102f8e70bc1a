"""Organization secrets and a token that is not shown all who see them: nobody loses one for that."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox import Token
from flowforge.sandbox.rules.faults import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"
ADDRESS = f"orgs/acme/actions/{KEY}"
IN_SYNC = "No changes. GitHub matches the manifest."
BOTH = ("selected", ["acme/repo-001", "acme/repo-002"])
ALL_THREE = ("selected", ["acme/repo-001", "acme/repo-002", "acme/repo-003"])


def wants(fleet: "Fleet", visible_to: str) -> None:
    """Write a manifest that wants the key as a secret of acme."""
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        f"targets:\n  - {{name: Org, org: acme, visible_to: {visible_to}, credential: ci-key}}\n"
    )


def planned(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    """Plan, and give the lines."""
    return json.loads(fleet.flowforge("plan", "--format", "json").out)["changes"]


def audience(fleet: "Fleet") -> tuple[str, list[str]]:
    """Return who sees the key in truth."""
    return fleet.sandbox.world.org_audience("acme", KEY)


def shown(fleet: "Fleet", *repos: str) -> None:
    """Show the token these repos alone, or all."""
    fleet.sandbox.world.add_token(fleet.sandbox.token, Token(repos=frozenset(repos) or None))


@pytest.fixture
def found(fleet: "Fleet") -> "Fleet":
    """Apply a key that two repos see, which a selector finds; then the token is shown all but the second."""
    for repo in ("acme/repo-001", "acme/repo-002"):
        fleet.sandbox.world.set_topics(repo, ["claude"])
    wants(fleet, "{select: {org: acme, topics: [claude]}}")
    assert (0, BOTH) == (fleet.flowforge("apply", "--yes").code, audience(fleet))
    fleet.later()
    shown(fleet, "acme/repo-001", "acme/repo-003")
    return fleet


def test_who_is_not_shown_keeps_it(found: "Fleet") -> None:
    """A plan sees no difference; a new value and a longer list are written with the repo that is not shown."""
    assert [IN_SYNC] == found.flowforge("plan").lines
    value = found.set_key()
    assert (0, BOTH) == (found.flowforge("apply", "--yes").code, audience(found))
    assert {KEY: value} == found.sandbox.world.reveal_org("acme")
    found.sandbox.world.set_topics("acme/repo-003", ["claude"])
    said = "visible to 3 selected repositories: 1 added; 1 that this token cannot see keeps access; more can see it"
    line = planned(found)[1]
    assert (said, 1, ["acme/repo-001", "acme/repo-003"]) == (
        line["sentence"],
        line["access"]["after"]["unseen"],
        line["access"]["after"]["repos"],
    )
    found.later()
    assert (0, ALL_THREE) == (found.flowforge("apply", "--yes", "--allow-widening").code, audience(found))
    assert [IN_SYNC] == found.flowforge("plan").lines
    shown(found)
    assert [IN_SYNC] == found.flowforge("plan").lines


def test_deleted_outside_it_comes_back_to_them_too(found: "Fleet") -> None:
    """The secret is made again for those who saw it, the one that is not shown among them."""
    found.sandbox.world.delete_org_secret("acme", KEY)
    assert (0, BOTH) == (found.flowforge("apply", "--yes").code, audience(found))


def test_a_change_outside_blocks_both_lines(found: "Fleet") -> None:
    """Who of those that are not shown sees it now is not known; forgotten, it is written to who is found."""
    found.sandbox.world.set_org_secret("acme", KEY, "x", visibility="selected", repos=["acme/repo-001"])
    found.set_key()
    (line,) = planned(found)
    assert (
        "blocked",
        "it was changed outside FlowForge, and a repository that saw it cannot be seen by this token",
    ) == (line["action"], line["sentence"])
    assert (3, {KEY: "x"}) == (found.flowforge("apply", "--yes").code, found.sandbox.world.reveal_org("acme"))
    assert 0 == found.flowforge("state", "forget", ADDRESS, "--yes").code
    assert 0 == found.flowforge("apply", "--yes").code
    assert ("selected", ["acme/repo-001"]) == audience(found)


def test_where_all_are_named_who_is_not_named_goes(fleet: "Fleet") -> None:
    """A repo that the manifest names no more loses it also where this token is not shown it."""
    wants(fleet, "{repos: [acme/repo-001, acme/repo-002]}")
    assert (0, BOTH) == (fleet.flowforge("apply", "--yes").code, audience(fleet))
    fleet.later()
    shown(fleet, "acme/repo-001")
    (line,) = planned(fleet)
    assert "acme/repo-002, which is to see it: not found, or invisible to this token" == line["sentence"]
    wants(fleet, "{repos: [acme/repo-001]}")
    assert [
        "~ acme  organization  ANTHROPIC_API_KEY  access  visible to 1 selected repository: 1 removed",
        "    - 1 not shown to this token",
    ] == fleet.flowforge("plan").lines[:2]
    assert (0, ("selected", ["acme/repo-001"])) == (fleet.flowforge("apply", "--yes").code, audience(fleet))
    assert [IN_SYNC] == fleet.flowforge("plan").lines


@pytest.mark.parametrize("list_alone", [False, True])
def test_a_repo_that_is_gone(found: "Fleet", list_alone: bool) -> None:  # noqa: FBT001 -- a parameter
    """A deleted repo is no difference; where GitHub refuses it in what is written, the line says what to do."""
    found.sandbox.world.delete_repo("acme/repo-002")
    shown(found)
    assert [IN_SYNC] == found.flowforge("plan").lines
    if list_alone:
        found.sandbox.world.set_topics("acme/repo-003", ["claude"])
    else:
        found.set_key()
    done = found.flowforge("apply", "--yes", "--allow-widening", "--format", "json")
    (error,) = [each["error"] for each in json.loads(done.out)["results"] if each["error"]]
    assert (3, "FF326") == (done.code, error["code"])
    assert "the list keeps 1 repository that this token cannot see" == error["why"]
    assert error["fix"].endswith(f"if they are gone, `flowforge state forget {ADDRESS}`, then apply")
    assert ("run it again: a repository may have been deleted" in error["fix"]) == list_alone
    assert 0 == found.flowforge("state", "forget", ADDRESS, "--yes").code
    assert 0 == found.flowforge("apply", "--yes", "--allow-widening").code
    assert [IN_SYNC] == found.flowforge("plan").lines


def test_a_refused_list_says_what_may_be_wrong_with_it(fleet: "Fleet") -> None:
    """A 422 of a list is not about a name or a length."""
    wants(fleet, "{repos: [acme/repo-001, acme/repo-002]}")
    assert 0 == fleet.flowforge("apply", "--yes").code
    wants(fleet, "{repos: [acme/repo-001]}")
    fleet.sandbox.world.faults.add(Fault(r"PUT .*/repositories", FaultKind.STATUS, status=422, message="No."))
    error = json.loads(fleet.flowforge("apply", "--yes", "--format", "json").out)["results"][1]["error"]
    assert "run it again: a repository may have been deleted or transferred since it was looked up" == error["fix"]


def test_a_saved_plan_knows_who_is_not_shown(found: "Fleet") -> None:
    """Who is to see it again, unseen, was approved as well: where the token is shown more, nobody loses it by that."""
    found.sandbox.world.delete_org_secret("acme", KEY)
    assert 0 == found.flowforge("plan", "--out", "p.json").code
    Draft202012Validator(json.loads(schema_text("plan-file"))).validate(json.loads(Path("p.json").read_text()))
    shown(found)
    found.sandbox.world.set_topics("acme/repo-002", [])
    refused = found.refused("apply", "p.json")
    said = f"{ADDRESS}/access: other repositories than in the plan are not shown to this token"
    assert (1, True) == (
        refused.code,
        f"FF027: GitHub has changed since the plan was saved; nothing was written\n  why: {said}" in refused.err,
    )
    shown(found, "acme/repo-001", "acme/repo-003")
    assert (0, BOTH) == (found.flowforge("apply", "p.json").code, audience(found))

"""`plan --offline`: the manifest against the state, with no token, no values and no request."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.plan.address import Address, Repo, Scope
from flowforge.resources import schema_text
from flowforge.state.file import StateFile

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

KEY = "ANTHROPIC_API_KEY"
HEAD = (
    "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
    "  new-key: {type: anthropic_api_key, from: {command: [touch, started]}}\n"
    "  federated:\n    type: anthropic_workload_identity\n    federation_rule_id: fdrl_01\n"
    "    organization_id: 00000000-0000-0000-0000-000000000000\n    service_account_id: svac_01\n"
)
ALONE = "GitHub was not asked: this plan compares the manifest with the state."


def _target(credential: str, *numbers: int, more: str = "") -> str:
    repos = ", ".join(f"acme/repo-00{number}" for number in numbers)
    return f"  - {{name: {credential}, repos: [{repos}], credential: {credential}{more}}}\n"


def offline(fleet: "Fleet", *args: str) -> "Done":
    """Plan without a token, where nothing answers and no source has a value."""
    fleet.requests()
    with fleet.monkeypatch.context() as patched:
        patched.delenv("FLOWFORGE_GITHUB_TOKEN")
        patched.setenv("GITHUB_API_URL", "https://nowhere.invalid")
        patched.delenv("ACME_KEY")
        done = fleet.refused("plan", "--offline", *args)
    assert {} == fleet.requests()
    assert not (fleet.folder / "started").exists()
    return done


def lines(fleet: "Fleet", *args: str) -> dict[str, Any]:
    """Plan offline, check the document against its schema, and give action and reason of each line."""
    document = json.loads(offline(fleet, "--format", "json", *args).out)
    Draft202012Validator(json.loads(schema_text("plan"))).validate(document)
    assert (True, 0, False) == (document["offline"], document["requests"], document["proven"])
    return {line["address"]: (line["action"], line["reason"]) for line in document["changes"]}


def test_every_change_that_the_state_can_know(fleet: "Fleet") -> None:
    """New, another credential, no longer named, declared absent, interrupted; all else is not checked."""
    fleet.manifest(f"{HEAD}targets:\n{_target('ci-key', 1, 2, 3, 4)}")
    fleet.flowforge("apply", "--yes")
    with StateFile.open(fleet.folder / "flowforge.state.json") as session:
        session.intend({Address(Scope(Repo.parse("acme/repo-004")), KEY): "hmac-sha256:00"})
    fleet.manifest(
        f"{HEAD}targets:\n{_target('ci-key', 1, 4, 5)}{_target('new-key', 2)}"
        f"absent:\n  - {{name: gone, repos: [acme/repo-003], secret: {KEY}}}\n"
        "  - {name: never, repos: [acme/repo-005], secret: OLD_KEY}\n"
    )
    expected = {
        f"acme/repo-001/actions/{KEY}": ("none", "not_checked"),
        f"acme/repo-002/actions/{KEY}": ("update", "credential_changed"),
        f"acme/repo-003/actions/{KEY}": ("delete", "declared_absent"),
        f"acme/repo-004/actions/{KEY}": ("update", "write_interrupted"),
        f"acme/repo-005/actions/{KEY}": ("create", "never_recorded"),
        "acme/repo-005/actions/OLD_KEY": ("none", "not_checked"),
    }
    assert expected == lines(fleet)
    assert {key: line for key, line in expected.items() if "repo-002" in key} == lines(fleet, "--limit", "repo-002")


def test_as_people_read_it(fleet: "Fleet") -> None:
    """It says what it is, names the credential of before, and claims nothing of GitHub."""
    fleet.manifest(f"{HEAD}targets:\n{_target('ci-key', 1, 2)}")
    fleet.flowforge("apply", "--yes")
    fleet.manifest(f"{HEAD}targets:\n{_target('ci-key', 1, 3)}{_target('new-key', 2)}")
    needs = "; cannot be applied without its value"
    assert [
        f"~ acme/repo-002  {KEY}  new-key  another credential than recorded{needs}",
        "    credential: ci-key -> new-key",
        f"+ acme/repo-003  {KEY}  ci-key   never recorded{needs}",
        "",
        "Plan: 1 to create, 1 to update, 0 to delete, 0 in sync, 3 values not checked.",
        "The plan is incomplete: see the lines above.",
        ALONE,
    ] == offline(fleet).lines


def test_nothing_to_know(fleet: "Fleet") -> None:
    """Where the two say the same nothing is claimed beyond that, whatever happened on GitHub."""
    fleet.flowforge("apply", "--yes")
    fleet.sandbox.world.delete_secret("acme/repo-001", KEY)
    fleet.sandbox.world.set_secret("acme/repo-002", KEY, "theirs")
    assert ["No changes found; 5 values not checked.", ALONE] == offline(fleet).lines
    assert f"= acme/repo-001  {KEY}  ci-key  not checked" == offline(fleet, "-v").lines[0]


def test_what_is_no_longer_named(fleet: "Fleet") -> None:
    """It is listed; under --prune it would be deleted, as far as the state knows; what is unfinished is no one's."""
    fleet.flowforge("apply", "--yes")
    fresh = Address(Scope(Repo.parse("acme/repo-005")), "UNFINISHED")
    with StateFile.open(fleet.folder / "flowforge.state.json") as session:
        session.intend({fresh: "hmac-sha256:00"})
    fleet.simple("acme/repo-001", "acme/repo-002", "acme/repo-003", "acme/repo-004")
    gone = f"acme/repo-005/actions/{KEY}"
    listed, pruned = lines(fleet), lines(fleet, "--prune")
    assert [("none", "not_named"), ("none", "write_interrupted")] == [listed[gone], listed[str(fresh)]]
    assert [("delete", "not_named"), ("blocked", "write_interrupted")] == [pruned[gone], pruned[str(fresh)]]


def test_brakes_that_the_state_can_know(fleet: "Fleet") -> None:
    """An emptied manifest is told to whoever reviews it."""
    fleet.flowforge("apply", "--yes")
    fleet.manifest("version: 1\ntargets: []\n")
    assert "apply will refuse this (FF501): " in offline(fleet).out


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_target("ci-key", 1, 2), 0),
        (_target("ci-key", 1, 2, 3), 2),
        (_target("new-key", 1, 2), 2),
        (_target("ci-key", 1, 2) + "  - {name: found, select: {org: acme}, credential: ci-key, secret: MORE}\n", 3),
    ],
    ids=["the same", "a repo more", "another credential", "a selector"],
)
def test_exit_codes(fleet: "Fleet", text: str, code: int) -> None:
    """As asked: 2 for changes, 3 for what cannot be known, and 0 for neither; without the flag always 0."""
    fleet.manifest(f"{HEAD}targets:\n{_target('ci-key', 1, 2)}")
    fleet.flowforge("apply", "--yes")
    fleet.manifest(f"{HEAD}targets:\n{text}")
    assert [code, 0] == [offline(fleet, *args).code for args in (("--detailed-exitcode",), ())]


def test_selectors_are_not_known(fleet: "Fleet") -> None:
    """What a selector means is shown as such, and what it may mean is not told as no longer named."""
    fleet.manifest(f"{HEAD}targets:\n  - {{name: found, select: {{org: acme}}, credential: ci-key}}\n")
    fleet.flowforge("apply", "--yes")
    shown = offline(fleet, "--prune").lines
    why = "which repos a selector finds is not known offline"
    assert f"! target found (flowforge.yaml:11:5)  its repositories are not known: {why}" in shown
    assert "    fix: run the plan without --offline to know it" in shown
    assert {("none", "not_seen")} == set(lines(fleet, "--prune").values())


def test_variables_are_compared_by_value(fleet: "Fleet") -> None:
    """The value of a variable stands in the manifest, and what was written in the state: a change is known."""
    fleet.manifest(f"{HEAD}targets:\n{_target('federated', 1)}")
    fleet.flowforge("apply", "--yes")
    fleet.manifest(f"{HEAD.replace('fdrl_01', 'fdrl_02')}targets:\n{_target('federated', 1)}")
    name = "acme/repo-001/variables/ANTHROPIC_FEDERATION_RULE_ID"
    found = lines(fleet)
    assert ("update", "value_changed") == found.pop(name)
    assert {("none", "not_checked")} == set(found.values())
    assert "value:" not in offline(fleet).out  # what GitHub holds is not known


def _org(visible_to: str, more: str = "") -> str:
    return f"{HEAD}targets:\n  - {{name: Org, org: acme, visible_to: {visible_to}, credential: ci-key}}\n{more}"


@pytest.mark.parametrize(
    ("visible_to", "sentence"),
    [
        ("{repos: [acme/repo-001, acme/repo-002]}", ""),
        ("{repos: [acme/repo-001, acme/repo-003]}", ""),  # as many, and the state does not know which
        ("all", "all repositories, recorded 2 selected repositories"),
        ("{repos: [acme/repo-001]}", "1 selected repository, recorded 2 selected repositories"),
    ],
)
def test_who_sees_an_organizations_secret(fleet: "Fleet", visible_to: str, sentence: str) -> None:
    """Another visibility or another number of repos is a change; as many may be others, and that is not checked."""
    fleet.manifest(_org("{repos: [acme/repo-001, acme/repo-002]}"))
    fleet.flowforge("apply", "--yes")
    fleet.manifest(_org(visible_to))
    document = json.loads(offline(fleet, "--format", "json").out)
    access = [line["sentence"] for line in document["changes"] if line["address"].endswith("/access")]
    assert ([f"who sees it changes: {sentence}"] if sentence else []) == access


def test_who_is_added_where_the_state_knows_the_repos(fleet: "Fleet") -> None:
    """Repos that have secrets of their own are known by their ids, so that another list is told repo by repo."""
    own = _target("ci-key", 1, 2, 3, more=", secret: OWN")
    fleet.manifest(_org("{repos: [acme/repo-001, acme/repo-002]}", own))
    fleet.flowforge("apply", "--yes")
    fleet.manifest(_org("{repos: [acme/repo-001, acme/repo-003]}", own))
    shown = offline(fleet).lines
    assert ["    + acme/repo-003", "    - acme/repo-002"] == [line for line in shown if line[4:5] in {"+", "-"}]


UNSAVED = (
    "error FF031: a plan that is made offline cannot be saved\n"
    "  why: it has not seen what it would change, so nobody can approve it\n"
    "  fix: save one that is made with a token\n"
)
UNLISTED = (
    "error FF031: --list-repos cannot be told offline\n"
    "  why: GitHub alone can say which repos a selector finds\n  fix: leave out one of the two\n"
)
UNSEEN = (
    "error FF031: --accept-drift means nothing offline\n"
    "  why: GitHub alone can say what was changed outside\n  fix: leave out one of the two\n"
)


@pytest.mark.parametrize(
    ("option", "expected"),
    [(("--out", "p.json"), UNSAVED), (("--list-repos",), UNLISTED), (("--accept-drift",), UNSEEN)],
)
def test_what_offline_cannot_give(fleet: "Fleet", option: tuple[str, ...], expected: str) -> None:
    """What needs GitHub is refused."""
    done = offline(fleet, *option)
    assert (1, "", expected) == (done.code, done.out, done.err)


def test_a_state_on_github_is_read_from_a_copy(fleet: "Fleet") -> None:
    """No request is made for it: a copy in the place of the state's file will do, and without one it is told how."""
    fleet.flowforge("apply", "--yes")
    manifest, state = fleet.folder / "flowforge.yaml", fleet.folder / "flowforge.state.json"
    manifest.write_text(manifest.read_text() + "state: {github: {repo: acme/ops}}\n")
    assert ["No changes found; 5 values not checked.", ALONE] == offline(fleet).lines
    state.unlink()
    done = offline(fleet)
    assert (
        f"error FF032: {state}: the state is on GitHub, and there is no copy of it here\n"
        "  fix: make one there: git fetch origin flowforge-state && "
        "git show FETCH_HEAD:flowforge.state.json > flowforge.state.json\n"
    ) == done.err


def test_what_is_to_be_proven(fleet: "Fleet") -> None:
    """What the state only assumes is a change under --prove; what was written is none, and a variable shows itself."""
    fleet.manifest(f"{HEAD}targets:\n{_target('ci-key', 1)}")
    fleet.flowforge("apply", "--yes")
    fleet.sandbox.world.set_secret("acme/repo-002", KEY, "theirs")
    fleet.sandbox.world.set_variable("acme/repo-003", "ANTHROPIC_SERVICE_ACCOUNT_ID", "svac_01")
    fleet.manifest(f"{HEAD}targets:\n{_target('ci-key', 1, 2)}{_target('federated', 3)}")
    assert 0 == fleet.flowforge("adopt", "--yes").code
    assumed = f"acme/repo-002/actions/{KEY}"
    found = lines(fleet, "--prove")
    assert {assumed: ("update", "to_prove")} == {
        name: line
        for name, line in found.items()
        if line not in {("none", "not_checked"), ("create", "never_recorded")}
    }
    assert ("none", "not_checked") == lines(fleet)[assumed]

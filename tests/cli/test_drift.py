"""What becomes of drift: overwritten, reported, accepted as assumed and proven later; and who keeps writing."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

REPO, NAME = "acme/repo-001", "ANTHROPIC_API_KEY"
HERE = f"{REPO}/actions/{NAME}"


def _edit(fleet: "Fleet", repo: str = REPO) -> None:
    """Write a secret behind our back, in a later second."""
    fleet.later()
    fleet.sandbox.world.set_secret(repo, NAME, "somebody else's")
    fleet.later()


def _writes(fleet: "Fleet") -> list[str]:
    return [route for route in fleet.requests() if not route.startswith("GET ")]


def _records(fleet: "Fleet") -> dict[str, dict[str, Any]]:
    """Return what the state holds, which fits its schema, by repo."""
    state = json.loads((fleet.folder / "flowforge.state.json").read_bytes())
    Draft202012Validator(json.loads(schema_text("state"))).validate(state)
    return {entry["repo"]: entry for entry in state["secrets"]}


def _document(fleet: "Fleet", *args: str) -> tuple[int, Any]:
    done = fleet.flowforge(*args, "--format", "json")
    document = json.loads(done.out)
    Draft202012Validator(json.loads(schema_text(args[0].replace("apply", "report")))).validate(document)
    return done.code, document


@pytest.mark.parametrize("place", ["credential", "target"])
def test_the_nearest_word_holds(fleet: "Fleet", place: str) -> None:
    """Report said by a credential, or by a target, is shown, counted, left and told, whatever the default is."""
    if place == "target":
        fleet.simple(more="    on_drift: report\ndefaults: {on_drift: overwrite}\n")
    else:
        fleet.simple(more="defaults: {on_drift: overwrite}\n")
        text = (fleet.folder / "flowforge.yaml").read_text("utf-8")
        fleet.manifest(text.replace("{env: ACME_KEY}", "{env: ACME_KEY}\n    on_drift: report"))
    fleet.flowforge("apply", "--yes")
    _edit(fleet)
    planned = fleet.flowforge("plan", "--detailed-exitcode")
    line = f"? {REPO}  {NAME}  ci-key  changed outside FlowForge; left as it is (on_drift: report)"
    assert (2, True) == (planned.code, line in planned.lines)
    fleet.requests()
    applied = fleet.flowforge("apply", "--yes")
    recap = f"{REPO} : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=0 left=1"
    assert (0, [], {line, recap} - {*applied.lines}) == (applied.code, _writes(fleet), set())


@pytest.mark.parametrize("policy", ["overwrite", "report"])
def test_drift_is_accepted_as_assumed(fleet: "Fleet", policy: str) -> None:
    """--accept-drift writes nothing, records GitHub's new time, and keeps assumed apart from proven."""
    fleet.simple(more=f"defaults: {{on_drift: {policy}}}\n")
    fleet.flowforge("apply", "--yes")
    before = _records(fleet)[REPO]
    _edit(fleet)
    code, planned = _document(fleet, "plan", "--accept-drift", "--detailed-exitcode")
    (line,) = [line for line in planned["changes"] if line["drift"]]
    assert (2, "none", True, HERE) == (code, line["action"], line["accepted"], line["address"])
    fleet.requests()
    applied = fleet.flowforge("apply", "--yes", "--accept-drift")
    assert (0, [], []) == (
        applied.code,
        _writes(fleet),
        [
            each
            for each in (
                f"? {REPO}  {NAME}  ci-key  changed outside FlowForge; recorded as it is (--accept-drift)",
                f"{REPO} : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=0 assumed=1",
            )
            if each not in applied.lines
        ],
    )
    now = line["updated_at"]
    assert {**before, "updated_at": now, "adopted": True, "drifted_at": now} == _records(fleet)[REPO]
    assert {HERE: ("none", "assumed")} == fleet.plan()
    assert ["No changes found; 1 assumed."] == fleet.flowforge("plan").lines
    assert (0, {"assumed": 1, "in_sync": 4}) == (
        (found := _document(fleet, "apply", "--yes"))[0],
        found[1]["counts"],
    )


def test_the_assumed_are_proven_by_a_write(fleet: "Fleet") -> None:
    """--prove plans a write of what is assumed alone, under a reason of its own; after it everything is in sync."""
    fleet.flowforge("apply", "--yes")
    _edit(fleet)
    fleet.flowforge("apply", "--yes", "--accept-drift")
    planned = fleet.flowforge("plan", "--prove")
    assert f"~ {REPO}  {NAME}  ci-key  assumed; written to prove it" == planned.lines[0]
    assert "Plan: 0 to create, 1 to update, 0 to delete, 4 in sync." in planned.lines
    assert 0 == fleet.flowforge("apply", "--yes", "--prove").code
    assert ["No changes. GitHub matches the manifest."] == fleet.flowforge("plan", "--prove").lines
    assert len({held[NAME] for held in fleet.held().values()}) == 1


def test_a_value_that_changed_is_written_whatever_was_accepted(fleet: "Fleet") -> None:
    """Acceptance is of the wanted value: where another one is wanted now, it is written under either policy."""
    fleet.flowforge("apply", "--yes")
    _edit(fleet)
    value = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes", "--accept-drift").code
    assert ({value}, {}) == ({held[NAME] for held in fleet.held().values()}, fleet.plan())


def test_a_value_that_was_not_read_is_not_accepted(fleet: "Fleet") -> None:
    """Without the value there is nothing that the secret could be assumed to hold: the drift stays."""
    fleet.flowforge("apply", "--yes")
    _edit(fleet)
    fleet.flowforge("apply", "--yes", "--accept-drift", "--skip-values")
    assert {HERE: ("update", "changed_outside")} == fleet.plan()
    assert not _records(fleet)[REPO]["adopted"]


def test_what_says_opposite_things_is_refused(fleet: "Fleet") -> None:
    """To prove the assumed and to assume what drifted are not meant at once."""
    done = fleet.refused("apply", "--yes", "--prove", "--accept-drift")
    assert 1 == done.code
    assert done.err == (
        "error FF019: --prove and --accept-drift say opposite things\n"
        "  why: one writes what is only assumed, the other assumes what was changed outside\n"
        "  fix: say one\n"
    )


def test_the_flags_have_no_variables(fleet: "Fleet") -> None:
    """What overwrites or assumes is said each time, and never by what a shell happens to hold."""
    fleet.flowforge("apply", "--yes")
    _edit(fleet)
    fleet.monkeypatch.setenv("FLOWFORGE_ACCEPT_DRIFT", "1")
    assert {HERE: ("update", "changed_outside")} == fleet.plan()
    fleet.flowforge("apply", "--yes", "--accept-drift")
    fleet.monkeypatch.delenv("FLOWFORGE_ACCEPT_DRIFT")
    fleet.monkeypatch.setenv("FLOWFORGE_PROVE", "1")
    assert {HERE: ("none", "assumed")} == fleet.plan()


WARNING = f"warning: {HERE}: changed outside FlowForge again, as before the last apply; something else writes this\n"


def test_something_else_writes_it(fleet: "Fleet") -> None:
    """Found changed outside by two applies running, overwritten in between, it is named; a quiet apply ends that."""
    fleet.flowforge("apply", "--yes")
    _edit(fleet)
    first = fleet.flowforge("apply", "--yes")
    _edit(fleet)
    planned, second = fleet.flowforge("plan"), fleet.flowforge("apply", "--yes")
    assert (False, True, True) == tuple(WARNING in each.err for each in (first, planned, second))
    quiet = fleet.flowforge("apply", "--yes")
    assert ("", "drifted_at" in _records(fleet)[REPO]) == (quiet.err, False)
    _edit(fleet)
    assert WARNING not in fleet.flowforge("apply", "--yes").err


def test_one_edit_that_is_left_is_one(fleet: "Fleet") -> None:
    """Under on_drift: report the same edit is found by every apply and is no second one; another edit is."""
    fleet.simple(more="defaults: {on_drift: report}\n")
    fleet.flowforge("apply", "--yes")
    _edit(fleet)
    assert [False] * 3 == [WARNING in fleet.flowforge("apply", "--yes").err for _ in range(3)]
    _edit(fleet)
    assert WARNING in fleet.flowforge("apply", "--yes").err
    assert WARNING not in fleet.flowforge("apply", "--yes").err


def test_many_that_something_else_writes_are_one_warning(fleet: "Fleet") -> None:
    """Three are named and the rest counted."""
    fleet.flowforge("apply", "--yes")
    fleet.later()  # an edit within the second of our own write cannot be told from it
    for _ in range(2):
        for repo in fleet.repos:
            fleet.sandbox.world.set_secret(repo, NAME, "somebody else's")
        fleet.later()
        done = fleet.flowforge("apply", "--yes")
        fleet.later()
    named = ", ".join(f"{repo}/actions/{NAME}" for repo in fleet.repos[:3])
    assert done.err == (
        f"warning: {named} and 2 more: changed outside FlowForge again, as before the last apply; something "
        "else writes these\n"
    )


def test_drift_of_an_organizations_secret_is_accepted_beside_a_new_list(fleet: "Fleet") -> None:
    """The value is recorded as it is, its list is written alone, and the value stays assumed with the list's time."""
    manifest = (
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "targets:\n  - {name: Org, org: acme, visible_to: {repos: [acme/repo-001, {0}]}, credential: ci-key}\n"
    )
    fleet.manifest(manifest.replace("{0}", "acme/repo-002"))
    fleet.flowforge("apply", "--yes")
    fleet.later()
    fleet.sandbox.world.set_org_secret(
        "acme", NAME, "somebody else's", visibility="selected", repos=["acme/repo-001", "acme/repo-002"]
    )
    fleet.later()
    fleet.manifest(manifest.replace("{0}", "acme/repo-003"))
    done = fleet.flowforge("apply", "--yes", "--accept-drift", "--allow-widening")
    world, where = fleet.sandbox.world, f"orgs/acme/actions/{NAME}"
    assert (0, {NAME: "somebody else's"}, ("selected", ["acme/repo-001", "acme/repo-003"])) == (
        done.code,
        world.reveal_org("acme"),
        world.org_audience("acme", NAME),
    )
    assert {where: ("none", "assumed")} == fleet.plan()

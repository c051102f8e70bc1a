"""`flowforge adopt`: what is there is remembered as assumed, after asking, and GitHub is only read."""

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.plan.address import Address, Repo, Scope
from flowforge.resources import schema_text
from flowforge.state.file import StateFile
from flowforge.state.session import StateSession
from tests.powers import unwritable

if TYPE_CHECKING:
    from flowforge.plan.facts import Record
    from tests.cli.conftest import Fleet

NAME = "ANTHROPIC_API_KEY"
RULE, ORG = "ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID"
UUID = "00000000-0000-0000-0000-00000000000a"
NOTHING = ["Nothing to adopt."]


def _there(fleet: "Fleet", *repos: str) -> None:
    """Set the secret behind our back, as those before us did."""
    for repo in repos or fleet.repos:
        fleet.sandbox.world.set_secret(repo, NAME, "set by hand")


def _records(fleet: "Fleet") -> dict[str, Any]:
    state = json.loads((fleet.folder / "flowforge.state.json").read_bytes())
    Draft202012Validator(json.loads(schema_text("state"))).validate(state)
    return {f"{entry.get('repo') or entry['org']} {entry['name']}": entry for entry in state["secrets"]}


def _document(fleet: "Fleet", *args: str) -> tuple[int, Any]:
    done = fleet.flowforge("adopt", "--yes", "--format", "json", *args)
    document = json.loads(done.out)
    Draft202012Validator(json.loads(schema_text("adoption"))).validate(document)
    return done.code, document


def test_what_is_there_is_recorded_and_nothing_is_written(fleet: "Fleet") -> None:
    """Two of five are there: they are shown and recorded; a plan assumes them, and apply writes the others alone."""
    _there(fleet, *fleet.repos[:2])
    fleet.requests()
    done = fleet.flowforge("adopt", "--yes")
    routes = [route for route in fleet.requests() if not route.startswith("GET ")]
    records = _records(fleet)
    first, second = (records[f"{repo} {NAME}"]["updated_at"] for repo in fleet.repos[:2])
    assert (0, "", []) == (done.code, done.err, routes)
    assert done.lines == [
        f"= acme/repo-001  {NAME}  ci-key  will be assumed to hold its value; last changed {first}",
        f"= acme/repo-002  {NAME}  ci-key  will be assumed to hold its value; last changed {second}",
        "",
        "2 secrets to be recorded as assumed.",
        "Recorded: 2 assumed, 0 proven.",
        "Run `flowforge apply --prove` to write the assumed ones and prove them.",
    ]
    assert "Plan: 3 to create, 0 to update, 0 to delete, 0 in sync, 2 assumed." in fleet.flowforge("plan").lines
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert "set by hand" == fleet.held()["acme/repo-001"][NAME]
    assert ["No changes found; 2 assumed."] == fleet.flowforge("plan").lines
    value = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {value} == {held[NAME] for held in fleet.held().values()}


def test_a_record_says_that_nothing_was_written(fleet: "Fleet") -> None:
    """It has today's fingerprint, GitHub's time and the repo's id, the mark, and neither key nor time of a write."""
    _there(fleet, "acme/repo-001")
    fleet.flowforge("adopt", "--yes")
    fleet.flowforge("apply", "--yes")
    records = _records(fleet)
    adopted, written = (records[f"acme/repo-00{number} {NAME}"] for number in (1, 2))
    assert written.pop("public_key")
    assert adopted == written | {
        "repo": "acme/repo-001",
        "repo_id": adopted["repo_id"],
        "updated_at": adopted["updated_at"],
        "value_since": adopted["updated_at"],
        "written_at": "",
        "adopted": True,
    }
    assert 0 not in {adopted["repo_id"], adopted["repo_id"] - written["repo_id"]}


def test_the_adopted_are_watched_and_proven(fleet: "Fleet") -> None:
    """An edit is drift, a deletion is seen, --prune is blocked, and --prove makes the rest proof."""
    _there(fleet)
    fleet.flowforge("adopt", "--yes")
    fleet.later()
    fleet.sandbox.world.set_secret("acme/repo-001", NAME, "again")
    fleet.sandbox.world.delete_secret("acme/repo-002", NAME)
    fleet.simple(*fleet.repos[:4])
    document = json.loads(fleet.flowforge("plan", "--prune", "--prove", "--format", "json").out)
    assert [
        ("update", "changed_outside"),
        ("create", "deleted_outside"),
        ("update", "to_prove"),
        ("update", "to_prove"),
        ("blocked", "not_ours"),
    ] == [(line["action"], line["reason"]) for line in document["changes"]]
    value = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes", "--prove").code
    assert {value} == {held[NAME] for repo, held in fleet.held().items() if repo != "acme/repo-005"}


def test_the_document(fleet: "Fleet") -> None:
    """Assumed, proven, left and blocked are told apart, and the whole fits its schema."""
    _there(fleet, "acme/repo-001")
    world = fleet.sandbox.world
    world.set_variable("acme/repo-001", RULE, "fdrl_1")
    world.set_variable("acme/repo-001", ORG, "another")
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        f"  federated: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}\n"
        "targets:\n  - {name: Keys, repos: [acme/repo-001, acme/none], credential: ci-key}\n"
        "  - {name: CI, repos: [acme/repo-001], credential: federated}\n"
    )
    code, document = _document(fleet)
    assert (3, 3, False, {"assumed": 1, "proven": 1, "left": 1, "blocked": 1}) == (
        code,
        document["exit_code"],
        document["complete"],
        document["counts"],
    )
    assert [(NAME, True), (RULE, False)] == [(each["secret"], each["assumed"]) for each in document["recorded"]]
    assert [("unreadable", True), ("never_applied", False)] == [
        (each["reason"], each["blocked"]) for each in document["not_recorded"]
    ]
    records = _records(fleet)
    assert {f"acme/repo-001 {NAME}", f"acme/repo-001 {RULE}"} == records.keys()
    assert len({record["repo_id"] for record in records.values()} - {0}) == 1


def test_what_is_not_recorded_is_said(fleet: "Fleet") -> None:
    """A variable with another value is left to apply, with both values; what cannot be read is blocked."""
    fleet.sandbox.world.set_variable("acme/repo-001", RULE, "fdrl_1")
    fleet.sandbox.world.set_variable("acme/repo-001", ORG, "another")
    fleet.manifest(
        "version: 1\ncredentials:\n"
        f"  federated: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}\n"
        "targets:\n  - {name: CI, repos: [acme/repo-001, acme/none], credential: federated}\n"
    )
    fleet.requests()
    done = fleet.flowforge("adopt", "--yes")
    assert [] == [route for route in fleet.requests() if not route.startswith("GET ")]
    assert (3, "1 variable as it is, 1 left to apply, 2 blocked.", "Recorded: 0 assumed, 1 proven.") == (
        done.code,
        *done.lines[-2:],
    )
    assert {
        f"~ acme/repo-001  variables  {ORG}     federated  never applied by FlowForge",
        f"    value: another -> {UUID}",
    } <= {*done.lines}
    assert 0 != _records(fleet)[f"acme/repo-001 {RULE}"]["repo_id"]


def test_an_organizations_secret_keeps_who_sees_it(fleet: "Fleet") -> None:
    """Its list is recorded as it is; what the manifest wants otherwise is left to apply, which leaves the value."""
    fleet.sandbox.world.set_org_secret("acme", NAME, "set by hand", visibility="selected", repos=["acme/repo-003"])
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "targets:\n  - {name: Org, org: acme, visible_to: {repos: [acme/repo-001]}, credential: ci-key}\n"
    )
    done = fleet.refused("adopt")
    assert 1 == done.code
    assert 0 == fleet.flowforge("adopt", "--yes").code
    record = _records(fleet)[f"acme {NAME}"]
    assert (True, "selected", 1, 0) == (
        record["adopted"],
        record["visibility"],
        len(record["repo_ids"]),
        record["repo_id"],
    )
    where = f"orgs/acme/actions/{NAME}"
    assert {where: ("none", "assumed"), f"{where}/access": ("update", "access_changed")} == fleet.plan()
    fleet.later()
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-widening").code
    assert ("selected", ["acme/repo-001"]) == fleet.sandbox.world.org_audience("acme", NAME)
    assert {NAME: "set by hand"} == fleet.sandbox.world.reveal_org("acme")
    assert {where: ("none", "assumed")} == fleet.plan()


def test_a_write_under_way_is_not_adopted_away(fleet: "Fleet") -> None:
    """What an interrupted apply may have written stays pending: adopt says so, and the next apply writes it."""
    _there(fleet)
    here = Address(Scope(Repo.parse("acme/repo-001")), NAME)
    with StateFile.open(fleet.folder / "flowforge.state.json") as session:
        session.intend({here: "hmac-sha256:00"})
    done = fleet.flowforge("adopt", "--yes")
    assert (0, f"~ acme/repo-001  {NAME}  ci-key  a write was interrupted") == (done.code, done.lines[4])
    assert "4 secrets to be recorded as assumed, 1 left to apply." in done.lines
    assert ("update", "write_interrupted") == fleet.plan()[str(here)]


@pytest.mark.parametrize("prepared", ["nothing is there", "all is remembered", "nothing is wanted"])
def test_nothing_to_adopt(fleet: "Fleet", prepared: str) -> None:
    """Nothing is asked and no state is written; what apply wrote is not turned into what is assumed."""
    if prepared == "all is remembered":
        fleet.flowforge("apply", "--yes")
    if prepared == "nothing is wanted":
        fleet.manifest("version: 1\ntargets: []\n")
    done = fleet.refused("adopt", "--yes")
    assert (0, NOTHING, "") == (done.code, done.lines, done.err)


def test_limits_choose(fleet: "Fleet") -> None:
    """--limit and --exclude say which lines are adopted, as for a plan."""
    _there(fleet)
    fleet.flowforge("adopt", "--yes", "--limit", "repo-00[1-3]", "--exclude", "repo-002")
    assert {f"acme/repo-001 {NAME}", f"acme/repo-003 {NAME}"} == _records(fleet).keys()


def test_values_are_needed(fleet: "Fleet") -> None:
    """Without values nothing can be assumed: not asked for, or not to be had, is refused and nothing is recorded."""
    _there(fleet)
    skipped = fleet.refused("adopt", "--yes", "--skip-values")
    assert skipped.err == (
        "error FF018: adopt needs the values\n"
        "  why: a secret is recorded as holding the value that its source gives now\n"
        "  fix: say it without --skip-values\n"
    )
    fleet.monkeypatch.delenv("ACME_KEY")
    missing = fleet.refused("adopt", "--yes")
    assert (1, 1, True) == (
        skipped.code,
        missing.code,
        missing.err.endswith("; --exclude and --tags leave out what needs it\n"),
    )
    assert (
        'error FF221: credential "ci-key": value not available: env ACME_KEY is unset; nothing was written\n'
        in missing.err
    )


def test_nobody_to_ask(fleet: "Fleet") -> None:
    """Without a terminal --yes is needed, and for JSON too."""
    _there(fleet)
    done = fleet.refused("adopt")
    expected = "error FF008: adopt cannot ask for approval\n  why: stdin is not a terminal\n  fix: say --yes\n"
    assert (1, expected) == (done.code, done.err)


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1)])
def test_only_yes_is_yes(fleet: "Fleet", answer: str, code: int) -> None:
    """What would be recorded is shown before the question, and a no records nothing."""
    _there(fleet)
    fleet.answers(answer)
    done = fleet.flowforge("adopt") if code == 0 else fleet.refused("adopt")
    question = "\nRecord 5 secrets as they are? Only 'yes' is accepted.\n"
    refused = (
        "error FF013: adopt was not approved\n  why: nothing was recorded\n"
        "  fix: answer yes to record them, in full; --yes records without asking\n"
    )
    assert (code, question + refused * code) == (done.code, done.err)
    assert "5 secrets to be recorded as assumed." in done.lines


def test_one_is_asked_about_as_one(fleet: "Fleet") -> None:
    """The question counts in words."""
    _there(fleet)
    fleet.answers("yes")
    assert (
        "\nRecord 1 secret as it is? Only 'yes' is accepted.\n" == fleet.flowforge("adopt", "-l", "acme/repo-001").err
    )


@pytest.mark.slow
def test_a_fleet_is_adopted_at_once(fleet: "Fleet") -> None:
    """A thousand are recorded with the reads that a plan takes, and the take-over brake holds none of them."""
    fleet.grow(1_000)
    _there(fleet)
    assert "`flowforge adopt` records these secrets as they are" in fleet.flowforge("plan").out
    code, document = _document(fleet, "-q")
    assert (0, {"assumed": 1_000, "proven": 0, "left": 0, "blocked": 0}) == (code, document["counts"])
    assert 1_000 == len(_records(fleet))


def test_ctrl_c_in_the_middle(fleet: "Fleet") -> None:
    """What was recorded before it is, the rest is not, and the count says how many; the next adopt takes the rest."""
    _there(fleet)
    real = StateSession.record

    def record(session: StateSession, address: Address, entry: "Record") -> None:
        real(session, address, entry)
        if address.scope.repo.key == "acme/repo-002":
            os.kill(os.getpid(), signal.SIGINT)

    fleet.monkeypatch.setattr(StateSession, "record", record)
    done = fleet.flowforge("adopt", "--yes")
    said = "interrupted; what is counted above is recorded, and nothing was written to GitHub\n"
    assert (130, "Recorded: 2 assumed, 0 proven.", True) == (done.code, done.lines[-2], done.err.endswith(said))
    assert 2 == len(_records(fleet))
    assert (0, 3) == ((again := _document(fleet))[0], again[1]["counts"]["assumed"])


def test_ctrl_c_at_the_question(fleet: "Fleet") -> None:
    """It ends the run with nothing recorded."""
    _there(fleet)

    def leave() -> str:
        raise KeyboardInterrupt

    fleet.answers(leave)
    assert 130 == fleet.refused("adopt").code


def test_a_folder_that_cannot_be_written(fleet: "Fleet") -> None:
    """Where nothing can be recorded that is an error of the run, before any of it is."""
    _there(fleet)
    where = fleet.folder / "flowforge.state.json.lock-holder"
    with unwritable(where) as reason:
        done = fleet.flowforge("adopt", "--yes")
    assert 1 == done.code
    assert done.err == (
        f"error FF401: {where}: cannot lock the state\n  why: {reason}\n"
        "  fix: check the disk's space, the permissions and the path\n"
    )
    assert not (fleet.folder / "flowforge.state.json").exists()


def test_whom_a_selector_finds_after_an_adoption_is_new(fleet: "Fleet") -> None:
    """What is found when secrets are adopted is admitted; a repo that comes later is held back as after an apply."""
    for repo in fleet.repos[:2]:
        fleet.sandbox.world.set_topics(repo, ["claude"])
    _there(fleet, *fleet.repos[:2])
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "targets:\n  - {name: All, select: {org: acme, topics: [claude]}, credential: ci-key}\n"
    )
    assert 0 == fleet.flowforge("adopt", "--yes").code
    fleet.later()
    fleet.sandbox.world.set_topics(fleet.repos[2], ["claude"])
    refused = fleet.refused("apply", "--yes")
    assert (4, True) == (refused.code, "FF505: new to target All, and not admitted yet: acme/repo-003" in refused.err)

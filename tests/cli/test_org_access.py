"""Organization secrets where something is in the way: who may not, what is not there, kills, and what gh says."""

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind, Level, Token, TokenKind
from flowforge.sandbox.rules.faults import Faults

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"
VALUE, ACCESS = f"orgs/acme/actions/{KEY}", f"orgs/acme/actions/{KEY}/access"
CROWDED = (
    "100 secrets of the organization come before it in the alphabet; "
    "a workflow sees the first 100 that its repository may see"
)
IN_SYNC = "No changes. GitHub matches the manifest."


def wants(fleet: "Fleet", visible_to: str, more: str = "", *, kind: str = "anthropic_api_key") -> None:
    """Write a manifest that wants the key as a secret of acme. more: further targets, or sections of the file."""
    fleet.manifest(
        f"version: 1\ncredentials:\n  ci-key: {{type: {kind}, from: {{env: ACME_KEY}}}}\n"
        f"targets:\n  - {{name: Org, org: acme, visible_to: {visible_to}, credential: ci-key}}\n{more}"
    )


def planned(fleet: "Fleet", *args: str) -> Any:  # noqa: ANN401 -- JSON
    """Plan, and give the document."""
    return json.loads(fleet.flowforge("plan", "--format", "json", *args).out)


def apply(fleet: "Fleet", *args: str) -> int:
    """Apply, and give how it ended."""
    return fleet.flowforge("apply", "--yes", "--allow-widening", *args).code


def audience(fleet: "Fleet") -> tuple[str, list[str]]:
    """Return who sees the key in truth."""
    return fleet.sandbox.world.org_audience("acme", KEY)


@pytest.mark.parametrize(
    ("token", "detail", "fix"),
    [
        (
            Token(permissions={"organization_secrets": Level.NONE}),
            "no permission: GitHub accepts organization_secrets=read",
            "give the token (FLOWFORGE_GITHUB_TOKEN) that permission",
        ),
        (
            Token(TokenKind.CLASSIC, scopes=("repo",)),
            'no permission: "Must have admin rights to Repository."',
            "give the token (FLOWFORGE_GITHUB_TOKEN) the scope admin:org",
        ),
    ],
    ids=["fine-grained", "classic"],
)
def test_a_token_that_may_not(fleet: "Fleet", token: Token, detail: str, fix: str) -> None:
    """The value's line is blocked and names the permission; nothing is said or done of who sees it."""
    fleet.sandbox.world.add_token(fleet.sandbox.token, token)
    wants(fleet, "all")
    (line,) = planned(fleet)["changes"]
    assert (VALUE, "blocked", "unreadable", detail, fix) == tuple(
        line[key] for key in ("address", "action", "reason", "sentence", "fix")
    )


@pytest.mark.parametrize("level", [Level.NONE, Level.READ], ids=["blocked", "refused"])
@pytest.mark.parametrize("prune", [False, True])
def test_no_repo_loses_what_the_organization_cannot_get(fleet: "Fleet", level: Level, prune: bool) -> None:  # noqa: FBT001 -- a parameter
    """Moved from repos to their organization, a key stays where it is as long as the organization has none."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.sandbox.world.add_token(fleet.sandbox.token, Token(permissions={"organization_secrets": level}))
    wants(fleet, "all", "" if prune else f"absent: [{{name: Old, repos: [acme/repo-001], secret: {KEY}}}]\n")
    before, args = fleet.held(), ("--prune",) if prune else ()
    assert (3, before) == (fleet.flowforge("apply", "--yes", *args).code, fleet.held())
    fleet.sandbox.world.add_token(fleet.sandbox.token, Token())
    assert 0 == fleet.flowforge("apply", "--yes", *args).code
    assert ({}, [KEY]) == (fleet.held()["acme/repo-001"], list(fleet.sandbox.world.reveal_org("acme")))


def test_the_organization_loses_nothing_that_a_repo_cannot_get(fleet: "Fleet") -> None:
    """Moved from the organization to repos, a key stays there until each of them has it."""
    world = fleet.sandbox.world
    wants(fleet, "all")
    assert 0 == apply(fleet)
    fleet.simple(more=f"absent: [{{name: Old, org: acme, secret: {KEY}}}]\n")
    world.faults.add(Fault(r"PUT /repos/acme/repo-003/", FaultKind.STATUS, status=422, message="No."))
    assert (3, [KEY]) == (apply(fleet), list(world.reveal_org("acme")))
    world.archive_repo("acme/repo-004")
    world.delete_secret("acme/repo-004", KEY)
    assert (3, [KEY]) == (apply(fleet), list(world.reveal_org("acme")))
    fleet.simple("acme/repo-001", "acme/repo-003", more=f"absent: [{{name: Old, org: acme, secret: {KEY}}}]\n")
    assert (0, []) == (apply(fleet), list(world.reveal_org("acme")))


def test_no_such_organization(fleet: "Fleet") -> None:
    """A name that is nobody's, and a user's: GitHub says the same of both, and hides no organization from anybody."""
    fleet.sandbox.world.create_user("somebody")
    for name in ("nowhere", "somebody"):
        wants(fleet, "all")
        fleet.manifest((fleet.folder / "flowforge.yaml").read_text().replace("acme", name))
        (line,) = planned(fleet)["changes"]
        assert (
            "there is no such organization",
            "check its name; of a user, name repos",
        ) == (line["sentence"], line["fix"])


def test_a_token_that_may_read_alone(fleet: "Fleet") -> None:
    """The first write tells; both lines fail with it, and nothing is left open in the state."""
    token = Token(permissions={"organization_secrets": Level.READ})
    fleet.sandbox.world.add_token(fleet.sandbox.token, token)
    wants(fleet, "private")
    done = fleet.flowforge("apply", "--yes", "--format", "json")
    results = json.loads(done.out)["results"]
    assert (3, [(VALUE, "failed", "FF320"), (ACCESS, "failed", "FF320")]) == (
        done.code,
        [(each["address"], each["outcome"], each["error"]["code"]) for each in results],
    )
    fleet.sandbox.world.add_token(fleet.sandbox.token, Token())
    assert ["missing", "missing"] == [line["reason"] for line in planned(fleet)["changes"]]


def test_a_repo_that_cannot_be_found_blocks_the_whole_list(fleet: "Fleet") -> None:
    """A list is written whole or not at all; what is missing, renamed or archived is named."""
    world = fleet.sandbox.world
    wants(fleet, "{repos: [acme/repo-001, acme/repo-002]}")
    assert 0 == apply(fleet)
    world.rename_repo("acme/repo-003", "acme/moved")
    world.archive_repo("acme/repo-004")
    for repo, said in (
        ("acme/nowhere", "not found, or invisible to this token"),
        ("acme/repo-003", "renamed to acme/moved"),
        ("acme/repo-004", "archived, so it is read-only"),
    ):
        wants(fleet, f"{{repos: [acme/repo-001, {repo}]}}")
        (line,) = planned(fleet)["changes"]
        assert ("blocked", f"{repo}, which is to see it: {said}") == (line["action"], line["sentence"])
        assert (3, ("selected", ["acme/repo-001", "acme/repo-002"])) == (apply(fleet), audience(fleet))


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.PARTIAL])
def test_a_list_cut_short_blocks_it(fleet: "Fleet", kind: FaultKind) -> None:
    """Who sees it is never taken from a part of a list."""
    wants(fleet, "{repos: [acme/repo-001, acme/repo-002]}")
    assert 0 == apply(fleet)
    fleet.sandbox.world.faults.add(Fault(r"/repositories\?", kind))
    (line,) = planned(fleet)["changes"]
    assert ("blocked", "cut_short") == (line["action"], line["why"])
    assert [IN_SYNC] == fleet.flowforge("plan").lines


def test_a_hundred_and_forty_repos(fleet: "Fleet") -> None:
    """Their ids come from two pages of the owner's list, and from the secret's own, read twice, when it is there."""
    fleet.grow(140)
    repos = fleet.repos
    wants(fleet, f"{{repos: [{', '.join(repos)}]}}")
    fleet.requests()
    assert 140 == len(planned(fleet)["changes"][1]["access"]["added"])
    assert 2 == fleet.requests()["GET /orgs/{owner}/repos"]
    assert (0, sorted(repos)) == (apply(fleet), audience(fleet)[1])
    fleet.requests()
    assert [IN_SYNC] == fleet.flowforge("plan").lines
    assert {
        "GET /orgs/{owner}/actions/secrets": 1,
        "GET /orgs/{owner}/actions/secrets/{name}/repositories": 4,
    } == fleet.requests()


def test_a_selector_says_who_sees_it(fleet: "Fleet") -> None:
    """What it finds sees it, also a new repo once that is admitted; --list-repos says by which line."""
    world = fleet.sandbox.world
    for repo in ("acme/repo-002", "acme/repo-005"):
        world.set_topics(repo, ["claude"])
    wants(fleet, "{select: {org: acme, topics: [claude]}}")
    assert (0, ("selected", ["acme/repo-002", "acme/repo-005"])) == (apply(fleet), audience(fleet))
    world.set_topics("acme/repo-001", ["claude"])
    assert 4 == fleet.refused("apply", "--yes").code
    listed = json.loads(fleet.flowforge("plan", "--list-repos", "--format", "json").out)["repos"]
    assert [(f"acme/repo-00{number}", ["target Org"]) for number in (1, 2, 5)] == [
        (each["repo"], each["selected_by"]) for each in listed
    ]
    assert (0, 3) == (apply(fleet), len(audience(fleet)[1]))


def test_a_deletion_outside_admits_nobody(fleet: "Fleet") -> None:
    """A secret that somebody deleted comes back to those who saw it; who did not is let in by the flag alone."""
    world = fleet.sandbox.world
    world.set_topics("acme/repo-001", ["claude"])
    wants(fleet, "{select: {org: acme, topics: [claude]}}")
    assert 0 == apply(fleet)
    world.delete_org_secret("acme", KEY)
    assert (0, ("selected", ["acme/repo-001"])) == (fleet.flowforge("apply", "--yes").code, audience(fleet))
    world.delete_org_secret("acme", KEY)
    world.set_topics("acme/repo-002", ["claude"])
    done = fleet.refused("apply", "--yes")
    assert (4, f"error FF506: {KEY} of acme would be visible to acme/repo-002; nothing was written") == (
        done.code,
        done.err.splitlines()[0],
    )
    assert "to be visible to 2 selected repositories; more can see it" == planned(fleet)["changes"][1]["sentence"]
    for wider in ("private", "all"):
        wants(fleet, wider)
        assert 4 == fleet.refused("apply", "--yes").code
    assert (0, ("all", [])) == (apply(fleet), audience(fleet))
    world.delete_org_secret("acme", KEY)
    wants(fleet, "{repos: [acme/repo-001]}")
    assert (0, ("selected", ["acme/repo-001"])) == (fleet.flowforge("apply", "--yes").code, audience(fleet))


def test_validate_counts_organizations(fleet: "Fleet") -> None:
    """They are no repos."""
    wants(fleet, "all", "  - {name: R, repos: [acme/repo-001], credential: ci-key}\n")
    assert "The manifest is valid: 2 secrets in 1 repo and 1 organization.\n" == fleet.flowforge("validate").out
    document = json.loads(fleet.flowforge("validate", "--format", "json").out)
    assert (2, 1, 1) == (document["secrets"], document["repos"], document["organizations"])


def test_another_name_of_the_credential_stays(fleet: "Fleet") -> None:
    """The same value by another credential, and another list, at once: the state has the new name."""
    wants(fleet, "{repos: [acme/repo-001, acme/repo-002]}")
    assert 0 == apply(fleet)
    fleet.later()
    wants(fleet, "{repos: [acme/repo-001]}")
    manifest = fleet.folder / "flowforge.yaml"
    manifest.write_text(manifest.read_text().replace("ci-key", "new-name"))
    assert 0 == apply(fleet)
    (record,) = json.loads((fleet.folder / "flowforge.state.json").read_text())["secrets"]
    assert ("new-name", "selected", 1) == (record["credential"], record["visibility"], len(record["repo_ids"]))
    assert [IN_SYNC] == fleet.flowforge("plan").lines


def test_limit_shrinks_no_list(fleet: "Fleet") -> None:
    """--limit of a repo leaves the organization's line out; of the organization, plans it whole."""
    wants(
        fleet, "{repos: [acme/repo-001, acme/repo-002]}", "  - {name: R, repos: [acme/repo-001], credential: ci-key}\n"
    )
    own = f"acme/repo-001/actions/{KEY}"
    assert [own] == [line["address"] for line in planned(fleet, "--limit", "acme/repo-001")["changes"]]
    assert [own] == [line["address"] for line in planned(fleet, "--exclude", "acme")["changes"]]
    lines = planned(fleet, "--limit", "ACME")["changes"]
    assert ([VALUE, ACCESS], 2) == ([line["address"] for line in lines], len(lines[1]["access"]["added"]))


def test_warnings(fleet: "Fleet") -> None:
    """A Free plan, a repo's own secret, a hundred secrets before ours, and a person's token for all."""
    world = fleet.sandbox.world
    world.set_plan("acme", "free")
    for number in range(100):
        world.set_org_secret("acme", f"A{number:03}", "x")
    wants(fleet, "private", "  - {name: R, repos: [acme/repo-001], credential: ci-key}\n")
    free = "acme is on GitHub's Free plan: its private repositories do not see organization"
    assert [
        f"{free} secrets",
        f"{VALUE}: {CROWDED}",
        f"{VALUE}: acme/repo-001: a secret of the repository's own shadows it",
    ] == planned(fleet)["warnings"]
    fleet.set_key(kind="oat01")
    for visible_to, said in (
        ("all", ["one OAuth token for a whole organization"]),
        ("{repos: [acme/repo-001, acme/repo-002]}", ["one OAuth token for 2 repos"]),
        ("{repos: [acme/repo-001]}", []),
    ):
        wants(fleet, visible_to, kind="claude_code_oauth_token")
        warnings = [text for text in planned(fleet)["warnings"] if "OAuth" in text]
        assert [f"credential ci-key: {each}" for each in said] == [text.partition(";")[0] for text in warnings]


def test_a_free_plan_is_not_asked_of_where_nothing_changes(fleet: "Fleet") -> None:
    """An in-sync plan of an organization's secret costs its one list."""
    wants(fleet, "all")
    assert 0 == apply(fleet)
    fleet.requests()
    assert [IN_SYNC] == fleet.flowforge("plan").lines
    assert {"GET /orgs/{owner}/actions/secrets": 1} == fleet.requests()


def test_a_list_whose_answer_was_lost_is_put_again(fleet: "Fleet") -> None:
    """The same list put twice is the same; its time is read after the second."""
    wants(fleet, "{repos: [acme/repo-001, acme/repo-002]}")
    assert 0 == apply(fleet)
    fleet.later()
    wants(fleet, "{repos: [acme/repo-001]}")
    fleet.sandbox.world.faults.add(Fault(r"PUT .*/repositories", FaultKind.RESET_AFTER))
    done = fleet.flowforge("apply", "--yes")
    assert (0, ("selected", ["acme/repo-001"])) == (done.code, audience(fleet)), done
    assert [IN_SYNC] == fleet.flowforge("plan").lines


class _Killer(Faults):
    """The end of a process when so many requests have come in."""

    def __init__(self, process: "subprocess.Popen[bytes]", requests: int) -> None:
        super().__init__()
        self._process, self._left = process, requests

    def strike(self, method: str, target: str) -> Fault | None:
        """Count the request, which is carried out whatever becomes of who asked."""
        self._left -= 1
        if self._left == 0:
            self._process.kill()
        return super().strike(method, target)


@pytest.mark.slow
@pytest.mark.parametrize("value_too", [False, True])
def test_a_kill_at_any_request_loses_nothing(fleet: "Fleet", value_too: bool) -> None:  # noqa: FBT001 -- a parameter
    """Killed at each request from the first write on, of a list alone and of both: the next apply makes both right."""
    world, lists = fleet.sandbox.world, ("{repos: [acme/repo-001]}", "{repos: [acme/repo-001, acme/repo-002]}")
    value = fleet.set_key()
    wants(fleet, lists[0])
    assert 0 == apply(fleet)
    for request in range(5, 8):
        fleet.later()
        value = fleet.set_key() if value_too else value
        wants(fleet, lists[request % 2])
        command = [sys.executable, "-m", "flowforge", "apply", "--yes", "--allow-widening"]
        process = subprocess.Popen(
            command, cwd=fleet.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        world.faults = _Killer(process, request)
        process.wait()
        fleet.sandbox.settle()
        world.faults = Faults()
        reasons = {line["reason"] for line in planned(fleet)["changes"]}
        assert not reasons & {"changed_outside", "value_changed_and_outside"}
        assert 0 == apply(fleet)
        expected = ["acme/repo-001", "acme/repo-002"][: request % 2 + 1]
        assert (("selected", expected), {KEY: value}) == (audience(fleet), world.reveal_org("acme"))
        assert [IN_SYNC] == fleet.flowforge("plan").lines


def test_the_documents_fit_their_schemas(fleet: "Fleet") -> None:
    """Plan, report and state of an organization's secrets are what their schemas say, a refusal and a deletion too."""
    wants(fleet, "{repos: [acme/repo-001]}", "absent: [{name: Old, org: acme, secret: OLD_KEY}]\n")
    fleet.sandbox.world.set_org_secret("acme", "OLD_KEY", "x", visibility="all")
    fits("plan", planned(fleet))
    fits("report", json.loads(fleet.flowforge("apply", "--yes", "--format", "json").out))
    wants(fleet, "all")
    fits("plan", planned(fleet))
    fits("error", json.loads(fleet.flowforge("apply", "--yes", "--format", "json").out))
    fits("state", json.loads((fleet.folder / "flowforge.state.json").read_text()))


def fits(name: str, document: object) -> None:
    """Check a document, as strictly as its schema is."""
    Draft202012Validator(json.loads(schema_text(name))).validate(document)

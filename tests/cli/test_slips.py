"""A list that changes while it is paged: nobody slips through it, and what slips is not taken for missing."""

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.sandbox import Token, TokenKind
from flowforge.sandbox.rules.faults import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"
IDENTITY = "00000000-0000-0000-0000-00000000000a"
HEAD = (
    "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
    f"  f: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {IDENTITY}}}\n"
)
IN_SYNC = "No changes. GitHub matches the manifest."
CHANGED = "the list was cut short: it changed each time it was read"
# The repos of big, 120 of them, each list in its order: an organization's has the newest first.
ORG, TEAM, GIVEN = r"GET /orgs/big/repos\?", "GET /orgs/big/teams/core/repos", "GET /installation/repositories"


@pytest.fixture
def big(fleet: "Fleet") -> "Fleet":
    """Make an organization whose lists have two pages, and a team of all its repos."""
    fleet.repos = fleet.sandbox.world.create_repos("big", 120)
    fleet.sandbox.world.create_team("big", "core", fleet.repos)
    return fleet


def then(fleet: "Fleet", match: str, *verbs: Callable[[], object], after: int = 0) -> None:
    """Have something done after the first page of each of so many readings of a list. after: pages to let pass."""
    left = iter(verbs)

    def do() -> None:
        next(left)()

    fleet.sandbox.world.faults.add(Fault(f"{match}.*per_page=100$", FaultKind.THEN, len(verbs), after=after, then=do))


def gone(fleet: "Fleet", name: str) -> Callable[[], object]:
    """Return what deletes a repo of big."""
    return partial(fleet.sandbox.world.delete_repo, f"big/{name}")


def applied(fleet: "Fleet", *args: str) -> None:
    """Apply, which must succeed."""
    done = fleet.flowforge("apply", "--yes", *args)
    assert 0 == done.code, done


def planned(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    """Plan, and give the document."""
    return json.loads(fleet.flowforge("plan", "--format", "json").out)


def recorded(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    """Return what the state remembers."""
    return json.loads((fleet.folder / "flowforge.state.json").read_text(encoding="utf-8"))["secrets"]


def held(fleet: "Fleet", *names: str) -> list[bool]:
    """Return for each of some repos of big whether it holds any secret."""
    return [bool(fleet.sandbox.world.reveal(f"big/{name}")) for name in names]


EXCLUDING = (
    f"{HEAD}groups: {{keep: {{select: {{org: big}}}}}}\n"
    'targets:\n  - {name: All, repos: [acme/repo-001, big/repo-020], exclude: ["@keep"], credential: k}\n'
    'absent:\n  - {name: Old, repos: [acme/repo-001, big/repo-020], exclude: ["@keep"], secret: OLD_KEY}\n'
)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_who_is_excluded_stays_excluded(big: "Fleet", after: int) -> None:
    """A repo that is in neither page of a group's list gets nothing that the group is excluded from, and loses nothing.

    Whenever another one leaves: after the first page or the second, of the first reading or the second.
    """
    world = big.sandbox.world
    for repo in ("acme/repo-001", "big/repo-020"):
        world.set_secret(repo, "OLD_KEY", "theirs")
    big.manifest(EXCLUDING)
    world.faults.add(Fault(ORG, FaultKind.THEN, after=after, then=gone(big, "repo-120")))
    applied(big)
    assert ([KEY], ["OLD_KEY"]) == tuple(list(world.reveal(repo)) for repo in ("acme/repo-001", "big/repo-020"))


@pytest.mark.parametrize(
    ("selector", "match", "leaves", "slips"),
    [
        ("{org: big, name: 'repo-0[12]0'}", ORG, "repo-120", "repo-020"),
        ("{org: big, team: core, name: repo-10?}", TEAM, "repo-001", "repo-101"),
        ("{installation: true, name: repo-10?}", GIVEN, "repo-001", "repo-101"),
    ],
)
def test_nothing_is_pruned_that_is_wanted(big: "Fleet", selector: str, match: str, leaves: str, slips: str) -> None:
    """A repo that is in neither page of a selector's list keeps what --prune would take from one no longer meant."""
    world = big.sandbox.world
    app = "ghs_" + "fake" * 5
    world.add_token(app, Token(TokenKind.APP, repos=frozenset(big.repos)))
    if match == GIVEN:
        big.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", app)
    big.manifest(f"{HEAD}targets:\n  - {{name: All, select: {selector}, credential: k}}\n")
    applied(big)
    before = recorded(big)
    then(big, match, gone(big, leaves))
    applied(big, "--prune")
    assert ([True], before) == (held(big, slips), recorded(big))
    assert IN_SYNC + "\n" == big.flowforge("plan").out


def test_what_slips_in_a_list_is_not_missing(big: "Fleet") -> None:
    """Of an organization's secrets, and of variables, what is in neither page is not written again, nor forgotten."""
    world = big.sandbox.world
    for number in range(100):
        world.set_org_secret("big", f"A{number:03}", "theirs")
    for number in range(30):
        world.set_variable("big/repo-001", f"A{number:03}", "theirs")
    big.manifest(
        f"{HEAD}targets:\n  - {{name: Org, org: big, visible_to: private, credential: k}}\n"
        "  - {name: Repo, repos: [big/repo-001], credential: f}\n"
    )
    applied(big)
    before = recorded(big)
    world.faults.add(
        Fault("/orgs/big/actions/secrets", FaultKind.THEN, then=partial(world.delete_org_secret, "big", "A000"))
    )
    world.faults.add(
        Fault("/actions/variables", FaultKind.THEN, then=partial(world.delete_variable, "big/repo-001", "A000"))
    )
    done = big.refused("apply", "--yes", "--prune")
    assert (IN_SYNC, before) == (done.lines[0], recorded(big))


def test_what_slips_is_not_forgotten(big: "Fleet") -> None:
    """A secret that the manifest no longer names, and one declared absent, are there although no page showed them."""
    world = big.sandbox.world
    for number in range(100):
        world.set_org_secret("big", f"A{number:03}", "theirs")
    big.manifest(f"{HEAD}targets: [{{name: Org, org: big, visible_to: private, credential: k}}]\n")
    applied(big)
    for text in ("", f"absent: [{{name: Old, org: big, secret: {KEY}}}]\n"):
        world.set_org_secret("big", "A000", "theirs")
        big.manifest(f"{HEAD}targets: [{{name: Other, repos: [acme/repo-001], credential: k}}]\n{text}")
        then(big, "/orgs/big/actions/secrets", partial(world.delete_org_secret, "big", "A000"))
        lines = [line for line in planned(big)["changes"] if line["repo"] is None]
        expected = ("delete", "declared_absent") if text else ("none", "not_named")
        assert [expected] == [(line["action"], line["reason"]) for line in lines]


def test_who_slips_in_a_list_of_viewers_sees_it_still(big: "Fleet") -> None:
    """A repo that is in neither page of those who see an organization's secret is not said to be added."""
    big.manifest(f"{HEAD}targets:\n  - {{name: Org, org: big, visible_to: {{select: {{org: big}}}}, credential: k}}\n")
    applied(big)
    then(big, f"/orgs/big/actions/secrets/{KEY}/repositories", gone(big, "repo-001"))
    (access,) = [line["access"] for line in planned(big)["changes"] if line["access"]]
    assert [["big/repo-001"], []] == [access["added"], access["removed"]]


def restless(fleet: "Fleet", first: int = 120) -> None:
    """Have a repo of big leave in each reading of its list, from a number on: no two of them agree."""
    then(fleet, ORG, *(gone(fleet, f"repo-{number:03}") for number in range(first, first - 5, -1)))


def lines(fleet: "Fleet", *args: str) -> dict[str, tuple[str, str, str | None]]:
    """Plan, and give of each line the action, the reason, and why it is blocked."""
    document = json.loads(fleet.flowforge("plan", "--format", "json", *args).out)
    return {
        line["address"].removesuffix(f"/actions/{KEY}"): (
            line["action"],
            line["reason"],
            line["why"] and line["sentence"],
        )
        for line in document["changes"]
    }


_Line = tuple[str, str, str | None]
BLOCKED: _Line = ("blocked", "unreadable", CHANGED)
READY: _Line = ("none", "in_sync", None)


def test_a_list_that_never_stands_still_chooses_nobody(big: "Fleet") -> None:
    """What it would have excluded is blocked with that reason, present or absent; what does not stand on it is done."""
    world = big.sandbox.world
    theirs = ["acme/repo-001", "big/repo-020", "acme/repo-003"]
    for repo in theirs:
        world.set_secret(repo, "OLD_KEY", "theirs")
    more = "  - {name: Known, repos: [acme/repo-003], secret: OLD_KEY}\n"
    more += "  - {name: Gone, repos: [acme/repo-002], exclude: ['@keep'], secret: OLD_KEY}\n"
    big.manifest(EXCLUDING + more)
    restless(big)
    done = big.flowforge("apply", "--yes", "--format", "json")
    plan = json.loads(done.out)["plan"]
    assert (3, {CHANGED}) == (done.code, {each["sentence"] for each in plan["unresolved"]})
    assert {
        "acme/repo-001": {KEY: "blocked", "OLD_KEY": "blocked"},
        "acme/repo-002": {"OLD_KEY": "none"},
        "acme/repo-003": {"OLD_KEY": "blocked"},
        "big/repo-020": {KEY: "blocked", "OLD_KEY": "blocked"},
    } == {
        repo: {line["secret"]: line["action"] for line in plan["changes"] if line["repo"] == repo}
        for repo in {line["repo"] for line in plan["changes"]}
    }
    assert [{"OLD_KEY": "theirs"}] * 3 == [world.reveal(repo) for repo in theirs]
    applied(big)
    assert [{KEY}, {"OLD_KEY"}, set()] == [{*world.reveal(repo)} for repo in theirs]


def test_what_is_in_sync_stays_so(big: "Fleet") -> None:
    """Beside an exclusion that is not known, a line with nothing to do has nothing to do; any other is blocked."""
    big.manifest(
        f"{HEAD}groups: {{keep: {{select: {{org: big}}}}}}\n"
        "targets:\n  - {name: All, repos: [acme/repo-001, acme/repo-002], exclude: ['@keep'], credential: k}\n"
    )
    applied(big)
    before = recorded(big)
    big.later()
    big.sandbox.world.set_secret("acme/repo-002", KEY, "theirs")
    restless(big)
    assert {"acme/repo-001": READY, "acme/repo-002": BLOCKED} == lines(big)
    big.set_key()
    restless(big, 115)
    assert {"acme/repo-001": BLOCKED, "acme/repo-002": BLOCKED} == lines(big, "--prune")
    restless(big, 110)
    assert (3, before) == (big.flowforge("apply", "--yes", "--prune").code, recorded(big))


def test_who_sees_it_is_not_known(big: "Fleet") -> None:
    """Where an exclusion under visible_to is not known, an organization's secret is not written, nor its list."""
    big.manifest(
        f"{HEAD}groups: {{keep: {{select: {{org: big}}}}}}\ntargets:\n  - name: Org\n    org: acme\n"
        "    visible_to: {repos: [acme/repo-001, acme/repo-002], exclude: ['@keep']}\n    credential: k\n"
    )
    restless(big)
    assert {"orgs/acme": BLOCKED} == lines(big)
    applied(big)
    restless(big, 115)
    assert {"orgs/acme": BLOCKED} == lines(big)


def test_what_two_entries_dispute_is_not_done(big: "Fleet") -> None:
    """A repo that one entry wants and another takes from, unless an unknown group keeps it: neither is done."""
    world = big.sandbox.world
    world.create_team("big", "few", ["repo-001", "repo-002"])
    big.manifest(
        f"{HEAD}groups: {{keep: {{select: {{org: big, name: repo-001}}}}}}\n"
        "targets:\n  - {name: All, repos: [big/repo-001], credential: k}\n"
        f"absent:\n  - {{name: Not, select: {{org: big, team: few}}, exclude: ['@keep'], secret: {KEY}}}\n"
    )
    world.set_secret("big/repo-002", KEY, "theirs")
    restless(big)
    assert {"big/repo-001": BLOCKED, "big/repo-002": BLOCKED} == lines(big)
    applied(big)
    assert [True, False] == held(big, "repo-001", "repo-002")
    restless(big, 115)
    assert {"big/repo-001": READY, "big/repo-002": ("none", "already_absent", None)} == lines(big)


def test_a_selector_beside_a_list_cut_short_has_not_begun(big: "Fleet") -> None:
    """What it found is not admitted then, and not new to it later: it begins the first time that all is known."""
    world = big.sandbox.world
    big.manifest(
        f"{HEAD}groups:\n  keep: {{select: {{org: big}}, repos: [acme/repo-002]}}\n"
        "targets:\n  - {name: All, select: {org: acme, name: 'repo-00[12]'}, exclude: ['@keep'], credential: k}\n"
    )
    restless(big)
    assert 3 == big.flowforge("apply", "--yes").code
    applied(big)
    assert [True, False] == [bool(world.reveal(f"acme/repo-00{number}")) for number in (1, 2)]
    big.manifest((big.folder / "flowforge.yaml").read_text().replace(", repos: [acme/repo-002]", ""))
    assert "FF505: new to target All, and not admitted yet: acme/repo-002" in big.refused("apply", "--yes").err


def test_who_was_chosen_leaves_out_what_is_not_known(big: "Fleet") -> None:
    """--list-repos names no repo of an entry whose exclusion is not known, and says why."""
    big.manifest(EXCLUDING)
    restless(big)
    document = json.loads(big.flowforge("plan", "--list-repos", "--format", "json").out)
    assert ([], [CHANGED] * 2) == (document["repos"], [each["sentence"] for each in document["unresolved"]])

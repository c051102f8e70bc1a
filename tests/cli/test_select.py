"""Selectors end to end: who is chosen, what it costs, what a list cut short blocks, and who is admitted."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.sandbox.rules.faults import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

IN_SYNC = "No changes. GitHub matches the manifest."
ONCE = "; nothing was written"


def select(fleet: "Fleet", select: str, more: str = "", rest: str = "") -> None:
    """Write a manifest with one target that selects. more: further lines of the target. rest: of the file."""
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        f"targets:\n  - name: All\n    select: {select}\n    credential: ci-key\n{more}{rest}"
    )


def chosen(fleet: "Fleet", *args: str) -> list[str]:
    """Return the repos that are chosen, as JSON lists them."""
    document = json.loads(fleet.flowforge("plan", "--list-repos", "--format", "json", *args).out)
    return [each["repo"] for each in document["repos"]]


def planned(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    """Plan, and give the document."""
    return json.loads(fleet.flowforge("plan", "--format", "json").out)


def applied(fleet: "Fleet", *args: str) -> "Done":
    """Apply, which must succeed."""
    done = fleet.flowforge("apply", "--yes", *args)
    assert (0, "") == (done.code, done.told), done
    return done


@pytest.fixture
def zoo(fleet: "Fleet") -> "Fleet":
    """Make an organization of all sorts: services, a library, an archived one, a fork, a public and an internal one."""
    world = fleet.sandbox.world
    world.create_org("zoo")
    for name in ("svc-a", "svc-b", "lib"):
        world.create_repo(f"zoo/{name}", topics=["claude"] if name != "lib" else [])
    world.create_repo("zoo/svc-old", archived=True)
    world.create_repo("zoo/svc-fork", fork=True)
    world.create_repo("zoo/svc-open", private=False)
    world.create_repo("zoo/svc-in", internal=True)
    world.create_team("zoo", "Core Team", ["svc-a", "lib"])
    world.define_property("zoo", "tier", value_type="single_select", allowed=["gold", "tin"])
    world.set_property("zoo/svc-a", "tier", "gold")
    world.set_property("zoo/svc-b", "tier", "tin")
    fleet.repos = ["zoo/svc-a", "zoo/svc-b", "zoo/lib", "zoo/svc-old", "zoo/svc-fork", "zoo/svc-open", "zoo/svc-in"]
    return fleet


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("{org: zoo}", "lib svc-a svc-b svc-in"),
        ("{org: ZOO, name: 'SVC-*'}", "svc-a svc-b svc-in"),
        ("{org: zoo, name: [lib, '*-b']}", "lib svc-b"),
        ("{org: zoo, topics: [claude]}", "svc-a svc-b"),
        ("{org: zoo, team: core-team}", "lib svc-a"),
        ("{org: zoo, team: Core-Team, topics: [claude]}", "svc-a"),
        ("{org: zoo, properties: {tier: gold}}", "svc-a"),
        ("{org: zoo, properties: {TIER: [tin, gold]}}", "svc-a svc-b"),
        ("{org: zoo, visibility: public}", "svc-open"),
        ("{org: zoo, visibility: [public, internal]}", "svc-in svc-open"),
        ("{org: zoo, name: svc-*, archived: true}", "svc-a svc-b svc-in svc-old"),
        ("{org: zoo, name: svc-*, fork: true}", "svc-a svc-b svc-fork svc-in"),
    ],
)
def test_who_is_chosen(zoo: "Fleet", selector: str, expected: str) -> None:
    """Keys are ANDed; archived repos, forks and public ones come only where the selector says so."""
    select(zoo, selector)
    assert [f"zoo/{name}" for name in expected.split()] == chosen(zoo)


def test_the_whole_circle(zoo: "Fleet") -> None:
    """Found, applied, in sync; the archived one is left out with a note; nobody else's secrets are touched."""
    value = zoo.set_key()
    select(zoo, "{org: zoo, name: svc-*}")
    first = zoo.flowforge("plan")
    assert "warning: flowforge.yaml:6:5: archived, so left out: zoo/svc-old\n" == first.err
    assert [f"+ zoo/svc-{name}  ANTHROPIC_API_KEY  ci-key  missing" for name in ("a ", "b ", "in")] == first.lines[:3]
    done = zoo.flowforge("apply", "--yes")
    assert 0 == done.code
    assert {"zoo/svc-a", "zoo/svc-b", "zoo/svc-in"} == {repo for repo, held in zoo.held().items() if held}
    assert {"ANTHROPIC_API_KEY": value} == zoo.held()["zoo/svc-in"]
    assert IN_SYNC + "\n" == zoo.flowforge("plan").out


def test_who_and_by_which_line(zoo: "Fleet") -> None:
    """--list-repos names each repo with its entry and the line that chooses it, asks for no secret, and says new."""
    zoo.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "groups:\n  services:\n    select: {org: zoo, name: svc-?}\n"
        "targets:\n  - name: One\n    repos:\n      - zoo/lib\n      - zoo/svc-b\n    groups: [services]\n"
        "    credential: k\nabsent:\n  - {name: Gone, select: {org: zoo, name: lib}, secret: OLD}\n"
    )
    zoo.requests()
    done = zoo.flowforge("plan", "--list-repos")
    assert [
        "zoo/lib    absent entry Gone  flowforge.yaml:15:18  found by the selector of absent entry Gone",
        "zoo/lib    target One         flowforge.yaml:10:9   named",
        "zoo/svc-a  target One         flowforge.yaml:6:5    found by the selector of group services",
        "zoo/svc-b  target One         flowforge.yaml:11:9   named",
        "",
        "3 repos.",
    ] == done.lines
    assert {"GET /orgs/{owner}/repos": 1} == zoo.requests()
    assert "zoo/svc-a" in chosen(zoo, "--limit", "svc-a")
    assert ["zoo/svc-a"] == chosen(zoo, "--limit", "svc-a")


@pytest.mark.parametrize("own", ["", "repos: [zoo/lib], "])
def test_a_group_that_only_the_command_line_names(zoo: "Fleet", own: str) -> None:
    """Its selector is asked as well: what --exclude leaves out gets nothing, whoever uses the group otherwise."""
    zoo.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        f"groups: {{fragile: {{{own}select: {{org: zoo, team: core-team}}}}}}\n"
        "targets:\n  - {name: All, select: {org: zoo, name: [lib, svc-?]}, credential: k}\n"
    )
    assert ["zoo/lib", "zoo/svc-a"] == chosen(zoo, "--limit", "@fragile")
    applied(zoo, "--exclude", "@fragile")
    assert {"zoo/svc-b"} == {repo for repo, held in zoo.held().items() if held}


def test_an_excluded_group_that_cannot_be_known(zoo: "Fleet") -> None:
    """Where its list is cut short nothing is written: a repo of it may be among what would be."""
    zoo.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "groups: {fragile: {select: {org: zoo, team: core-team}}}\n"
        "targets:\n  - {name: All, repos: [zoo/svc-a, zoo/svc-b], credential: k}\n"
    )
    zoo.sandbox.world.faults.add(Fault("GET /orgs/zoo/teams/", FaultKind.PARTIAL))
    done = zoo.refused("apply", "--yes", "--exclude", "@fragile")
    assert (
        'error FF017: which repos "@fragile" has is not known: the list was cut short: single sign-on hides '
        "organizations from this token\n"
        "  fix: authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token\n"
    ) == done.err
    assert (1, "") == (done.code, done.out)


def test_a_manifest_without_selectors_asks_nobody(fleet: "Fleet") -> None:
    """What is named can be listed without a token."""
    fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    fleet.simple("acme/repo-002")
    done = fleet.flowforge("plan", "--list-repos")
    assert (0, ["acme/repo-002  target All  flowforge.yaml:9:9  named", "", "1 repo."]) == (done.code, done.lines)


def test_limit_takes_a_repo_that_only_a_selector_names(zoo: "Fleet") -> None:
    """--limit and --exclude know what selectors found; the first apply admits them all, whatever was limited."""
    select(zoo, "{org: zoo, name: svc-?}")
    assert 0 == zoo.flowforge("apply", "--yes", "--limit", "zoo/svc-a").code
    assert {"zoo/svc-a"} == {repo for repo, held in zoo.held().items() if held}
    applied(zoo)
    assert {"zoo/svc-a", "zoo/svc-b"} == {repo for repo, held in zoo.held().items() if held}


def test_a_new_repo_waits_until_it_is_admitted(zoo: "Fleet") -> None:
    """A repo that a selector finds later is shown as new, gets nothing from apply --yes, and all with the flag."""
    select(zoo, "{org: zoo, name: svc-?}")
    applied(zoo)
    zoo.sandbox.world.create_repo("zoo/svc-c")
    zoo.repos.append("zoo/svc-c")
    shown = zoo.flowforge("plan")
    what = "new to target All, and not admitted yet: zoo/svc-c"
    fix = "if they should get it, add --allow-new-repos, or write `auto_admit: true` beside the selector"
    assert "+ zoo/svc-c  ANTHROPIC_API_KEY  ci-key  missing; new to target All" == shown.lines[0]
    assert [f"apply will refuse this (FF505): {what}.", f"  {fix}"] == shown.lines[-2:]
    document = planned(zoo)
    assert ["target All"] == [line["new_to"] for line in document["changes"] if line["action"] == "create"]
    listed = zoo.flowforge("plan", "--list-repos").lines
    assert "zoo/svc-c  target All  flowforge.yaml:6:5  found by the selector of target All; new to target All" in listed
    refused = zoo.refused("apply", "--yes")
    assert (4, f"error FF505: {what}{ONCE}\n  fix: {fix}\n") == (refused.code, refused.err)
    assert 0 == zoo.flowforge("apply", "--yes", "--limit", "svc-a").code
    assert {} == zoo.held()["zoo/svc-c"]
    applied(zoo, "--allow-new-repos")
    assert {"ANTHROPIC_API_KEY"} == {*zoo.held()["zoo/svc-c"]}
    assert IN_SYNC + "\n" == zoo.flowforge("plan").out


def test_auto_admit_asks_nobody(zoo: "Fleet") -> None:
    """With auto_admit a new repo gets its secret at once, and stays admitted when that is taken away."""
    select(zoo, "{org: zoo, name: svc-?}", more="    auto_admit: true\n")
    applied(zoo)
    zoo.sandbox.world.create_repo("zoo/svc-c")
    applied(zoo)
    assert {"ANTHROPIC_API_KEY"} == {*zoo.sandbox.world.reveal("zoo/svc-c")}
    select(zoo, "{org: zoo, name: svc-?}")
    assert IN_SYNC + "\n" == zoo.flowforge("plan").out
    zoo.set_key()
    applied(zoo)


def test_a_recreated_repo_waits_until_its_record_is_dropped(zoo: "Fleet") -> None:
    """Another repo under the name of one that was written is blocked; forgotten, it is new; admitted, it is written."""
    world = zoo.sandbox.world
    select(zoo, "{org: zoo, name: svc-?}")
    applied(zoo)
    world.recreate_repo("zoo/svc-b")
    line = next(each for each in planned(zoo)["changes"] if each["repo"] == "zoo/svc-b")
    assert ("blocked", "recreated") == (line["action"], line["why"])
    for args in ((), ("--allow-new-repos",)):
        assert 3 == zoo.flowforge("apply", "--yes", *args).code
        assert {} == world.reveal("zoo/svc-b")
    forgotten = zoo.flowforge("state", "forget", "zoo/svc-b", "--yes")
    assert (0, ["Forgotten: zoo/svc-b/actions/ANTHROPIC_API_KEY"]) == (forgotten.code, forgotten.lines)
    assert 4 == zoo.refused("apply", "--yes").code
    applied(zoo, "--allow-new-repos")
    assert {"ANTHROPIC_API_KEY"} == {*world.reveal("zoo/svc-b")}


def test_who_was_forgotten_last_admits_nobody(zoo: "Fleet") -> None:
    """A selector whose every repo was forgotten has found others before: whoever it finds now is new."""
    select(zoo, "{org: zoo, name: svc-a*}")
    applied(zoo)
    world = zoo.sandbox.world
    world.recreate_repo("zoo/svc-a")
    world.create_repo("zoo/svc-a-2")
    assert 0 == zoo.flowforge("state", "forget", "zoo/svc-a", "--yes").code
    assert "FF505: new to target All, and not admitted yet: zoo/svc-a, zoo/svc-a-2;" in (
        zoo.refused("apply", "--yes").err
    )
    applied(zoo, "--allow-new-repos", "--limit", "svc-a")
    assert [{"ANTHROPIC_API_KEY"}, set()] == [{*world.reveal(f"zoo/{name}")} for name in ("svc-a", "svc-a-2")]


def test_a_repo_that_is_recreated_after_it_was_found(zoo: "Fleet") -> None:
    """The first write to a repo goes to the one that the selector found, not to another that took its name since."""
    world = zoo.sandbox.world
    found = world.directory["zoo/svc-a"].id
    select(zoo, "{org: zoo, name: svc-?}")
    # As soon as GitHub has listed the secrets of the one that was found.
    late = Fault("GET /repos/zoo/svc-a/actions/secrets", FaultKind.THEN, then=lambda: world.recreate_repo("zoo/svc-a"))
    world.faults.add(late)
    done = zoo.flowforge("apply", "--yes")
    new = world.directory["zoo/svc-a"].id
    what = f"another repo now has this name: its id is {new}, the selector found {found} a moment ago"
    assert [f"! zoo/svc-a  ANTHROPIC_API_KEY  ci-key  {what}", "    fix: run it again, and read the new plan"] == (
        done.lines[1:3]
    )
    assert (3, {}, {"ANTHROPIC_API_KEY"}) == (done.code, world.reveal("zoo/svc-a"), {*world.reveal("zoo/svc-b")})


@pytest.mark.parametrize(
    ("selector", "why", "sentence"),
    [
        ("{org: zoo, team: nobody}", "not_found", 'there is no team "nobody" in "zoo", or this token may not see it'),
        ("{org: nobody}", "not_found", 'there is no organization "nobody", or this token may not see it'),
        (
            "{org: zoo, properties: {tear: gold}}",
            "not_found",
            'no repository of "zoo" has a custom property "tear"',
        ),
        (
            "{org: zoo, properties: {tier: Gold}}",
            "not_found",
            'no repository of "zoo" has "Gold" as its custom property "tier"',
        ),
        ("{user: nobody}", "not_found", 'the token\'s user has no repositories as "nobody"'),
        (
            "{installation: true}",
            "no_permission",
            (
                'no permission: "You must authenticate with an installation access token in order to list repositories '
                'for an installation."'
            ),
        ),
    ],
)
def test_what_a_selector_names_is_not_there(zoo: "Fleet", selector: str, why: str, sentence: str) -> None:
    """What cannot be known blocks what stands on it, with a sentence of its own: nothing is taken for absent."""
    select(zoo, selector, more="    repos: [acme/repo-001]\n")
    document = planned(zoo)
    (entry,) = document["unresolved"]
    assert ("target All", "flowforge.yaml:5:5", why, sentence) == tuple(
        entry[key] for key in ("entry", "where", "why", "sentence")
    )
    assert [("acme/repo-001", "blocked", why)] == [
        (line["repo"], line["action"], line["why"]) for line in document["changes"]
    ]
    assert not document["complete"]
    shown = zoo.flowforge("plan", "--detailed-exitcode")
    assert 3 == shown.code
    assert f"! target All (flowforge.yaml:5:5)  its repositories are not known: {sentence}" in shown.lines
    assert "No changes found; 1 entry without known repos, 1 blocked." in shown.lines
    assert 3 == zoo.flowforge("apply", "--yes").code
    assert {} == zoo.sandbox.world.reveal("acme/repo-001")


def test_a_value_of_a_property_in_another_case(zoo: "Fleet") -> None:
    """Alone it finds nothing and says how the value is written; beside others that find something it is told."""
    select(zoo, "{org: zoo, properties: {tier: Gold}}")
    assert '    fix: write "gold": values are compared with their case' in zoo.flowforge("plan").lines
    select(zoo, "{org: zoo, properties: {tier: [Gold, tin, lead]}}")
    done = zoo.flowforge("plan")
    note = 'warning: flowforge.yaml:6:5: no repository has "Gold" as its custom property "tier", but "gold"\n'
    assert (0, note, ["zoo/svc-b"]) == (done.code, done.err, chosen(zoo))


def test_a_list_cut_short_blocks_and_drops_nothing(zoo: "Fleet") -> None:
    """Under single sign-on nothing that stands on the list is planned, deleted or forgotten; the rest is written."""
    world = zoo.sandbox.world
    select(zoo, "{org: zoo, name: svc-?}")
    applied(zoo)
    before = zoo.held()
    rest = "  - {name: Other, repos: [acme/repo-001], credential: ci-key}\n"
    select(zoo, "{org: zoo, name: svc-?}", rest=rest)
    world.faults.add(Fault("GET /orgs/zoo/repos", FaultKind.PARTIAL, times=2))
    shown = zoo.flowforge("plan", "--prune")
    cut = "the list was cut short: single sign-on hides organizations from this token"
    assert [f"  zoo/svc-{name}      ANTHROPIC_API_KEY          {cut}" for name in "ab"] == shown.lines[1:3]
    assert 3 == zoo.flowforge("apply", "--yes", "--prune").code
    assert {"ANTHROPIC_API_KEY"} == {*world.reveal("acme/repo-001")}
    assert (before, IN_SYNC + "\n") == (zoo.held(), zoo.flowforge("plan").out)


def test_a_tag_whose_repos_are_not_known(zoo: "Fleet") -> None:
    """--tags takes a tag that stands in the manifest: the plan says why there is no line, or that there is none."""
    select(zoo, "{org: zoo, team: core-team}", more="    tags: [one]\n")
    zoo.sandbox.world.faults.add(Fault("GET /orgs/zoo/teams/", FaultKind.PARTIAL))
    done = zoo.flowforge("plan", "--tags", "one", "--detailed-exitcode")
    assert (3, "! target All (flowforge.yaml:5:5)") == (done.code, done.lines[0].partition("  ")[0])
    select(zoo, "{org: zoo, name: nothing}", more="    allow_empty: true\n    tags: [one]\n")
    assert IN_SYNC + "\n" == zoo.flowforge("plan", "--tags", "one").out


def test_a_selector_that_finds_nothing(zoo: "Fleet") -> None:
    """It is an error of the whole run, where it stands, unless it may find nothing."""
    select(zoo, "{org: zoo, name: nothing-*}")
    done = zoo.refused("plan")
    assert (
        'error FF164: flowforge.yaml:6:5: the selector of the target "All" finds no repository\n'
        "  why: it leaves out archived repositories, forks and public ones unless it asks for them\n"
        "  fix: ask for less, or write `allow_empty: true` beside it\n"
    ) == done.err
    assert 1 == done.code
    select(zoo, "{org: zoo, name: nothing-*}", more="    allow_empty: true\n")
    assert (0, "No changes. GitHub matches the manifest.\n") == (zoo.flowforge("plan").code, zoo.flowforge("plan").out)


def test_validate_counts_selectors(zoo: "Fleet") -> None:
    """Offline, what selectors will find is not known, and that is said."""
    select(zoo, "{org: zoo}", more="    repos: [acme/repo-001]\n")
    zoo.requests()
    done = zoo.flowforge("validate")
    assert "The manifest is valid: 1 secret in 1 repo, and what 1 selector finds.\n" == done.out
    document = json.loads(zoo.flowforge("validate", "--format", "json").out)
    Draft202012Validator(json.loads(schema_text("validation"))).validate(document)
    assert (1, 1, 1) == (document["secrets"], document["repos"], document["selectors"])
    assert {} == zoo.requests()


def test_requests_are_few(zoo: "Fleet") -> None:
    """A thousand repos cost ten pages of each list, twice, for all selectors; none is looked up again to be written."""
    world = zoo.sandbox.world
    world.create_org("big")
    world.define_property("big", "tier")
    for number in range(1000):
        world.create_repo(f"big/r-{number:04}", topics=["claude"] if number < 3 else [])
        if number < 4:
            world.set_property(f"big/r-{number:04}", "tier", "gold")
    zoo.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "groups:\n  a: {select: {org: big, topics: [claude]}}\n  b: {select: {org: BIG, name: r-0001}}\n"
        "  c: {select: {org: big, properties: {tier: gold}}}\n  unused: {select: {org: nobody}}\n"
        "targets:\n  - {name: All, groups: [a, b, c], credential: k}\n"
    )
    zoo.requests()
    assert 0 == zoo.flowforge("plan").code
    assert {
        "GET /orgs/{owner}/repos": 20,
        "GET /orgs/{owner}/properties/values": 20,
        "GET /repos/{owner}/{repo}/actions/secrets": 4,
    } == zoo.requests()


def test_what_apply_writes_unasked_is_looked_up_again(zoo: "Fleet") -> None:
    """A plan takes what the selector's list said; apply --yes asks anew, after values were read, before it writes."""
    select(zoo, "{org: zoo, name: svc-?}")
    zoo.requests()
    counts = []
    for args in (("plan",), ("apply", "--yes")):
        assert 0 == zoo.flowforge(*args).code
        counts.append(zoo.requests()["GET /orgs/{owner}/repos"])
    assert [1, 2] == counts


def test_the_list_of_repos_is_a_report_too(zoo: "Fleet") -> None:
    """--report takes it in both formats, and -q keeps what there is to warn of."""
    select(zoo, "{org: zoo, name: svc-*}")
    done = zoo.flowforge("plan", "--list-repos", "-q", "--report", "json=r.json", "--report", "text=r.txt")
    assert (0, "") == (done.code, done.err)
    assert done.out == (zoo.folder / "r.txt").read_text(encoding="utf-8")
    document = json.loads((zoo.folder / "r.json").read_text(encoding="utf-8"))
    Draft202012Validator(json.loads(schema_text("repos"))).validate(document)
    assert (True, ["zoo/svc-a", "zoo/svc-b", "zoo/svc-in"], 1) == (
        document["complete"],
        [each["repo"] for each in document["repos"]],
        len(document["warnings"]),
    )


def test_a_repo_that_is_archived_later(zoo: "Fleet") -> None:
    """One that is archived later is left out with a note; what it has is listed, and nothing is deleted there."""
    select(zoo, "{org: zoo, name: svc-?}")
    applied(zoo)
    zoo.set_key()
    world = zoo.sandbox.world
    world.archive_repo("zoo/svc-a")
    done = zoo.flowforge("apply", "--yes")
    assert 0 == done.code
    assert "warning: flowforge.yaml:6:5: archived, so left out: zoo/svc-a\n" == done.err
    assert "  zoo/svc-a  ANTHROPIC_API_KEY          no longer in the manifest" in done.lines
    pruned = zoo.flowforge("apply", "--yes", "--prune")
    assert "  zoo/svc-a  ANTHROPIC_API_KEY  archived, so it is read-only" in pruned.lines
    assert {"ANTHROPIC_API_KEY"} == {*world.reveal("zoo/svc-a")}

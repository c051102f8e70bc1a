"""What must not slip through a selector: a deletion beside a list cut short, and repos that nobody has admitted."""

import json
from typing import TYPE_CHECKING, Any

from flowforge.sandbox.rules.faults import Fault, FaultKind

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"
HEAD = "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
IN_SYNC = "No changes. GitHub matches the manifest."


def planned(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    """Plan, and give the lines."""
    return json.loads(fleet.flowforge("plan", "--format", "json").out)["changes"]


def test_a_list_cut_short_lets_no_deletion_through(fleet: "Fleet") -> None:
    """A secret declared absent stays while a target whose repos are not known may want it; read whole, that is told."""
    world = fleet.sandbox.world
    fleet.manifest(
        f"{HEAD}targets:\n  - {{name: All, select: {{org: acme}}, credential: k}}\n"
        f"absent:\n  - {{name: Gone, repos: [acme/repo-001], secret: {KEY}}}\n"
    )
    world.set_secret("acme/repo-001", KEY, "x")
    world.faults.add(Fault("GET /orgs/acme/repos", FaultKind.PARTIAL, times=2))
    (line,) = planned(fleet)
    assert ("blocked", "cut_short") == (line["action"], line["why"])
    assert line["sentence"].startswith("target All may want something there: the list was cut short")
    assert (3, {KEY: "x"}) == (fleet.flowforge("apply", "--yes").code, world.reveal("acme/repo-001"))
    assert "FF151" in fleet.flowforge("plan").err


def test_a_repo_keeps_a_key_until_its_other_store_has_it(fleet: "Fleet") -> None:
    """Moved to another store that this token must not read, a key stays in the first, declared absent or pruned."""
    world = fleet.sandbox.world
    fleet.simple("acme/repo-001")
    assert 0 == fleet.flowforge("apply", "--yes").code
    moved = f"{HEAD}targets:\n  - {{name: All, repos: [acme/repo-001], stores: [dependabot], credential: k}}\n"
    absent = f"absent:\n  - {{name: Old, repos: [acme/repo-001], stores: [actions], secret: {KEY}}}\n"
    for text, args in ((moved, ["--prune"]), (moved + absent, [])):
        fleet.manifest(text)
        world.faults.add(
            Fault("GET /repos/acme/repo-001/dependabot/secrets", FaultKind.STATUS, status=404, message="Not Found")
        )
        assert (3, [KEY]) == (
            fleet.flowforge("apply", "--yes", *args).code,
            list(world.reveal("acme/repo-001")),
        )
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert ([], [KEY]) == (
        list(world.reveal("acme/repo-001")),
        list(world.reveal("acme/repo-001", store="dependabot")),
    )


def test_a_selector_that_found_nobody_admits_nobody(fleet: "Fleet") -> None:
    """Applied while it found none (allow_empty), a selector has begun: the first repo that appears is new to it."""
    fleet.manifest(
        f"{HEAD}targets: [{{name: All, select: {{org: acme, topics: [claude]}}, allow_empty: true, credential: k}}]\n"
    )
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.sandbox.world.set_topics("acme/repo-002", ["claude"])
    done = fleet.refused("apply", "--yes")
    assert (4, "error FF505: new to target All, and not admitted yet: acme/repo-002; nothing was written") == (
        done.code,
        done.err.splitlines()[0],
    )
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-new-repos").code
    assert [KEY] == list(fleet.sandbox.world.reveal("acme/repo-002"))


def test_another_name_is_no_way_in(fleet: "Fleet") -> None:
    """Under a new name a group has admitted what it had under the old one; a repo that came since waits."""
    world = fleet.sandbox.world
    group = f"{HEAD}groups: {{services: {{select: {{org: acme, topics: [claude]}}}}}}\n"
    text = f"{group}targets: [{{name: All, groups: [services], credential: k}}]\n"
    world.set_topics("acme/repo-001", ["claude"])
    fleet.manifest(text)
    assert 0 == fleet.flowforge("apply", "--yes").code
    world.set_topics("acme/repo-002", ["claude"])
    fleet.manifest(text.replace("services", "platform"))
    assert "error FF505: new to group platform, and not admitted yet: acme/repo-002; nothing was written" in (
        fleet.refused("apply", "--yes").err
    )
    world.set_topics("acme/repo-002", [])
    assert [IN_SYNC] == fleet.flowforge("apply", "--yes").lines[:1]
    world.set_topics("acme/repo-003", ["claude"])
    assert 4 == fleet.refused("apply", "--yes").code


def test_nobody_sees_an_organizations_secret_before_it_is_admitted(fleet: "Fleet") -> None:
    """A repo that is new to a group waits there too: of a new secret, and of one that may be seen by more."""
    world = fleet.sandbox.world
    group = f"{HEAD}groups: {{services: {{select: {{org: acme, topics: [claude]}}}}}}\n"
    repos, org = (
        "targets:\n  - {name: All, groups: [services], credential: k}\n",
        "  - {name: Org, org: acme, visible_to: {groups: [services]}, credential: k, secret: ORG_KEY}\n",
    )
    world.set_topics("acme/repo-001", ["claude"])
    fleet.manifest(group + repos)
    assert 0 == fleet.flowforge("apply", "--yes").code
    world.set_topics("acme/repo-002", ["claude"])
    fleet.manifest(f"{group}targets:\n{org}")
    assert "    + acme/repo-002; new to group services" in fleet.flowforge("plan").lines
    said = "FF505: new to group services, and not admitted yet: acme/repo-002; nothing was written"
    assert said in fleet.refused("apply", "--yes", "--allow-widening").err
    world.set_topics("acme/repo-002", [])
    assert 0 == fleet.flowforge("apply", "--yes").code
    world.set_topics("acme/repo-002", ["claude"])
    assert said in fleet.refused("apply", "--yes", "--allow-widening").err
    done = fleet.refused("apply", "--yes", "--allow-new-repos")
    assert "FF506: ORG_KEY of acme would be visible to acme/repo-002" in done.err
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-widening", "--allow-new-repos").code
    assert ("selected", ["acme/repo-001", "acme/repo-002"]) == world.org_audience("acme", "ORG_KEY")
    fleet.manifest(group + repos)
    assert 0 == fleet.flowforge("apply", "--yes").code


def test_a_limit_whose_repo_was_not_listed(fleet: "Fleet") -> None:
    """Where a list was cut short, a repo that it may have is not said to be nobody's: why it is not known is said."""
    fleet.manifest(f"{HEAD}targets: [{{name: All, select: {{org: acme}}, credential: k}}]\n")
    fleet.sandbox.world.faults.add(Fault("GET /orgs/acme/repos", FaultKind.PARTIAL))
    done = fleet.flowforge("plan", "--limit", "acme/repo-001")
    assert (
        'error FF017: flowforge.yaml:4:11: which repos --limit "acme/repo-001" matches is not known: target All: '
        "the list was cut short: single sign-on hides organizations from this token\n"
        "  fix: authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token\n"
    ) == done.err
    assert 1 == done.code
    assert "FF004" in fleet.flowforge("plan", "--limit", "acme/nowhere").err


def test_a_program_for_the_token_gets_no_value_of_a_repo_to_be_found(fleet: "Fleet") -> None:
    """The token is asked for before any selector: what a repo may choose is concealed from that program by its form."""
    fleet.set_key("KEY_repo-001_X")
    fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    fleet.monkeypatch.setenv("KEY_plain_X", "no token by its look")
    seen = fleet.folder / "seen"
    program = f"import os; open({str(seen)!r}, 'w').write(' '.join(sorted(os.environ))); print({fleet.sandbox.token!r})"
    (fleet.folder / "token.py").write_text(program)
    fleet.manifest(
        "version: 1\ngithub: {auth: {token: {command: [python3, token.py]}}}\n"
        "credentials:\n  k: {type: anthropic_api_key, from: {env: 'KEY_{repo}_X'}, per_repo: {allow: ['*']}}\n"
        "targets: [{name: All, select: {org: acme, name: repo-001}, credential: k}]\n"
    )
    assert 0 == fleet.flowforge("plan").code
    names = seen.read_text().split()
    assert ("PATH" in names, "KEY_plain_X" in names) == (True, False)


def test_a_list_with_an_id_that_is_none_is_not_remembered(fleet: "Fleet") -> None:
    """An id of -5 in a list that a selector reads: nobody is chosen or admitted by it, and the state can be read."""
    world = fleet.sandbox.world
    fleet.manifest(f"{HEAD}targets:\n  - {{name: All, select: {{org: acme}}, credential: k}}\n")
    assert 0 == fleet.flowforge("apply", "--yes").code
    world.create_repo("acme/odd")
    repo = world.directory["acme/odd"]
    whole, repo.id = repo.id, -5
    done = fleet.flowforge("apply", "--yes", "--allow-new-repos")
    said = "a repo without its id, full_name or archived"
    assert (3, True) == (done.code, any(said in line for line in done.lines))
    # Of the plan nobody knows which repos the target has: that is 3, and no error.
    assert [0, 0, 3] == [
        fleet.flowforge(*command).code for command in (("state", "show"), ("state", "list"), ("plan",))
    ]
    repo.id = whole
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-new-repos").code
    assert IN_SYNC in fleet.flowforge("plan").out

"""`--owner`, a state for each owner, and `matrix`: a fleet in one job for each owner."""

import json
import re
from pathlib import Path

import pytest

from flowforge.sandbox import Token, TokenKind
from tests.cli.conftest import Fleet

OWNERS = ("acme", "beta", "gamma")
CREDENTIAL = "credentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"


def targets(*owners: str) -> str:
    """Return targets for two repos of each owner."""
    return "targets:\n" + "".join(
        f"  - {{name: For {owner}, repos: [{owner}/api, {owner}/web], credential: ci-key}}\n" for owner in owners
    )


@pytest.fixture
def three(fleet: Fleet) -> Fleet:
    """Return a fleet of three owners, of whom each has a fine-grained token, and states in a folder of their own."""
    for owner in OWNERS:
        for name in ("api", "web"):
            fleet.sandbox.world.create_repo(f"{owner}/{name}")
        text = f"github_pat_fake{owner}"
        fleet.sandbox.world.add_token(text, Token(TokenKind.FINE_GRAINED, owner=owner, name=owner))
        fleet.monkeypatch.setenv(f"{owner.upper()}_TOKEN", text)
    fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    (fleet.folder / "states").mkdir()
    return fleet


def auth(*owners: str) -> str:
    """Return how to sign in for each owner."""
    each = ", ".join(f"{owner}: {{token: {{env: {owner.upper()}_TOKEN}}}}" for owner in owners)
    return f"github: {{auth: {{owners: {{{each}}}}}}}\n"


def held(fleet: Fleet) -> dict[str, dict[str, str]]:
    """Return what GitHub has in the end."""
    return {
        f"{owner}/{name}": fleet.sandbox.world.reveal(f"{owner}/{name}") for owner in OWNERS for name in ("api", "web")
    }


def recorded(file: Path) -> set[str]:
    """Return the owners of whom a state remembers something."""
    return {str(each["repo"]).partition("/")[0] for each in json.loads(file.read_text("utf-8"))["secrets"]}


def test_three_jobs_do_what_one_does(three: Fleet) -> None:
    """Each with one token and one state: GitHub has the same in the end, and each state knows its owner alone."""
    head = "version: 1\n"
    three.manifest(head + auth(*OWNERS) + CREDENTIAL + targets(*OWNERS))
    assert 0 == three.flowforge("apply", "--yes").code
    at_once = held(three)
    three.sandbox.world.reset_stats()
    for repo in at_once:
        three.sandbox.world.delete_secret(repo, "ANTHROPIC_API_KEY")
    three.manifest(head + 'state: {file: "states/{owner}.json"}\n' + auth(*OWNERS) + CREDENTIAL + targets(*OWNERS))
    jobs = json.loads(three.flowforge("matrix").out)["include"]
    tokens = {owner: f"{owner.upper()}_TOKEN" for owner in OWNERS}
    for job in jobs:
        with three.monkeypatch.context() as alone:
            for owner, variable in tokens.items():
                if owner != job["owner"]:
                    alone.delenv(variable)
            assert 0 == three.flowforge("apply", "--yes", "--owner", job["owner"]).code
    assert at_once == held(three)
    assert [{"owner": owner, "repos": 2} for owner in OWNERS] == jobs
    assert {owner: {owner} for owner in OWNERS} == {
        owner: recorded(three.folder / f"states/{owner}.json") for owner in OWNERS
    }


def test_each_request_is_signed_by_its_owner(three: Fleet) -> None:
    """In one process with three tokens, no request goes out with another owner's."""
    three.manifest("version: 1\n" + auth(*OWNERS) + CREDENTIAL + targets(*OWNERS))
    three.sandbox.world.reset_stats()
    assert 0 == three.flowforge("apply", "--yes").code
    asked = {(entry.by, entry.path.split("/")[2]) for entry in three.sandbox.world.traffic.log()}
    assert {(owner, owner) for owner in OWNERS} == asked


def test_what_an_owner_lacks_blocks_that_owner(three: Fleet) -> None:
    """A variable that is unset: its owner's lines are blocked by name, and the others are written."""
    three.manifest("version: 1\n" + auth(*OWNERS) + CREDENTIAL + targets(*OWNERS))
    three.monkeypatch.delenv("BETA_TOKEN")
    done = three.flowforge("apply", "--yes")
    assert (3, True) == (done.code, "no usable token for beta: the GitHub token is not available" in done.out)
    assert {"acme/api", "acme/web", "gamma/api", "gamma/web"} == {
        repo for repo, secrets in held(three).items() if secrets
    }


def test_owner_narrows_a_shared_state(three: Fleet) -> None:
    """As --limit does: the lines of the others are neither planned nor taken for orphans, and need no token."""
    three.manifest("version: 1\n" + auth(*OWNERS) + CREDENTIAL + targets(*OWNERS))
    assert 0 == three.flowforge("apply", "--yes").code
    three.monkeypatch.delenv("BETA_TOKEN")
    three.set_key()
    planned = three.plan("--owner", "ACME", "--prune")
    assert {"acme/api/actions/ANTHROPIC_API_KEY", "acme/web/actions/ANTHROPIC_API_KEY"} == set(planned)


def test_a_state_for_each_owner_needs_an_owner(three: Fleet) -> None:
    """Without one, every command that reads the state says so, and names the owners; a misspelt one is told apart."""
    three.manifest('version: 1\nstate: {file: "states/{owner}.json"}\n' + CREDENTIAL + targets("acme", "beta"))
    for command in (("plan",), ("apply", "--yes"), ("adopt", "--yes"), ("state", "list"), ("plan", "--offline")):
        done = three.refused(*command)
        each = ", ".join(f"`flowforge {' '.join(command)} --owner {owner}`" for owner in ("acme", "beta"))
        fix = f"  fix: name one owner each time: {each}; `flowforge matrix` makes a job for each\n"
        assert (1, True, fix) == (done.code, "error FF033: " in done.err, done.err.splitlines(keepends=True)[-1])
    done = three.refused("plan", "--owner", "betta")
    error = 'error FF034: the manifest names nothing of the owner "betta"\n  fix: did you mean beta?\n'
    assert (1, error) == (done.code, done.err)


def test_the_matrix_is_given_to_the_runner(three: Fleet) -> None:
    """It is an output of the step in GitHub Actions alone; an owner whose repos are unknown ends it with 3."""
    three.manifest("version: 1\n" + CREDENTIAL + targets("acme", "Beta"))
    outputs = three.folder / "outputs"
    three.monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    expected = '{"include": [{"owner": "acme", "repos": 2}, {"owner": "beta", "repos": 2}]}'
    assert (0, [expected], False) == ((done := three.flowforge("matrix")).code, done.lines, outputs.exists())
    three.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    three.flowforge("matrix")
    first, value, last = outputs.read_text("utf-8").splitlines()
    assert (expected, f"matrix<<{last}") == (value, first)
    three.manifest("version: 1\n" + CREDENTIAL + "targets: [{name: T, select: {org: nowhere}, credential: ci-key}]\n")
    three.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", three.sandbox.token)
    done = three.flowforge("matrix")
    assert (3, ['{"include": []}'], True) == (done.code, done.lines, "there is no organization" in done.err)


LEFT = (("plan",), ("apply", "--yes"), ("status",), ("state", "list"))
BRANCH = "state: {github: {repo: acme/api, path: 'states/{owner}.json', auth: {token: {env: STATE_TOKEN}}}}\n"
FILES = 'state: {file: "states/{owner}.json"}\n'


@pytest.mark.parametrize("kept", [FILES, BRANCH], ids=["files", "a branch"])
def test_an_owner_that_left_the_manifest_is_known_by_its_state(three: Fleet, kept: str) -> None:
    """What it has left is listed, also where it is the last of that state, and deleted under --prune."""
    three.monkeypatch.setenv("STATE_TOKEN", three.sandbox.token)
    three.sandbox.world.create_repo("acme/ops", private=True)
    three.sandbox.world.edit_file("acme/ops", "README.md", "the ops repository\n")
    head = "version: 1\n" + kept.replace("acme/api", "acme/ops") + auth(*OWNERS) + CREDENTIAL
    three.manifest(head + targets("acme", "gamma"))
    for owner in ("acme", "gamma"):
        assert 0 == three.flowforge("apply", "--yes", "--owner", owner).code
    three.manifest(head + targets("acme"))
    for command in LEFT:
        done = three.refused(*command, "--owner", "gamma")
        assert (0, True) == (done.code, "gamma/api" in done.out), done.err
    assert 'names nothing of the owner "gama"' in three.refused("plan", "--owner", "gama").err
    done = three.flowforge("apply", "--yes", "--owner", "gamma", "--prune")
    assert (0, {"gamma/api": {}, "gamma/web": {}}) == (
        done.code,
        {repo: secrets for repo, secrets in held(three).items() if repo.startswith("gamma/")},
    ), done.err


def test_the_matrix_has_a_job_for_what_is_left(three: Fleet) -> None:
    """An owner is listed as long as its file remembers a secret of it; other files of that form are none."""
    head = "version: 1\n" + FILES + auth(*OWNERS) + CREDENTIAL
    three.manifest(head + targets("acme", "gamma"))
    for owner in ("acme", "gamma"):
        assert 0 == three.flowforge("apply", "--yes", "--owner", owner).code
    three.manifest(head + targets("acme"))
    states = three.folder / "states"
    (states / "delta.json").write_bytes((states / "acme.json").read_bytes())
    (states / "package.json").write_text("{}", encoding="utf-8")
    done = three.refused("matrix")
    listed = '{"include": [{"owner": "acme", "repos": 2}, {"owner": "gamma", "repos": 0}]}'
    assert (0, [listed]) == (done.code, done.lines)
    assert "package.json may be the state of package, and cannot be read: " in done.err
    assert 0 == three.flowforge("state", "forget", "--owner", "gamma", "--yes", "gamma/api", "gamma/web").code
    assert ['{"include": [{"owner": "acme", "repos": 2}]}'] == three.flowforge("matrix").lines


def test_doctor_looks_at_the_state_of_each_owner(three: Fleet) -> None:
    """Also at that of an owner who left the manifest; with --owner at one, and at its places alone."""
    head = "version: 1\n" + FILES + auth(*OWNERS) + CREDENTIAL
    three.manifest(head + targets("acme", "gamma"))
    for owner in ("acme", "gamma"):
        assert 0 == three.flowforge("apply", "--yes", "--owner", owner).code
    three.manifest(head + targets("acme", "beta"))
    (three.folder / "states/gamma.json").chmod(0o644)
    done = three.refused("doctor")
    for name, told in (
        ("acme", "are remembered"),
        ("beta", "is still to come"),
        ("gamma", "can be read by other users"),
    ):
        assert any(f"states/{name}.json" in line and told in line for line in done.lines), done.out
    one = three.refused("doctor", "--owner", "beta")
    assert {"beta"} == set(re.findall(r"states/(\w+)\.json", one.out))

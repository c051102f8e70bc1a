"""`flowforge init --owner`: a manifest of what is there already, which plans to no surprise."""

import json
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

FILES: Final = ("claude.yml", "claude-review.yml", "ask.yaml")
HEAD: Final = "permissions: {contents: read, id-token: write}\njobs:\n  ask:\n    runs-on: ubuntu-latest\n"
KEY, TOKEN, CI, TEAM = "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CI_KEY", "TEAM_TOKEN"
INPUTS: Final = {
    KEY: "anthropic_api_key",
    TOKEN: "claude_code_oauth_token",
    CI: "anthropic_api_key",
    TEAM: "claude_code_oauth_token",
}


@pytest.fixture(autouse=True)
def _empty(fleet: "Fleet") -> None:
    """Leave acme without repos, and the folder without a manifest."""
    for name in fleet.repos:
        fleet.sandbox.world.delete_repo(name)
    (fleet.folder / "flowforge.yaml").unlink()


def _workflow(secret: str, *, on: str = "workflow_dispatch", environment: str = "") -> str:
    job = f"    environment: {environment}\n" if environment else ""
    given = f"{INPUTS[secret]}: '${{{{ secrets.{secret} }}}}', github_token: x, allowed_bots: '*'"
    step = f"{{uses: anthropics/claude-code-action@v1, with: {{{given}}}}}"
    return f"on: {on}\n{HEAD}{job}    steps:\n      - {step}\n"


def _repo(fleet: "Fleet", name: str, number: int, text: str) -> None:
    world = fleet.sandbox.world
    world.create_repo(name, private=number % 4 != 0, fork=number % 23 == 0)
    world.edit_file(name, f".github/workflows/{FILES[number % 3]}", text)


def _mixed(fleet: "Fleet") -> set[str]:
    """Make 300 repos of every sort, and return those that lack their secret."""
    world = fleet.sandbox.world
    lacking: set[str] = set()
    for number in range(300):
        name = f"acme/r{number:03}"
        match number % 10:
            case 0 | 1:
                _repo(fleet, name, number, _workflow(KEY))
                world.set_secret(name, KEY, "x")
            case 2:
                _repo(fleet, name, number, _workflow(CI, on="pull_request"))
                world.set_secret(name, CI, "x")
                world.set_secret(name, CI, "x", store="dependabot")
            case 3 | 4:
                _repo(fleet, name, number, _workflow(TEAM))  # of the organization
            case 5:
                _repo(fleet, name, number, _workflow(TOKEN, environment="production"))
                world.create_environment(name, "production")
                world.set_secret(name, TOKEN, "x", environment="production")
            case 6:
                _repo(fleet, name, number, _workflow(TOKEN))
                if number % 20 == 6:
                    lacking.add(name)
                else:
                    world.set_secret(name, TOKEN, "x")
                    world.set_secret(name, "CLAUDE_PAT", "no credential of Claude's")
            case 7:
                world.create_repo(name)
                world.set_secret(name, KEY, "left over")
            case 8:
                _repo(fleet, name, number, _workflow(KEY))
                world.set_secret(name, KEY, "x")
                world.archive_repo(name)
            case _:
                world.create_repo(name, empty=True)
    seeing = [f"r{number:03}" for number in range(300) if number % 10 in {3, 4}]
    world.set_org_secret("acme", TEAM, "x", visibility="selected", repos=seeing)
    world.set_org_secret("acme", CI, "x", visibility="all")
    return lacking


@pytest.mark.slow
def test_three_hundred_mixed_repos(fleet: "Fleet") -> None:
    """The plan creates nothing, and touches what is there alone; adopted, it says that nothing is to be done."""
    lacking = _mixed(fleet)
    made = fleet.flowforge("init", "--owner", "acme")
    assert (0, True) == (made.code, made.err.endswith("`flowforge adopt`, and `flowforge plan`\n")), made.err
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if "<-- fill in" in line:
            kind = "oat01" if "TOKEN" in line else "api03"
            fleet.set_key(line.partition("env: ")[2].partition("}")[0], kind)
    plan = json.loads(fleet.flowforge("plan", "--format", "json").out)
    reasons = {(each["action"], each["reason"]) for each in plan["changes"]}
    assert ({("update", "never_applied"), ("none", "in_sync")}, 0) == (reasons, plan["counts"]["create"]), plan[
        "warnings"
    ]
    told = [line for line in text.splitlines() if line.startswith("#   acme/") and "missing-secret" in line]
    assert lacking == {line.removeprefix("#   ").partition(":")[0] for line in told}
    assert 30 == text.count("/actions/ANTHROPIC_API_KEY, set 2")
    adopted = fleet.flowforge("adopt", "--yes")
    assert 0 == adopted.code, adopted.out + adopted.err
    after = fleet.flowforge("plan", "--detailed-exitcode")
    assert 0 == after.code, after.out


def test_a_pasted_token(fleet: "Fleet") -> None:
    """With --setup-token there is one credential, a prompt, for the repos that run Claude; apply asks and writes."""
    for number, name in enumerate(("acme/a", "acme/b")):
        _repo(fleet, name, number, _workflow(TOKEN))
    fleet.sandbox.world.create_repo("acme/none")
    assert 0 == fleet.flowforge("init", "--owner", "acme", "--setup-token").code
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    assert 'from: {prompt: "The token that claude setup-token printed"}' in text
    plan = json.loads(fleet.flowforge("plan", "--format", "json").out)
    assert ["acme/a", "acme/b"] == [each["repo"] for each in plan["changes"]]


def test_what_cannot_be_read_is_told(fleet: "Fleet") -> None:
    """A repo that the token may not read is a comment, and an owner without any repo gives a valid manifest."""
    world = fleet.sandbox.world
    _repo(fleet, "acme/a", 1, _workflow(KEY))
    world.set_secret("acme/a", KEY, "x")
    assert (
        0
        == fleet.flowforge(
            "init",
            "--owner",
            "acme",
            "-m",
            "a.yaml",
        ).code
    )
    assert 1 == fleet.flowforge("init", "--owner", "nobody", "-m", "b.yaml").code
    assert not (fleet.folder / "b.yaml").exists()
    world.delete_repo("acme/a")
    assert (0, 0) == (
        fleet.flowforge("init", "--owner", "acme", "-m", "c.yaml").code,
        fleet.flowforge("validate", "-m", "c.yaml").code,
    )


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (("acme/a", "--owner", "acme"), "FF036: --owner finds the repositories by itself"),
        (("--setup-token",), "FF036: --setup-token needs to know whose repositories are meant"),
    ],
)
def test_options_that_mean_nothing_together(fleet: "Fleet", args: tuple[str, ...], what: str) -> None:
    """One error, and no file."""
    done = fleet.flowforge("init", *args)
    assert (1, True, []) == (done.code, what in done.err, list(fleet.folder.glob("*.yaml")))

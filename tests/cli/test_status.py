"""`flowforge status`: ages, older values, and whether a secret lives, told by the runs since it was written."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.sandbox import Fault, FaultKind, Token
from flowforge.sandbox.rules.access import Level

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

PATH = ".github/workflows/claude.yml"
WORKFLOW = """\
name: claude
on: {schedule: [{cron: "0 4 * * *"}]}
permissions: {contents: read, id-token: write}
jobs:
  review:
    runs-on: ubuntu-latest
    steps:
      - uses: anthropics/claude-code-action@v1.0.172
        with:
          prompt: Look at what changed.
          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}
"""
STEP = "Run anthropics/claude-code-action@v1.0.172"
ADDRESS = "acme/repo-001/actions/ANTHROPIC_API_KEY"


def ran(fleet: "Fleet", conclusion: str = "success", *notes: str, repo: str = "acme/repo-001", **more: Any) -> int:  # noqa: ANN401 -- as the verb
    """Let the workflow have run a moment later, with its Claude step ended so."""
    fleet.later()
    job: dict[str, object] = {
        "name": "review",
        "conclusion": conclusion,
        "steps": [[STEP, conclusion]],
        "annotations": list(notes),
    }
    return fleet.sandbox.world.add_run(repo, PATH, jobs=[job], conclusion=conclusion, **more)


def status(fleet: "Fleet", *args: str, code: int = 0) -> Any:  # noqa: ANN401 -- JSON
    """Return the document of a status that ends with a code."""
    done = fleet.flowforge("status", "--format", "json", *args)
    assert code == done.code, done.err
    return json.loads(done.out)


@pytest.fixture
def applied(fleet: "Fleet") -> "Fleet":
    """Write the key to a repo that has a workflow."""
    fleet.set_key()
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.edit_file("acme/repo-001", PATH, WORKFLOW)
    assert fleet.flowforge("apply", "--yes").code == 0
    return fleet


def life(fleet: "Fleet", *args: str) -> tuple[str, int | None]:
    """Return what is said of the one secret, and the run that it rests on."""
    (secret,) = status(fleet, *args)["secrets"]
    return secret["life"], secret["evidence"]["run"] if secret["evidence"] else None


def test_another_credential_for_a_place(applied: "Fleet") -> None:
    """A place that is to have another credential still has the value of the one that was written, and says so."""
    text = (applied.folder / "flowforge.yaml").read_text("utf-8")
    other = "credentials:\n  other: {type: anthropic_api_key, from: {env: OTHER_KEY}}"
    applied.manifest(text.replace("credentials:", other, 1).replace("credential: ", "credential: other #", 1))
    (secret,) = status(applied, "--expect-in-sync", code=3)["secrets"]
    assert ("other", "older", "it has the value of the credential ci-key") == (
        secret["credential"],
        secret["state"],
        secret["sentence"],
    )


MORE = """\
version: 1
credentials:
  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}
  region: {type: aws_region, value: eu-north-1}
targets:
  - {name: All, repos: [acme/repo-001], credential: ci-key}
"""
REGION = "  - {name: Region, repos: [acme/repo-001], credential: region}\n"
ABSENT = "absent:\n  - {name: Old, repos: [acme/repo-001], secret: CLAUDE_CODE_OAUTH_TOKEN}\n"


@pytest.mark.parametrize(
    ("more", "address"),
    [(REGION, "acme/repo-001/variables/AWS_REGION"), (ABSENT, "acme/repo-001/actions/CLAUDE_CODE_OAUTH_TOKEN")],
)
def test_what_is_no_secret_of_ours(applied: "Fleet", more: str, address: str) -> None:
    """A variable that is not there, and a secret that should not be, are no secrets of the list, and not in sync."""
    applied.sandbox.world.set_secret("acme/repo-001", "CLAUDE_CODE_OAUTH_TOKEN", "x")
    applied.manifest(MORE)
    assert [] == status(applied, "--expect-in-sync")["differs"]
    applied.manifest(MORE + more)
    assert [address] == status(applied, "--expect-in-sync", code=3)["differs"]
    done = applied.flowforge("status")
    assert (0, f"~ not as the manifest says: {address}; `flowforge plan` shows how") == (done.code, done.lines[-2])
    assert done.lines[-1].endswith(", 1 other place not as the manifest says.")


def test_alive_by_a_run_since_the_write(applied: "Fleet") -> None:
    """A step that must have used the secret ended well after the write; one before the write says nothing of it."""
    before = ran(applied)
    applied.set_key()
    applied.later()
    assert applied.flowforge("apply", "--yes").code == 0
    assert life(applied) == ("not_run", None)
    now = ran(applied)
    assert (before != now, life(applied)) == (True, ("alive", now))


def test_failing_and_dead(applied: "Fleet") -> None:
    """A red step is failing; dead it is only where the run says that the credential was refused."""
    failing = ran(applied, "failure", "Claude execution failed: result is_error:true")
    assert life(applied) == ("failing", failing)
    dead = ran(applied, "failure", "Failed to authenticate. API Error: 401 Invalid bearer token")
    assert life(applied) == ("dead", dead)
    alive = ran(applied)
    assert life(applied) == ("alive", alive)


def test_the_exit_code_is_asked_for(applied: "Fleet") -> None:
    """What is dead or failing ends with 3 only where an option says so, and each option counts what it names."""
    ran(applied, "failure")
    codes = [applied.flowforge("status", *args).code for args in ((), ("--fail-on-dead",), ("--fail-on-failing",))]
    assert codes == [0, 0, 3]
    ran(applied, "failure", "OAuth token revoked · Please run /login")
    codes = [applied.flowforge("status", *args).code for args in ((), ("--fail-on-dead",), ("--fail-on-failing",))]
    assert codes == [0, 3, 3]


def test_in_sync_is_asked_for(applied: "Fleet") -> None:
    """A secret that somebody edited is not as it was written, whatever its value."""
    assert applied.flowforge("status", "--expect-in-sync").code == 0
    applied.later()
    applied.sandbox.world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "made up elsewhere")
    done = applied.flowforge("status", "--expect-in-sync")
    assert (done.code, "changed outside FlowForge" in done.out) == (3, True)


def test_no_source_is_opened(applied: "Fleet") -> None:
    """The value need not be there, and nothing is written."""
    applied.monkeypatch.delenv("ACME_KEY")
    done = applied.refused("status")
    assert (done.code, done.out.splitlines()[0]) == (0, "  ci-key  anthropic_api_key, from env ACME_KEY")


def test_without_actions_read_all_is_unknown(applied: "Fleet") -> None:
    """The permission is named, and the exit code is 0."""
    ran(applied)
    token = applied.sandbox.token
    applied.sandbox.world.add_token(token, Token(permissions={"actions": Level.NONE}))
    document = status(applied, "--fail-on-dead", "--fail-on-failing")
    assert document["secrets"][0]["life"] == "unknown"
    assert "Actions: read" in document["secrets"][0]["why"]


def test_without_contents_read_the_file_is_named(applied: "Fleet") -> None:
    """The runs are seen, and what they ran is not."""
    ran(applied)
    applied.sandbox.world.add_token(applied.sandbox.token, Token(permissions={"contents": Level.NONE}))
    assert status(applied)["secrets"][0]["why"] == "the workflow of a run cannot be read, which takes Contents: read"


def test_older_values(fleet: "Fleet") -> None:
    """Who still has the value of before is listed under the credential, without a value being read."""
    fleet.set_key()
    fleet.simple("acme/repo-001", "acme/repo-002")
    assert fleet.flowforge("apply", "--yes").code == 0
    fleet.later()
    fleet.set_key()
    assert fleet.flowforge("apply", "--yes", "-l", "acme/repo-001").code == 0
    (credential,) = status(fleet)["credentials"]
    assert credential["older"] == ["acme/repo-002/actions/ANTHROPIC_API_KEY"]


def test_one_repo_that_fails_costs_no_other_anything(fleet: "Fleet") -> None:
    """Runs that cannot be read are unknown there, and known elsewhere."""
    fleet.set_key()
    fleet.simple("acme/repo-001", "acme/repo-002")
    for repo in ("acme/repo-001", "acme/repo-002"):
        fleet.sandbox.world.edit_file(repo, PATH, WORKFLOW)
    assert fleet.flowforge("apply", "--yes").code == 0
    for repo in ("acme/repo-001", "acme/repo-002"):
        ran(fleet, repo=repo)
    fleet.sandbox.world.faults.add(
        Fault("GET /repos/acme/repo-001/actions/runs", FaultKind.STATUS, 9, 404, message="Not Found")
    )
    assert [each["life"] for each in status(fleet)["secrets"]] == ["unknown", "alive"]


def test_what_is_shown(applied: "Fleet") -> None:
    """The credential first, then what is not well with its evidence, then one sentence."""
    run = ran(applied, "failure")
    lines = applied.flowforge("status").out.splitlines()
    assert lines[2] == f"! {ADDRESS}  failing: the step that uses it failed"
    assert f"https://github.com/acme/repo-001/actions/runs/{run}/job/" in lines[3]
    assert lines[4] == "1 secret: 1 failing."


def test_owner_of(fleet: "Fleet") -> None:
    """What a person looks after is listed alone; a name that nobody has is an error that names those that are there."""
    fleet.set_key()
    fleet.manifest(
        "version: 1\ncredentials:\n"
        "  mine: {type: anthropic_api_key, from: {env: ACME_KEY}, owner: ada}\n"
        "  theirs: {type: claude_code_oauth_token, from: {env: OTHER}, owner: platform}\n"
        "targets:\n"
        "  - {name: A, repos: [acme/repo-001], credential: mine}\n"
        "  - {name: B, repos: [acme/repo-001], credential: theirs}\n"
    )
    document = status(fleet, "--owner-of", "ada")
    assert [each["name"] for each in document["credentials"]] == ["mine"]
    assert [each["credential"] for each in document["secrets"]] == ["mine"]
    done = fleet.flowforge("status", "--owner-of", "bob")
    assert (done.code, "FF037" in done.err, "ada, platform" in done.err) == (1, True, True)

"""A source that this event must not run feeds nothing, and stops nothing else: the plan of a pull request is a plan."""

import json
import secrets
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

PROPOSED = {"GITHUB_EVENT_NAME": "pull_request"}
QUEUED = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "merge_group"}
NOT_HERE = "and the author of a proposed manifest must not be able to run programs here"
ALLOW = "let the operator set FLOWFORGE_ALLOWED_SOURCES to what a proposed manifest may use, command among it"
TRUSTED = "GITHUB_EVENT_NAME is push, schedule, workflow_dispatch, repository_dispatch or release"
REFUSED = {
    "FF259": (
        PROPOSED,
        "source command is refused for a pull request",
        f"GITHUB_EVENT_NAME says so, {NOT_HERE}",
        f"plan after the merge; or {ALLOW}",
    ),
    "FF260": (
        QUEUED,
        "source command is refused: no event that is known to be trusted began this run",
        f'GitHub Actions: GITHUB_EVENT_NAME is "merge_group", {NOT_HERE}',
        f"run it where {TRUSTED}; or {ALLOW}",
    ),
}
# Of `command` in repo-002, which has its value; in repo-003, which has not; and of `env` in repo-001, which has not.
MANIFEST = """\
version: 1
credentials:
  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}
  gateway: {type: anthropic_api_key, from: {command: [sh, -c, touch ran; cat key]}}
targets:
  - {name: Plain, repos: [acme/repo-001], credential: ci-key}
  - {name: Gateway, repos: [acme/repo-002, acme/repo-003], credential: gateway}
"""


@pytest.fixture
def mixed(fleet: "Fleet") -> "Fleet":
    """Return a fleet in which the command's value was applied to one of its two repos, on an event that is trusted."""
    (fleet.folder / "key").write_text(fleet.set_key("GATEWAY_KEY"))
    fleet.manifest(MANIFEST)
    assert 0 == fleet.flowforge("apply", "--yes", "--limit", "acme/repo-002").code
    (fleet.folder / "ran").unlink()
    return fleet


def lines(done: "Done") -> dict[str, tuple[str, str, bool]]:
    """Return the action, the reason and whether it can be applied of each line."""
    return {
        line["address"].split("/")[1]: (line["action"], line["reason"], line["applicable"])
        for line in json.loads(done.out)["changes"]
    }


@pytest.mark.parametrize("code", REFUSED)
def test_the_rest_is_planned(mixed: "Fleet", code: str) -> None:
    """What it feeds is not checked, or not applicable; everything else is planned; one warning says why and how."""
    environ, what, why, fix = REFUSED[code]
    for variable, text in environ.items():
        mixed.monkeypatch.setenv(variable, text)
    done = mixed.flowforge("plan", "--format", "json")
    document = json.loads(done.out)
    assert {
        "repo-001": ("create", "missing", True),
        "repo-002": ("none", "value_not_checked", True),
        "repo-003": ("create", "missing", False),
    } == lines(done)
    assert [f"{what} ({code}), so its values are not checked: {why}; {fix}"] == document["warnings"]
    sentences = {line["address"].split("/")[1]: line["sentence"] for line in document["changes"]}
    assert (f"value not checked: {what} ({code})", False) == (sentences["repo-002"], document["complete"])
    assert (False, 0) == ((mixed.folder / "ran").exists(), done.code)


@pytest.mark.parametrize("code", REFUSED)
def test_apply_blocks_what_it_feeds(mixed: "Fleet", code: str) -> None:
    """The other values are written; the write that needs this one is blocked, and a warning says why: exit 3."""
    environ, what, why, fix = REFUSED[code]
    for variable, text in environ.items():
        mixed.monkeypatch.setenv(variable, text)
    report = mixed.folder / "report.json"
    done = mixed.flowforge("apply", "--yes", "--report", f"json={report}")
    results = json.loads(report.read_text(encoding="utf-8"))["results"]
    assert {"repo-001": "created", "repo-002": "left", "repo-003": "blocked"} == {
        each["address"].split("/")[1]: each["outcome"] for each in results
    }
    warning = f"warning: {what} ({code}), so its values are not checked: {why}; {fix}"
    assert [warning] == [line for line in done.err.splitlines() if line.startswith("warning")]
    assert (3, False) == (done.code, (mixed.folder / "ran").exists())
    assert [1, 1, 0] == [len(mixed.held()[f"acme/repo-00{number}"]) for number in (1, 2, 3)]


def test_adopt_records_nothing_of_it(mixed: "Fleet") -> None:
    """What is there is not recorded as holding a value that was not read."""
    mixed.sandbox.world.set_secret("acme/repo-003", "ANTHROPIC_API_KEY", "somebody else wrote this")
    mixed.monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    done = mixed.flowforge("adopt", "--yes")
    state = (mixed.folder / "flowforge.state.json").read_text(encoding="utf-8")
    assert (3, False, False) == (done.code, "repo-003" in state, (mixed.folder / "ran").exists())


def test_a_new_key_needs_every_value(mixed: "Fleet") -> None:
    """A fingerprint can only be made of its value, so the state gets no new key on such an event, and says why."""
    mixed.monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    mixed.monkeypatch.setenv("FLOWFORGE_STATE_KEY", secrets.token_hex())
    done = mixed.refused("state", "rekey", "--yes")
    assert (
        1,
        [
            "error FF475: no fingerprint can be made under the new key for acme/repo-002/actions/ANTHROPIC_API_KEY",
            "  why: source command is refused for a pull request (FF259)",
        ],
    ) == (done.code, done.err.splitlines()[-3:-1])


FORBIDDEN: dict[str, tuple[dict[str, str], str, str]] = {
    "a source": ({"FLOWFORGE_ALLOWED_SOURCES": "env"}, "", "FF111"),
    "an owner": ({"FLOWFORGE_ALLOWED_OWNERS": "other"}, "", "FF112"),
    "a path": ({"CI": "true"}, "  outside: {type: anthropic_api_key, from: {file: ../key}}\n", "FF113"),
    "a host": ({}, "github: {api_url: 'https://evil.test/api/v3'}\n", "FF310"),
}


@pytest.mark.parametrize(("environ", "more", "code"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_forbids_the_manifest_ends_the_run(mixed: "Fleet", environ: dict[str, str], more: str, code: str) -> None:
    """A source, an owner, a path and a host that the operator does not admit are the manifest's mistake: exit 1."""
    for variable, text in (PROPOSED | environ).items():
        mixed.monkeypatch.setenv(variable, text)
    if code == "FF310":
        mixed.monkeypatch.delenv("GITHUB_API_URL")
    begin, end = MANIFEST.split("targets:")
    mixed.manifest(f"{begin}{more}targets:{end}" if more.startswith("  ") else MANIFEST + more)
    done = [mixed.refused(*command) for command in (("plan",), ("apply", "--yes"))]
    assert [(1, True), (1, True)] == [(each.code, f"error {code}: " in each.err) for each in done]

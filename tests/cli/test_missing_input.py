"""A run that lacks what it was to be given, a value or a token: no default of the action makes that a green check."""

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

import judge
from tests.cli.owners import company

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

REPORT: Final = "report.json"
SELECTED: Final = "  - {name: Found, select: {org: acme}, credential: ci-key}\n"
# What `github.auth` says, what the credential is read from, and what else is wanted.
LACKING: Final = {
    "a token that is empty": ("owners: {acme: {token: {env: EMPTY}}}", "{env: GIVEN}", ""),
    "a token that is unset": ("owners: {acme: {token: {env: UNSET}}}", "{env: GIVEN}", ""),
    "an App's key that is unset": (
        "owners: {acme: {app: {client_id: Iv23liFAKE, private_key: {env: UNSET}}}}",
        "{env: GIVEN}",
        "",
    ),
    "the token of a selector's owner": ("owners: {acme: {token: {env: UNSET}}}", "{env: GIVEN}", SELECTED),
    "a value that is unset": ("token: {env: FLOWFORGE_GITHUB_TOKEN}", "{env: UNSET}", ""),
    "an answer that nobody can give": ("token: {env: FLOWFORGE_GITHUB_TOKEN}", "{prompt: Which?}", ""),
}
COMMANDS: Final = {"plan": ("plan",), "apply": ("apply", "--yes", "--keep-going")}


@pytest.fixture
def ops(fleet: "Fleet") -> "Fleet":
    """Two repos of acme and two of beta, and one value that is given."""
    company(fleet, (), ("acme", "beta"))
    fleet.set_key("GIVEN")
    fleet.monkeypatch.setenv("EMPTY", "")
    fleet.monkeypatch.delenv("UNSET", raising=False)
    return fleet


def ended(fleet: "Fleet", *command: str) -> tuple[int, dict[str, Any]]:
    """Run a command; return its exit code and its report, the two things that the action judges."""
    code = fleet.flowforge(*command, f"--report=json={REPORT}").code
    return code, json.loads((fleet.folder / REPORT).read_text("utf-8"))


def manifest(auth: str, source: str, targets: str) -> str:
    """Return a manifest that wants one credential at acme/api, which needs what is missing, and at beta/api."""
    other = "  - {name: Other, repos: [beta/api], credential: given}\n"
    mine = targets or "  - {name: Mine, repos: [acme/api], credential: ci-key}\n"
    keys = "".join(
        f"  {name}: {{type: anthropic_api_key, from: {each}}}\n"
        for name, each in (("ci-key", source), ("given", "{env: GIVEN}"))
    )
    return f"version: 1\ngithub: {{auth: {{{auth}}}}}\ncredentials:\n{keys}targets:\n{other}{mine}"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("lacking", LACKING.values(), ids=LACKING)
def test_what_is_missing_fails_the_step(ops: "Fleet", lacking: tuple[str, str, str], command: tuple[str, ...]) -> None:
    """The action fails by default where a value or a token cannot be had, though the exit code says *blocked*."""
    ops.manifest(manifest(*lacking))
    code, document = ended(ops, *command)
    plan = document.get("plan", document)
    rows = [row["input_missing"] for name in ("changes", "unresolved") for row in plan[name]]
    assert (3, "error", 1) == (code, judge.level_of(code, document), sum(rows))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_is_blocked_otherwise_does_not(ops: "Fleet", command: tuple[str, ...]) -> None:
    """A repo that is not there blocks its line alone, with nothing of the run missing."""
    ops.manifest(manifest("token: {env: FLOWFORGE_GITHUB_TOKEN}", "{env: GIVEN}", "").replace("acme/api", "acme/gone"))
    code, document = ended(ops, *command)
    assert (3, "blocked") == (code, judge.level_of(code, document))

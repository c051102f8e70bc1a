"""`flowforge audit --path` as people type it: text, JSON, exit codes, a manifest beside it, no literal."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge import __version__
from flowforge.resources import schema_text

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

FILE = ".github/workflows/ask.yml"
HEAD = "on: workflow_dispatch\npermissions: {contents: read}\njobs:\n  ask:\n    steps:\n"
STEP = "      - uses: anthropics/claude-code-action@v1\n        with:\n"
KEY = "          anthropic_api_key: ${{ secrets.CI_KEY }}\n"
VERDICT = "Claude will fail: the permissions of this workflow lack `id-token: write` (.github/workflows/ask.yml:2)."


def _write(root: Path, text: str, name: str = FILE) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _checked(text: str) -> Any:  # noqa: ANN401 -- JSON
    document = json.loads(text)
    Draft202012Validator(json.loads(schema_text("audit"))).validate(document)
    return document


def test_text_says_what_why_and_what_to_do(fleet: "Fleet", tmp_path: Path) -> None:
    """An error is told with why and fix, then the verdict and the count; exit 0 says that it could look."""
    _write(tmp_path, HEAD + STEP + KEY)
    done = fleet.flowforge("audit", "--path", str(tmp_path))
    expected = [
        f"error   {FILE}:2  id-token-missing  the permissions of this workflow lack `id-token: write`",
        "        why: without github_token the action asks for a token of the Claude App, by the job's OIDC token",
        "        fix: add `id-token: write` to the permissions of the job",
        VERDICT,
        "Audit: 1 error, 0 warnings, 0 notes in 1 Claude step.",
    ]
    assert (0, expected) == (done.code, done.lines)


def test_json_fits_its_schema(fleet: "Fleet", tmp_path: Path) -> None:
    """The whole document of one step, as the schema describes it; the repository is that of the remote."""
    _write(tmp_path, HEAD + STEP + KEY)
    _write(tmp_path, '[remote "origin"]\n\turl = git@github.com:acme/api.git\n', ".git/config")
    need = {"input": "anthropic_api_key", "kind": "secret", "name": "CI_KEY", "where": "repo", "optional": False}
    place = {"file": FILE, "line": 6, "job": "ask", "step": 0}
    step = {
        **place,
        "uses": "anthropics/claude-code-action@v1",
        "via": None,
        "needs": [{**need, "stores": ["actions"]}],
    }
    finding = {
        **place,
        "line": 2,
        "column": 1,
        "code": "id-token-missing",
        "level": "error",
        "what": "the permissions of this workflow lack `id-token: write`",
        "why": "without github_token the action asks for a token of the Claude App, by the job's OIDC token",
        "fix": "add `id-token: write` to the permissions of the job",
    }
    repo = {"repo": "acme/api", "verdict": VERDICT, "complete": True, "steps": [step], "references": []}
    expected = {"format": "flowforge.audit", "version": 1, "flowforge": __version__, "complete": True, "host": None}
    document = _checked(fleet.flowforge("audit", "--path", str(tmp_path), "--format", "json").out)
    assert {**expected, "repos": [{**repo, "findings": [finding]}]} == document


@pytest.mark.parametrize(
    ("level", "code"), [("error", 3), ("warning", 3), ("note", 3), ("", 0)], ids=["error", "warning", "note", "none"]
)
def test_fail_on(fleet: "Fleet", tmp_path: Path, level: str, code: int) -> None:
    """With an error each level exits 3, and without the option it exits 0."""
    _write(tmp_path, HEAD + STEP + KEY)
    options = ["--fail-on", level] if level else []
    assert code == fleet.flowforge("audit", "--path", str(tmp_path), *options).code


def test_a_note_is_below_a_warning(fleet: "Fleet", tmp_path: Path) -> None:
    """`--fail-on warning` passes where there is a note alone."""
    text = HEAD.replace("contents: read", "id-token: write") + STEP.replace("@v1", "@beta") + KEY
    _write(tmp_path, text)
    codes = [fleet.flowforge("audit", "--path", str(tmp_path), "--fail-on", each).code for each in ("warning", "note")]
    assert [0, 3] == codes


def test_a_folder_that_is_not_there(fleet: "Fleet", tmp_path: Path) -> None:
    """What cannot be looked at is FF700 and exit 1."""
    missing = tmp_path / "missing"
    done = fleet.flowforge("audit", "--path", str(missing))
    expected = (
        f'error FF700: the checkout "{missing}" cannot be read\n'
        "  why: no such file or directory\n"
        "  fix: name the folder in which .github is\n"
    )
    assert (1, "", expected) == (done.code, done.out, done.err)


def test_the_manifest_says_what_a_secret_holds(fleet: "Fleet", tmp_path: Path) -> None:
    """The manifest in the checkout, or one that is named, makes a wrong kind an error; a broken one is only told."""
    manifest = (
        "version: 1\ncredentials: {k: {type: claude_code_oauth_token, from: {env: T}}}\n"
        "targets: [{name: t, repos: [acme/api], credential: k, secret: CI_KEY}]\n"
    )
    _write(tmp_path, HEAD.replace("contents: read", "id-token: write") + STEP + KEY)
    _write(tmp_path, manifest, "flowforge.yaml")
    _write(tmp_path, manifest, "other.yaml")
    beside = fleet.flowforge("audit", "--path", str(tmp_path), "--format", "json")
    _write(tmp_path, "version: 2\n", "flowforge.yaml")
    broken = fleet.flowforge("audit", "--path", str(tmp_path))
    named = fleet.flowforge("audit", "--path", str(tmp_path), "-m", str(tmp_path / "other.yaml"), "--format", "json")
    codes = [[each["code"] for each in _checked(done.out)["repos"][0]["findings"]] for done in (beside, named)]
    told = f"warning: {tmp_path}/flowforge.yaml has errors, so the types of its credentials are not known here"
    assert ([["wrong-kind"]] * 2, 0, True) == (codes, broken.code, broken.err.startswith(told))


def test_what_cannot_be_read_is_a_finding(fleet: "Fleet", tmp_path: Path) -> None:
    """No YAML, a link out of the checkout and a pipe are each told, the rest is read, and that is incomplete."""
    _write(tmp_path / "in", HEAD.replace("contents: read", "id-token: write") + STEP + KEY)
    _write(tmp_path / "in", "on: [", ".github/workflows/broken.yml")
    (tmp_path / "in/.github/workflows/link.yml").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "in/.github/workflows/pipe.yml")
    document = _checked(fleet.flowforge("audit", "--path", str(tmp_path / "in"), "--format", "json").out)
    found = [(each["file"][18:], each["code"], each["what"]) for each in document["repos"][0]["findings"]]
    expected = [
        ("broken.yml", "unreadable-file", "this file cannot be read: it is not YAML"),
        ("link.yml", "unreadable-file", "this file cannot be read: it is a link out of the checkout"),
        ("pipe.yml", "unreadable-file", "this file cannot be read: it is not a regular file"),
    ]
    assert (expected, False, 1) == (found, document["complete"], len(document["repos"][0]["steps"]))


def test_a_literal_is_found_and_never_shown(fleet: "Fleet", tmp_path: Path) -> None:
    """A credential as input, as name of a secret, of a job and of a file is told of, and no output has it."""
    body = "A1b2C3d4E5" * 9
    token = "sk-ant-" + "api03-" + body
    text = HEAD + STEP + f"          anthropic_api_key: {token}\n" + STEP + KEY.replace("CI_KEY", f"['{token}']")
    text = text.replace("secrets.[", "secrets[").replace("  ask:", f"  {token}:")
    _write(tmp_path, text, f".github/workflows/{token}.yml")
    shown = [
        fleet.flowforge("audit", "--path", str(tmp_path), *more)
        for more in (["-v"], ["--format", "json"], ["-m", f"{token}.yaml"])
    ]
    findings = _checked(shown[1].out)["repos"][0]["findings"]
    codes = {each["code"] for each in findings}
    assert ("literal-credential" in codes, []) == (True, [each for each in shown if body[:12] in each.out + each.err])


def test_sarif_lands_on_the_line(fleet: "Fleet", tmp_path: Path) -> None:
    """A result for each finding, with its rule, its file and its line; what ends the run is a notification."""
    _write(tmp_path, HEAD + STEP + KEY)
    run = json.loads(fleet.flowforge("audit", "--path", str(tmp_path), "--format", "sarif").out)["runs"][0]
    failed = json.loads(fleet.flowforge("audit", "--path", str(tmp_path / "x"), "--format", "sarif").out)["runs"][0]
    result = run["results"][0]
    location = result["locations"][0]["physicalLocation"]
    rules = [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in run["tool"]["driver"]["rules"]]
    notes = [each["descriptor"]["id"] for each in failed["invocations"][0]["toolExecutionNotifications"]]
    assert ([("id-token-missing", "error")], 1, 0, "error") == (
        rules,
        len(run["results"]),
        result["ruleIndex"],
        result["level"],
    )
    expected = {
        "artifactLocation": {"uri": FILE, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 2, "startColumn": 1},
    }
    assert (expected, True, False, ["FF700"]) == (
        location,
        run["invocations"][0]["executionSuccessful"],
        failed["invocations"][0]["executionSuccessful"],
        notes,
    )

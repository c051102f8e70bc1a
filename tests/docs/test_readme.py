"""What README.md tells a newcomer to type: the shortest way does what it says."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.docs.pages import ROOT, Block, Mark, page_of
from tests.docs.walk import Walk

if TYPE_CHECKING:
    from tests.conftest import FakeOp

pytestmark = pytest.mark.no_coverage

README: Final = page_of(ROOT / "README.md")


def _block(beginning: str) -> Block:
    (found,) = [block for block in README.blocks if block.text.startswith(beginning)]
    return found


@pytest.mark.processes
def test_a_newcomer_without_an_account(tmp_path: Path, op: "FakeOp") -> None:
    """Sandbox, paste, init, the edit that is told, plan and apply: the two repositories hold the key, and no more."""
    first, then, last = (_block(beginning).lines for beginning in ("git clone", ". .venv", "flowforge plan"))
    (edit,) = re.findall(
        r"write `(- acme/repo-\d+)`\sbelow\s`- acme/repo-001`", (ROOT / "README.md").read_text("utf-8")
    )
    with Walk(tmp_path, op) as walk:
        walk.output(first[-1])
        walk.heed(Mark(0, "pasted", ""))
        walk.output(then[-1])
        manifest = Path("flowforge.yaml")
        lines = manifest.read_text("utf-8").replace("- acme/repo-001\n", f"- acme/repo-001\n      {edit}\n")
        manifest.write_text(lines, "utf-8")
        planned = walk.output(last[0])
        walk.person.says = ["yes"]
        applied, again = walk.output(last[1]), walk.output("flowforge plan")
    assert "Plan: 2 to create, 0 to update, 0 to delete, 0 in sync." in planned
    assert "Done: 2 created, 0 updated, 0 deleted, 0 failed, 0 blocked." in applied
    assert "No changes. GitHub matches the manifest." == again


def test_one_person_has_six_repositories_in_sync(tmp_path: Path, op: "FakeOp") -> None:
    """The manifest as it stands, the one command that is FlowForge's, a paste and a yes."""
    manifest = _block("version: 1\n")
    (command,) = re.findall(r"^(flowforge \w+)", _block("gh auth login").text, re.MULTILINE)
    repos = re.findall(r"ada/[a-z]+", manifest.text)
    (tmp_path / "flowforge.yaml").write_text(manifest.text, "utf-8")
    with Walk(tmp_path, op) as walk:
        walk.sandbox.world.create_user("ada")
        for repo in repos:
            walk.sandbox.world.create_repo(repo)
        walk.person.says = ["oat01", "yes"]
        printed, held = walk.output(command), [[*walk.sandbox.world.reveal(repo)] for repo in repos]
    assert (6, [["CLAUDE_CODE_OAUTH_TOKEN"]] * 6) == (len(repos), held)
    assert "Done: 6 created, 0 updated, 0 deleted, 0 failed, 0 blocked." in printed
    assert "warning" not in printed


def test_the_state_goes_onto_a_branch(tmp_path: Path, op: "FakeOp") -> None:
    """With the lines of *In CI* below the manifest, an apply keeps its state on the branch, by the run's own token."""
    manifest = re.sub(r"\{prompt: [^}]*\}", "{env: CLAUDE}", _block("version: 1\n").text)
    (tmp_path / "flowforge.yaml").write_text(manifest + _block("# GITHUB_TOKEN").text, "utf-8")
    with Walk(tmp_path, op) as walk:
        for repo in ("acme/ops", *re.findall(r"ada/[a-z]+", manifest)):
            walk.sandbox.world.create_repo(repo)
        walk.output(f"export CLAUDE=sk-ant-oat01-… GITHUB_TOKEN={walk.sandbox.token}")
        printed = walk.output("flowforge apply --yes")
        branches = walk.sandbox.world.branches("acme/ops")
    assert (0, True, False) == (walk.code, "flowforge-state" in branches, (tmp_path / "flowforge.state.json").exists())
    assert "Done: 6 created" in printed

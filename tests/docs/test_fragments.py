"""Parts of manifests and of workflows, which a page shows for what is around them: each is sound in a whole one."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from flowforge.__main__ import run
from tests.docs.pages import ROOT, Block, Page, pages

pytestmark = pytest.mark.no_coverage

HERE: Final = Path(__file__).relative_to(ROOT).as_posix()
BLOCKS: Final = [(page, block) for page in pages() for block in page.blocks]
FRAGMENTS: Final = [(page, block) for page, block in BLOCKS if block.mark("run by") == HERE]
# A workflow is whole where it says what starts it.
WORKFLOWS: Final = [(page, block) for page, block in BLOCKS if block.language == "yaml" and "\njobs:" in block.text]
REST: Final[dict[str, Any]] = {
    "version": 1,
    "credentials": {"ci-key": {"type": "anthropic_api_key", "from": {"env": "ACME_ANTHROPIC_KEY"}}},
    "targets": [{"name": "Reviews", "repos": ["acme/api"], "credential": "ci-key"}],
}


def _name(page: Page, block: Block) -> str:
    return f"{page.name}:{block.line}"


@pytest.mark.parametrize(("page", "block"), FRAGMENTS, ids=[_name(*each) for each in FRAGMENTS])
def test_a_fragment_is_part_of_a_manifest(
    page: Page, block: Block, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what it leaves out put beside it, `validate` finds nothing wrong."""
    path = tmp_path / "flowforge.yaml"
    path.write_text(yaml.safe_dump(REST | yaml.safe_load(block.text)), "utf-8")
    code, err = run(["validate", str(path)]), capsys.readouterr().err
    assert (page.name, "", 0) == (page.name, err, code)


def test_there_are_fragments() -> None:
    """Both kinds are found, so that their tests are not empty."""
    assert {"docs/scale.md"} == {page.name for page, _ in FRAGMENTS}
    assert {"docs/action.md", "docs/howto/audit-one-repository.md"} <= {page.name for page, _ in WORKFLOWS}


def test_actionlint_finds_nothing_in_workflows(tmp_path: Path) -> None:
    """Each workflow of a page is one to actionlint, with our own action in its place."""
    (tmp_path / ".git").mkdir()
    shutil.copy(ROOT / "action.yml", tmp_path)
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    whole = [block.text for _, block in WORKFLOWS if block.text.startswith(("on:", "name:"))]
    for number, text in enumerate(whole):
        lines = (line.partition(" # ")[0] if "acme/flowforge@" in line else line for line in text.splitlines())
        mended = "\n".join(lines).replace(f"acme/flowforge@{'0123456789abcdef' * 2}01234567", "./")
        (folder / f"{number}.yaml").write_text(f"{mended}\n", "utf-8")
    program = Path(sys.executable).with_name("actionlint")
    done = subprocess.run([program, "-no-color"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (True, 0, "") == (len(whole) >= 2, done.returncode, done.stdout + done.stderr)

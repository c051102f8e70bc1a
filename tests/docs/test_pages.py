"""Every command and transcript of the pages: what is run prints what stands there, and the rest says why not."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.docs.pages import ROOT, Block, Page, Shown, page_of, pages, with_output
from tests.docs.walk import Walk, settled

if TYPE_CHECKING:
    from tests.conftest import FakeOp

pytestmark = pytest.mark.no_coverage

PAGES: Final = pages()
# Made from the program, and compared with it by `tools/check_docs.py`.
GENERATED: Final = {"docs/reference.md", "docs/errors.md", "docs/findings.md", "docs/faults.md", "docs/permissions.md"}

# What pages run beside FlowForge, and what is not on every machine.
_PROGRAMS: Final = {"curl", "openssl"}
# Why a block is not run, and on which pages that is so: whoever adds one adds it here, where a review sees it.
NOT_RUN: Final = {
    "it asks a person at a site of Anthropic's or GitHub's": {"docs/howto/six-repositories.md"},
    "it is a part of a workflow, which needs GitHub's runner": {"docs/howto/dependabot.md"},
    "it is a workflow, which needs GitHub's runner": {"docs/action.md", "docs/howto/audit-one-repository.md"},
    "it is a part of examples/plugin, which tests/cli/test_plugins.py runs": {"docs/plugins.md"},
    "it is what FlowForge takes the place of": {"docs/howto/from-gh.md", "docs/howto/from-terraform.md"},
    "each needs another manifest; tests/cli/test_state_place.py runs them": {"docs/state.md"},
    "it needs gh, as tests/cli/test_gh.py has it": {"docs/sandbox.md"},
    "it takes an hour; tests/cli/test_content.py has it": {"docs/scale.md"},
    "it needs Terraform": {"docs/howto/from-terraform.md"},
    "these are targets of make, which CI runs": {"CONTRIBUTING.md"},
}


@pytest.mark.processes
@pytest.mark.parametrize("page", [page for page in PAGES if page.is_walk], ids=lambda page: page.name)
def test_a_page_prints_what_it_shows(page: Page, tmp_path: Path, op: "FakeOp") -> None:
    """Each command, run in order, prints what stands below it; `python -m tests.docs PAGE` puts it there."""
    used = {each.command.partition(" ")[0] for block in page.blocks if block.is_run for each in _commands(block)}
    if missing := sorted(name for name in used & _PROGRAMS if shutil.which(name) is None):
        pytest.skip(f"not here: {', '.join(missing)}")
    with Walk(tmp_path, op) as walk:
        for block, printed in walk.along(page):
            where = f"{page.name}:{block.line}"
            shown = [(each.command, settled(each.output)) for each in block.commands]
            assert (where, shown) == (where, [(each.command, settled(each.output)) for each in printed])


def _commands(block: Block) -> list[Shown]:
    return block.commands if block.language == "console" else []


def _unaccounted(page: Page) -> list[int]:
    """Return the lines of blocks that are neither run nor say why not."""
    return [block.line for block in page.blocks if not _is_accounted_for(page, block)]


def _is_accounted_for(page: Page, block: Block) -> bool:
    read_here = page.is_walk and bool(block.title)
    return block.is_run or block.is_output or read_here or bool(block.mark("run by") or block.mark("not run"))


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=lambda page: page.name)
def test_each_block_is_run_or_says_why_not(page: Page) -> None:
    """There is no third kind: a console, a file that its commands read, one that another test runs, one marked."""
    assert [] == _unaccounted(page)


def test_why_blocks_are_not_run() -> None:
    """The reasons are few, and each page that has one is listed."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        for reason in filter(None, (block.mark("not run") for block in page.blocks)):
            found.setdefault(reason, set()).add(page.name)
    assert NOT_RUN == found


def test_another_test_that_runs_a_block_names_its_page() -> None:
    """It is there and speaks of the page, so that it cannot go without this being noticed."""
    named = {(page, block.mark("run by")) for page in PAGES for block in page.blocks if block.mark("run by")}
    lost = [
        (page.name, test)
        for page, test in named
        if test and (not (ROOT / test).is_file() or Path(page.name).name not in (ROOT / test).read_text("utf-8"))
    ]
    assert [] == lost


def test_a_wrong_transcript_is_noticed(tmp_path: Path, op: "FakeOp") -> None:
    """What a page shows and a command does not print differs, and is put right, the rest of the page as it was."""
    path = tmp_path / "page.md"
    path.write_text("# A\n\n```console\n$ flowforge --version\nflowforge 7\n$ echo $?\n0\n```\n\nEnd.\n", "utf-8")
    page = page_of(path, tmp_path)
    with Walk(tmp_path, op) as walk:
        ((block, printed),) = list(walk.along(page))
    assert [False, True] == [a.output == b.output for a, b in zip(block.commands, printed, strict=True)]
    mended = with_output(path.read_text("utf-8"), block, printed)
    expected = f"# A\n\n```console\n$ flowforge --version\n{printed[0].output}\n\n$ echo $?\n0\n```\n\nEnd.\n"
    assert expected == mended


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("```text\n+ acme/api\n```\n", [1]),
        ('```yaml title="flowforge.yaml"\nversion: 1\n```\n', [1]),
        ('```yaml title="a.yaml"\na: 1\n```\n\n```console\n$ cat a.yaml\na: 1\n```\n', []),
        ("<!-- not run: it is a test -->\n\n```sh\nflowforge plan\n```\n\n```text\nNo changes.\n```\n", [7]),
        ("<!-- all run by: tests/x.py -->\n\n```text\na\n```\n\n```text\nb\n```\n", []),
        ("A list:\n\n    flowforge plan\n", [3]),
    ],
)
def test_a_block_that_nobody_runs_is_noticed(tmp_path: Path, text: str, lines: list[int]) -> None:
    """Without a mark, without a console on its page that reads it, and one that is only indented."""
    (tmp_path / "page.md").write_text(text, "utf-8")
    assert lines == _unaccounted(page_of(tmp_path / "page.md", tmp_path))


def test_a_misspelt_mark_is_refused(tmp_path: Path) -> None:
    """It would mean nothing, and nobody sees it."""
    (tmp_path / "page.md").write_text("\n<!-- not ran: whatever -->\n", "utf-8")
    with pytest.raises(ValueError, match=r"line 2: there is no mark 'not ran'"):
        page_of(tmp_path / "page.md", tmp_path)

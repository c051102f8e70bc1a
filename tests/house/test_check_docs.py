"""The document checker: each of its comparisons can fail, and documents in step pass."""

import re
from pathlib import Path

import pytest

from tests.faults.table import FAMILIES, ROWS
from tools import check_docs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small tree whose documents are in step; it has no generated page."""
    for folder in ("docs", "flowforge", "tests"):
        (tmp_path / folder).mkdir()
    readme = "# A\n\n[b](docs/b.md#part-two-its-end) [web](https://example.com/x)\n"
    demo = f"{check_docs.DEMO_BEGIN}\n$ flowforge demo\n{check_docs.DEMO_END}\n"
    (tmp_path / "README.md").write_text(readme + demo, encoding="utf-8")
    (tmp_path / "docs/b.md").write_text("# B\n\n## Part two: its `end`\n\n[a](../README.md#a)\n", encoding="utf-8")
    rows = "| `click` | options |\n| `hatchling` | wheels |\n| `PyYAML` | events |\n| `uv` | pins |\n"
    (tmp_path / "docs/dependencies.md").write_text(f"| name | why |\n|---|---|\n{rows}", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling>=1"]\n[project]\ndependencies = ["click>=8.2"]\n'
        "[project.optional-dependencies]\ndev = [\"pyyaml>=6; python_version > '3'\"]\n"
        '[dependency-groups]\nsupply = ["uv>=0.9"]\n',
        encoding="utf-8",
    )
    problem = 'class Problem:\n    code: str\n    what: str\nX = Problem("FF102", "x")\n'
    (tmp_path / "flowforge/a.py").write_text('"""As FF199."""\n' + problem, encoding="utf-8")
    (tmp_path / "tests/test_a.py").write_text('assert "error FF102: x"\n', encoding="utf-8")
    return tmp_path


def test_what_is_in_step_passes(root: Path) -> None:
    """Links that lead somewhere, tested codes and explained dependencies give no complaint."""
    assert 0 == check_docs.main(root, write=False, pages={}, shared=frozenset())


def test_a_link_must_lead_somewhere(root: Path) -> None:
    """A missing file and a missing heading are named; a link inside a code block is none."""
    page = root / "docs/b.md"
    page.write_text(
        "# B\n[c](c.md) ![d](d.svg)\n[e](../README.md#none)\n[f](#b)\n```\n[g](g.md)\n```\n", encoding="utf-8"
    )
    (root / "README.md").write_text("# A\n", encoding="utf-8")
    expected = [
        "docs/b.md: c.md is not there",
        "docs/b.md: d.svg is not there",
        "docs/b.md: ../README.md#none has no such heading",
    ]
    assert expected == list(check_docs.dead_links(root))


def test_every_code_is_stated_in_a_test(root: Path) -> None:
    """A code that the package can raise and no test states is named; one that a docstring speaks of is not."""
    (root / "flowforge/b.py").write_text('"""B."""\nX = f"error FF205: {y}"\n', encoding="utf-8")
    assert ["flowforge/b.py: FF205 is stated in no test"] == list(check_docs.untested_codes(root))


def test_every_dependency_is_explained_and_nothing_else(root: Path) -> None:
    """A dependency without its row and a row without its dependency are both named."""
    page = root / "docs/dependencies.md"
    page.write_text(page.read_text(encoding="utf-8").replace("`click`", "`clack`"), encoding="utf-8")
    expected = ["docs/dependencies.md: click is not explained", "docs/dependencies.md: clack is no dependency"]
    assert expected == list(check_docs.unexplained_dependencies(root))


def test_a_readme_without_the_demo_is_a_complaint(root: Path) -> None:
    """A README that lost its transcript is named."""
    (root / "README.md").write_text("# A\n", encoding="utf-8")
    expected = ["README.md: no transcript of `flowforge demo` between <!-- demo:begin --> and <!-- demo:end -->"]
    assert expected == list(check_docs.missing_transcript(root))


def test_a_stale_page_is_a_complaint(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A generated page that is missing or not as it is made today is named, and `make docs` mends it."""
    pages = {"docs/one.md": lambda: "# One\n", "docs/two.md": lambda: "# Two\n"}
    (root / "docs/one.md").write_text("# Once\n", encoding="utf-8")
    codes = [check_docs.main(root, write=write, pages=pages, shared=frozenset()) for write in (False, True, False)]
    expected = (
        "docs/one.md: it is not as it is generated today; run: make docs\n"
        "docs/two.md: it is not as it is generated today; run: make docs\n"
        "The documents are in step with the program.\n"
        "The documents are in step with the program.\n"
    )
    assert ([1, 0, 0], expected) == (codes, capsys.readouterr().out)


def test_the_reference_has_every_command() -> None:
    """A heading and the help for the program, each command and each command of a command."""
    page = check_docs.reference()
    headings = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert headings[0] == "flowforge"
    assert {"flowforge plan", "flowforge state", "flowforge state pull"} <= set(headings)
    assert [f"$ {heading} --help" for heading in headings] == re.findall(r"^\$ .*", page, re.MULTILINE)


def test_the_page_of_faults_is_made_of_their_table() -> None:
    """Every family has its table, and every row that is not slow its line, with the code that it prints."""
    page = check_docs.faults()
    assert {f"## {name}" for name in FAMILIES} == {line for line in page.splitlines() if line.startswith("## ")}
    rows = [row for row in ROWS if not row.slow]
    assert [row.fault for row in rows] == re.findall(r"^\| (?!fault |---)(.*?) \| `", page, re.MULTILINE)
    assert all(code in page for row in rows for code in re.findall(r"FF\d{3}", "".join(row.expected.printed)))

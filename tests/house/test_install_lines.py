"""Nothing says how to install FlowForge by its name: on a package index nobody owns it, so anybody could."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
# Installs by a name that a package index resolves; a path, a wheel and `name @ URL` are none.
_INSTALLS = (
    r"(?:pip[\d.]*\s+(?:install|download)|pipx\s+(?:install|run)|uvx|uv\s+(?:add|tool\s+(?:install|run)|pip\s+install)"
    r"|poetry\s+add|pdm\s+add|conda\s+install)"
)
_NAME_ALONE = r"[\"']?flowforge(?![\w./-]|\s*@\s)"
_BY_NAME = re.compile(rf"\b{_INSTALLS}\b[^\n`#;&|]*?\s{_NAME_ALONE}", re.IGNORECASE)
_REQUIRED = re.compile(rf"{_NAME_ALONE}\s*([\[<>=~!].*)?", re.IGNORECASE)


def installs_by_name(root: Path) -> Iterator[str]:
    """Find lines that would install FlowForge, or have it installed, by its name.

    It is on no package index, so whoever takes the name there would own the machine of everybody who runs such a line.
    """
    said = "it installs flowforge by its name, which nobody owns: name a path, a wheel or a commit"
    for page in _that_install(root):
        text, name = page.read_text(encoding="utf-8"), page.relative_to(root).as_posix()
        yield from (f"{name}:{n}: {said}" for n, line in enumerate(text.splitlines(), 1) if _BY_NAME.search(line))
        needs = _needs(tomllib.loads(text)) if page.suffix == ".toml" else ()
        yield from (f"{name}: {said}" for need in needs if _REQUIRED.fullmatch(need))


def _needs(project: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a package needs, and what it is built with."""
    yield from project.get("project", {}).get("dependencies", [])
    yield from project.get("build-system", {}).get("requires", [])
    for group in (project.get("project", {}).get("optional-dependencies", {}), project.get("dependency-groups", {})):
        yield from (each for needs in group.values() for each in needs)


def _that_install(root: Path) -> Iterator[Path]:
    """Yield what holds lines that people copy or machines run: pages, the product's own words, examples, tools."""
    yield from sorted(root.glob("*.md"))
    yield from (
        path
        for path in (root / "Makefile", root / ".ci/run", root / "action.yml", root / "pyproject.toml")
        if path.exists()
    )
    for folder in ("action", "benchmarks", "docs", "examples", "flowforge", "schemas", "tools"):
        for kind in ("*.md", "*.py", "*.sh", "*.toml", "*.yaml", "*.yml", "*.txt"):
            yield from sorted((root / folder).rglob(kind))


def test_no_line_of_ours_installs_by_name() -> None:
    """Neither a page, nor an example, nor a word of the product's."""
    assert [] == list(installs_by_name(ROOT))


@pytest.mark.parametrize(
    "line",
    [
        "pip install flowforge",
        "      - run: pip install flowforge==1.0.0       # one version for both jobs",
        "python3 -m pip install --quiet 'flowforge>=1'",
        "pip3 install --upgrade FlowForge",
        "pip install flowforge[dev]",
        "pipx install flowforge",
        "pipx run flowforge plan",
        "uvx flowforge plan",
        "uv tool install flowforge",
        "uv pip install flowforge",
        "uv add flowforge",
        "poetry add flowforge",
        "Say `pip install flowforge` first.",
        "pip install httpx flowforge",
    ],
)
def test_a_line_that_does_is_found(tmp_path: Path, line: str) -> None:
    """By any of the installers, with any version and any options."""
    (tmp_path / "README.md").write_text(f"# A\n\n{line}\n", encoding="utf-8")
    said = "README.md:3: it installs flowforge by its name, which nobody owns: name a path, a wheel or a commit"
    assert [said] == list(installs_by_name(tmp_path))


@pytest.mark.parametrize(
    "line",
    [
        "pip install .",
        "pip install ./flowforge",
        "pip install --constraint .flowforge/constraints.txt ./.flowforge",
        "pip install dist/flowforge-0.1.0-py3-none-any.whl",
        "pip install 'flowforge @ git+https://git.acme.example/flowforge@0123456789abcdef0123456789abcdef01234567'",
        "pip install examples/plugin && flowforge plan",
        "`pip install .` in a checkout, and then `flowforge demo`",
        "pip install acme-flowforge",
        "flowforge init",
    ],
)
def test_other_lines_are_none(tmp_path: Path, line: str) -> None:
    """A path, a wheel, a commit, another package, and the program itself."""
    (tmp_path / "README.md").write_text(f"# A\n\n{line}\n", encoding="utf-8")
    assert [] == list(installs_by_name(tmp_path))


@pytest.mark.parametrize("need", ["flowforge", "flowforge>=1", "flowforge[dev] == 1", "FlowForge~=1.0"])
def test_what_a_package_of_an_example_needs(tmp_path: Path, need: str) -> None:
    """A dependency is installed by its name, too."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/pyproject.toml").write_text(f'[project]\ndependencies = ["{need}"]\n', encoding="utf-8")
    said = "it installs flowforge by its name, which nobody owns: name a path, a wheel or a commit"
    assert [f"examples/pyproject.toml: {said}"] == list(installs_by_name(tmp_path))


def test_the_addresses_of_the_package_are_known_ones() -> None:
    """None of them is a place where FlowForge is not, and where somebody else could be."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {
        "claude-code-action": "https://github.com/anthropics/claude-code-action",
        "GitHub's API of secrets": "https://docs.github.com/en/rest/actions/secrets",
    } == project["urls"]


def test_the_pythons_are_the_same_everywhere() -> None:
    """What pip admits, what the classifiers name, what make looks for, and what the README says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [
        each.rpartition(" ")[2]
        for each in project["classifiers"]
        if each.startswith("Programming Language :: Python :: ")
    ]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (["3.11", "3.12", "3.13"], ">=3.11,<3.14") == (named, project["requires-python"])
    assert "with Python 3.11, 3.12 or 3.13, make and git." in readme
    assert "Python 3.14 is refused (`<3.14`) until" in readme
    names = "python3.13 python3.12 python3.11 python3 python"
    makers = {"tools/make_venv.sh": f"candidates='{names}'", "action/find_python.sh": f"for name in {names}; do"}
    assert [] == [file for file, line in makers.items() if line not in (ROOT / file).read_text(encoding="utf-8")]

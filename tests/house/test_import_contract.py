"""The import contract: each of its parts can fail."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

# One forbidden import for each part of the contract: the file it is put into, what it imports, the part it breaks.
VIOLATIONS = (
    ("plan/action.py", "flowforge.vault", "Imports point one way, and the parts do not know each other"),
    ("manifest/__init__.py", "flowforge.github", "Imports point one way, and the parts do not know each other"),
    (
        "state/__init__.py",
        "flowforge.vault",
        "Plaintext goes around the planner, the state, the manifest and the screen",
    ),
    ("plan/address.py", "yaml", "The planner is pure: the standard library and errors, and deepdiff in one file"),
    ("plan/decide.py", "deepdiff", "The planner is pure: the standard library and errors, and deepdiff in one file"),
    ("render/__init__.py", "flowforge.vault", "What is shown is made of plans and errors, never of the parts"),
    ("workflows/pins.py", "httpx", "Workflows are read and judged without asking anybody"),
    ("sandbox/__init__.py", "flowforge.plan", "The sandbox stands alone: the standard library, pynacl and errors"),
    ("run/flows.py", "flowforge.render", "The steps neither print nor know the sandbox"),
    ("offline.py", "flowforge.sources", "What works offline can open no source and ask nobody"),
    ("sources/__init__.py", "httpx", "Two files speak HTTP, one to GitHub and one to Anthropic, with one client"),
    ("github/exchange.py", "httpcore", "Only transport/deadline.py opens the sockets for it"),
    (
        "steps/values/__init__.py",
        "flowforge.anthropic",
        "Only the steps that verify or replace a key send one to Anthropic",
    ),
    (
        "steps/refresh/__init__.py",
        "flowforge.steps.apply",
        "The rooms of the steps import downwards",
    ),
    (
        "sandbox/rules/__init__.py",
        "flowforge.sandbox.http",
        "The rooms of the sandbox import downwards",
    ),
)


def lint(root: Path) -> tuple[int, str]:
    """Run the import linter in `root`; give its exit code and what it printed."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    """Copy the package and its contract."""
    shutil.copy(pytestconfig.rootpath / "pyproject.toml", tmp_path)
    shutil.copytree(pytestconfig.rootpath / "flowforge", tmp_path / "flowforge")
    return tmp_path


def test_the_contract_is_kept_and_each_part_of_it_can_fail(copy: Path) -> None:
    """The tree keeps the contract; with one forbidden import for each part, each part names that import."""
    contracts = tomllib.loads((copy / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    kept_code, kept = lint(copy)
    for file, imported, _ in VIOLATIONS:
        with (copy / "flowforge" / file).open("a", encoding="utf-8") as source:
            source.write(f"\nimport {imported}\n")
    broken_code, broken = lint(copy)
    assert (0, 1) == (kept_code, broken_code), kept
    assert {part for _, _, part in VIOLATIONS} == {contract["name"] for contract in contracts}
    for file, imported, part in VIOLATIONS:
        importer = "flowforge." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert f"{part} BROKEN" in broken
        section = re.split(rf"^{re.escape(part)}$", broken, flags=re.MULTILINE)[-1].split("\n---", 2)
        assert f"{importer} -> {imported} (l." in "".join(section[:2]), part

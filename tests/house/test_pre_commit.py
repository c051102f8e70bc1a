"""The hook for pre-commit: it runs a command of ours, on the files that can be a manifest."""

import re
from pathlib import Path
from typing import Final

import yaml

from flowforge.cli.commands import COMMANDS

ROOT: Final = Path(__file__).parents[2]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def test_the_hook_is_complete() -> None:
    """It has what pre-commit requires, installs our own package, and calls a command that there is."""
    program, command = HOOK["entry"].split()
    assert ("flowforge-validate", "python", "flowforge", True) == (
        HOOK["id"],
        HOOK["language"],
        program,
        command in {row.name for row in COMMANDS},
    )
    assert set() == HOOK.keys() - {"id", "name", "description", "entry", "language", "pass_filenames", "files", "types"}


def test_it_hands_no_files_on() -> None:
    """Two manifests of two folders must not be read as one because both changed."""
    assert HOOK["pass_filenames"] is False


def test_it_runs_where_a_manifest_changed() -> None:
    """One beside others, one with a name of its own, one in a folder of manifests; no other file at the top."""
    files = re.compile(HOOK["files"])
    named = (
        "flowforge.yaml",
        "flowforge.prod.yml",
        "ops/flowforge.yaml",
        "prod/1-common.yaml",
        "README.md",
        "mkdocs.yml",
    )
    assert ["flowforge.yaml", "flowforge.prod.yml", "ops/flowforge.yaml", "prod/1-common.yaml"] == [
        name for name in named if files.search(name)
    ]

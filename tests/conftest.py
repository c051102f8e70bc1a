"""What holds for every test: an environment of its own, and how many cases hypothesis generates."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Whatever steers FlowForge, gh, git or a terminal from outside. A test that needs one of these sets it.
_FOREIGN = ("ANTHROPIC_", "CLAUDE_", "FLOWFORGE_", "GH_", "GIT_", "GITHUB_", "XDG_")
_FOREIGN_NAMES = ("CI", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR")

# Hypothesis keeps what it learns out of the tree. The everyday profile is the same on every machine and every run;
# `make check` looks further, and a failure prints the blob that repeats it.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / f"flowforge-hypothesis-{os.getuid()}")
)
settings.register_profile("quick", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("medium", max_examples=2_000, deadline=None, database=None, print_blob=True)
settings.register_profile("slow", max_examples=10_000, deadline=None, database=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Take the caller's settings away and give a home and a cache of the test's own; returns the home."""
    for name in tuple(os.environ):
        if name.startswith(_FOREIGN) or name in _FOREIGN_NAMES:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("FLOWFORGE_CACHE_DIR", str(home / "cache"))
    return home

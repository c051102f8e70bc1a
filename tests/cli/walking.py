"""What the tests of rotations share: a canary that is a real command, and who holds which value by decryption."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from flowforge.plan.address import Repo
from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"


@dataclass(frozen=True)
class Seen:
    """A verdict."""

    repo: Repo
    well: bool
    said: str
    url: str = ""


@dataclass(frozen=True)
class Command:
    """A canary that runs a command with the name of each repo."""

    argv: Sequence[str]
    environ: Mapping[str, str]

    def check(self, repos: Sequence[Repo]) -> None:
        """Accept."""

    def run(self, repos: Sequence[Repo]) -> tuple[Seen, ...]:
        """Run it, repo by repo."""
        codes = {
            repo: subprocess.run([*self.argv, str(repo)], env=dict(self.environ), check=False).returncode
            for repo in repos
        }
        return tuple(Seen(repo, not code, f"the command ended with {code}") for repo, code in codes.items())


def stand_in(patch: pytest.MonkeyPatch) -> None:
    """Put a canary of this file in the place of the program's own, so that a test is about the walk alone."""

    def command_canary(argv: Sequence[str], *, environ: Mapping[str, str], **_: Any) -> Command:  # noqa: ANN401 -- unused
        return Command(argv, environ)

    module = ModuleType("flowforge.steps.rotate.canary")
    module.command_canary = command_canary  # type: ignore[attr-defined]  # -- a module made by hand
    patch.setitem(sys.modules, module.__name__, module)


def who_has(fleet: Fleet, *values: str) -> Counter[str]:
    """Count by decryption how many repos hold each value: `old`, `new` and `third` as they are given, or `other`."""
    names = dict(zip(values, ("old", "new", "third"), strict=False))
    return Counter(names.get(held.get(KEY, ""), "other") for held in fleet.held().values())

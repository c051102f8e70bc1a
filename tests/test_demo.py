"""The story that `flowforge demo` tells."""

import re
from pathlib import Path

import pytest

from flowforge import demo
from flowforge.__main__ import run
from tests.docs.pages import ROOT, page_of
from tests.docs.walk import settled


def shown_story() -> str:
    """Return the story as README.md shows it."""
    (shown,) = [
        block.text for block in page_of(ROOT / "README.md").blocks if block.text.startswith("$ flowforge demo\n")
    ]
    return shown.partition("\n")[2].strip()


@pytest.mark.slow
def test_the_story_is_told_and_proven(tmp_path: Path) -> None:
    """Plan, apply, no changes; three troubles, seen and mended; and every value opened and right at the end."""
    told: list[str] = []
    assert demo.Story(tmp_path, told.append).run() is True
    text = "\n".join(told)
    assert re.findall(r"^\$ (.*)$", text, re.MULTILINE) == [
        "flowforge plan",
        "flowforge apply --yes",
        "flowforge plan",
        "flowforge plan",
        "flowforge apply --yes",
        "flowforge plan",
    ]
    assert text.count("Plan: 25 to create, 0 to update, 0 to delete, 0 in sync.") == 2
    assert text.count("Plan: 1 to create, 2 to update, 0 to delete, 22 in sync.") == 2
    assert text.count("No changes. GitHub matches the manifest.") == 2
    assert "25 of 25 repositories hold exactly the intended value." in text
    assert re.search(r"limits held: \d+ points spent, 0 requests refused\.$", text, re.MULTILINE)
    assert "sk-ant-" not in text
    # And it is the one that README.md shows.
    assert settled(shown_story()) == settled(text.strip())


def test_the_story_fits_a_terminal() -> None:
    """No line of it is broken at 80 columns: the rows of a plan would stand there like two."""
    assert [] == [line for line in shown_story().splitlines() if len(line) > 80]


def test_a_wrong_value_is_not_proven(tmp_path: Path) -> None:
    """The proof can fail: with a repo that apply did not mend, it says 24 of 25 and the story ends false."""
    told: list[str] = []

    class Spoiled(demo.Story):
        def _flowforge(self, *args: str) -> None:
            del args
            for name in demo._FLEET:
                for slot, value in demo._wanted(name, self.values).items():
                    self.sandbox.world.set_secret(f"acme/{name}", slot, "wrong" if name == "web" else value)

    assert Spoiled(tmp_path, told.append).run() is False
    assert "24 of 25 repositories hold exactly the intended value." in "\n".join(told)


@pytest.mark.parametrize(("right", "code"), [(True, 0), (False, 1)])
def test_the_command_exits_as_the_proof_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, right: bool, code: int
) -> None:
    """What is told is printed as it is told, and a proof that fails is an exit code of 1."""

    def told(story: demo.Story) -> bool:
        story.tell("$ flowforge plan")
        story.tell("+ acme/api  missing\n\nPlan: 1 to create.")
        return right

    monkeypatch.setattr(demo.Story, "run", told)
    assert run(["demo"]) == code
    assert capsys.readouterr() == ("$ flowforge plan\n+ acme/api  missing\n\nPlan: 1 to create.\n", "")

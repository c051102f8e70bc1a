"""Files that an earlier FlowForge wrote are read today, and the documents made of them are the same but for the prose.

`tests/data/before` was written by the wheel of commit 2b5f31b, on a sandbox: a signed state, the state and the journal
of an apply that was killed, a saved plan, and the JSON that its commands made of them, where FOLDER stands for the
manifest's folder. `state-key.txt` keys them; the key, like every value there, was made up for it.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.run import SavedPlan

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

BEFORE = Path(__file__).parents[1] / "data" / "before"
DOCUMENTS: dict[str, Any] = json.loads((BEFORE / "documents.json").read_text(encoding="utf-8"))
# Sentences for people, which may be put better at any time.
PROSE = frozenset({"sentence", "what", "why", "fix", "warnings", "detail"})
COMMANDS = {
    "offline": ("plan", "--offline", "--format", "json"),
    "list": ("state", "list", "--format", "json"),
    "show": ("state", "show", "--format", "json"),
    "pull": ("state", "pull"),
    "validate": ("validate", "--format", "json"),
}


def bare(document: object) -> object:
    """Return a document without its prose."""
    if isinstance(document, dict):
        return {key: bare(value) for key, value in document.items() if key not in PROSE}
    return [bare(each) for each in document] if isinstance(document, list) else document


def known_to(before: object, now: object) -> object:
    """Return what a document of today has, without the keys that were added since."""
    if isinstance(before, dict) and isinstance(now, dict):
        return {key: known_to(before.get(key), value) for key, value in now.items() if key in before}
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [known_to(*each) for each in zip(before, now, strict=True)]
    return now


@pytest.fixture
def earlier(fleet: "Fleet") -> "Fleet":
    """Put the earlier manifest and key into a fleet's folder."""
    shutil.copy(BEFORE / "flowforge.yaml", fleet.folder)
    fleet.monkeypatch.setenv("FLOWFORGE_STATE_KEY", (BEFORE / "state-key.txt").read_text(encoding="utf-8").strip())
    return fleet


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_as_it_was(earlier: "Fleet", name: str) -> None:
    """Each command reads the earlier state, and its journal, and says the same of it, exit code included."""
    state, _, document = name.partition(".")
    for file in BEFORE.glob(f"{state}.state.json*"):
        shutil.copy(file, earlier.folder / file.name.replace(state, "flowforge", 1))
    done = earlier.flowforge(*COMMANDS[document])
    before, now = DOCUMENTS[name], json.loads(done.out.replace(str(earlier.folder), "FOLDER"))
    assert (before["code"], bare(before["out"])) == (done.code, bare(known_to(before["out"], now))), done.err


def test_a_saved_plan_is_read() -> None:
    """What was approved before the upgrade can be carried out after it: the file is read, and all that it stands on."""
    saved = SavedPlan.read(BEFORE / "plan-file.json")
    written = json.loads((BEFORE / "plan-file.json").read_text(encoding="utf-8"))
    assert written["stands_on"] == saved.stands_on


def test_an_earlier_plan_fits_the_schema_of_today() -> None:
    """Whoever reads plans by today's schema can read those that were kept."""
    validator = Draft202012Validator(json.loads(schema_text("plan")))
    assert [] == [error.message for error in validator.iter_errors(json.loads((BEFORE / "plan.json").read_text()))]

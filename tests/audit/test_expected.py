"""The collections that the audit is measured by are well formed: a slip in them would pass for a fault of the audit."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.audit.count import CODES, counted
from tests.audit.hostile import CASES, WORKFLOWS, Hostile

HERE: Final = Path(__file__).parent
KNOWN: Final = {code for codes in CODES.values() for code in codes.split()}
KEYS: Final = {"about", "mode", "stores", "types", "repo", "must", "must_not"}
FOLDERS: Final = [path.parent for path in sorted(HERE.glob("*/*/expected.json"))]


def lines(folder: Path, name: str) -> int:
    """Return how many lines a file of the folder has."""
    return len((folder / name).read_text(encoding="utf-8").splitlines())


def slips(folder: Path, expected: dict[str, Any]) -> list[str]:
    """Return what is wrong with an expectation."""
    must = expected["must"]
    found = [f"{code}?" for code in {*expected["must_not"], *(each["code"] for each in must)} - KNOWN]
    found += [f"{each['code']} must and must not" for each in must if each["code"] in expected["must_not"]]
    placed = [each for each in [*must, *expected.get("steps", [])] if each["file"] is not None]
    found += [
        f"{each['file']}:{each['line']}?" for each in placed if not 1 <= each["line"] <= lines(folder, each["file"])
    ]
    if set(expected) - {"steps"} != KEYS:
        found.append("keys")
    if (expected["mode"] == "fleet") != (expected["stores"] is not None):
        found.append("stores")
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_an_expectation_is_well_formed(folder: Path) -> None:
    """Each expectation has its keys, names known codes, contradicts nothing, and points at lines that are there."""
    assert [] == slips(folder, json.loads((folder / "expected.json").read_text(encoding="utf-8")))


def test_every_code_is_expected_and_ruled_out_often_enough() -> None:
    """Each code of the audit is found at least twice and ruled out in at least three folders."""
    must, must_not = counted()
    assert {} == {code: (must[code], must_not[code]) for code in KNOWN if must[code] < 2 or must_not[code] < 3}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_folder_can_be_made(case: Hostile, tmp_path: Path) -> None:
    """Each hostile folder is written, with the files that its case names, and its codes are known."""
    case.write(tmp_path)
    assert set(case.files()) == {path.name for path in (tmp_path / WORKFLOWS).iterdir()}
    assert {name for name, _ in case.actions} == {path.parent.name for path in tmp_path.glob("*/action.yml")}
    assert set() == {*case.must_not, *(code for code, _ in case.must)} - KNOWN

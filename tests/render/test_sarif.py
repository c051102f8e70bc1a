"""The format `sarif`: it is SARIF by the standard's own schema, and code scanning finds each line that it names."""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator

from flowforge.audit.document import audit_body
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts, StoreNames
from flowforge.errors import ExitCode, Problem
from flowforge.render.as_sarif import write
from flowforge.render.document import error_document, head
from tests.rows import one_in
from tools.audit_corpus import folders, run

# The schema of SARIF 2.1.0 with errata 01, by OASIS Open; its descriptions are left out.
SCHEMA: Final = json.loads((Path(__file__).parent.parent / "data/sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR: Final = Draft4Validator(SCHEMA)
STEP: Final = "on: push\njobs:\n  a:\n    steps:\n      - uses: anthropics/claude-code-action@v1\n"


def _run(document: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    text = json.loads(write(document, ()))
    VALIDATOR.validate(text)
    (found,) = text["runs"]
    return dict(found)


def _places(found: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    places = []
    for result in found["results"]:
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        region = physical["region"]
        file = unquote(physical["artifactLocation"]["uri"])
        places.append((result["ruleId"], file, region["startLine"], region["startColumn"]))
    return places


@pytest.mark.parametrize("folder", one_in(4, folders(), ids=lambda folder: f"{folder.parent.name}/{folder.name}"))
def test_a_folder_of_the_corpus(folder: Path) -> None:
    """It fits the schema, every result has one place, in a file that is there, and it is that of its finding."""
    expected, found = run(folder)
    places = _places(_run({**head("audit"), **audit_body([found])}))
    assert [(each.code, each.line or 1, each.column or 1) for each in found.findings] == [
        (code, line, column) for code, _, line, column in places
    ]
    for code, file, line, column in places:
        if (folder / file).is_dir():
            continue  # it is about the repository
        lines = (folder / file).read_text(encoding="utf-8", errors="replace").split("\n")
        assert (code, True, True) == (code, line <= len(lines), column <= len(lines[line - 1]) + 1)
    wanted = {(each["code"], each["file"], each["line"]) for each in expected["must"] if each["file"]}
    assert set() == wanted - {(code, file, line) for code, file, line, _ in places}


def test_what_is_about_no_file_has_a_place_too() -> None:
    """A finding about the repository stands in a file that runs Claude, without any in the folder of workflows."""
    facts = RepoFacts(stores=StoreNames(frozenset({"CLAUDE_CODE_OAUTH_TOKEN"})))
    path = ".github/workflows/a b.yml"
    files = [{path: STEP + "        with: {anthropic_api_key: x}\n"}, {path: "on: push\njobs: {}\n"}]
    places = [_places(_run({**head("audit"), **audit_body([audit(each, facts)])})) for each in files]
    assert [[("not-referenced", path, 1, 1)], [("not-referenced", ".github/workflows", 1, 1)]] == places


@pytest.mark.parametrize("name", ["a b.yml", "a#b?c.yml", "ä🗝.yml", "50%.yml", "q\"u'o\\te.yml"])
def test_a_name_is_a_uri(name: str) -> None:
    """What ends or changes a URI is escaped, and comes back as it was."""
    path = f".github/workflows/{name}"
    found = audit({path: "on: [", "sub/action.yml": "x: ["}, RepoFacts())
    files = {file for _, file, _, _ in _places(_run({**head("audit"), **audit_body([found])}))}
    assert files == {"sub/action.yml", path}


def test_a_run_that_failed_fits_too() -> None:
    """What ended the run is a notification of one that did not succeed, and its results are none."""
    found = _run(error_document((Problem("FF700", "what", why="why", fix="fix"),), ExitCode.ERROR))
    assert ([], False) == (found["results"], found["invocations"][0]["executionSuccessful"])

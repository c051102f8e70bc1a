"""SARIF 2.1.0 of an audit, for code scanning and editors: a rule for each code, a result for each finding."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

_FOLDER: Final = ".github/workflows"
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def write(document: Mapping[str, Any], lines: Sequence[str]) -> str:
    """Return the text. An error that ended the run is a notification of a run that did not succeed."""
    # Every format is handed the lines for people; this one is for programs alone.
    del lines
    findings = [_placed(finding, repo) for repo in document.get("repos", ()) for finding in repo["findings"]]
    codes = sorted({finding["code"] for finding in findings})
    rules = [_described(name, findings) for name in codes]
    driver = {"name": "FlowForge", "version": document["flowforge"], "rules": rules}
    # An empty list of results says "all mended" to code scanning, so a run that could not look must say that it failed.
    errors = document.get("errors", ())
    invocation = {"executionSuccessful": not errors, "toolExecutionNotifications": [*map(_notification, errors)]}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        # Columns are counted in characters, as Python counts them, and not in units of UTF-16.
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes) for finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _placed(finding: Mapping[str, Any], repo: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a finding with a file. One that is about none stands at the first line of one that runs Claude."""
    if finding["file"]:
        return finding
    # Code scanning refuses a whole upload for one result without a location (github/codeql-action#2459).
    return {**finding, "file": next((step["file"] for step in repo["steps"]), _FOLDER)}


def _described(name: str, findings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rule of a code, with the words of its first finding."""
    # The table's texts have gaps that only a finding fills, so the first one lends its words.
    first = next(finding for finding in findings if finding["code"] == name)
    return {
        "id": name,
        "shortDescription": {"text": name.replace("-", " ").capitalize()},
        "help": {"text": _message(f"{first['why']}. {first['fix']}.")},
        "defaultConfiguration": {"level": first["level"]},
    }


def _message(text: str) -> str:
    """Return a text in which nothing is a link: in a message of SARIF, `[text](address)` is one (2.1.0, 3.11.6)."""
    return text.replace("](", "] (")


def _result(finding: Mapping[str, Any], codes: Sequence[str]) -> dict[str, Any]:
    text = _message(f"{finding['what']}: {finding['why']}. Fix: {finding['fix']}.")
    place = (finding["file"], finding["job"], finding["step"], finding["what"])
    return {
        "ruleId": finding["code"],
        "ruleIndex": codes.index(finding["code"]),
        "level": finding["level"],
        "message": {"text": text},
        "locations": [_location(finding)],
        # By what it is and not by its line, so that it stays the same finding when lines are added above it.
        "partialFingerprints": {"flowforge/v1": "/".join(str(each) for each in place)},
    }


def _location(finding: Mapping[str, Any]) -> dict[str, Any]:
    # SARIF counts from 1, and GitHub's code scanning asks for a line of each result.
    region = {"startLine": finding["line"] or 1, "startColumn": finding["column"] or 1}
    # A URI and no path: a space or a `#` in a file's name would end it.
    artifact = {"uri": quote(_bytes(finding["file"])), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _bytes(file: str) -> bytes:
    """Return the name of a file as it is on the disk, where Python has put what is no UTF-8 into halves of pairs."""
    try:
        return file.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return file.encode(errors="surrogatepass")


def _notification(error: Mapping[str, Any]) -> dict[str, Any]:
    text = _message(". ".join(filter(None, (error["what"], error["why"], error["fix"]))))
    return {"descriptor": {"id": error["code"]}, "level": "error", "message": {"text": text}}

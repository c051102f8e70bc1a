"""Run the audit over a corpus of checkouts, each with what is expected of it, and print precision and recall by level.

A folder of the corpus has workflow and action files and an `expected.json`: `mode` (`path`: nothing is known of stores;
`fleet`: they are as it says), `stores`, `types`, `repo`, `must` (code, file, line) and `must_not` (codes).

An expected finding is met by one of its code in its file and line; two of a code in one line are one. A finding
of level error or warning that nobody expected is a false one; a note is false only where its code must not be.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowforge.audit.checkout import read_checkout
from flowforge.audit.codes import CODES, Severity
from flowforge.audit.judge import audit
from flowforge.audit.model import Finding, RepoAudit, RepoFacts, StoreNames

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "audit"
_IMMUTABLE_SINCE = "2026-07-15"


@dataclass(slots=True)
class Judged:
    """How one folder came out: what was expected and not found, and what was found and is not so."""

    name: str
    hits: list[str] = field(default_factory=list)
    """The codes of expected findings that were found."""
    missed: list[Mapping[str, Any]] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)
    steps: str = ""
    """How the listed steps differ from the expected ones."""


def folders(corpus: Path = CORPUS) -> list[Path]:
    """Return the folders of a corpus, or of several beside each other, that say what is expected."""
    return sorted(path.parent for pattern in ("*", "*/*") for path in corpus.glob(f"{pattern}/expected.json"))


def facts(expected: Mapping[str, Any]) -> RepoFacts:
    """Return what GitHub and the manifest say of the repository of a folder."""
    repo = expected.get("repo") or {}
    stores = expected.get("stores") if expected.get("mode") == "fleet" else None
    types = {name.upper(): kind for name, kind in (expected.get("types") or {}).items()}
    created = str(repo.get("created_at") or "")
    immutable = repo.get("use_immutable_subject", repo.get("immutable_subject"))
    if immutable is None and created:
        immutable = created >= _IMMUTABLE_SINCE
    default = repo.get("default_workflow_permissions", repo.get("default_permissions"))
    name = repo.get("full_name") or repo.get("repo") or repo.get("name")
    return RepoFacts(name, _stores(stores), types, default, immutable, _disabled(repo))


def _stores(found: Mapping[str, Any] | None) -> StoreNames | None:
    if found is None:
        return None
    actions, dependabot, organization, variables = (
        frozenset(each.upper() for each in found.get(name) or ())
        for name in ("actions", "dependabot", "organization", "variables")
    )
    environments = {
        name.lower(): frozenset(each.upper() for each in names)
        for name, names in (found.get("environments") or {}).items()
    }
    return StoreNames(actions, dependabot, environments, organization, variables)


def _disabled(repo: Mapping[str, Any]) -> frozenset[str]:
    listed = repo.get("disabled_workflows") or repo.get("disabled") or ()
    states = repo.get("workflows") or {}
    if isinstance(states, list):
        states = {each.get("path"): each.get("state") for each in states}
    off = [path for path, state in states.items() if str(state).startswith("disabled")]
    return frozenset([*(listed if not isinstance(listed, bool) else ()), *off])


def run(folder: Path) -> tuple[Mapping[str, Any], RepoAudit]:
    """Return what a folder expects, and what the audit says of it."""
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    checkout = read_checkout(folder)
    return expected, audit(checkout.files, facts(expected), checkout.unread)


def judge(folder: Path) -> Judged:
    """Return how a folder comes out."""
    expected, found = run(folder)
    judged = Judged(folder.name)
    left = list({(each.code, each.file, each.line): each for each in found.findings}.values())
    for must in expected.get("must", ()):
        match = next((each for each in left if _meets(each, must)), None)
        if match is None:
            judged.missed.append(must)
        else:
            left.remove(match)
            judged.hits.append(must["code"])
    forbidden = set(expected.get("must_not", ()))
    judged.wrong += [each for each in left if each.code in forbidden or each.level is not Severity.NOTE]
    return judged


def _meets(finding: Finding, must: Mapping[str, Any]) -> bool:
    place = (finding.code, finding.file, finding.line)
    return place == (must["code"], must["file"], must["line"]) and must.get("level", finding.level) == finding.level


def level_of(code: str) -> str:
    """Return the level of a code, as its row has it."""
    return CODES[code].level.value if code in CODES else "unknown"


def table(results: Sequence[Judged]) -> str:
    """Return precision and recall by level, and what went wrong."""
    hits = Counter(level_of(code) for each in results for code in each.hits)
    missed = Counter(level_of(must["code"]) for each in results for must in each.missed)
    wrong = Counter(level_of(finding.code) for each in results for finding in each.wrong)
    lines = [f"{'level':<10}{'found':>8}{'missed':>8}{'wrong':>8}{'precision':>12}{'recall':>10}"]
    for level in ("error", "warning", "note"):
        right, lost, false = hits[level], missed[level], wrong[level]
        precision = right / (right + false) if right + false else 1.0
        recall = right / (right + lost) if right + lost else 1.0
        lines.append(f"{level:<10}{right:>8}{lost:>8}{false:>8}{precision:>12.3f}{recall:>10.3f}")
    for each in results:
        for must in each.missed:
            place = f"{must.get('file')}:{must.get('line')}"
            lines.append(f"missed  {each.name}: {must['code']} {place} step {must.get('step')}")
        lines += [f"wrong   {each.name}: {one.code} {one.file}:{one.line}  {one.what}" for one in each.wrong]
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """Judge a corpus, the project's own unless another folder is named."""
    corpus = Path(argv[0]) if argv else CORPUS
    results = [judge(folder) for folder in folders(corpus)]
    print(table(results))
    bad = any(level_of(must["code"]) == "error" for each in results for must in each.missed)
    return 1 if bad or any(each.level is Severity.ERROR for result in results for each in result.wrong) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

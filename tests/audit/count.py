"""Print how often each code of an audit stands in `must` and in `must_not` of the collections."""

import json
from collections import Counter
from pathlib import Path
from typing import Final

from tests.audit.hostile import CASES

HERE: Final = Path(__file__).parent
CODES: Final = {
    "error": (
        "missing-secret missing-variable wrong-kind credential-not-read no-credential identity-incomplete "
        "id-token-missing oauth-not-accepted literal-credential workflow-too-large"
    ),
    "warning": (
        "both-set identity-shadowed dependabot-without-secret environment-secret-not-inherited shadows-organization "
        "credential-in-reach-of-fork dead-credential-looks-green inputs-unknown-to-pin secret-writer identity-subject "
        "bot-not-allowed login-tokens unreadable-file"
    ),
    "note": (
        "not-referenced fork-without-secret beta-pin identity-literal identity-as-secret gated workflow-disabled "
        "cannot-know"
    ),
}


def counted() -> tuple[Counter[str], Counter[str]]:
    """Return how many findings of each code must be, and in how many folders it must not be."""
    must: Counter[str] = Counter()
    must_not: Counter[str] = Counter()
    for path in sorted(HERE.glob("*/*/expected.json")):
        expected = json.loads(path.read_text(encoding="utf-8"))
        must.update(finding["code"] for finding in expected["must"])
        must_not.update(expected["must_not"])
    for case in CASES:
        must.update(code for code, _ in case.must)
        must_not.update(case.must_not)
    return must, must_not


def main() -> None:
    """Print a line for each code: its level, findings that must be, and folders in which it must not be."""
    must, must_not = counted()
    for level, codes in CODES.items():
        for code in codes.split():
            few = "" if must[code] > 1 and must_not[code] > 2 else "  too few"
            print(f"{level:8} {code:36} must {must[code]:3}  must_not {must_not[code]:3}{few}")
    files = [path for path in HERE.glob("*/*/**/*.y*ml") if path.is_file()]
    held = Counter(path.relative_to(HERE).parts[0] for path in files)
    print(", ".join(f"{count} files in {name}" for name, count in held.items()), f"and {len(CASES)} hostile cases")


if __name__ == "__main__":
    main()

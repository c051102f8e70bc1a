"""The public document of an audit: whether it is whole, and what becomes of texts from outside."""

import pytest

from flowforge.audit.document import audit_body
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts

FILE = ".github/workflows/a.yml"
WHOLE, BROKEN = (audit({FILE: text}, RepoFacts()) for text in ("on: push\njobs: {}\n", "on: ["))


@pytest.mark.parametrize(
    ("audits", "all_", "complete"),
    [
        ([], True, True),
        ([], False, False),
        ([WHOLE], True, True),
        ([WHOLE], False, False),
        ([WHOLE, BROKEN], True, False),
        ([BROKEN], False, False),
    ],
)
def test_whether_it_is_whole(audits: list[object], all_: bool, complete: bool) -> None:  # noqa: FBT001 -- a table
    """Every repository is among them, and all files of each could be read."""
    assert complete is audit_body(audits, complete=all_)["complete"]  # type: ignore[arg-type]  # -- a table


def test_a_name_from_outside_is_printable() -> None:
    """The path of a file may hold anything; it breaks no line and colours none."""
    (found,) = audit_body([audit({f"{FILE}\x1b[31m.yml": "on: ["}, RepoFacts())])["repos"]
    assert "\x1b" not in str(found)
    assert ("unreadable-file", "warning") == (found["findings"][0]["code"], found["findings"][0]["level"])

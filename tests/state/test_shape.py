"""Records as members of JSON: who saw a secret of an organization is among them, where anybody is known to."""

import pytest

from flowforge.plan.facts import Record
from flowforge.state.shape import record_from_json, record_to_json

_AT = "2026-03-01T10:00:00Z"
_RECORD = Record("hmac-sha256:aa", _AT, "ci-key", 0, _AT, _AT)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (_RECORD, {}),
        *(
            (
                Record("hmac-sha256:aa", _AT, "ci-key", 0, _AT, _AT, visibility=visibility, repo_ids=ids),
                {"visibility": visibility, "repo_ids": list(ids)},
            )
            for visibility, ids in (("all", ()), ("private", ()), ("selected", ()), ("selected", (7, 9)))
        ),
    ],
)
def test_who_saw_it(record: Record, said: dict[str, object]) -> None:
    """It reads back as it was; a record of a repo's secret says nothing of it."""
    written = record_to_json(record)
    found = {name: written[name] for name in written if name in {"visibility", "repo_ids"}}
    assert (said, record) == (found, record_from_json(written))

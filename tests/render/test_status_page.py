"""The markdown of a status: whatever its document holds, a cell is one cell."""

import pytest

from flowforge.render.status_page import status_page
from tests.made_status import credential, status


@pytest.mark.parametrize("member", ["name", "owner", "value_since", "expires_at"])
def test_no_text_of_a_credential_leaves_its_cell(member: str) -> None:
    """A document may come from anybody: markup and pipes in it are shown as they are, and begin no other cell."""
    document = status(1, credentials=[{**credential("k", 40), member: "|<b>x"}])
    (section,) = [each for each in status_page(document).sections if each.title == "Credentials"]
    (row,) = section.rows
    assert (len(section.columns) + 1, False) == (row.count("|"), "<b>" in row)

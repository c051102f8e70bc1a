"""What a text with placeholders may come to."""

import pytest

from flowforge.manifest.placeholders import may_be


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("KEY", "KEY", True),
        ("KEY", "KEYS", False),
        ("KEY_{repo}", "KEY_api", True),
        ("KEY_{repo}", "MY_KEY_api", False),
        ("{owner}_KEY", "acme_KEY", True),
        ("{owner}_KEY", "acme_KEYS", False),
        ("A_{owner}_B_{repo}_C", "A_acme_B_api_C", True),
        ("A_{owner}_B_{repo}_C", "A_acme_api_C", False),
        ("A_{repo}_A", "A_A", False),
        ("A_{owner}_{repo}_A", "A_x_A", False),
        ("A{{{repo}", "A{x", True),
        ("{repo}", "PATH", False),
        ("{owner}{repo}", "PATH", False),
    ],
)
def test_what_a_text_may_come_to(text: str, name: str, expected: bool) -> None:  # noqa: FBT001 -- a parameter
    """Its own words stand in their order, each once; of placeholders alone nothing is said."""
    assert expected == may_be(text, name)

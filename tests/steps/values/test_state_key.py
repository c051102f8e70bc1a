"""The state's key: which variable has it, what is no key, and when the state should have one."""

import secrets
from pathlib import Path

import pytest

from flowforge.errors import SourceError, Where
from flowforge.manifest.source_spec import SourceSpec
from flowforge.sources import Context
from flowforge.steps.values.state_key import judged, key_at_hand, key_in, read_key
from flowforge.vault import SecretValue

VARIABLE, OWN = "FLOWFORGE_STATE_KEY", "ACME_KEY"
STRONG = secrets.token_hex(32)
WHERE = Where("m", 1, 1)
FROM_ENV = SourceSpec("env", {"env": OWN}, WHERE, Path())
FROM_PROMPT = SourceSpec("prompt", {"prompt": "The key"}, WHERE, Path())


@pytest.mark.parametrize(
    ("source", "environ", "expected"),
    [
        (None, {}, (False, False)),
        (None, {VARIABLE: STRONG}, (True, True)),
        (None, {VARIABLE: ""}, (False, True)),
        (None, {OWN: STRONG}, (False, False)),
        (FROM_ENV, {}, (False, True)),
        (FROM_ENV, {OWN: STRONG}, (True, True)),
        (FROM_ENV, {OWN: ""}, (False, True)),
        (FROM_ENV, {VARIABLE: STRONG}, (False, True)),
        (FROM_PROMPT, {VARIABLE: STRONG}, (False, True)),
    ],
)
def test_a_key_at_hand(source: SourceSpec | None, environ: dict[str, str], expected: tuple[bool, bool]) -> None:
    """The manifest's own variable, else the usual one; where the key is elsewhere, the state should have one too."""
    key, awaited = key_at_hand(source, environ)
    assert expected == (key is not None, awaited)


def test_which_key_is_read() -> None:
    """That of the manifest's source; without one that of the variable, and none where that is unset."""
    context = Context({VARIABLE: STRONG, OWN: STRONG[::-1]}, Path())
    read = [read_key(source, context) for source in (FROM_ENV, None)]
    expected = [SecretValue(STRONG[::-1]), SecretValue(STRONG)]
    assert [True, True] == [key is not None and key.is_(value) for key, value in zip(read, expected, strict=True)]
    assert (None, None) == (read_key(None, Context({}, Path())), key_in(VARIABLE, {}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0123456789abcdef" * 2, ""),
        ("01234567" * 4, ""),
        (("01234567" * 4)[:31], "it is shorter than 32 characters"),
        ("0123456" * 5, "it has fewer than 8 different characters"),
    ],
)
def test_a_key_that_can_be_guessed(text: str, why: str) -> None:
    """Thirty-two characters of eight kinds are the least; what is wrong is said, and nothing of the key."""
    try:
        judged(SecretValue(text), "somewhere")
        found = ("", "", "")
    except SourceError as error:
        (problem,) = error.problems
        found = (problem.code, problem.where, problem.why)
    assert (("FF474", "somewhere", why) if why else ("", "", "")) == found

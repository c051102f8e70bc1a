"""The source `env`: a variable as it is, and its three ways to fail told apart."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import Problem
from flowforge.sources import Context, read

pytestmark = pytest.mark.no_coverage

Reader = Callable[..., str | Problem]
FOLDER = Path("/")


def test_a_variable_is_taken_as_it_is(outcome: Reader) -> None:
    """Nothing is dropped, joined or coerced: not even a final newline, which kinds then refuse."""
    assert outcome({"env": "ACME_KEY"}, {"ACME_KEY": " va lue\r\n"}) == " va lue\r\n"


@given(st.text(min_size=1))
def test_any_text_comes_back_unchanged(text: str) -> None:
    """Whatever UTF-8 a variable holds is what a value holds."""
    assert read({"env": "X"}, Context({"X": text}, FOLDER)).reveal() == text


def test_an_unset_variable(outcome: Reader) -> None:
    """The problem is a clause that fits after "value not available: "."""
    assert outcome({"env": "ACME_KEY"}, {"ACME_KEY_2": "x"}) == Problem(
        "FF221",
        "env ACME_KEY is unset",
        fix="set it where flowforge runs; in a workflow, map the secret to it under the step's `env:`",
    )


def test_an_empty_variable(outcome: Reader) -> None:
    """Set but empty is another mistake, and in a workflow a common one."""
    assert outcome({"env": "ACME_KEY"}, {"ACME_KEY": ""}) == Problem(
        "FF222",
        "env ACME_KEY is set but empty",
        why="a workflow sets an empty text for a secret that does not exist, or that the run may not see",
        fix="check the name of the secret that fills it; runs from forks and of Dependabot see no Actions secrets",
    )


def test_a_variable_that_is_not_utf_8(outcome: Reader) -> None:
    """Bytes that are no UTF-8 reach Python as lone surrogates; they are refused and not shown."""
    raw = b"0123456789\xff".decode("utf-8", "surrogateescape")
    assert outcome({"env": "ACME_KEY"}, {"ACME_KEY": raw}, hidden="0123456789") == Problem(
        "FF223", "env ACME_KEY is not UTF-8", fix="write it as plain text; a credential is ASCII"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sk-ant-" + "api03-abc", "env sk-ant-api03-[redacted] is unset"),
        ("A\n::error::B", "env A\\n::error::B is unset"),
        ("", "env  is unset"),
    ],
)
def test_a_name_is_made_safe_to_print(outcome: Reader, name: str, shown: str) -> None:
    """A credential written where a name belongs is redacted, and control characters are escaped."""
    problem = outcome({"env": name})
    assert isinstance(problem, Problem)
    assert problem.what == shown

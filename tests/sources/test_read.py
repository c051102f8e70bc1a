"""The one way to read: which source a `from` names, and which ones the operator allows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.errors import Problem, SourceError, TrustError
from flowforge.sources import SOURCES, Context, read, source

Reader = Callable[..., str | Problem]


def test_the_sources_are_sorted_and_named_by_themselves() -> None:
    """The table has each source under the name that it has in `from`; these are those of FlowForge's own."""
    assert [(name, source(name).name) for name in SOURCES] == [(name, name) for name in sorted(SOURCES)]
    assert {"command", "env", "file", "prompt"} <= {*SOURCES}


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({}, "`from` has no source that FlowForge knows: "),
        ({"vault": "x", "field": "y"}, "`from` has no source that FlowForge knows: vault, field"),
        ({"env": "X", "file": "y"}, "`from` has more than one source: env, file"),
    ],
)
def test_a_from_names_one_source(outcome: Reader, spec: dict[str, str], what: str) -> None:
    """None or two is an error, whoever built the `from`."""
    assert outcome(spec, {"X": "value"}) == Problem("FF233", what, fix=f"write one of {', '.join(SOURCES)}")


def test_the_options_of_a_source_reach_it_beside_its_key(outcome: Reader) -> None:
    """A `from` may have keys that are no source: they are the options of the one that is."""
    assert outcome({"env": "X", "account": "acme"}, {"X": "value"}) == "value"


@pytest.mark.parametrize("allowed", ["env", "file,env", " env , file ", "env,"])
def test_an_allowed_source_is_read(outcome: Reader, allowed: str) -> None:
    """FLOWFORGE_ALLOWED_SOURCES is a list with commas; white space around a name does not matter."""
    assert outcome({"env": "X"}, {"X": "value", "FLOWFORGE_ALLOWED_SOURCES": allowed}) == "value"


@pytest.mark.parametrize(
    ("allowed", "why"),
    [
        ("file", "it admits file"),
        ("onepassword,file", "it admits file, onepassword"),
        ("ENV", "it admits ENV"),
        ("", "it is set but empty, so it admits none"),
        (" , ", "it is set but empty, so it admits none"),
    ],
)
def test_a_source_that_is_not_allowed_ends_the_run(outcome: Reader, allowed: str, why: str) -> None:
    """Another source is a trust error; an empty list admits none, so a setting that is gone opens nothing."""
    environ = {"X": "value", "FLOWFORGE_ALLOWED_SOURCES": allowed}
    assert outcome({"env": "X"}, environ, hidden="value") == Problem(
        "FF231",
        "source env is not allowed by FLOWFORGE_ALLOWED_SOURCES",
        why=why,
        fix="use another source, or let the operator add env to FLOWFORGE_ALLOWED_SOURCES",
    )
    with pytest.raises(TrustError):
        read({"env": "X"}, Context(environ, Path()))


def test_a_trust_error_can_be_told_from_a_value_that_is_missing() -> None:
    """A missing value blocks the secrets that need it; only a trust error ends the run."""
    with pytest.raises(SourceError) as caught:
        read({"env": "X"}, Context({}, Path()))
    assert not isinstance(caught.value, TrustError)

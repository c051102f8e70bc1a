"""What may be recorded: what GitHub can have given and nothing else, and all that the manifest admits."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.plan.recordable import is_api_key_id, is_commit, is_environment, is_id, is_name, is_run, is_time
from flowforge.resources import schema_text
from flowforge.state.shape import canonical, parse_json

SCALARS: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([]) | st.just({})
)


def pattern_of(title: str) -> str:
    """Return the pattern that the manifest's schema has under a title."""
    found: list[str] = []

    def look(node: Any) -> None:  # noqa: ANN401 -- any JSON
        if isinstance(node, dict) and node.get("title") == title and "pattern" in node:
            found.append(node["pattern"].replace("$", r"\Z"))
        for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            look(each)

    look(json.loads(schema_text("manifest")))
    return found[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, True),
        (2**53, True),
        (2**53 + 1, False),
        (0, False),
        (-5, False),
        (True, False),
        (7.0, False),
        ("7", False),
        (None, False),
    ],
)
def test_what_is_an_id(value: object, expected: bool) -> None:  # noqa: FBT001 -- the table's column
    """A whole number above zero that every reader of JSON holds exactly; true is none."""
    assert expected is is_id(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T08:00:00Z", True),
        ("2026-11-23T08:00:00+02:00", True),
        ("2026-11-23T08:00:00.123-07:00", True),
        ("1970-01-01T00:00:00Z", True),
        ("2999-12-31T23:59:59Z", True),
        ("2999-12-31T23:59:59-00:01", False),
        ("1970-01-01T00:00:00+00:01", False),
        ("3000-01-01T00:00:00Z", False),
        ("9999-12-31T23:59:59-23:59", False),
        ("0001-01-01T00:00:00+14:00", False),
        ("2026-02-30T08:00:00Z", False),
        ("2026-11-23T24:00:00Z", False),
        ("2026-11-23T08:00:60Z", False),
        ("2026-11-23T08:00:00+24:00", False),
        ("2026-11-23T08:00:00", False),
        ("2026-11-23 08:00:00Z", False),
        ("2026-11-23\x1b08:00:00Z", False),
        ("2026-11-23T08:00:00Z\n", False),
        ("\uff12\uff10\uff12\uff16-11-23T08:00:00Z", False),
        ("2026-W48-1T08:00:00Z", False),
        ("20261123T080000Z", False),
        ("##[set-output name=x]y", False),
        ("", False),
    ],
)
def test_what_is_a_time(text: str, expected: bool) -> None:  # noqa: FBT001 -- the table's column
    """What GitHub writes, in a year that it can mean, and nothing else that Python would take for a time."""
    assert expected is is_time(text)


@given(SCALARS)
def test_whatever_json_holds_is_judged(value: object) -> None:
    """No value crashes the ground; what passes as an id is the same after JSON, and so is what passes as a time."""
    text = value if isinstance(value, str) else json.dumps(value)
    assert not is_id(value) or value == parse_json(canonical(value))
    assert not is_time(text) or text == parse_json(canonical(text))


@given(st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31, 23, 59, 59), timezones=st.just(UTC)))  # noqa: DTZ001 -- hypothesis adds the zone
def test_a_time_can_be_reckoned_with(time: datetime) -> None:
    """A century may be added to what is a time, or taken away, and it is still in the calendar."""
    assert is_time(time.isoformat())
    found = datetime.fromisoformat(time.isoformat())
    assert found - timedelta(days=36_525) < found < found + timedelta(days=36_525)


@given(st.from_regex(re.compile(pattern_of("Secret name"))), st.from_regex(re.compile(pattern_of("Environment"))))
def test_what_the_manifest_admits_can_be_recorded(name: str, environment: str) -> None:
    """A name that the manifest takes is one that the state gives back: the two patterns cannot part."""
    assert (True, True) == (is_name(name.upper()), is_environment(environment))


@pytest.mark.parametrize("name", ["", "a", "1A", "A B", "A\n", "É", "../X", "A/../../B", "::set-env", "A" + "\ud800"])
def test_what_is_no_name(name: str) -> None:
    """A name is a part of a path: nothing in it leads elsewhere."""
    assert not is_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", " a", "a ", "a\nb", "\x1b", "\ud800", "e" * 256])
def test_what_is_no_environment(name: str) -> None:
    """An environment's name may hold any character that prints, and leads nowhere else."""
    assert not is_environment(name)


COMMITS = {"a" * 40: True, "0123456789abcdef" * 4: True, "a" * 39: False, "A" * 40: False, "g" * 40: False, "": False}
RUNS = {
    "https://github.com/acme/ops/actions/runs/7": True,
    "http://[::1]:8080/job/ops%20x/7/?a=1&b=c": True,
    "https://ci.test/" + "x" * 1_000: True,
    "https://ci.test/" + "x" * 1_001: False,
    "https://ci.test": False,
    "https://user:password@ci.test/7": False,
    "ftp://ci.test/7": False,
    "https://ci.test/7\n": False,
    "https://ci.test/ 7": False,
    "https://ci.test/7#fragment": False,
    "https://ci.test/größe": False,
    "": False,
}


KEYS = {
    "apikey_01Rj2N8SVvo6BePZj99NhmiT": True,
    "apikey_" + "x" * 100: True,
    "apikey_" + "x" * 101: False,
    "apikey_": False,
    "apikey_1/../x": False,
    "apikey_é": False,
    "apikey_1\n": False,
    "sk-ant-api03-x": False,
    "": False,
}


def test_what_ci_says_of_a_run() -> None:
    """A commit is a hash in small letters; an address has no user, no fragment, and nothing that it would escape."""
    assert (COMMITS, RUNS) == ({each: is_commit(each) for each in COMMITS}, {each: is_run(each) for each in RUNS})


def test_what_anthropic_calls_a_key() -> None:
    """An id has letters and digits alone, so that it can be no other path of the Admin API."""
    assert {each: is_api_key_id(each) for each in KEYS} == KEYS


@pytest.mark.parametrize(("member", "texts"), [("commit", COMMITS), ("run", RUNS), ("api_key_id", KEYS)])
def test_the_schema_of_the_state_agrees(member: str, texts: dict[str, bool]) -> None:
    """What a state may hold is what its schema says, so that whoever reads it by that is not surprised."""
    pattern = json.loads(schema_text("state"))["$defs"]["secret"]["properties"][member]["pattern"]
    assert texts == {each: bool(re.search(pattern.replace("$", r"\Z"), each)) for each in texts}

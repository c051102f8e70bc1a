"""The quick check of a manifest's shape is never kinder than jsonschema, and sure of every example."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowforge.manifest.quick_check import QuickCheck
from flowforge.resources import schema_text
from tests.manifest.test_schema import ANYTHING, KEYS, VALIDATOR, almost_sound

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = sorted(
    path
    for path in (*(ROOT / "examples").rglob("*.yaml"), ROOT / "flowforge.yaml.example")
    if "version: 1" in path.read_text()
)
QUICK: Final = QuickCheck(json.loads(schema_text("manifest")))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_sound_manifest_needs_no_jsonschema(path: Path) -> None:
    """Of each example it is sure."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert (True, True) == (QUICK.surely_fits(json.loads(json.dumps(document, default=str))), len(EXAMPLES) > 5)


@settings(max_examples=min(2_000, 2 * settings().max_examples))
@given(almost_sound() | st.dictionaries(KEYS, ANYTHING))
def test_it_is_never_kinder_than_jsonschema(data: object) -> None:
    """What surely fits is what jsonschema has nothing against, and the other way round."""
    assert VALIDATOR.is_valid(data) == QUICK.surely_fits(data)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"maxItems": 1}, [1, 2]),
        ({"properties": {"a": {"contains": {"type": "string"}}}}, {"a": 1}),
        ({"enum": [["a"]]}, ["a"]),
        ({"const": {"a": 1}}, {"a": True}),
        ({"not": {"maxLength": 1}}, "a"),
        ({"if": {"maxLength": 1}, "else": {"type": "integer"}}, "a"),
        ({"$ref": "#/$defs/nothing", "$defs": {}}, "a"),
        ({"type": "number"}, 1),
    ],
    ids=lambda part: json.dumps(part)[:40],
)
def test_what_it_does_not_know_is_not_sure(schema: dict[str, Any], value: object) -> None:
    """A keyword, a type or a form that the manifest's schema has not today makes nothing fit, wherever it stands."""
    assert QuickCheck(schema).surely_fits(value) is False
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": 1}, True),
        ({"enum": [0, 1]}, False),
        ({"type": "integer"}, True),
        ({"pattern": "^a$"}, "a\n"),
        ({"propertyNames": {"pattern": "^a$"}}, {"a\n": 1}),
        ({"items": {"type": "string"}}, ["a", 1]),
        ({"additionalProperties": {"type": "string"}, "properties": {"a": {}}}, {"a": 1, "b": 2}),
        ({"additionalProperties": False}, {"a": 1}),
        ({"patternProperties": {"^x-": {"type": "string"}}}, {"x-a": 1}),
        ({"not": {"const": "a"}}, "a"),
        ({"allOf": [{"type": "string"}, {"enum": ["b"]}]}, "a"),
        ({"anyOf": [{"enum": ["b"]}, {"enum": ["c"]}]}, "a"),
        ({"oneOf": [{"enum": ["a"]}, {"type": "string"}]}, "a"),
        ({"oneOf": [{"enum": ["b"]}]}, "a"),
        ({"if": {"type": "string"}, "then": {"enum": ["b"]}}, "a"),
        ({"if": {"type": "string"}, "else": {"minItems": 1}}, []),
        ({"minProperties": 1}, {}),
        ({"required": ["a"]}, {"b": 1}),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}),
    ],
    ids=lambda part: json.dumps(part)[:40],
)
def test_each_keyword_refuses(schema: dict[str, Any], value: object) -> None:
    """Each keyword that it knows refuses what it is there to refuse; true and 1 are two things."""
    assert QuickCheck(schema).surely_fits(value) is False


def test_what_does_not_concern_a_value_does_not_refuse_it() -> None:
    """A keyword for mappings says nothing of a list, one for texts nothing of a number, and so on."""
    schema = {
        "pattern": "^a$",
        "properties": {"a": {"type": "string"}},
        "patternProperties": {"^x-": {"type": "string"}},
        "additionalProperties": False,
        "propertyNames": {"pattern": "^a$"},
        "required": ["a"],
        "minItems": 1,
        "dependentRequired": {"a": ["b"]},
        "items": {"type": "string"},
        "minProperties": 1,
        "format": "date",
    }
    empty: tuple[object, ...] = ([], {}, "b")
    anything: tuple[object, ...] = (1, True, None, "a")
    assert [True] * 4 == [QuickCheck(schema).surely_fits(value) for value in anything]
    assert not any(QuickCheck(schema).surely_fits(value) for value in empty)
    assert QuickCheck({"additionalProperties": True, "items": True}).surely_fits({"a": 1})

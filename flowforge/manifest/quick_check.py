"""Whether a document surely fits the manifest's schema: nearly every manifest does, and jsonschema is slow to import.

This knows the keywords that the schema uses, and no sentences. A document of which it is not sure is checked by
jsonschema, whose errors are told in ours (see `flowforge.manifest.schema`). A test holds that this is never too kind.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
_Part = Schema | bool
_Fits = Callable[[Any, _Part], bool]

_TYPES: Final[Mapping[str, type]] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
# They say nothing of what fits. `format` does not either, unless a validator is told to look at it, and ours is not.
_NOTES: Final = frozenset(
    {
        *("$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "format", "deprecated"),
        *("enumDescriptions", "markdownDescription", "markdownEnumDescriptions", "deprecationMessage"),  # editors' own
    }
)


class QuickCheck:
    """A schema, ready to be asked. Only the parts that a document has are ever looked at."""

    def __init__(self, schema: Schema) -> None:
        self._schema: Final = schema
        # By a part's identity: a dict cannot be hashed, and this one lives as long as the schema does.
        self._resolved: Final[dict[int, Schema]] = {}

    def surely_fits(self, value: object) -> bool:
        """Whether a document fits; False also where the schema has something that is not known here."""
        try:
            return self._fits(value, self._schema)
        except (KeyError, RecursionError):
            return False

    def _fits(self, value: Any, part: _Part) -> bool:  # noqa: ANN401 -- any JSON
        if isinstance(part, bool):  # `true` is the schema that everything fits
            return part
        schema = self._resolved.get(id(part)) or self._resolve(part)
        return all(_TESTS[keyword](value, schema, self._fits) for keyword in schema)

    def _resolve(self, part: Schema) -> Schema:
        """Put definitions in the place of references; what stands beside a reference wins, as for jsonschema."""
        schema = dict(part)
        while "$ref" in schema:
            target = self._schema["$defs"][schema.pop("$ref").removeprefix("#/$defs/")]
            schema = {**target, **schema}
        resolved = {keyword: schema[keyword] for keyword in schema if keyword not in _NOTES}
        self._resolved[id(part)] = resolved
        return resolved


def _type(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    wanted = schema["type"]
    # For Python a bool is an int, for JSON Schema it is not. No number is a float: the reader of YAML makes none.
    kinds = {_TYPES[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)}
    return type(value) in kinds


def _enum(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return any(_same(value, each) for each in schema["enum"])


def _const(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return _same(value, schema["const"])


def _same(value: Any, wanted: Any) -> bool:  # noqa: ANN401 -- any JSON
    """Whether two scalars are the same, of which true and 1 are two."""
    if isinstance(wanted, dict | list):
        raise KeyError("what is equal to a mapping or a list is not told here")
    return type(value) is type(wanted) and bool(value == wanted)


def _not(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return not fits(value, schema["not"])


def _if(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return fits(value, schema.get("then" if fits(value, schema["if"]) else "else", {}))


def _pattern(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return not isinstance(value, str) or bool(re.search(python_pattern(schema["pattern"]), value))


def _minimum(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return type(value) is not int or value >= schema["minimum"]


def _maximum(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return type(value) is not int or value <= schema["maximum"]


def python_pattern(pattern: str) -> str:
    r"""Return a pattern of JSON Schema as one of Python's, whose `$` also matches before a line break at the end."""
    return pattern.replace("$", r"\Z")


def _properties(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    known = schema["properties"]
    return not isinstance(value, dict) or all(fits(value[key], known[key]) for key in value if key in known)


def _additional(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    known, prefixes, wanted = (
        schema.get("properties", {}),
        schema.get("patternProperties", {}),
        schema["additionalProperties"],
    )
    if not isinstance(value, dict):
        return True
    others = [key for key in value if key not in known and not any(re.search(each, key) for each in prefixes)]
    return all(fits(value[key], wanted) for key in others)


def _pattern_properties(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    pairs = schema["patternProperties"].items() if isinstance(value, dict) else ()
    return all(fits(value[key], each) for pattern, each in pairs for key in value if re.search(pattern, key))


def _names(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return not isinstance(value, dict) or all(fits(key, schema["propertyNames"]) for key in value)


def _required(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return not isinstance(value, dict) or value.keys() >= set(schema["required"])


def _dependent(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    pairs = schema["dependentRequired"].items() if isinstance(value, dict) else ()
    return all(value.keys() >= set(needed) for key, needed in pairs if key in value)


def _items(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return not isinstance(value, list) or all(fits(each, schema["items"]) for each in value)


def _least_items(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return not isinstance(value, list) or len(value) >= schema["minItems"]


def _least_properties(value: Any, schema: Schema, _: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return not isinstance(value, dict) or len(value) >= schema["minProperties"]


def _all_of(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return all(fits(value, each) for each in schema["allOf"])


def _any_of(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return any(fits(value, each) for each in schema["anyOf"])


def _one_of(value: Any, schema: Schema, fits: _Fits) -> bool:  # noqa: ANN401 -- any JSON
    return sum(fits(value, each) for each in schema["oneOf"]) == 1


def _told_elsewhere(*_: object) -> bool:
    return True


# A keyword that is not here raises KeyError: then nothing is sure.
_TESTS: Final[Mapping[str, Callable[[Any, Schema, _Fits], bool]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "not": _not,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "if": _if,
    "then": _told_elsewhere,
    "else": _told_elsewhere,
    "pattern": _pattern,
    "minimum": _minimum,
    "maximum": _maximum,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "required": _required,
    "dependentRequired": _dependent,
    "items": _items,
    "minItems": _least_items,
    "minProperties": _least_properties,
}

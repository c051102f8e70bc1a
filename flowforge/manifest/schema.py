"""Check shapes by the JSON Schema, and say in our own sentences what does not fit: jsonschema's quote values."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.forms import FORMS
from flowforge.manifest.nodes import Node
from flowforge.resources import schema_text

_EXPECTED: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
}
_FOUND: Final = {dict: "a mapping", list: "a list", str: "a string", bool: "true or false", int: "a number"}


def check(document: Node, findings: Findings) -> None:
    """Report (FF120 to FF132) what does not fit the schema, and mark the nodes whose value cannot be used."""
    for error in _validator().iter_errors(document.data):
        node = document.at(error.absolute_path)
        if not node.bad:
            _TELLERS[error.validator](error, node, findings)


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(schema_text("manifest"))
    return Draft202012Validator(_inlined(schema, schema["$defs"]))


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Put definitions in the place of their references: that halves the time of a validation."""
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    target = definitions[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else {}
    own = {key: value for key, value in schema.items() if key not in {"$ref", "$defs"}}
    return {key: _inlined(value, definitions) for key, value in {**target, **own}.items()}


def _unknown_key(error: ValidationError, node: Node, findings: Findings) -> None:
    known = error.schema["properties"]
    prefixes = tuple(pattern.removeprefix("^") for pattern in error.schema.get("patternProperties", ()))
    for key in error.instance:
        if key not in known and not key.startswith(prefixes):
            fix = findings.suggest(key, known, f"the keys here are {_listed(known)}")
            findings.add(node.keys[key], "FF120", f"the key {quote(key)} is not known here", fix=fix)


def _missing_key(error: ValidationError, node: Node, findings: Findings) -> None:
    for key in error.validator_value:
        if key not in error.instance:
            fix = "begin the manifest with `version: 1`" if key == "version" else f"add `{key}:`"
            findings.add(node.where, "FF121", f"{_label(error.absolute_path)} has no {quote(key)}", fix=fix)


def _wrong_type(error: ValidationError, node: Node, findings: Findings) -> None:
    expected, found = error.validator_value, type(error.instance)
    node.bad = True
    what = f"{_label(error.absolute_path)} must be {_EXPECTED[expected]}, but this is {_FOUND.get(found, 'nothing')}"
    findings.add(node.where, "FF122", what, fix=_type_fix(expected, found, error.schema))


def _type_fix(expected: str, found: type, schema: Mapping[str, Any]) -> str:
    if found is type(None):
        return "write a value, or remove the key"
    if expected == "string":
        return "begin a text with a quote where it begins with {" if found is dict else "put it in quotes"
    if expected == "array":
        return "write each item on a line of its own after `- `, or all of them in [ ]"
    if expected == "object":
        return (
            f"its keys are {_listed(schema['properties'])}"
            if "properties" in schema
            else "write `name:` and below it, indented, its keys"
        )
    return "write it without quotes"


def _wrong_choice(error: ValidationError, node: Node, findings: Findings) -> None:
    node.bad = True
    if error.validator == "const":
        what, fix = "this FlowForge reads version 1 of the manifest language alone", "write `version: 1`"
        findings.add(node.where, "FF123", what, fix=fix)
    elif isinstance(error.instance, str):
        choices = error.validator_value
        what = f"{_label(error.absolute_path)} cannot be {quote(error.instance)}"
        findings.add(
            node.where, "FF123", what, fix=findings.suggest(error.instance, choices, f"write {_listed(choices, 'or')}")
        )


def _wrong_form(error: ValidationError, node: Node, findings: Findings) -> None:
    where: Where = node.where
    if "propertyNames" in error.absolute_schema_path:
        where = node.keys[error.instance]
        node.mapping()[error.instance].bad = True
    else:
        node.bad = True
    form = FORMS[error.schema["title"]]
    fix = form.fix(error.instance) if callable(form.fix) else form.fix
    findings.add(where, form.code, form.what.format(quote(error.instance)), why=form.why, fix=fix)


def _wrong_count(error: ValidationError, node: Node, findings: Findings) -> None:
    """Only a source has a number of keys: exactly one."""
    known = set(error.instance) & set(error.schema["properties"])
    if error.validator == "minProperties" or len(known) > 1:
        node.bad = True
        found = "more than one source" if known else "no source"
        fix = f"write one of {_listed(error.schema['properties'])}"
        findings.add(node.where, "FF132", f"{_label(error.absolute_path)} has {found}", fix=fix)


_TELLERS: Final[Mapping[object, Callable[[ValidationError, Node, Findings], None]]] = {
    "additionalProperties": _unknown_key,
    "required": _missing_key,
    "type": _wrong_type,
    "enum": _wrong_choice,
    "const": _wrong_choice,
    "pattern": _wrong_form,
    "minProperties": _wrong_count,
    "maxProperties": _wrong_count,
}


def _label(path: Sequence[str | int]) -> str:
    """Name what stands at a path."""
    if not path:
        return "the manifest"
    last = path[-1]
    if isinstance(last, str):
        return quote(last)
    return f"item {last + 1} of {quote(str(path[-2]))}"


def _listed(words: Iterable[str], conjunction: str = "and") -> str:
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last

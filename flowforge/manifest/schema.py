"""Check shapes by the JSON Schema, and say in our own sentences what does not fit: jsonschema's quote values."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from flowforge.errors import ManifestError, Problem, quote
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
_TEXT_FIXES: Final[Mapping[type, str]] = {
    dict: "put a text that begins with { in quotes",
    list: "write one text, outside of a list",
}


@dataclass(frozen=True, slots=True)
class _Misfit:
    """What does not fit, and the schema there. label: what a person would call it. of_key: a key, not its value."""

    node: Node
    label: str
    value: Any
    keyword: str
    wanted: Any
    schema: Mapping[str, Any]
    of_key: bool

    @classmethod
    def of(cls, error: ValidationError, document: Node) -> "_Misfit":
        path = list(error.absolute_path)
        return cls(
            node=document.at(path),
            label=_label(path),
            value=error.instance,
            keyword=str(error.validator),
            wanted=error.validator_value,
            schema=cast("Mapping[str, Any]", error.schema),
            of_key="propertyNames" in error.absolute_schema_path,
        )


def check(document: Node, findings: Findings) -> None:
    """Report (FF120 to FF132, FF145) what does not fit the schema, and mark the nodes that cannot be used.

    Raises ManifestError (FF123) for a manifest of another version, of which nothing else could be said.
    """
    for error in _validator().iter_errors(document.data):
        misfit = _Misfit.of(error, document)
        if not misfit.node.bad:
            _TELLERS[misfit.keyword](misfit, findings)


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(schema_text("manifest"))
    return Draft202012Validator(_prepared(schema, schema["$defs"]))


def _prepared(schema: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Put definitions in the place of references, which halves the time of a validation, and fit patterns to Python.

    NOTE: Python's `$` also matches before a line break at the end, the `$` of JSON Schema does not.
    """
    if isinstance(schema, list):
        return [_prepared(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    target = definitions[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else {}
    own = {key: value for key, value in schema.items() if key not in {"$ref", "$defs"}}
    prepared = {key: _prepared(value, definitions) for key, value in {**target, **own}.items()}
    if isinstance(prepared.get("pattern"), str):
        prepared["pattern"] = prepared["pattern"].replace("$", r"\Z")
    return prepared


def _unknown_keys(misfit: _Misfit, findings: Findings) -> None:
    known = misfit.schema["properties"]
    prefixes = tuple(pattern.removeprefix("^") for pattern in misfit.schema.get("patternProperties", ()))
    for key in misfit.value:
        if key not in known and not key.startswith(prefixes):
            fix = findings.suggest(key, known, f"the keys here are {_listed(known)}")
            findings.add(misfit.node.key(key), "FF120", f"the key {quote(key)} is not known here", fix=fix)


def _missing_keys(misfit: _Misfit, findings: Findings) -> None:
    for key in misfit.wanted:
        if key not in misfit.value:
            fix = "begin it with `version: 1`" if key == "version" else f"add `{key}:`"
            findings.add(misfit.node.where, "FF121", f"{misfit.label} has no {quote(key)}", fix=fix)


def _wrong_type(misfit: _Misfit, findings: Findings) -> None:
    misfit.node.bad = True
    expected, found = _EXPECTED[misfit.wanted], _FOUND.get(type(misfit.value), "nothing")
    what = f"{misfit.label} must be {expected}, but this is {found}"
    findings.add(misfit.node.where, "FF122", what, fix=_type_fix(misfit))


def _type_fix(misfit: _Misfit) -> str:
    if misfit.value is None:
        return "write a value, or remove the key"
    if "const" in misfit.schema:
        return f"write `version: {misfit.schema['const']}`"
    if misfit.wanted == "string":
        return _TEXT_FIXES.get(type(misfit.value), "put it in quotes")
    if misfit.wanted == "array":
        return "write each item on a line of its own after `- `, or all of them in [ ]"
    if "properties" in misfit.schema:
        return f"the keys here are {_listed(misfit.schema['properties'])}"
    return (
        "write true or false, without quotes" if misfit.wanted == "boolean" else "write `name:` and its keys below it"
    )


def _wrong_choice(misfit: _Misfit, findings: Findings) -> None:
    misfit.node.bad = True
    fix = findings.suggest(misfit.value, misfit.wanted, f"write {_listed(misfit.wanted, 'or')}")
    findings.add(misfit.node.where, "FF123", f"{misfit.label} cannot be {quote(misfit.value)}", fix=fix)


def _wrong_version(misfit: _Misfit, _: Findings) -> None:
    what = "this FlowForge knows version 1 of the manifest alone"
    fix = "write `version: 1`, or install the FlowForge that this manifest was written for"
    raise ManifestError(Problem("FF123", what, str(misfit.node.where), fix=fix))


def _wrong_form(misfit: _Misfit, findings: Findings) -> None:
    (misfit.node.step(misfit.value) if misfit.of_key else misfit.node).bad = True
    where = misfit.node.key(misfit.value) if misfit.of_key else misfit.node.where
    form = FORMS[misfit.schema["title"]]
    fix = form.fix(misfit.value) if callable(form.fix) else form.fix
    findings.add(where, form.code, form.what.replace("{}", quote(misfit.value)), why=form.why, fix=fix)


def _wrong_number(misfit: _Misfit, findings: Findings) -> None:
    """Say that a source has not exactly one key; of several, those that are not known are reported as that."""
    known = misfit.value.keys() & misfit.schema["properties"].keys()
    if not misfit.value or len(known) > 1:
        misfit.node.bad = True
        what = f"{misfit.label} has {'more than one source' if known else 'no source'}"
        findings.add(misfit.node.where, "FF132", what, fix=f"write {_listed(misfit.schema['properties'], 'or')}")


_TELLERS: Final[Mapping[str, Callable[[_Misfit, Findings], None]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _wrong_choice,
    "const": _wrong_version,
    "pattern": _wrong_form,
    "minProperties": _wrong_number,
    "maxProperties": _wrong_number,
}


def _label(path: list[str | int]) -> str:
    """Name what stands at a path."""
    *before, last = path or [""]
    if isinstance(last, int):
        return f"item {last + 1} of {quote(str(before[-1]))}"
    return quote(last) if path else "the manifest"


def _listed(words: Iterable[str], conjunction: str = "and") -> str:
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last

"""Check shapes by the JSON Schema, and report what does not fit in our own sentences: jsonschema's quote values."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from flowforge.data_class import dataclass
from flowforge.durations import WRITTEN
from flowforge.errors import ManifestError, Problem, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.messages import FORMS, STRAY
from flowforge.manifest.nodes import Node
from flowforge.manifest.quick_check import QuickCheck, python_pattern
from flowforge.on_demand import load
from flowforge.resources import schema_text
from flowforge.source_types import SOURCE_TYPES, require_rows

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

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
# By the type that the schema wants. Two types are wanted by `visible_to`, and by a plugin's options.
_FIXES: Final = {
    "array": "write each item on a line of its own after `- `, or all of them in [ ]",
    "boolean": "write true or false, without quotes",
    "integer": "write a whole number, without quotes",
    str(["string", "object"]): "write all, private, or {repos: [owner/name]}",
    str(["string", "array"]): "write a text, or a list of texts",
    str(["string", "integer"]): f"write it {WRITTEN}",
}


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A node that does not fit the schema, with the part of the schema that it does not fit."""

    node: Node
    label: str
    """What a person would call it, such as `"repos"` or `item 2 of "repos"`."""
    value: Any
    keyword: str
    """The keyword of the schema, such as `pattern`."""
    wanted: Any
    """The value of that keyword."""
    schema: Mapping[str, Any]
    of_key: bool
    """Whether a key of the node does not fit, and not a value."""

    @classmethod
    def of(cls, error: "ValidationError", document: Node) -> "_Misfit":
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

    Raise ManifestError (FF123) for a manifest of another version: nothing else could be said of it.
    """
    if _QUICK.surely_fits(document.data):
        return
    for error in _validator().iter_errors(document.data):
        misfit = _Misfit.of(error, document)
        # One problem for each node: with a wrong type, its form and its choice would be wrong as well.
        if not misfit.node.bad:
            _TELLERS[misfit.keyword](misfit, findings)


# The options of FlowForge's own sources, each with the source that it belongs to.
SOURCE_OPTIONS: Final = {option: [row.name] for row in SOURCE_TYPES.values() for option in row.options}


def require_whole(schema: Mapping[str, Any]) -> None:
    """Raise ImportError if the schema and the tables disagree. Otherwise a user's typo would be what finds out."""
    own = schema["$defs"]["own_source"]
    require_rows(own["properties"].keys() - SOURCE_OPTIONS.keys(), "schemas/flowforge.schema.json")
    if own["dependentRequired"] != SOURCE_OPTIONS:
        raise ImportError("schemas/flowforge.schema.json and flowforge/source_types.py have different options")
    parts = [*_parts(schema)]
    # A property may be called "type", too. The version has a sentence of its own.
    kinds = {str(part["type"]) for part in parts if isinstance(part.get("type"), str | list) and "const" not in part}
    unmended = kinds - _FIXES.keys() - {"object", "string"}
    if unmended:
        message = f"flowforge/manifest/schema.py has no fix for a wrong type where this is wanted: {sorted(unmended)}"
        raise ImportError(message)
    # The titles of all texts that must have a form.
    untold = {
        part["title"] for part in parts if isinstance(part.get("pattern"), str) and "title" in part
    } - FORMS.keys()
    if untold:
        message = f"flowforge/manifest/messages.py has no sentence for {', '.join(sorted(untold))}"
        raise ImportError(message)


def _parts(schema: object) -> Iterator[Mapping[str, Any]]:
    """Yield every mapping of a schema, itself among them."""
    if isinstance(schema, dict):
        yield schema
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _parts(each)


# At import, so that a source without its rows fails the first test and not the first user who misspells it.
_SCHEMA: Final[Mapping[str, Any]] = json.loads(schema_text("manifest"))
require_whole(_SCHEMA)
_QUICK: Final = QuickCheck(_SCHEMA)


@cache
def _validator() -> "Draft202012Validator":
    made: Draft202012Validator = load("jsonschema").Draft202012Validator(_prepared(_SCHEMA, _SCHEMA["$defs"]))
    return made


def _prepared(schema: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any JSON
    """Replace references by their definitions, which halves the time of a validation, and adapt patterns to Python."""
    if isinstance(schema, list):
        return [_prepared(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    target = definitions[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else {}
    own = {key: value for key, value in schema.items() if key not in {"$ref", "$defs"}}
    prepared = {key: _prepared(value, definitions) for key, value in {**target, **own}.items()}
    if isinstance(prepared.get("pattern"), str):
        prepared["pattern"] = python_pattern(prepared["pattern"])
    return prepared


def _unknown_keys(misfit: _Misfit, findings: Findings) -> None:
    known = misfit.schema["properties"]
    prefixes = tuple(pattern.removeprefix("^") for pattern in misfit.schema.get("patternProperties", ()))
    # jsonschema reports all unknown keys as one error; each gets a problem with its own position.
    for key in misfit.value:
        if key not in known and not key.startswith(prefixes):
            # A key of the other kind of credential is no misspelling, so it gets a fix of its own.
            stray = STRAY.get((str(misfit.schema.get("title")), key))
            fix = stray or findings.suggest(key, known, f"the keys here are {listed(known)}")
            findings.add(misfit.node.key(key), "FF120", f"the key {quote(key)} is not known here", fix=fix)
    misfit.node.meant = _meant(misfit, known, findings)


def _meant(misfit: _Misfit, known: Collection[str], findings: Findings) -> frozenset[str]:
    return frozenset(findings.nearest(key, known) for key in misfit.value if key not in known)


def _missing_keys(misfit: _Misfit, findings: Findings) -> None:
    # A condition of the schema has no properties of its own.
    meant = _meant(misfit, misfit.schema.get("properties", misfit.wanted), findings)
    for key in misfit.wanted:
        if key not in misfit.value and key not in meant:
            fix = "begin it with `version: 1`" if key == "version" else f"add `{key}:`"
            findings.add(misfit.node.where, "FF121", f"{misfit.label} has no {quote(key)}", fix=fix)


def _wrong_type(misfit: _Misfit, findings: Findings) -> None:
    misfit.node.bad = True
    kinds = (misfit.wanted,) if isinstance(misfit.wanted, str) else misfit.wanted
    expected, found = listed((_EXPECTED[kind] for kind in kinds), "or"), _FOUND.get(type(misfit.value), "nothing")
    what = f"{misfit.label} must be {expected}, but this is {found}"
    findings.add(misfit.node.where, "FF122", what, fix=_type_fix(misfit))


def _type_fix(misfit: _Misfit) -> str:
    if misfit.value is None:
        return "write a value, or remove the key"
    if "const" in misfit.schema:
        return f"write `version: {misfit.schema['const']}`"
    if misfit.wanted == "string":
        return _TEXT_FIXES.get(type(misfit.value), "put it in quotes")
    if misfit.wanted == "object":
        schema = misfit.schema
        # The first of several kinds is the usual one.
        while "then" in schema:
            schema = schema["then"]
        keys = schema.get("properties")
        return f"the keys here are {listed(keys)}" if keys else "write `name:` and its keys below it"
    if misfit.wanted == ["string", "array"] and isinstance(misfit.value, bool | int):
        return "put it in quotes"
    return _FIXES[str(misfit.wanted)]


def _wrong_choice(misfit: _Misfit, findings: Findings) -> None:
    wrong_choice(misfit.node, misfit.label, misfit.wanted, findings)


def wrong_choice(node: Node, label: str, wanted: Collection[str], findings: Findings) -> None:
    """Report (FF123) a text that is none of those that can stand there. label: what a person would call the node."""
    node.bad = True
    fix = findings.suggest(node.data, wanted, f"write {listed(wanted, 'or')}")
    findings.add(node.where, "FF123", f"{label} cannot be {quote(node.data)}", fix=fix)


def _wrong_version(misfit: _Misfit, _: Findings) -> None:
    what = "this FlowForge reads only version 1 of the manifest"
    fix = "write `version: 1`, or install the FlowForge that this manifest was written for"
    raise ManifestError(Problem("FF123", what, str(misfit.node.where), fix=fix))


def _wrong_form(misfit: _Misfit, findings: Findings) -> None:
    (misfit.node.step(misfit.value) if misfit.of_key else misfit.node).bad = True
    where = misfit.node.key(misfit.value) if misfit.of_key else misfit.node.where
    findings.keep(where, FORMS[misfit.schema["title"]].problem(str(misfit.value)))


def _left_empty(misfit: _Misfit, findings: Findings) -> None:
    """Report a mapping or a list without entries. An empty source is reported when its name is looked for (FF132)."""
    if isinstance(misfit.value, list) or misfit.schema["title"] == "Custom properties":
        misfit.node.bad = True
        command = misfit.schema["title"] == "Command"
        fix = "name the program, then its arguments" if command else "name at least one, or remove the key"
        findings.add(misfit.node.where, "FF121", f"{misfit.label} is empty", fix=fix)


def _stray_option(misfit: _Misfit, findings: Findings) -> None:
    meant = _meant(misfit, misfit.schema["properties"], findings)
    for option, (source,) in misfit.wanted.items():
        if option in misfit.value and source not in misfit.value and source not in meant:
            fix = f"remove it, or name {source} as the source"
            findings.add(misfit.node.key(option), "FF120", f"{quote(option)} is an option of {source} only", fix=fix)


def _told_later(_: _Misfit, __: Findings) -> None:
    """Leave it to whoever reads the keys, and knows what they are for. A test holds that it is told by somebody."""


# How keys depend on one another. An editor shows it; here the readers say which key it is, and what to do.
TOLD_LATER: Final = ("anyOf", "oneOf", "not")
# By keyword: the schema uses no other that can fail, which a test with generated manifests holds.
_TELLERS: Final[Mapping[str, Callable[[_Misfit, Findings], None]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _wrong_choice,
    "const": _wrong_version,
    **dict.fromkeys(("pattern", "minimum", "maximum"), _wrong_form),
    "minProperties": _left_empty,
    "minItems": _left_empty,
    "dependentRequired": _stray_option,
    **dict.fromkeys(TOLD_LATER, _told_later),
}


def _label(path: list[str | int]) -> str:
    """Return what a person would call the node at a path."""
    *before, last = path or [""]
    if isinstance(last, int):
        return f"item {last + 1} of {quote(str(before[-1]))}"
    return quote(last) if path else "the manifest"


def listed(words: Iterable[str], conjunction: str = "and") -> str:
    """Return words as people list them: `a, b and c`."""
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last

"""Derive what the contract tests need from GitHub's OpenAPI description: tests/data/github-openapi.json.

usage: python tools/derive_openapi.py FILE      FILE is api.github.com.json of github/rest-api-description

Kept are the operations that the sandbox answers, with all that a checker reads of them: parameters, bodies, answers
and the components that these refer to; names, types, what is required, enums, formats, patterns and bounds. Left out is
all prose: descriptions, summaries, titles, examples. The same description gives the same bytes.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from flowforge.sandbox.http import routes

DERIVED: Final = Path(__file__).resolve().parent.parent / "tests" / "data" / "github-openapi.json"

_METHODS: Final = ("get", "post", "put", "patch", "delete")
# The keywords of a schema that say what is valid, without those that hold schemas in turn.
_KEYWORDS: Final = (
    *("type", "format", "enum", "nullable", "required", "pattern", "readOnly", "uniqueItems", "discriminator"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
)

_LISTS: Final = ("allOf", "anyOf", "oneOf")
_SINGLE: Final = ("items", "additionalProperties", "not")
_PROSE: Final = ("description", "title", "example", "examples", "default", "deprecated", "externalDocs")
_KNOWN: Final = frozenset({*_KEYWORDS, *_LISTS, *_SINGLE, *_PROSE, "properties"})

Node = Mapping[str, Any]


def derive(description: Node) -> dict[str, Any]:
    """Return the part of a description that concerns the sandbox's operations, as a description of its own."""
    paths = {path: found for path, item in description["paths"].items() if (found := _path(path, item))}
    info = description["info"]
    return {
        "openapi": description["openapi"],
        "info": {"title": "Derived from GitHub's REST API", "version": info["version"], **_pick(info, "license")},
        "servers": [{"url": server["url"]} for server in description["servers"]],
        "paths": paths,
        "components": _components(paths, description["components"]),
    }


def _path(path: str, item: Node) -> dict[str, Any]:
    example = re.sub(r"{\w+}", "1", path)
    return {method: _operation(item[method]) for method in _METHODS if method in item and _answers(method, example)}


def _answers(method: str, path: str) -> bool:
    _, handler, _ = routes.find(method.upper(), path)
    return handler is not None


def _operation(operation: Node) -> dict[str, Any]:
    body = operation.get("requestBody")
    return {
        "parameters": [_parameter(each) for each in operation.get("parameters", ())],
        **({"requestBody": {**_pick(body, "required"), "content": _content(body["content"])}} if body else {}),
        "responses": {status: _response(each) for status, each in operation["responses"].items()},
    }


def _parameter(parameter: Node) -> dict[str, Any]:
    if "$ref" in parameter:
        return _pick(parameter, "$ref")
    return {
        **_pick(parameter, "name", "in", "required", "style", "explode"),
        "schema": _schema(parameter["schema"]),
    }


def _response(response: Node) -> dict[str, Any]:
    if "$ref" in response:
        return _pick(response, "$ref")
    headers = {name: _header(each) for name, each in response.get("headers", {}).items()}
    return {
        "description": "",  # OpenAPI demands one
        **({"headers": headers} if headers else {}),
        **({"content": _content(response["content"])} if "content" in response else {}),
    }


def _header(header: Node) -> dict[str, Any]:
    return _pick(header, "$ref") if "$ref" in header else {"schema": _schema(header["schema"])}


def _content(content: Node) -> dict[str, Any]:
    return {kind: {"schema": _schema(each["schema"])} if "schema" in each else {} for kind, each in content.items()}


def _schema(schema: Node) -> dict[str, Any]:
    """Return a schema without prose; a property that is called `description` stays.

    Raise ValueError for a keyword that this tool does not know: left out, it would make a check weaker than GitHub's.
    """
    if "$ref" in schema:
        return _pick(schema, "$ref")
    if unknown := sorted(key for key in schema.keys() - _KNOWN if not key.startswith("x-")):
        message = f"a schema has keywords that this tool does not know: {', '.join(unknown)}"
        raise ValueError(message)
    kept = _pick(schema, *_KEYWORDS)
    if "properties" in schema:
        kept["properties"] = {name: _schema(each) for name, each in schema["properties"].items()}
    for word in _LISTS:
        if word in schema:
            kept[word] = [_schema(each) for each in schema[word]]
    for word in _SINGLE:
        if word in schema:
            kept[word] = schema[word] if isinstance(schema[word], bool) else _schema(schema[word])
    return kept


# How a component of each kind is derived; GitHub's description refers to no other kinds that a checker reads.
_DERIVE: Final = {"schemas": _schema, "parameters": _parameter, "responses": _response, "headers": _header}


def _components(paths: Node, components: Node) -> dict[str, dict[str, Any]]:
    """Return the components that the paths refer to, and those that these refer to in turn."""
    found: dict[str, dict[str, Any]] = {kind: {} for kind in _DERIVE}
    waiting = [*_references(paths)]
    while waiting:
        kind, name = waiting.pop()
        if name not in found[kind]:
            found[kind][name] = _DERIVE[kind](components[kind][name])
            waiting += _references(found[kind][name])
    return found


def _references(node: object) -> Iterator[tuple[str, str]]:
    """Yield the kind and name of each component that a node refers to, by `$ref` or as a discriminator maps."""
    if isinstance(node, str) and node.startswith("#/components/"):
        _, _, kind, name = node.split("/")
        yield kind, name
    elif isinstance(node, Mapping | list):
        for each in node.values() if isinstance(node, Mapping) else node:
            yield from _references(each)


def _pick(node: Node, *keys: str) -> dict[str, Any]:
    return {key: node[key] for key in keys if key in node}


def written(derived: Node) -> str:
    """Return the text of the derived file: sorted, and a line for each path and component, so that a diff is read."""
    lines: list[str] = []
    _write(derived, 2, lines)
    return "".join(lines) + "\n"


def _write(node: Node, depth: int, lines: list[str]) -> None:
    """Write a mapping with an entry to a line, down to a depth; what is deeper stands on one line."""
    for number, (key, value) in enumerate(sorted(node.items())):
        lines.append(f"{',' if number else '{'}\n{json.dumps(key)}:")
        if depth and isinstance(value, Mapping) and value:
            _write(value, depth - 1, lines)
        else:
            lines.append(json.dumps(value, sort_keys=True, separators=(",", ":")))
    lines.append("\n}")


def main(description: Path, derived: Path) -> int:
    """Derive the file, print its size, and return the exit code."""
    found = derive(json.loads(description.read_text(encoding="utf-8")))
    text = written(found)
    derived.parent.mkdir(parents=True, exist_ok=True)
    derived.write_text(text, encoding="utf-8")
    operations = sum(len(item) for item in found["paths"].values())
    print(f"{derived.name}: {operations} operations of GitHub {found['info']['version']}, {len(text.encode()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), DERIVED))

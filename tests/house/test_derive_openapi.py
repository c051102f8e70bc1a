"""GitHub's description, derived: what the contract tests check against holds all that a checker reads, and no prose."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.openapi import DERIVED
from tools.derive_openapi import derive, main, written


def described(**schema: object) -> dict[str, Any]:
    """Return a tiny description in GitHub's form: one operation of the sandbox's, another, and components of both."""
    prose = {"summary": "Prose", "description": "Prose", "operationId": "a/b", "x-github": {"category": "c"}}
    link = {"example": "Prose", "schema": {"type": "string"}}
    user: dict[str, Any] = {"title": "Prose", "properties": {"description": {"type": "string", "example": "Prose"}}}
    answer = {"schema": {"$ref": "#/components/schemas/user"}, "examples": {"a": {"value": "Prose"}}}
    body = {"required": True, "content": {"application/json": {"schema": {"type": "object", **schema}}}}
    parameter = {"name": "page", "in": "query", "description": "Prose", "schema": {"type": "integer", "default": 1}}
    answers = {
        "200": {
            "description": "Prose",
            "headers": {"Link": {"$ref": "#/components/headers/link"}},
            "content": {"application/json": answer},
        },
        "304": {"$ref": "#/components/responses/not_modified"},
    }
    get = {**prose, "parameters": [parameter, {"$ref": "#/components/parameters/org"}], "responses": answers}
    put = {**prose, "requestBody": body, "responses": {"204": {"description": "Prose"}}}
    org = {"name": "org", "in": "path", "required": True, "description": "Prose", "schema": {"type": "string"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Prose", "version": "1.2.3", "license": {"name": "MIT"}, "description": "Prose"},
        "servers": [{"url": "https://api.github.com", "description": "Prose"}],
        "paths": {
            "/orgs/{org}/repos": {"get": get, "post": get},
            "/orgs/{org}/actions/secrets/{secret_name}": {"put": put},
            "/emojis": {"get": get},
        },
        "components": {
            "schemas": {"user": user, "plan": {"type": "string", "enum": ["free"]}, "emoji": {"type": "string"}},
            "headers": {"link": link},
            "parameters": {"org": org},
            "responses": {"not_modified": {"description": "Prose"}},
            "examples": {"a": {"value": "Prose"}},
        },
    }


def test_what_the_sandbox_answers_is_kept_without_its_prose() -> None:
    """Its operations and their components stay, with names, types and bounds; other ones and every prose go."""
    schema = {
        "required": ["a"],
        "properties": {"a": {"type": "string", "pattern": "^a$", "description": "Prose"}},
        "oneOf": [{"nullable": True, "title": "Prose"}, {"$ref": "#/components/schemas/user"}],
        "additionalProperties": {"discriminator": {"propertyName": "a", "mapping": {"b": "#/components/schemas/plan"}}},
        "items": {"format": "date-time", "x-github-breaking-changes": ["Prose"]},
        "not": {"type": "array", "maxItems": 2, "deprecated": True},
    }
    kept = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string", "pattern": "^a$"}},
        "oneOf": [{"nullable": True}, {"$ref": "#/components/schemas/user"}],
        "additionalProperties": {"discriminator": {"propertyName": "a", "mapping": {"b": "#/components/schemas/plan"}}},
        "items": {"format": "date-time"},
        "not": {"type": "array", "maxItems": 2},
    }
    answers = {
        "200": {
            "description": "",
            "headers": {"Link": {"$ref": "#/components/headers/link"}},
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/user"}}},
        },
        "304": {"$ref": "#/components/responses/not_modified"},
    }
    page = {"name": "page", "in": "query", "schema": {"type": "integer"}}
    body = {"required": True, "content": {"application/json": {"schema": kept}}}
    expected = {
        "openapi": "3.0.3",
        "info": {"title": "Derived from GitHub's REST API", "version": "1.2.3", "license": {"name": "MIT"}},
        "servers": [{"url": "https://api.github.com"}],
        "paths": {
            "/orgs/{org}/repos": {
                "get": {"parameters": [page, {"$ref": "#/components/parameters/org"}], "responses": answers}
            },
            "/orgs/{org}/actions/secrets/{secret_name}": {
                "put": {"parameters": [], "requestBody": body, "responses": {"204": {"description": ""}}}
            },
        },
        "components": {
            "schemas": {
                "user": {"properties": {"description": {"type": "string"}}},
                "plan": {"type": "string", "enum": ["free"]},
            },
            "headers": {"link": {"schema": {"type": "string"}}},
            "parameters": {"org": {"name": "org", "in": "path", "required": True, "schema": {"type": "string"}}},
            "responses": {"not_modified": {"description": ""}},
        },
    }
    assert expected == derive(described(**schema))


def test_a_keyword_that_is_not_known_is_refused() -> None:
    """A bound that would be left out is an error: the derived file is never weaker than GitHub's description."""
    with pytest.raises(ValueError, match=r"^a schema has keywords that this tool does not know: multipleOf$"):
        derive(described(multipleOf=2))


def test_the_file_is_written_the_same_whatever_the_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same description, its keys turned round, gives the same bytes, and the sum is told."""
    given, turned = (tmp_path / name for name in ("given.json", "turned.json"))
    given.write_text(json.dumps(described()), encoding="utf-8")
    turned.write_text(json.dumps(dict(reversed(described().items()))), encoding="utf-8")
    codes = [main(path, tmp_path / "data" / path.name) for path in (given, turned)]
    first, second = ((tmp_path / "data" / path.name).read_bytes() for path in (given, turned))
    sums = [f"{path.name}: 2 operations of GitHub 1.2.3, {len(first):,} bytes\n" for path in (given, turned)]
    assert ([0, 0], first, "".join(sums)) == (codes, second, capsys.readouterr().out)


def test_the_derived_file_is_as_the_tool_writes_it() -> None:
    """Derived once more it stays as it is: sorted, of the sandbox's operations alone, without prose of any kind."""
    text = DERIVED.read_text(encoding="utf-8")
    assert text == written(derive(json.loads(text)))


def test_the_derived_file_holds_no_prose() -> None:
    """No keyword of prose stands in it, but the description of an answer that OpenAPI demands, which is empty."""
    found: list[str] = []

    def look(node: object, *, named: bool = False) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if not named and key in {"description", "summary", "example", "examples", "title"}:
                    found.append(value)
                look(value, named=key == "properties" and not named)
        elif isinstance(node, list):
            for each in node:
                look(each)

    look(json.loads(DERIVED.read_text(encoding="utf-8")))
    assert {"", "Derived from GitHub's REST API"} == {str(each) for each in found}

"""GraphQL of the sandbox: the shape that is asked for, strictly, and GitHub's way to refuse it."""

from typing import Any

import httpx
import pytest

from flowforge.sandbox import Sandbox

FILE = ".github/workflows/ask.yml"


def _ask(http: httpx.Client, query: str) -> Any:  # noqa: ANN401 -- JSON
    answer = http.post("/graphql", json={"query": query})
    assert 200 == answer.status_code
    return answer.json()


def test_files_with_fragments(sandbox: Sandbox, http: httpx.Client) -> None:
    """Aliases, arguments, fragments by name and in place: the answer has the names that the query gave."""
    sandbox.world.edit_file("acme/repo-001", FILE, "on: push\n")
    found = _ask(
        http,
        'query Q { a: repository(owner: "acme", name: "repo-001") { id: databaseId isEmpty '
        'f: object(expression: "HEAD:.github/workflows") { ...T } '
        'none: object(expression: "HEAD:nowhere") { ...T } } } '
        "fragment T on GitObject { ... on Tree { entries { name type mode object { ...B } } } } "
        "fragment B on GitObject { ... on Blob { byteSize text } }",
    )
    entry = {"name": "ask.yml", "type": "blob", "mode": 0o100644, "object": {"byteSize": 9, "text": "on: push\n"}}
    number = sandbox.world.directory["acme/repo-001"].id
    assert {"data": {"a": {"id": number, "isEmpty": False, "f": {"entries": [entry]}, "none": None}}} == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "A query is required."),
        ("{", "Unexpected end of document"),
        ("{}", 'Parse error on "}"'),
        ("mutation { x }", 'Parse error on "mutation"'),
        ("{ viewer { email } }", "Field 'email' doesn't exist on type 'User'"),
        ('{ repository(owner: "a", name: "b") }', "Field 'repository' must have selections"),
        ('{ repository(owner: "a", id: 1) { isFork } }', "Field 'repository' doesn't accept argument 'id'"),
        ('{ repository(owner: "a", name: "b") { isFork { x } } }', "Field 'isFork' has no selections"),
        ('{ repository(owner: "a", name: "b") { ...X } }', "Fragment X was used, but not defined"),
        ('{ repository(owner: "a", name: $b) { isFork } }', 'Parse error on "$"'),
        ('{ repository(owner: "a", name: b) { isFork } }', 'Parse error on "b"'),
        (
            '{ repository(owner: "a", name: "b") { ...on Blob { text } } }',
            "Fragment on Blob can't be spread inside Repository",
        ),
        ("{ repository " * 30 + "}" * 30, "The query is nested too deep."),
    ],
)
def test_what_is_no_query_of_ours(http: httpx.Client, query: str, message: str) -> None:
    """GitHub refuses a query as a whole, with status 200 and no data."""
    assert {"errors": [{"message": message}]} == _ask(http, query)


def test_a_fragment_in_itself_ends(http: httpx.Client) -> None:
    """A fragment that holds itself is refused, and keeps nobody busy."""
    found = _ask(http, '{ repository(owner: "a", name: "b") { ...F } } fragment F on Repository { ...F }')
    assert {"errors": [{"message": "The query is nested too deep."}]} == found


def test_its_own_budget(sandbox: Sandbox, http: httpx.Client) -> None:
    """Its answers tell of the budget of GraphQL, of which REST spends nothing, and a query is one point."""
    query = {"query": '{ a: repository(owner: "acme", name: "repo-001") { databaseId } }'}
    http.get("/user")
    answer = http.post("/graphql", json=query)
    told = {name: answer.headers[f"x-ratelimit-{name}"] for name in ("resource", "used")}
    assert {"resource": "graphql", "used": "1"} == told
    assert 2 == sandbox.world.stats().points


def test_beside_the_rest_api_of_a_server(http: httpx.Client) -> None:
    """A GitHub Enterprise Server has it at /api/graphql."""
    query = {"query": '{ a: repository(owner: "acme", name: "repo-001") { isFork } }'}
    assert {"data": {"a": {"isFork": False}}} == http.post("/api/graphql", json=query).json()

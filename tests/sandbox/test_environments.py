"""Environments: made, read, listed and deleted, with secrets of their own, and names that need care in a URL."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Level, Sandbox, Token, TokenKind

Write = Callable[..., httpx.Response]
AsToken = Callable[[Token], dict[str, str]]
ALL = "/repos/acme/repo-001/environments"
ONE = f"{ALL}/production"


def test_life(sandbox: Sandbox, http: httpx.Client, write: Write) -> None:
    """Made by PUT in any case, with secrets of its own; made anew after deletion it has another key and no secrets."""
    made = http.put(ONE)
    again = http.put(f"{ALL}/PRODUCTION")
    assert (made.status_code, again.status_code, made.json()["id"]) == (200, 200, again.json()["id"])
    assert [one["name"] for one in http.get(ALL).json()["environments"]] == ["production"]
    assert [write(f"{ONE}/secrets/a", "x").status_code for _ in range(2)] == [201, 204]
    assert http.get(f"{ALL}/Production/secrets").json()["total_count"] == 1
    world, key = sandbox.world, http.get(f"{ONE}/secrets/public-key").json()
    assert (world.reveal("acme/repo-001", environment="PRODUCTION"), world.reveal("acme/repo-001")) == ({"A": "x"}, {})
    assert (http.delete(ONE).status_code, http.delete(ONE).status_code, http.put(ONE).status_code) == (204, 404, 200)
    other = http.get(f"{ONE}/secrets/public-key").json()
    assert (key["key_id"], key["key"] == other["key"]) == (other["key_id"], False)
    assert http.get(f"{ONE}/secrets").json() == {"total_count": 0, "secrets": []}


@pytest.mark.parametrize("rest", ["", "/secrets", "/secrets/public-key", "/secrets/A", "/variables", "/variables/A"])
def test_missing(http: httpx.Client, rest: str) -> None:
    """Everything below an environment that is not there is 404."""
    assert http.get(f"{ONE}{rest}").status_code == 404


def test_key_is_not_the_repository_s(http: httpx.Client) -> None:
    """An environment's key differs from its repository's under the same id."""
    http.put(ONE)
    keys = [http.get(path).json() for path in (f"{ONE}/secrets/public-key", f"{ALL[:-13]}/actions/secrets/public-key")]
    assert (keys[0]["key_id"] == keys[1]["key_id"], keys[0]["key"] == keys[1]["key"]) == (True, False)


@pytest.mark.parametrize(("name", "encoded"), [("a/b c", "a%2Fb%20c"), ("50%25", "50%2525"), ("ä+b", "%C3%A4+b")])
def test_encoded_once(sandbox: Sandbox, http: httpx.Client, write: Write, name: str, encoded: str) -> None:
    """A name with a slash, a space, a percent sign or a letter of no ASCII is encoded once in the path."""
    made = http.put(f"{ALL}/{encoded}").json()
    assert (made["name"], made["url"].rpartition("/")[2]) == (name, encoded.replace("+", "%2B"))
    assert write(f"{ALL}/{encoded}/secrets/A", "x").status_code == 201
    assert sandbox.world.reveal("acme/repo-001", environment=name) == {"A": "x"}
    assert http.get(f"{ALL}/{encoded.replace('%', '%25')}").status_code == 404


def test_protection(sandbox: Sandbox, http: httpx.Client) -> None:
    """A PUT replaces the protection, so that one without a body takes it away; what makes no sense is 422."""
    sandbox.world.create_environment("acme/repo-001", "production", wait_timer=30)
    rules = [rule["wait_timer"] for rule in http.get(ONE).json()["protection_rules"]]
    refused = [http.put(ONE, json={"wait_timer": wait}).status_code for wait in (-1, 43_201, "x")]
    kept = http.put(ONE, json={"wait_timer": 5}).json()["protection_rules"]
    taken = http.put(ONE, content=b"null").json()["protection_rules"]
    assert (rules, refused, [rule["wait_timer"] for rule in kept], taken) == ([30], [422] * 3, [5], [])
    assert sandbox.world.environments("acme/repo-001") == {"production": 0}


BY_TOKEN, BY_APP = "Resource not accessible by personal access token", "Resource not accessible by integration"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token(), ["", "", ""]),
        (Token(permissions={"administration": Level.READ}), ["", "", "administration=write"]),
        (Token(permissions={"environments": Level.NONE}), ["", "environments=read", ""]),
        (Token(permissions={"actions": Level.NONE}), ["actions=read", "", ""]),
        (Token(role="write"), ["", "", "administration=write"]),
        (Token(role="read"), ["", "environments=read", "administration=write"]),
        (Token(TokenKind.APP, role="read"), ["", "", ""]),
        (Token(TokenKind.WORKFLOW), ["actions=read", "environments=read", "administration=write"]),
    ],
)
def test_permissions(
    sandbox: Sandbox, http: httpx.Client, as_token: AsToken, token: Token, expected: list[str]
) -> None:
    """To read an environment, its secrets, and to make one are three permissions; a person must be an admin to make."""
    sandbox.world.create_environment("acme/repo-001", "production")
    header = as_token(token)
    answers = [http.get(path, headers=header) for path in (ONE, f"{ONE}/secrets")] + [http.put(ONE, headers=header)]
    assert [answer.headers.get("x-accepted-github-permissions", "") for answer in answers] == expected
    assert [answer.status_code for answer in answers] == [403 if missing else 200 for missing in expected]


def test_classic_tokens(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A classic token needs `repo`, and its person the role of an admin to make an environment."""
    sandbox.world.create_environment("acme/repo-001", "production")
    tokens = (Token(TokenKind.CLASSIC), Token(TokenKind.CLASSIC, role="write"), Token(TokenKind.CLASSIC, scopes=()))
    headers = [as_token(token) for token in tokens]
    reads = [http.get(ONE, headers=header).status_code for header in headers]
    writes = [http.put(ONE, headers=header).status_code for header in headers]
    assert (reads, writes) == ([200, 200, 404], [200, 403, 404])


def test_public_repository(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """Everybody may read the environments of a public repository."""
    sandbox.world.create_repo("acme/open", private=False)
    sandbox.world.create_environment("acme/open", "production")
    header = as_token(Token(secrets=Level.NONE, repos=frozenset()))
    assert http.get("/repos/acme/open/environments", headers=header).json()["total_count"] == 1


def test_archived(sandbox: Sandbox, http: httpx.Client, write: Write) -> None:
    """An archived repository's environments can be read, not made, deleted or written to."""
    sandbox.world.create_environment("acme/repo-001", "production")
    sandbox.world.archive_repo("acme/repo-001")
    statuses = [http.put(ONE).status_code, http.delete(ONE).status_code, write(f"{ONE}/secrets/A").status_code]
    assert (statuses, http.get(ONE).status_code) == ([403] * 3, 200)


def test_free_plan(sandbox: Sandbox, http: httpx.Client) -> None:
    """Private repositories of a free plan have no environments; public ones do, and so do other plans'."""
    world = sandbox.world
    world.create_repo("acme/open", private=False)
    for repo in ("acme/repo-001", "acme/open"):
        world.create_environment(repo, "production")
    world.set_plan("acme", "free")
    private = [http.get(ALL).json()["total_count"], http.get(ONE).status_code, http.put(ONE).status_code]
    public = http.get("/repos/acme/open/environments").json()["total_count"]
    world.set_plan("acme", "enterprise")
    assert (private, public, http.get(ALL).json()["total_count"]) == ([0, 404, 404], 1, 1)


def test_count_limit(sandbox: Sandbox, write: Write) -> None:
    """An environment takes a hundred secrets, beside those of its repository."""
    sandbox.world.create_environment("acme/repo-001", "production")
    for number in range(100):
        sandbox.world.set_secret("acme/repo-001", f"S{number}", "x", environment="production")
    answers = [write(f"{ONE}/secrets/{name}") for name in ("S99", "MORE")]
    assert [(answer.status_code, answer.content[:65]) for answer in answers] == [
        (204, b""),
        (422, b'{"message":"The environment has 100 secrets already, which is the'),
    ]


def test_world(sandbox: Sandbox) -> None:
    """The world's verbs know an environment in any case, and say so when there is none, or no such store."""
    world = sandbox.world
    world.create_environment("acme/repo-001", "Production", wait_timer=1)
    world.set_secret("acme/repo-001", "a", "x", environment="PRODUCTION")
    world.replace_key("acme/repo-001", environment="production")
    world.delete_secret("acme/repo-001", "A", environment="production")
    assert world.environments("acme/repo-001") == {"Production": 1}
    with pytest.raises(ValueError, match="an environment has the store actions only"):
        world.reveal("acme/repo-001", store="agents", environment="production")
    world.delete_environment("acme/repo-001", "production")
    for verb in (world.delete_environment, lambda repo, name: world.reveal(repo, environment=name)):
        with pytest.raises(KeyError, match="environment production"):
            verb("acme/repo-001", "production")

"""Tokens: which requests each kind is refused, and in which words."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Level, Sandbox, Token, TokenKind

AsToken = Callable[[Token], dict[str, str]]
Seal = Callable[[str, bytes], dict[str, str]]
PATH = "/repos/acme/repo-001/actions/secrets"
OURS = frozenset({"acme/repo-001"})


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "Requires authentication"),
        ("Bearer wrong", "Bad credentials"),
        ("Bearer", "Bad credentials"),
        ("Basic {token}", "Bad credentials"),
    ],
)
def test_not_authenticated(sandbox: Sandbox, http: httpx.Client, header: str, message: str) -> None:
    """Without a good token everything is 401, and says nothing of anybody's limits."""
    answer = http.get("/user", headers={"authorization": header.format(token=sandbox.token)})
    assert (answer.status_code, answer.json()) == (
        401,
        {"message": message, "documentation_url": "https://docs.github.com/rest", "status": "401"},
    )
    assert [name for name in answer.headers if name.startswith("x-ratelimit")] == []


def test_both_schemes(sandbox: Sandbox, http: httpx.Client) -> None:
    """`Bearer X` and gh's `token X` are the same."""
    answers = [http.get("/user", headers={"authorization": f"{word} {sandbox.token}"}) for word in ("token", "bearer")]
    assert [answer.json()["login"] for answer in answers] == ["rehearsal"] * 2


def test_expiry(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A token that expires says when, and is 401 from then on, on the sandbox's clock."""
    header = as_token(Token(expires=int(sandbox.world.clock.now()) + 3600))
    before = http.get("/user", headers=header)
    sandbox.world.clock.advance(3600)
    after = http.get("/user", headers=header)
    said = before.headers["github-authentication-token-expiration"]
    assert (before.status_code, after.status_code, len(said), said[-4:]) == (200, 401, 23, " UTC")


def test_revoked(sandbox: Sandbox, http: httpx.Client) -> None:
    """A revoked token is 401 at once."""
    sandbox.world.revoke_token(sandbox.token)
    assert http.get("/user").status_code == 401


BY_TOKEN, BY_APP = "Resource not accessible by personal access token", "Resource not accessible by integration"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token(), [(200, ""), (201, "")]),
        (Token(secrets=Level.READ), [(200, ""), (403, BY_TOKEN)]),
        (Token(secrets=Level.NONE), [(403, BY_TOKEN), (403, BY_TOKEN)]),
        (Token(role="write"), [(200, ""), (201, "")]),
        (Token(role="read"), [(403, BY_TOKEN), (403, BY_TOKEN)]),
        (Token(repos=frozenset()), [(404, "Not Found"), (404, "Not Found")]),
        (Token(repos=OURS), [(200, ""), (201, "")]),
        (Token(repos=frozenset({"acme/*"})), [(200, ""), (201, "")]),
        (Token(repos=frozenset({"other/*"})), [(404, "Not Found"), (404, "Not Found")]),
        (Token(TokenKind.APP), [(200, ""), (201, "")]),
        (Token(TokenKind.APP, secrets=Level.READ), [(200, ""), (403, BY_APP)]),
        (Token(TokenKind.APP, role="read"), [(200, ""), (201, "")]),
        (Token(TokenKind.WORKFLOW), [(403, BY_APP), (403, BY_APP)]),
        (Token(TokenKind.CLASSIC), [(200, ""), (201, "")]),
        (Token(TokenKind.CLASSIC, secrets=Level.NONE), [(200, ""), (201, "")]),
        (Token(TokenKind.CLASSIC, scopes=("read:org",)), [(404, "Not Found"), (404, "Not Found")]),
        (
            Token(TokenKind.CLASSIC, role="read"),
            [(403, "Must have admin rights to Repository.")] * 2,
        ),
    ],
)
def test_permissions(
    http: httpx.Client, as_token: AsToken, seal: Seal, token: Token, expected: list[tuple[int, str]]
) -> None:
    """Each kind of token is admitted or refused as GitHub does, in its words, on a private repository."""
    header, body = as_token(token), seal("acme/repo-001", b"x")
    answers = [http.get(PATH, headers=header), http.put(f"{PATH}/A", json=body, headers=header)]
    assert [(answer.status_code, answer.json().get("message", "")) for answer in answers] == expected


def test_accepted_permissions(http: httpx.Client, as_token: AsToken) -> None:
    """A refusal for lack of a permission names the permission in a header."""
    header = as_token(Token(secrets=Level.NONE))
    answers = [http.get(PATH, headers=header), http.delete(f"{PATH}/A", headers=header)]
    assert [answer.headers["x-accepted-github-permissions"] for answer in answers] == ["secrets=read", "secrets=write"]


def test_public_repositories(sandbox: Sandbox, http: httpx.Client, as_token: AsToken) -> None:
    """A public repository is seen by tokens that do not reach it; its secrets are not."""
    sandbox.world.create_repo("acme/open", private=False)
    tokens = [Token(repos=OURS), Token(TokenKind.CLASSIC, scopes=())]
    for token, refusal in zip(tokens, (403, 404), strict=True):
        header = as_token(token)
        seen = [http.get(f"/repos/acme/open{rest}", headers=header).status_code for rest in ("", "/actions/secrets")]
        assert seen == [200, refusal]


def test_what_tokens_say(http: httpx.Client, as_token: AsToken) -> None:
    """Scopes are told of classic tokens only; a person's role is shown on repositories, an installation has none."""
    tokens = [
        Token(TokenKind.CLASSIC, scopes=("repo", "read:org"), role="write"),
        Token(role="read"),
        Token(TokenKind.APP),
    ]
    answers = [http.get("/repos/acme/repo-001", headers=as_token(token)) for token in tokens]
    assert [answer.headers.get("x-oauth-scopes") for answer in answers] == ["repo, read:org", None, None]
    assert [answer.json().get("permissions", {}).get("push") for answer in answers] == [True, False, None]

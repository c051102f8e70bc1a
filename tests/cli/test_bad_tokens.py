"""Tokens that do not do, and a GitHub that is not there: one clear error, and nothing written."""

import socket
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox.rules.access import Level, Token, TokenKind

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

TEXTS = {
    TokenKind.CLASSIC: "ghp_" + "rehearsal",
    TokenKind.FINE_GRAINED: "github_pat_" + "rehearsal",
    TokenKind.APP: "ghs_" + "rehearsal",
    TokenKind.WORKFLOW: "ghs_" + "workflow",
}
SSO = (
    "the organization's single sign-on must authorize this token: \"Resource protected by organization SAML "
    'enforcement. You must grant your Personal Access token access to this organization."'
)
READ_OR_WRITE = (("plan",), ("apply", "--yes"))


def _everywhere(fleet: "Fleet", expected: str) -> None:
    """Say that plan and apply answer so, exit 1 and write nothing."""
    for command in READ_OR_WRITE:
        done = fleet.refused(*command)
        assert (1, "", expected) == (done.code, done.out, done.err)


def _sign_in(fleet: "Fleet", token: Token) -> None:
    text = TEXTS[token.kind]
    fleet.sandbox.world.add_token(text, token)
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", text)


def _blocked(done: "Done") -> list[str]:
    return [line for line in done.lines if line.startswith(("!", "    fix: "))]


def test_no_token(fleet: "Fleet") -> None:
    """Without a token the places that were looked in are listed, in their order."""
    fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    _everywhere(
        fleet,
        "error FF300: no GitHub token found for 127.0.0.1\n"
        "  why: looked in github.auth.token, FLOWFORGE_GITHUB_TOKEN, GH_TOKEN, GITHUB_TOKEN, GH_ENTERPRISE_TOKEN, "
        "GITHUB_ENTERPRISE_TOKEN\n"
        "  fix: set FLOWFORGE_GITHUB_TOKEN\n",
    )


def test_no_token_for_github_itself(fleet: "Fleet") -> None:
    """For github.com `gh` is asked too, and the remedy names its command; no request is made."""
    for name in ("FLOWFORGE_GITHUB_TOKEN", "GITHUB_API_URL", "FLOWFORGE_TIME_SCALE"):
        fleet.monkeypatch.delenv(name)
    fleet.monkeypatch.setenv("PATH", str(fleet.folder))
    _everywhere(
        fleet,
        "error FF300: no GitHub token found for api.github.com\n"
        "  why: looked in github.auth.token, FLOWFORGE_GITHUB_TOKEN, GH_TOKEN, GITHUB_TOKEN, "
        "`gh auth token --hostname github.com`\n"
        "  fix: set FLOWFORGE_GITHUB_TOKEN, or run: gh auth login --hostname github.com\n",
    )


def test_a_bad_token(fleet: "Fleet") -> None:
    """A token that GitHub does not know ends the run at the first answer, says where it came from, and is not shown."""
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "ghp_" + "nobody")
    _everywhere(
        fleet,
        f"error FF302: {fleet.sandbox.url}: GitHub does not accept the token\n"
        '  why: it answered 401 "Bad credentials"; the token came from FLOWFORGE_GITHUB_TOKEN\n'
        "  fix: check that it is whole, not expired, not revoked, and made for this host\n",
    )


def test_an_expired_token(fleet: "Fleet") -> None:
    """GitHub answers an expired token as a bad one; the remedy names both."""
    _sign_in(fleet, Token(expires=1))
    done = fleet.refused("apply", "--yes")
    assert (1, True) == (done.code, done.err.startswith(f"error FF302: {fleet.sandbox.url}: GitHub does not accept"))


@pytest.mark.parametrize("text", ["two\nlines", "a b", "ключ"], ids=["lines", "space", "letters"])
def test_a_text_that_is_no_token(fleet: "Fleet", text: str) -> None:
    """What cannot be a token is not sent anywhere, and not shown."""
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", text)
    _everywhere(
        fleet,
        "error FF301: FLOWFORGE_GITHUB_TOKEN: the token cannot be used\n"
        "  why: it holds a space, a line break, a control character or a letter outside ASCII\n"
        "  fix: store it again, whole and on one line\n",
    )
    assert {} == fleet.sandbox.world.stats().requests


def test_a_token_source_that_gives_nothing(fleet: "Fleet") -> None:
    """A token that the manifest takes from an unset variable is told with the manifest's line."""
    fleet.simple(more="github: {auth: {token: {env: OPS_TOKEN}}}\n")
    _everywhere(
        fleet,
        "error FF221: flowforge.yaml:15:24: the GitHub token is not available: env OPS_TOKEN is unset\n"
        "  fix: set it where flowforge runs; in a workflow, map the secret to it under the step's `env:`\n",
    )


def test_the_workflows_own_token(fleet: "Fleet") -> None:
    """GITHUB_TOKEN of a workflow run is recognised, since no permission that it could be given would help."""
    fleet.sandbox.world.add_token(TEXTS[TokenKind.WORKFLOW], Token(TokenKind.WORKFLOW))
    fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    fleet.monkeypatch.setenv("GITHUB_TOKEN", TEXTS[TokenKind.WORKFLOW])
    fleet.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    _everywhere(
        fleet,
        "error FF303: GITHUB_TOKEN: the workflow's own GITHUB_TOKEN cannot manage secrets\n"
        "  why: GitHub has no permission for secrets that a workflow could ask for\n"
        "  fix: set FLOWFORGE_GITHUB_TOKEN to the token of a GitHub App with Secrets: write, or to a personal access "
        "token\n",
    )


@pytest.mark.parametrize(
    ("token", "sentence", "fix"),
    [
        pytest.param(
            Token(TokenKind.CLASSIC, scopes=("gist",)),
            "no permission: the token lacks the scope repo; it has gist",
            "give the token (FLOWFORGE_GITHUB_TOKEN) the scope repo",
            id="classic-without-repo",
        ),
        pytest.param(
            Token(TokenKind.CLASSIC, role="read"),
            'no permission: "Must have admin rights to Repository."',
            "give the user whose token (FLOWFORGE_GITHUB_TOKEN) it is write access to the repo, or for an organization "
            "the role of an owner",
            id="classic-of-a-reader",
        ),
        pytest.param(
            Token(TokenKind.FINE_GRAINED, secrets=Level.NONE),
            "no permission: GitHub accepts secrets=read",
            "give the token (FLOWFORGE_GITHUB_TOKEN) that permission",
            id="fine-grained",
        ),
        pytest.param(
            Token(TokenKind.APP, secrets=Level.NONE),
            "no permission: GitHub accepts secrets=read",
            "give the token (FLOWFORGE_GITHUB_TOKEN) that permission, and install its GitHub App on this repo",
            id="app",
        ),
    ],
)
def test_a_token_without_permission_for_secrets(fleet: "Fleet", token: Token, sentence: str, fix: str) -> None:
    """Each repo is blocked with GitHub's own word for what is missing; nothing is taken for absent; exit 0, then 3."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    _sign_in(fleet, token)
    planned = fleet.refused("plan")
    expected = [f"! acme/repo-00{number}  ANTHROPIC_API_KEY  ci-key  {sentence}" for number in (1, 2)]
    assert (3, expected) == (planned.code, [line for line in planned.lines if line.startswith("!")])
    assert f"    fix: {fix}" in planned.lines
    assert "No changes found; 2 blocked." in planned.lines
    assert 3 == fleet.refused("plan", "--detailed-exitcode").code
    applied = fleet.refused("apply", "--yes")
    assert (3, _blocked(planned)) == (applied.code, _blocked(applied))
    assert "acme/repo-001 : in_sync=0 created=0 updated=0 deleted=0 failed=0 blocked=1" in applied.lines


@pytest.mark.parametrize(
    ("kind", "more"),
    [(TokenKind.FINE_GRAINED, ""), (TokenKind.APP, ", and install its GitHub App on this repo")],
    ids=["fine-grained", "app"],
)
def test_a_token_that_may_only_read_secrets(fleet: "Fleet", kind: TokenKind, more: str) -> None:
    """The first write tells: it fails with the permission that GitHub wants, and no other is begun there; exit 3."""
    fleet.simple("acme/repo-001", "acme/repo-002")
    _sign_in(fleet, Token(kind, secrets=Level.READ))
    fleet.requests()
    applied = fleet.flowforge("apply", "--yes")
    assert 1 == fleet.requests()["PUT /repos/{owner}/{repo}/actions/secrets/{name}"]
    met = "no permission: GitHub accepts secrets=write"
    begin = applied.lines.index(f"failed (FF320): {met}")
    assert (
        3,
        [
            "    acme/repo-001/actions/ANTHROPIC_API_KEY",
            f"  fix: give the token (FLOWFORGE_GITHUB_TOKEN) that permission{more}",
            f"not_done (FF346): not begun, because the first write for acme was refused: {met}",
            "    acme/repo-002/actions/ANTHROPIC_API_KEY",
            f"  fix: give the token (FLOWFORGE_GITHUB_TOKEN) that permission{more}",
        ],
    ) == (applied.code, applied.lines[begin + 1 : begin + 6])
    assert not any(fleet.held().values())
    _sign_in(fleet, Token(kind))
    assert {"missing"} == {reason for _, reason in fleet.plan().values()}


def test_a_workflows_own_token_under_another_name(fleet: "Fleet") -> None:
    """It cannot be told from an App's there, so that each repo's remedy says that this one never can."""
    fleet.simple("acme/repo-001")
    fleet.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    _sign_in(fleet, Token(TokenKind.WORKFLOW))
    fixes = [line for line in _blocked(fleet.refused("plan")) if line.startswith("    fix: ")]
    assert [True] == [
        line.endswith("its GitHub App on this repo; the workflow's own token never can") for line in fixes
    ]


def test_single_sign_on(fleet: "Fleet") -> None:
    """A classic token that the organization's single sign-on does not know blocks every repo there."""
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.require_sso("acme")
    _sign_in(fleet, Token(TokenKind.CLASSIC))
    done = fleet.refused("apply", "--yes")
    assert (
        3,
        [
            f"! acme/repo-001  ANTHROPIC_API_KEY  ci-key  {SSO}",
            "    fix: open its settings and authorize the token (FLOWFORGE_GITHUB_TOKEN) for the organization",
        ],
    ) == (done.code, _blocked(done))


def test_github_down(fleet: "Fleet") -> None:
    """A refused connection on this machine ends the run at once, with the address and what to start."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # it has the port, and does not listen
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        fleet.monkeypatch.setenv("GITHUB_API_URL", url)
        _everywhere(
            fleet,
            f"error FF351: GITHUB_API_URL: nothing listens at {url}; is `flowforge sandbox` running?\n"
            "  fix: start it, or name the address that it shows in GITHUB_API_URL\n",
        )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(
            "http://github.example.com/api/v3",
            'error FF304: GITHUB_API_URL: "http://github.example.com/api/v3" is not the URL of a GitHub API\n'
            "  why: a token must travel encrypted, except to this machine\n"
            "  fix: write https://\n",
            id="http",
        ),
        pytest.param(
            "github.example.com",
            'error FF304: GITHUB_API_URL: "github.example.com" is not the URL of a GitHub API\n'
            "  fix: write it as https://api.github.com, or https://ghe.example.com/api/v3\n",
            id="no-scheme",
        ),
    ],
)
def test_an_address_that_gets_no_token(fleet: "Fleet", url: str, expected: str) -> None:
    """A token is not sent in the clear, nor to what is no URL."""
    fleet.monkeypatch.setenv("GITHUB_API_URL", url)
    _everywhere(fleet, expected)


def test_a_host_that_only_the_manifest_vouches_for(fleet: "Fleet") -> None:
    """Whoever proposes a manifest must not choose who gets the token: such a host must be allowed from outside."""
    fleet.simple(more='github: {api_url: "https://ghe.example.com/api/v3"}\n')
    _everywhere(
        fleet,
        "error FF310: github.api_url: no token goes to ghe.example.com\n"
        "  why: a token goes only to GitHub itself, this machine, the host of GITHUB_API_URL, or a host that you allow"
        "\n  fix: if you trust it, set FLOWFORGE_ALLOWED_HOSTS=ghe.example.com where FlowForge runs\n",
    )

"""Where a token is found, who may have it, and that it is never shown."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flowforge.errors import GitHubError
from flowforge.github.auth import GitHubToken, find_token, run_gh
from flowforge.github.problems import TokenError
from flowforge.github.urls import ApiUrl
from flowforge.vault import SecretValue
from tests.made_up import letters

_GITHUB, _TENANT = ApiUrl.parse("https://api.github.com"), ApiUrl.parse("https://api.acme.ghe.com")
_SERVER, _HERE = ApiUrl.parse("https://ghe.acme.test/api/v3"), ApiUrl.parse("http://127.0.0.1:8000")
_ALLOWED = {"FLOWFORGE_ALLOWED_HOSTS": "other.test, GHE.acme.test"}


def _no_gh(_host: str, _environ: Mapping[str, str]) -> SecretValue | None:
    return None


def _never(_host: str, _environ: Mapping[str, str]) -> SecretValue | None:
    raise AssertionError("gh must not be asked")


@pytest.mark.parametrize(
    ("api", "names", "expected"),
    [
        (_GITHUB, ("FLOWFORGE_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"), "FLOWFORGE_GITHUB_TOKEN"),
        (_GITHUB, ("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN"), "GH_TOKEN"),
        (_TENANT, ("GITHUB_TOKEN", "GITHUB_ENTERPRISE_TOKEN"), "GITHUB_TOKEN"),
        (_SERVER, ("GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"), "GH_ENTERPRISE_TOKEN"),
        (_SERVER, ("GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN"), "GITHUB_ENTERPRISE_TOKEN"),
        (_HERE, ("GITHUB_ENTERPRISE_TOKEN",), "GITHUB_ENTERPRISE_TOKEN"),
        (_HERE, ("GH_TOKEN", "GH_ENTERPRISE_TOKEN"), "GH_TOKEN"),
    ],
)
def test_the_environment_in_order(api: ApiUrl, names: tuple[str, ...], expected: str) -> None:
    """Each host has its variables, ours first, as `gh` orders the rest; loopback takes any."""
    token = find_token(api, None, _ALLOWED | {name: f"value-of-{name}" for name in names}, run_gh=_never)
    assert (expected, SecretValue(f"value-of-{expected}")) == (token.origin, token.value)


def test_the_manifests_own_token_comes_first() -> None:
    """A token that the manifest names beats the environment."""
    token = find_token(_GITHUB, SecretValue("explicit"), {"FLOWFORGE_GITHUB_TOKEN": "ambient"}, run_gh=_never)
    assert ("github.auth.token", SecretValue("explicit")) == (token.origin, token.value)


@pytest.mark.parametrize(
    ("api", "host"), [(_GITHUB, "github.com"), (_TENANT, "acme.ghe.com"), (_SERVER, "ghe.acme.test")]
)
def test_gh_is_asked_last(api: ApiUrl, host: str) -> None:
    """`gh` is asked for the host as people know it; an empty variable counts as none."""
    token = find_token(api, None, _ALLOWED | {"GH_TOKEN": ""}, run_gh=lambda name, _: SecretValue(f"kept-for-{name}"))
    assert (f"gh auth token --hostname {host}", SecretValue(f"kept-for-{host}")) == (token.origin, token.value)


def test_no_token_names_every_place() -> None:
    """Without a token the error says everywhere that was looked, and what to do."""
    with pytest.raises(GitHubError) as caught:
        find_token(_GITHUB, None, {}, run_gh=_no_gh)
    assert str(caught.value) == (
        "error FF300: no GitHub token found for api.github.com\n"
        "  why: looked in github.auth.token, FLOWFORGE_GITHUB_TOKEN, GH_TOKEN, GITHUB_TOKEN,"
        " `gh auth token --hostname github.com`\n"
        "  fix: set FLOWFORGE_GITHUB_TOKEN, or run: gh auth login --hostname github.com"
    )


def test_no_token_on_this_machine() -> None:
    """On loopback `gh` is neither asked nor mentioned."""
    with pytest.raises(GitHubError) as caught:
        find_token(_HERE, None, {}, run_gh=_never)
    assert str(caught.value) == (
        "error FF300: no GitHub token found for 127.0.0.1\n"
        "  why: looked in github.auth.token, FLOWFORGE_GITHUB_TOKEN, GH_TOKEN, GITHUB_TOKEN,"
        " GH_ENTERPRISE_TOKEN, GITHUB_ENTERPRISE_TOKEN\n"
        "  fix: set FLOWFORGE_GITHUB_TOKEN"
    )


@pytest.mark.parametrize("explicit", [None, SecretValue("from-the-manifest")])
def test_a_host_that_only_the_manifest_vouches_for(explicit: SecretValue | None) -> None:
    """No token, ambient or named, goes to a host of a manifest's choosing: the operator allows hosts."""
    with pytest.raises(GitHubError) as caught:
        find_token(
            _SERVER, explicit, {"GH_ENTERPRISE_TOKEN": "x", "FLOWFORGE_ALLOWED_HOSTS": "other.test"}, run_gh=_never
        )
    assert str(caught.value) == (
        "error FF310: github.api_url: no token goes to ghe.acme.test\n"
        "  why: a token goes only to GitHub itself, this machine, the host of GITHUB_API_URL,"
        " or a host that you allow\n"
        "  fix: if you trust it, set FLOWFORGE_ALLOWED_HOSTS=ghe.acme.test where FlowForge runs"
    )


@pytest.mark.parametrize(
    "environ",
    [
        {"FLOWFORGE_ALLOWED_HOSTS": "ghe.acme.test"},
        {"FLOWFORGE_ALLOWED_HOSTS": "x.test,ghe.acme.test:443"},
        {"GITHUB_API_URL": "https://ghe.acme.test/api/v3"},
    ],
)
def test_hosts_that_the_environment_vouches_for(environ: Mapping[str, str]) -> None:
    """An allowed host, with or without its port, and the runner's own GitHub may have a token."""
    assert (
        find_token(_SERVER, None, {**environ, "GH_ENTERPRISE_TOKEN": "x"}, run_gh=_never).origin
        == "GH_ENTERPRISE_TOKEN"
    )


@pytest.mark.parametrize("text", ["two words", "line\n", "tab\t", "nul\0", "\u00e9", " "])
def test_text_that_cannot_be_a_token(text: str) -> None:
    """A token with a space, a line break, a control character or another alphabet is refused and not shown."""
    with pytest.raises(GitHubError) as caught:
        find_token(_GITHUB, None, {"GH_TOKEN": text}, run_gh=_never)
    assert str(caught.value) == (
        "error FF301: GH_TOKEN: the token cannot be used\n"
        "  why: it holds a space, a line break, a control character or a letter outside ASCII\n"
        "  fix: store it again, whole and on one line"
    )


@pytest.mark.parametrize(
    ("environ", "workflow"),
    [
        ({"GITHUB_TOKEN": "ghs_" + "x", "GITHUB_ACTIONS": "true"}, True),
        ({"GITHUB_TOKEN": "ghp_" + "x", "GITHUB_ACTIONS": "true"}, False),
        ({"GITHUB_TOKEN": "ghs_" + "x"}, False),
        ({"GH_TOKEN": "ghs_" + "x", "GITHUB_ACTIONS": "true"}, True),
        ({"FLOWFORGE_GITHUB_TOKEN": "ghs_" + "x", "GITHUB_ACTIONS": "true"}, True),
        ({"GH_TOKEN": "ghs_" + "x"}, False),
    ],
)
def test_the_workflows_own_token_is_suspected(environ: Mapping[str, str], *, workflow: bool) -> None:
    """An installation's token, inside a workflow and under whatever name, may be the one every run is given."""
    assert workflow is find_token(_GITHUB, None, environ, run_gh=_never).workflow


def test_a_token_shows_nothing() -> None:
    """The header alone has the token's text; repr has none of it, and a digest differs by purpose."""
    token = GitHubToken(SecretValue("ghs_" + "fake"), "GH_TOKEN")
    assert token.header() == "Bearer ghs_" + "fake"
    assert repr(token) == "GitHubToken(value=[secret], origin='GH_TOKEN', workflow=False)"
    assert token.installation is True
    assert len({token.digest("a"), token.digest("b"), token.digest("a")}) == 2


@pytest.fixture
def fake_gh(tmp_path: Path) -> Callable[[str], Mapping[str, str]]:
    """Make an executable `gh` of some shell lines, and give the environment in which it is found."""

    def make(script: str) -> Mapping[str, str]:
        program = tmp_path / "gh"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return {"PATH": f"{tmp_path}{os.pathsep}{os.defpath}", "HOME": str(tmp_path), "ACME_KEY": "value"}

    return make


def test_gh_gives_what_it_keeps(fake_gh: Callable[[str], Mapping[str, str]]) -> None:
    """`gh` is run by argv with what it needs of the environment and nothing else; its line break is dropped."""
    environ = fake_gh('echo "$1-$2-$3-$4-${ACME_KEY:-none}"')
    assert run_gh("github.com", environ) == SecretValue("auth-token---hostname-github.com-none")


def test_what_gh_gets_of_the_environment(fake_gh: Callable[[str], Mapping[str, str]]) -> None:
    """What it needs to find its settings and a keyring, and nothing else: neither tokens nor keys."""
    needed = (
        *("HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "GH_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
        "DBUS_SESSION_BUS_ADDRESS",
    )
    others = (
        "GH_TOKEN",
        "GITHUB_TOKEN",
        "ANTHROPIC_API_KEY",
        "FLOWFORGE_STATE_KEY",
        "LD_PRELOAD",
        "PYTHONPATH",
        "GH_HOST",
    )
    environ = dict(fake_gh("/usr/bin/env | /usr/bin/cut -d= -f1 | /usr/bin/sort | /usr/bin/tr '\\n' ,"))
    found = run_gh("github.com", {**environ, **dict.fromkeys((*needed, *others), "/")})
    assert found is not None
    # A shell adds some of its own.
    given = {*found.reveal().strip(",").split(",")} - {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {*needed, "PATH"} == given


@pytest.mark.parametrize("script", ["exit 1", "echo told; exit 1", "true", "printf '\\n'"])
def test_gh_has_none(fake_gh: Callable[[str], Mapping[str, str]], script: str) -> None:
    """A `gh` that fails or says nothing is no token, not an error."""
    assert run_gh("github.com", fake_gh(script)) is None


def test_gh_is_not_installed(tmp_path: Path) -> None:
    """Without `gh` there is no token from it."""
    assert run_gh("github.com", {"PATH": str(tmp_path)}) is None


def test_gh_hangs(fake_gh: Callable[[str], Mapping[str, str]]) -> None:
    """A `gh` that asks something of nobody is given up."""
    assert run_gh("github.com", fake_gh("exec sleep 5"), seconds=0.1) is None


@pytest.mark.parametrize("name", ["FLOWFORGE_GITHUB_TOKEN", "GH_TOKEN"])
@pytest.mark.parametrize("stem", ["sk-ant-api03-", "sk-ant-oat01-", "ops_eyJ"])
def test_a_credential_of_another_issuer_is_no_token(name: str, stem: str) -> None:
    """Two variables that were swapped: nothing is asked with it, for GitHub would get it as it is."""
    value = stem + letters(40)
    with pytest.raises(TokenError) as caught:
        find_token(ApiUrl.parse("https://api.github.com"), None, {name: value}, run_gh=lambda *_: None)
    problem = caught.value.problems[0]
    assert ("FF301", name, "it was sent nowhere") == (problem.code, problem.where, problem.why)
    assert "look whether two variables were swapped" == problem.fix
    assert value not in str(caught.value)

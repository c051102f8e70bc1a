"""`state`: a file, or a branch of the ops repository."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowforge.errors import Where
from flowforge.manifest.github_settings import AuthSettings, BranchSettings
from flowforge.manifest.model import Manifest
from flowforge.manifest.source_spec import SourceSpec
from flowforge.plan.address import Repo

Loader = Callable[..., Manifest]
Refuser = Callable[..., str]

CASES = """
## two places
version: 1
state: {file: x.json, github: {repo: acme/ops}}
targets: []
=>
error FF149: flowforge.yaml:2:15: the state cannot be in two places
  fix: remove `file` or `github`
## no repo
version: 1
state: {github: {branch: x}}
targets: []
=>
error FF121: flowforge.yaml:2:17: "github" has no "repo"
  fix: add `repo:`
## what git takes for no branch, and GitHub for something else
version: 1
state: {github: {repo: acme/ops, branch: "a..b", path: .github/workflows/state.json}}
targets: []
=>
error FF149: flowforge.yaml:2:42: the state cannot be kept in this branch
  why: git accepts no branch with this name
  fix: leave `branch` out, or name another one
error FF149: flowforge.yaml:2:56: the state cannot be kept in this path
  why: what is below .github has a meaning for GitHub
  fix: leave `path` out, or name another one
## an ending of its own
version: 1
state: {github: {repo: acme/ops, branch: "-x", path: flowforge.yaml}}
targets: []
=>
error FF149: flowforge.yaml:2:42: the state cannot be kept in this branch
  why: a branch cannot begin with -
  fix: leave `branch` out, or name another one
error FF149: flowforge.yaml:2:54: the state cannot be kept in this path
  why: it does not end in .json
  fix: leave `path` out, or name another one
## out of the repository
version: 1
state: {github: {repo: acme/ops, branch: x.lock, path: "a/../b.json"}}
targets: []
=>
error FF149: flowforge.yaml:2:42: the state cannot be kept in this branch
  why: git accepts no branch with this name
  fix: leave `branch` out, or name another one
error FF149: flowforge.yaml:2:56: the state cannot be kept in this path
  why: it is not a path in a repository
  fix: leave `path` out, or name another one
## a key for each repository
version: 1
state: {key: {env: "KEY_{repo}"}}
targets: []
=>
error FF131: flowforge.yaml:2:20: the placeholder "{repo}" cannot stand here
  fix: name one source: it is the same for every repository
## a key in the manifest itself
version: 1
state: {key: plainly-no-source}
targets: []
=>
error FF122: flowforge.yaml:2:14: "key" must be a mapping, but this is a string
  fix: the keys here are env, file, onepassword, account, command, timeout, pass_env and prompt
## no branch and no path at all
version: 1
state: {github: {repo: ops, branch: "a b", path: /x.json}}
targets: []
=>
error FF124: flowforge.yaml:2:24: "ops" is not a repository
  fix: write it as owner/name
error FF149: flowforge.yaml:2:37: "a b" cannot be the name of a branch
  fix: leave it out, or write one like flowforge-state
error FF149: flowforge.yaml:2:50: "/x.json" is not a path in a repository
  fix: write one like state/flowforge.json
## a credential out of the key's own variable
version: 1
credentials: {k: {type: anthropic_api_key, allow_nonstandard: true, from: {env: FLOWFORGE_STATE_KEY}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF153: flowforge.yaml:2:75: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
## a credential out of the variable of the key before
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: FLOWFORGE_STATE_KEY_OLD}}}
state: {key: {env: OTHER}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF153: flowforge.yaml:2:50: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
## credentials and tokens out of the source of the key
version: 1
github: {auth: {token: {env: SHARED}}}
credentials: {k: {type: anthropic_api_key, from: {env: SHARED}}}
state: {key: {env: SHARED}, github: {repo: acme/ops, auth: {token: {env: SHARED}}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF153: flowforge.yaml:2:24: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
error FF153: flowforge.yaml:3:50: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
error FF153: flowforge.yaml:4:68: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
## a credential out of the file of the key
version: 1
credentials: {k: {type: anthropic_api_key, from: {file: "./keys/../state.key"}}}
state: {key: {file: state.key}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF153: flowforge.yaml:2:50: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
## a credential out of a program that gets the key
version: 1
credentials:
  a: {type: anthropic_api_key, from: {command: [rev, 'x{repo}'], pass_env: [HOME, FLOWFORGE_STATE_KEY]}}
  b: {type: anthropic_api_key, from: {command: [rev], pass_env: [KEY]}}
state: {key: {env: KEY}}
targets: [{name: t, repos: [acme/api], credential: a}, {name: u, repos: [acme/web], credential: b}]
=>
error FF153: flowforge.yaml:3:38: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
error FF153: flowforge.yaml:4:38: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
## a credential out of the program of the key
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault, "{{x}}"], timeout: 20s}}}
state: {key: {command: [vault, "{{x}}"], timeout: 20s}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF153: flowforge.yaml:2:50: the state's key comes from here
  why: GitHub would get it, and with it the state can be forged
  fix: name another source, and let the state alone have it
"""


def test_each_problem_is_told(given: str, expected: str, refused: Refuser) -> None:
    """A state that cannot be kept there is refused before anything is opened, with the place and what to write."""
    assert expected == refused(given)


def test_a_branch_of_the_ops_repository(loaded: Loader, folder: Path) -> None:
    """All but the repo can be left out: the file is called as it would be beside the manifest then."""
    full = loaded(
        "version: 1\nstate:\n  github:\n    repo: acme/Ops\n    branch: state/prod\n    path: a/b.json\n"
        "    auth: {token: {env: STATE_TOKEN}}\ntargets: []\n"
    )
    token = SourceSpec("env", {"env": "STATE_TOKEN"}, Where("flowforge.yaml", 7, 19), folder)
    auth = AuthSettings(token, key="state.github.auth")
    where = Where("flowforge.yaml", 4, 5)
    assert BranchSettings(Repo.parse("acme/Ops"), "state/prod", "a/b.json", auth, where) == full.state.branch
    short = loaded({"prod.yaml": "version: 1\nstate: {github: {repo: acme/ops}}\ntargets: []\n"}, "prod.yaml")
    assert short.state.branch is not None
    assert ("flowforge-state", "prod.state.json", False) == (
        short.state.branch.branch,
        short.state.branch.path,
        short.state.branch.auth.says,
    )


@pytest.mark.parametrize("place", ["", "file: x.json, ", "github: {repo: acme/ops}, "])
def test_its_key_comes_from_any_source(loaded: Loader, folder: Path, place: str) -> None:
    """Wherever the state is, its key has a source, read beside the manifest; without one it has none."""
    manifest = loaded(f"version: 1\nstate: {{{place}key: {{file: state.key}}}}\ntargets: []\n")
    where = Where("flowforge.yaml", 2, 14 + len(place))
    assert SourceSpec("file", {"file": "state.key"}, where, folder) == manifest.state.key
    assert loaded("version: 1\ntargets: []\n").state.key is None


def test_what_is_not_its_source(loaded: Loader) -> None:
    """Another variable, file, program or option is another source; one for each repo is judged by its value."""
    text = (
        "version: 1\ncredentials:\n  a: {{type: anthropic_api_key, from: {{{0}}}}}\n"
        "  b: {{type: anthropic_api_key, from: {{{1}}}}}\nstate: {{key: {{{2}}}}}\ntargets: []\n"
    )
    for sources in (
        ("env: FLOWFORGE_STATE", "env: '{repo}_KEY'", "env: KEY"),
        ("file: state.keys", "file: '{repo}.key'", "file: state.key"),
        ("command: [vault, a]", "command: [vault, 'a-{repo}']", "command: [vault, b]"),
    ):
        assert len(loaded(text.format(*sources)).credentials) == 2


def test_the_owner_of_the_state_must_be_allowed(refused: Refuser) -> None:
    """A manifest cannot carry the state away to a repository of somebody else's."""
    text = "version: 1\nstate: {github: {repo: evil/ops}}\ntargets: []\n"
    assert refused(text, environ={"FLOWFORGE_ALLOWED_OWNERS": "acme"}) == (
        'error FF112: flowforge.yaml:2:24: the owner of "evil/ops" is not allowed by FLOWFORGE_ALLOWED_OWNERS\n'
        "  why: it admits acme\n"
        "  fix: remove the repository, or let the operator add evil to FLOWFORGE_ALLOWED_OWNERS"
    )


def test_a_file_that_no_file_can_be_called(folder: Path) -> None:
    """FF110: in the C locale no file has a letter outside ASCII, and the state is not looked for under such a name."""
    text = 'version: 1\nstate: {file: "schlüssel.json"}\ntargets: []\n'
    (folder / "flowforge.yaml").write_text(text, encoding="utf-8")
    environ = {"PATH": os.defpath, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "flowforge", "validate"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False)
    assert (1, b"") == (done.returncode, done.stdout)
    assert done.stderr.decode().splitlines() == [
        'error FF110: flowforge.yaml:2:15: no file can be called "schlüssel.json" here',
        "  fix: write it in ASCII, or run flowforge where the locale is UTF-8",
    ]

"""What is said of a source that is wrong: the exact text. Nothing is opened, started or loaded to find it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowforge.manifest.model import Manifest
from flowforge.manifest.plugins import installed_sources

CASES = r"""
## no reference
version: 1
credentials: {k: {type: anthropic_api_key, from: {onepassword: Engineering/Claude/key}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF134: flowforge.yaml:2:64: this is not a 1Password reference
  why: it is op://vault/item/field or op://vault/item/section/field
  fix: write op://vault/item/field; use the ID for a name with characters beyond letters, digits, - _ . and spaces
## reference without a field
version: 1
credentials: {k: {type: anthropic_api_key, from: {onepassword: 'op://Engineering/Claude'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF134: flowforge.yaml:2:64: this is not a 1Password reference
  why: it is op://vault/item/field or op://vault/item/section/field
  fix: write op://vault/item/field; use the ID for a name with characters beyond letters, digits, - _ . and spaces
## reference with too many parts
version: 1
credentials: {k: {type: anthropic_api_key, from: {onepassword: 'op://a/b/c/d/e'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF134: flowforge.yaml:2:64: this is not a 1Password reference
  why: it is op://vault/item/field or op://vault/item/section/field
  fix: write op://vault/item/field; use the ID for a name with characters beyond letters, digits, - _ . and spaces
## reference in another alphabet
version: 1
credentials: {k: {type: anthropic_api_key, from: {onepassword: 'op://Schlüssel/Claude/key'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF134: flowforge.yaml:2:64: this is not a 1Password reference
  why: it is op://vault/item/field or op://vault/item/section/field
  fix: write op://vault/item/field; use the ID for a name with characters beyond letters, digits, - _ . and spaces
## reference as a list
version: 1
credentials: {k: {type: anthropic_api_key, from: {onepassword: ['op://a/b/c']}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:64: "onepassword" must be a string, but this is a list
  fix: write one text, outside of a list
## bad account
version: 1
credentials: {k: {type: anthropic_api_key, from: {onepassword: 'op://a/b/c', account: '--debug'}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF130: flowforge.yaml:2:87: this is not a 1Password account
  fix: write its sign-in address, as acme.1password.com, or its ID
## account of another source
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K, account: acme}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF120: flowforge.yaml:2:59: "account" is an option of onepassword only
  fix: remove it, or name onepassword as the source
## account alone
version: 1
credentials: {k: {type: anthropic_api_key, from: {account: acme}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF132: flowforge.yaml:2:50: "from" has no source
  fix: write command, env, file, onepassword or prompt
error FF120: flowforge.yaml:2:51: "account" is an option of onepassword only
  fix: remove it, or name onepassword as the source
## command as a text
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: vault kv get}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:60: "command" must be a list, but this is a string
  fix: write each item on a line of its own after `- `, or all of them in [ ]
## command without a program
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: []}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF121: flowforge.yaml:2:60: "command" is empty
  fix: name the program, then its arguments
## number in a command
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault, 1]}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:68: item 2 of "command" must be a string, but this is a number
  fix: put it in quotes
## placeholder begins an argument
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault, '{repo}']}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF131: flowforge.yaml:2:68: a placeholder begins this argument
  why: a repository's name must not become an option of the program
  fix: write something before it, such as --repo={repo}
## placeholder as letters of options
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault, '-{repo}', '--{repo}', '{{x', '-o{repo}']}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF131: flowforge.yaml:2:68: a placeholder begins this argument
  why: a repository's name must not become an option of the program
  fix: write something before it, such as --repo={repo}
error FF131: flowforge.yaml:2:79: a placeholder begins this argument
  why: a repository's name must not become an option of the program
  fix: write something before it, such as --repo={repo}
## NUL in a command
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault, "a\0"]}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF130: flowforge.yaml:2:68: this cannot be an argument of a program
  fix: remove the NUL from it
## two plugins
version: 1
credentials: {k: {type: anthropic_api_key, from: {acme-vault: x, key-name: y}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF132: flowforge.yaml:2:50: "from" has more than one source
  why: each key with a hyphen is a plugin's source; options are written with _
  fix: write command, env, file, onepassword or prompt
## unknown placeholder in a command
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault, 'kv/{rep}']}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF131: flowforge.yaml:2:68: the placeholder "{rep}" is not known
  fix: did you mean "{repo}"?
## brace in a command
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault, 'kv/{']}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF131: flowforge.yaml:2:68: a brace here belongs to no placeholder
  fix: write {{ and }} for braces that are not a placeholder
## bad time limit
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault], timeout: 20 s}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF128: flowforge.yaml:2:78: this is not a duration
  fix: write it as 90s, 10m, 2h or 30d; a bare number is seconds
## time limit of nothing
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault], timeout: 0}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF128: flowforge.yaml:2:78: this is not a duration
  fix: write it as 90s, 10m, 2h or 30d; a bare number is seconds
## time limit as a truth
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault], timeout: true}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:78: "timeout" must be a string or a whole number, but this is true or false
  fix: write it as 90s, 10m, 2h or 30d; a bare number is seconds
## time limit of another source
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K, timeout: 20s}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF120: flowforge.yaml:2:59: "timeout" is an option of command only
  fix: remove it, or name command as the source
## bad variable to pass on
version: 1
credentials: {k: {type: anthropic_api_key, from: {command: [vault], pass_env: [A-B]}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF130: flowforge.yaml:2:80: this is not the name of an environment variable
  fix: write a name like NAME
## empty question
version: 1
credentials: {k: {type: anthropic_api_key, from: {prompt: ' '}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF126: flowforge.yaml:2:59: a question is empty here
  fix: write what to ask for
## plugin that is not installed
version: 1
credentials: {k: {type: anthropic_api_key, from: {acme-vault: secret/claude, field: key}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF133: flowforge.yaml:2:51: no installed package offers the source "acme-vault"
  why: a source with a hyphen is a plugin's
  fix: install the package that offers it where flowforge runs
## plugin and a source
version: 1
credentials: {k: {type: anthropic_api_key, from: {acme-vault: secret/claude, env: K}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF132: flowforge.yaml:2:50: "from" has more than one source
  fix: write command, env, file, onepassword or prompt
## plugin with capitals
version: 1
credentials: {k: {type: anthropic_api_key, from: {Acme-Vault: secret/claude}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF126: flowforge.yaml:2:51: "Acme-Vault" cannot be a name here
  fix: write the source's name, in small letters with a hyphen, and its options
## plugin option that is a mapping
version: 1
credentials: {k: {type: anthropic_api_key, from: {acme-vault: {path: x}}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF122: flowforge.yaml:2:63: "acme-vault" must be a string or a list, but this is a mapping
  fix: write a text, or a list of texts
## option of ours that is a mapping
version: 1
credentials: {k: {type: anthropic_api_key, from: {env: K, account: {a: b}}}}
targets: [{name: t, repos: [acme/api], credential: k}]
=>
error FF120: flowforge.yaml:2:59: "account" is an option of onepassword only
  fix: remove it, or name onepassword as the source
error FF122: flowforge.yaml:2:68: "account" must be a string, but this is a mapping
  fix: put a text that begins with { in quotes
"""


def test_wrong_source(given: str, expected: str, refused: Callable[[str], str]) -> None:
    """Each wrong source, reference, option and placeholder is reported with its position and what to write instead."""
    assert expected == refused(given)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package that offers the source acme-vault, as far as its metadata says so."""
    metadata = tmp_path / "site" / "acme_flowforge-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-flowforge\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[flowforge.sources]\nacme-vault = acme:Vault\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(metadata.parent))
    installed_sources.cache_clear()
    yield
    installed_sources.cache_clear()


@pytest.mark.usefixtures("installed")
def test_what_a_plugins_options_are_called(loaded: Callable[[str], Manifest]) -> None:
    """A plugin may call its options as those of our own sources are called."""
    spec = {"acme-vault": "kv/claude", "account": "acme", "timeout": "soon", "pass_env": "A B"}
    credentials = loaded(
        f"version: 1\ncredentials: {{k: {{type: anthropic_api_key, from: {json.dumps(spec)}}}}}\n"
        "targets: [{name: t, repos: [acme/api], credential: k}]\n"
    ).credentials
    assert spec == credentials["k"].source.options

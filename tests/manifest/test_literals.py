"""A credential that is written into a manifest: found wherever a string can stand, and never shown."""

import json
import secrets
import string
from collections.abc import Callable, Iterator

import pytest
import yaml

from flowforge.errors import ManifestError
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Manifest
from flowforge.manifest.parse import parse
from flowforge.resources import schema_text
from tests.rows import one_in

pytestmark = pytest.mark.no_coverage

Loader = Callable[..., Manifest]
Refuser = Callable[..., str]
Step = str | int

FULL = """\
version: 1
github:
  api_url: https://ghe.example.com/api/v3
  auth: {token: {env: OPS_TOKEN}, owners: {beta: {app: {client_id: Iv1, private_key: {file: app.pem}}}}}
state:
  github: {repo: acme/ops, branch: flowforge-state, path: flowforge.state.json, auth: {token: {env: S}}}
  key: {env: STATE_KEY}
defaults: {on_drift: report, stores: [actions, dependabot]}
audit: true
x-anything: {nested: [{deep: text}]}
types: {our_gateway: {secret: GATEWAY_TOKEN, prefix: gw_, length: 48, note: of our own}}
credentials:
  ci-key:
    type: anthropic_api_key
    from: {env: ACME_KEY}
    secret: OTHER
    issued: 2026-02-15
    expires: 2027-02-01
    max_age: 90d
    allow_nonstandard: true
    on_drift: report
    only: [acme/*, "@other"]
    owner: platform
    note: made in the console
    shared: true
  per-repo: {type: claude_code_oauth_token, from: {file: "keys/{repo}"}, per_repo: {allow: [acme/svc-*]}}
  vaulted: {type: anthropic_api_key, from: {onepassword: "op://CI/{repo}/credential", account: acme}}
  run: {type: anthropic_api_key, from: {command: [vault, "kv/{repo}"], timeout: 20s, pass_env: [VAULT_TOKEN]}}
  asked: {type: claude_code_oauth_token, from: {prompt: The token}}
  verified:
    type: anthropic_api_key
    from: {env: V}
    verify: true
    expect_workspace: wrkspc_1
    expect_organization: 00000000-0000-0000-0000-000000000000
  region: {type: aws_region, value: us-east-1, variable: REGION}
  federated:
    type: anthropic_workload_identity
    federation_rule_id: fdrl_1
    organization_id: 00000000-0000-0000-0000-000000000000
    service_account_id: svac_1
    workspace_id: wrkspc_1
groups:
  backend: {repos: [acme/api], groups: [other], exclude: [acme/web, "@other"]}
  other: {repos: [acme/web, acme/x]}
  selected:
    select: {org: acme, name: [svc-*], topics: [claude], team: core, properties: {tier: gold, zone: [eu, us]}}
    allow_empty: true
    auto_admit: true
  mine: {select: {user: me, name: x, visibility: [public], archived: true, fork: true}}
  given: {select: {org: acme, installation: false, visibility: internal}}
targets:
  - name: one
    repos: [acme/y]
    groups: [backend]
    exclude: [acme/z*]
    credential: ci-key
    secret: THIRD
    stores: [agents]
    tags: [reviews]
  - {name: two, groups: [other], credential: per-repo, environments: [production], create_environment: true}
  - {name: four, org: acme, visible_to: {groups: [other], allow_empty: true}, credential: ci-key}
absent:
  - {name: three, repos: [acme/api], groups: [other], exclude: ["@backend"], secret: X}
  - {name: four, repos: [acme/api], variable: X}
"""


def body(length: int) -> str:
    """Make what follows a prefix, so that no scanner takes a test for a leak."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


# Prefixes, and lengths as the vendors give them out.
KINDS = {
    "API key": ("sk-ant-api03-", 95),
    "OAuth token": ("sk-ant-oat01-", 95),
    "refresh token": ("sk-ant-ort01-", 95),
    "admin key": ("sk-ant-admin01-", 95),
    "cut short": ("sk-ant-api03-", 8),
    "personal token": ("ghp_", 36),
    "OAuth app": ("gho_", 36),
    "user-to-server": ("ghu_", 36),
    "installation": ("ghs_", 36),
    "installation with JWT": ("ghs_123456_", 200),
    "app refresh": ("ghr_", 76),
    "fine-grained token": ("github_pat_", 82),
}


def positions(data: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], bool]]:
    """Walk a manifest's nodes: give the path of every string, and of every key (True)."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*path, key), True
            yield from positions(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from positions(value, (*path, index))
    elif isinstance(data, str):
        yield path, False


def planted(path: tuple[Step, ...], literal: object, *, as_key: bool) -> str:
    """Return the full manifest with something in the place of one value, or of one key."""
    data = node = parse(FULL, "f", Findings()).data
    for step in path[:-1]:
        node = node[step]
    if as_key:
        node[literal] = node.pop(path[-1])
    else:
        node[path[-1]] = literal
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)


PLACES = list(positions(parse(FULL, "f", Findings()).data))


def test_the_full_manifest_is_one(loaded: Loader) -> None:
    """What the literals are planted into has nothing wrong, and each key that the schema has is somewhere in it."""
    used = {path[-1] for path, as_key in PLACES if as_key}
    assert (3, set()) == (len(loaded(FULL).targets), set(_keys(json.loads(schema_text("manifest")))) - used)


def _keys(schema: object, *, named: bool = False) -> Iterator[str]:
    """Return the names of all properties of a schema. named: it is that mapping, which may have a "properties"."""
    parts: list[tuple[str, object]] = [("", each) for each in schema] if isinstance(schema, list) else []
    if isinstance(schema, dict):
        yield from () if named else schema.get("properties", {})
        parts = list(schema.items())
    for key, part in parts:
        yield from _keys(part, named=key == "properties" and not named)


@pytest.mark.parametrize(
    ("path", "as_key"),
    one_in(6, PLACES, ids=lambda place: f"{'key ' * place[1]}{'.'.join(map(str, place[0]))}"),
)
def test_in_every_position(path: tuple[Step, ...], as_key: bool, loaded: Loader) -> None:  # noqa: FBT001 -- a parameter
    """In any string and any key a literal is an error with its position, and no message has a part of it."""
    secret = body(95)
    text = planted(path, f"sk-ant-api03-{secret}", as_key=as_key)
    with pytest.raises(ManifestError) as caught:
        loaded(text)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if secret in each)
    column = text.splitlines()[line - 1].index("sk-ant-") + 1
    found = [problem for problem in caught.value.problems if problem.code == "FF109"]
    assert ([f"flowforge.yaml:{line}:{column}"], False) == (
        [problem.where for problem in found],
        any(secret[n : n + 6] in str(caught.value) for n in range(len(secret) - 6)),
    )


TEXT = "version: 1\ntargets: []\nx-note: {}\n"
SAID = """\
error FF109: flowforge.yaml:3:9: this looks like a credential
  why: a manifest goes into git, and whoever can read it there has the credential
  fix: move it to a source, {env: NAME} or {file: PATH}, and rotate it, as others may know it by now"""


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("form", ["{}", "'{}'", "Bearer {} .", "https://x:{}@host/", "|\n  one\n  {}\n", '"\\x20{}"'])
def test_every_kind(kind: tuple[str, int], form: str, refused: Refuser) -> None:
    """Each shape is found alone, in quotes, in a longer string and in a block of lines; the message is the same."""
    prefix, length = kind
    assert SAID == refused(TEXT.format(form.format(prefix + body(length))))


def test_escaped(refused: Refuser) -> None:
    """A literal that hides in escapes is found: what counts is the value, not its writing."""
    hidden = "".join(f"\\x{ord(char):02x}" for char in f"sk-ant-api03-{body(20)}")
    assert SAID == refused(TEXT.format(f'"{hidden}"'))


@pytest.mark.parametrize(
    "text",
    [
        "acme/ghs_tools",
        "ghp_token",
        "keys/sk-ant.txt",
        "github_pat_",
        "OPS_GITHUB_TOKEN",
        "sk-ant-",
        "the sk-ant-… one",
    ],
)
def test_what_is_none(text: str, loaded: Loader) -> None:
    """Names that begin as a credential does, and speaking of one, are no literals."""
    assert () == loaded(TEXT.format(text)).warnings

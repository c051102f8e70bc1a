"""The independent reading of manifests, against what was worked out by hand: who checks must be checked."""

from pathlib import Path

import pytest

from flowforge.sandbox.world.world import World
from tests.cli.reading import Reading, contents

MANIFEST = """\
version: 1
defaults: {stores: [actions, agents]}
credentials:
  key: {type: anthropic_api_key, from: {env: KEY}}
  own: {type: claude_code_oauth_token, from: {file: "{owner}-{repo}.txt"}, secret: mine}
  federated: {type: anthropic_workload_identity, federation_rule_id: rule, organization_id: id}
groups:
  g: {repos: [ACME/One], select: {org: acme, topics: [t], name: t*}}
  h: {groups: [g], exclude: ["tw?", acme/four]}
targets:
  - {name: A, groups: [h], credential: key}
  - {name: B, repos: [acme/two], credential: own, stores: [dependabot]}
  - {name: C, repos: [acme/two], environments: [Pro / 1], credential: key}
  - {name: D, repos: [acme/three], credential: federated}
  - {name: E, org: ACME, visible_to: {repos: [acme/two], groups: [h], exclude: ["@h"]}, credential: key}
  - {name: F, org: acme, visible_to: private, credential: key, secret: f, stores: [codespaces]}
absent:
  - {name: X, repos: [acme/one], secret: old}
  - {name: Y, org: acme, variable: gone}
"""


@pytest.fixture
def world() -> World:
    """Return five repos, of which the last is archived, and what others have there."""
    world = World()
    for name in ("one", "two", "three", "four", "tfive"):
        world.create_repo(f"acme/{name}", topics=["t"], archived=name == "tfive")
    world.create_environment("acme/two", "pro / 1")
    world.set_secret("acme/one", "OLD", "goes")
    world.set_secret("acme/one", "OLD", "stays", store="dependabot")
    world.set_secret("acme/one", "THEIRS", "stays")
    world.set_org_variable("acme", "GONE", "goes")
    world.set_org_variable("acme", "STAYS", "stays", visibility="selected", repos=["four"])
    return world


def test_what_a_manifest_says(world: World, tmp_path: Path) -> None:
    """Every value, audience and deletion is where a person who reads the same manifest expects it."""
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "acme-two.txt").write_text("two's own\n", encoding="utf-8")
    reading = Reading(tmp_path, world, {"KEY": "k"})
    key = {"ANTHROPIC_API_KEY": "k"}
    assert {
        "acme/one: actions": {"THEIRS": "stays", **key},
        "acme/one: agents": key,
        "acme/one: dependabot": {"OLD": "stays"},
        "acme/three: actions": key,
        "acme/three: agents": key,
        "acme/two: dependabot": {"MINE": "two's own"},
        "acme/two in pro / 1: actions": key,
        "acme/three: variables": {"ANTHROPIC_FEDERATION_RULE_ID": "rule", "ANTHROPIC_ORGANIZATION_ID": "id"},
        "organization acme: actions": {"ANTHROPIC_API_KEY": ("k", "selected", ["acme/two"])},
        "organization acme: agents": {"ANTHROPIC_API_KEY": ("k", "selected", ["acme/two"])},
        "organization acme: codespaces": {"F": ("k", "private", [])},
        "organization acme: variables": {"STAYS": ("stays", "selected", ["acme/four"])},
    } == reading.after(contents(world))
    assert {"acme/two": {"pro / 1"}} == reading.environments()

"""Every manifest in examples/, and the one at the root, does what it says."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.cli.sandbox.world_file import build
from flowforge.resources import schema_text
from flowforge.sandbox import Sandbox, Token, TokenKind
from tests.made_up import letters

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/plan.txt"))


def _prepare(fleet: "Fleet", example: Path) -> list[str]:
    """Make the example's world: its folder, its repos, its values; give the arguments that name its manifests."""
    shutil.copytree(example, fleet.folder, dirs_exist_ok=True)
    for repo in fleet.repos:  # no selector may find what is no part of the example
        fleet.sandbox.world.delete_repo(repo)
    manifests = sorted(fleet.folder.glob("manifests")) or [fleet.folder / "flowforge.yaml"]
    files = [file for path in manifests for file in ([path] if path.is_file() else sorted(path.glob("*.yaml")))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    before = fleet.folder / "before.json"
    there: dict[str, dict[str, Any]] = json.loads(before.read_text(encoding="utf-8")) if before.exists() else {}
    fleet.repos = sorted({*re.findall(r"\bacme/[a-z-]+(?![\w*-])", text), *there})
    _sign_in(fleet.sandbox, text, frozenset(there))
    for name in re.findall(r"env: ([A-Z_]+)", text):
        fleet.set_key(name, "oat01" if "TOKEN" in name else "api03")
        if name.startswith("GATEWAY_SECRET"):
            fleet.monkeypatch.setenv(name, f"gw_{letters(45)}")
    for name in re.findall(r"environments: \[(\w+)\]", text):
        fleet.set_key(f"KEY_{name}")
    (fleet.folder / "keys").mkdir()
    for repo in fleet.repos:
        if repo not in there:
            fleet.sandbox.world.create_repo(repo)
        path = fleet.folder / "keys" / f"{repo.partition('/')[2]}.txt"
        path.write_text(fleet.set_key("UNUSED") + "\n", encoding="utf-8")
    if before.exists():
        build(before, fleet.sandbox.world)
    return [part for path in manifests for part in ("-m", str(path.relative_to(fleet.folder)))]


def _sign_in(sandbox: Sandbox, text: str, given: frozenset[str]) -> None:
    """Let the token be of the user, or of the App, whose list a selector asks for."""
    for user in re.findall(r"\buser: (\w+)", text):
        sandbox.world.create_user(user)
        sandbox.world.add_token(sandbox.token, Token(login=user))
    if "installation: true" in text:
        sandbox.world.add_token(sandbox.token, Token(kind=TokenKind.APP, repos=given))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example(fleet: "Fleet", example: Path) -> None:
    """The plan is the one in plan.txt to the letter; applied, the next plan says no changes."""
    arguments = _prepare(fleet, example)
    planned = fleet.flowforge("plan", *arguments)
    assert planned.out == (example / "plan.txt").read_text(encoding="utf-8")
    assert fleet.flowforge("apply", "--yes", *arguments).code == 0
    assert fleet.flowforge("plan", *arguments).out == "No changes. GitHub matches the manifest.\n"


def test_there_are_enough_examples() -> None:
    """Four examples at least, each named in examples/README.md."""
    listed = set(re.findall(r"\]\(([a-z-]+)\)", (ROOT / "examples" / "README.md").read_text(encoding="utf-8")))
    assert len(EXAMPLES) >= 4
    assert listed - {"workflows"} == {path.name for path in EXAMPLES}


# Which GitHub and which state, and the options of sources: the page of the manifest has examples of these.
_ELSEWHERE = {
    *("account", "api_url", "auth", "branch", "command", "expires", "github", "onepassword", "pass_env", "path"),
    *("prompt", "repo", "state", "timeout", "token", "on_drift", "defaults", "workspace_id", "shared"),
    *("app", "client_id", "owners", "private_key"),
    # Whoever runs the examples need not have a key that Anthropic knows.
    *("verify", "expect_workspace", "expect_organization"),
    # It shows what fails in workflows, of which the examples have none.
    "audit",
}


def test_each_construct_has_an_example() -> None:
    """Each key that says what is wanted where stands in the manifest of an example that is run."""
    files = [file for example in EXAMPLES for file in example.rglob("*.yaml")]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    keys = {*_keys(json.loads(schema_text("manifest")))} - _ELSEWHERE
    assert len(keys) > 30
    assert set() == {key for key in keys if not re.search(rf"\b{key}:", text)}


def _keys(schema: object, *, named: bool = False) -> Iterator[str]:
    """Yield the names of all properties of a schema. named: it is their mapping itself, which may name "properties"."""
    if isinstance(schema, dict):
        yield from () if named else schema.get("properties", {})
    for key, part in (
        schema.items() if isinstance(schema, dict) else enumerate(schema if isinstance(schema, list) else ())
    ):
        yield from _keys(part, named=key == "properties" and not named)


def test_the_example_at_the_root_is_valid(fleet: "Fleet") -> None:
    """flowforge.yaml.example passes `validate`."""
    text = (ROOT / "flowforge.yaml.example").read_text(encoding="utf-8")
    fleet.manifest(text)
    done = fleet.flowforge("validate")
    assert (done.code, done.out.startswith("The manifest is valid: ")) == (0, True)

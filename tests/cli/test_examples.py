"""Every manifest in examples/, and the one at the root, does what it says."""

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/plan.txt"))


def _prepare(fleet: "Fleet", example: Path) -> list[str]:
    """Make the example's world: its folder, its repos, its values; give the arguments that name its manifests."""
    shutil.copytree(example, fleet.folder, dirs_exist_ok=True)
    manifests = sorted(fleet.folder.glob("manifests")) or [fleet.folder / "flowforge.yaml"]
    files = [file for path in manifests for file in ([path] if path.is_file() else sorted(path.glob("*.yaml")))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    before = fleet.folder / "before.json"
    world: dict[str, dict[str, list[str]]] = json.loads(before.read_text(encoding="utf-8")) if before.exists() else {}
    repos = sorted({*re.findall(r"\bacme/[a-z-]+", text), *world})
    for repo in repos:
        fleet.sandbox.world.create_repo(repo)
    for name in re.findall(r"env: ([A-Z_]+)", text):
        fleet.set_key(name, "oat01" if "TOKEN" in name else "api03")
    for name in re.findall(r"environments: \[(\w+)\]", text):
        fleet.set_key(f"KEY_{name}")
    (fleet.folder / "keys").mkdir()
    for repo in repos:
        path = fleet.folder / "keys" / f"{repo.partition('/')[2]}.txt"
        path.write_text(fleet.set_key("UNUSED") + "\n", encoding="utf-8")
    for repo, there in world.items():
        fleet.sandbox.world.set_topics(repo, there.get("topics", []))
        for name in there.get("secrets", ()):
            fleet.sandbox.world.set_secret(repo, name, "from before")
        for name in there.get("variables", ()):
            fleet.sandbox.world.set_variable(repo, name, "from before")
        for name in there.get("environments", ()):
            fleet.sandbox.world.create_environment(repo, name)
    fleet.repos = repos
    return [part for path in manifests for part in ("-m", str(path.relative_to(fleet.folder)))]


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
    assert listed == {path.name for path in EXAMPLES}


def test_the_example_at_the_root_is_valid(fleet: "Fleet") -> None:
    """flowforge.yaml.example passes `validate`."""
    text = (ROOT / "flowforge.yaml.example").read_text(encoding="utf-8")
    fleet.manifest(text)
    done = fleet.flowforge("validate")
    assert (done.code, done.out.startswith("The manifest is valid: ")) == (0, True)

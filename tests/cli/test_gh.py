"""The real `gh`, over the sandbox's unix socket, as an independent witness."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve on a unix socket too; a socket's path must be short."""
    with (
        tempfile.TemporaryDirectory(prefix="ff") as folder,
        Sandbox(socket_path=Path(folder) / "gh.sock", time_scale=60) as sandbox,
    ):
        yield sandbox


def _gh(sandbox: Sandbox, folder: Path, *args: str, stdin: str = "") -> str:
    config = folder / "gh"
    config.mkdir(exist_ok=True)
    (config / "config.yml").write_text(f"http_unix_socket: {sandbox.socket}\n", encoding="utf-8")
    environ = {**os.environ, "GH_CONFIG_DIR": str(config), "GH_TOKEN": sandbox.token, "GH_PROMPT_DISABLED": "1"}
    done = subprocess.run(
        ["gh", *args], env=environ, cwd=folder, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gh_lists_what_flowforge_wrote_and_its_edit_is_seen(fleet: "Fleet", tmp_path: Path) -> None:
    """`gh secret list` names what apply wrote; `gh secret set` on one repo is drift of that repo alone."""
    assert fleet.flowforge("apply", "--yes").code == 0
    for repo in fleet.repos:
        listed = _gh(fleet.sandbox, tmp_path, "secret", "list", "-R", repo)
        assert [line.split()[0] for line in listed.splitlines()] == ["ANTHROPIC_API_KEY"]
    fleet.later()
    _gh(fleet.sandbox, tmp_path, "secret", "set", "ANTHROPIC_API_KEY", "-R", "acme/repo-003", stdin="by hand")
    assert fleet.sandbox.world.reveal("acme/repo-003") == {"ANTHROPIC_API_KEY": "by hand"}
    assert fleet.plan() == {"acme/repo-003/actions/ANTHROPIC_API_KEY": ("update", "changed_outside")}
    text = fleet.flowforge("plan").lines
    assert text[0] == "~ acme/repo-003  ANTHROPIC_API_KEY  ci-key  changed outside FlowForge"


def test_gh_lists_an_organization_secret_and_who_sees_it(fleet: "Fleet", tmp_path: Path) -> None:
    """`gh secret list --org` names what apply wrote with its visibility; what `gh` changes in the list is seen."""
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\ntargets:\n"
        "  - {name: All, org: acme, visible_to: all, credential: ci-key}\n"
        "  - {name: Some, org: acme, visible_to: {repos: [acme/repo-001]}, credential: ci-key, secret: SOME}\n"
        "  - {name: Bots, org: acme, visible_to: private, credential: ci-key, stores: [dependabot]}\n"
    )
    assert fleet.flowforge("apply", "--yes").code == 0
    for store, expected in (
        ("actions", {"ANTHROPIC_API_KEY": "ALL", "SOME": "SELECTED"}),
        ("dependabot", {"ANTHROPIC_API_KEY": "PRIVATE"}),
    ):
        listed = _gh(fleet.sandbox, tmp_path, "secret", "list", "--org", "acme", "--app", store)
        assert expected == {line.split("\t")[0]: line.split("\t")[2].split()[0] for line in listed.splitlines()}
    fleet.later()
    _gh(fleet.sandbox, tmp_path, "secret", "set", "SOME", "--org", "acme", "--repos", "repo-001,repo-002", stdin="x")
    assert {
        "orgs/acme/actions/SOME": ("update", "changed_outside"),
        "orgs/acme/actions/SOME/access": ("update", "access_changed"),
    } == fleet.plan()

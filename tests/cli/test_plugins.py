"""Plugins through the command line: the example, installed for real, and when a plugin is loaded at all."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from flowforge.manifest.plugins import installed_sources
from flowforge.sources.plugin import NotAvailableError, PluginContext, Spec
from tests.made_up import letters

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"
TOKEN = "vault-" + "token"
ALL_IN_SYNC = "No changes. GitHub matches the manifest.\n"


class Vault(BaseHTTPRequestHandler):
    """Answers as a key-value store of Vault does, to whoever has the token."""

    secrets: dict[str, dict[str, str]]

    def do_GET(self) -> None:
        """Give the fields of a secret, or the status that Vault gives."""
        found = self.secrets.get(self.path)
        status = 403 if self.headers["X-Vault-Token"] != TOKEN else 200 if found else 404
        body = json.dumps({"data": {"data": found}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def _key() -> str:
    return "sk-ant-" + "api03-" + letters(93) + "AA"


@pytest.fixture
def vault() -> Iterator[str]:
    """Serve a vault on loopback with the secrets that the example's manifest names; gives its address."""
    Vault.secrets = {"/v1/kv/data/claude": {"ci": _key()}, "/v1/kv/data/billing": {"value": _key()}}
    with ThreadingHTTPServer(("127.0.0.1", 0), Vault) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _flowforge(fleet: "Fleet", *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of its own, with the packages of the folder `site` on its path."""
    settings = {"PYTHONPATH": str(fleet.folder / "site"), **environ}
    command = [sys.executable, "-m", "flowforge", *words]
    return subprocess.run(
        command, cwd=fleet.folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_example_installs_and_its_manifest_applies(fleet: "Fleet", vault: str) -> None:
    """Installed by pip, it gives the plan that its README shows, and an apply writes what the vault holds."""
    shutil.copytree(EXAMPLE, fleet.folder / "plugin")
    shutil.copy(EXAMPLE / "flowforge.yaml", fleet.folder)
    for repo in ("acme/api", "acme/web", "acme/billing"):
        fleet.sandbox.world.create_repo(repo)
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    install = [sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", "site", "./plugin"]
    subprocess.run(install, cwd=fleet.folder, check=True)
    environ = {"VAULT_ADDR": vault, "VAULT_TOKEN": TOKEN}
    planned = _flowforge(fleet, "plan", **environ)
    shown = (EXAMPLE / "README.md").read_text(encoding="utf-8").rpartition("```text\n")[2].removesuffix("```\n")
    assert (0, shown) == (planned.returncode, planned.stdout.partition("It took")[0])
    applied = _flowforge(fleet, "apply", "--yes", **environ)
    held = {repo: fleet.sandbox.world.reveal(f"acme/{repo}") for repo in ("api", "web", "billing")}
    ci, billing = Vault.secrets["/v1/kv/data/claude"]["ci"], Vault.secrets["/v1/kv/data/billing"]["value"]
    meant = {repo: {"ANTHROPIC_API_KEY": key} for repo, key in (("api", ci), ("web", ci), ("billing", billing))}
    assert (0, meant) == (applied.returncode, held)


@pytest.mark.parametrize(
    ("spec", "environ", "what"),
    [
        ({"acme-vault": "kv/claude", "field": "ci"}, {}, "VAULT_TOKEN is unset"),
        ({"acme-vault": "kv/claude"}, {"VAULT_TOKEN": TOKEN}, "kv/claude has no field value"),
        ({"acme-vault": "kv/gone"}, {"VAULT_TOKEN": TOKEN}, "Vault has no secret kv/gone"),
        ({"acme-vault": "kv/claude"}, {"VAULT_TOKEN": "x"}, "Vault does not let this token read kv/claude"),
        (
            {"acme-vault": "kv/claude"},
            {"VAULT_TOKEN": TOKEN, "VAULT_ADDR": "http://127.0.0.1:1"},
            "Vault cannot be reached",
        ),
        ({"acme-vault": "kv/claude", "field": ("a", "b")}, {}, "field has a list, and takes one text"),
    ],
)
def test_the_example_says_why_there_is_no_value(
    monkeypatch: pytest.MonkeyPatch, vault: str, spec: Spec, environ: dict[str, str], what: str
) -> None:
    """What an author copies from it is a clause for each thing that people meet."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    source = importlib.import_module("acme_vault").AcmeVault()
    context = PluginContext({"VAULT_ADDR": vault, **environ}, Path(), interactive=False, stop=Event())
    with pytest.raises(NotAvailableError) as caught:
        source.read(spec, context)
    assert caught.value.what == what


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Let a test change what is installed."""
    installed_sources.cache_clear()
    yield
    installed_sources.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_a_plugin_is_loaded_only_when_a_value_is_read(fleet: "Fleet", monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate` and `plan --skip-values` find its name in the package's metadata; only a read runs its code.

    On a pull request it is not read, unless the operator allowed it.
    """
    site, mark = fleet.folder / "site", fleet.folder / "loaded"
    metadata = site / "marked-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: marked\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[flowforge.sources]\nmarked-source = marked:Source\n", encoding="utf-8")
    (site / "marked.py").write_text(f"open({str(mark)!r}, 'w').close()\nSource = None\n", encoding="utf-8")
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text.replace("{env: ACME_KEY}", "{marked-source: x}"))
    monkeypatch.syspath_prepend(str(site))
    event = {"GITHUB_EVENT_NAME": "pull_request"}
    runs: list[tuple[tuple[str, ...], dict[str, str]]] = [
        (("validate",), {}),
        (("plan", "--skip-values"), {}),
        (("plan",), event),
        (("plan",), {**event, "FLOWFORGE_ALLOWED_SOURCES": "marked-source"}),
    ]
    found = []
    for words, environ in runs:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        done = fleet.flowforge(*words)
        codes = re.findall(r"FF\d{3}|no version of the interface", done.out + done.err)
        found.append((done.code, sorted(set(codes)), mark.exists()))
    unusable = "no version of the interface"
    assert found == [(0, [], False), (0, [], False), (0, ["FF259"], False), (3, [unusable], True)]

"""An ops repository with the example workflows, on a sandbox, and a runner for them."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

import install
from flowforge.sandbox import Sandbox, Token, TokenKind
from flowforge.sandbox.rules.access import Level
from tests.children import Children
from tests.ci.runner import Event, Run, Site
from tests.ci.stand_ins import STAND_INS
from tests.made_up import letters

ROOT: Final = Path(__file__).resolve().parents[2]
WORKFLOWS: Final = ROOT / "examples/workflows"
OPS: Final = "acme/ops"
SCALE: Final = 60
MANIFEST: Final = """\
version: 1
state: {{github: {{repo: acme/ops, auth: {{token: {{env: GITHUB_TOKEN}}}}}}}}
credentials:
  ci-key: {{type: anthropic_api_key, from: {{env: ACME_ANTHROPIC_KEY}}{more}}}
targets:
  - name: All
    repos: [{repos}]
    credential: {wanted}
"""


@dataclass
class Ops:
    """An ops repository, whose main branch has a manifest, and its GitHub."""

    sandbox: Sandbox
    site: Site
    value: str

    def manifest(self, *repos: str, branch: str = "", credential: str = "ci-key", more: str = "") -> None:
        """Let a branch, or the commit of the next event, have a manifest that wants a credential in these repos.

        more: what else it says of the credential, after a comma.
        """
        folder = self.site.folder / f"branch-{branch}"
        folder.mkdir(exist_ok=True)
        text = MANIFEST.format(repos=", ".join(repos), wanted=credential, more=more)
        (folder / "flowforge.yaml").write_text(text, "utf-8")
        self.site.branches[branch] = folder

    def run(self, workflow: str, event: Event) -> Run:
        """Run one of the examples."""
        return self.site.run(WORKFLOWS / f"{workflow}.yaml", event)

    def held(self, *repos: str) -> list[dict[str, str]]:
        """Return what secrets these repos have."""
        return [self.sandbox.world.reveal(repo) for repo in repos]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, watched: Children) -> Path:
    """Make an environment that has what the action would install, as this one has it, and so needs no network."""
    venv = tmp_path_factory.mktemp("action") / "flowforge"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    found = sorted((venv / "lib").glob("python*/site-packages"))
    # The action lets its Python read no PYTHONPATH, so that the guard is put here as well.
    places = (sysconfig.get_path("purelib"), ROOT, watched.folder)
    (found[0] / "here.pth").write_text("".join(f"{place}\n" for place in places), "utf-8")
    install.stamp(venv).write_text(install.identity(), "utf-8")
    return venv


@pytest.fixture
def ops(tmp_path: Path, installed: Path) -> Iterator[Ops]:
    """Serve a GitHub with two repos, and the ops repository, private, with a first commit."""
    value = f"sk-ant-api03-{letters(93)}AA"
    with Sandbox(time_scale=SCALE) as sandbox:
        for repo in ("acme/api", "acme/web"):
            sandbox.world.create_repo(repo)
        sandbox.world.create_repo(OPS, private=True)
        sandbox.world.edit_file(OPS, "README.md", "the ops repository\n")
        reader = f"github_pat_{letters(40)}"
        sandbox.world.add_token(reader, Token(secrets=Level.READ))
        given = {"ACME_ANTHROPIC_KEY": value}
        site = Site(
            tmp_path,
            {"acme/flowforge": ROOT, "./": ROOT},
            STAND_INS,
            lambda permissions: _token(sandbox, permissions),
            secrets={
                "plan": {**given, "OPS_GITHUB_TOKEN": reader},
                "production": {**given, "OPS_GITHUB_TOKEN": sandbox.token},
            },
            environ={"GITHUB_API_URL": sandbox.url, "FLOWFORGE_TIME_SCALE": str(SCALE)},
            prepare=lambda temp: (temp / "flowforge").symlink_to(installed),
        )
        made = Ops(sandbox, site, value)
        made.manifest("acme/api", "acme/web")
        yield made


def _token(sandbox: Sandbox, permissions: Mapping[str, str]) -> str:
    """Make the token of a job: of the repository alone, with these permissions and no other."""
    text = f"ghs_{letters(40)}"
    levels = {name.replace("-", "_"): Level.named(name, level) for name, level in permissions.items()}
    token = Token(TokenKind.WORKFLOW, secrets=Level.NONE, permissions=levels, repos=frozenset({OPS}))
    sandbox.world.add_token(text, token)
    return text

"""Three organizations and a person's own: 300 repos of all sorts, with what others keep in them, for one manifest."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flowforge.sandbox import Sandbox, Token, TokenKind
from tests.cli.reading import Contents, Reading, contents
from tests.made_up import letters

if TYPE_CHECKING:
    from tests.conftest import FakeOp

MANIFESTS = Path(__file__).with_name("whole_language")
APP = Path(__file__).with_name("whole_language_app.yaml")
SCALE = 60
FAMILIES = {
    "acme/svc": 60,
    "acme/lib": 20,
    "acme/app": 20,
    "beta/api": 70,
    "beta/web": 70,
    "gamma-labs/job": 50,
    "rehearsal/dot": 10,
}
ENVIRONMENTS = ("production", "Staging / EU", "deep/er", "Grün 100%")


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


@dataclass
class Estate:
    """The world, the folder with the manifests, and FlowForge as a process in it.

    before, times: what was there at first, and when that was written.
    """

    sandbox: Sandbox
    folder: Path
    op: "FakeOp"
    environ: dict[str, str] = field(default_factory=dict)
    before: Contents = field(default_factory=dict)
    times: Contents = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the world and what the manifests need: values, keys, a vault."""
        self.folder.joinpath("manifests").mkdir()
        _furnish(self.sandbox)
        _plant(self.sandbox)
        self.before, self.times = contents(self.sandbox.world), contents(self.sandbox.world, times=True)
        for file in MANIFESTS.glob("*.yaml"):
            text = file.read_text(encoding="utf-8").replace("PORT", self.sandbox.url.rpartition(":")[2])
            (self.folder / "manifests" / file.name).write_text(text, encoding="utf-8")
        self._write_keys()
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": str(self.folder), "FLOWFORGE_CACHE_DIR": str(self.folder), "FLOWFORGE_TIME_SCALE": str(SCALE)}
        named = {"ACME_KEY": api_key(), "KEY_production": api_key(), "OPS_GITHUB_TOKEN": self.sandbox.token}
        self.environ = kept | own | named | {"OP_FAKE": self.op.environ["OP_FAKE"]}
        self.environ["PATH"] = f"{self.op.path}{os.pathsep}{kept['PATH']}"

    @property
    def expected(self) -> Contents:
        """Return what must be in the world, by the independent reading."""
        return self.reading.after(self.before)

    @property
    def reading(self) -> Reading:
        """Return what the manifests say, read independently."""
        return Reading(self.folder / "manifests", self.sandbox.world, self.environ, self.op.world["vaults"])

    def flowforge(self, command: str, *args: str, manifest: str = "manifests", **environ: str) -> Ended:
        """Run a command as a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "flowforge", command, "-m", manifest, *args],
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def written(self) -> list[str]:
        """Apply, and give the addresses of what was created, updated or deleted, sorted."""
        done = self.flowforge("apply", "--yes", "--allow-widening", "--format", "json")
        assert 0 == done.code, done.err
        results = json.loads(done.out)["results"]
        return sorted(each["address"] for each in results if each["outcome"] in {"created", "updated", "deleted"})

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a text that a manifest has once."""
        path = self.folder / "manifests" / file
        text = path.read_text(encoding="utf-8")
        assert 1 == text.count(old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def later(self) -> None:
        """Let a second of the sandbox's clock pass: GitHub's times are whole seconds."""
        self.sandbox.world.clock.advance(2)

    def _write_keys(self) -> None:
        keys = self.folder / "manifests" / "keys"
        for name in ["gateway", "{app-002}", *(f"beta/api-{number:03}" for number in range(70))]:
            path = keys / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(api_key() + "\n" * (name != "gateway"), encoding="utf-8")
        self.op.holds(api_key("oat01"), "op://Engineering/Claude Max/token")
        for repo in ("web-000", "web-001"):
            self.op.holds(api_key(), f"op://CI/{repo}/credential")


def api_key(kind: str = "api03") -> str:
    """Make up a value."""
    return f"sk-ant-{kind}-{letters(93)}AA"


def app_token(sandbox: Sandbox) -> str:
    """Let an App be given two repos of beta and all of gamma-labs, and give its token."""
    repos = frozenset({"beta/web-000", "beta/web-007", "gamma-labs/*"})
    token = f"ghs_{letters(36)}"
    sandbox.world.add_token(token, Token(kind=TokenKind.APP, repos=repos))
    return token


def is_given(repo: str) -> bool:
    """Return whether the App was given a repo."""
    return repo in {"beta/web-000", "beta/web-007"} or repo.startswith("gamma-labs/")


def _furnish(sandbox: Sandbox) -> None:
    """Make repos of all sorts: what each is like follows from its number."""
    world = sandbox.world
    world.create_user("rehearsal")
    for family, count in FAMILIES.items():
        for number in range(count):
            repo = f"{family}-{number:03}"
            topics = [name for name, every in (("claude", 2), ("python", 3), ("legacy", 17)) if number % every == 0]
            world.create_repo(repo, topics=topics, archived=number % 20 == 13, fork=number % 20 == 11)
            world.set_visibility(repo, {7: "public", 8: "internal"}.get(number % 10, "private"))
    world.create_team("acme", "Platform Team", [f"svc-{number:03}" for number in range(0, 30, 2)] + ["app-003"])
    for name, kind in (("tier", "single_select"), ("region", "multi_select")):
        world.define_property("gamma-labs", name, value_type=kind)
    for number in range(50):
        world.set_property(f"gamma-labs/job-{number:03}", "tier", ("gold", "silver", "tin")[number % 3])
        world.set_property(f"gamma-labs/job-{number:03}", "region", [["eu"], ["us"], ["eu", "us"], []][number % 4])
    for number in range(5):
        world.create_environment(f"acme/svc-{number:03}", "production", wait_timer=30)
        for name in ENVIRONMENTS:
            world.create_environment(f"beta/web-{number:03}", name, wait_timer=number)


def _plant(sandbox: Sandbox) -> None:
    """Let others have secrets and variables of their own, some of ours be there, and what is to go."""
    world = sandbox.world
    for number in range(0, 60, 5):
        for store in ("actions", "dependabot", "codespaces", "agents"):
            world.set_secret(f"acme/svc-{number:03}", "NPM_TOKEN", f"npm {number}", store=store)
        world.set_variable(f"beta/api-{number:03}", "REGION", "eu")
    for number in range(101):
        world.set_org_secret("beta", f"FOREIGN_{number}", "theirs", store="dependabot")
    for name in ENVIRONMENTS:
        world.set_secret("beta/web-002", "DEPLOY_KEY", "theirs", environment=name)
        world.set_variable("beta/web-002", "STAGE", name, environment=name)
    for org in ("acme", "beta", "gamma-labs"):
        world.set_org_secret(org, "NPM_TOKEN", "npm", visibility="all")
        world.set_org_variable(org, "STAGE", "one", visibility="private")
    world.set_org_secret("acme", "DEPLOY", "x", visibility="selected", repos=["svc-001", "lib-000"])
    for repo in ("acme/svc-000", "beta/api-003"):
        world.set_secret(repo, "ANTHROPIC_API_KEY", "from before")
    world.set_org_secret("beta", "ANTHROPIC_API_KEY", "from before", visibility="all")
    world.set_variable("gamma-labs/job-021", "ANTHROPIC_ORGANIZATION_ID", "from before")
    world.set_variable("gamma-labs/job-020", "ANTHROPIC_PROJECT", "goes")
    for repo in ("beta/api-000", "beta/api-001", "beta/api-003"):
        world.set_secret(repo, "CLAUDE_CODE_OAUTH_TOKEN", "goes, but for the last")
    world.set_secret("beta/api-002", "CLAUDE_CODE_OAUTH_TOKEN", "goes", store="dependabot")
    world.set_secret("rehearsal/dot-002", "OLD_KEY", "goes")
    world.set_secret("rehearsal/dot-007", "OLD_KEY", "stays: it is public")
    world.set_secret("beta/web-000", "OLD_KEY", "goes", environment="production")
    world.set_secret("beta/web-000", "OLD_KEY", "stays")
    world.set_org_secret("acme", "OLD_KEY", "goes", store="dependabot")
    world.set_org_secret("acme", "OLD_KEY", "stays")
    world.set_org_variable("acme", "ANTHROPIC_PROJECT", "goes")
    world.set_org_variable("gamma-labs", "ANTHROPIC_ORGANIZATION_ID", "from before")

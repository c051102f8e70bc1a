"""The demo: the whole story on a sandbox, with real processes, real HTTP on loopback and real sealed boxes."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flowforge.sandbox import Sandbox, World

_FLEET = (
    *("accounts", "alerts", "api", "auth", "billing", "catalog", "checkout", "data", "design", "docs", "gateway"),
    *("infra", "media", "metrics", "mobile", "models", "payments", "platform", "releases", "reports", "search"),
    *("shipping", "tools", "web", "website"),
)
_MANIFEST = """\
version: 1

credentials:
  ci-key:                              # an API key, for every repo
    type: anthropic_api_key
    from: {{env: ACME_ANTHROPIC_KEY}}
  max-plan:                            # from `claude setup-token`, for one
    type: claude_code_oauth_token
    from: {{env: ACME_CLAUDE_TOKEN}}

groups:
  fleet:
    repos:
{repos}

targets:
  - name: Claude reviews in CI
    groups: [fleet]
    exclude: [acme/releases]
    credential: ci-key
  - name: Releases use the subscription
    repos: [acme/releases]
    credential: max-plan
"""
# Seconds: about what a request to GitHub takes at best.
_LATENCY = 0.02


@dataclass(slots=True)
class Story:
    """One run of the demo, in a folder of its own."""

    folder: Path
    """Holds the manifest, the state and the cache."""
    tell: Callable[[str], None]
    """Shows a text to the user. What it raises ends the story."""
    sandbox: Sandbox = field(default_factory=Sandbox)
    values: dict[str, str] = field(default_factory=dict)
    """The environment variables that the manifest's sources name."""

    def run(self) -> bool:
        """Play the story. Return whether every repo holds the intended value at its end."""
        with self.sandbox:
            self._prepare()
            self._first_apply()
            self._nothing_to_do()
            self._trouble()
            return self._proof()

    def _prepare(self) -> None:
        world = self.sandbox.world
        for name in _FLEET:
            world.create_repo(f"acme/{name}")
        world.settings.latency = _LATENCY
        self.values = {"ACME_ANTHROPIC_KEY": _made_up("api03"), "ACME_CLAUDE_TOKEN": _made_up("oat01")}
        repos = "\n".join(f"      - acme/{name}" for name in _FLEET)
        (self.folder / "flowforge.yaml").write_text(_MANIFEST.format(repos=repos), encoding="utf-8")
        self._say(
            "FlowForge demo. No account, no token and no network: a sandbox on this machine",
            f"plays GitHub, with {len(_FLEET)} repositories of acme. The values are made up.",
        )
        self._say("This is the manifest. It names repositories and sources, and holds no value:")
        self.tell(_MANIFEST.format(repos="      - acme/api\n      - acme/web\n      - ... 23 more"))

    def _first_apply(self) -> None:
        self._say("1. What does GitHub lack? plan only reads.")
        self._flowforge("plan")
        self._say("2. Make it so. Each value is sealed with its repo's public key, and sent.")
        self._flowforge("apply", "--yes")

    def _nothing_to_do(self) -> None:
        self._say(
            "3. Is every repo on the key? GitHub never gives a secret back; FlowForge keeps",
            "   a keyed fingerprint of what it wrote and the time that GitHub gave for it, in",
            "   flowforge.state.json. No value is in that file.",
        )
        self._flowforge("plan")

    def _trouble(self) -> None:
        world = self.sandbox.world
        self.values["ACME_CLAUDE_TOKEN"] = _made_up("oat01")
        # An edit and a deletion by hand, which only GitHub's times and lists show.
        _one_second_later(world)
        world.set_secret("acme/billing", "ANTHROPIC_API_KEY", "edited-behind-our-back")
        world.delete_secret("acme/docs", "ANTHROPIC_API_KEY")
        self._say(
            "4. Now three things happen that nobody tells FlowForge: the release token is",
            "   rotated at its source, somebody edits acme/billing's secret by hand, and",
            "   somebody deletes acme/docs's.",
        )
        self._flowforge("plan")
        self._say("5. Mend exactly those three.")
        self._flowforge("apply", "--yes")
        self._flowforge("plan")

    def _proof(self) -> bool:
        wanted = {f"acme/{name}": _wanted(name, self.values) for name in _FLEET}
        right = [repo for repo, secret in wanted.items() if self.sandbox.world.reveal(repo) == secret]
        self._say(
            "6. The proof that only a sandbox gives: it opens each sealed box and compares.",
            f"   {len(right)} of {len(wanted)} repositories hold exactly the intended value.",
        )
        limits = self.sandbox.world.limits
        refused = sum(limits.refusals.values())
        self.tell(f"   GitHub's published limits held: {limits.points_spent} points spent, {refused} requests refused.")
        return len(right) == len(wanted)

    def _say(self, *lines: str) -> None:
        self.tell("\n" + "\n".join(lines))

    def _flowforge(self, *args: str) -> None:
        self.tell(f"\n$ flowforge {' '.join(args)}")
        # The user's own settings and token must not reach the demo: it would read or write a real GitHub.
        ours = ("FLOWFORGE_", "GH_", "GITHUB_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        settings = {
            "FLOWFORGE_GITHUB_TOKEN": self.sandbox.token,
            "GITHUB_API_URL": self.sandbox.url,
            "FLOWFORGE_CACHE_DIR": str(self.folder / "cache"),
        }
        done = subprocess.run(  # noqa: S603 -- this very program, with arguments of ours
            [sys.executable, "-m", "flowforge", *args],
            cwd=self.folder,
            env={**kept, **settings, **self.values},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        self.tell(done.stdout.rstrip("\n"))


def _made_up(kind: str) -> str:
    """Return a value of the right shape that is valid nowhere."""
    return f"sk-ant-{kind}-{secrets.token_hex(47)[:93]}AA"


def _wanted(name: str, values: Mapping[str, str]) -> dict[str, str]:
    if name == "releases":
        return {"CLAUDE_CODE_OAUTH_TOKEN": values["ACME_CLAUDE_TOKEN"]}
    return {"ANTHROPIC_API_KEY": values["ACME_ANTHROPIC_KEY"]}


def _one_second_later(world: World) -> None:
    """Wait until an edit gets a later time than the last write."""
    # GitHub's times are whole seconds: nobody can see an edit in the same second as the write before it.
    world.pause(1.1)

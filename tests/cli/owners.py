"""A company of several owners, one GitHub App, and what the sandbox's log says of whose token asked what."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx

from flowforge.sandbox.rules.apps import InstallationToken
from tests.app_keys import app_key, pem

if TYPE_CHECKING:
    from flowforge.sandbox.world.world import World
    from tests.cli.conftest import Fleet

KEY: Final = "ANTHROPIC_API_KEY"
OWNERS: Final = ("acme", "beta", "gamma")
APP: Final = "app: {{client_id: {id}, private_key: {{file: app.pem}}}}"
_CREDENTIAL: Final = "credentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
_NUMBER: Final = re.compile(r"(?<=/)\d{3,}")
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404


@dataclass
class Company:
    """Owners with repos of their own at a fleet's sandbox, and the App `ci`, whose key is in `app.pem`."""

    fleet: "Fleet"
    client_id: str

    @property
    def world(self) -> "World":
        """The sandbox's world."""
        return self.fleet.sandbox.world

    @property
    def app(self) -> str:
        """The App as the manifest says it, for a mapping in braces."""
        return APP.format(id=self.client_id)

    def manifest(self, auth: str, *repos: str, more: str = "", targets: str = "") -> None:
        """Write a manifest that wants the key in repos. auth: what stands in `github.auth`. targets: more entries."""
        names = ", ".join(repos)
        entry = f"  - {{name: Repos, repos: [{names}], credential: ci-key}}\n" if repos else ""
        text = f"version: 1\ngithub: {{auth: {{{auth}}}}}\n{more}{_CREDENTIAL}targets:\n{entry}{targets}"
        self.fleet.manifest(text)

    def log(self) -> list[tuple[str, str, int]]:
        """Return who asked what since the last call, sorted, each with its status. Long numbers are N."""
        found = sorted((one.by, f"{one.method} {_NUMBER.sub('N', one.path)}", one.status) for one in self.world.log())
        self.world.reset_stats()
        return found

    def tokens(self) -> dict[str, InstallationToken]:
        """Return every token of an installation that is good now, by its text."""
        known = self.world.tokens.tokens
        return {text: token for text, token in known.items() if isinstance(token, InstallationToken)}

    def held(self, *repos: str) -> dict[str, dict[str, str]]:
        """Return the decrypted secrets of repos."""
        return {repo: self.world.reveal(repo) for repo in repos}

    def may_delete(self, text: str, *paths: str) -> list[str]:
        """Return the paths that a token may delete, where there is nothing: the sandbox answers 404, else 403."""
        header = {"authorization": f"Bearer {text}"}
        with httpx.Client(base_url=self.fleet.sandbox.url, headers=header) as client:
            statuses = {path: client.delete(path).status_code for path in paths}
        assert set(statuses.values()) <= {FORBIDDEN, NOT_FOUND}
        return [path for path, status in statuses.items() if status == NOT_FOUND]


def company(fleet: "Fleet", installed: Iterable[str] = OWNERS, owners: Iterable[str] = OWNERS) -> Company:
    """Make two repos for each owner, register the App, and install it for some of them."""
    world = fleet.sandbox.world
    for owner in owners:
        for name in ("api", "web"):
            world.create_repo(f"{owner}/{name}")
    made = world.create_app("ci", pem(app_key()))
    for owner in installed:
        world.install_app("ci", owner)
    (fleet.folder / "app.pem").write_text(pem(app_key()), encoding="utf-8")
    return Company(fleet, str(made["client_id"]))


def both(*owners: str) -> tuple[str, ...]:
    """Return the names of the two repos of each owner."""
    return tuple(f"{owner}/{name}" for owner in owners for name in ("api", "web"))


def permissions(minted: Iterable[Mapping[str, object]]) -> list[tuple[object, object, object]]:
    """Return whose each minted token is, what it may do, and where; in the order of owners."""
    return sorted((one["by"], one["permissions"], one["repos"]) for one in minted)

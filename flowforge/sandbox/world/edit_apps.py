"""What can be done to GitHub Apps behind GitHub's API: register, install, suspend, and look at what was minted."""

import re
import secrets
from collections.abc import Mapping
from typing import Final

from flowforge.sandbox.rules.access import Level, levels, words
from flowforge.sandbox.rules.apps import InstallationToken, InstalledApp, RegisteredApp
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.rules.keys import public_key
from flowforge.sandbox.world.base import Ground

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STORES: Final = ("secrets", "dependabot_secrets", "codespaces_secrets", "agent_secrets", "actions_variables")
_READABLE: Final = ("metadata", "actions", "members", "organization_custom_properties", "organization_plan")
# Whatever the sandbox asks for, as far as it goes: what an App has that names no permissions.
_EVERYTHING: Final[Mapping[str, Level]] = {
    **dict.fromkeys(_READABLE, Level.READ),
    **dict.fromkeys(("administration", "contents", "environments", "issues", "pull_requests", *_STORES), Level.WRITE),
    **{f"organization_{name}": Level.WRITE for name in _STORES},
}


class AppVerbs(Ground):
    """Verbs on Apps, by slug, and on their installations, by the owner's login in any case. Thread-safe."""

    def create_app(
        self, slug: str, key: str, *, permissions: dict[str, str] | None = None, owner: str = "rehearsal"
    ) -> dict[str, int | str]:
        """Register an App with the PEM of its RSA key, private or public, and return its `id` and its `client_id`.

        permissions: what it asks for where it is installed; everything that the sandbox knows unless given. owner: who
        registers it.
        """
        if not _SLUG.fullmatch(slug):
            raise ValueError("an App is named with lower-case letters, digits and single hyphens")
        with self.lock:
            if any(app.slug == slug for app in self.apps.apps.values()):
                raise ValueError("an App has that name already")
            number, client = self.directory.new_id(), f"Iv23li{secrets.token_hex(7)}"
            login = self.directory.user(owner).login
            asked, now = _granted(permissions), int(self.clock.now())
            self.apps.apps[number] = RegisteredApp(number, client, slug, login, public_key(key), asked, now)
        return {"id": number, "client_id": client}

    def install_app(
        self, slug: str, owner: str, *, permissions: dict[str, str] | None = None, repos: list[str] | None = None
    ) -> int:
        """Install an App at an owner, or change what it was given there, and return the installation's id.

        permissions: what it asks for unless given. repos: those that it is given, named in full or within the owner;
        all unless given. Tokens that were minted before lose what it loses, and win nothing.
        """
        with self.lock:
            app, account, now = self.apps.app(slug), self._account(owner), int(self.clock.now())
            granted = app.permissions if permissions is None else _granted(permissions)
            given = None if repos is None else self._ids_of(account, repos)
            there = self.apps.at(app, owner)
            if there is None:
                there = InstalledApp(self.directory.new_id(), app, owner.lower(), granted, given, now, now)
                self.apps.installations[there.id] = there
            there.permissions, there.repos, there.updated = granted, given, now
            return there.id

    def suspend_app(self, slug: str, owner: str, *, suspended: bool = True) -> None:
        """Suspend an installation, or end that. Meanwhile it can mint no token, and its tokens get a 403."""
        with self.lock:
            self._installation(slug, owner).suspended = int(self.clock.now()) if suspended else None

    def uninstall_app(self, slug: str, owner: str) -> None:
        """Remove an App from an owner. Its tokens are revoked."""
        with self.lock:
            self.revoke_app_tokens(slug, owner)
            del self.apps.installations[self._installation(slug, owner).id]

    def revoke_app_tokens(self, slug: str, owner: str) -> int:
        """Revoke the tokens of an installation, which may have new ones minted. Return how many there were."""
        with self.lock:
            there, known = self._installation(slug, owner), self.tokens.tokens
            texts = [
                text
                for text, token in tuple(known.items())
                if isinstance(token, InstallationToken) and token.installation is there
            ]
            for text in texts:
                del known[text]
            return len(texts)

    def minted_tokens(self) -> list[dict[str, object]]:
        """Return every token that was minted for an installation, oldest first: whose it is, and what it may do.

        Each has `mint` (its number, from 1), `by` (`app@owner`, as the log has both), `permissions`, `repos` (full
        names, or null where it was not narrowed) and `expires_at`.
        """
        with self.lock:
            return [
                {
                    "mint": token.number,
                    "by": token.who,
                    "permissions": words(token.permissions),
                    "repos": None if token.given is None else self._names_of(token.given),
                    "expires_at": timestamp(token.expires or 0),
                }
                for token in self.apps.minted
            ]

    def _installation(self, slug: str, owner: str) -> InstalledApp:
        there = self.apps.at(self.apps.app(slug), owner)
        if there is None:
            message = f"installation of {slug} at {owner}"
            raise KeyError(message)
        return there


def _granted(permissions: Mapping[str, str] | None) -> dict[str, Level]:
    """Return these permissions, everything unless given, with `metadata`, which every App has."""
    return {**(_EVERYTHING if permissions is None else levels(permissions)), "metadata": Level.READ}

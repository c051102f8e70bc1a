"""What can be done to the keys that Anthropic knows."""

import secrets

from flowforge.sandbox.rules.anthropic_keys import ADMIN_PREFIX, SandboxKey, hint_of
from flowforge.sandbox.world.base import Ground

_ORGANIZATION = "00000000-0000-4000-8000-000000000001"


class AnthropicVerbs(Ground):
    """Verbs on API keys and Admin keys, which are named by their text. Thread-safe."""

    def add_anthropic_key(
        self,
        text: str,
        *,
        name: str = "",
        organization: str = _ORGANIZATION,
        workspace: str = "wrkspc_sandbox",
        expires: float | None = None,
        creator: str = "user_sandbox",
        rights: bool = True,
    ) -> str:
        """Let Anthropic know a key, an Admin key if it begins like one, and return its id.

        expires: seconds from now. rights: of an Admin key, whether it may still read the organization's keys.
        """
        with self.lock:
            now = self.clock.now()
            ends = None if expires is None else now + expires
            admin = text.startswith(ADMIN_PREFIX)
            key = SandboxKey(
                f"apikey_{secrets.token_hex(12)}",
                name or f"key {len(self.anthropic_keys) + 1}",
                organization,
                workspace,
                hint_of(text),
                admin=admin,
                expires=ends,
                creator=creator,
                created=int(now),
                rights=rights,
            )
            self.anthropic_keys[text] = key
            return key.id

    def set_anthropic_key(self, text: str, status: str) -> None:
        """Change the status of a key: active, inactive, archived or expired. Raise KeyError for an unknown one."""
        if status not in {"active", "inactive", "archived", "expired"}:
            raise ValueError("status is none of active, inactive, archived, expired")
        with self.lock:
            if text not in self.anthropic_keys:
                raise KeyError("such key")
            self.anthropic_keys[text].status = status

    def use_anthropic_key(self, text: str, *, tokens: int = 1000, ago: float = 0.0) -> None:
        """Let a key have been used, some seconds ago. Raise KeyError for an unknown one."""
        with self.lock:
            if text not in self.anthropic_keys:
                raise KeyError("such key")
            self.anthropic_keys[text].uses.append((self.clock.now() - ago, tokens))

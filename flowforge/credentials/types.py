"""The one table of credential types: the slot of each, what a good value looks like, and the words for it.

A new type is a row of `TYPES`, and its token a row of `flowforge.tokens`. Anthropic documents prefixes but no lengths.
So a wrong prefix is refused, and an unusual length or ending is only a warning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from flowforge import tokens
from flowforge.credentials.text_checks import RUN_SETUP
from flowforge.tokens import TokenShape


@dataclass(frozen=True, slots=True)
class CredentialType:
    """A type of credential, as a manifest names it."""

    type: str
    """Its name in a manifest: that of its slot, in lower case."""
    slot: str
    """The default name of the secret."""
    noun: str
    """What people call it, with its article."""
    token: TokenShape
    """The only known token that belongs here."""
    begins: str
    """How a usual value begins, for people."""
    remedy: str
    """How a person gets a good value, as an imperative sentence."""
    usual_length: int
    """In characters; another length warns."""
    usual_ending: str
    """Another ending warns."""
    claude: bool
    """Claude reads its slot. Such a key beside a workload identity may keep Claude from using that."""
    shortest: int = 0
    """A value of fewer characters is refused as cut short: all known ones have `usual_length`, and a terminal wraps."""
    lifetime: timedelta | None = None
    """From its issue; None where the value itself has none."""
    personal: bool = False
    """It is bound to a person, so sharing it among repositories warns."""
    shadows: tuple[str, ...] = ()
    """Slots that Claude ignores where this one is set."""
    code_mark: str = ""
    """A character of the code that a browser shows on the way to this token."""

    @property
    def takers(self) -> str:
        """Who reads the slot, as the subject of a sentence."""
        return "Claude takes" if self.claude else "its users take"


_ALL: Final = (
    CredentialType(
        type="anthropic_api_key",
        slot="ANTHROPIC_API_KEY",
        noun="an Anthropic API key",
        token=tokens.ANTHROPIC_API_KEY,
        begins="sk-ant-api03-",
        remedy="create an API key at https://platform.claude.com/settings/keys",
        usual_length=108,
        usual_ending="AA",
        shortest=100,
        claude=True,
        # Claude Code prefers the key (code.claude.com/docs, authentication), and the action does not warn of the pair.
        shadows=("CLAUDE_CODE_OAUTH_TOKEN",),
    ),
    CredentialType(
        type="claude_code_oauth_token",
        slot="CLAUDE_CODE_OAUTH_TOKEN",
        noun="a Claude Code OAuth token",
        token=tokens.CLAUDE_OAUTH_TOKEN,
        begins="sk-ant-oat01-",
        remedy=RUN_SETUP,
        usual_length=108,
        usual_ending="AA",
        shortest=100,
        # `claude setup-token` issues it for a year, without a refresh token. The token of a login has the same prefix
        # and lasts hours.
        lifetime=timedelta(days=365),
        personal=True,
        claude=True,
        code_mark="#",
    ),
)
TYPES: Final[Mapping[str, CredentialType]] = MappingProxyType(
    {each.type: each for each in sorted(_ALL, key=lambda each: each.type)}
)

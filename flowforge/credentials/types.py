"""The one table of credential types: the slot of each, what a good value looks like, and the words for it.

A new type is a row of `TYPES`, and its token a row of `flowforge.tokens`. Anthropic documents prefixes but no lengths.
So a wrong prefix is refused, and an unusual length or ending is only a warning.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from flowforge import tokens
from flowforge.credentials.text_checks import RUN_SETUP
from flowforge.data_class import dataclass
from flowforge.tokens import TokenShape


@dataclass(frozen=True, slots=True)
class CredentialType:
    """A type of credential, as a manifest names it."""

    type: str
    """Its name in a manifest: that of its slot in lower case, unless GitHub reserves such a name."""
    slot: str
    """The default name of the secret."""
    noun: str
    """What people call it, with its article."""
    token: TokenShape | None
    """The only known token that belongs here; None where a value begins like nothing."""
    begins: str
    """How a usual value begins, for people."""
    remedy: str
    """How a person gets a good value, as an imperative sentence."""
    claude: bool
    """Claude reads its slot. Such a key beside a workload identity may keep Claude from using that."""
    usual_length: int = 0
    """In characters; another length warns. 0 where values differ in length: then no warning is made of a shape."""
    usual_ending: str = ""
    """Another ending warns."""
    length: int = 0
    """The only length that a value has, in characters; 0 where that is not said."""
    lines: bool = False
    """Whether a value has many lines, as a private key does."""
    shortest: int = 0
    """A value of fewer characters is refused as cut short: all known ones have `usual_length`, and a terminal wraps."""
    lifetime: timedelta | None = None
    """From its issue; None where the value itself has none."""
    personal: bool = False
    """It is bound to a person, so sharing it among repositories warns."""
    verifiable: bool = False
    """Whether Anthropic may be asked if a value works. Never of a person's token: it is sent to GitHub alone."""
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
        verifiable=True,
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
    CredentialType(
        type="aws_bearer_token_bedrock",
        slot="AWS_BEARER_TOKEN_BEDROCK",
        noun="a long-term Amazon Bedrock API key",
        token=tokens.BEDROCK_KEY,
        begins="ABSK",
        remedy="create a long-term API key in the Amazon Bedrock console",
        shortest=100,
        # Read only where the workflow chooses Bedrock, and then before any other: it is never beside an identity.
        claude=False,
    ),
    CredentialType(
        type="github_app_private_key",
        # The name in the documentation of claude-code-action (docs/setup.md); no secret's may begin with GITHUB_.
        slot="APP_PRIVATE_KEY",
        noun="the private key of a GitHub App",
        token=tokens.PRIVATE_KEY,
        begins="-----BEGIN RSA PRIVATE KEY-----",
        remedy="generate a private key in the settings of the GitHub App, and save the file as it is",
        claude=False,
        lines=True,
    ),
)
TYPES: Final[Mapping[str, CredentialType]] = MappingProxyType(
    {each.type: each for each in sorted(_ALL, key=lambda each: each.type)}
)

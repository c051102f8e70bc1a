"""The table of actions that run Claude: which input takes what, what each reads of its environment, and since when.

From the actions' own files: action.yml of anthropics/claude-code-action and claude-code-base-action, every tag, and of
anthropics/claude-code-security-review. A new action is a row of `ACTIONS`.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.pins import ActionVersion, Uses


class Slot(StrEnum):
    """What a credential or an id is to Claude."""

    API_KEY = "api_key"
    OAUTH = "oauth_token"
    AUTH_TOKEN = "auth_token"  # noqa: S105 -- a kind, no value
    RULE = "federation_rule_id"
    ORGANIZATION = "organization_id"
    SERVICE_ACCOUNT = "service_account_id"
    WORKSPACE = "workspace_id"

    @property
    def is_static(self) -> bool:
        """Whether it is a credential by itself."""
        return self in _STATIC

    @property
    def is_optional(self) -> bool:
        """Whether Claude does without it."""
        return self in {Slot.SERVICE_ACCOUNT, Slot.WORKSPACE}


_STATIC: Final = frozenset({Slot.API_KEY, Slot.OAUTH, Slot.AUTH_TOKEN})
IDENTITY: Final = (Slot.RULE, Slot.ORGANIZATION, Slot.SERVICE_ACCOUNT, Slot.WORKSPACE)

# The environment variables that Claude Code reads (code.claude.com/docs, authentication).
VARIABLES: Final[Mapping[str, Slot]] = MappingProxyType(
    {
        "ANTHROPIC_API_KEY": Slot.API_KEY,
        "CLAUDE_CODE_OAUTH_TOKEN": Slot.OAUTH,
        "ANTHROPIC_AUTH_TOKEN": Slot.AUTH_TOKEN,
        "ANTHROPIC_FEDERATION_RULE_ID": Slot.RULE,
        "ANTHROPIC_ORGANIZATION_ID": Slot.ORGANIZATION,
        "ANTHROPIC_SERVICE_ACCOUNT_ID": Slot.SERVICE_ACCOUNT,
        "ANTHROPIC_WORKSPACE_ID": Slot.WORKSPACE,
    }
)
INPUTS: Final[Mapping[str, Slot]] = MappingProxyType(
    {
        "anthropic_api_key": Slot.API_KEY,
        "claude_code_oauth_token": Slot.OAUTH,
        "claude-api-key": Slot.API_KEY,
        "claude-code-oauth-token": Slot.OAUTH,
        "anthropic_federation_rule_id": Slot.RULE,
        "anthropic_organization_id": Slot.ORGANIZATION,
        "anthropic_service_account_id": Slot.SERVICE_ACCOUNT,
        "anthropic_workspace_id": Slot.WORKSPACE,
    }
)
"""Every input of these actions that takes a credential or an id; the names are in lower case."""
CLOUDS: Final = ("use_bedrock", "use_vertex", "use_foundry")
CLOUD_VARIABLES: Final = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
LOGIN_INPUTS: Final = frozenset({"claude_access_token", "claude_refresh_token", "claude_expires_at"})
LOGIN_VARIABLES: Final = frozenset({"CLAUDE_CODE_OAUTH_REFRESH_TOKEN", "CLAUDE_REFRESH_TOKEN", "CLAUDE_ACCESS_TOKEN"})
HONEST_SINCE: Final[ActionVersion] = (1, 0, 172)
"""Before it a refused credential ended in a green check."""

# The first tags whose action.yml has the input, or whose steps hand the variable on; _FIRST for what was always so.
_FIRST: Final[ActionVersion] = (0, 0, 0)
_OAUTH_SINCE: Final[ActionVersion] = (0, 0, 30)
_WIF_SINCE: Final[ActionVersion] = (1, 0, 130)
_BASE_WIF_SINCE: Final[ActionVersion] = (1, 0, 134)
_ENV_SINCE: Final[ActionVersion] = (1, 0, 146)


@dataclass(frozen=True, slots=True, eq=False)
class ClaudeAction:
    """An action that runs Claude."""

    name: str
    """How the reports call it; `fork` for every fork."""
    inputs: Mapping[str, ActionVersion]
    """Its inputs that take a credential or an id, each with the version since which it has it."""
    env: Mapping[Slot, ActionVersion] = field(default_factory=dict)
    """What it reads of the environment where its input is empty. What is not here is overwritten by the empty input."""
    needs_token: bool = False
    """Whether it fetches an OIDC token for the Claude App, unless it is given `github_token`."""
    checks_actor: bool = False
    """Whether it refuses a bot that `allowed_bots` does not name."""
    ours: bool = True
    """Whether its behaviour is known. Of a fork only the inputs are."""
    clouds: bool = True
    """Whether it can use a cloud's models."""


def _wif(since: ActionVersion) -> dict[str, ActionVersion]:
    return dict.fromkeys((name for name, slot in INPUTS.items() if slot in IDENTITY), since)


_KEYS: Final = {"anthropic_api_key": _FIRST, "claude_code_oauth_token": _OAUTH_SINCE}
MAIN: Final = ClaudeAction(
    "claude-code-action",
    {**_KEYS, **_wif(_WIF_SINCE)},
    env={Slot.API_KEY: _ENV_SINCE, Slot.OAUTH: _ENV_SINCE},
    needs_token=True,
    checks_actor=True,
)
BASE: Final = ClaudeAction("base-action", {**_KEYS, **_wif(_BASE_WIF_SINCE)})
SECURITY: Final = ClaudeAction("claude-code-security-review", {"claude-api-key": _FIRST}, clouds=False)
FORK: Final = ClaudeAction("fork", dict.fromkeys(INPUTS, _FIRST), ours=False)

ACTIONS: Final[Mapping[str, ClaudeAction]] = MappingProxyType(
    {
        "anthropics/claude-code-action": MAIN,
        "anthropics/claude-code-action/base-action": BASE,
        "anthropics/claude-code-base-action": BASE,
        "anthropics/claude-code-security-review": SECURITY,
    }
)
_FORKED: Final = frozenset({"claude-code-action", "claude-code-base-action", "claude-code-security-review"})
# Inputs that no other agent has.
_TELLING: Final = frozenset({"claude_code_oauth_token", "claude-code-oauth-token", *LOGIN_INPUTS})


def action_of(uses: Uses, inputs: frozenset[str]) -> ClaudeAction | None:
    """Return the row of an action that runs Claude; None for every other one. inputs: given ones, in lower case.

    A fork is known by its repository's name or by its inputs. A sub-action that takes no credential runs no Claude.
    """
    if found := ACTIONS.get(uses.whole):
        return found
    # The other actions in these repositories are theirs too, and start no Claude.
    if uses.owner == "anthropics" and uses.name in _FORKED:
        return None
    if uses.path not in {"", "base-action"}:
        return None
    # Other vendors take an input of the name `anthropic_api_key`, so that alone proves no fork.
    known = inputs & (INPUTS.keys() | LOGIN_INPUTS)
    if uses.name in _FORKED or inputs & _TELLING or (known and "claude" in uses.name):
        return FORK
    return None

"""The workload identity: a credential without a secret, and the Actions variables that it is made of.

claude-code-action takes them from `${{ vars.… }}` since v1.0.130. The names are those of its documentation.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TYPE: Final = "anthropic_workload_identity"
# By its key in the manifest. The first two are required; the action and Claude Code read all four.
VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "federation_rule_id": "ANTHROPIC_FEDERATION_RULE_ID",
        "organization_id": "ANTHROPIC_ORGANIZATION_ID",
        "service_account_id": "ANTHROPIC_SERVICE_ACCOUNT_ID",
        "workspace_id": "ANTHROPIC_WORKSPACE_ID",
    }
)
REQUIRED: Final = ("federation_rule_id", "organization_id")

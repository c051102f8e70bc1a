"""What Claude's workflows read that is no secret: each is a type of credential that becomes one Actions variable.

The names are those of claude-code-action's documentation (docs/cloud-providers.md) and of what Claude Code reads.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from flowforge.data_class import dataclass

# A user before the host would be a secret, and everybody who sees the repo can read a variable.
_URL: Final = r"https://[A-Za-z0-9.-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?"


@dataclass(frozen=True, slots=True)
class IdentifierType:
    """A type whose value stands in the manifest."""

    type: str
    """Its name in a manifest: that of its variable, in lower case."""
    noun: str
    """What people call it, with its article."""
    form: re.Pattern[str]
    """What a value is like."""
    example: str
    """A value, for messages."""

    @property
    def variable(self) -> str:
        """The default name of the variable."""
        return self.type.upper()


_ALL: Final = (
    ("anthropic_base_url", "the address of a gateway", _URL, "https://gateway.example.com"),
    ("anthropic_bedrock_base_url", "the address of a gateway to Bedrock", _URL, "https://bedrock.example.com"),
    ("anthropic_vertex_project_id", "a Google Cloud project", r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "acme-claude"),
    ("aws_region", "an AWS region", r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}", "us-east-1"),
    (
        "aws_role_to_assume",
        "the ARN of an AWS role",
        r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]{1,600}",
        "arn:aws:iam::123456789012:role/claude",
    ),
    ("cloud_ml_region", "a Google Cloud region", r"global|[a-z]+(?:-[a-z]+\d{0,2})?", "us-east5"),
    (
        "gcp_service_account",
        "a Google Cloud service account",
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.:-]+\.gserviceaccount\.com",
        "claude@acme-claude.iam.gserviceaccount.com",
    ),
    (
        "gcp_workload_identity_provider",
        "a Google Cloud workload identity provider",
        r"projects/\d+/locations/global/workloadIdentityPools/[a-z0-9-]{1,32}/providers/[a-z0-9-]{1,32}",
        "projects/123456789/locations/global/workloadIdentityPools/github/providers/acme",
    ),
)
IDENTIFIERS: Final[Mapping[str, IdentifierType]] = MappingProxyType(
    {name: IdentifierType(name, noun, re.compile(form, re.ASCII), example) for name, noun, form, example in _ALL}
)

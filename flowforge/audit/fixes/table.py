"""The table of what mends a finding: a code and its fixer. A code without a row is left to people."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from flowforge.audit.fixes.guard_fixes import dependabot_without_secret
from flowforge.audit.fixes.identity_fixes import credential_not_read, identity_incomplete
from flowforge.audit.fixes.mend import Fixer
from flowforge.audit.fixes.permission_fixes import id_token_missing
from flowforge.audit.fixes.pin_fixes import dead_credential_looks_green, old_pin

FIXERS: Final[Mapping[str, Fixer]] = MappingProxyType(
    {
        "id-token-missing": id_token_missing,
        "identity-incomplete": identity_incomplete,
        "credential-not-read": credential_not_read,
        "inputs-unknown-to-pin": old_pin,
        "dead-credential-looks-green": dead_credential_looks_green,
    }
)
GUARDS: Final[Mapping[str, Fixer]] = MappingProxyType({"dependabot-without-secret": dependabot_without_secret})
"""What changes who is served, and so is asked for by name."""

"""The keys of a credential that say what Anthropic is asked about its value before it is written."""

from typing import Final

from flowforge.credentials.types import TYPES, CredentialType
from flowforge.errors import quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Verify
from flowforge.manifest.nodes import Node
from flowforge.manifest.select import is_true

_EXPECTED: Final = ("expect_workspace", "expect_organization")


def read_verify(node: Node, type_: CredentialType, findings: Findings) -> Verify | None:
    """Read `verify`, `expect_workspace` and `expect_organization`. Report (FF180) where they cannot stand."""
    # `verify: false` beside another type says what is so anyway.
    verifies = is_true(node, "verify")
    for key in _EXPECTED:
        if key in node.entries() and node.lacks("verify"):
            what, why = f"{quote(key)} needs verify", "only a key that Anthropic is asked about can be compared"
            findings.add(node.key(key), "FF180", what, why=why, fix="add `verify: true`, or remove it")
    if verifies and not type_.verifiable:
        why = f"Anthropic is asked about nothing but an API key, and never gets {type_.noun}"
        fix = f"remove it; {' and '.join(each.type for each in TYPES.values() if each.verifiable)} can be verified"
        findings.add(node.key("verify"), "FF180", "this type of credential cannot be verified", why=why, fix=fix)
    elif verifies and is_true(node, "allow_nonstandard"):
        why = "a gateway's key is not Anthropic's, and is never sent to it"
        what, fix = '"verify" cannot stand beside "allow_nonstandard"', "remove one of the two"
        findings.add(node.key("verify"), "FF180", what, why=why, fix=fix)
    return Verify(node.text(_EXPECTED[0]), node.text(_EXPECTED[1]).lower()) if verifies else None

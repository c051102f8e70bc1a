"""`verify` and what stands beside it: where Anthropic may be asked about a value, and where it may not."""

from flowforge.manifest.model import Verify
from tests.manifest.conftest import Loader, Refuser

HEAD = "version: 1\ntargets: [{name: T, repos: [acme/api], credential: key}]\ncredentials:\n"


def test_what_is_expected(loaded: Loader) -> None:
    """The ids are read, an organization's in lower case; without `verify` nobody is asked."""
    text = (
        HEAD + "  key: {type: anthropic_api_key, from: {env: A}, verify: true, expect_workspace: wrkspc_1,\n"
        "    expect_organization: 0A000000-0000-0000-0000-000000000000, note: in the Console}\n"
        "  off: {type: anthropic_api_key, from: {env: B}, verify: false, expect_workspace: wrkspc_1}\n"
        "  plain: {type: anthropic_api_key, from: {env: C}}\n"
    )
    found = loaded(text).credentials
    assert [
        (Verify("wrkspc_1", "0a000000-0000-0000-0000-000000000000"), "in the Console"),
        (None, ""),
        (None, ""),
    ] == [(each.verify, each.note) for each in found.values()]


def test_where_it_cannot_stand(refused: Refuser) -> None:
    """On another type, beside allow_nonstandard, and what is expected of a key that nobody asks about."""
    text = (
        HEAD + "  key: {type: claude_code_oauth_token, from: {env: A}, verify: true}\n"
        "  gateway: {type: anthropic_api_key, from: {env: B}, verify: true, allow_nonstandard: true}\n"
        "  bare: {type: anthropic_api_key, from: {env: C}, expect_workspace: wrkspc_1}\n"
        "  ids: {type: anthropic_workload_identity, federation_rule_id: fdrl_1, verify: true,\n"
        "    organization_id: 00000000-0000-0000-0000-000000000000}\n"
        "  bad: {type: anthropic_api_key, from: {env: D}, verify: yes, expect_organization: a, expect_workspace: x}\n"
    )
    assert refused(text) == (
        "error FF180: flowforge.yaml:4:56: this type of credential cannot be verified\n"
        "  why: Anthropic is asked about nothing but an API key, and never gets a Claude Code OAuth token\n"
        "  fix: remove it; anthropic_api_key can be verified\n"
        'error FF180: flowforge.yaml:5:54: "verify" cannot stand beside "allow_nonstandard"\n'
        "  why: a gateway's key is not Anthropic's, and is never sent to it\n"
        "  fix: remove one of the two\n"
        'error FF180: flowforge.yaml:6:51: "expect_workspace" needs verify\n'
        "  why: only a key that Anthropic is asked about can be compared\n"
        "  fix: add `verify: true`, or remove it\n"
        'error FF120: flowforge.yaml:7:72: the key "verify" is not known here\n'
        "  fix: remove it: a workload identity has only IDs\n"
        'error FF122: flowforge.yaml:9:58: "verify" must be true or false, but this is a string\n'
        "  fix: write true or false, without quotes\n"
        "error FF139: flowforge.yaml:9:84: this is not the ID of an organization at Anthropic\n"
        "  why: it is 8-4-4-4-12 hexadecimal digits\n"
        "  fix: copy it from the Claude Console\n"
        "error FF139: flowforge.yaml:9:105: this is not the ID of a workspace at Anthropic\n"
        "  why: it begins with wrkspc_\n"
        "  fix: copy it from the Claude Console"
    )

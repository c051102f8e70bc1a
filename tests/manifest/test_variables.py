"""Workload identities in a manifest: what they become, and the exact text of what is wrong with them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flowforge.manifest.expand import expand
from flowforge.plan.address import Repo
from flowforge.plan.audience import Audience, Viewer
from flowforge.plan.facts import Presence, Public

if TYPE_CHECKING:
    from tests.manifest.conftest import Loader

UUID = "0123abCD-0000-0000-0000-00000000000f"
GOOD = f"""\
version: 1
defaults: {{stores: [dependabot]}}
credentials:
  federated:
    type: anthropic_workload_identity
    federation_rule_id: fdrl_01Ab-c_d
    organization_id: {UUID}
    service_account_id: svac_1
    workspace_id: wrkspc_1
  plain: {{type: anthropic_workload_identity, federation_rule_id: fdrl_2, organization_id: {UUID}}}
targets:
  - {{name: All, repos: [acme/api], credential: federated}}
  - {{name: Some, repos: [acme/web], credential: plain, environments: [Production], create_environment: true}}
absent:
  - {{name: Goes, repos: [acme/web], variable: anthropic_workspace_id}}
  - {{name: There too, repos: [acme/web], variable: OLD, environments: [staging]}}
  - {{name: A secret, repos: [acme/web], secret: OLD}}
"""

CASES = f"""
## no ids
version: 1
credentials: {{k: {{type: anthropic_workload_identity}}}}
targets: [{{name: t, repos: [acme/api], credential: k}}]
=>
error FF121: flowforge.yaml:2:18: "k" has no "federation_rule_id"
  fix: add `federation_rule_id:`
error FF121: flowforge.yaml:2:18: "k" has no "organization_id"
  fix: add `organization_id:`
## wrong ids
version: 1
credentials:
  k:
    type: anthropic_workload_identity
    federation_rule_id: fdis_1
    organization_id: acme
    service_account_id: svac_
    workspace_id: "wrkspc_1 "
targets: [{{name: t, repos: [acme/api], credential: k}}]
=>
error FF139: flowforge.yaml:5:25: this is not the ID of a federation rule at Anthropic
  why: it begins with fdrl_
  fix: copy it from the Claude Console
error FF139: flowforge.yaml:6:22: this is not the ID of an organization at Anthropic
  why: it is 8-4-4-4-12 hexadecimal digits
  fix: copy it from the Claude Console
error FF139: flowforge.yaml:7:25: this is not the ID of a service account at Anthropic
  why: it begins with svac_
  fix: copy it from the Claude Console
error FF139: flowforge.yaml:8:19: this is not the ID of a workspace at Anthropic
  why: it begins with wrkspc_
  fix: copy it from the Claude Console
## an empty id
version: 1
credentials: {{k: {{type: anthropic_workload_identity, federation_rule_id: '', organization_id: {UUID}}}}}
targets: [{{name: t, repos: [acme/api], credential: k}}]
=>
error FF139: flowforge.yaml:2:74: this is not the ID of a federation rule at Anthropic
  why: it begins with fdrl_
  fix: copy it from the Claude Console
## keys of a secret
version: 1
credentials:
  k:
    type: anthropic_workload_identity
    federation_rule_id: fdrl_1
    organization_id: {UUID}
    from: {{env: K}}
    secret: X
    expires: 2027-01-01
    federation_rule: x
targets: [{{name: t, repos: [acme/api], credential: k}}]
=>
error FF120: flowforge.yaml:7:5: the key "from" is not known here
  fix: remove it: a workload identity has only IDs
error FF120: flowforge.yaml:8:5: the key "secret" is not known here
  fix: remove it: a workload identity has only IDs
error FF120: flowforge.yaml:9:5: the key "expires" is not known here
  fix: remove it: a workload identity has only IDs
error FF120: flowforge.yaml:10:5: the key "federation_rule" is not known here
  fix: did you mean "federation_rule_id"?
## ids of a secret
version: 1
credentials: {{k: {{type: anthropic_api_key, from: {{env: K}}, federation_rule_id: fdrl_1}}}}
targets: [{{name: t, repos: [acme/api], credential: k}}]
=>
error FF120: flowforge.yaml:2:60: the key "federation_rule_id" is not known here
  fix: remove it, or write `type: anthropic_workload_identity` and only the IDs
## what a target cannot say
version: 1
credentials: {{k: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}}}
targets: [{{name: t, repos: [acme/api], credential: k, secret: X, stores: [actions]}}]
=>
error FF138: flowforge.yaml:3:55: "secret" cannot be used with this credential
  why: "k" is a workload identity: Actions variables, whose names are given
  fix: remove it, or write a separate entry
error FF138: flowforge.yaml:3:66: "stores" cannot be used with this credential
  why: "k" is a workload identity: Actions variables, whose names are given
  fix: remove it, or write a separate entry
## what does not go with a variable
version: 1
absent: [{{name: a, repos: [acme/api], variable: X, secret: Y, stores: [actions]}}]
=>
error FF138: flowforge.yaml:2:52: "secret" cannot be used with "variable"
  why: the entry names a variable, and only Actions has variables
  fix: remove it, or write a separate entry
error FF138: flowforge.yaml:2:63: "stores" cannot be used with "variable"
  why: the entry names a variable, and only Actions has variables
  fix: remove it, or write a separate entry
## of an organization
version: 1
credentials: {{k: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}}}
targets: [{{name: t, org: acme, visible_to: all, credential: k, stores: [agents]}}]
=>
error FF138: flowforge.yaml:3:64: "stores" cannot be used with this credential
  why: "k" is a workload identity: Actions variables, whose names are given
  fix: remove it, or write a separate entry
## the name of a variable
version: 1
absent: [{{name: a, repos: [acme/api], variable: GITHUB_X}}]
=>
error FF125: flowforge.yaml:2:49: this cannot be the name of a variable
  why: a name has only letters, digits and _, and does not begin with a digit or GITHUB_
  fix: write a name like ANTHROPIC_FEDERATION_RULE_ID
## no name at all
version: 1
absent: [{{name: a, repos: [acme/api]}}]
=>
error FF121: flowforge.yaml:2:10: item 1 of "absent" has no "secret"
  fix: add `secret:`
## two identities
version: 1
credentials:
  a: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}
  b: {{type: anthropic_workload_identity, federation_rule_id: fdrl_2, organization_id: {UUID}}}
targets:
  - {{name: one, repos: [acme/api], credential: a}}
  - {{name: two, repos: [acme/api], credential: b}}
=>
error FF150: flowforge.yaml:7:5: ANTHROPIC_FEDERATION_RULE_ID of "acme/api/variables" and 1 more is wanted with two \
credentials: "a" and "b"
  why: "one" at flowforge.yaml:6:5 wants it with the former
  fix: exclude the repository from one of the two targets
"""


def test_wrong(given: str, expected: str, refused: Callable[[str], str]) -> None:
    """Each has its position, what is wrong and what to write; no ID that is wrong is quoted."""
    assert expected == refused(given)


def test_the_places(loaded: "Loader") -> None:
    """Each ID that is given is a variable of each repo or environment; the default stores have no say in it."""
    found = [(str(place.address), place.presence, place.value) for place in expand(loaded(GOOD))]
    wanted, gone = Presence.PRESENT, Presence.ABSENT
    inside = "acme/web/variables/environments/Production"
    assert [
        ("acme/api/variables/ANTHROPIC_FEDERATION_RULE_ID", wanted, Public("fdrl_01Ab-c_d")),
        ("acme/api/variables/ANTHROPIC_ORGANIZATION_ID", wanted, Public(UUID)),
        ("acme/api/variables/ANTHROPIC_SERVICE_ACCOUNT_ID", wanted, Public("svac_1")),
        ("acme/api/variables/ANTHROPIC_WORKSPACE_ID", wanted, Public("wrkspc_1")),
        ("acme/web/dependabot/OLD", gone, None),
        ("acme/web/variables/ANTHROPIC_WORKSPACE_ID", gone, None),
        (f"{inside}/ANTHROPIC_FEDERATION_RULE_ID", wanted, Public("fdrl_2")),
        (f"{inside}/ANTHROPIC_ORGANIZATION_ID", wanted, Public(UUID)),
        ("acme/web/variables/environments/staging/OLD", gone, None),
    ] == found


def test_of_an_organization(loaded: "Loader") -> None:
    """Each ID is one of its variables, for those whom visible_to names; one that must not be there is there once."""
    identity = f"{{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}"
    found = expand(
        loaded(
            f"version: 1\ncredentials: {{k: {identity}}}\n"
            "targets: [{name: t, org: Acme, visible_to: {repos: [acme/api]}, credential: k}]\n"
            "absent: [{name: a, org: acme, variable: old}]\n"
        )
    )
    viewers = Audience.selected([Viewer(Repo.parse("acme/api"))])
    assert [
        ("orgs/Acme/variables/ANTHROPIC_FEDERATION_RULE_ID", Presence.PRESENT, Public("fdrl_1"), viewers),
        ("orgs/Acme/variables/ANTHROPIC_ORGANIZATION_ID", Presence.PRESENT, Public(UUID), viewers),
        ("orgs/acme/variables/OLD", Presence.ABSENT, None, None),
    ] == [(str(place.address), place.presence, place.value, place.audience) for place in found]

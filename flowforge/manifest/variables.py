"""What becomes Actions variables: workload identities, their targets, and absent entries that name a variable."""

from dataclasses import replace
from pathlib import Path

from flowforge.credentials.workload_identity import REQUIRED, TYPE, VARIABLES
from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Credential, Lists, Only
from flowforge.manifest.nodes import Node
from flowforge.manifest.scalars import read_policy
from flowforge.manifest.source_spec import SourceSpec
from flowforge.plan.address import Store


def read_identity(name: str, where: Where, node: Node, folder: Path, only: Only | None) -> Credential | None:
    """Read a workload identity, which the schema has checked. Return None for one that is not sound."""
    if not node.sound or any(not node.text(key) for key in REQUIRED):
        return None
    return Credential(
        name=name,
        type=TYPE,
        secret="",
        # Nothing is read: the IDs stand in the manifest and are no secret.
        source=SourceSpec("", {}, where, folder),
        expires=None,
        issued=None,
        max_age=None,
        allow_nonstandard=False,
        where=where,
        variables=tuple((variable, node.text(key)) for key, variable in VARIABLES.items() if node.text(key)),
        on_drift=read_policy(node.text("on_drift")),
        only=only,
        owner=node.text("owner"),
        note=node.text("note"),
    )


def of_variables(lists: Lists) -> Lists:
    """Return the lists of variables that belong to these lists of secrets. Only Actions has variables."""
    # Whatever `defaults.stores` says: there are no Dependabot or Codespaces variables on GitHub.
    return replace(lists, stores=(Store.VARIABLES,))


def check_target(node: Node, credential: Credential, findings: Findings) -> None:
    """Report (FF138) keys that a target of a workload identity cannot have."""
    why = f"{quote(credential.name)} is a workload identity: Actions variables, whose names are given"
    _refuse(node, ("secret", "stores"), "cannot be used with this credential", why, findings)


def check_absent(node: Node, findings: Findings) -> None:
    """Report (FF138) keys that cannot stand beside the `variable` of an absent entry."""
    why = "the entry names a variable, and only Actions has variables"
    _refuse(node, ("secret", "stores"), 'cannot be used with "variable"', why, findings)


def _refuse(node: Node, keys: tuple[str, ...], what: str, why: str, findings: Findings) -> None:
    for key in keys:
        if key in node.entries():
            fix = "remove it, or write a separate entry"
            findings.add(node.key(key), "FF138", f"{quote(key)} {what}", why=why, fix=fix)

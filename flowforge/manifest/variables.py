"""What writes Actions variables: credentials that are a workload identity, and their targets and absent entries."""

from dataclasses import replace
from pathlib import Path

from flowforge.credentials.workload_identity import REQUIRED, TYPE, VARIABLES
from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Credential, Lists, SourceSpec
from flowforge.manifest.nodes import Node
from flowforge.manifest.scalars import read_policy
from flowforge.plan.address import Store


def read_identity(name: str, where: Where, node: Node, folder: Path) -> Credential | None:
    """Read a workload identity, which the schema has checked; None for one that is not sound."""
    if not node.sound or any(not node.text(key) for key in REQUIRED):
        return None
    return Credential(
        name=name,
        type=TYPE,
        secret="",
        source=SourceSpec("", {}, where, folder),
        expires=None,
        issued=None,
        max_age=None,
        allow_nonstandard=False,
        where=where,
        variables=tuple((variable, node.text(key)) for key, variable in VARIABLES.items() if node.text(key)),
        on_drift=read_policy(node.text("on_drift")),
    )


def of_variables(lists: Lists) -> Lists:
    """Give the lists of variables beside these lists of secrets: Actions alone has them, whatever the default."""
    return replace(lists, stores=(Store.VARIABLES,))


def check_target(node: Node, credential: Credential, findings: Findings) -> None:
    """Report (FF138) what a target of a workload identity cannot say."""
    why = f"{quote(credential.name)} is a workload identity: Actions variables, whose names are given"
    _refuse(node, ("secret", "stores"), "does not go with this credential", why, findings)


def check_absent(node: Node, findings: Findings) -> None:
    """Report (FF138) what stands beside a variable that is to be absent."""
    why = "the entry names a variable, and Actions alone has variables"
    _refuse(node, ("secret", "stores"), 'does not go with "variable"', why, findings)


def _refuse(node: Node, keys: tuple[str, ...], what: str, why: str, findings: Findings) -> None:
    for key in keys:
        if key in node.entries():
            fix = "remove it, or write an entry of its own"
            findings.add(node.key(key), "FF138", f"{quote(key)} {what}", why=why, fix=fix)

"""What becomes Actions variables: workload identities, identifiers, their targets, and absent entries that name one."""

from dataclasses import replace
from pathlib import Path

from flowforge.credentials.identifiers import IDENTIFIERS
from flowforge.credentials.workload_identity import REQUIRED, TYPE, VARIABLES
from flowforge.errors import Where, quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.messages import unlike_identifier
from flowforge.manifest.model import Credential, Lists, Only
from flowforge.manifest.nodes import Node
from flowforge.manifest.scalars import read_policy
from flowforge.manifest.source_spec import SourceSpec
from flowforge.plan.address import Store


def read_identity(name: str, where: Where, node: Node, folder: Path, only: Only | None) -> Credential | None:
    """Read a workload identity, which the schema has checked. Return None for one that is not sound."""
    if not node.sound or any(not node.text(key) for key in REQUIRED):
        return None
    variables = tuple((variable, node.text(key)) for key, variable in VARIABLES.items() if node.text(key))
    return _of_variables(name, TYPE, where, node, folder=folder, only=only, variables=variables)


def _of_variables(
    name: str,
    type_: str,
    where: Where,
    node: Node,
    *,
    folder: Path,
    only: Only | None,
    variables: tuple[tuple[str, str], ...],
) -> Credential:
    return Credential(
        name=name,
        type=type_,
        secret="",
        # Nothing is read: what becomes a variable stands in the manifest and is no secret.
        source=SourceSpec("", {}, where, folder),
        expires=None,
        issued=None,
        max_age=None,
        allow_nonstandard=False,
        where=where,
        variables=variables,
        on_drift=read_policy(node.text("on_drift")),
        only=only,
        owner=node.text("owner"),
        note=node.text("note"),
    )


def read_identifier(
    name: str, where: Where, node: Node, *, folder: Path, only: Only | None, findings: Findings
) -> Credential | None:
    """Read what becomes one variable. Report (FF181) a value that is not like its type; None for what is not sound."""
    type_ = IDENTIFIERS[node.text("type")]
    value = node.part("value")
    if value is not None and not type_.form.fullmatch(str(value.data)):
        findings.keep(value.where, unlike_identifier(type_.noun, type_.example).problem())
        return None
    if not node.sound or value is None:
        return None
    variable = (node.text("variable") or type_.variable).upper()
    named = ((variable, str(value.data)),)
    return _of_variables(name, type_.type, where, node, folder=folder, only=only, variables=named)


def of_variables(lists: Lists) -> Lists:
    """Return the lists of variables that belong to these lists of secrets. Only Actions has variables."""
    # Whatever `defaults.stores` says: there are no Dependabot or Codespaces variables on GitHub.
    return replace(lists, stores=(Store.VARIABLES,))


def check_target(node: Node, credential: Credential, findings: Findings) -> None:
    """Report (FF138) keys that a target of a workload identity cannot have."""
    kind = "is a workload identity" if credential.type == TYPE else "is no secret"
    why = f"{quote(credential.name)} {kind}: Actions variables, whose names are given"
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

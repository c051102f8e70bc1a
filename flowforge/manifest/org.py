"""Targets and absent entries of an organization: what may stand there, and which repos may see its secret."""

from typing import Final

from flowforge.errors import quote
from flowforge.manifest.documents import Documents
from flowforge.manifest.findings import Findings
from flowforge.manifest.members import Members
from flowforge.manifest.model import Target
from flowforge.manifest.nodes import Node
from flowforge.manifest.places import Repos
from flowforge.plan.address import Repo
from flowforge.plan.audience import Visibility

# An organization's secret is in no repo: whatever chooses repos or environments belongs under `visible_to`, or nowhere.
_NOT_BESIDE: Final = (
    "repos",
    "groups",
    "select",
    "exclude",
    "allow_empty",
    "auto_admit",
    "environments",
    "create_environment",
)
_WHOLE: Final = "write `visible_to: private`, `visible_to: all` or `visible_to: {repos: [owner/name]}`"


def read_org(node: Node, documents: Documents) -> Repo | None:
    """Read `org`, if there is one. Report (FF170) keys that cannot stand beside it, and (FF112) its owner."""
    if "org" not in node.entries():
        if "visible_to" in node.entries() and node.lacks("org"):
            fix = "name the organization with `org:`, or remove it"
            documents.findings.add(node.key("visible_to"), "FF171", '"visible_to" requires org', fix=fix)
        return None
    for key in _NOT_BESIDE:
        if key in node.entries():
            why = "an organization's secret is in no repository; visible_to says who sees it"
            fix = "remove it, or name repositories under `visible_to`"
            documents.findings.add(node.key(key), "FF170", f"{quote(key)} cannot be used with org", why=why, fix=fix)
    named = node.part("org")
    if named is None:
        return None
    documents.rules.check_account(str(named.data), named.where, documents.findings, what="organization")
    return Repo.organization(str(named.data))


def read_visibility(node: Node, name: str, documents: Documents) -> Visibility | None:
    """Read from `visible_to` who sees the secret. Report (FF171) a target that does not say."""
    if "visible_to" not in node.entries():
        # There is no default: who sees a credential is a decision, and the manifest is where it is reviewed.
        if not node.bad and node.lacks("visible_to"):
            what = f"the target {quote(name)} does not say who sees its secret"
            documents.findings.add(node.where, "FF171", what, fix=_WHOLE)
        return None
    part = node.part("visible_to")
    if part is None:
        return None
    return Visibility(part.data) if isinstance(part.data, str) else Visibility.SELECTED


def check_viewers(target: Target, viewers: Repos, members: Members, findings: Findings) -> None:
    """Report viewers of another owner (FF172), and a list without any (FF173)."""
    if target.org is None or target.visibility is not Visibility.SELECTED:
        return
    strangers = [member for member in viewers.values() if member.repo.owner.lower() != target.org.key]
    if strangers:
        others = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        what = f"{quote(strangers[0].repo.name)}{others} cannot see a secret of {quote(target.org.name)}"
        why = f"the repository is another owner's; the target {quote(target.name)} is at {target.where}"
        findings.add(strangers[0].where, "FF172", what, why=why, fix="exclude it under visible_to")
    if not viewers and members.takes_none(target):
        what = f"the secret of the target {quote(target.name)} would be visible to no repository"
        fix = "name a repository under visible_to, or write `allow_empty: true` there"
        findings.add(target.where, "FF173", what, fix=fix)

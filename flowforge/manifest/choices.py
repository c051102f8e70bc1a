"""Groups, targets and absent entries: which repos they name, and under which secret."""

from collections.abc import Mapping
from typing import Final

from flowforge.errors import quote
from flowforge.manifest.documents import Documents
from flowforge.manifest.model import Absent, Choice, Credential, Group, Mention, Target
from flowforge.manifest.nodes import Node
from flowforge.plan.address import Repo

_KEYS: Final = ("repos", "groups", "exclude")


def read_groups(documents: Documents) -> Mapping[str, Group]:
    """Read `groups` of all files."""
    known = documents.names("groups")
    return {
        name: Group(name, _choice(node, f"the group {quote(name)}", known, documents), where)
        for _, name, where, node in documents.named("groups")
        if not node.bad
    }


def read_targets(documents: Documents, credentials: Mapping[str, Credential]) -> tuple[Target, ...]:
    """Read `targets` of all files; a target whose credential cannot be used is left out."""
    groups, names = documents.names("groups"), documents.names("credentials")
    found: list[Target] = []
    for node in documents.listed("targets"):
        name, wanted, secret = node.text("name"), node.text("credential"), node.text("secret")
        choice = _choice(node, f"the target {quote(name)}", groups, documents)
        if wanted and wanted not in names:
            fix = documents.findings.suggest(wanted, names, "add it under `credentials:`")
            where = node.step("credential").where
            documents.findings.add(where, "FF140", f"there is no credential {quote(wanted)}", fix=fix)
        if wanted in credentials:
            credential = credentials[wanted]
            found.append(Target(name, choice, wanted, (secret or credential.secret).upper(), node.where))
    return tuple(found)


def read_absent(documents: Documents) -> tuple[Absent, ...]:
    """Read `absent` of all files."""
    groups = documents.names("groups")
    found: list[Absent] = []
    for node in documents.listed("absent"):
        name, secret = node.text("name"), node.text("secret")
        choice = _choice(node, f"the absent entry {quote(name)}", groups, documents)
        if secret:
            found.append(Absent(name, choice, secret.upper(), node.where))
    return tuple(found)


def _choice(node: Node, owner: str, groups: Mapping[str, None], documents: Documents) -> Choice:
    """Read `repos`, `groups` and `exclude`; one that names no repos at all is reported (FF143)."""
    parts = {key: node.part(key) for key in _KEYS}
    listed = {key: part.items() if part else () for key, part in parts.items()}
    if not node.bad and not any(_names_any(node.entries().get(key)) for key in ("repos", "groups")):
        findings = documents.findings
        findings.add(
            node.where, "FF143", f"{owner} names no repositories", fix="add `repos: [owner/name]` or `groups: [name]`"
        )
    return Choice(
        repos=tuple(_repo(each, documents) for each in listed["repos"]),
        groups=tuple(_mention(each, str(each.data), groups, documents) for each in listed["groups"]),
        exclude=tuple(_exclusion(each, groups, documents) for each in listed["exclude"]),
        sound=all(part.sound for key, part in node.entries().items() if key in _KEYS),
    )


def _names_any(node: Node | None) -> bool:
    """Whether a list has an item, or something else stands in its place, which was reported."""
    return node is not None and (node.bad or any(True for _ in node.inner))


def _repo(node: Node, documents: Documents) -> Repo:
    repo = Repo.parse(str(node.data))
    documents.rules.check_owner(repo, node.where, documents.findings)
    return repo


def _exclusion(node: Node, groups: Mapping[str, None], documents: Documents) -> Mention:
    text = str(node.data)
    if text.startswith("@"):
        _mention(node, text[1:], groups, documents)
    return Mention(text, node.where)


def _mention(node: Node, name: str, groups: Mapping[str, None], documents: Documents) -> Mention:
    """Keep the mention of a group; an unknown one is reported (FF141)."""
    if name not in groups:
        fix = documents.findings.suggest(name, groups, "add it under `groups:`")
        documents.findings.add(node.where, "FF141", f"there is no group {quote(name)}", fix=fix)
    return Mention(name, node.where)

"""Groups, targets and absent entries: which repos they name, and under which secret."""

from collections.abc import Mapping
from typing import Final

from flowforge.errors import quote
from flowforge.manifest.documents import Documents, References
from flowforge.manifest.model import Absent, Choice, Credential, Group, Mention, Target
from flowforge.manifest.nodes import Node
from flowforge.plan.address import Repo

_KEYS: Final = ("repos", "groups", "exclude")


def read_groups(documents: Documents) -> Mapping[str, Group]:
    """Read `groups` of all files."""
    known = documents.references("groups")
    return {
        name: Group(name, _choice(node, Group.noun, name, known, documents), where)
        for _, name, where, node in documents.named("groups")
        if not node.bad
    }


def read_targets(documents: Documents, credentials: Mapping[str, Credential]) -> tuple[Target, ...]:
    """Read `targets` of all files; a target whose credential cannot be used is left out."""
    groups, names = documents.references("groups"), documents.references("credentials")
    found: list[Target] = []
    for node in documents.listed("targets"):
        name, wanted, secret = node.text("name"), node.text("credential"), node.text("secret")
        choice = _choice(node, Target.noun, name, groups, documents)
        if node.part("credential"):
            names.check(wanted, node.step("credential").where)
        if wanted in credentials:
            credential = credentials[wanted]
            found.append(Target(name, choice, wanted, (secret or credential.secret).upper(), node.where))
    return tuple(found)


def read_absent(documents: Documents) -> tuple[Absent, ...]:
    """Read `absent` of all files."""
    groups = documents.references("groups")
    found: list[Absent] = []
    for node in documents.listed("absent"):
        name, secret = node.text("name"), node.text("secret")
        choice = _choice(node, Absent.noun, name, groups, documents)
        if secret:
            found.append(Absent(name, choice, secret.upper(), node.where))
    return tuple(found)


def _choice(node: Node, noun: str, name: str, groups: References, documents: Documents) -> Choice:
    """Read `repos`, `groups` and `exclude`; one that names no repos at all is reported (FF143)."""
    parts = {key: node.part(key) for key in _KEYS}
    listed = {key: part.items() if part else () for key, part in parts.items()}
    if not node.bad and not any(_names_any(node.entries().get(key)) for key in ("repos", "groups")):
        fix = "add `repos: [owner/name]` or `groups: [name]`"
        documents.findings.add(node.where, "FF143", f"the {noun} {quote(name)} names no repositories", fix=fix)
    return Choice(
        repos=tuple(_repo(each, documents) for each in listed["repos"]),
        groups=tuple(_mention(each, groups) for each in listed["groups"]),
        exclude=tuple(_mention(each, groups, excluded=True) for each in listed["exclude"]),
        sound=all(part.sound for key, part in node.entries().items() if key in _KEYS),
    )


def _names_any(node: Node | None) -> bool:
    """Whether a list has an item, or something else stands in its place, which was reported."""
    return node is not None and (node.bad or any(True for _ in node.inner))


def _repo(node: Node, documents: Documents) -> Repo:
    repo = Repo.parse(str(node.data))
    documents.rules.check_owner(repo, node.where, documents.findings)
    return repo


def _mention(node: Node, groups: References, *, excluded: bool = False) -> Mention:
    """Keep a mention of a group, or what is excluded, a group or not."""
    text = str(node.data)
    if text.startswith("@") or not excluded:
        groups.check(text.removeprefix("@") if excluded else text, node.where)
    return Mention(text, node.where)

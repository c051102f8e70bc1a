"""The credential types of a manifest's own, and the tokens that are hidden and found by what they say."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from flowforge import tokens
from flowforge.credentials.identifiers import IDENTIFIERS
from flowforge.credentials.own_type import own_type
from flowforge.credentials.types import TYPES, CredentialType
from flowforge.credentials.workload_identity import TYPE
from flowforge.errors import Where, quote
from flowforge.manifest.documents import Documents
from flowforge.manifest.findings import Findings
from flowforge.manifest.messages import CREDENTIAL_FOUND, ODD_LENGTH
from flowforge.manifest.nodes import Node

# Fewer characters are no secret, and of more no token is.
_LENGTHS: Final = range(16, 4097)
KNOWN_TYPES: Final = frozenset({*TYPES, *IDENTIFIERS, TYPE})


def admit_own_tokens(documents: Documents) -> None:
    """Recognise the tokens that the manifest describes, before any of its texts is quoted.

    Report (FF109) one that stands in the manifest itself, as for the tokens that FlowForge knows.
    """
    described = [each for _, name, _, node in documents.named("types") if (each := _described(name, node)) is not None]
    tokens.admit(each.token for each in described if each.token is not None)
    if described:
        for document in documents.all:
            _find_literals(document.root, documents.findings)


def _described(name: str, node: Node) -> CredentialType | None:
    """Read leniently, as the schema was not asked yet."""
    prefix, length = node.text("prefix"), node.part("length")
    if not prefix or _objection(prefix, ()):
        return None
    chars = length.data if length is not None and length.data in _LENGTHS else 0
    return own_type(name, "", prefix, chars)


def _find_literals(root: Node, findings: Findings) -> None:
    left, met = [root], set[int]()
    while left:
        node = left.pop()
        # An alias is the same node once more.
        if id(node) in met:
            continue
        met.add(id(node))
        left.extend(node.inner)
        if isinstance(node.data, str) and not node.bad and tokens.own_literal(node.data):
            node.bad = True
            findings.keep(node.where, CREDENTIAL_FOUND.problem())


def read_types(documents: Documents) -> Mapping[str, CredentialType]:
    """Return every type that a credential of this manifest may have, by its name.

    Report (FF182) a name that FlowForge has, one that is used twice, and a prefix that is another's.
    """
    found: dict[str, CredentialType] = {}
    first: dict[str, Where] = {}
    for _, name, where, node in documents.named("types"):
        prefix, length = node.text("prefix"), node.part("length")
        for what, why in _troubles(name, prefix, found, first):
            documents.findings.add(where, "FF182", what, why=why, fix="choose another one")
        if length is not None and length.data not in _LENGTHS:
            length.bad = True
            documents.findings.keep(length.where, ODD_LENGTH.problem())
        first.setdefault(name, where)
        if node.sound and node.text("secret") and name not in KNOWN_TYPES:
            chars = length.data if length is not None else 0
            found.setdefault(name, own_type(name, node.text("secret"), prefix, int(chars)))
    return {**TYPES, **found}


def _troubles(
    name: str, prefix: str, found: Mapping[str, CredentialType], first: Mapping[str, Where]
) -> Iterator[tuple[str, str]]:
    if name in KNOWN_TYPES:
        yield f"the type {quote(name)} is FlowForge's own", "what its values are like is known"
    if name in first:
        yield f"the type {quote(name)} is there twice", f"it is at {first[name]} already"
    others = [each.begins for other, each in found.items() if other != name and each.begins]
    whose = _objection(prefix, others) if prefix else ""
    if whose:
        yield f"the prefix of the type {quote(name)} is taken", f"a value that begins so may be {whose}"


def _objection(prefix: str, others: Iterable[str]) -> str:
    """Return what else may begin like a prefix; empty where nothing does."""

    def meets(stem: str) -> bool:
        return stem.startswith(prefix) or prefix.startswith(stem)

    known = next((each.noun for each in tokens.TOKENS if meets(each.stem)), "")
    return known or ("of another type" if any(map(meets, others)) else "")

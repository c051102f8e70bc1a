"""Read how to sign in to GitHub: with a token, or as an App, for every owner and for single ones."""

from collections.abc import Mapping
from dataclasses import replace

from flowforge.errors import quote
from flowforge.manifest.credentials import read_source
from flowforge.manifest.documents import Documents, ManifestDocument
from flowforge.manifest.github_settings import AppSettings, AuthSettings
from flowforge.manifest.nodes import Node
from flowforge.manifest.source_spec import SourceSpec


def read_auth(
    node: Node | None, document: ManifestDocument, documents: Documents, key: str = "github.auth"
) -> AuthSettings:
    """Read one `auth`. Report (FF116) a token beside an App. key: its place, for messages."""
    if node is None:
        return AuthSettings(key=key)
    token, app = node.part("token"), node.part("app")
    if token is not None and app is not None:
        what, why = f"{key} has a token and an app", "FlowForge signs in to an owner in one way"
        documents.findings.add(node.key("app"), "FF116", what, why=why, fix="remove one of them")
    source = read_plain_source(token, document, documents)
    return AuthSettings(source, None if source else _app(app, document, documents), key)


def read_owners(node: Node | None, document: ManifestDocument, documents: Documents) -> Mapping[str, AuthSettings]:
    """Read `owners`, by their names in lower case.

    Report FF117 for one that says nothing, or that stands there twice, and FF112 for one that is not allowed.
    """
    owners = node.part("owners") if node else None
    found: dict[str, AuthSettings] = {}
    for name, each in owners.entries().items() if owners else ():
        where = owners.key(name) if owners else each.where
        documents.rules.check_account(name, where, documents.findings, what="owner")
        if name.lower() in found:
            why, fix = "GitHub does not tell them apart by case", "remove one of them"
            documents.findings.add(where, "FF117", f"the owner {quote(name)} is there twice", why=why, fix=fix)
        auth = read_auth(each, document, documents, f"github.auth.owners.{name}")
        if not auth.says and each.sound and not {"token", "app"} & each.entries().keys():
            what, fix = f"the owner {quote(name)} has neither a token nor an app", "write one of them, or remove it"
            documents.findings.add(where, "FF117", what, fix=fix)
        found[name.lower()] = replace(auth, where=where)
    return found


def read_plain_source(node: Node | None, document: ManifestDocument, documents: Documents) -> SourceSpec | None:
    """Read a source without placeholders: its value is the same for every repository."""
    return read_source(node, document.folder, documents, per_repo=False) if node else None


def _app(node: Node | None, document: ManifestDocument, documents: Documents) -> AppSettings | None:
    key = read_plain_source(node.part("private_key"), document, documents) if node else None
    return AppSettings(node.text("client_id"), key) if node and key and node.text("client_id") else None

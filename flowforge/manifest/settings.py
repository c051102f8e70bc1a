"""The sections that stand once in a manifest: github, state, defaults."""

from pathlib import Path

from flowforge.manifest.documents import Documents
from flowforge.manifest.model import GitHubSettings
from flowforge.manifest.origins import read_source
from flowforge.manifest.values import Unusable, read_api_url, read_policy
from flowforge.plan.action import OnDrift


def read_github(documents: Documents) -> GitHubSettings:
    """Read `github`; an unusable address is reported (FF129)."""
    document, section = documents.single("github")
    text, auth = section.text("api_url"), section.part("auth")
    url = read_api_url(text) if text else ""
    if isinstance(url, Unusable):
        where, what = section.step("api_url").where, "this address of a GitHub API cannot be used"
        documents.findings.add(where, "FF129", what, why=url.why, fix=url.fix)
        url = ""
    token = auth.part("token") if auth else None
    source = read_source(token, document.folder, documents, per_repo=False) if token else None
    return GitHubSettings(url, source, section.where)


def read_state_file(documents: Documents) -> Path:
    """Read `state.file`; the default is `documents.default_state`."""
    document, section = documents.single("state")
    text = section.text("file")
    if not text:
        return documents.default_state
    documents.rules.check_path(text, document.folder, section.step("file").where, documents.findings)
    return documents.rules.locate(text, document.folder)


def read_on_drift(documents: Documents) -> OnDrift:
    """Read `defaults.on_drift`."""
    _, section = documents.single("defaults")
    return read_policy(section.text("on_drift")) or OnDrift.OVERWRITE

"""The sections that stand once in a manifest: github, state, defaults."""

import os
import re
from typing import Final

from flowforge.api_address import Unusable
from flowforge.errors import Where, quote
from flowforge.manifest.auth import read_auth, read_owners, read_plain_source
from flowforge.manifest.documents import Documents, ManifestDocument
from flowforge.manifest.github_settings import AuthSettings, BranchSettings, GitHubSettings
from flowforge.manifest.messages import TWO_STATES, no_place_for_state, unusable_api
from flowforge.manifest.model import StateSettings
from flowforge.manifest.nodes import Node
from flowforge.manifest.placeholders import check_braces, check_names, names_in, of_owners
from flowforge.manifest.scalars import read_api_url, read_policy
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Repo

_PLACEHOLDER: Final = "owner"
DEFAULT_BRANCH: Final = "flowforge-state"
# Of a branch or a path, as in the schema, which never sees what `--from-github` names.
_NAME: Final = re.compile(r"[A-Za-z0-9._-][A-Za-z0-9._/-]{0,199}")


def read_github(documents: Documents) -> GitHubSettings:
    """Read `github`. Report (FF129) an address that cannot be used."""
    document, section = documents.single("github")
    text, auth = section.text("api_url"), section.part("auth")
    url = read_api_url(text) if text else ""
    if isinstance(url, Unusable):
        documents.findings.keep(section.step("api_url").where, unusable_api(url.why, url.fix).problem())
        url = ""
    return GitHubSettings(
        url, section.where, read_auth(auth, document, documents), read_owners(auth, document, documents)
    )


def read_state(documents: Documents) -> StateSettings:
    """Read `state`. The default is the file `documents.default_state`."""
    document, section = documents.single("state")
    key = read_plain_source(section.part("key"), document, documents)
    text, github, default = section.text("file"), section.part("github"), documents.default_state
    if github is not None:
        if text:
            documents.findings.keep(section.step("file").where, TWO_STATES.problem())
        branch, bounds = _branch(document, github, documents), documents.rules.files.below(default.parent)
        _, per_owner = _owned(github, "path", documents)
        return StateSettings(default, branch, key, bounds, usual=default, per_owner=per_owner)
    if not text:
        # The default is checked as well: a link of that name in a pull request could lead out of the checkout.
        documents.rules.check_path(default.name, default.parent, Where(section.where.file), documents.findings)
        return StateSettings(default, key=key, bounds=documents.rules.files.below(default.parent))
    text, per_owner = _owned(section, "file", documents)
    documents.rules.check_path(text, document.folder, section.step("file").where, documents.findings)
    file = documents.rules.locate(text, document.folder)
    try:
        os.fsencode(file)
    except ValueError:  # the C locale has no letter outside ASCII
        fix = "write it in ASCII, or run flowforge where the locale is UTF-8"
        what = f"no file can be called {quote(text)} here"
        documents.findings.add(section.step("file").where, "FF110", what, fix=fix)
    usual = None if file.absolute() == default else default
    bounds = documents.rules.files.below(document.folder)
    return StateSettings(file, key=key, bounds=bounds, usual=usual, per_owner=per_owner)


def _owned(node: Node, key: str, documents: Documents) -> tuple[str, bool]:
    """Return a path, and whether it has `{owner}` in it. Report (FF131) what else is in braces."""
    text = node.text(key)
    if not text or not check_braces(text, where := node.step(key).where, documents.findings):
        return text, False
    otherwise = "write {owner}, for a state of each owner, or {{ for a brace"
    check_names(text, where, documents.findings, (_PLACEHOLDER,), otherwise=otherwise)
    return of_owners(text), _PLACEHOLDER in names_in(text)


def _branch(document: ManifestDocument, node: Node, documents: Documents) -> BranchSettings | None:
    """Read `state.github`. Report (FF112) an owner that is not allowed, and (FF149) an impossible branch or path."""
    named = node.part("repo")
    if named is None or node.bad:
        return None
    repo, auth = Repo.parse(str(named.data)), node.part("auth")
    documents.rules.check_owner(repo, named.where, documents.findings)
    branch, path = node.text("branch") or DEFAULT_BRANCH, of_owners(node.text("path")) or documents.default_state.name
    for key, objection in (("branch", _no_branch(branch)), ("path", _no_path(path))):
        if objection:
            documents.findings.keep(node.step(key).where, no_place_for_state(key, objection).problem())
    signed = read_auth(auth, document, documents, "state.github.auth")
    return BranchSettings(repo, branch, path, signed, node.where)


def branch_at(text: str, path: str, where: Where) -> BranchSettings | None:
    """Read `owner/repo:branch:path`, where the last two may be missing. Return None for any other text."""
    name, _, rest = text.partition(":")
    branch, _, named = rest.partition(":")
    branch, path = branch or DEFAULT_BRANCH, named or path
    try:
        repo = Repo.parse(name)
    except ValueError:
        return None
    named_so = _NAME.fullmatch(branch) and _NAME.fullmatch(path)
    return (
        None
        if not named_so or _no_branch(branch) or _no_path(path)
        else BranchSettings(repo, branch, path, AuthSettings(), where)
    )


def _no_branch(text: str) -> str:
    """Return why git accepts no branch of this name; empty if it does. The schema has refused unusual characters."""
    # The rules of `git help check-ref-format`. GitHub would refuse it too, but only when the first state is written.
    parts = text.split("/")
    if ".." in text or not all(parts) or any(each.startswith(".") or each.endswith((".", ".lock")) for each in parts):
        return "git accepts no branch with this name"
    return "a branch cannot begin with -" if text.startswith("-") else ""


def _no_path(text: str) -> str:
    """Return why no state can be at a path in a repository; empty if it can."""
    parts = text.split("/")
    if not all(parts) or {".", ".."} & set(parts):
        return "it is not a path in a repository"
    # A file that a run writes must not become a workflow, or change a setting of the repository.
    if parts[0].lower() in (".github", ".git"):
        return f"what is below {parts[0]} has a meaning for GitHub"
    return "" if text.endswith(".json") else "it does not end in .json"


def read_on_drift(documents: Documents) -> OnDrift:
    """Read `defaults.on_drift`."""
    _, section = documents.single("defaults")
    return read_policy(section.text("on_drift")) or OnDrift.OVERWRITE

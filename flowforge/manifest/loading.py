"""From paths to a checked manifest: find, read, parse, check, build. All problems are reported at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flowforge.errors import ManifestError, Problem, Where, printable, quote
from flowforge.manifest.credentials import read_credentials
from flowforge.manifest.documents import Documents, ManifestDocument
from flowforge.manifest.expand import find_places
from flowforge.manifest.files import File, find_files, is_folder, lines_with, read_text, unread_folders
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Manifest
from flowforge.manifest.own_types import admit_own_tokens
from flowforge.manifest.owner_checks import check_owners
from flowforge.manifest.parse import parse
from flowforge.manifest.passed_variables import check_passed
from flowforge.manifest.schema import check
from flowforge.manifest.settings import read_github, read_on_drift, read_state
from flowforge.manifest.state_key_check import check_key
from flowforge.manifest.targets import read_absent, read_groups, read_stores, read_targets
from flowforge.manifest.trust import Rules
from flowforge.real_path import real_path
from flowforge.tokens import literal


def load(paths: Sequence[Path], *, environ: Mapping[str, str]) -> Manifest:
    """Read the files and folders at `paths` (at least one) as one manifest. No source is opened and nobody is asked.

    environ: the operator's rules come from it, FLOWFORGE_ALLOWED_SOURCES, _OWNERS and _PATHS, CI and HOME. Raise
    ManifestError (FF1xx) with everything that is wrong, sorted by position. If a file cannot be read at all, as with a
    syntax error, only that is reported.
    """
    findings = Findings()
    rules = Rules.of(environ)
    files = find_files(paths, rules.files)
    documents = Documents(_parse_all(files, findings), _default_state(paths[0]), rules, findings)
    named = {real_path(path) for path in paths}
    for folder in unread_folders(paths, rules.files):
        if real_path(folder) not in named:
            findings.warn(
                Where(printable(str(folder))), "the manifests in this folder are not read: name it with -m too"
            )
    admit_own_tokens(documents)
    for document in documents.all:
        check(document.root, findings)
    # Built even if there are problems: each step skips what is bad and reports what it finds in the rest.
    manifest = _build(documents)
    _warn_of_unused(manifest, documents)
    findings.raise_any()
    return replace(manifest, warnings=findings.warnings)


def _default_state(path: Path) -> Path:
    """Return the state's path beside the first manifest: `prod.state.json` for `prod.yaml`; for a folder, inside it."""
    manifest = path / "flowforge.yaml" if is_folder(path) else path
    return manifest.with_name(f"{manifest.stem}.state.json").absolute()


def _parse_all(files: Sequence[File], findings: Findings) -> tuple[ManifestDocument, ...]:
    """Parse every file. Raise ManifestError with what keeps any of them from being read."""
    documents: list[ManifestDocument] = []
    fatal: list[Problem] = []
    for file in files:
        try:
            text = read_text(file)
            root = parse(text, file.shown, findings)
        except ManifestError as error:
            fatal += error.problems
        else:
            documents.append(ManifestDocument(file.path, file.path.parent.absolute(), root))
            # A parser drops comments, so the text itself is searched. Elsewhere it is an error, which is not repeated.
            for where in lines_with(literal(), text, file.shown):
                findings.warn(where, "this comment contains what looks like a credential: remove and rotate it")
    if fatal:
        raise ManifestError(*fatal)
    return tuple(documents)


def _build(documents: Documents) -> Manifest:
    """Build the model from what is sound, and report the rest."""
    documents.check_names()
    documents.check_selecting()
    documents.check_purpose()
    credentials, stores = read_credentials(documents), read_stores(documents)
    manifest = Manifest(
        files=tuple(document.path for document in documents.all),
        folder=documents.all[0].folder,
        github=read_github(documents),
        state=read_state(documents),
        on_drift=read_on_drift(documents),
        credentials=credentials,
        groups=read_groups(documents),
        targets=read_targets(documents, credentials, stores),
        absent=read_absent(documents, stores),
        audit=any(node.data is True for _, node in documents.sections("audit")),
    )
    # What only the whole shows: the state's key, variables that programs get, tokens of owners, two entries that meet.
    check_key(manifest, documents.findings)
    check_passed(manifest, documents.findings)
    check_owners(manifest, documents.findings)
    find_places(manifest, documents.findings)
    return manifest


def _warn_of_unused(manifest: Manifest, documents: Documents) -> None:
    # No error: while a credential is being replaced, the old one may stay for a day without a target.
    used = {target.credential for target in manifest.targets}
    for name, credential in manifest.credentials.items():
        if name not in used:
            documents.findings.warn(credential.where, f"no target uses the credential {quote(name)}")

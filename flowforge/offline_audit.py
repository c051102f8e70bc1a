"""What `flowforge audit --path` does: a checkout, judged without a token and without a request."""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from flowforge import offline
from flowforge.audit.checkout import Checkout, read_checkout, repo_of
from flowforge.audit.fixes.propose import Proposal, propose
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoAudit, RepoFacts
from flowforge.errors import AuditError, ManifestError, Problem, quote
from flowforge.manifest.places import Place

MANIFEST: Final = "flowforge.yaml"


def fixes_of_checkout(root: Path, manifests: Sequence[Path], environ: Mapping[str, str], *, guards: bool) -> Proposal:
    """Return the patch for a checkout. The rest is as for `audit_checkout`, which has said all warnings."""
    checkout, facts = _read(root, manifests, environ, lambda _: None)
    return propose(checkout.files, facts, checkout.unread, guards=guards)


def audit_checkout(
    root: Path, manifests: Sequence[Path], environ: Mapping[str, str], warn: Callable[[str], None]
) -> RepoAudit:
    """Return what an audit says of a checkout.

    manifests: where the types of secrets are looked up; without any, the one in the checkout if there is one, and a
    problem of that is only warned of. Raise AuditError (FF700) for a folder that cannot be read, ManifestError for a
    manifest that was named.
    """
    checkout, facts = _read(root, manifests, environ, warn)
    return audit(checkout.files, facts, checkout.unread)


def _read(
    root: Path, manifests: Sequence[Path], environ: Mapping[str, str], warn: Callable[[str], None]
) -> tuple[Checkout, RepoFacts]:
    name = repo_of(root)
    try:
        checkout = read_checkout(root)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        what = f"the checkout {quote(os.fspath(root))} cannot be read"
        fix = "name the folder in which .github is"
        raise AuditError(Problem("FF700", what, why=why, fix=fix)) from None
    # Who names a manifest wants its errors. One that only lies there must not keep a checkout from its audit.
    types = _types(manifests, environ, name) if manifests else _types_beside(root, environ, name, warn)
    return checkout, RepoFacts(name=name, types=types)


def _types_beside(
    root: Path, environ: Mapping[str, str], name: str | None, warn: Callable[[str], None]
) -> dict[str, str]:
    manifest = root / MANIFEST
    if not manifest.is_file():
        return {}
    try:
        return _types([manifest], environ, name)
    except ManifestError:
        look = f"see `flowforge validate {shlex.quote(str(manifest))}`"
        warn(f"{manifest} has errors, so the types of its credentials are not known here; {look}")
        return {}


def _types(manifests: Sequence[Path], environ: Mapping[str, str], name: str | None) -> dict[str, str]:
    """Return the type of credential that the manifest puts into each secret, where it is the same everywhere."""
    _, places = offline.validate(manifests, environ)
    found: dict[str, set[str]] = {}
    for place in places:
        if place.credential is not None and _concerns(place, name):
            found.setdefault(place.address.secret, set()).add(place.credential.type)
    # A name with two types in two places tells nothing of either: it is left out, and no `wrong-kind` rests on it.
    return {secret: min(kinds) for secret, kinds in found.items() if len(kinds) == 1}


def _concerns(place: Place, name: str | None) -> bool:
    """Whether a place is one of a repository, as far as the repository is known; an organization's concerns all."""
    # Without a remote nobody knows whose checkout it is; then all places count, and contradictions cancel out above.
    repo = place.address.scope.repo
    return name is None or repo.is_organization or str(repo).lower() == name.lower()

"""What can be wrong on this machine before anybody is asked: variables, programs, files."""

import difflib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from flowforge.ci_systems import doubt
from flowforge.errors import FlowForgeError, printable, quote
from flowforge.manifest.model import Manifest
from flowforge.manifest.placeholders import names_in
from flowforge.manifest.source_spec import SourceSpec
from flowforge.paths import ANYWHERE
from flowforge.plan.diagnosis import Diagnosis, about, of_error, well, wrong
from flowforge.programs import trusted_path
from flowforge.resources import schema_text
from flowforge.source_types import Names, Runs
from flowforge.steps.verify import ADMIN_KEY
from flowforge.steps.verify.check import require_usable

SCHEMA_FILE: Final = ".flowforge.schema.json"
# More than any schema of FlowForge's has; what is longer is another one.
_MOST_SCHEMA: Final = 1_000_000
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_SCHEMES: Final = frozenset({"http", "https", "socks5", "socks5h"})
# Those that no option of the command line has.
_OTHERS: Final = frozenset(
    {
        *("FLOWFORGE_GITHUB_TOKEN", "FLOWFORGE_STATE_KEY", "FLOWFORGE_STATE_KEY_OLD", "FLOWFORGE_CACHE_DIR"),
        *("FLOWFORGE_ALLOWED_HOSTS", "FLOWFORGE_ALLOWED_SOURCES", "FLOWFORGE_ALLOWED_OWNERS"),
        *("FLOWFORGE_ALLOWED_PATHS", "FLOWFORGE_ALLOWED_VERIFY_HOSTS", "FLOWFORGE_ANTHROPIC_URL"),
        *("FLOWFORGE_ANTHROPIC_ADMIN_KEY", "FLOWFORGE_TIME_SCALE", "FLOWFORGE_DEADLINE_SCALE"),
    }
)


def look_at_variables(environ: Mapping[str, str], options: Iterable[str]) -> list[Diagnosis]:
    """Return what is wrong with variables that steer FlowForge. options: those that its options have.

    A misspelt one is nobody's error: it is not read, and the rule that it was to set does not hold.
    """
    known = {*_OTHERS, *options}
    found: list[Diagnosis] = []
    for name in sorted(environ):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.85) if name.startswith("FLOWFORGE_") else []
        if near and name not in known:
            what = f"the variable {quote(name)} is not one of FlowForge's, and nothing reads it"
            found.append(wrong("variables", what, f"did you mean {near[0]}?"))
    found += _proxies(environ)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if environ.get(name) and not Path(environ[name]).exists():
            what = f"{name} names {quote(environ[name])}, and there is no such file"
            found.append(wrong("network", what, f"correct {name}, or unset it"))
    return found or [well("variables", "what steers FlowForge and its connections can be read")]


def _proxies(environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    for name in (*_PROXIES, *map(str.lower, _PROXIES)):
        if not environ.get(name):
            continue
        # Nothing of it is shown: it may have a password.
        try:
            url = urlsplit(environ[name])
            usable = url.scheme in _SCHEMES and bool(url.hostname) and url.port != 0
        except ValueError:
            usable = False
        if not usable:
            what = f"{name} is not the address of a proxy"
            yield wrong("network", what, "write it as http://proxy.example.com:3128, or unset it")


def look_at_verify(manifest: Manifest | None, environ: Mapping[str, str]) -> list[Diagnosis]:
    """Return whether keys could be verified, where anything wants that. Nobody is asked."""
    # As a run does: where it is not known that a trusted event began it, the Admin key is not even looked at.
    untrusted = doubt(environ) is not None
    seen = {name: text for name, text in environ.items() if not (untrusted and name == ADMIN_KEY)}
    try:
        wanted = require_usable(manifest.credentials if manifest else {}, seen)
    except FlowForgeError as error:
        return of_error("verify", error)
    return [well("verify", f"keys would be verified at {wanted}")] if wanted else []


def look_at_schema(manifest: Manifest) -> list[Diagnosis]:
    """Return whether the schema file for editors beside the manifest is that of this FlowForge."""
    path = manifest.folder / SCHEMA_FILE
    try:
        with os.fdopen(ANYWHERE.read(path), "rb") as file:
            data = file.read(_MOST_SCHEMA)
    except (OSError, ValueError):
        return []
    if data.strip() == schema_text("manifest").strip().encode():
        return [well("schema", f"{SCHEMA_FILE} is that of this FlowForge")]
    fix = about("`flowforge schema manifest > {}`", path) or "write it anew, as `flowforge schema manifest` prints it"
    return [wrong("schema", f"{SCHEMA_FILE} is of another FlowForge, so editors mark what is right", fix)]


def look_at_sources(manifest: Manifest, environ: Mapping[str, str]) -> list[Diagnosis]:
    """Return what keeps sources from being read, as far as that shows without reading any of them."""
    found = {
        (what, fix): None
        for each in manifest.sources
        if each.name and not any(names_in(text) for text in each.texts)
        for what, fix in _lacking(each, environ)
    }
    lines = [wrong("sources", what, fix) for what, fix in found]
    count = len({id(each) for each in manifest.sources if each.name})
    return lines or [well("sources", f"what {count} {'source needs' if count == 1 else 'sources need'} is there")]


def _lacking(source: SourceSpec, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    value = source.options.get(source.name, "")
    where = printable(str(source.where))
    kind = source.type
    if kind.names is Names.VARIABLE and not environ.get(str(value)):
        yield f"{where}: the variable {quote(str(value))} is unset or empty", "set it where FlowForge runs"
    elif kind.names is Names.PATH and not os.access(source.folder / Path(str(value)).expanduser(), os.R_OK):
        yield f"{where}: the file {quote(str(value))} is not there, or cannot be read", "correct its path"
    # Of the sources whose program is fixed there is one, 1Password's; what others choose stands first in their words.
    chosen = str(value[0]) if isinstance(value, tuple | list) and value else ""
    name = "op" if kind.runs is Runs.FIXED else chosen if kind.names is Names.ARGV else ""
    if name and not _is_there(name, source.folder, environ):
        yield f"{where}: the program {quote(name)} is not installed", "install it, or correct PATH"


def _is_there(program: str, folder: Path, environ: Mapping[str, str]) -> bool:
    if "/" in program:
        return os.access(folder / program, os.X_OK)
    return shutil.which(program, path=trusted_path(environ)) is not None

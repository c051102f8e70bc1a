"""The state's key is the state's alone: a value that comes from where it does would carry it to GitHub."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Manifest, Option, SourceSpec
from flowforge.manifest.placeholders import names_in, plain

# Where the key is when the manifest names no source for it, and where `state rekey` looks for the one before.
VARIABLE: Final = "FLOWFORGE_STATE_KEY"
OLD_VARIABLE: Final = f"{VARIABLE}_OLD"


def check_key(manifest: Manifest, findings: Findings) -> None:
    """Report (FF153) every credential and token whose source is that of the state's key, or a program that gets it."""
    for source in _others(manifest):
        if _is_key(source, manifest.state.key):
            what, why = "the state's key comes from here", "GitHub would get it, and with it the state can be forged"
            findings.add(
                source.where, "FF153", what, why=why, fix="name another source, and let the state alone have it"
            )


def _others(manifest: Manifest) -> Iterator[SourceSpec]:
    yield from (each.source for each in manifest.credentials.values())
    branch = manifest.state.branch
    yield from (each for each in (manifest.github.token, branch.token if branch else None) if each is not None)


def _is_key(source: SourceSpec, key: SourceSpec | None) -> bool:
    options = {name: plain(option) for name, option in source.options.items()}
    kept = {VARIABLE, OLD_VARIABLE, *(key.texts if key is not None and key.name == "env" else ())}
    if not kept.isdisjoint((options.get("env"), *options.get("pass_env", ()))):
        return True
    # What a placeholder makes of a text for one repo is not looked into: the value itself is, before it is written.
    if key is None or source.name != key.name or any(map(names_in, source.texts)):
        return False
    if source.name == "file":
        return _path(source.folder, options) == _path(key.folder, key.options)
    return options == key.options


def _path(folder: Path, options: Mapping[str, Option]) -> str:
    return os.path.normpath(folder / str(options["file"]))

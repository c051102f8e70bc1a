"""The state's key is the state's alone: a value that comes from where it does would carry it to GitHub."""

import os
from pathlib import Path
from typing import Final

from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Manifest, Option, SourceSpec
from flowforge.manifest.placeholders import names_in, plain
from flowforge.source_types import Names

# Where the key is when the manifest names no source for it, and where `state rekey` looks for the one before.
VARIABLE: Final = "FLOWFORGE_STATE_KEY"
OLD_VARIABLE: Final = f"{VARIABLE}_OLD"


def check_key(manifest: Manifest, findings: Findings) -> None:
    """Report (FF153) every credential and token whose source is that of the state's key, or a program that gets it."""
    for source in manifest.sources:
        if source is not manifest.state.key and _is_key(source, manifest.state.key):
            what, why = "the state's key comes from here", "GitHub would get it, and with it the state can be forged"
            findings.add(
                source.where, "FF153", what, why=why, fix="name another source, and let the state alone have it"
            )


def key_variables(key: SourceSpec | None) -> frozenset[str]:
    """Return the variables that hold the state's key, the one before among them."""
    return frozenset({VARIABLE, OLD_VARIABLE, *(key.variables if key is not None else ())})


def _is_key(source: SourceSpec, key: SourceSpec | None) -> bool:
    options = {name: plain(option) for name, option in source.options.items()}
    passed = (each.text for each in source.passes)
    if not key_variables(key).isdisjoint((*map(plain, source.variables), *passed)):
        return True
    # What a placeholder makes of a text for one repo is not looked into: the value itself is, before it is written.
    if key is None or source.name != key.name or any(map(names_in, source.texts)):
        return False
    if source.type.names is Names.PATH:
        return _path(source.folder, options[source.name]) == _path(key.folder, key.options[source.name])
    return options == key.options


def _path(folder: Path, option: Option) -> str:
    return os.path.normpath(folder / str(option))

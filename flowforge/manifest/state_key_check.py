"""The state's key belongs to the state alone: a credential from the same source would carry it to GitHub."""

import os
from pathlib import Path
from typing import Final

from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Manifest
from flowforge.manifest.placeholders import names_in, plain
from flowforge.manifest.source_spec import Option, SourceSpec
from flowforge.source_types import Names

# The key if the manifest names no source for it, and the previous one, which `state rekey` reads.
VARIABLE: Final = "FLOWFORGE_STATE_KEY"
OLD_VARIABLE: Final = f"{VARIABLE}_OLD"


def check_key(manifest: Manifest, findings: Findings) -> None:
    """Report (FF153) every credential and token that comes from the state's key, or from a program that gets it."""
    for source in manifest.sources:
        if source is not manifest.state.key and _is_key(source, manifest.state.key):
            what, why = "the state's key comes from here", "GitHub would get it, and with it the state can be forged"
            findings.add(
                source.where, "FF153", what, why=why, fix="name another source, and let the state alone have it"
            )


def key_variables(key: SourceSpec | None) -> frozenset[str]:
    """Return the variables that hold the state's key, now or before."""
    return frozenset({VARIABLE, OLD_VARIABLE, *(key.variables if key is not None else ())})


def _is_key(source: SourceSpec, key: SourceSpec | None) -> bool:
    """Return whether a source reads the state's key, or hands it to a program."""
    options = {name: plain(option) for name, option in source.options.items()}
    passed = (each.text for each in source.passes)
    if not key_variables(key).isdisjoint((*map(plain, source.variables), *passed)):
        return True
    # What a filled placeholder names for one repo is not known here. The value itself is compared before it is written.
    if key is None or source.name != key.name or any(map(names_in, source.texts)):
        return False
    if source.type.names is Names.PATH:
        # Two spellings of one path, from two folders perhaps, are one file.
        return _path(source.folder, options[source.name]) == _path(key.folder, key.options[source.name])
    return options == key.options


def _path(folder: Path, option: Option) -> str:
    return os.path.normpath(folder / str(option))

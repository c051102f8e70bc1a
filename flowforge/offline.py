"""What `flowforge validate` does. It loads neither sources nor GitHub, so it can open nothing that a manifest names."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from flowforge.manifest.expand import expand
from flowforge.manifest.loading import load
from flowforge.manifest.model import Manifest
from flowforge.manifest.places import Place


def validate(manifests: Sequence[Path], environ: Mapping[str, str]) -> tuple[Manifest, tuple[Place, ...]]:
    """Return the manifests, read as one, and the places that they name. Raises ManifestError with every problem."""
    manifest = load(manifests, environ=environ)
    return manifest, expand(manifest)

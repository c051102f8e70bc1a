"""The flow of what asks nobody, and so loads nothing of sources and of GitHub."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from flowforge.manifest.expand import expand
from flowforge.manifest.loading import load
from flowforge.manifest.model import Manifest
from flowforge.manifest.places import Place


def validate(manifests: Sequence[Path], environ: Mapping[str, str]) -> tuple[Manifest, tuple[Place, ...]]:
    """Read the manifests as one and expand them to places; raises ManifestError with every problem."""
    manifest = load(manifests, environ=environ)
    return manifest, expand(manifest)

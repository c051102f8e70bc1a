"""The manifest: from files to a checked model, and from that to the places where secrets are wanted."""

from flowforge.manifest.loading import load

__all__ = ["load"]

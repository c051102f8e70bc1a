"""FlowForge: secrets-as-code for Claude on GitHub."""

__version__ = "0.1.0"

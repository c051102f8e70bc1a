"""Asking Anthropic about the keys that are about to be written: the only steps that send one there."""

from typing import Final

ADMIN_KEY: Final = "FLOWFORGE_ANTHROPIC_ADMIN_KEY"
"""The variable of the operator's Admin key, which comes from nowhere else."""

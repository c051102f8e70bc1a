"""The interface of plugins: all that the author of a packaged source imports. See docs/plugins.md.

A package offers a source under the entry-point group `flowforge.sources`. Its name has a hyphen, and is the key in a
credential's `from`. The entry point names a class of the shape of `PluginSource`.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, Protocol

from flowforge.data_class import dataclass
from flowforge.vault import SecretValue

__all__ = ["INTERFACE", "NotAvailableError", "PluginContext", "PluginSource", "SecretValue", "Spec", "text_of"]

# The version of this interface. It grows by one when a plugin written for the one before could stop working.
INTERFACE: Final = 1

# A `from` as the manifest has it, its placeholders filled: the source's own key, and its options.
Spec = Mapping[str, str | tuple[str, ...]]


class NotAvailableError(Exception):
    """The value cannot be had, and this says why. It is the one exception that a plugin raises on purpose.

    what: one clause in lower case that follows "value not available: ", such as `secret/claude has no field key`.
    why: the reason, unless it is plain. fix: what to do, as an imperative sentence. Of each, at most 120 characters are
    shown. None of them may hold a value.
    """

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What a plugin learns of the run that it reads for."""

    # Not in the repr, which a traceback with locals would show.
    environ: Mapping[str, str] = field(repr=False)
    """FlowForge's environment for child processes: without what other sources read, tokens, and FLOWFORGE_*."""
    folder: Path
    """The folder of the manifest."""
    interactive: bool
    """Whether a person is there to be asked."""
    stop: threading.Event
    """Set when the run is to end. A read that waits should then raise NotAvailableError within 0.1 s."""


class PluginSource(Protocol):
    """What the class of an entry point must be. FlowForge creates one without arguments when a value is first read."""

    @property
    def interface(self) -> int:
        """The version of the interface that it was written for, as a literal number: `interface = 1`."""

    @property
    def options(self) -> Collection[str]:
        """The keys that may stand beside the source's own: without a hyphen, and no name of FlowForge's own sources."""

    def read(self, spec: Spec, context: PluginContext) -> SecretValue:
        """Return one value, without a line end. Raises NotAvailableError.

        Values are read one after another, and each distinct one once a run. Any other exception becomes an error that
        names only the plugin and the exception's type, because the text of an exception may hold a value.
        """


def text_of(spec: Spec, key: str, default: str | None = None) -> str:
    """Return the text of a key. Raises NotAvailableError if it has a list, or is missing without a default."""
    found = spec.get(key, default)
    if isinstance(found, str):
        return found
    what, fix = (
        (f"the option {key} is missing", f"write it beside the source, as {key}: ...")
        if found is None
        else (f"{key} has a list, and takes one text", "write one text")
    )
    raise NotAvailableError(what, fix=fix)

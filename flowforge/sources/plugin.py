"""The interface between FlowForge and a source that a package offers: all that its author imports. See docs/plugins.md.

A package offers a source under the entry-point group `flowforge.sources`, by a name with a hyphen that is its key in a
credential's `from`. The entry point names a class of the shape of `PluginSource`.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from flowforge.vault import SecretValue

__all__ = ["INTERFACE", "NotAvailableError", "PluginContext", "PluginSource", "SecretValue", "Spec", "text_of"]

# The version of this interface. It grows by one when a plugin written for the one before could stop working.
INTERFACE: Final = 1

# A `from` as the manifest has it, its placeholders filled: the source's own key, and its options.
Spec = Mapping[str, str | tuple[str, ...]]


class NotAvailableError(Exception):
    """The value cannot be had, and a person can be told why: the one exception that a plugin raises on purpose.

    what: one clause in lower case that follows "value not available: ", such as `secret/claude has no field key`.
    why: what makes it so, where that is not plain. fix: what to do, an imperative sentence. Of each, at most 120
    characters are shown. None of them may hold a value.
    """

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix


@dataclass(frozen=True, slots=True)
class PluginContext:
    """Where a read happens.

    environ: FlowForge's environment without what other sources read, the tokens of GitHub and 1Password, and
    FLOWFORGE_*; give it to child processes. folder: that of the manifest. interactive: whether a person is there to be
    asked. stop: set when the run is to end; what waits should look at it, and raise NotAvailableError, within a tenth
    of a second.
    """

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    interactive: bool
    stop: threading.Event


class PluginSource(Protocol):
    """What the class of an entry point must be. FlowForge makes one without arguments, when a value is first read."""

    @property
    def interface(self) -> int:
        """The version that it was written for, as a number of its own: `interface = 1`."""

    @property
    def options(self) -> Collection[str]:
        """The keys that may stand beside the source's own: without a hyphen, and none of FlowForge's own sources."""

    def read(self, spec: Spec, context: PluginContext) -> SecretValue:
        """Read one value; raises NotAvailableError. Reads happen one after another, each distinct one once a run.

        Anything else that it raises becomes an error that names the plugin and the exception's type alone, because the
        text of an exception may hold a value. What is returned is stored as it is: take line ends off.
        """


def text_of(spec: Spec, key: str, default: str | None = None) -> str:
    """Return the one text of a key; raises NotAvailableError where it has a list, or is missing without a default."""
    found = spec.get(key, default)
    if isinstance(found, str):
        return found
    what, fix = (
        (f"the option {key} is missing", f"write it beside the source, as {key}: ...")
        if found is None
        else (f"{key} has a list, and takes one text", "write one text")
    )
    raise NotAvailableError(what, fix=fix)

"""What a source is: something named in a credential's `from` that yields one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from flowforge.vault import SecretValue


@dataclass(frozen=True, slots=True)
class Context:
    """Where a read happens: the process's environment, and the folder of the manifest that names the source."""

    # Not in the repr: the environment is where most plaintext comes from, and a traceback with locals shows reprs.
    environ: Mapping[str, str] = field(repr=False)
    folder: Path

    def listed(self, variable: str) -> frozenset[str] | None:
        """Read a comma-separated variable of the operator's; None where it is unset. Set but empty, it lists nothing.

        A variable that a workflow fills from a setting that is gone is empty: it must not open what it was to narrow.
        """
        text = self.environ.get(variable)
        return None if text is None else frozenset(filter(None, (part.strip() for part in text.split(","))))


class Source(Protocol):
    """One kind of place that a value can be read from.

    A source hands over a SecretValue or raises SourceError (FF2xx). `what` of its problem is one clause in lower case,
    fit to follow "value not available: ". Neither the frame that raises nor an exception chained to it holds plaintext.
    """

    @property
    def name(self) -> str:
        """The key that names this source in `from`."""

    def read(self, spec: Mapping[str, str], context: Context) -> SecretValue:
        """Read the value. `spec` is the whole `from`, its placeholders filled: this source's key and its options."""

"""Where values come from: one file per source, one sorted table of them, and the one way to read."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from flowforge.errors import Problem, SourceError, printable
from flowforge.sources.base import Context, Source
from flowforge.sources.env import EnvSource
from flowforge.sources.file import FileSource
from flowforge.sources.trust import require_source
from flowforge.vault import SecretValue

__all__ = ["SOURCES", "Context", "Source", "read"]

_ALL: tuple[Source, ...] = (EnvSource(), FileSource())
SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {source.name: source for source in sorted(_ALL, key=lambda each: each.name)}
)


def read(spec: Mapping[str, str], context: Context) -> SecretValue:
    """Read the value that a `from` names, such as `{"env": "ACME_KEY"}` with its placeholders filled.

    Raises TrustError where a rule of the operator's forbids it, which ends the run, and else SourceError (FF2xx), which
    blocks the secrets that need the value. The problem has no `where`: the caller knows the manifest's line.
    """
    names = [name for name in spec if name in SOURCES]
    if len(names) != 1:
        count = "more than one source" if names else "no source that FlowForge knows"
        what = f"`from` has {count}: {printable(', '.join(spec))}"
        raise SourceError(Problem("FF233", what, fix=f"write one of {', '.join(SOURCES)}"))
    require_source(names[0], context)
    return SOURCES[names[0]].read(spec, context)

"""Where values come from: one file per source, one sorted table of them, and the one way to read."""

from collections.abc import Sequence
from typing import Final

from flowforge.errors import Problem, SourceError, printable
from flowforge.on_demand import load
from flowforge.plan.facts import NotRead
from flowforge.source_types import is_plugin, require_rows, source_type
from flowforge.sources.base import Context, FilledSpec, ReadResult, Source, ValueRequest
from flowforge.sources.trust import refusal, require_listed, require_source
from flowforge.vault import SecretValue

__all__ = ["SOURCES", "Context", "FilledSpec", "ReadResult", "Source", "ValueRequest", "read", "read_all", "source"]

# The module and the class of each. It is imported when a value is first read from it: most manifests use one of them,
# and all of them are a thirtieth of a plan's CPU time.
_CLASSES: Final = {
    "command": ("command", "CommandSource"),
    "env": ("env", "EnvSource"),
    "file": ("file", "FileSource"),
    "onepassword": ("onepassword", "OnePasswordSource"),
    "prompt": ("prompt", "PromptSource"),
}
SOURCES: Final = tuple(sorted(_CLASSES))
require_rows(SOURCES, "flowforge/sources/__init__.py")


def read_all(asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
    """Read values, those of one source together. Return one result per ask, in order.

    The asks are distinct, except questions to a person. A SourceError among the results (FF2xx) blocks the secrets that
    need the value; its problem has no `where`, because the caller knows the line of the manifest. What only a trusted
    event may run is not read on another: NotRead, and a warning. Raises TrustError if a rule of the operator's forbids
    a read on any event: that ends the run.
    """
    places: dict[str, list[int]] = {}
    for place, ask in enumerate(asks):
        places.setdefault(_name(ask.spec), []).append(place)
    # All rules before the first read: a run that they end must not have run any program by then.
    for name in places:
        require_listed(source_type(name), context)
    found: dict[int, ReadResult] = {}
    for name, mine in places.items():
        found |= zip(mine, _read_all(name, [asks[place] for place in mine], context), strict=True)
    return [found[place] for place in range(len(asks))]


def _read_all(name: str, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
    """Read the values of one source, unless this run must not."""
    refused = refusal(source_type(name), context)
    if refused is None:
        return source(name).read_all(asks, context)
    context.warn(f"{refused.what} ({refused.code}), so its values are not checked: {refused.why}; {refused.fix}")
    return [NotRead(f"{refused.what} ({refused.code})", refused.fix)] * len(asks)


def read(spec: FilledSpec, context: Context) -> SecretValue:
    """Read one value that the run needs.

    Raises as `read_all` does, TrustError also where its source is refused on this event, and SourceError FF234 if it
    was not read.
    """
    require_source(source_type(_name(spec)), context)
    (found,) = read_all([ValueRequest(spec)], context)
    if isinstance(found, NotRead):
        raise SourceError(Problem("FF234", found.why, fix="name a source that can be read where nobody can be asked"))
    if isinstance(found, SourceError):
        raise found
    return found


def source(name: str) -> Source:
    """Return the source of a name, one of ours or a plugin's. Nothing of a package runs before a value is read."""
    if is_plugin(name):
        packaged: Source = load("flowforge.sources.plugins").PackagedSource(name)
        return packaged
    module, kind = _CLASSES[name]
    made: Source = getattr(load(f"flowforge.sources.{module}"), kind)()
    return made


def _name(spec: FilledSpec) -> str:
    """Return the key that names the source."""
    names = [name for name in spec if name in SOURCES or is_plugin(name)]
    if len(names) != 1:
        count = "more than one source" if names else "no source that FlowForge knows"
        what = f"`from` has {count}: {printable(', '.join(spec))}"
        raise SourceError(Problem("FF233", what, fix=f"write one of {', '.join(SOURCES)}"))
    return names[0]

"""Sources that installed packages offer. Each is loaded only when a value is read from it."""

from collections.abc import Collection, Sequence
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem, SourceError, printable, quote
from flowforge.sources.base import Context, FilledSpec, ReadResult, ValueRequest
from flowforge.sources.decoding import decode
from flowforge.sources.plugin import INTERFACE, NotAvailableError, PluginContext, PluginSource
from flowforge.vault import SecretValue

GROUP: Final = "flowforge.sources"
_UNTOLD: Final = "the exception's own text is not shown, because it may hold a value"


@dataclass(frozen=True, slots=True)
class PackagedSource:
    """A source that a package offers. Its name has a hyphen, so that it never is that of one of ours."""

    name: str

    def read_all(self, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
        """Load the plugin, and read one value after another.

        SourceErrors are FF265 to FF268 and FF273 for a plugin that cannot be used, FF269 to FF272 for a read.
        """
        loaded = _load(self.name)
        if isinstance(loaded, Problem):
            return [SourceError(loaded) for _ in asks]
        surroundings = PluginContext(
            MappingProxyType(context.child_environ()), context.folder, context.interactive, context.stop
        )
        return [self._found(loaded, ask.spec, surroundings) for ask in asks]

    def _found(self, plugin: PluginSource, spec: FilledSpec, context: PluginContext) -> ReadResult:
        unknown = sorted(spec.keys() - {self.name, *plugin.options})
        if unknown:
            what = f"{self.name} has no option {quote(unknown[0])}"
            known = ", ".join(sorted(map(printable, plugin.options)))
            fix = f"its options are {known}" if known else "remove it: the source has no options"
            return SourceError(Problem("FF269", what, fix=fix))
        found = _read(self.name, plugin, MappingProxyType(dict(spec)), context)
        return SourceError(found) if isinstance(found, Problem) else found


def _load(name: str) -> PluginSource | Problem:
    """Find the one package that offers the name, import its class, and create the source."""
    points = tuple(entry_points(group=GROUP, name=name))
    if not points:
        fix = "install the package that offers it where flowforge runs"
        return Problem("FF273", f"no installed package offers the source {printable(name)}", fix=fix)
    # Which of two would be loaded depends on the order of sys.path; a value must not.
    if len(points) > 1:
        what = f"more than one installed package offers {name}: {', '.join(sorted(map(_package, points)))}"
        return Problem("FF265", what, fix="uninstall all but one of them")
    (point,) = points
    origin = f"{name}, from {_package(point)},"
    try:
        offered = point.load()
        return _misfit(origin, offered) or offered()
    except KeyboardInterrupt:
        pass
    except BaseException as error:  # noqa: BLE001 -- a package's own code: whatever it raises is its failure
        what = f"{origin} cannot be loaded: {_type(error)}"
        return Problem("FF266", what, why=_UNTOLD, fix="ask its authors, or install another version of it")
    raise KeyboardInterrupt  # as below


def _misfit(origin: str, offered: object) -> Problem | None:
    """Check a class against the interface: its version first, because another version may look otherwise."""
    version = getattr(offered, "interface", None)
    if version != INTERFACE:
        states = f"is written for version {version}" if isinstance(version, int) else "states no version"
        why = f"this FlowForge knows version {INTERFACE} alone"
        fix = "install a version of it for this FlowForge, or the FlowForge that it was written for"
        return Problem("FF267", f"{origin} {states} of the interface of plugins", why=why, fix=fix)
    if isinstance(offered, type) and callable(getattr(offered, "read", None)) and _lists_texts(offered):
        return None
    why = "its entry point must name a class that has `options`, a collection of names, and `read`"
    return Problem("FF268", f"{origin} is not a source", why=why, fix="ask its authors")


def _lists_texts(offered: type) -> bool:
    options = getattr(offered, "options", None)
    return (
        isinstance(options, Collection)
        and not isinstance(options, str)  # it would be a collection of its letters
        and all(isinstance(each, str) for each in options)
    )


def _read(name: str, plugin: PluginSource, spec: FilledSpec, context: PluginContext) -> SecretValue | Problem:
    """Read one value. No exception of the plugin leaves this: its text, frames and causes may hold plaintext."""
    try:
        try:
            found: object = plugin.read(spec, context)
        except NotAvailableError as error:  # what it says need be no text at all
            return Problem("FF270", f"{name}: {_said(error.what)}", why=_said(error.why), fix=_said(error.fix))
    except KeyboardInterrupt:
        pass
    except BaseException as error:  # noqa: BLE001 -- as above
        return Problem("FF271", f"{name} failed: {_type(error)}", why=_UNTOLD, fix="ask its authors")
    else:
        return _taken(name, found)
    raise KeyboardInterrupt  # one of our own, since what a plugin makes of a Ctrl-C may have a text, and a cause


def _taken(name: str, found: object) -> SecretValue | Problem:
    """Return a value that a plugin returned, or FF272."""
    # No subclass: one of str could be encoded to something else than what was checked.
    if type(found) is SecretValue and type(found.reveal()) is str:
        return decode(name, found.reveal())
    return Problem("FF272", f"{name} returned something other than a SecretValue of a str", fix="ask its authors")


def _said(text: str) -> str:
    """Return a plugin's text, made safe as `quote` does, without the quotation marks."""
    return quote(text)[1:-1]


def _type(error: BaseException) -> str:
    return printable(type(error).__name__)


def _package(point: EntryPoint) -> str:
    return printable(f"{point.dist.name} {point.dist.version}" if point.dist else point.value)

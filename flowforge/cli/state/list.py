"""`flowforge state list`: the secrets that are remembered."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from flowforge import run
from flowforge.cli.output import Output
from flowforge.cli.request import plain
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, quote
from flowforge.plan.address import Address
from flowforge.plan.facts import Remembered
from flowforge.render.formats import Format
from flowforge.render.state_view import kept_document, list_lines


def main(*, patterns: tuple[str, ...], manifests: tuple[Path, ...], format_: Format) -> int:
    """Print the secrets whose address or repo fits a pattern, and return the exit code."""
    output = Output(format_)
    with output.explaining():
        kept = run.kept(plain(manifests))
    found = {address: each for address, each in kept.secrets.items() if not patterns or _any(patterns, address)}
    say(*(f"warning: nothing that is remembered matches {quote(each)}" for each in _idle(patterns, kept.secrets)))
    output.lines(list_lines(found))
    output.finish(kept_document(kept, found))
    return ExitCode.ERROR if output.broken else ExitCode.DONE


def _any(patterns: tuple[str, ...], address: Address) -> bool:
    return any(_fits(pattern, address) for pattern in patterns)


def _fits(pattern: str, address: Address) -> bool:
    names = (str(address).lower(), address.scope.repo.key)
    return pattern.lower() in names or any(fnmatchcase(name, pattern.lower()) for name in names)


def _idle(patterns: tuple[str, ...], secrets: Mapping[Address, Remembered]) -> list[str]:
    return [pattern for pattern in patterns if not any(_fits(pattern, address) for address in secrets)]

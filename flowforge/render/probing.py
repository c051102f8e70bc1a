"""What a probe found out, for people, and as the anonymous JSON (schemas/probe.schema.json)."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Final

from flowforge.errors import ExitCode, printable
from flowforge.plan.probing import Operation, PlaceProbe, ProbeExchange, ProbeReport, ProbeStep, Scratch, place_of
from flowforge.render.document import Document, head
from flowforge.render.phrases import count

_NAMES: Final = {
    ProbeStep.LIST: "list",
    ProbeStep.LIST_AGAIN: "list with the computed ETag",
    ProbeStep.PUBLIC_KEY: "public key",
    ProbeStep.CREATE: "create",
    ProbeStep.ROTATE: "rotate",
    ProbeStep.PUBLIC_KEY_AGAIN: "public key again",
    ProbeStep.REWRITE: "write again",
    ProbeStep.DELETE: "delete",
}


def scratch_lines(scratch: Scratch) -> Iterator[str]:
    """Yield what will be done, for whoever is asked."""
    repo, places = printable(str(scratch.repo)), ", ".join(place_of(scope) for scope in scratch.usable)
    if scratch.visibility == "public":
        yield f"warning: {repo} is public: everybody may see there that it is probed"
    yield f"In {repo} a secret of a random value is created, written twice more and deleted in each of:"
    yield f"  {places}"
    unread = [place_of(scope) for scope in scratch.read if scope not in scratch.usable]
    if unread:
        yield f"Not in these, which the token cannot read: {', '.join(unread)}"


def probe_lines(report: ProbeReport) -> Iterable[str]:
    """Yield the short text: a line for each place with the status of each step, then how it ended."""
    width = max((len(each.place) for each in report.places), default=0)
    for place in report.places:
        yield f"{place.place.ljust(width)}  {', '.join(_step(each) for each in place.operations)}"
    yield from _shown(report.places)
    if report.interrupted:
        yield "interrupted"
    if not report.left:
        yield "Nothing is left behind."


def _step(operation: Operation) -> str:
    return f"{_NAMES[operation.step]} {operation.exchange.status or 'no answer'}"


def _shown(places: Iterable[PlaceProbe]) -> Iterator[str]:
    shown = [each.shown for place in places for each in place.operations if each.shown]
    lags = [each.lag for each in shown if each.lag is not None]
    offsets = [each.offset for each in shown if each.offset is not None]
    if lags:
        never = f", {len(shown) - len(lags)} not within five lists" * (len(lags) < len(shown))
        yield f"{count(len(shown), 'write')} shown by a list after {min(lags)} to {max(lags)} s{never}."
    if offsets:
        yield f"updated_at is {min(offsets):+d} to {max(offsets):+d} s from the Date of the answer."


def probe_document(report: ProbeReport, exit_code: ExitCode) -> Document:
    """Return the public JSON, which names nobody."""
    scratch = report.scratch
    return {
        **head("probe"),
        "exit_code": int(exit_code),
        "complete": report.complete,
        "interrupted": report.interrupted,
        "host": scratch.host.value,
        "token": scratch.token.value,
        "repo": {"visibility": scratch.visibility, "organization": scratch.organization},
        "environments": _exchange(scratch.environments),
        "places": [
            {"place": each.place, "operations": [_operation(one) for one in each.operations]} for each in report.places
        ],
        # Only where and how many: the names of what is left are for the person who must delete it.
        "left": [place_of(address.scope) for address in report.left],
        "errors": [problem.code for problem in report.problems],
    }


def _operation(operation: Operation) -> Document:
    tag, key, shown = operation.tag, operation.key, operation.shown
    return {
        "step": operation.step.value,
        **_exchange(operation.exchange),
        "etag": {"kind": tag.kind.value, "computed": tag.computed} if tag else None,
        "key": asdict(key) if key else None,
        "shown": asdict(shown) if shown else None,
    }


def _exchange(exchange: ProbeExchange) -> Document:
    # `asdict` keeps the tuple; JSON that is read back has a list.
    found = asdict(exchange)
    return {**found, "headers": list(exchange.headers)}

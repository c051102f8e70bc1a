"""The source `command`: what a program prints, run without a shell in the manifest's folder."""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, assert_never

from flowforge.durations import seconds
from flowforge.errors import Problem, SourceError, printable, quote
from flowforge.sources.base import Context, FilledSpec, ReadResult, ValueRequest, text_of
from flowforge.sources.decoding import decode_whole
from flowforge.sources.process import ChildProgram, EndedProgram, Failure, run
from flowforge.sources.side_by_side import side_by_side
from flowforge.vault import SecretValue

# A command that asks a person or waits for a network hangs in CI: without a limit the job would, for hours.
_USUAL_LIMIT: Final = "30s"
_ALONE: Final = "let it print the credential alone"


class CommandSource:
    """`{command: [PROGRAM, ARGUMENT...], timeout: 20s, pass_env: [NAME...]}`. One line end at the end is dropped."""

    # Messages name the program and none of its arguments, because those could hold a value. So could its stderr, which
    # goes straight to the terminal of a person who is there, and nowhere else.

    name = "command"

    def __init__(self, run: Callable[[ChildProgram, threading.Event], EndedProgram | Failure] = run) -> None:
        """Run programs by `run`."""
        self._run = run

    def read_all(self, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
        """Run the programs, a few at a time. A SourceError has FF223 or FF250 to FF258.

        Raises TrustError FF261, before any program runs, if one is to get what no program gets.
        """
        environs = [context.passing(_texts(ask.spec, "pass_env")) for ask in asks]
        pairs = list(zip(asks, environs, strict=True))
        return side_by_side(lambda pair: self._read(pair[0].spec, pair[1], context), pairs)

    def _read(self, spec: FilledSpec, environ: Mapping[str, str], context: Context) -> ReadResult:
        argv, limit = _texts(spec, self.name), text_of(spec, "timeout") if "timeout" in spec else _USUAL_LIMIT
        program = ChildProgram(argv, environ, context.folder, seconds(limit) or 0, overheard=context.interactive)
        found = _judge(self._run(program, context.stop), argv[0], limit, _look(context))
        return SourceError(found) if isinstance(found, Problem) else found


def _texts(spec: FilledSpec, key: str) -> tuple[str, ...]:
    """Return the texts of a key. The manifest's schema ensures that it has a list."""
    return tuple(spec.get(key, ()))


def _look(context: Context) -> str:
    """Return the fix: how a person sees what went wrong."""
    if context.interactive:
        return "see what it said above"
    return f"run it by hand in the manifest's folder, {printable(str(context.folder))}, and see what it says"


def _judge(ended: EndedProgram | Failure, program: str, limit: str, look: str) -> SecretValue | Problem:
    named = f"the program {quote(program)}"
    if isinstance(ended, Failure):
        return _unfinished(ended, named, program, limit)
    return _failed(ended, named, look) or _printed(ended, named, look)


def _unfinished(failure: Failure, named: str, program: str, limit: str) -> Problem:
    match failure:
        case Failure.NOT_FOUND:
            inside = (
                "a path with a slash in it begins at the manifest's folder, and a script's first line names another"
            )
            why = inside if "/" in program else "it is in no folder of PATH"
            return Problem("FF250", f"{named} was not found", why=why, fix="install it where flowforge runs")
        case Failure.NOT_EXECUTABLE:
            fix = "let the user that runs flowforge execute it; a script begins with #! and its interpreter"
            return Problem("FF251", f"{named} cannot be executed", fix=fix)
        case Failure.TOO_LONG:
            why = "it may wait for an answer, and nobody can give it one: its stdin is closed"
            return Problem(
                "FF252",
                f"{named} took longer than {limit}{'s' * limit.isdigit()}",
                why=why,
                fix="give it more time with `timeout`",
            )
        case Failure.TOO_MUCH:
            return Problem("FF253", f"{named} printed more than 64 KiB", fix=_ALONE)
        case Failure.STOPPED:
            return Problem("FF258", f"{named} was stopped with the run", fix="run it again")
        case _:
            assert_never(failure)


def _failed(ended: EndedProgram, named: str, look: str) -> Problem | None:
    if ended.code > 0:
        return Problem("FF254", f"{named} failed with exit code {ended.code}", fix=look)
    if ended.code < 0:
        return Problem("FF255", f"{named} was ended by {_signal(-ended.code)}", fix=look)
    return None


def _signal(number: int) -> str:
    return next((each.name for each in signal.Signals if each == number), f"signal {number}")


def _printed(ended: EndedProgram, named: str, look: str) -> SecretValue | Problem:
    value = decode_whole(f"what {named} printed", ended.printed.reveal().encode("utf-8", "surrogateescape"))
    if isinstance(value, SecretValue) and not value.reveal():
        return Problem("FF257", f"{named} printed nothing", fix=look)
    return value

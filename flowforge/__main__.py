"""The process: one place that catches, one place that exits."""

import os
import signal
import sys
import traceback
from typing import Final

import click

from flowforge.cli.main import cli
from flowforge.cli.outside import Outside
from flowforge.cli.signals import obeyed, written
from flowforge.cli.streams import NOTHING_WRITTEN, detach, mend_streams, reason, say, trace
from flowforge.cli.usage import explain
from flowforge.errors import ExitCode, FlowForgeError, Problem, UsageError, bug

_COMPLETING: Final = "_FLOWFORGE_COMPLETE"  # what a shell sets that asks click to complete a line


def main() -> None:
    """Run the command line and exit with its code (see `flowforge.errors.ExitCode`)."""
    for number in obeyed():
        signal.signal(number, signal.default_int_handler)  # until a command says otherwise, it is a Ctrl-C
    try:
        mend_streams()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        say("interrupted")
        code = ExitCode.INTERRUPTED
    sys.exit(code)


def run(args: list[str], outside: Outside | None = None) -> int:
    """Run one command line and return its exit code; everything that can be explained is, on stderr.

    outside: what it meets in place of this process's terminal and system.
    """
    outside = outside or Outside()
    written.clear()
    try:
        _require_posix(outside.platform)
        result = cli.main(args, prog_name="flowforge", standalone_mode=False, obj=outside)
    except click.ClickException as error:
        return _say(explain(error))
    except FlowForgeError as error:
        return _say(error)
    except (KeyboardInterrupt, click.Abort) as error:
        say(str(error.__cause__ or error) or ("interrupted" if written.is_set() else NOTHING_WRITTEN))
        return ExitCode.INTERRUPTED
    except BaseException as error:  # noqa: BLE001 -- the one catch point: what gets here is a bug of ours, and says so
        return _unexplained(error, verbose=bool({"-v", "--verbose"} & set(args)))
    return result if isinstance(result, int) else ExitCode.DONE


def _require_posix(platform: str) -> None:
    if platform == "win32":
        fix = "use it under WSL, in a container, or in CI"
        raise UsageError(Problem("FF002", "FlowForge runs on Linux and macOS only", fix=fix))


def _say(error: FlowForgeError) -> int:
    say(*error.problems)
    return error.exit_code


def _in_echo(error: OSError) -> bool:
    """Whether click itself was printing, a version or a help: all that we print goes through Output and `say`."""
    return any(frame.f_code is click.echo.__code__ for frame, _ in traceback.walk_tb(error.__traceback__))


def _unprinted(error: OSError) -> int:
    detach(sys.stdout.fileno())
    return _say(UsageError(Problem("FF005", "stdout did not take all of the output", why=reason(error))))


def _unexplained(error: BaseException, *, verbose: bool) -> int:
    if isinstance(error, SystemExit) and _COMPLETING in os.environ:
        raise error  # click ends the process by itself then
    if isinstance(error, OSError) and _in_echo(error):
        return _unprinted(error)
    if verbose:
        trace(error)
    say(bug(error, "please report it" if verbose else "run it again with -v and report what it prints"))
    return ExitCode.ERROR


if __name__ == "__main__":
    main()

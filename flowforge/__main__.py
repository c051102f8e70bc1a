"""The process: one place that catches, one place that exits."""

import os
import signal
import sys
from typing import Final

import click

from flowforge.cli import called
from flowforge.cli.main import PipeError, cli
from flowforge.cli.signals import obeyed, written
from flowforge.cli.streams import NOTHING_WRITTEN, detach, mend_streams, say, stdout_lost
from flowforge.cli.surroundings import Outside, Screen
from flowforge.errors import ExitCode, FlowForgeError, Problem, UsageError, bug
from flowforge.on_demand import load

_COMPLETING: Final = "_FLOWFORGE_COMPLETE"  # what a shell sets that asks click to complete a line
_MOST_CODES: Final = 5


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


def run(args: list[str], outside: Outside | None = None, program: click.Command | None = None) -> int:
    """Run one command line and return its exit code; everything that can be explained is, on stderr.

    outside: what it meets in place of this process's terminal and system. program: what there is to call.
    """
    outside = outside or Outside()
    # For those who run many commands in one process, as tests do.
    written.clear()
    called.forget(*args)
    try:
        _require_posix(outside.platform)
        result = (program or cli).main(args, prog_name="flowforge", standalone_mode=False, obj=outside)
    except click.ClickException as error:
        return _say(load("flowforge.cli.usage").explain(error), outside.screen)
    except FlowForgeError as error:
        return _say(error, outside.screen)
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


def _say(error: FlowForgeError, screen: Screen) -> int:
    say(*error.problems)
    # A log that CI keeps is read by people who were not there; whoever is there can ask.
    if screen.is_seen():
        codes = list(dict.fromkeys(problem.code for problem in error.problems))
        say(f"  more: `flowforge explain {' '.join(codes[:_MOST_CODES])}`", whole=True)
    return error.exit_code


# click.echo is the one printer that is not ours: everything else goes through Output and `say`, which see to this.
def _in_echo(error: OSError) -> bool:
    """Whether click itself was printing, a version or a help."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code is not click.echo.__code__:
        step = step.tb_next
    return step is not None


def _unprinted(error: OSError) -> int:
    detach(sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):  # who read it has gone, as `head` does
        return ExitCode.DONE
    say(stdout_lost(error))
    return UsageError.exit_code


def _unexplained(error: BaseException, *, verbose: bool) -> int:
    if isinstance(error, SystemExit) and _COMPLETING in os.environ:
        raise error  # click ends the process by itself then
    if isinstance(error, PipeError) and error.__cause__:
        error = error.__cause__
    if isinstance(error, OSError) and _in_echo(error):
        return _unprinted(error)
    if verbose:
        load("flowforge.cli.trace").trace(error)
    say(bug(error, "please report it" if verbose else "run it again with -v and report what it prints"))
    return ExitCode.ERROR


if __name__ == "__main__":
    main()

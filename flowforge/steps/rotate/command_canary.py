"""A canary that is a command: it gets the name of a repo and nothing else, and its exit code is the verdict."""

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from flowforge.concurrency import each
from flowforge.errors import Problem, quote
from flowforge.github.problems import StoppedError
from flowforge.plan.address import Repo
from flowforge.sources.base import Context
from flowforge.sources.process import ChildProgram, EndedProgram, Failure, run
from flowforge.steps.rotate.verdicts import Canary, CanaryError, CanaryVerdict

_SIDE_BY_SIDE: Final = 8
_FAILURES: Final[Mapping[Failure, str]] = {
    Failure.NOT_FOUND: "the command was not found",
    Failure.NOT_EXECUTABLE: "the command cannot be executed",
    Failure.TOO_MUCH: "the command said more than 64 KiB",
}


def command_canary(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    stop: threading.Event,
    timeout: float,
    folder: Path | None = None,
    concealed: frozenset[str] = frozenset(),
) -> Canary:
    """Return the canary. The name of the repo is added to its arguments, and no shell reads them.

    Its environment is that of a `command` source: without tokens, FLOWFORGE_*, what looks like a credential, and the
    variables of `concealed`, those that env sources name. timeout: in real seconds, for each repo. folder: where it
    runs, such as the manifest's. What it prints is dropped; its stderr is for people.
    """
    context = Context(environ, folder or Path.cwd(), concealed=concealed, stop=stop)
    return _CommandCanary(argv, context, timeout)


class _CommandCanary:
    def __init__(self, argv: Sequence[str], context: Context, timeout: float) -> None:
        self._argv = tuple(argv)
        self._context = context
        self._timeout = timeout

    def check(self, repos: Sequence[Repo]) -> None:
        del repos
        if not (self._argv and self._is_there(self._argv[0])):
            what = f"the canary {quote(self._argv[0] if self._argv else '')} cannot be started"
            fix = "name a program that can be executed where flowforge runs"
            raise CanaryError(Problem("FF061", what, why="it is no program here", fix=fix))

    def run(self, repos: Sequence[Repo]) -> tuple[CanaryVerdict, ...]:
        stop = self._context.stop
        done = dict(each(repos, self._run, jobs=_SIDE_BY_SIDE, stopped=stop.is_set))
        if stop.is_set() or len(done) < len(set(repos)):
            raise StoppedError
        return tuple(done[repo] for repo in repos)

    def _is_there(self, program: str) -> bool:
        folder, path = self._context.folder, self._context.environ.get("PATH", os.defpath)
        return shutil.which(folder / program if "/" in program else program, path=path) is not None

    def _run(self, repo: Repo) -> CanaryVerdict:
        context = self._context
        program = ChildProgram(
            (*self._argv, str(repo)),
            context.child_environ(),
            context.folder,
            self._timeout,
            overheard=True,
            unread=True,
        )
        ended = run(program, context.stop)
        if isinstance(ended, EndedProgram):
            said = "the command ended well" if not ended.code else f"the command ended with {ended.code}"
            return CanaryVerdict(repo, not ended.code, said)
        said = _FAILURES.get(ended, f"the command did not end in {self._timeout:g} s")
        return CanaryVerdict(repo, well=False, said=said)

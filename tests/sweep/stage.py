"""One run with values planted, and everything that it showed to anybody while it ran and left behind."""

import contextlib
import functools
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowforge import __main__ as program
from flowforge.cli.main import cli
from flowforge.manifest.plugins import installed_sources
from tests.faults.bench import Bench, Done
from tests.sweep.paste import pasted
from tests.sweep.seek import Seeker
from tests.sweep.sinks import SINKS

if TYPE_CHECKING:
    import pytest

    from tests.conftest import FakeOp

# The beginning of a credential is public, and messages name it.
_BODY: Final = len("sk-ant-api03-")


class Stage:
    """A bench, a cache and a TMPDIR of its own, and what to look for."""

    active: "Stage | None" = None
    bench: Bench
    out: bytes
    err: bytes

    def __init__(self, bench: Bench, op: "FakeOp", outside: Path, patch: "pytest.MonkeyPatch") -> None:
        self.bench = bench
        self.op: Final = op
        self.person: str | None = None
        self.patch: Final = patch
        self.folder: Final[Path] = bench.folder
        self.outside: Final[Path] = outside
        self.cache: Final[Path] = outside / "cache"
        self.tmp: Final[Path] = outside / "tmp"
        self.sought: list[str] = []
        self.out = self.err = b""
        self.runs = 0
        self.logs: list[bytes] = []
        self.tracebacks: list[bytes] = []
        self.variables: list[bytes] = []
        self.removed: list[bytes] = []
        self.argvs: list[bytes] = []
        self.environs: list[bytes] = []
        for folder in (self.cache, self.tmp):
            folder.mkdir()
        patch.setenv("FLOWFORGE_CACHE_DIR", str(self.cache))
        patch.setenv("TMPDIR", str(self.tmp))
        patch.setattr(tempfile, "tempdir", None)
        for name, text in op.environ.items():
            patch.setenv(name, text)

    def seek(self, *secrets: str) -> None:
        """Look for these values from now on, but for what is public of them."""
        self.sought += (secret[_BODY:] if secret.startswith("sk-ant-") else secret for secret in secrets)

    def run(self, *args: str) -> None:
        """Run one command, and take what it shows: in this process, or at a terminal where a person pastes."""
        if self.person is not None:
            self.take(Done(0, pasted(self.folder, args, self.person), ""))
            return
        with self.watching():
            done = self.bench.run(*args)
        self.take(done)

    def install(self, module: str) -> None:
        """Install a package that offers the source `planted-source`, made of one module."""
        site = self.outside / "site"
        metadata = site / "planted-1.0.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n", encoding="utf-8")
        points = "[flowforge.sources]\nplanted-source = planted:Source\n"
        (metadata / "entry_points.txt").write_text(points, encoding="utf-8")
        (site / "planted.py").write_text(module, encoding="utf-8")
        self.patch.syspath_prepend(str(site))
        sys.modules.pop("planted", None)
        installed_sources.cache_clear()

    def take(self, done: Done) -> None:
        """Take what a run printed, wherever it ran."""
        self.runs += 1
        self.out += done.out.encode("utf-8", "surrogateescape")
        self.err += done.err.encode("utf-8", "surrogateescape")

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Take what passes by: log records of every level, tracebacks, processes started, and files as they go."""
        handler, root = _Records(self.logs), logging.getLogger()
        level, original = root.level, cli
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        vars(program)["cli"] = _Traced(original, self)
        _watch()
        Stage.active = self
        try:
            yield
        finally:
            Stage.active = None
            vars(program)["cli"] = original
            root.setLevel(level)
            root.removeHandler(handler)

    def leaks(self, *, but: Container[str] = ()) -> list[str]:
        """Return in which sinks a part of a value is. but: sinks that are not looked at, as the value came that way."""
        seeker = Seeker.of(self.sought)
        return [
            f"{name}: {form}"
            for name, sink in SINKS.items()
            if name not in but
            for form in {form for data in sink.content(self) for form in seeker.find(data)}
        ]


class _Records(logging.Handler):
    """Keeps every log record, formatted."""

    def __init__(self, into: list[bytes]) -> None:
        super().__init__()
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        self._into.append(f"{record.getMessage()} {record.exc_info} {record.args}".encode("utf-8", "replace"))


class _Traced:
    """The command line, with every exception that leaves it kept: as it would be printed, and its local variables."""

    def __init__(self, cli: Any, stage: Stage) -> None:  # noqa: ANN401 -- click's group
        self._cli, self._stage = cli, stage

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- as click's
        try:
            return self._cli.main(*args, **kwargs)
        except BaseException as error:
            printed = f"{''.join(traceback.format_exception(error))} {error!r} {error.args}"
            self._stage.tracebacks.append(printed.encode("utf-8", "replace"))
            self._stage.variables.append("\n".join(_variables(error)).encode("utf-8", "replace"))
            raise

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- as click's
        return getattr(self._cli, name)


def _variables(error: BaseException) -> Iterator[str]:
    """Yield the local variables of FlowForge's own frames, of an exception and of all that it is chained to.

    Not those that are the process's environment: that is where the values were put.
    """
    seen: BaseException | None = error
    while seen is not None:
        for frame, line in traceback.walk_tb(seen.__traceback__):
            for name, value in frame.f_locals.items() if "/flowforge/" in frame.f_code.co_filename else ():
                if not (isinstance(value, Mapping) and "PATH" in value):
                    yield f"{frame.f_code.co_name}:{line} {name}={value!r}"
        seen = seen.__cause__ or seen.__context__


def _audit(event: str, args: tuple[Any, ...]) -> None:
    """Take what the interpreter is about to do: start a process, remove a file, replace or cut one."""
    stage = Stage.active
    if stage is None:
        return
    if event == "subprocess.Popen":
        _, argv, _, environ = args
        if argv[0] != sys.executable:  # FlowForge itself, started by a test
            stage.argvs.append(repr(list(argv)).encode())
            stage.environs.append(repr(dict(os.environ if environ is None else environ)).encode())
    elif event in {"os.remove", "os.rename", "os.truncate"}:
        with contextlib.suppress(OSError, TypeError):
            stage.removed += [str(args[0]).encode(), _content(args[0])]


def _content(file: str | int | os.PathLike[str]) -> bytes:
    """Return what a path or a descriptor holds; opened anew, as the descriptor may be for writing only."""
    return Path(f"/dev/fd/{file}" if isinstance(file, int) else file).read_bytes()


@functools.cache
def _watch() -> None:
    """Have the interpreter tell; it cannot be taken back.

    Not where coverage counts: before CPython 3.12, a thread that begins while such a hook runs in another cannot be
    traced, and dies of it.
    """
    sys.addaudithook(_audit)

"""The processes that tests start, and those that these start: what they send, as `tests/recorder.py` tells it.

A test need not do anything for it: whatever it starts with `subprocess`, in an environment of its own or not, is told
where to tell. What FlowForge itself starts gets what FlowForge gives it.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Semaphore, Thread
from typing import Any, Final
from weakref import ref

import pytest

from tests import recorder

_HEAD: Final = re.compile(rb"([A-Z]{3,10} [^\s]+) HTTP/1\.[01]\r\n((?:[^\r\n]+\r\n)*)\r\n")
_LENGTH: Final = re.compile(rb"^content-length: *(\d+)\r$", re.IGNORECASE | re.MULTILINE)
_JUDGED: Final = "judged"


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent: a request, or bytes that are none."""

    where: str
    """Whom the connection led to, as `host:port`."""
    names: tuple[str, ...]
    """What said to the process where Anthropic's API is: the variables of `recorder.NAMES`."""
    asked: str
    """Its method and its target; empty where it is no request."""
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class Told:
    """What was told since the last time."""

    requests: list[Request]
    values: set[str]
    """What came into the vaults of processes."""
    unread: list[str]
    """Addresses of connections that the recorder cannot read."""
    arrived: list[tuple[str, str]]
    """The request line and the User-Agent of what FlowForge asked a sandbox that is a process of its own."""


@dataclass(frozen=True, slots=True)
class _Frame:
    kind: str
    connection: tuple[str, ...]
    data: bytes


class Children:
    """Listens to the processes that are started while it watches."""

    def __init__(self) -> None:
        """Make the folder that they have on PYTHONPATH."""
        self.folder = Path(tempfile.mkdtemp(prefix="flowforge-guard-"))
        shutil.copy(recorder.__file__, self.folder / "sitecustomize.py")
        pipe = self.folder / recorder.PIPE
        os.mkfifo(pipe, 0o600)
        self._out = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        # While somebody may write the pipe has no end.
        self._into = os.open(pipe, os.O_WRONLY)
        os.set_blocking(self._out, True)
        self._frames: list[_Frame] = []
        # Weak: that nobody waits for one is a warning of its own, which fails its test as it goes.
        self._begun: list[ref[subprocess.Popen[Any]]] = []
        self._reached = Semaphore(0)
        self._thread = Thread(target=self._listen, daemon=True)
        self._thread.start()

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return an environment whose Pythons tell what they send."""
        path = environ.get("PYTHONPATH", "").split(os.pathsep)
        found = [str(self.folder), *(each for each in path if each and each != str(self.folder))]
        return {**environ, "PYTHONPATH": os.pathsep.join(found)}

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Have whatever this process starts from now on tell."""
        patch.setattr(subprocess.Popen, "__init__", self._starting(subprocess.Popen.__init__))

    @property
    def silent(self) -> bool:
        """Whether nobody can have told anything since the last time: no process was started, and none was left."""
        return not self._begun and not self._frames

    def told(self) -> Told:
        """Return what was told until now. A process tells before it sends, so all is in it that has left."""
        # One that ended before the mark is written has told all that it will.
        ended = [each for each in self._begun if getattr(each(), "returncode", 0) is not None]
        (mark,) = recorder.frames(_JUDGED, 0, "", b"")
        os.write(self._into, mark)
        assert self._reached.acquire(timeout=60), "nobody reads what processes tell"
        marked = next(at for at, frame in enumerate(self._frames) if frame.kind == _JUDGED)
        taken = self._frames[:marked]
        del self._frames[: marked + 1]
        for each in ended:
            self._begun.remove(each)
        told, streams = Told([], set(), [], []), dict[tuple[str, ...], bytearray]()
        for frame in taken:
            match frame.kind:
                case recorder.SENT | recorder.VALUE:
                    streams.setdefault((frame.kind, *frame.connection), bytearray()).extend(frame.data)
                case recorder.TOOK:
                    # Where it was judged in between there is nothing left to take back.
                    del streams.get((recorder.SENT, *frame.connection), bytearray())[-int(frame.data) :]
                case recorder.ARRIVED:
                    asked, _, agent = frame.data.decode("utf-8", "surrogateescape").partition("\n")
                    told.arrived.append((asked, agent))
                case _:
                    told.unread.append(frame.connection[2])
        for (kind, _, _, where, *names), stream in streams.items():
            if kind == recorder.VALUE:
                told.values.add(stream.decode("utf-8", "surrogatepass"))
            else:
                told.requests += requests(where, tuple(names), bytes(stream))
        return told

    def close(self) -> None:
        """Listen no longer; what is told from now on is told to nobody."""
        os.close(self._into)
        self._thread.join()
        os.close(self._out)
        shutil.rmtree(self.folder)

    def _listen(self) -> None:
        with open(self._out, "rb", closefd=False) as pipe:
            while lengths := pipe.read(recorder.LENGTHS):
                head, size = int(lengths[:4]), int(lengths[4:])
                kind, *connection = (os.fsdecode(part) for part in pipe.read(head).split(recorder.END))
                self._frames.append(_Frame(kind, tuple(connection), pipe.read(size)))
                if kind == _JUDGED:
                    self._reached.release()

    def _starting(self, inner: Callable[..., None]) -> Callable[..., None]:
        def begin(process: "subprocess.Popen[Any]", *args: Any, **settings: Any) -> None:  # noqa: ANN401 -- as Popen's
            given = settings.get("env")
            if given is None or not _by_flowforge():
                settings["env"] = self.environ(os.environ if given is None else given)
            inner(process, *args, **settings)
            self._begun.append(ref(process))

        return begin


def _by_flowforge() -> bool:
    """Return whether it is FlowForge that starts a process."""
    frame: Any = sys._getframe(2)
    while frame.f_globals["__name__"] == "subprocess":
        frame = frame.f_back
    return str(frame.f_globals["__name__"]).startswith("flowforge.")


def requests(where: str, names: tuple[str, ...], stream: bytes) -> Iterator[Request]:
    """Yield what was sent over one connection, and leave nothing out: what follows a request is taken for its body."""
    head = _HEAD.search(stream)
    before = stream[: head.start()] if head else stream
    if before:
        yield Request(where, names, "", [], before)
    while head:
        found = _LENGTH.search(head[2])
        following = _HEAD.search(stream, head.end() + int(found[1] if found else 0))
        body = stream[head.end() : following.start() if following else None]
        lines = [line.partition(":") for line in head[2].decode("latin-1").splitlines()]
        headers = [(name, text.strip()) for name, _, text in lines]
        yield Request(where, names, head[1].decode("latin-1"), headers, body)
        head = following

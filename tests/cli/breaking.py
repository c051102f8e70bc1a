"""Parts of an apply that raise what they are told to, once, at a step of it: the wire, the state and the others."""

import errno
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

import httpx
from nacl.exceptions import CryptoError

from flowforge import run
from flowforge.errors import FlowForgeError, Problem
from flowforge.github.clients import Clients
from flowforge.github.http import Client
from flowforge.github.problems import Refusal, RepoError, StoppedError
from flowforge.github.secrets import PublicKeys
from flowforge.plan.action import Why
from flowforge.plan.report import Report
from flowforge.steps.apply.writer import ScopeWriter

SECONDS = 30.0
# No exception's own text is ever shown: it may quote a value.
CANARY = "c0ffee" + "canary"


class MadeUpError(BaseException):
    """What no library has thought of yet."""


def ours() -> dict[str, BaseException]:
    """Make one of each of our own errors, those of the parts included."""
    kinds: list[type[FlowForgeError]] = [FlowForgeError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    problem = Problem("FF998", "made up", "somewhere", "for a test", "do nothing")
    no = Refusal("FF998", Why.FAILED, "made up", "do nothing")
    special: dict[type[FlowForgeError], FlowForgeError] = {RepoError: RepoError(no), StoppedError: StoppedError()}
    made: dict[str, BaseException] = {kind.__name__: special.get(kind) or kind(problem) for kind in kinds}
    return {**made, "RepoError, uncertain": RepoError(no, certain=False)}


def foreign() -> dict[str, BaseException]:
    """Make one of each kind that is not ours, with a text that must not be shown."""
    plain = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, ZeroDivisionError, NameError)
    system = (PermissionError, FileNotFoundError, ConnectionResetError, BrokenPipeError, TimeoutError, BlockingIOError)
    deep = (RecursionError, MemoryError, AssertionError, RuntimeError, StopIteration, NotImplementedError, SystemError)
    last = (CryptoError, httpx.InvalidURL, KeyboardInterrupt, SystemExit, GeneratorExit, MadeUpError)
    made: dict[str, BaseException] = {kind.__name__: kind(CANARY) for kind in (*plain, *system, *deep, *last)}
    return made | {
        "OSError, disk full": OSError(errno.ENOSPC, CANARY),
        "UnicodeEncodeError": UnicodeEncodeError("ascii", CANARY, 0, 1, CANARY),
        "JSONDecodeError": json.JSONDecodeError(CANARY, CANARY, 0),
        "ExceptionGroup": BaseExceptionGroup(CANARY, [ValueError(CANARY)]),
    }


@dataclass
class Strike:
    """Raises once, at the step that matches for the `nth` time. wire: what was sent, each with its status or None.

    hold: a step at which a worker waits, until it may `go`.
    """

    step: str
    error: BaseException
    nth: int = 1
    hold: str = "nowhere"
    go: threading.Event = field(default_factory=threading.Event)
    met: bool = False
    wire: list["Sent"] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, step: str) -> None:
        """Raise, if it is time."""
        if step == self.hold:
            self.go.wait(SECONDS)
        with self._lock:
            if self.met or not re.fullmatch(self.step, step):
                return
            self.nth -= 1
            self.met = self.nth == 0
        if self.met:
            raise self.error

    def apply(self, request: run.Request, **given: Any) -> tuple[run.Planned, Report | None]:  # noqa: ANN401 -- as run.apply
        """Run an apply of which every part may raise."""
        asked = replace(request, progress=self._progress(request.progress), notify=self._notify)
        planned, report = run.apply(asked, **given, arrange=self.arrange)
        return planned, report and self._fragile(report)

    def arrange(self, writer: ScopeWriter) -> ScopeWriter:
        """Put parts that may raise into a writer."""
        (old,) = writer.clients.all
        client = Client(old.api, old.token, old.pacer, jobs=2, transport=Wire(self))
        remote = getattr(writer.session, "_remote", None)
        if remote is not None:
            remote._client = client

        def close() -> None:
            client.close()
            Client.close(old)
            self("close client")

        cast("Any", old).close = close
        return replace(
            writer,
            clients=Clients.of_one(client),
            keys=PublicKeys(),
            session=self._before(writer.session, "memory"),
            vault=self._before(writer.vault, "vault"),
            permissions=self._before(writer.permissions, "permissions"),
        )

    def _before(self, part: object, name: str) -> Any:  # noqa: ANN401 -- what stands for any part
        return _Part(part, name, self)

    def _notify(self, text: str) -> None:
        del text
        self("notify")

    def _progress(self, shown: Callable[..., AbstractContextManager[Callable[[], None]]]) -> Any:  # noqa: ANN401 -- a Progress
        @contextmanager
        def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
            with shown(what, total) as advance:

                def advanced() -> None:
                    advance()
                    self(f"advance {what}")

                self(f"begin {what}")
                yield advanced
                self(f"end {what}")

        return progress

    def _fragile(self, report: Report) -> Report:
        strike = self

        class Fragile(Report):
            def recap(self) -> Any:  # noqa: ANN401 -- as Report's
                strike("recap")
                return Report.recap(self)

        return Fragile(**{each.name: getattr(report, each.name) for each in fields(report)})


class _Part:
    """A part, each of whose members may raise: `before memory.record`, `after memory.record`."""

    def __init__(self, part: object, name: str, strike: Strike) -> None:
        self._part, self._name, self._strike = part, name, strike

    def __getattr__(self, member: str) -> Any:  # noqa: ANN401 -- whatever it is
        found = getattr(self._part, member)
        if not callable(found):
            self._strike(f"before {self._name}.{member}")
            return found

        def called(*args: object, **more: object) -> object:
            self._strike(f"before {self._name}.{member}")
            done = found(*args, **more)
            self._strike(f"after {self._name}.{member}")
            return done

        return called


@dataclass
class Sent:
    """A request that was handed to the network. status: None unless its answer arrived whole."""

    request: str
    name: str = ""
    status: int | None = None

    @property
    def what(self) -> str:
        """Name what it writes: of one that creates, the name stands in its body."""
        return f"{self.request} {self.name}".strip()

    @property
    def left(self) -> bool:
        """Whether it changed something, or may have."""
        return not self.request.startswith("GET") and (self.status is None or self.status < 300)


class Wire(httpx.BaseTransport):
    """The network, with a step before each request, after its work was done, and within its answer."""

    def __init__(self, strike: Strike) -> None:
        self._inner, self._strike = httpx.HTTPTransport(), strike

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send."""
        what = f"{request.method} {request.url.path}"
        sent = Sent(what, json.loads(request.content).get("name", "") if request.method == "POST" else "")
        self._strike.wire.append(sent)
        self._strike(f"before {what}")
        answer = self._inner.handle_request(request)
        try:
            self._strike(f"after {what}")
        except BaseException:
            answer.close()
            raise
        body = _Body(answer, lambda: self._strike(f"within {what}"), sent)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=body, extensions=answer.extensions)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpx.Response, strike: Callable[[], None], sent: Sent) -> None:
        self._answer, self._strike, self._sent = answer, strike, sent

    def __iter__(self) -> Iterator[bytes]:
        self._strike()
        yield from cast("httpx.SyncByteStream", self._answer.stream)
        self._sent.status = self._answer.status_code

    def close(self) -> None:
        self._answer.close()

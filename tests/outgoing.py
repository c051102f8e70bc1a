"""Every request that arrives at a sandbox, whole: what FlowForge sends out, and to whom."""

from dataclasses import dataclass
from typing import Any

from flowforge.sandbox import Sandbox
from flowforge.sandbox.http.anthropic_api import AnthropicApi


@dataclass(frozen=True)
class Sent:
    """A request as it went out. host: `github` or `anthropic`."""

    host: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> bytes:
        """All of it in one piece, to be searched."""
        heads = "".join(f"{name}: {text}\n" for name, text in self.headers.items())
        return f"{self.method} {self.target}\n{heads}\n".encode("latin-1") + self.body


class _Recorder:
    """Answers as the API behind it does, and keeps what was asked."""

    def __init__(self, inner: Any, sent: list[Sent]) -> None:  # noqa: ANN401 -- one of two APIs
        self.inner, self._sent, self.world = inner, sent, inner.world
        self._host = "anthropic" if isinstance(inner, AnthropicApi) else "github"

    def respond(self, request: Any) -> Any:  # noqa: ANN401 -- as the API's
        self._sent.append(Sent(self._host, request.method, request.target, dict(request.headers), request.body))
        return self.inner.respond(request)


def record(sandbox: Sandbox) -> list[Sent]:
    """Return a list to which each request from now on is added, of every server that the sandbox has."""
    sent: list[Sent] = []
    for server in sandbox._servers:
        vars(server)["api"] = _Recorder(server.api, sent)
    return sent

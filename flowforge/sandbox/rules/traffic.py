"""What was asked of the sandbox: counts by method and route, and a log of paths and statuses, never of contents."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import field, replace

from flowforge.data_class import dataclass
from flowforge.tokens import redact

_LOG_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class Logged:
    """One request, and who made it."""

    method: str
    """The HTTP method."""
    path: str
    """The path with its query, credentials redacted."""
    status: int
    """The status it got."""
    by: str
    """Whose token it was signed with: a name, a login, `app@owner` of an installation, the App's name of a JWT.

    Empty where the token is unknown, or the JWT was refused.
    """
    mint: int
    """The number of an installation's token, as `minted_tokens` lists them; 0 of any other."""


@dataclass(slots=True)
class Traffic:
    """Counts and log since the start or the last reset. Thread-safe."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    entries: deque[Logged] = field(default_factory=lambda: deque(maxlen=_LOG_LENGTH))
    told: Callable[[Logged], None] = lambda _: None
    """Is told each request, by the thread that answered it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, template: str, entry: Logged) -> None:
        """Count a request under `METHOD template` and log it."""
        with self._lock:
            self.requests[f"{entry.method} {template}"] += 1
            self.statuses[entry.status] += 1
            entry = replace(entry, path=redact(entry.path))
            self.entries.append(entry)
        self.told(entry)

    def counts(self) -> tuple[dict[str, int], dict[int, int]]:
        """Return the counts by `METHOD template` and by status."""
        with self._lock:
            return dict(self.requests), dict(self.statuses)

    def log(self) -> list[Logged]:
        """Return the latest requests, oldest first."""
        with self._lock:
            return list(self.entries)

    def reset(self) -> None:
        """Begin counting anew."""
        with self._lock:
            self.requests.clear()
            self.statuses.clear()
            self.entries.clear()

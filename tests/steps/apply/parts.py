"""What a writer of scopes works with: a state that notes what it is told, a scripted GitHub, a clock without waits."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

import httpx
from nacl.encoding import Base64Encoder
from nacl.public import PrivateKey, SealedBox

from flowforge.github.clock import Clock
from flowforge.plan.address import Address, Repo
from flowforge.plan.facts import Listing, Record
from flowforge.plan.ordering import Work
from flowforge.state.session import StateSession
from flowforge.steps.apply.cost import Cost

DATE, AT = "Mon, 23 Nov 2026 08:00:20 GMT", "2026-11-23T08:00:20Z"
API = Repo.parse("acme/api")
PAIR = PrivateKey(bytes(range(32)))
PUBLIC_KEY = f"1:{PAIR.public_key.encode(Base64Encoder).decode()}"
VALUES = {"fp-one": "the first value", "fp-two": "the second value"}


@dataclass
class Notes:
    """A state that notes what it is told, in order. fails: what a method raises instead. during: happens meanwhile."""

    told: list[tuple[object, ...]] = field(default_factory=list)
    fails: dict[str, BaseException] = field(default_factory=dict)
    during: Callable[[], None] = lambda: None
    batch: int | None = None
    settled: frozenset[Address] = frozenset()
    unrecorded: frozenset[Address] = frozenset()
    begun: frozenset[Address] = frozenset()

    def _tell(self, *what: object) -> None:
        self.told.append(what)
        self.during()
        if what[0] in self.fails:
            raise self.fails[str(what[0])]

    def announce(self, fingerprints: Mapping[Address, str | None], after: Collection[Address] = ()) -> None:
        """Note it, and not what is over by then."""
        del after
        self._tell("announce", dict(fingerprints))

    def intend(self, fingerprints: Mapping[Address, str | None]) -> None:
        """Note it."""
        self._tell("intend", dict(fingerprints))

    def record(self, address: Address, record: Record) -> None:
        """Note it."""
        self._tell("record", address, record)

    def forget(self, address: Address) -> None:
        """Note it."""
        self._tell("forget", address)

    def abandon(self, address: Address) -> None:
        """Note it."""
        self._tell("abandon", address)

    def close(self) -> None:
        """Note it."""
        self._tell("close")

    @property
    def session(self) -> StateSession:
        """Return it as one."""
        return cast("StateSession", self)


Answer = httpx.Response | Exception


@dataclass
class GitHub:
    """What is listed, by path, and what is answered instead; every request is noted, with what it puts in a box."""

    listed: dict[str, dict[str, str]] = field(default_factory=dict)
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sent: list[dict[str, object]] = field(default_factory=list)
    during: Callable[[str], None] = lambda _: None
    _key: PrivateKey = PAIR

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        path = request.url.path
        what = f"{request.method} {path}"
        self.asked.append(what)
        self.during(what)
        if request.content:
            self.sent.append(self._opened(json.loads(request.content)))
        if left := self.instead.get(what):
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer
        return self._answer(request.method, path)

    def _opened(self, body: dict[str, object]) -> dict[str, object]:
        box = body.pop("encrypted_value", None)
        if isinstance(box, str):
            body["value"] = SealedBox(self._key).decrypt(box.encode(), Base64Encoder).decode()
        return body

    def _answer(self, method: str, path: str) -> httpx.Response:
        folder, _, name = path.rpartition("/")
        if name == "public-key":
            key = self._key.public_key.encode(Base64Encoder).decode()
            return httpx.Response(200, json={"key_id": "1", "key": key})
        if method == "GET" and name in {"secrets", "variables"}:
            entries = [{"name": each, "updated_at": time} for each, time in self.listed.get(path, {}).items()]
            return httpx.Response(200, json={"total_count": len(entries), name: entries})
        if method == "PUT":
            new = name not in self.listed.setdefault(folder, {})
            self.listed[folder][name] = AT
            return httpx.Response(201 if new else 204, headers={"date": DATE}, json={} if new else None)
        if method == "DELETE":
            gone = self.listed.get(folder, {}).pop(name, None)
            return httpx.Response(204 if gone else 404, headers={"date": DATE}, json=None if gone else {})
        return httpx.Response(404, json={"message": "Not Found"})


class Still(Clock):
    """Stands still, and jumps ahead instead of waiting."""

    time = 1000.0

    def now(self) -> float:
        """As the clock's."""
        return self.time

    def wall(self) -> float:
        """As the clock's."""
        return self.time

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """As the clock's."""
        self.time += 0 if event.is_set() else max(0.0, seconds)
        return event.is_set()


def cost(work: Iterable[Work]) -> Cost:
    """Return what writes cost where nothing was there before."""
    return Cost.of(work, defaultdict(lambda: Listing({})))

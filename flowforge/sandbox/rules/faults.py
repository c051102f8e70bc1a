"""Faults on demand: each names the requests it strikes, how many times, and what goes wrong with them."""

import base64
import re
import secrets as random
import threading
from collections.abc import Callable
from dataclasses import field, replace
from enum import StrEnum

from nacl.public import PrivateKey

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.answers import UNANSWERED, ApiAnswer, ApiRequest, RefusalError

_UNICORN = (
    b"<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head>"
    b"<body><p><strong>We had issues producing the response to your request.</strong></p></body></html>\n"
)
_PROXY = b"<html><head><title>Sign in</title></head><body>Your network needs you to sign in.</body></html>\n"
_HTML = "text/html; charset=utf-8"
_LIMITED = {403, 429}
_JSON = {*_LIMITED, 500}


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    """An answer with `status` and nothing done: JSON for 500, 403 and 429, GitHub's HTML page for the others."""
    RESET_BEFORE = "reset_before"
    """The connection is reset, and nothing was done."""
    RESET_AFTER = "reset_after"
    """The connection is reset after the work was done: a write without an answer."""
    HANG = "hang"
    """`seconds` (real ones) of silence, then the connection closes; nothing was done."""
    SLOW_BODY = "slow_body"
    """The answer's second half arrives `seconds` (real ones) later."""
    TRUNCATED = "truncated"
    """A valid answer whose JSON is cut in half, its length adjusted."""
    PROXY = "proxy"
    """200 and somebody's sign-in page."""
    CUT = "cut"
    """A list that ends after one item, its total_count untouched and no Link header."""
    PARTIAL = "partial"
    """A list of which GitHub says that single sign-on hides a part: the header X-GitHub-SSO: partial-results."""
    WRONG_KEY = "wrong_key"
    """A public key that is not the scope's."""
    ENDLESS = "endless"
    """A page after which there is another one, at an address that was never there before."""
    THEN = "then"
    """A good answer; before it is sent, `then` is done: between two pages of a list, something comes or goes."""
    UNUSABLE_KEY = "unusable_key"
    """A public key of 32 zero bytes, with which nothing can be sealed."""


@dataclass(slots=True)
class Fault:
    """A fault, and the requests that it strikes."""

    match: str
    """A regular expression that is searched in `METHOD /path?query`."""
    kind: FaultKind
    """What goes wrong."""
    times: int = 1
    """How often it strikes."""
    status: int = 502
    """For `status`: the status of the answer. 403 or 429 without a message is a secondary rate limit."""
    retry_after: int | None = None
    """For `status`: the retry-after header."""
    message: str = ""
    """For `status`: the message of the answer."""
    seconds: float = 0.0
    """For `hang` and `slow_body`: how many real seconds."""
    after: int = 0
    """How many matching requests it lets pass first, so that it can strike any page of any reading of a list."""
    then: Callable[[], object] = lambda: None
    """For `then`: what happens to the world."""

    def instead(self, pause: Callable[[float], None]) -> ApiAnswer | None:
        """Return the answer that replaces the work; None if the fault strikes later. pause: waits real seconds."""
        match self.kind:
            case FaultKind.PROXY:
                return ApiAnswer(200, raw=_PROXY, content_type=_HTML, foreign=True)
            case FaultKind.STATUS:
                return self._refusal()
            case FaultKind.HANG:
                pause(self.seconds)
                return ApiAnswer(UNANSWERED)
            case FaultKind.RESET_BEFORE:
                return ApiAnswer(UNANSWERED)
        return None

    def spoil(self, answer: ApiAnswer, request: ApiRequest) -> None:
        """Make a good answer wrong in its content, or by the time it arrives."""
        data = answer.data
        if self.kind is FaultKind.CUT:
            answer.headers.pop("link", None)
            for items in data.values() if isinstance(data, dict) else [data]:
                if isinstance(items, list):
                    del items[1:]
        elif self.kind is FaultKind.PARTIAL:
            answer.headers["x-github-sso"] = "partial-results; organizations=21955855,20582480"
        elif self.kind is FaultKind.WRONG_KEY and isinstance(data, dict):
            data["key"] = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
        elif self.kind is FaultKind.ENDLESS:
            answer.headers["link"] = f'<{request.base}{request.path}?after={random.token_hex(8)}>; rel="next"'
        elif self.kind is FaultKind.THEN:
            self.then()
        elif self.kind is FaultKind.UNUSABLE_KEY and isinstance(data, dict):
            data["key"] = base64.b64encode(bytes(32)).decode()

    def _refusal(self) -> ApiAnswer:
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        if self.status not in _JSON and not self.message:
            return ApiAnswer(self.status, raw=_UNICORN, content_type=_HTML, headers=headers, foreign=True)
        usual = "You have exceeded a secondary rate limit." if self.status in _LIMITED else "Server Error"
        return RefusalError(self.status, self.message or usual, headers=headers).answer


@dataclass(slots=True)
class Faults:
    """The faults that wait to strike, first come, first served. Thread-safe."""

    waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Let a fault wait. Raise ValueError for a bad expression."""
        try:
            re.compile(fault.match)
        except re.error as error:
            message = f"match is not a regular expression: {error}"
            raise ValueError(message) from None
        with self._lock:
            self.waiting.append(replace(fault))

    def clear(self) -> None:
        """Drop all faults that wait."""
        with self._lock:
            self.waiting.clear()

    def strike(self, method: str, target: str) -> Fault | None:
        """Return the fault that strikes this request, and count it down. Faults that strike later count the request."""
        # Without the lock, since nearly every request of nearly every test meets no fault.
        if not self.waiting:
            return None
        struck = None
        with self._lock:
            for fault in [each for each in self.waiting if re.search(each.match, f"{method} {target}")]:
                if fault.after:
                    fault.after -= 1
                elif struck is None:
                    struck = fault
            if struck:
                struck.times -= 1
                if struck.times <= 0:
                    self.waiting.remove(struck)
        return struck

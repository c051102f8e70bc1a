"""GitHub's limits on one account: the hourly budget, points a minute, requests in flight, and writes as content."""

import math
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.access import Token, TokenKind
from flowforge.sandbox.rules.answers import DOCS, RefusalError

_CORE = "core"
_HOUR = 3600
_MINUTE = 60
_RATE_DOCS = f"{DOCS}/using-the-rest-api/rate-limits-for-the-rest-api"
_READ = 1  # point
_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
_CONTENT = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
    "Please retry your request again later."
)


@dataclass(slots=True)
class Account:
    """What one account has used. Times are on the sandbox's clock."""

    used: int = 0
    """Requests of this hour."""
    reset: int = 0
    """When the hour ends."""
    points: int = 0
    """Points of the last minute, which are the sum of `recent`."""
    recent: deque[tuple[float, int]] = field(default_factory=deque)
    """When each request of the last minute came, and its points."""
    in_flight: int = 0
    """Requests that are not answered yet."""
    writes: deque[float] = field(default_factory=deque)
    """When each write of the last hour came."""

    def forget(self, now: float) -> None:
        """Drop what is older than its window. The minute slides: the strictest reading of what is documented."""
        if now >= self.reset:
            self.used, self.reset = 0, math.ceil(now) + _HOUR
        while self.recent and self.recent[0][0] <= now - _MINUTE:
            self.points -= self.recent.popleft()[1]
        while self.writes and self.writes[0] <= now - _HOUR:
            self.writes.popleft()


@dataclass(slots=True)
class AccountLimits:
    """The limits, and what each account has used. Thread-safe. The limits may be changed at any time.

    Times are on the sandbox's clock.
    """

    enabled: bool = True
    """Whether anything is refused."""
    primary: int = 5000
    """Requests an hour."""
    per_repo: int = 50
    """Requests an hour more for each repository of an App's installation over twenty."""
    most: int = 12_500
    """Requests an hour that an installation has at most."""
    workflow: int = 1000
    """Requests an hour with a workflow's own token."""
    points: int = 900
    """Points a minute. A read costs 1 and a write 5."""
    in_flight: int = 100
    """Requests at once."""
    content: bool = False
    """Whether every write counts as content. Of secrets it is not documented; these windows slide, too."""
    content_minute: int = 80
    """Writes a minute, where they count as content."""
    content_hour: int = 500
    """Writes an hour, where they count as content."""
    status: int = 403
    """The status of a secondary refusal: 403 or 429."""
    tell_wait: bool = True
    """Whether a secondary refusal has a retry-after header, which GitHub does not promise."""
    refusals: Counter[str] = field(default_factory=Counter)
    """How many requests were refused, by limit: `primary`, `points`, `in_flight` or `content`."""
    max_in_flight: int = 0
    """The most requests of one account at once, so far."""
    points_spent: int = 0
    """The points of all accounts, so far."""
    _accounts: dict[str, Account] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def admitted(self, token: Token, cost: int, now: float, *, free: bool, resource: str = _CORE) -> Iterator[None]:
        """Admit a request, or refuse it as GitHub does. cost: in points. free: whether the hourly limit ignores it.

        resource: the budget that counts it. GraphQL has one of its own beside that of REST.
        """
        with self._lock:
            account = self._account(token, now, resource)
            if self.enabled:
                self._check(token, account, cost, now, free=free)
            account.used += 0 if free else 1
            account.points += cost
            account.recent.append((now, cost))
            if cost > _READ:
                account.writes.append(now)
            account.in_flight += 1
            self.points_spent += cost
            self.max_in_flight = max(self.max_in_flight, account.in_flight)
        try:
            yield
        finally:
            with self._lock:
                account.in_flight -= 1

    def refund(self, token: Token) -> None:
        """Take back one request of the hour: a 304 is not counted."""
        with self._lock:
            self._accounts[token.account].used -= 1

    def state(self, token: Token, now: float, resource: str = _CORE) -> dict[str, int]:
        """Return limit, used, remaining and reset of the hourly limit. With limits off, nothing is ever used."""
        with self._lock:
            account = self._account(token, now, resource)
            limit, used = self._hourly(token), account.used if self.enabled else 0
            return {"limit": limit, "used": used, "remaining": max(0, limit - used), "reset": account.reset}

    def counts(self) -> tuple[int, dict[str, int], int]:
        """Return the points, the refusals by limit, and the most requests of one account in flight."""
        with self._lock:
            return self.points_spent, dict(self.refusals), self.max_in_flight

    def reset_counts(self) -> None:
        """Reset the counts of refusals, points and requests in flight, but not what accounts have used."""
        with self._lock:
            self.refusals.clear()
            self.points_spent = self.max_in_flight = 0

    def _account(self, token: Token, now: float, resource: str) -> Account:
        # The name of the account stands alone for REST: people are told it.
        key = token.account if resource == _CORE else f"{token.account} {resource}"
        account = self._accounts.setdefault(key, Account())
        account.forget(now)
        return account

    def _hourly(self, token: Token) -> int:
        usual = self.workflow if token.kind is TokenKind.WORKFLOW else self.primary
        return max(usual, min(usual + token.bonus * self.per_repo, self.most))

    def _check(self, token: Token, account: Account, cost: int, now: float, *, free: bool) -> None:
        if not free and account.used >= self._hourly(token):
            self.refusals["primary"] += 1
            raise RefusalError(403, f"API rate limit exceeded for {token.account}.", docs=_RATE_DOCS)
        if account.in_flight >= self.in_flight:
            self.refusals["in_flight"] += 1
            raise self._secondary(_MINUTE)
        if account.points + cost > self.points:
            self.refusals["points"] += 1
            raise self._secondary(_wait(account, account.points + cost - self.points, now))
        if self.content and cost > _READ and (wait := self._content_wait(account, now)):
            self.refusals["content"] += 1
            raise self._secondary(wait, _CONTENT)

    def _content_wait(self, account: Account, now: float) -> int:
        """Return the whole seconds until one more write is within both windows; 0 if it is."""
        waits = [0]
        for most, window in ((self.content_minute, _MINUTE), (self.content_hour, _HOUR)):
            recent = [at for at in account.writes if at > now - window]
            if len(recent) >= most:
                waits.append(max(1, math.ceil(recent[-most] + window - now)) if most else window)
        return max(waits)

    def _secondary(self, wait: int, message: str = _SECONDARY) -> RefusalError:
        headers = {"retry-after": str(wait)} if self.tell_wait else {}
        return RefusalError(self.status, message, docs=f"{_RATE_DOCS}#about-secondary-rate-limits", headers=headers)


def _wait(account: Account, excess: int, now: float) -> int:
    """Return the whole seconds until enough points are a minute old."""
    for spent_at, points in account.recent:
        excess -= points
        if excess <= 0:
            return max(1, math.ceil(spent_at + _MINUTE - now))
    return _MINUTE

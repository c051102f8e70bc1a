"""After a scope's writes: list it again until GitHub shows them, and learn the time that it gave to each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flowforge.github.http import Client
from flowforge.github.problems import StoppedError
from flowforge.github.scopes import list_scope
from flowforge.github.secrets import Deleted
from flowforge.plan.address import Scope
from flowforge.plan.facts import Entry, Listing, Public

# GitHub's `updated_at` was seen a second after its own `Date` of the PUT; both are whole seconds of two machines.
_BEFORE: Final = timedelta(seconds=2)
_AFTER: Final = timedelta(seconds=3)
_WAITS: Final = (0, 1, 2, 4, 8, 15, 30)  # seconds before each list; lists lag behind writes, for up to a minute


@dataclass(frozen=True, slots=True)
class Sent:
    """A secret that was put: GitHub's own `Date` of it, and the `updated_at` before it, None where there was none.

    retried: an earlier try, whose answer was lost, may have written it as well, and so may be what a list shows.
    """

    date: str
    before: str | None = None
    retried: bool = False


@dataclass(frozen=True, slots=True)
class Readable:
    """A variable that was written: GitHub's own `Date` of it, and the value.

    GitHub shows the value back, and need not move the time of one that was written as it stood.
    """

    date: str
    value: Public


@dataclass(frozen=True, slots=True)
class Confirmed:
    """GitHub shows what was done. updated_at: the time it gave; empty for a delete."""

    updated_at: str


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """Somebody wrote the secret after us; updated_at is theirs."""

    updated_at: str


@dataclass(frozen=True, slots=True)
class Lagging:
    """GitHub did not show it in time. why: what stood in the way, empty for a list that merely lags."""

    why: str = ""


Confirmation = Confirmed | ChangedSince | Lagging
Done = Sent | Readable | Deleted


def confirm(client: Client, scope: Scope, written: Mapping[str, Done]) -> Mapping[str, Confirmation]:
    """Say for each secret just written or deleted what GitHub shows of it: one list, more only while it lags.

    written: by upper-case name. Only GitHub's own times are compared. Once the run is to stop, it is asked only once
    more, without waiting. Raises GitHubError when the run is over.
    """
    found: dict[str, Confirmation] = dict.fromkeys(written, Lagging())
    unsure = dict(written)
    try:
        for seconds in _WAITS:
            stopping = not _waited(client, seconds)
            seen = list_scope(client, scope)
            if not isinstance(seen, Listing):
                return found | dict.fromkeys(unsure, Lagging(seen.detail))
            found |= {name: _judge(done, seen.entry(name)) for name, done in unsure.items()}
            unsure = {name: done for name, done in unsure.items() if not _sure(done, found[name])}
            if stopping or not unsure:
                return found
    except StoppedError:
        pass
    return found


def _waited(client: Client, seconds: float) -> bool:
    try:
        client.pacer.sleep(seconds)
    except StoppedError:
        return False
    return True


def _judge(done: Done, entry: Entry) -> Confirmation:
    listed = entry.updated_at
    if isinstance(done, Deleted):
        if not listed:
            return Confirmed("")
        return ChangedSince(listed) if done.date and _time(listed) - _time(done.date) > _AFTER else Lagging()
    if isinstance(done, Readable) and done.value == entry.value:
        return Confirmed(listed)
    # NOTE: a difference of two times always exists; a time and three seconds may lie beyond the year 9999.
    if not listed or not done.date or _time(done.date) - _time(listed) > _BEFORE:
        return Lagging()
    if _time(listed) - _time(done.date) > _AFTER:
        return ChangedSince(listed)
    return Lagging() if isinstance(done, Readable) else Confirmed(listed)


def _sure(done: Done, outcome: Confirmation) -> bool:
    """Return whether asking again could say something else.

    A write within two seconds of another one, of the secret as it was or of its own first try: a list that shows an
    earlier time than the write's own may show that one.
    """
    if isinstance(outcome, Lagging):
        return False
    if not isinstance(done, Sent) or _time(done.date) <= _time(outcome.updated_at):
        return True
    return not done.retried and outcome.updated_at != done.before


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)

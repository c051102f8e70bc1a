"""Confirm the writes of a scope: list it again until GitHub shows them, and learn the time that it gave to each."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.http import Client
from flowforge.github.problems import StoppedError
from flowforge.github.scopes import list_scope
from flowforge.github.secrets import Deleted
from flowforge.plan.address import Scope
from flowforge.plan.facts import Entry, Listing, Public, Record, Seen
from flowforge.plan.sighting import Sighting, sighting

# Seconds before each list. Lists lag behind writes: Terraform's provider retries a read after a write for up to a
# minute (integrations/terraform-provider-github, util_retry.go).
_WAITS: Final = (0, 1, 2, 4, 8, 15, 30)
# Seconds before a plan lists once more what an earlier run has left to it. What is deleted looks the same.
_PLANS_WAITS: Final = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Sent:
    """A secret that was put."""

    date: str
    """GitHub's own `Date` of the answer."""
    before: str | None = None
    """The `updated_at` before the write; None if there was no secret."""
    retried: bool = False
    """Whether an earlier try without an answer may have written it too, and may be what a list shows."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A variable that was written. GitHub shows its value back, so the time need not prove the write."""

    date: str
    """GitHub's own `Date` of the answer."""
    value: Public
    """The value that was written."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """GitHub shows the write. updated_at: the time that it gave; empty for a delete."""

    updated_at: str


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """Somebody else wrote the secret after this run. updated_at: the time of their write."""

    updated_at: str


@dataclass(frozen=True, slots=True)
class Lagging:
    """GitHub did not show the write in time. why: what kept it from being listed; empty if the list only lags."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Unasked:
    """Whether GitHub shows the write is left to a later list: the run could not wait for one."""


Confirmation = Confirmed | ChangedSince | Lagging | Unasked
Done = Sent | Readable | Deleted


def is_plain(done: Done) -> bool:
    """Return whether any later list tells a write from every earlier one, by the `Date` of its answer alone."""
    if not isinstance(done, Sent) or not done.date:
        return bool(done.date)
    return not done.retried and not (done.before and sighting(done.before, done.date) is Sighting.OURS)


def confirm(client: Client, scope: Scope, written: Mapping[str, Done]) -> Mapping[str, Confirmation]:
    """Return what GitHub shows of each secret that was just written or deleted.

    written: by upper-case name. The scope is listed once, and again only while the list lags. Only GitHub's own times
    are compared. When the run is to stop, it is listed once more without waiting, and what lags then is `Unasked`.
    Raises GitHubError when the run is over.
    """
    found: dict[str, Confirmation] = dict.fromkeys(written, Unasked())
    unsure = dict(written)
    try:
        for seconds in _WAITS:
            stopping = not _waited(client, seconds)
            seen = list_scope(client, scope)
            if not isinstance(seen, Listing):
                return found | dict.fromkeys(unsure, Lagging(seen.detail))
            found |= {name: _judge(done, seen.entry(name)) for name, done in unsure.items()}
            unsure = {name: done for name, done in unsure.items() if not _sure(done, found[name])}
            if not unsure:
                return found
            if stopping:
                break
        else:
            return found
    except StoppedError:
        pass
    return {name: Unasked() if isinstance(each, Lagging) else each for name, each in found.items()}


def until_shown(client: Client, ask: Callable[[], Seen], sent: Mapping[str, Record]) -> Seen:
    """Return what a scope holds, listed again while it does not show a write that an earlier run has left to a list.

    ask: lists it. sent: the records of such writes, by upper-case name. Raises as `ask` does, and StoppedError.
    """
    seen = ask()
    for seconds in _PLANS_WAITS:
        if not isinstance(seen, Listing) or not any(map(_lacks(seen), sent, sent.values())):
            break
        client.pacer.sleep(seconds)
        seen = ask()
    return seen


def _lacks(listing: Listing) -> Callable[[str, Record], bool]:
    def lacks(name: str, record: Record) -> bool:
        entry = listing.entry(name)
        return not entry.updated_at or entry.is_behind(record)

    return lacks


def _waited(client: Client, seconds: float) -> bool:
    try:
        client.pacer.sleep(seconds)
    except StoppedError:
        return False
    return True


# The time cannot be taken from the PUT, which answers without one: `updated_at` was seen a second after its `Date`.
def _judge(done: Done, entry: Entry) -> Confirmation:
    listed = entry.updated_at
    if isinstance(done, Deleted):
        if not listed:
            return Confirmed("")
        return ChangedSince(listed) if done.date and sighting(listed, done.date) is Sighting.LATER else Lagging()
    if isinstance(done, Readable) and done.value == entry.value:
        return Confirmed(listed)
    seen = sighting(listed, done.date) if listed and done.date else Sighting.BEHIND
    if seen is Sighting.LATER:
        return ChangedSince(listed)
    return Lagging() if seen is Sighting.BEHIND or isinstance(done, Readable) else Confirmed(listed)


def _sure(done: Done, outcome: Confirmation) -> bool:
    """Return whether another list could not show anything else."""
    if isinstance(outcome, Lagging | Unasked):
        return False
    # Times are whole seconds. A list with an earlier time than the write's own may show another write of the same two
    # seconds: the one before, or the first try of this one.
    if not isinstance(done, Sent) or datetime.fromisoformat(done.date) <= datetime.fromisoformat(outcome.updated_at):
        return True
    return not done.retried and outcome.updated_at != done.before

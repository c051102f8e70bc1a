"""What can be wrong with a token: its kind, its life, its budget, and what it may do at each place of the manifest."""

import math
import threading
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from flowforge.concurrency import Progress
from flowforge.errors import FlowForgeError, printable
from flowforge.github.answer import Answer
from flowforge.github.auth import GitHubToken
from flowforge.github.clients import Clients
from flowforge.github.http import Client
from flowforge.github.permissions import AccessLevel, certain_of, needs_of
from flowforge.github.problems import TokenError, workflow_token
from flowforge.manifest.places import Place
from flowforge.plan.address import Repo, Scope
from flowforge.plan.diagnosis import Diagnosis, named, of_error, of_unreadable, unknown, well, wrong
from flowforge.plan.facts import Presence, Unreadable
from flowforge.steps.look_up import look_up_all
from flowforge.steps.refresh.observe import observe

# Of a classic token; GitHub says them in a header, and of other kinds nothing.
_READS_ORGANIZATION: Final = frozenset({"admin:org"})
_SOON: Final = timedelta(days=30)
# GitHub refuses an App's JWT that is a minute ahead, and a state on a branch tells a dead run by ten minutes.
_SKEW: Final = 60.0
_LOW: Final = 0.1


def look_at_token(client: Client, owner: str, now: datetime) -> list[Diagnosis]:
    """Return what one request tells of a token: whether it works, until when, for how much, and of the clock."""
    whose = f" for {printable(owner)}" if owner else ""
    # An App's token may look the same. This variable holds the workflow's own unless somebody has overwritten it.
    if client.token.workflow and client.token.origin == "GITHUB_TOKEN":
        return of_error("token", workflow_token())
    try:
        answer = client.get("/rate_limit")
    except FlowForgeError as error:
        return of_error("token", error)
    return [_life(client, whose, now), *_budget(answer, whose), *_clock(answer, now)]


def _life(client: Client, whose: str, now: datetime) -> Diagnosis:
    ends = client.token_expires
    if ends is not None and ends - now <= _SOON:
        days = math.floor((ends - now) / timedelta(days=1))
        return wrong("token", f"the token{whose} ends on {ends.date()}, in {days} days", "make a new one, and store it")
    kind = "a classic token" if client.scopes else "a token of its own permissions"
    until = f", until {ends.date()}" if ends is not None else ""
    return well("token", f"the token{whose} works: {kind}, from {printable(client.token.origin)}{until}")


def _budget(answer: Answer, whose: str) -> Iterator[Diagnosis]:
    left, most = answer.number("x-ratelimit-remaining"), answer.number("x-ratelimit-limit")
    if left is None or not most:
        return  # a server without limits
    what = f"of {most:,} requests an hour the token{whose} has {left:,} left"
    if left < most * _LOW:
        wait = answer.until_reset or 0.0
        yield wrong("budget", what, f"wait {math.ceil(wait / 60)} minutes, or find out what else uses this token")
    else:
        yield well("budget", what)


def _clock(answer: Answer, now: datetime) -> Iterator[Diagnosis]:
    time = answer.time
    if time is None:
        return
    seconds = round((now - time).total_seconds())
    if abs(seconds) <= _SKEW:
        yield well("clock", "this machine's is GitHub's to the minute")
    else:
        side = "ahead of" if seconds > 0 else "behind"
        what = f"the clock of this machine is {abs(seconds):,} seconds {side} GitHub's"
        yield wrong("clock", what, "set it by NTP: a GitHub App cannot sign in, and ages come out wrong")


def look_at_places(
    clients: Clients, places: Collection[Place], *, jobs: int, stop: threading.Event, progress: Progress
) -> list[Diagnosis]:
    """Return what cannot be read or written of the lists that the manifest names."""
    scopes = {place.address.scope for place in places}
    creatable = {place.address.scope for place in places if place.creates_environment}
    seen = observe(clients, scopes, creatable=creatable, audiences=(), jobs=jobs, stop=stop, progress=progress)
    unreadable = {str(scope): found for scope, found in sorted(seen.items()) if isinstance(found, Unreadable)}
    lines = of_unreadable("places", unreadable)
    read = {scope for scope, found in seen.items() if not isinstance(found, Unreadable)}
    written = {place.address.scope for place in places if place.presence is Presence.PRESENT} & read
    lines += _repos(clients, {scope.repo for scope in written if not scope.repo.is_organization}, jobs, stop)
    lines += _permissions(clients, written)
    if not any(each.check == "places" for each in lines):
        lines.insert(0, well("places", f"{len(scopes)} {'list' if len(scopes) == 1 else 'lists'} can be read"))
    return lines


def _repos(clients: Clients, repos: Collection[Repo], jobs: int, stop: threading.Event) -> list[Diagnosis]:
    """Return the repos that nothing can be written to: archived, renamed, or read-only for this token."""
    found = look_up_all(clients, repos, jobs=jobs, stop=stop)
    lines = of_unreadable("places", {str(repo): why for repo, why in found.items() if isinstance(why, Unreadable)})
    reads = [str(repo) for repo, info in found.items() if not isinstance(info, Unreadable) and info.can_write is False]
    if reads:
        what = f"{named(sorted(reads))}: the token may read, and not write"
        lines.append(wrong("permissions", what, "use a token whose owner has write access there"))
    return lines


def _permissions(clients: Clients, scopes: Iterable[Scope]) -> list[Diagnosis]:
    """Return what an App's installation or a classic token surely lacks. Of a fine-grained one GitHub says nothing."""
    by_owner: dict[str, set[Scope]] = {}
    for scope in scopes:
        by_owner.setdefault(scope.repo.owner.lower(), set()).add(scope)
    lines: list[Diagnosis] = []
    for owner, mine in sorted(by_owner.items()):
        client = clients.of(owner)
        certain = {each: AccessLevel.WRITE for scope in mine for each in certain_of(scope)}
        try:
            lacks = [*client.token.lacks(certain), *_scopes_lacking(client, mine)]
        except TokenError as error:
            lines += of_error("token", error)
            continue
        # Of a classic token GitHub tells the scopes, and of an App that the manifest names, what it was given.
        if not client.scopes and isinstance(client.token, GitHubToken):
            what = f"GitHub does not say whether the token for {printable(owner)} may write: the first write shows it"
            lines.append(unknown("permissions", what))
        if lacks:
            fix = "give it that permission; which is for what: docs/permissions.md"
            lines.append(wrong("permissions", f"the token for {printable(owner)} lacks {', '.join(lacks)}", fix))
    return lines


def _scopes_lacking(client: Client, scopes: Iterable[Scope]) -> list[str]:
    if not client.scopes:
        return []
    needed = {permission.scope for permission in needs_of(scopes, AccessLevel.WRITE)}
    covered = client.scopes | ({"repo"} if client.scopes & _READS_ORGANIZATION and needed == {"admin:org"} else set())
    return [f"the scope {scope}" for scope in sorted(needed - covered)]


def utc_now() -> datetime:
    """Return the time of this machine's clock, which is what is looked at."""
    return datetime.now(UTC)

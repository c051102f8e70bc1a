"""A probe from its first look at the scratch repo to the last delete: whatever ends it, nothing of it stays behind."""

import threading
from collections.abc import Mapping
from typing import Final

from flowforge.errors import DoctorError, FlowForgeError, GitHubError, Problem, bug, printable
from flowforge.github.answer import Answer
from flowforge.github.api_request import GitHubRequest
from flowforge.github.http import Client
from flowforge.github.paths import repo_path
from flowforge.github.permissions import AccessLevel, needs_of
from flowforge.github.problems import RepoError, StoppedError
from flowforge.github.repos import RepoInfo, read_repo
from flowforge.github.scopes import delete
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.probing import PREFIX, Operation, PlaceProbe, ProbeReport, Scratch, place_of
from flowforge.steps.probe.anonymous import KeyNumbers, exchange_of, host_of, organization_of, token_of, visibility_of
from flowforge.steps.probe.place import PlaceWalk, look, read_twice

# How often what may still be on its way is deleted, a second apart. What GitHub has taken comes into being within it.
_TRIES: Final = 3
_SECOND: Final = 1.1
_ANY: Final = "any"


def survey(client: Client, repo: Repo) -> Scratch:
    """Read what a scratch repo holds, and return what can be probed there. Writes nothing.

    Raises DoctorError: FF601 where secrets of a probe are there already, FF603 where no list can be read, FF604 where
    the repo cannot be used. Raises GitHubError as the client does.
    """
    scopes = [Scope(repo, store) for store in Store]
    environments = (Scope.of_environment(repo, _ANY), Scope.of_environment(repo, _ANY, Store.VARIABLES))
    client.token.need(needs_of((*scopes, *environments), AccessLevel.WRITE), (repo.short,))
    answer = _usable(client, repo)
    request = GitHubRequest("GET", f"{repo_path(repo)}/environments?per_page=1")
    listed = client.once(request)
    if isinstance(listed, Answer) and (name := _first_environment(listed.data)):
        scopes += [Scope.of_environment(repo, name), Scope.of_environment(repo, name, Store.VARIABLES)]
    read = {scope: read_twice(client, scope) for scope in scopes}
    # A second step is taken where the first was answered with a list.
    found = {scope: _names(client, scope) for scope in scopes if len(read[scope]) > 1}
    _require_none(found)
    usable = tuple(scope for scope, names in found.items() if names is not None)
    if not usable:
        why = f"none of the lists of {repo} can be read: {_statuses(read)}"
        fix = "use a token that may read and write them; of a classic one, the scope repo"
        raise DoctorError(Problem("FF603", "the token can read no store, so there is nothing to probe", "", why, fix))
    return Scratch(
        repo,
        host_of(client.api),
        token_of(client, answer),
        visibility_of(answer.data),
        organization_of(answer.data),
        exchange_of(request, listed),
        read,
        usable,
    )


def _usable(client: Client, repo: Repo) -> Answer:
    """Return GitHub's answer about the repo. Raises DoctorError FF604, and GitHubError."""
    try:
        answer = client.get(repo_path(repo))
        info = read_repo(client, repo, answer.data)
    except RepoError as refusal:
        raise refusal.at(str(repo)) from None
    if isinstance(info, RepoInfo):
        return answer
    fix = "name a scratch repo by the name that it has now, one that can be written to"
    raise DoctorError(Problem("FF604", "the probe cannot use this repo", str(repo), printable(info.detail), fix))


def _first_environment(data: object) -> str:
    """Return the name of an environment that is there; empty without one. None is ever created."""
    match data:
        case {"environments": [{"name": str() as name}, *_]}:
            return name
    return ""


def _names(client: Client, scope: Scope) -> frozenset[str] | None:
    """Return the names that a place holds; None where not all of them can be read."""
    try:
        return frozenset(look(client, scope).updated)
    except RepoError:
        return None


def _require_none(found: Mapping[Scope, frozenset[str] | None]) -> None:
    """Raise DoctorError FF601 where something of a probe's is there already: it may be another one's, under way."""
    there = [
        Address(scope, name)
        for scope, names in found.items()
        for name in sorted(names or ())
        if name.startswith(PREFIX)
    ]
    if there:
        named = ", ".join(printable(str(address)) for address in there)
        why = f"another probe is under way there, or one was killed; {named}"
        fix = "delete them by hand once no other probe is under way, and run it again"
        raise DoctorError(Problem("FF601", f"names that begin with {PREFIX} are there already", "", why, fix))


def _statuses(read: Mapping[Scope, list[Operation]]) -> str:
    return ", ".join(f"{place_of(scope)} {done[0].exchange.status or 'no answer'}" for scope, done in read.items())


def walk(client: Client, scratch: Scratch, stop: threading.Event) -> ProbeReport:
    """Create, rotate, re-key and delete a secret at each place. Raises nothing: whatever ends it is in the report."""
    keys, made = KeyNumbers(), set[Address]()
    walks = {scope: PlaceWalk(client, scope, keys, made, stop) for scope in scratch.usable}
    problems: list[Problem] = []
    interrupted = False
    # The first signal ends the walk before the next request, a second one within it; one more ends the tidying up.
    try:
        for scope, each in walks.items():
            problems += _of_place(scope, each)
    except (StoppedError, KeyboardInterrupt):
        interrupted = True
    except FlowForgeError as error:
        problems += error.problems
    except Exception as error:  # noqa: BLE001 -- a bug must leave nothing behind either
        problems.append(bug(error))
    left = _tidied(client, made)
    taken = {scope: each.done for scope, each in walks.items()}
    places = tuple(
        PlaceProbe(place_of(scope), (*first, *taken.get(scope, ()))) for scope, first in scratch.read.items()
    )
    if left:
        problems.append(_left_behind(left))
    return ProbeReport(scratch, places, left, tuple(problems), interrupted or stop.is_set())


def _of_place(scope: Scope, place: PlaceWalk) -> tuple[Problem, ...]:
    """Take the steps at a place, and return what ended them early; the others go on."""
    try:
        place.run()
    except RepoError as refusal:
        return refusal.at(str(scope)).problems
    return ()


def _tidied(client: Client, made: set[Address]) -> tuple[Address, ...]:
    """Delete what was created. Return what could not be deleted."""
    client.pacer.outlast()
    left = set(made)
    try:
        for address in sorted(made):
            if _is_gone(client, address):
                left.discard(address)
    except KeyboardInterrupt:
        pass
    return tuple(sorted(left))


def _is_gone(client: Client, address: Address) -> bool:
    """Delete a secret, and return whether it is surely gone."""
    try:
        for _ in range(_TRIES):
            # Without a date there was nothing to delete: perhaps not yet.
            if delete(client, address).date:
                break
            client.pacer.sleep(_SECOND)
        return address.secret not in look(client, address.scope).updated
    except GitHubError:
        return False


def _left_behind(left: tuple[Address, ...]) -> Problem:
    named = ", ".join(printable(str(address)) for address in left)
    fix = "delete by hand whichever of them is there: `gh secret delete` or `gh variable delete`"
    return Problem("FF602", "not all that the probe created could be deleted", "", f"it may have left {named}", fix)

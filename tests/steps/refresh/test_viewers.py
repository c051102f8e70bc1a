"""The ids of the repos that are to see a secret: which are asked for, and what lacks one."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.github.clients import Clients
from flowforge.github.http import Client
from flowforge.github.repos import RepoInfo
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Known, Listing, Presence, Seen, Wanted
from flowforge.sandbox import Sandbox
from flowforge.steps.refresh.viewers import IdentifiedViewers, identify_viewers
from tests.steps.refresh.test_selectors import connected

ORG = Scope(Repo.organization("acme"))
KEY, OTHER = Address(ORG, "KEY"), Address(ORG, "OTHER")
A, B, GONE = (Repo.parse(f"acme/{name}") for name in ("a", "b", "gone"))
SEEN: dict[Scope, Seen] = {ORG: Listing({})}


def _wanted(*viewers: Viewer, address: Address = KEY) -> Wanted:
    where = Where("m", 1, 1)
    return Wanted(
        address, Presence.PRESENT, "T", where, "k", "anthropic_api_key", Known("f"), audience=Audience.selected(viewers)
    )


@pytest.fixture
def client() -> Iterator[tuple[Sandbox, Client]]:
    """Connect to an organization of two repos."""
    with Sandbox(time_scale=10) as sandbox:
        for repo in (A, B):
            sandbox.world.create_repo(str(repo))
        sandbox.world.reset_stats()
        with connected(sandbox, threading.Event()) as connection:
            yield sandbox, connection


def _identified(
    client: Client, *wanted: Wanted, seen: dict[Scope, Seen] = SEEN, known: dict[Repo, RepoInfo] | None = None
) -> IdentifiedViewers:
    return identify_viewers(
        Clients.of_one(client),
        {want.address: want for want in wanted},
        seen,
        jobs=1,
        stop=threading.Event(),
        known=known or {},
    )


def _ids(found: IdentifiedViewers, address: Address = KEY) -> list[int]:
    audience = found.wanted[address].audience
    return [viewer.id for viewer in audience.viewers] if audience else []


def test_only_what_is_not_known_is_asked_for(client: tuple[Sandbox, Client]) -> None:
    """A selector, GitHub's own list, or the manifest has named most of the ids."""
    sandbox, connection = client
    listed: dict[Scope, Seen] = {ORG: Listing({}, audiences={"OTHER": Audience.selected([Viewer(B, 8)])})}
    found = _identified(connection, _wanted(Viewer(A, 7), Viewer(B)), seen=listed)
    assert ([7, 8], {}, 0) == (_ids(found), found.repos, connection.requests)
    found = _identified(
        connection, _wanted(Viewer(A), Viewer(B, 8)), known={A: RepoInfo(9, "acme/a", archived=False, can_write=True)}
    )
    assert ([9, 8], {}, 0) == (_ids(found), found.repos, connection.requests)
    found = _identified(connection, _wanted(Viewer(A), Viewer(B)))
    ids = [sandbox.world.directory[str(repo)].id for repo in (A, B)]
    assert (ids, {A, B}) == (_ids(found), set(found.repos))


@pytest.mark.parametrize("seen", [{}, {Scope(A): Listing({})}])
def test_a_list_that_was_not_seen(client: tuple[Sandbox, Client], seen: dict[Scope, Seen]) -> None:
    """Nobody is looked up for what is not written."""
    want = _wanted(Viewer(A))
    found = _identified(client[1], want, seen=seen)
    assert ({KEY: want}, 0) == (found.wanted, client[1].requests)


def test_a_repo_that_cannot_be_found(client: tuple[Sandbox, Client]) -> None:
    """Its secret is unread, since its list is written as a whole; another secret is not."""
    found = _identified(client[1], _wanted(Viewer(A), Viewer(GONE)), _wanted(Viewer(A), address=OTHER))
    unread = found.wanted[KEY].unread
    assert unread is not None
    assert unread.sentence.startswith("acme/gone, which is to see it: ")
    assert (None, {A}) == (found.wanted[OTHER].unread, set(found.repos))


def test_who_is_not_named(client: tuple[Sandbox, Client]) -> None:
    """All repos, or all private ones, need no ids, and neither does what nobody is to see."""
    everybody = replace(_wanted(), audience=Audience(Visibility.ALL))
    alone = replace(_wanted(address=OTHER), audience=None)
    found = _identified(client[1], everybody, alone)
    assert ({KEY: everybody, OTHER: alone}, 0) == (found.wanted, client[1].requests)

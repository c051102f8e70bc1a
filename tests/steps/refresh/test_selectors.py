"""What selectors ask, how often, and what they make of the answers; the lists are those of a sandbox."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from flowforge.concurrency import silent
from flowforge.errors import ManifestError, Where
from flowforge.github.auth import GitHubToken
from flowforge.github.clients import Clients
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.problems import StoppedError
from flowforge.github.urls import ApiUrl
from flowforge.manifest.selector import Owned, Selector
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable
from flowforge.sandbox import Level, Sandbox, TokenKind
from flowforge.sandbox import Token as Known
from flowforge.sandbox.rules.faults import Fault, FaultKind
from flowforge.steps.refresh.selected import Selected
from flowforge.steps.refresh.selectors import select_repos
from flowforge.vault import SecretValue

SCALE = 10.0
HERE = Where("f", 3, 5)


@contextmanager
def connected(sandbox: Sandbox, stop: threading.Event, token: str = "") -> Iterator[Client]:
    """Sign in to the sandbox."""
    held = GitHubToken(SecretValue(token or sandbox.token), "GH_TOKEN", workflow=False)
    with Client(ApiUrl.parse(sandbox.url), held, Pacer(Clock(SCALE), stop), jobs=4) as client:
        yield client


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve an organization of 140 repos, of which four are archived, and a user's own."""
    with Sandbox(time_scale=SCALE) as running:
        for number in range(140):
            running.world.create_repo(f"acme/r-{number:03}", archived=number < 4)
        running.world.create_team("acme", "core", ["r-004"])
        running.world.define_property("acme", "tier")
        yield running


def found(sandbox: Sandbox, *selectors: Selector, token: str = "") -> Selected:
    """Return what selectors find."""
    stop = threading.Event()
    with connected(sandbox, stop, token) as client:
        return select_repos(Clients.of_one(client), selectors, jobs=4, stop=stop, progress=silent)


def test_a_list_of_several_pages_is_asked_for_once(sandbox: Sandbox) -> None:
    """Two selectors of one organization are one list of two pages, read twice; archived repos leave with one note."""
    everything = Selector(Owned.ORG, "acme", HERE)
    some = Selector(Owned.ORG, "acme", HERE, names=("r-00?",), archived=True)
    team = Selector(Owned.ORG, "acme", HERE, team="core")
    selected = found(sandbox, everything, some, team)
    counts = [len(part) for part in selected.found.values() if not isinstance(part, Unreadable)]
    assert [136, 10, 1] == counts
    assert ("f:3:5: archived, so left out: acme/r-000, acme/r-001, acme/r-002 and 1 more",) == selected.notes
    assert {f"acme/r-{number:03}" for number in range(4, 140)} == {repo.name for repo in selected.repos}
    assert {} == found(sandbox, team).repos  # its list says what the team may do, not what the token may
    sandbox.world.reset_stats()
    found(sandbox, everything, some, team)
    asked = {str(route): times for route, times in sandbox.world.stats().requests.items()}
    assert {"GET /orgs/{owner}/repos": 4, "GET /orgs/{owner}/teams/{team}/repos": 1} == asked


def test_the_installation_and_the_tokens_own_user(sandbox: Sandbox) -> None:
    """An App's token finds what it was given, a user's own token the user's repos, private ones too."""
    app = "ghs_" + "fake" * 5
    sandbox.world.add_token(app, Known(TokenKind.APP, repos=frozenset({"acme/r-007", "acme/r-008"})))
    given = Selector(Owned.INSTALLATION, "", HERE)
    names = [repo.name for repo in _mapping(found(sandbox, given, token=app), given)]
    login = sandbox.world.tokens.tokens[sandbox.token].login
    sandbox.world.create_user(login)
    sandbox.world.create_repo(f"{login}/own")
    mine = Selector(Owned.USER, login, HERE)
    own = [repo.name for repo in _mapping(found(sandbox, mine), mine)]
    assert (["acme/r-007", "acme/r-008"], [f"{login}/own"]) == (names, own)


def _mapping(selected: Selected, selector: Selector) -> list[Repo]:
    part = selected.found[selector]
    assert not isinstance(part, Unreadable)
    return list(part)


def test_properties_of_an_organization_without_repos_say_nothing(sandbox: Sandbox) -> None:
    """Where there is no repo at all, a property is not called unknown: there is just nothing to find."""
    sandbox.world.create_org("empty")
    wanted = Selector(Owned.ORG, "empty", HERE, properties=(("tier", ("gold",)),))
    assert {wanted: {}} == found(sandbox, wanted).found


def test_properties_that_a_token_may_not_read(sandbox: Sandbox) -> None:
    """Without them it cannot be known who is meant: nobody is chosen by the rest of the selector."""
    app = "ghs_" + "none" * 5
    sandbox.world.add_token(app, Known(TokenKind.APP, permissions={"organization_custom_properties": Level.NONE}))
    wanted = Selector(Owned.ORG, "acme", HERE, properties=(("tier", ("gold",)),))
    part = found(sandbox, wanted, token=app).found[wanted]
    assert isinstance(part, Unreadable)
    fix = "give the token (GH_TOKEN) Custom properties: read, of the organization (classic: read:org)"
    assert (Why.NO_PERMISSION, fix) == (part.why, part.fix)


def test_a_run_that_is_stopped_chooses_nobody(sandbox: Sandbox) -> None:
    """A list that was not asked for because the run ends is no empty list."""
    stop = threading.Event()
    stop.set()
    with connected(sandbox, stop) as client, pytest.raises(StoppedError):
        select_repos(Clients.of_one(client), [Selector(Owned.ORG, "acme", HERE)], jobs=4, stop=stop, progress=silent)


def test_a_list_is_left_between_two_pages(sandbox: Sandbox) -> None:
    """A run that is to stop does not go on with a list, however long that is."""
    stop = threading.Event()
    sandbox.world.faults.add(Fault("GET /orgs/acme/repos", FaultKind.THEN, after=1, then=stop.set))
    with connected(sandbox, stop) as client:
        acme = Selector(Owned.ORG, "acme", HERE)
        with pytest.raises(StoppedError):
            select_repos(Clients.of_one(client), [acme], jobs=4, stop=stop, progress=silent)
        # The pool does not wait for its threads after a stop. What they still ask for must be counted, too.
        for thread in threading.enumerate():
            if "(_worker)" in thread.name:
                thread.join(30)
    assert {"GET /orgs/{owner}/repos": 2} == sandbox.world.stats().requests


def test_a_repo_without_its_properties_is_not_known(sandbox: Sandbox) -> None:
    """The list of properties has every repo, set or not: one that lacks there is not known to fit or not."""
    sandbox.world.set_property("acme/r-004", "tier", "gold")
    wanted = Selector(Owned.ORG, "acme", HERE, properties=(("tier", ("gold",)),))
    apart = Selector(Owned.ORG, "acme", HERE, names=("r-004",), properties=(("tier", ("gold",)),))
    sandbox.world.faults.add(Fault(r"GET /orgs/acme/properties/values.*page=2", FaultKind.CUT, times=2))
    found_by = found(sandbox, wanted, apart).found
    part, other = found_by[wanted], found_by[apart]
    assert not isinstance(other, Unreadable)
    assert [Repo.parse("acme/r-004")] == list(other)
    assert isinstance(part, Unreadable)
    detail = 'the list was cut short: the custom properties of "acme" lack those of "acme/r-101"'
    assert (Why.CUT_SHORT, detail, "run it again") == (part.why, part.detail, part.fix)


def test_selectors_that_would_compare_for_minutes(sandbox: Sandbox) -> None:
    """FF155: as many patterns as a manifest can hold, each for each repo, are refused before the first is tried."""
    few = Selector(Owned.ORG, "acme", HERE)
    names = tuple(f"r{number}-*" for number in range(100_000))
    with pytest.raises(ManifestError) as refused:
        found(sandbox, few, Selector(Owned.ORG, "acme", Where("f", 9, 5), names=names))
    assert str(refused.value) == (
        "error FF155: f:9:5: the selectors up to here compare repositories more than 20,000,000 times\n"
        "  why: each selector compares every repository of its owner with each of its names and patterns\n"
        "  fix: join selectors, or name fewer patterns in them"
    )

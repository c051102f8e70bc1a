"""Whatever GitHub answers: what its readers accept is recorded, and the next command reads it back as it was."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowforge.errors import GitHubError, StateError
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.confirm import Confirmed, Sent, confirm
from flowforge.github.discover import RepoListKind, RepoListQuery, list_repos
from flowforge.github.http import Client
from flowforge.github.org_secrets import list_org_secrets
from flowforge.github.pacer import Pacer
from flowforge.github.repos import RepoInfo, look_up
from flowforge.github.urls import ApiUrl
from flowforge.github.variables import list_variables, put_variable
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Listing, Public, Record, Unreadable
from flowforge.state.file import StateFile
from flowforge.state.session import StateSession
from flowforge.steps.backend.branch_store import BranchStore
from flowforge.vault import SecretValue
from tests.wire import answering

REPO, ORG = Repo.parse("acme/api"), Repo.organization("acme")
VARIABLES, SECRETS = Scope(REPO, Store.VARIABLES), Scope(ORG)
TIME = "2026-11-23T08:00:00Z"
DATE = "Mon, 23 Nov 2026 08:00:00 GMT"
ODD: tuple[object, ...] = (
    *(True, None, -5, 0, 7.0, 1e300, float("nan"), 2**53, 2**53 + 1, 2**63, 10**400),
    *("", "7", "acme/api", "all", "private", "selected", "\ud800", "\x1b[31m", "##[set-output name=x]y", [], {}),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-23T08:00:00+23:59", "2999-12-31T23:59:59-14:00"),
    *("2026-11-23T08:00:00.5Z", "2026-11-23T08:00:00", "2026-11-23 08:00:00Z", "2026-11-23\u20288:00:00Z"),
)
DATES = ("", "x", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 23 Nov 2026 08:00:00 +2359", "Mon, 1 Jan 1 00:00:00 -0000")
VALUES = st.sampled_from(ODD) | st.integers() | st.floats() | st.text(max_size=9)
# Each place of an answer with what GitHub gives there.
PLACES: dict[str, object] = {
    "id": 7,
    "full_name": "acme/api",
    "archived": False,
    "private": True,
    "fork": False,
    "topics": [],
    "visibility": "selected",
    "updated_at": TIME,
    "name": "A",
    "value": "public",
}


class Still(Clock):
    """A clock that jumps ahead instead of waiting."""

    time = 1000.0

    def now(self) -> float:
        """Return the seconds."""
        return self.time

    def wall(self) -> float:
        """Return the same."""
        return self.time

    def wait(self, seconds: float, event: threading.Event) -> bool:
        """Wait in no time."""
        self.time += max(0.0, seconds)
        return event.is_set()


@dataclass
class GitHub:
    """Answers as GitHub does, but for what is put into some places."""

    odd: dict[str, object]
    date: str = DATE

    def item(self) -> dict[str, object]:
        """Return a repo, a secret and a variable in one."""
        return {**PLACES, **self.odd}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        item, path = self.item(), urlsplit(str(request.url)).path
        key = next((each for each in ("repositories", "secrets", "variables") if path.endswith(f"/{each}")), "")
        listed = {"total_count": 1, key: [item]} if key else [item] if path.endswith("/repos") else item
        return httpx.Response(200, headers={"date": self.date}, text=json.dumps(listed))


def client_of(github: Callable[[httpx.Request], httpx.Response]) -> Client:
    """Return a client of it, whose waits take no time."""
    pacer = Pacer(Still(), threading.Event(), notify=lambda _: None)
    token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN", workflow=False)
    return Client(ApiUrl.parse("https://api.github.com"), token, pacer, jobs=1, transport=answering(github))


def record_all(client: Client, session: StateSession) -> None:
    """Ask for all that is recorded of an answer anywhere, and record it."""
    repos = list_repos(client, RepoListQuery(RepoListKind.ORG, "acme"))
    if not isinstance(repos, Unreadable):
        session.admit("group g", frozenset(each.id for each in repos))
    info = look_up(client, [REPO])[REPO]
    number = info.id if isinstance(info, RepoInfo) else 0
    for scope, seen in (
        (VARIABLES, list_variables(client, VARIABLES)),
        (SECRETS, list_org_secrets(client, SECRETS, {"A"})),
    ):
        for name, updated_at in seen.updated_at.items() if isinstance(seen, Listing) else ():
            audience = seen.audiences.get(name) if isinstance(seen, Listing) else None
            repo_id = 0 if scope.repo.is_organization else number
            record = Record("sha256:00", updated_at, "key", repo_id, "", updated_at, adopted=True)
            if audience is not None:
                record = replace(record, visibility=audience.visibility.value, repo_ids=audience.ids)
            session.record(Address(scope, "A"), record)
    address = Address(VARIABLES, "B")
    session.intend({address: "sha256:00"})
    written = put_variable(client, VARIABLES, "B", Public("x"), exists=True)
    found = confirm(client, VARIABLES, {"A": Sent(written.date)})["A"]
    if isinstance(found, Confirmed):
        moment = found.updated_at
        session.record(address, Record("sha256:00", moment, "key", number, written.date, written.date))


@given(st.dictionaries(st.sampled_from(sorted(PLACES)), VALUES, max_size=3), st.sampled_from((DATE, *DATES)))
@settings(max_examples=settings().max_examples * 6 // 10)
def test_what_the_readers_accept_is_read_back(odd: dict[str, object], date: str) -> None:
    """Any JSON in any place of an answer, and any Date: accepted or refused, and the state is read as it was kept."""
    with TemporaryDirectory() as folder, client_of(GitHub(odd, date)) as client:
        path = Path(folder) / "flowforge.state.json"
        with StateFile.open(path) as session:
            with suppress(GitHubError):
                record_all(client, session)
            kept, killed = session.state, StateFile.read(path)
        ended = StateFile.read(path)
    for found in (killed, ended):
        assert (kept.records, kept.pending, kept.admitted) == (found.records, found.pending, found.admitted)


def test_what_github_gives_is_recorded() -> None:
    """The law above is not kept by refusing everything: an answer as GitHub gives it is recorded whole."""
    with TemporaryDirectory() as folder, client_of(GitHub({})) as client:
        path = Path(folder) / "flowforge.state.json"
        with StateFile.open(path) as session:
            record_all(client, session)
        found = StateFile.read(path)
    adopted = Record("sha256:00", TIME, "key", 7, "", TIME, adopted=True)
    assert ({"group g": frozenset({7})}, 0) == (found.admitted, len(found.pending))
    assert {
        Address(VARIABLES, "A"): adopted,
        Address(SECRETS, "A"): replace(adopted, repo_id=0, visibility="selected", repo_ids=(7,)),
        Address(VARIABLES, "B"): replace(adopted, written_at=TIME, adopted=False),
    } == found.records


def remote_of(dates: list[str]) -> BranchStore:
    """Return a state's place on GitHub whose answers have these Dates, one after another; the last one stays."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/repos/acme/ops":
            return httpx.Response(200, json={"private": True, "archived": False})
        date = dates.pop(0) if len(dates) > 1 else dates[0]
        if "/contents/" in request.url.path:
            content = {
                "type": "file",
                "encoding": "base64",
                "content": "",
                "sha": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
            }
            return httpx.Response(200, headers={"date": date}, json=content)
        return httpx.Response(404, json={})

    return BranchStore(client_of(answer), Repo.parse("acme/ops"), "flowforge-state", "flowforge.state.json")


@pytest.mark.parametrize("date", ["", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_a_date_that_no_clock_shows_tells_nobody_who_holds_the_state(date: str) -> None:
    """A state that comes with the year 9999 comes without a time: it is not locked for ever, and nothing overflows."""
    with pytest.raises(StateError) as refused:
        remote_of([date]).read()
    assert str(refused.value) == (
        "error FF327: acme/ops flowforge-state:flowforge.state.json: "
        "an answer without its time, the header Date\n"
        "  fix: check that github.api_url, or GITHUB_API_URL, names a GitHub API"
    )


@pytest.mark.parametrize(
    ("second", "taken"),
    [
        ("Mon, 23 Nov 2026 08:00:00 GMT", True),
        ("Mon, 30 Nov 2026 08:00:00 GMT", True),
        ("Mon, 16 Nov 2026 08:00:00 GMT", True),
        ("Mon, 30 Nov 2026 08:00:01 GMT", False),
        ("Mon, 16 Nov 2026 07:59:59 GMT", False),
        ("Mon, 23 Nov 2982 08:00:00 GMT", False),
    ],
)
def test_a_date_far_from_the_one_before_is_none(second: str, taken: bool) -> None:  # noqa: FBT001 -- the table's column
    """GitHub's clock moves as this run's own does, but for a week in which the machine may have slept."""
    remote = remote_of([DATE, second])
    assert TIME == remote.read().date
    if taken:
        remote.read()
        return
    with pytest.raises(StateError) as refused:
        remote.read()
    assert "an answer whose time, the header Date, is days away from the one before" in str(refused.value)

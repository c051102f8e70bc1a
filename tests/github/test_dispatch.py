"""Runs that wait with an older value, and their end, on a local GitHub."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from flowforge.github.dispatch import cancel, dispatch, queued_before, run_of, workflow_state
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.plan.address import Repo
from flowforge.sandbox import Fault, FaultKind, Level, Sandbox, Token
from flowforge.sandbox.rules.clock import timestamp
from tests.wire import Handler

Connect = Callable[..., Client]
REPO = Repo.parse("acme/api")
PATH = ".github/workflows/claude.yml"
DAY = 86_400


@pytest.fixture(autouse=True)
def repository(sandbox: Sandbox) -> None:
    """Create a repo with a workflow."""
    sandbox.world.create_repo("acme/api")
    sandbox.world.edit_file("acme/api", PATH, "on: workflow_dispatch\n")


def ids(client: Client, written: int) -> list[int]:
    """Return the runs that wait since before a write."""
    return [each.run.id for each in queued_before(client, REPO, timestamp(written))]


def test_who_has_the_value_of_before(sandbox: Sandbox, connect: Connect) -> None:
    """Runs that wait or go on, and were queued before the write or in its second; no ended one, and no later one."""
    world, written = sandbox.world, int(sandbox.world.clock.now()) - 1000
    client = connect()
    runs = {when: world.add_run("acme/api", PATH, created=written + when, conclusion="") for when in (1, 0, -1, -500)}
    world.add_run("acme/api", PATH, created=written - 5)
    assert [runs[-500], runs[-1], runs[0]] == ids(client, written)


def test_one_request_for_a_page_of_runs(sandbox: Sandbox, connect: Connect) -> None:
    """Of a repo with a hundred runs in the time that a run may last, one list tells all; older ones do not count."""
    world, written = sandbox.world, int(sandbox.world.clock.now())
    for number in range(100):
        world.add_run("acme/api", PATH, created=written - number, conclusion="success" if number else "")
    for day in range(71, 120):
        world.add_run("acme/api", PATH, created=written - day * DAY)
    world.reset_stats()
    assert 1 == len(ids(connect(), written))
    assert ["actions/runs?created="] == [one.path.partition("api/")[2][:21] for one in world.log()]


def test_a_busy_repo_is_asked_by_status(sandbox: Sandbox, connect: Connect) -> None:
    """With one run more than a page has, those that are alive are asked for by themselves, however old they are."""
    world, written = sandbox.world, int(sandbox.world.clock.now())
    oldest = world.add_run("acme/api", PATH, created=written - 69 * DAY, conclusion="")
    for number in range(100):
        world.add_run("acme/api", PATH, created=written - number)
    world.reset_stats()
    assert [oldest] == ids(connect(), written)
    assert 6 == len(world.log())


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("status", ["requested", "pending", "waiting", "queued", "in_progress"])
def test_each_way_to_wait(scripted: Callable[..., Client], status: str, *, many: bool) -> None:
    """One that waits for an approval, or for another run, waits with the value of before, in a busy repo too."""
    assert [7] == ids(scripted(_github(status, many=many)), 2_000_000_000)


def test_a_way_to_wait_that_is_new(scripted: Callable[..., Client]) -> None:
    """Whatever GitHub calls it: what is not said to have ended is alive."""
    assert [7] == ids(scripted(_github("dreaming")), 2_000_000_000)


def test_one_that_ended_meanwhile(scripted: Callable[..., Client]) -> None:
    """A list may be behind what it shows: what has ended is not alive."""
    assert [] == ids(scripted(_github("queued", shown="completed", many=True)), 2_000_000_000)


def test_a_long_list_is_read_whole(sandbox: Sandbox, connect: Connect) -> None:
    """All pages of it, also where a run comes between two of them."""
    world, now = sandbox.world, int(sandbox.world.clock.now())
    for _ in range(250):
        world.add_run("acme/api", PATH, created=now - 10, conclusion="")
    later = lambda: world.add_run("acme/api", PATH, created=now - 5, conclusion="")  # noqa: E731 -- for one fault
    world.faults.add(Fault("status=queued.*page=2", FaultKind.THEN, then=later))
    assert 251 == len(ids(connect(scale=50), now))


def test_a_run_is_cancelled(sandbox: Sandbox, connect: Connect) -> None:
    """GitHub takes it once; a run that has ended says so, and one that was never there is refused."""
    run = sandbox.world.add_run("acme/api", PATH, conclusion="")
    client = connect()
    assert [True, False] == [cancel(client, REPO, run) for _ in range(2)]
    assert ("completed", "cancelled") == ((seen := run_of(client, REPO, run)).status, seen.run.conclusion)
    with pytest.raises(RepoError) as caught:
        cancel(client, REPO, 1)
    assert 404 == caught.value.no.status


def test_to_cancel_takes_a_permission(sandbox: Sandbox, connect: Connect) -> None:
    """It is named, and the run goes on."""
    run = sandbox.world.add_run("acme/api", PATH, conclusion="")
    sandbox.world.add_token("half", Token(permissions={"actions": Level.READ}))
    with pytest.raises(RepoError, match="actions=write"):
        cancel(connect(token="half"), REPO, run)
    assert "queued" == sandbox.world.directory["acme/api"].runs[0].status(sandbox.world.clock.now())


def test_the_state_of_a_workflow(sandbox: Sandbox, connect: Connect) -> None:
    """Active, disabled, or not there."""
    client = connect()
    found = [workflow_state(client, REPO, "claude.yml"), workflow_state(client, REPO, "none.yml")]
    sandbox.world.set_workflow_state("acme/api", PATH)
    assert ["active", None, "disabled_manually"] == [*found, workflow_state(client, REPO, "claude.yml")]


def test_a_dispatch_is_sent_once(sandbox: Sandbox, connect: Connect) -> None:
    """Where no answer comes, the run may be there: what was there before it is known, and no second one is sent."""
    sandbox.world.faults.add(Fault("POST .*/dispatches", FaultKind.RESET_AFTER))
    client = connect()
    first = dispatch(client, REPO, "claude.yml", {})
    second = dispatch(client, REPO, "claude.yml", {})
    one, two = sandbox.world.directory["acme/api"].runs
    assert (None, two.id, "main") == (first.run, second.run, second.branch)
    assert one.id not in first.before


@pytest.mark.parametrize("date", ["Thu, 01 Jan 2026 00:00:07 GMT", ""])
def test_since_when_a_run_is_looked_for(scripted: Callable[..., Client], date: str) -> None:
    """Since GitHub's time before the dispatch; where its answer has none, since ours."""
    data = {"default_branch": "main", "total_count": 0, "workflow_runs": [], "workflow_run_id": 7}
    client = scripted(lambda _: httpx.Response(200, json=data, headers={"Date": date} if date else {}))
    times = [datetime.now(UTC)]
    found = dispatch(client, REPO, "claude.yml", {})
    times.append(datetime.now(UTC))
    first, last = ("2026-01-01T00:00:07Z",) * 2 if date else (each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in times)
    assert (7, True) == (found.run, first <= found.since <= last)


@pytest.mark.parametrize("data", [[], {"id": 1}, {"workflow_runs": [{"id": 1}], "total_count": 1}])
def test_strange_answers(scripted: Callable[..., Client], data: object) -> None:
    """What is not GitHub's shape is a refusal, and no run that has ended."""
    client = scripted(lambda _: httpx.Response(200, json=data))
    for ask in (
        lambda: run_of(client, REPO, 1),
        lambda: dispatch(client, REPO, "claude.yml", {}),
        lambda: queued_before(client, REPO, "2026-01-01T00:00:00Z"),
        lambda: workflow_state(client, REPO, "claude.yml"),
    ):
        with pytest.raises(RepoError) as caught:
            ask()
        assert "FF327" == caught.value.no.code


def _github(status: str, shown: str = "", *, many: bool = False) -> Handler:
    """Answer lists of runs: one of a status, which is shown as another perhaps. many: whether there are others."""
    run = {
        "id": 7,
        "path": PATH,
        "event": "push",
        "head_sha": "0" * 40,
        "created_at": "2026-01-01T00:00:00Z",
        "html_url": "https://github.com/acme/api/actions/runs/7",
        "status": shown or status,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get("status")
        found = [run] if asked in {status, None} else []
        total = len(found) + (100 if many and asked is None else 0)
        return httpx.Response(200, json={"total_count": total, "workflow_runs": found})

    return answer

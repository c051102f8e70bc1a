"""What GitHub shows after writes: confirmed, lagging, or changed by somebody else since."""

import threading
from collections.abc import Callable, Mapping

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.confirm import (
    ChangedSince,
    Confirmation,
    Confirmed,
    Done,
    Lagging,
    Readable,
    Sent,
    Unasked,
    confirm,
    is_plain,
    until_shown,
)
from flowforge.github.http import Client
from flowforge.github.secrets import Deleted, PublicKeys, delete_secret, put_secret
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope
from flowforge.plan.facts import Listing, Public, Record, Seen, Unreadable
from flowforge.sandbox import Lag, Sandbox
from flowforge.vault import SecretValue

MakeClient = Callable[..., Client]
_API = Scope(Repo.parse("acme/api"))
_AT = "2026-11-23T08:00:{:02}Z"


def _listed(*lists: Mapping[str, int]) -> Callable[[httpx.Request], httpx.Response]:
    """Answer with these lists, name to second, one after the other; the last stays."""
    left = list(lists)

    def handle(_: httpx.Request) -> httpx.Response:
        seen = left.pop(0) if len(left) > 1 else left[0]
        items = [{"name": name, "updated_at": _AT.format(second)} for name, second in seen.items()]
        return httpx.Response(200, json={"total_count": len(items), "secrets": items})

    return handle


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        (17, Lagging("")),
        (18, Confirmed(_AT.format(18))),
        (20, Confirmed(_AT.format(20))),
        (23, Confirmed(_AT.format(23))),
        (24, ChangedSince(_AT.format(24))),
        (59, ChangedSince(_AT.format(59))),
    ],
)
def test_the_listed_time_against_the_writes_own(scripted: MakeClient, second: int, outcome: Confirmation) -> None:
    """From two seconds before the PUT's Date to three after, it is ours; later, somebody else's; earlier, it lags."""
    client = scripted(_listed({"A": second}))
    assert {"A": outcome} == confirm(client, _API, {"A": Sent(_AT.format(20))})


def test_one_list_is_enough(scripted: MakeClient, waits: list[float]) -> None:
    """Where all agree, a scope costs one request, however much was written there."""
    client = scripted(_listed({"A": 20, "B": 21}))
    done: Mapping[str, Done] = {"A": Sent(_AT.format(20)), "B": Sent(_AT.format(20), _AT.format(1)), "C": Deleted("")}
    expected = {"A": Confirmed(_AT.format(20)), "B": Confirmed(_AT.format(21)), "C": Confirmed("")}
    assert (expected, 1, [0]) == (confirm(client, _API, done), client.requests, waits)


def test_only_what_lags_is_asked_for_again(scripted: MakeClient, waits: list[float]) -> None:
    """A list that lags is asked again, longer and longer; what was confirmed once stays."""
    client = scripted(_listed({"A": 20}, {"B": 1}, {"A": 50, "B": 20}))
    found = confirm(client, _API, {"A": Sent(_AT.format(20)), "B": Sent(_AT.format(20), _AT.format(1))})
    assert {"A": Confirmed(_AT.format(20)), "B": Confirmed(_AT.format(20))} == found
    assert [0, 1, 2] == waits


@pytest.mark.parametrize("date", [_AT.format(20), ""])
def test_a_list_that_lags_too_long(scripted: MakeClient, waits: list[float], date: str) -> None:
    """After a minute it is given up as lagging; so is a write whose answer had no Date."""
    client = scripted(_listed({"A": 1}))
    assert {"A": Lagging("")} == confirm(client, _API, {"A": Sent(date, _AT.format(1))})
    assert [0, 1, 2, 4, 8, 15, 30] == waits


def test_a_write_right_after_another(scripted: MakeClient, waits: list[float]) -> None:
    """A listed time that is the one before, a second old: perhaps ours, so it is asked again before it is believed."""
    client = scripted(_listed({"A": 19}, {"A": 20}))
    assert {"A": Confirmed(_AT.format(20))} == confirm(client, _API, {"A": Sent(_AT.format(20), _AT.format(19))})
    assert [0, 1] == waits
    same = scripted(_listed({"A": 20}))
    assert {"A": Confirmed(_AT.format(20))} == confirm(same, _API, {"A": Sent(_AT.format(20), _AT.format(20))})
    stays = scripted(_listed({"A": 19}))
    assert {"A": Confirmed(_AT.format(19))} == confirm(stays, _API, {"A": Sent(_AT.format(20), _AT.format(19))})
    assert (2, 1, 7) == (client.requests, same.requests, stays.requests)


def test_a_write_that_was_sent_again(scripted: MakeClient, waits: list[float]) -> None:
    """A list may show the first try's time, a second before the second's: it is asked again before it is believed."""
    sent, again = Sent(_AT.format(20), _AT.format(1)), Sent(_AT.format(20), _AT.format(1), retried=True)
    assert {"A": Confirmed(_AT.format(19))} == confirm(scripted(_listed({"A": 19}, {"A": 20})), _API, {"A": sent})
    assert [0] == waits
    assert {"A": Confirmed(_AT.format(20))} == confirm(scripted(_listed({"A": 19}, {"A": 20})), _API, {"A": again})
    assert [0, 0, 1] == waits
    assert {"A": Confirmed(_AT.format(21))} == confirm(scripted(_listed({"A": 21}, {"A": 1})), _API, {"A": again})
    assert [0, 0, 1, 0] == waits


@pytest.mark.parametrize(
    ("done", "outcome"),
    [
        (Deleted(_AT.format(20)), Lagging("")),
        (Deleted(_AT.format(7)), ChangedSince(_AT.format(11))),
        (Deleted(""), Lagging("")),
    ],
)
def test_a_delete_that_still_shows(scripted: MakeClient, done: Deleted, outcome: Confirmation) -> None:
    """A deleted secret that is listed lags, unless it was written after the delete."""
    assert {"A": outcome} == confirm(scripted(_listed({"A": 11})), _API, {"A": done})


def test_a_list_that_cannot_be_read(scripted: MakeClient, waits: list[float]) -> None:
    """A scope that became unreadable leaves its writes unconfirmed, and says why."""
    client = scripted(lambda _: httpx.Response(403, json={"message": "No."}))
    assert {"A": Lagging('GitHub refuses it: "No."')} == confirm(client, _API, {"A": Sent(_AT.format(20))})
    assert [0] == waits


def test_a_stop_asks_once_more(scripted: MakeClient, stop: threading.Event) -> None:
    """When the run is to stop, what was written is looked at once, without waiting; what lags is left to another."""
    stop.set()
    fine, lagging = scripted(_listed({"A": 20})), scripted(_listed({"A": 1}))
    assert {"A": Confirmed(_AT.format(20))} == confirm(fine, _API, {"A": Sent(_AT.format(20))})
    assert {"A": Unasked()} == confirm(lagging, _API, {"A": Sent(_AT.format(20))})
    assert (1, 1) == (fine.requests, lagging.requests)


def test_a_stop_while_it_would_have_to_wait(scripted: MakeClient, stop: threading.Event) -> None:
    """When even that one question would have to wait for the limits, it is not asked."""
    client = scripted(_listed({"A": 20}))
    client.pacer.refused(30, secondary=False, sent=client.pacer.start(1))
    stop.set()
    assert {"A": Unasked()} == confirm(client, _API, {"A": Sent(_AT.format(20))})
    assert 0 == client.requests


@pytest.mark.parametrize(
    ("done", "plain"),
    [
        (Sent(_AT.format(20)), True),
        (Sent(_AT.format(20), _AT.format(17)), True),
        (Sent(_AT.format(20), _AT.format(18)), False),
        (Sent(_AT.format(20), _AT.format(20)), False),
        (Sent(_AT.format(20), retried=True), False),
        (Sent(""), False),
        (Readable(_AT.format(20), Public("x")), True),
        (Readable("", Public("x")), False),
    ],
)
def test_what_a_later_list_can_confirm(done: Done, *, plain: bool) -> None:
    """What no earlier write, nor another try, could be mistaken for; a variable shows its value."""
    assert plain is is_plain(done)


def test_the_end_of_the_run_is_told(scripted: MakeClient) -> None:
    """A token that ends between the write and the list ends the run."""
    client = scripted(lambda _: httpx.Response(401, json={}))
    with pytest.raises(GitHubError, match="FF302"):
        confirm(client, _API, {"A": Sent(_AT.format(20))})


_GONE: Seen = Unreadable(Why.NOT_FOUND)


@pytest.mark.parametrize(
    ("lists", "expected", "waited"),
    [
        ([{"A": 20, "B": 7}], {"A": 20, "B": 7}, []),
        ([{"A": 30}], {"A": 30}, []),
        ([{"A": 1}, {"A": 20}], {"A": 20}, [1]),
        ([{"B": 7}, {}, {"A": 21}], {"A": 21}, [1, 2]),
        ([{"A": 1}], {"A": 1}, [1, 2, 4]),
        ([{}, None], None, [1]),
    ],
)
def test_a_plan_looks_again_for_what_was_left_to_it(
    scripted: MakeClient,
    waits: list[float],
    lists: list[Mapping[str, int] | None],
    expected: Mapping[str, int] | None,
    waited: list[float],
) -> None:
    """While a list lacks it or shows what was there before, for some seconds; others' times make nobody wait."""
    at = _AT.format(20)
    sent = {"A": Record("aa", at, "k", 7, at, at, unconfirmed=True)}

    def seen(times: Mapping[str, int] | None) -> Seen:
        return _GONE if times is None else Listing({name: _AT.format(second) for name, second in times.items()})

    left = list(lists)
    found = until_shown(scripted(_listed({})), lambda: seen(left.pop(0) if len(left) > 1 else left[0]), sent)
    assert (seen(expected), waited) == (found, waits)
    assert seen({}) == until_shown(scripted(_listed({})), lambda: seen({}), {})


def test_on_a_lagging_github(sandbox: Sandbox, connect: MakeClient) -> None:
    """On real HTTP, with lists that lag for two reads on create and on update, every write is confirmed by its time."""
    sandbox.world.create_repo("acme/api")
    sandbox.world.settings.lag = Lag(reads=2)
    sandbox.world.settings.late_stamp = 1
    client = connect()
    keys = PublicKeys()
    for value in ("first", "second"):
        done = put_secret(client, keys, _API, "A", SecretValue(value))
        sandbox.world.reset_stats()
        (found,) = confirm(client, _API, {"A": Sent(done.date)}).values()
        assert isinstance(found, Confirmed)
        assert (3, "second" if value == "second" else "first") == (
            sum(sandbox.world.stats().requests.values()),
            sandbox.world.reveal("acme/api")["A"],
        )
        sandbox.world.clock.advance(60)
    assert {"A": Confirmed("")} == confirm(client, _API, {"A": delete_secret(client, _API, "A")})


def test_somebody_writes_after_us(sandbox: Sandbox, connect: MakeClient) -> None:
    """On real HTTP, an edit behind our back between the write and the list is seen as one."""
    sandbox.world.create_repo("acme/api")
    client = connect()
    done = put_secret(client, PublicKeys(), _API, "A", SecretValue("ours"))
    sandbox.world.clock.advance(10)
    sandbox.world.set_secret("acme/api", "A", "theirs")
    (found,) = confirm(client, _API, {"A": Sent(done.date)}).values()
    assert isinstance(found, ChangedSince)

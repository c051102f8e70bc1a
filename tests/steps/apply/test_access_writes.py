"""What writing an organization's secret has of its own: what is sent with the value, or alone, and what is recorded."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from flowforge.errors import GitHubError, Problem, Where
from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.problems import Refusal, RepoError
from flowforge.github.secrets import Written
from flowforge.github.urls import ApiUrl
from flowforge.plan.action import Action, Reason, Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, NotRead, Presence, Public, Record, Wanted
from flowforge.plan.report import Outcome, Result
from flowforge.steps.apply.access_writes import (
    Stamp,
    audience_body,
    list_alone,
    put_alone,
    record_of_list,
    recorded_audience,
    with_carried,
    with_kept_unseen,
    without_carried,
)
from flowforge.vault import SecretValue
from tests.wire import answering

AT, LATER, NOW = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z", "2026-03-03T09:00:00Z"
HERE, OTHER = (Address(Scope(Repo.organization("acme")), name) for name in ("KEY", "OTHER"))
SETTING = Address(Scope(Repo.organization("acme"), Store.VARIABLES), "KEY")
A, B = (Viewer(Repo.parse(f"acme/{name}"), number) for number, name in ((1, "a"), (2, "b")))
ALL, PRIVATE, BOTH = Audience(Visibility.ALL), Audience(Visibility.PRIVATE), Audience.selected([A, B])
HIDING = replace(BOTH, hidden=frozenset({7, 8}))
WANTED = Wanted(HERE, Presence.PRESENT, "T", Where("m", 1, 1), "new-key", value=Known("aa"), audience=BOTH)
RECORD = Record("aa", AT, "k", 0, AT, AT)
VALUE = Change(HERE, Action.UPDATE, Reason.VALUE_CHANGED, wanted=WANTED, record=RECORD, seen_at=LATER)
ACCESS = replace(VALUE, address=HERE.of_access, access=Access(Audience.selected([A]), BOTH, by_list=True))


def of(audience: Audience | None, line: Change = VALUE) -> Change:
    """Have another audience be wanted."""
    return replace(line, wanted=replace(WANTED, audience=audience))


def test_one_write_carries_both_lines() -> None:
    """The line of who sees it is left out where its own value is written, and gets what became of that."""
    alone = replace(ACCESS, address=OTHER.of_access)
    todo = [VALUE, replace(ACCESS, action=Action.CREATE), alone]
    assert ([VALUE, alone], [alone]) == (without_carried(todo), without_carried([alone]))
    problem = Problem("FF328", "no usable answer")
    for outcome, expected in (
        (Outcome.CREATED, Outcome.CREATED),
        (Outcome.UPDATED, Outcome.CREATED),
        (Outcome.DELETED, Outcome.CREATED),
        (Outcome.FAILED, Outcome.FAILED),
        (Outcome.UNRECORDED, Outcome.UNRECORDED),
        (Outcome.NOT_DONE, Outcome.NOT_DONE),
    ):
        results = [Result(HERE, outcome, problem, ("noted",)), Result(alone.address, Outcome.UPDATED)]
        carried = Result(HERE.of_access, expected, problem)
        assert [*results, carried] == with_carried(results, todo)


def test_nothing_is_carried_that_was_not_written() -> None:
    """What was told already stays; what has no value beside it, or is one itself, gets no result."""
    told = [Result(HERE, Outcome.UPDATED), Result(HERE.of_access, Outcome.FAILED)]
    assert told == with_carried(told, [VALUE, ACCESS])
    assert [] == with_carried([], [VALUE, ACCESS])
    elsewhere = [Result(OTHER, Outcome.UPDATED)]
    assert elsewhere == with_carried(elsewhere, [VALUE, ACCESS])


@pytest.mark.parametrize(
    ("audience", "body"),
    [
        (None, {}),
        (ALL, {"visibility": "all"}),
        (PRIVATE, {"visibility": "private"}),
        (BOTH, {"visibility": "selected", "selected_repository_ids": [1, 2]}),
        (HIDING, {"visibility": "selected", "selected_repository_ids": [1, 2, 7, 8]}),
    ],
)
def test_the_value_says_who_sees_it(audience: Audience | None, body: dict[str, object]) -> None:
    """Always the whole of it, those that are not shown to this token included; nothing of a repo's own secret."""
    assert (body, {}) == (audience_body(of(audience)), audience_body(replace(VALUE, wanted=None)))


def test_who_sees_it_is_recorded() -> None:
    """As it was written; a repo's own secret has nobody."""
    found = [recorded_audience(of(each), RECORD) for each in (None, ALL, HIDING)]
    assert [
        RECORD,
        replace(RECORD, visibility="all"),
        replace(RECORD, visibility="selected", repo_ids=(1, 2, 7, 8)),
    ] == found
    assert RECORD == recorded_audience(replace(VALUE, wanted=None), RECORD)


SELECTED = replace(RECORD, visibility="selected", repo_ids=(1, 2))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (ACCESS, replace(SELECTED, updated_at=NOW, credential="new-key")),
        (replace(ACCESS, after_drift=True), replace(SELECTED, credential="new-key")),
        (replace(ACCESS, wanted=replace(WANTED, value=Known("bb"))), replace(SELECTED, updated_at=NOW)),
        (replace(ACCESS, wanted=replace(WANTED, value=NotRead("x"))), replace(SELECTED, updated_at=NOW)),
        (replace(ACCESS, wanted=None), replace(RECORD, updated_at=NOW)),
    ],
)
def test_what_a_list_alone_leaves(line: Change, expected: Record) -> None:
    """The time moved with the list, unless the value drifts; the name is the new one where the value is the same."""
    assert expected == record_of_list(line, RECORD, Stamp(NOW))


def test_a_time_that_no_list_has_shown_is_recorded_as_such() -> None:
    """Where the value drifts the record keeps its own time, and whether that one is confirmed."""
    sent, open_ = Stamp(NOW, unconfirmed=True), replace(RECORD, unconfirmed=True)
    drifted = replace(ACCESS, after_drift=True)
    assert (True, NOW) == ((left := record_of_list(ACCESS, RECORD, sent)).unconfirmed, left.updated_at)
    assert [False, True] == [record_of_list(drifted, each, sent).unconfirmed for each in (RECORD, open_)]
    assert [open_.updated_at] == [record_of_list(drifted, open_, Stamp(NOW)).updated_at]


def test_a_variable_is_the_same_by_its_value() -> None:
    """Its fingerprint is that of the text."""
    one = Public("one")
    line, record = replace(ACCESS, wanted=replace(WANTED, value=one)), replace(RECORD, fingerprint=one.fingerprint)
    assert "new-key" == record_of_list(line, record, Stamp(NOW)).credential
    assert "k" == record_of_list(line, RECORD, Stamp(NOW)).credential


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (ACCESS, RECORD),
        (VALUE, None),
        (replace(ACCESS, access=Access(ALL, BOTH, rewrites=True)), None),
        (replace(ACCESS, record=None), None),
        (
            replace(ACCESS, record=None, seen_value=Public("one")),
            Record(Public("one").fingerprint, LATER, "", 0, LATER, LATER, adopted=True),
        ),
        (replace(ACCESS, seen_value=Public("one")), RECORD),
    ],
)
def test_what_is_written_without_the_value(line: Change, expected: Record | None) -> None:
    """Only a line of who sees it, by its list; a variable that was right before FlowForge came is assumed."""
    assert expected == list_alone(line)


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (ACCESS, ("PUT", "/orgs/acme/actions/secrets/KEY/repositories", {"selected_repository_ids": [1, 2]})),
        (
            replace(ACCESS, address=SETTING.of_access, access=Access(ALL, BOTH, by_list=True)),
            (
                "PATCH",
                "/orgs/acme/actions/variables/KEY",
                {"visibility": "selected", "selected_repository_ids": [1, 2]},
            ),
        ),
        (
            replace(ACCESS, address=SETTING.of_access, access=Access(BOTH, PRIVATE, by_list=True)),
            ("PATCH", "/orgs/acme/actions/variables/KEY", {"visibility": "private"}),
        ),
    ],
)
def test_what_is_sent_alone(line: Change, sent: tuple[str, str, object]) -> None:
    """The list where it is one before and after, else the visibility of a variable; never the value."""
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, json.loads(request.content)))
        return httpx.Response(204, headers={"date": "Tue, 03 Mar 2026 09:00:00 GMT"})

    assert (Written(created=False, date=NOW), [sent]) == (put_alone(_client(handle), line), asked)


@pytest.mark.parametrize("access", [None, Access(None, BOTH, by_list=True)])
def test_nobody_is_written_of_what_is_not_there(access: Access | None) -> None:
    """A line without anybody who sees it now is a bug of ours, and nothing is sent."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    with pytest.raises(TypeError, match="has no access to change"):
        put_alone(_client(refuse), replace(ACCESS, access=access))


def _client(handler: Callable[[httpx.Request], httpx.Response]) -> Client:
    token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN", workflow=False)
    pacer = Pacer(Clock(), threading.Event())
    return Client(ApiUrl.parse("https://api.github.com"), token, pacer, transport=answering(handler))


NO = Refusal("FF326", Why.FAILED, "GitHub refused the request with 422", "see what GitHub says")
_ADVICE = (
    "see what GitHub says; use a token that sees them, or allow it to see all repositories of the organization; if "
    "they are gone, `flowforge state forget orgs/acme/actions/KEY`, then apply"
)
_UNSEEN = "the list keeps 2 repositories that this token cannot see"


@pytest.mark.parametrize(
    ("line", "error", "expected"),
    [
        (of(HIDING), RepoError(NO), Problem(NO.code, NO.detail, "", _UNSEEN, _ADVICE)),
        (of(BOTH), RepoError(NO), Problem(NO.code, NO.detail, fix=NO.fix)),
        (of(None), RepoError(NO), Problem(NO.code, NO.detail, fix=NO.fix)),
        (replace(VALUE, wanted=None), RepoError(NO), Problem(NO.code, NO.detail, fix=NO.fix)),
        (of(HIDING), GitHubError(Problem("FF307", "down", fix="wait")), Problem("FF307", "down", fix="wait")),
    ],
)
def test_who_is_not_shown_may_be_why(line: Change, error: GitHubError, expected: Problem) -> None:
    """Of a list that was refused: GitHub may not take the ids that this token cannot see."""
    assert expected == with_kept_unseen(line, error)

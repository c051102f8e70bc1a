"""A whole plan is written: in stages and batches, announced before; and whatever is raised meanwhile is told."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from flowforge.concurrency import silent
from flowforge.errors import Problem, StateError, Where, bug
from flowforge.github.clients import Clients
from flowforge.github.problems import StoppedError
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Known, Presence, Record, Wanted
from flowforge.plan.report import Outcome
from flowforge.state.branch import StateChangedError
from flowforge.steps.apply.executor import GRACE, tidy, write_all
from flowforge.steps.apply.ledger import Ledger
from flowforge.steps.apply.writer import ScopeWriter
from tests.steps.apply.parts import AT, GitHub, Notes

API, WEB, LIB = (Scope(Repo.parse(f"acme/{name}")) for name in ("api", "web", "lib"))
BOT = Scope(API.repo, Store.DEPENDABOT)
NEW, OTHER, THIRD, OLD = Address(API, "NEW"), Address(WEB, "NEW"), Address(LIB, "NEW"), Address(BOT, "OLD")
ELSEWHERE = Address(Scope(Repo.parse("other/lib")), "NEW")
STATE = StateError(Problem("FF401", "no room", "here"))


def creates(address: Address) -> Change:
    """Return the line of a secret that is missing."""
    wanted = Wanted(address, Presence.PRESENT, "T", Where("m", 1, 1), "k", value=Known("fp-one"))
    return Change(address, Action.CREATE, Reason.MISSING, wanted=wanted)


GONE = Change(OLD, Action.DELETE, Reason.DECLARED_ABSENT, seen_at=AT)
PLAN = Plan((creates(NEW), GONE, creates(THIRD), creates(OTHER)))


def outcomes(writer: ScopeWriter) -> dict[Address, Outcome]:
    """Return what became of each line."""
    return {each.address: each.outcome for each in writer.ledger.results()}


def writes(github: GitHub) -> list[str]:
    """Return the writes that GitHub saw, in order, by what follows the repo's owner."""
    return [each.replace("/repos/acme/", "") for each in github.asked if not each.startswith("GET ")]


def test_stages_and_announcements(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """One scope goes first, then the others, and at last the delete that waits; each stage is announced before."""
    github.listed["/repos/acme/api/dependabot/secrets"] = {"OLD": AT}
    write_all(PLAN, writer, jobs=1, progress=silent)
    assert [
        "PUT api/actions/secrets/NEW",
        "PUT lib/actions/secrets/NEW",
        "PUT web/actions/secrets/NEW",
        "DELETE api/dependabot/secrets/OLD",
    ] == writes(github)
    assert [{NEW: "fp-one"}, {THIRD: "fp-one", OTHER: "fp-one"}, {OLD: None}] == [
        each[1] for each in notes.told if each[0] == "announce"
    ]
    assert {NEW: Outcome.CREATED, OTHER: Outcome.CREATED, THIRD: Outcome.CREATED, OLD: Outcome.DELETED} == outcomes(
        writer
    )


def test_what_the_token_may_do_needs_no_trial(writer: ScopeWriter, notes: Notes) -> None:
    """Where GitHub says it, all goes at once, in batches of what the state takes."""
    writer.clients.of("acme").scopes = frozenset({"repo"})
    notes.batch = 2
    write_all(PLAN, writer, jobs=1, progress=silent)
    assert [{NEW, THIRD}, {OTHER}, {OLD}] == [set(each[1]) for each in notes.told if each[0] == "announce"]  # type: ignore[call-overload]  # -- what was told is of any shape


def test_a_repo_keeps_what_it_has_where_a_write_failed(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """The delete that waited for it is not done, nor announced; the others are written."""
    github.instead["PUT /repos/acme/api/actions/secrets/NEW"] = [httpx.Response(422, json={"message": "No."})]
    write_all(PLAN, writer, jobs=1, progress=silent)
    assert {
        NEW: Outcome.FAILED,
        OTHER: Outcome.CREATED,
        THIRD: Outcome.CREATED,
        OLD: Outcome.NOT_DONE,
    } == outcomes(writer)
    assert ("announce", {OLD: None}) not in notes.told


def test_what_cannot_be_replaced_yet_is_kept(writer: ScopeWriter, github: GitHub) -> None:
    """A delete beside a line that is blocked is no part of the plan's work."""
    blocked = replace(creates(NEW), action=Action.BLOCKED)
    write_all(Plan((blocked, GONE, creates(OTHER))), writer, jobs=1, progress=silent)
    assert (["PUT web/actions/secrets/NEW"], {OTHER: Outcome.CREATED}) == (writes(github), outcomes(writer))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (STATE, "a write must be recorded in the state before it begins"),
        (StateError(Problem("FF401", "no room", "here", "the disk is full")), "the disk is full"),
    ],
)
def test_nothing_is_begun_that_was_not_announced(
    *, writer: ScopeWriter, github: GitHub, notes: Notes, error: StateError, why: str
) -> None:
    """Each line of the batch has the reason, and the run goes no further."""
    notes.fails["announce"] = error
    write_all(PLAN, writer, jobs=1, progress=silent)
    problem = Problem("FF401", "not begun: no room", "here", why)
    assert [(NEW, Outcome.FAILED, problem), (OLD, Outcome.NOT_DONE, None)] == [
        (each.address, each.outcome, each.problem) for each in writer.ledger.results()
    ]
    assert ([], True, True, [], 1) == (
        github.asked,
        writer.halted.is_set(),
        writer.untouched,
        writer.problems,
        len(notes.told),
    )


def test_a_state_that_changed_before_the_first_write_is_planned_anew(
    writer: ScopeWriter, github: GitHub, notes: Notes
) -> None:
    """Nothing was written, so a new plan is right: it is raised, and nothing is told of any line."""
    notes.fails["announce"] = StateChangedError(Problem("FF428", "it changed"))
    with pytest.raises(StateChangedError):
        write_all(PLAN, writer, jobs=1, progress=silent)
    assert ([], [], False) == (github.asked, writer.ledger.results(), writer.halted.is_set())


def test_a_state_that_changed_after_a_write_ends_the_run(writer: ScopeWriter, notes: Notes) -> None:
    """What was written has its result, and the next lines have the reason."""
    original = notes.announce

    def announce(fingerprints: dict[Address, str | None], after: Collection[Address]) -> None:
        original(fingerprints, after)
        notes.fails["announce"] = StateChangedError(Problem("FF428", "it changed"))

    notes.announce = announce  # type: ignore[method-assign,assignment]  # -- the second one fails
    write_all(PLAN, writer, jobs=1, progress=silent)
    assert {
        NEW: Outcome.CREATED,
        OTHER: Outcome.FAILED,
        THIRD: Outcome.FAILED,
    } == outcomes(writer)
    assert (True, False) == (writer.halted.is_set(), writer.untouched)


def in_two_lanes(writer: ScopeWriter) -> ScopeWriter:
    """Return a writer for whom the owner `other` has a token of its own."""
    client = writer.clients.of("acme")
    apart = Clients(client.api, lambda _: client, apart=lambda owner: owner == "other")
    return replace(writer, clients=apart, repos={**writer.repos, ELSEWHERE.scope.repo: writer.repos[API.repo]})


@pytest.mark.parametrize("changed", ["acme", "other"])
def test_what_ended_one_lane_is_told_though_the_state_changed_in_another(
    writer: ScopeWriter, notes: Notes, changed: str
) -> None:
    """A new plan would hide it: the run ends, with both reasons, though nothing was written."""
    met, bar = StateChangedError(Problem("FF428", "it changed")), threading.Barrier(2)

    def announce(fingerprints: dict[Address, str | None], after: Collection[Address]) -> None:
        del after
        bar.wait(60)
        raise met if next(iter(fingerprints)).scope.repo.owner == changed else OSError

    notes.announce = announce  # type: ignore[method-assign,assignment]  # -- what it raises depends on the lane
    lanes = in_two_lanes(writer)
    write_all(Plan((creates(NEW), creates(ELSEWHERE))), lanes, jobs=1, progress=silent)
    assert ([*met.problems, bug(OSError())], True) == (lanes.problems, lanes.untouched)


def test_a_stop_while_it_is_announced_begins_nothing(
    writer: ScopeWriter, github: GitHub, notes: Notes, stop: threading.Event
) -> None:
    """A wait for the state ended for it: no line failed, and none is begun."""
    notes.fails["announce"] = StoppedError()
    notes.during = stop.set
    write_all(PLAN, writer, jobs=1, progress=silent)
    assert ([], {}, False, 1) == (github.asked, outcomes(writer), writer.halted.is_set(), len(notes.told))


def test_what_is_over_is_not_announced(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """Where nothing more may be begun the state is told nothing."""
    writer.halted.set()
    write_all(PLAN, writer, jobs=1, progress=silent)
    assert ([], []) == (github.asked, notes.told)


@contextmanager
def _shown(told: list[object], what: str, total: int, step: Callable[[], None]) -> Iterator[Callable[[], None]]:
    told.append((what, total))

    def advance() -> None:
        told.append("one")
        step()

    yield advance
    told.append("over")


def test_the_progress_counts_scopes(writer: ScopeWriter) -> None:
    """One step for each, of all stages together."""
    told: list[object] = []
    write_all(PLAN, writer, jobs=1, progress=lambda what, total: _shown(told, what, total, lambda: None))
    assert [("Writing", 4), "one", "one", "one", "one", "over"] == told


def test_the_progress_counts_scopes_of_all_lanes(writer: ScopeWriter) -> None:
    """Lanes that are written side by side advance one progress; each line is written by its own lane."""
    told: list[object] = []
    lanes, plan = in_two_lanes(writer), Plan((creates(NEW), creates(OTHER), creates(ELSEWHERE)))
    write_all(plan, lanes, jobs=1, progress=lambda what, total: _shown(told, what, total, lambda: None))
    assert [("Writing", 3), "one", "one", "one", "over"] == told
    assert dict.fromkeys((NEW, OTHER, ELSEWHERE), Outcome.CREATED) == outcomes(lanes)


@pytest.mark.parametrize("lane", ["acme", "other"])
def test_what_ends_one_lane_ends_the_run(writer: ScopeWriter, notes: Notes, lane: str) -> None:
    """Whichever it is, what it raised is told once, and the run is over."""
    original = notes.announce

    def announce(fingerprints: dict[Address, str | None], after: Collection[Address]) -> None:
        if next(iter(fingerprints)).scope.repo.owner == lane:
            raise OSError
        original(fingerprints, after)

    notes.announce = announce  # type: ignore[method-assign,assignment]  # -- what it raises depends on the lane
    lanes = in_two_lanes(writer)
    write_all(Plan((creates(NEW), creates(ELSEWHERE))), lanes, jobs=1, progress=silent)
    assert ([bug(OSError())], True) == (lanes.problems, lanes.halted.is_set())


def test_a_progress_that_fails_stops_nothing(writer: ScopeWriter) -> None:
    """It is for people to look at; that it went wrong is warned of, and shown to whoever looks for bugs."""
    seen, error = list[BaseException](), OSError("x")
    writer.unforeseen = seen.append

    def fail() -> None:
        raise error

    write_all(PLAN, writer, jobs=1, progress=lambda what, total: _shown([], what, total, fail))
    warning = "no progress was shown: a bug in FlowForge: OSError"
    assert (4, [warning], [error]) == (len(outcomes(writer)), writer.warnings, seen)


@pytest.mark.parametrize(("error", "problems"), [(KeyboardInterrupt(), []), (SystemExit(1), [bug(SystemExit(1))])])
def test_what_is_raised_between_the_scopes_is_told(
    *, writer: ScopeWriter, stop: threading.Event, error: BaseException, problems: list[Problem]
) -> None:
    """What was written before keeps its result; a person's second Ctrl-C stops the run, and is no problem of it."""

    def fail() -> None:
        raise error

    write_all(PLAN, writer, jobs=1, progress=lambda what, total: _shown([], what, total, fail))
    assert ({NEW: Outcome.CREATED}, problems, True, bool(not problems)) == (
        outcomes(writer),
        writer.problems,
        writer.halted.is_set(),
        stop.is_set(),
    )


class Impatient(Ledger):
    """What a person does not wait for."""

    def wait(self, seconds: float) -> None:
        """Be ended by a Ctrl-C."""
        del seconds
        raise KeyboardInterrupt


def test_a_wait_that_a_person_ends(writer: ScopeWriter, stop: threading.Event) -> None:
    """After a bug of ours a Ctrl-C ends the wait for what is under way, and is no problem of the run."""
    error = SystemExit(1)
    writer.ledger = Impatient()

    def fail() -> None:
        raise error

    write_all(PLAN, writer, jobs=1, progress=lambda what, total: _shown([], what, total, fail))
    assert ([bug(error)], True) == (writer.problems, stop.is_set())


class Patient(Ledger):
    """Notes how long it is waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> None:
        """Note it."""
        self.seconds.append(seconds)


@pytest.mark.parametrize(("error", "seconds"), [(KeyboardInterrupt(), 0.0), (SystemExit(1), 4.0)])
def test_how_long_what_is_under_way_is_waited_for(writer: ScopeWriter, error: BaseException, seconds: float) -> None:
    """After a second Ctrl-C not for a moment."""
    ledger = writer.ledger = Patient()

    def fail() -> None:
        raise error

    write_all(PLAN, writer, jobs=1, progress=lambda what, total: _shown([], what, total, fail))
    assert [seconds] == ledger.seconds


@pytest.mark.parametrize("patient", [True, False])
def test_what_is_under_way_is_waited_for(*, writer: ScopeWriter, github: GitHub, patient: bool) -> None:
    """After a bug of ours for as long as a signal may be kept waiting; after a second Ctrl-C not at all."""
    writer.clients.of("acme").scopes = frozenset({"repo"})
    asked, go = threading.Event(), threading.Event()

    def hang(what: str) -> None:
        if what == "PUT /repos/acme/web/actions/secrets/NEW":
            asked.set()
            go.wait(10)

    def fail() -> None:
        asked.wait(10)
        raise SystemExit if patient else KeyboardInterrupt

    github.during = hang
    writer.unforeseen = lambda _: go.set()
    plan = Plan((creates(NEW), creates(OTHER)))
    write_all(plan, writer, jobs=2, progress=lambda what, total: _shown([], what, total, fail))
    expected = {NEW: Outcome.CREATED, OTHER: Outcome.CREATED if patient else Outcome.UNRECORDED}
    assert expected == outcomes(writer)
    go.set()
    writer.ledger.wait(10)
    assert 4.0 == GRACE


def test_the_state_is_brought_in_line(notes: Notes) -> None:
    """What is gone is forgotten, what is to be noted is recorded, and nothing else is touched."""
    record = Record("fp-one", AT, "k", 7, AT, AT)
    line = replace(creates(NEW), action=Action.NONE, reason=Reason.IN_SYNC, record=record, seen_at=AT)
    drift = replace(line, address=OTHER, reason=Reason.CHANGED_OUTSIDE, seen_at="later", drift=True)
    gone = Change(OLD, Action.NONE, Reason.GONE, record=record, forgets=True)
    tidy(Plan((line, gone, drift, replace(line, address=THIRD, record=None))), notes.session)
    assert [("forget", OLD), ("record", OTHER, replace(record, drifted_at="later"))] == notes.told

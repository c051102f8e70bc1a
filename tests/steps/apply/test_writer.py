"""One scope's writes, step by step: what the state is told, what GitHub is asked, and what is said of each line."""

import threading
from dataclasses import replace

import httpx
import pytest

from flowforge.errors import FlowForgeError, Problem, StateError, UnrecordedError, Where, bug
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Presence, Public, Record, Wanted
from flowforge.plan.report import Outcome, Result
from flowforge.steps.apply.permissions import Permissions
from flowforge.steps.apply.writer import ScopeWriter
from tests.steps.apply.parts import AT, PUBLIC_KEY, GitHub, Notes

BEFORE, LATER = "2026-11-23T07:00:00Z", "2026-11-23T08:00:24Z"
SCOPE, WEB = Scope(Repo.parse("acme/api")), Scope(Repo.parse("acme/web"))
INSIDE = Scope.of_environment(SCOPE.repo, "prod")
SECRETS = "/repos/acme/api/actions/secrets"
KEY, PUT, LIST = f"GET {SECRETS}/public-key", f"PUT {SECRETS}/NEW", f"GET {SECRETS}"
NEW, OLD = Address(SCOPE, "NEW"), Address(SCOPE, "OLD")
AGAIN = "run `flowforge plan` again in a minute; it will write this secret once more"
STATE = StateError(Problem("FF401", "no room"))
BROKEN = httpx.ReadError("the connection broke")


def wanted(address: Address, value: Known | Public) -> Wanted:
    """Return what the manifest says."""
    return Wanted(address, Presence.PRESENT, "T", Where("m", 1, 1), "ci-key", value=value)


def creates(address: Address = NEW, value: Known | Public | None = None) -> Change:
    """Return the line of a secret that is missing."""
    return Change(address, Action.CREATE, Reason.MISSING, wanted=wanted(address, value or Known("fp-one")))


def deletes(address: Address = OLD) -> Change:
    """Return the line of a secret that goes."""
    return Change(address, Action.DELETE, Reason.DECLARED_ABSENT, seen_at=BEFORE)


def record(**more: object) -> Record:
    """Return what is remembered of a first write."""
    made = Record("fp-one", AT, "ci-key", 7, AT, AT, public_key=PUBLIC_KEY)
    return replace(made, **more)  # type: ignore[arg-type]  # -- members of a record by name


def problem_of(writer: ScopeWriter, address: Address = NEW) -> tuple[Outcome, Problem | None, tuple[str, ...]]:
    """Return what was said of a line."""
    (found,) = [each for each in writer.ledger.results() if each.address == address]
    return found.outcome, found.problem, found.notes


def flags(writer: ScopeWriter) -> tuple[bool, bool, bool]:
    """Return whether something was sent, whether the run goes no further, and whether nothing was touched."""
    return writer.sent.is_set(), writer.halted.is_set(), writer.untouched


def test_a_secret_is_intended_sealed_sent_seen_and_recorded(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """In this order; the record has GitHub's own time, and the repo's id."""
    github.during = lambda what: notes.told.append((what,))
    writer.write_scope(SCOPE, [creates()])
    assert [
        ("intend", {NEW: "fp-one"}),
        (KEY,),
        (PUT,),
        (LIST,),
        ("record", NEW, record()),
    ] == notes.told
    assert [{"key_id": "1", "value": "the first value"}] == github.sent
    assert ([Result(NEW, Outcome.CREATED)], (True, False, False)) == (writer.ledger.results(), flags(writer))


def test_one_list_confirms_all_of_a_scope(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """Two writes and a delete: the delete last and recorded at once, then one list for what was written."""
    github.listed[SECRETS] = {"OLD": BEFORE, "TWO": BEFORE}
    two = Address(SCOPE, "TWO")
    update = replace(creates(two, Known("fp-two")), action=Action.UPDATE, seen_at=BEFORE, record=record(repo_id=1))
    writer.write_scope(SCOPE, [deletes(), creates(), update])
    assert [KEY, PUT, f"PUT {SECRETS}/TWO", f"DELETE {SECRETS}/OLD", LIST] == github.asked
    assert [
        Result(OLD, Outcome.DELETED),
        Result(NEW, Outcome.CREATED),
        Result(two, Outcome.UPDATED),
    ] == writer.ledger.results()
    assert [
        ("intend", {NEW: "fp-one"}),
        ("intend", {two: "fp-two"}),
        ("intend", {OLD: None}),
        ("forget", OLD),
        ("record", NEW, record()),
        ("record", two, record(fingerprint="fp-two")),
    ] == notes.told


@pytest.mark.parametrize(("listed", "outcome"), [({}, Outcome.DELETED), ({"OLD": BEFORE}, Outcome.FAILED)])
def test_a_delete_of_what_is_not_there_is_looked_at(
    *, writer: ScopeWriter, github: GitHub, notes: Notes, listed: dict[str, str], outcome: Outcome
) -> None:
    """GitHub's 404 is believed where its list agrees; else the token may see nothing, and the delete stays open."""
    github.listed[SECRETS] = listed
    github.instead[f"DELETE {SECRETS}/OLD"] = [httpx.Response(404, json={})]
    writer.write_scope(SCOPE, [deletes()])
    gone = outcome is Outcome.DELETED
    problem = Problem(
        "FF341",
        "GitHub answered that it does not exist, and still lists it",
        "acme/api/actions/OLD",
        fix="run it again; then check the token",
    )
    assert (outcome, None if gone else problem, ()) == problem_of(writer, OLD)
    assert [("intend", {OLD: None}), *([("forget", OLD)] if gone else [])] == notes.told
    assert (True, False, False) == flags(writer)


@pytest.mark.parametrize("stopped", [True, False])
def test_nothing_more_is_begun(
    *, writer: ScopeWriter, github: GitHub, notes: Notes, stop: threading.Event, stopped: bool
) -> None:
    """A person said so, or going on makes no sense: every line is not done, and nothing is asked."""
    (stop if stopped else writer.halted).set()
    writer.write_scope(SCOPE, [creates(), deletes()])
    assert [Result(NEW, Outcome.NOT_DONE), Result(OLD, Outcome.NOT_DONE)] == writer.ledger.results()
    assert ([], [], (False, not stopped, not stopped)) == (github.asked, notes.told, flags(writer))


def test_what_was_refused_is_taken_back(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """It certainly did not happen. What would delete beside it waits; what only writes goes on."""
    github.listed[SECRETS] = {"OLD": BEFORE}
    github.instead[PUT] = [httpx.Response(422, json={"message": "No."})]
    two = Address(SCOPE, "TWO")
    writer.write_scope(SCOPE, [creates(), creates(two, Known("fp-two")), deletes()])
    outcome, problem, _ = problem_of(writer)
    assert (Outcome.FAILED, "FF326", str(NEW)) == (outcome, problem and problem.code, problem and problem.where)
    assert (Outcome.CREATED, None, ()) == problem_of(writer, two)
    assert (Outcome.NOT_DONE, None, ()) == problem_of(writer, OLD)
    assert [("intend", {NEW: "fp-one"}), ("abandon", NEW), ("intend", {two: "fp-two"})] == notes.told[:3]
    assert ({"OLD": BEFORE, "TWO": AT}, (True, False, False)) == (github.listed[SECRETS], flags(writer))


def test_an_intent_that_cannot_be_taken_back_stays_open(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """It costs one more write, and hides nothing of why the first one failed."""
    notes.fails["abandon"] = STATE
    github.instead[PUT] = [httpx.Response(422, json={"message": "No."})]
    writer.write_scope(SCOPE, [creates()])
    outcome, problem, _ = problem_of(writer)
    assert ((Outcome.FAILED, "FF326"), (False, False, False)) == ((outcome, problem and problem.code), flags(writer))


def test_what_nobody_answered_stays_open(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """It may have arrived: it is not taken back, and other lines go on."""
    github.instead[PUT] = [BROKEN]
    writer.write_scope(SCOPE, [creates()])
    outcome, problem, _ = problem_of(writer)
    assert ((Outcome.FAILED, "FF328"), (True, False, False)) == ((outcome, problem and problem.code), flags(writer))
    assert [("intend", {NEW: "fp-one"})] == notes.told


def test_a_token_that_is_refused_ends_the_run(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """Nothing was sent, so nothing was touched; the next line is not begun."""
    github.instead[KEY] = [httpx.Response(401, json={"message": "Bad credentials"})]
    two = Address(SCOPE, "TWO")
    writer.write_scope(SCOPE, [creates(), creates(two)])
    outcome, problem, _ = problem_of(writer)
    assert ((Outcome.FAILED, "FF302"), (False, True, True)) == ((outcome, problem and problem.code), flags(writer))
    assert (Outcome.NOT_DONE, None, ()) == problem_of(writer, two)
    assert [("intend", {NEW: "fp-one"}), ("abandon", NEW)] == notes.told


def test_a_stop_before_it_was_sent_is_no_failure(
    writer: ScopeWriter, github: GitHub, notes: Notes, stop: threading.Event
) -> None:
    """A wait was ended for it: the line is not done, and taken back."""
    writer.clients.of("acme").pacer.refused(30, secondary=False, sent=0.0)
    notes.during = stop.set
    writer.write_scope(SCOPE, [creates()])
    stopped = Problem("FF332", "stopped while waiting for GitHub")
    assert (Outcome.NOT_DONE, stopped, ()) == problem_of(writer)
    assert ([("intend", {NEW: "fp-one"}), ("abandon", NEW)], [], (False, False, False)) == (
        notes.told,
        github.asked,
        flags(writer),
    )


def test_nothing_is_sent_without_an_intent(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """A state that cannot keep it ends the run, before anything was touched."""
    notes.fails["intend"] = STATE
    writer.write_scope(SCOPE, [creates()])
    assert (Outcome.FAILED, STATE.problems[0], ()) == problem_of(writer)
    assert ([], (False, True, True)) == (github.asked, flags(writer))


def test_a_bug_before_the_sending_is_one_lines_own(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """It is told, somebody sees it, the intent is taken back, and the next line is written."""
    seen: list[BaseException] = []
    writer.unforeseen = seen.append
    two = Address(SCOPE, "TWO")
    writer.write_scope(SCOPE, [creates(NEW, Known("fp-none")), creates(two)])
    problem = Problem(
        "FF348",
        "a bug in FlowForge: KeyError",
        str(NEW),
        "it was not sent",
        "report it, with what -v prints",
    )
    assert ((Outcome.FAILED, problem, ()), (Outcome.CREATED, None, ())) == (
        problem_of(writer),
        problem_of(writer, two),
    )
    assert [("intend", {NEW: "fp-none"}), ("abandon", NEW)] == notes.told[:2]
    assert ([KeyError], (True, False, False)) == ([type(each) for each in seen], flags(writer))
    assert github.asked[-1] == LIST


@pytest.mark.parametrize(("error", "halts"), [(OSError("x"), False), (MemoryError(), True), (SystemExit(1), True)])
def test_a_bug_after_the_sending_is_unrecorded(
    *, writer: ScopeWriter, github: GitHub, notes: Notes, error: BaseException, halts: bool
) -> None:
    """It may have arrived; what says that the process is at its end begins nothing more."""

    def fail(what: str) -> None:
        if what == LIST:
            raise error

    github.during = fail
    writer.write_scope(SCOPE, [creates()])
    problem = Problem(
        "FF348",
        f"a bug in FlowForge: {type(error).__name__}",
        str(NEW),
        "it was sent, or may have been, and is not recorded",
        "run `flowforge plan` again, it will write it once more; report it, with what -v prints",
    )
    assert ((Outcome.UNRECORDED, problem, ()), (True, halts, False)) == (problem_of(writer), flags(writer))
    assert [("intend", {NEW: "fp-one"})] == notes.told


class Broken(Permissions):
    """Fails at the second question."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error
        self.times = 0

    def refusal(self, address: Address) -> Problem | None:
        """Fail."""
        self.times += 1
        if self.times > 1:
            raise self.error
        return super().refusal(address)


@pytest.mark.parametrize(("error", "halts"), [(KeyError("x"), False), (MemoryError(), True)])
def test_a_bug_between_the_lines_is_told_of_each(*, writer: ScopeWriter, error: BaseException, halts: bool) -> None:
    """Of what was begun that it may have been sent, of the others that it was not; and somebody sees it."""
    seen: list[BaseException] = []
    writer.unforeseen, writer.permissions = seen.append, Broken(error)
    two, three = Address(SCOPE, "TWO"), Address(SCOPE, "XXX")
    writer.write_scope(SCOPE, [creates(), creates(two), creates(three)])
    told = [(each.address, each.outcome, each.problem and each.problem.why) for each in writer.ledger.results()]
    assert [
        (NEW, Outcome.UNRECORDED, "it was sent, or may have been, and is not recorded"),
        (two, Outcome.FAILED, "it was not sent"),
        (three, Outcome.FAILED, "it was not sent"),
    ] == told
    assert ([error], (True, halts, False)) == (seen, flags(writer))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(200, json={"total_count": 0, "secrets": []}), "GitHub's lists lag behind its writes at times"),
        (httpx.Response(404, json={"message": "Not Found"}), "not found, or invisible to this token"),
    ],
)
def test_what_github_does_not_show_is_unrecorded(
    *, writer: ScopeWriter, github: GitHub, answer: httpx.Response, why: str
) -> None:
    """Its time is not known; what is noted of it stays noted."""
    github.listed[SECRETS] = {"NEW": BEFORE}
    github.instead[LIST] = [answer]
    writer.write_scope(SCOPE, [creates()])
    what = "written, but GitHub's list does not show it yet, so its time could not be recorded"
    notes = ("somebody created it between the plan and the write; FlowForge has overwritten it",)
    assert (Outcome.UNRECORDED, Problem("FF340", what, str(NEW), why, AGAIN), notes) == problem_of(writer)
    assert (True, False, False) == flags(writer)


def test_somebody_elses_write_right_after_is_seen(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """Our own time is recorded, which is not GitHub's any more: the next plan finds that it was changed."""
    entries = [{"name": "NEW", "updated_at": LATER}]
    github.instead[LIST] = [httpx.Response(200, json={"total_count": 1, "secrets": entries})]
    writer.write_scope(SCOPE, [creates()])
    assert (Outcome.CREATED, None, ("somebody else wrote it right after FlowForge",)) == problem_of(writer)
    assert ("record", NEW, record()) == notes.told[-1]


@pytest.mark.parametrize("error", [UnrecordedError(Problem("FF412", "done, but not recorded")), OSError("x")])
def test_what_cannot_be_recorded_ends_the_run(
    *, writer: ScopeWriter, github: GitHub, notes: Notes, error: Exception
) -> None:
    """It is on GitHub and not in the state, a write as a delete; nothing more is begun."""
    github.listed[SECRETS] = {"NEW": BEFORE, "OLD": BEFORE}
    notes.fails = {"record": error, "forget": error}
    seen: list[BaseException] = []
    writer.unforeseen = seen.append
    writer.write_scope(SCOPE, [creates()])
    outcome, problem, said = problem_of(writer)
    ours = isinstance(error, FlowForgeError)
    code, why = ("FF412", "") if ours else ("FF348", "it was sent, or may have been, and is not recorded")
    assert (Outcome.UNRECORDED, code, why, 1) == (outcome, problem and problem.code, problem and problem.why, len(said))
    assert ((True, True, False), [] if ours else [error]) == (flags(writer), seen)
    writer.halted.clear()
    writer.write_scope(SCOPE, [deletes()])
    outcome, problem, said = problem_of(writer, OLD)
    assert (Outcome.UNRECORDED, code, (), True) == (outcome, problem and problem.code, said, writer.halted.is_set())


def test_an_environment_is_made_once(writer: ScopeWriter, github: GitHub) -> None:
    """It is asked for, made, and then written into, by every line of its scope."""
    one, two = (replace(creates(Address(INSIDE, name)), makes_environment=True) for name in ("ONE", "TWO"))
    place = "/repos/acme/api/environments/prod"
    writer.write_scope(INSIDE, [one, two])
    assert [
        f"GET {place}",
        f"PUT {place}",
        f"GET {place}/secrets/public-key",
        f"PUT {place}/secrets/ONE",
        f"PUT {place}/secrets/TWO",
        f"GET {place}/secrets",
    ] == github.asked
    assert [Outcome.CREATED, Outcome.CREATED] == [each.outcome for each in writer.ledger.results()]


def test_an_environment_that_was_made_is_something_sent(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """What then fails for the want of a key was not sent itself: it is taken back, but the run touched GitHub."""
    place = "/repos/acme/api/environments/prod"
    github.instead[f"GET {place}/secrets/public-key"] = [httpx.Response(401, json={"message": "Bad credentials"})]
    here = Address(INSIDE, "ONE")
    writer.write_scope(INSIDE, [replace(creates(here), makes_environment=True)])
    assert (Outcome.FAILED, (True, True, False)) == (problem_of(writer, here)[0], flags(writer))
    assert [("intend", {here: "fp-one"}), ("abandon", here)] == notes.told


DENIED = httpx.Response(403, json={"message": "Resource not accessible by integration"})


def test_a_token_that_may_not_write_is_asked_once(writer: ScopeWriter, github: GitHub) -> None:
    """The first refusal stops what needs the same permission; an environment takes another one."""
    github.instead[PUT] = [DENIED]
    writer.write_scope(SCOPE, [creates()])
    other = Address(WEB, "NEW")
    writer.write_scope(WEB, [creates(other)])
    outcome, problem, _ = problem_of(writer, other)
    assert ((Outcome.NOT_DONE, "FF346"), 2) == ((outcome, problem and problem.code), len(github.asked))


def test_after_a_write_that_arrived_a_refusal_is_one_repos_own(writer: ScopeWriter, github: GitHub) -> None:
    """The token may write; so another repo's refusal stops no third."""
    github.instead["PUT /repos/acme/web/actions/secrets/NEW"] = [DENIED]
    lib = Scope(Repo.parse("acme/lib"))
    for scope in (SCOPE, WEB, lib):
        writer.write_scope(scope, [creates(Address(scope, "NEW"))])
    assert [Outcome.CREATED, Outcome.FAILED, Outcome.CREATED] == [each.outcome for each in writer.ledger.results()]


@pytest.mark.parametrize(("makes", "stops"), [(True, False), (False, True)])
def test_who_may_not_make_an_environment_may_write(
    *, writer: ScopeWriter, github: GitHub, makes: bool, stops: bool
) -> None:
    """A refusal of the environment says nothing of secrets in others; that of a secret in it does."""
    place = "/repos/acme/api/environments/prod"
    refused = f"PUT {place}" if makes else f"PUT {place}/secrets/ONE"
    github.instead[refused] = [DENIED]
    one = replace(creates(Address(INSIDE, "ONE")), makes_environment=True)
    writer.write_scope(INSIDE, [one])
    other = Address(Scope.of_environment(WEB.repo, "prod"), "ONE")
    assert stops is (writer.permissions.refusal(other) is not None)


def test_a_variable_is_written_as_one(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """Created or changed by its own requests, and confirmed by its value."""
    scope = Scope(SCOPE.repo, Store.VARIABLES)
    new, old = Address(scope, "NEW"), Address(scope, "OLD")
    one, path = Public("one"), "/repos/acme/api/actions/variables"
    date = {"date": "Mon, 23 Nov 2026 08:00:20 GMT"}
    github.instead[f"POST {path}"] = [httpx.Response(201, headers=date, json={})]
    github.instead[f"PATCH {path}/OLD"] = [httpx.Response(204, headers=date)]
    entries = [{"name": name, "value": "one", "updated_at": AT} for name in ("NEW", "OLD")]
    github.instead[f"GET {path}"] = [httpx.Response(200, json={"total_count": 2, "variables": entries})]
    update = replace(creates(old, one), action=Action.UPDATE, seen_at=BEFORE)
    writer.write_scope(scope, [creates(new, one), update])
    assert [{"name": "NEW", "value": "one"}, {"value": "one"}] == github.sent
    assert [("record", each, record(fingerprint=one.fingerprint, public_key="")) for each in (new, old)] == notes.told[
        2:
    ]


@pytest.mark.parametrize(
    ("error", "stopped", "problems"),
    [
        (KeyboardInterrupt(), True, []),
        (STATE, False, list(STATE.problems)),
        (OSError("x"), False, [bug(OSError("x"))]),
        (SystemExit(1), False, [bug(SystemExit(1))]),
    ],
)
def test_what_ends_a_run_from_outside(
    *, writer: ScopeWriter, stop: threading.Event, error: BaseException, stopped: bool, problems: list[Problem]
) -> None:
    """A second Ctrl-C stops it, what we can explain is told, and a bug is told and seen by somebody."""
    seen: list[BaseException] = []
    writer.unforeseen = seen.append
    writer.end(error)
    ours = isinstance(error, KeyboardInterrupt | FlowForgeError)
    assert (stopped, True, problems, [] if ours else [error]) == (
        stop.is_set(),
        writer.halted.is_set(),
        writer.problems,
        seen,
    )
    assert (True, True) == (writer.over(), writer.untouched)


def test_a_progress_that_fails_is_only_warned_of(writer: ScopeWriter) -> None:
    """It is for people to look at; nor does it matter if nobody can be told of the bug."""

    def refuse(error: BaseException) -> None:
        raise error

    writer.unforeseen = refuse
    writer.unshown(OSError("x"))
    assert (["no progress was shown: a bug in FlowForge: OSError"], [], False) == (
        writer.warnings,
        writer.problems,
        writer.over(),
    )


def test_what_we_can_explain_is_no_bug(writer: ScopeWriter) -> None:
    """Nobody is shown a traceback of an error that we raise ourselves; unless somebody listens, of none."""
    seen: list[BaseException] = []
    writer.note(OSError("x"))
    writer.unforeseen = seen.append
    writer.note(STATE)
    assert [] == seen

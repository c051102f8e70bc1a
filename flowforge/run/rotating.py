"""The flow of `rotate`, to be read from top to bottom. How a part of it is written: `rotation_leg.py`."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from flowforge.errors import FlowForgeError, Problem, RotationError, UsageError
from flowforge.github.clients import Clients
from flowforge.github.clock import Patience
from flowforge.plan.address import Address, Repo
from flowforge.plan.report import Outcome, Report
from flowforge.plan.rotation import Rotation
from flowforge.run.request import Planned, Request
from flowforge.run.rotation_key import look_at_old_key
from flowforge.run.rotation_leg import Arrange, Hooks, Subject, Written, look, note, plan_of, write_leg
from flowforge.run.rotation_told import Asked, Course, Ended, Teller
from flowforge.state.model import State
from flowforge.steps.apply.preconditions import refuse
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.rotate.checks import require_new, require_same_value, require_way_back
from flowforge.steps.rotate.queued import RunWatch, last_writes
from flowforge.steps.rotate.verdicts import Canary
from flowforge.steps.rotate.walk import Batch, Walk, canaries, holding_another

_TROUBLE: Final = frozenset({Outcome.FAILED, Outcome.NOT_DONE, Outcome.UNRECORDED})
# Seconds: as long as a job may run on a runner of GitHub's.
_OLD_RUNS: Final = 6 * 3600.0
# Makes the canary of a rotation: gets the clients, the name of the secret, and the repos that it will be asked in.
MakeCanary = Callable[[Subject, Clients], Canary]


def rotate(
    request: Request,
    asked: Asked,
    teller: Teller,
    make_canary: MakeCanary | None = None,
    arrange: Arrange = lambda writer: writer,
) -> Ended | None:
    """Walk one credential to the value that its source gives, or back. None where it was only shown, or refused.

    Raises FlowForgeError while nothing is written; after that all is in what it returns.
    """
    with ExitStack() as held:
        subject, backend, clients = look(request, asked.credential, asked.sizes, held)
        subject = _narrowed(subject, asked)
        _require(subject, asked)
        asked.key.require(request, subject.begun.old_keys)
        canary = make_canary(subject, clients) if make_canary and not asked.back else None
        scale = Patience.of(clients.api, request.environ).scale
        watch = RunWatch(clients, request.stop, request.notify, cancels=asked.cancels)
        journey = _Journey(asked, teller, canary, arrange, subject, scale, watch, backend.read)
        if asked.now:
            return journey.at_once()
        course = _course(subject, asked, backend, clients, canary)
        if canary is not None:
            canary.check([repo for repos in course.canaries for repo in repos])
        teller.course(course)
        # The key is dead, or a brake holds: said before anything is written, and before anybody is asked.
        refuse(course.planned.plan, course.planned.brakes, keep_going=False, otherwise="")
        if asked.check or not teller.approve(course):
            return None
        return journey.walk()


def _narrowed(subject: Subject, asked: Asked) -> Subject:
    """Return what is rotated; on the way back nothing but what the walk wrote."""
    if not asked.back:
        return subject
    reached = require_way_back(subject.walk, subject.rotation, asked.credential).reached
    lines = tuple(address for address in subject.walk.lines if address in reached)
    return replace(subject, walk=Walk(lines, subject.walk.fingerprint))


def _require(subject: Subject, asked: Asked) -> None:
    """Raise RotationError where there is no such way."""
    rotation = subject.rotation
    if asked.back:
        return
    if rotation is None and asked.key:
        return  # of what is over, the old key may be left
    if rotation is None:
        require_new(subject.walk, subject.state, asked.credential)
    elif not asked.now:
        require_same_value(subject.walk, rotation, asked.credential)


def _course(subject: Subject, asked: Asked, backend: StateBackend, clients: Clients, canary: Canary | None) -> Course:
    walk, state = subject.walk, subject.state
    rotation = None if asked.back else subject.rotation
    batches = tuple(walk.batches(state, rotation))
    addresses = tuple(address for batch in batches for address in batch.addresses)
    reached = subject.rotation.reached if subject.rotation else {}
    return Course(
        plan_of(subject, backend, clients, addresses).planned,
        len(walk.lines),
        batches,
        tuple(tuple(canaries(batch)) for batch in batches) if canary else (),
        subject.rotation,
        sum(walk.holds(state, address) for address in walk.lines if address not in reached),
    )


@dataclass(slots=True)
class _Journey:
    """A rotation on its way. `expected` is how far it is, as this run has left it in the state."""

    asked: Asked
    teller: Teller
    canary: Canary | None
    arrange: Arrange
    subject: Subject
    scale: float
    watch: RunWatch
    read: Callable[[], State]
    expected: Rotation | None = None
    ended: Ended = field(default_factory=Ended)
    tried: set[Repo] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.expected = self.subject.rotation
        self.ended.state = self.subject.state
        self.ended.oauth = self.subject.credential.type == "claude_code_oauth_token"
        self.ended.unresolved = bool(self.subject.task.unresolved)

    def walk(self) -> Ended:
        """Write batch by batch, and prove each before the next."""
        try:
            while (written := self._leg(self._next)) is not None:
                if not self._stands(written):
                    return self._left()
            return self._over()
        except FlowForgeError as error:
            # Exit code 1 promises that nothing was written.
            if not self.ended.legs:
                raise
            self.ended.problem = _nothing_more(error.problems[0])
            # Where another run has it further, or ended, who is exposed is what the state says now.
            with suppress(FlowForgeError):
                self.ended.state = state = self.read()
                self.ended.overtaken = self.expected is not None and self.asked.credential not in state.rotations
            return self._left()

    def at_once(self) -> Ended | None:
        """Write all of it, and say what is left."""
        written = self._leg(lambda subject: Batch(1, subject.walk.lines))
        if written is None:
            return None
        self.ended.finished = not (_undone(written.report) or self.subject.walk.to_go(written.state))
        try:
            self._look_at_runs(written.state, written.batch.addresses, 0.0)
            self._look_at_old_key()
        except FlowForgeError as error:
            self.ended.problem = _nothing_more(error.problems[0])
        return self._left()

    def _next(self, subject: Subject) -> Batch | None:
        if self.asked.back:
            todo = [each for each in subject.walk.to_go(subject.state) if each.scope.repo not in self.tried]
            return Batch(1, tuple(todo)) if todo else None
        return subject.walk.next(subject.state, self.expected, self.tried)

    def _leg(self, choose: Callable[[Subject], Batch | None]) -> Written | None:
        def chosen(subject: Subject) -> Batch | None:
            # The manifest is read for each batch: its source may be another one by now.
            if subject.walk.fingerprint != self.subject.walk.fingerprint:
                what = f"the manifest gives {subject.credential.name} another value than when this run began"
                raise RotationError(Problem("FF910", what, fix="run `flowforge plan`, and look at the manifest"))
            return choose(_narrowed_as(subject, self.asked, self.subject.walk))

        approve = self._approve_now if self.asked.now else lambda _: True
        show = self._show_now if self.asked.now else lambda *_: None
        written = write_leg(self.subject, self.expected, Hooks(chosen, self._after, show, approve, self.arrange))
        if written is not None:
            self.expected, self.ended.state = written.rotation, written.state
            self.ended.legs.append((written.planned, written.report))
            self.tried |= {*written.batch.repos}
            self.teller.batch(written.batch, written.report)
        return written

    def _after(self, subject: Subject, batch: Batch, planned: Planned) -> Rotation | None:
        """Return the rotation as it is kept before a batch is written: what that batch may reach counts as reached."""
        if self.asked.now:
            return None
        if self.asked.back:
            return self.expected
        reached = {change.address.of_value: batch.number for change in planned.plan.todo}
        begun = self.expected or subject.begun
        return replace(begun, reached={**begun.reached, **reached})

    def _stands(self, written: Written) -> bool:
        """Return whether the walk may go on: the batch was written, and is found well."""
        if _undone(written.report):
            return False
        rotation = self.expected
        if self.asked.back or rotation is None or rotation.proven >= written.batch.number:
            return True
        # Who has left the manifest meanwhile is asked nothing.
        reached = rotation.of_batch(written.batch.number) & {*written.batch.addresses}
        if not reached:
            return True  # blocked as a whole: the next repos are the batch
        if not self._is_well(Batch(written.batch.number, tuple(sorted(reached)))):
            return False
        self.expected = note(self.subject, rotation, replace(rotation, proven=written.batch.number))
        return True

    def _is_well(self, batch: Batch) -> bool:
        stop = self.subject.task.request.stop
        if self.canary is None:
            more = self.subject.walk.next(self.ended.state or self.subject.state, self._passed(batch), self.tried)
            self.ended.stopped = more is not None and not (stop.is_set() or self.teller.proceed(more))
            return not (self.ended.stopped or stop.is_set())
        verdicts = tuple(self.canary.run(canaries(batch)))
        self.teller.verdicts(verdicts)
        self.ended.canaries += [(batch.number, each) for each in verdicts]
        return all(each.well for each in verdicts) and not stop.is_set()

    def _passed(self, batch: Batch) -> Rotation | None:
        return replace(self.expected, proven=batch.number) if self.expected else None

    def _over(self) -> Ended:
        """End the rotation where all is written."""
        state = self.ended.state or self.subject.state
        if not self.subject.walk.to_go(state):
            if not self.asked.back:
                reached = self.expected.reached if self.expected else ()
                self._look_at_runs(state, tuple(reached), _OLD_RUNS)
                self._look_at_old_key()
            # It stays open for the old key, whose id no record has any more.
            if not self.ended.key.waits:
                self.expected = self.expected and note(self.subject, self.expected, None)
                self.ended.finished = True
        return self._left()

    def _look_at_runs(self, state: State, addresses: tuple[Address, ...], longest: float) -> None:
        self.ended.runs = self.watch.until_over(last_writes(state, addresses), longest)

    def _look_at_old_key(self) -> None:
        request, recorded = self.subject.task.request, self.subject.begun.old_keys
        self.ended.key = look_at_old_key(request, self.asked.key, recorded, self.scale)

    def _left(self) -> Ended:
        """Return how it ended, with what may hold another value."""
        state, walk = self.ended.state or self.subject.state, self.subject.walk
        others = holding_another(state, self.asked.credential, walk.fingerprint, walk.lines)
        if not self.asked.back:
            self.ended.exposed = tuple(sorted({*others, *walk.to_go(state)}))
        self.ended.interrupted = self.subject.task.request.stop.is_set() and not self.ended.finished
        return self.ended

    def _show_now(self, planned: Planned, subject: Subject) -> None:
        self.teller.course(self._course_now(planned, subject))

    def _approve_now(self, planned: Planned) -> bool:
        return self.teller.approve(self._course_now(planned, self.subject))

    def _course_now(self, planned: Planned, subject: Subject) -> Course:
        walk = subject.walk
        already = sum(walk.holds(subject.state, address) for address in walk.lines)
        return Course(planned, len(walk.lines), (Batch(1, walk.lines),), (), subject.rotation, already)


def _narrowed_as(subject: Subject, asked: Asked, walk: Walk) -> Subject:
    if not asked.back:
        return subject
    lines = tuple(address for address in subject.walk.lines if address in {*walk.lines})
    return replace(subject, walk=replace(subject.walk, lines=lines))


def _nothing_more(problem: Problem) -> Problem:
    return replace(problem, what=problem.what.replace("nothing was written", "nothing more was written"))


def _undone(report: Report) -> bool:
    return bool(_TROUBLE & report.counts.keys() or report.problems or report.interrupted)


def require_batches(asked: Asked, request: Request, *, canary: bool) -> None:
    """Raise UsageError FF911 where nobody would look at a batch before the next: in CI, without a canary."""
    if request.environ.get("CI") and not (canary or asked.sizes.is_one or asked.now or asked.back):
        what = "in CI a rotation in batches needs a canary"
        why = "nobody else would look at a batch before the next one is written"
        fix = "name a workflow with --canary, or a program with --canary-command; or say --batch rest"
        raise UsageError(Problem("FF911", what, why=why, fix=fix))

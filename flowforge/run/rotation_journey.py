"""A rotation on its way: batch by batch or at once, and how it ends. How a part is written: `rotation_leg.py`."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import field, replace
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import FlowForgeError, Problem, RotationError
from flowforge.github.clients import Clients
from flowforge.github.problems import StoppedError
from flowforge.plan.address import Address, Repo
from flowforge.plan.report import Outcome, Report
from flowforge.plan.rotation import Rotation
from flowforge.run.request import Planned
from flowforge.run.rotation_key import look_at_old_key
from flowforge.run.rotation_leg import Arrange, Hooks, Subject, WrittenLeg, note, write_leg
from flowforge.run.rotation_outside import changed_outside
from flowforge.run.rotation_told import Asked, Course, Ended, Teller
from flowforge.state.model import State
from flowforge.steps.rotate.checks import require_in_sight
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.queued import RunWatch, last_writes
from flowforge.steps.rotate.standing import Standing, backward_standing, onward_standing
from flowforge.steps.rotate.verdicts import Canary
from flowforge.steps.rotate.walk import Batch, Walk, canaries

_TROUBLE: Final = frozenset({Outcome.FAILED, Outcome.NOT_DONE, Outcome.UNRECORDED})
# Seconds: as long as a job may run on a runner of GitHub's.
_OLD_RUNS: Final = 6 * 3600.0


@dataclass(slots=True)
class Journey:
    """A rotation on its way."""

    asked: Asked
    """What the command line says of it."""
    teller: Teller
    """Tells people how far it is."""
    canary: Canary | None
    """What proves a batch; None where nothing is to prove it."""
    arrange: Arrange
    """Changes the parts of the writer."""
    subject: Subject
    """The credential, its places, and the state that was found."""
    clients: Clients
    """The clients of GitHub, one for each owner's token."""
    scale: float
    """How many seconds of the run's clock pass in a real one."""
    read: Callable[[], State]
    """Reads the state again."""
    expected: Rotation | None = None
    """How far it is, as this run has left it in the state."""
    ended: Ended = field(default_factory=Ended)
    """What is told in the end."""
    tried: set[Repo] = field(default_factory=set)
    """Repos of the batches that this run has written."""
    changed: frozenset[Address] = frozenset()
    """What somebody else wrote to while the rotation went on."""
    consent: Consent | None = None
    """What somebody agreed to, once they did."""
    last: Standing | None = None
    """Where it stood when it was ended."""

    def __post_init__(self) -> None:
        """Begin from what the look has found."""
        self.expected = self.subject.rotation
        self.ended.state = self.subject.state
        self.ended.oauth = self.subject.credential.type == "claude_code_oauth_token"
        self.ended.unresolved = bool(self.subject.task.unresolved)
        self.ended.waits_for_nobody = self.asked.now

    def walk(self, consent: Consent) -> Ended:
        """Write batch by batch, and prove each before the next."""
        self.consent = consent
        try:
            while (written := self._leg(self._next, lambda _: consent)) is not None:
                if not self._stands(written, consent):
                    return self._left()
            if self._standing.is_over:
                self._close(consent, _OLD_RUNS)
        except FlowForgeError as error:
            # Exit code 1 promises that nothing was written, and a signal is no error.
            if not (self.ended.legs or self.ended.runs.cancelled or isinstance(error, StoppedError)):
                raise
            self.ended.problem = _nothing_more(error.problems[0])
            self._read_again()
        return self._left()

    def at_once(self) -> Ended | None:
        """Write all of it, and say what is left. None where somebody said no."""
        written = self._leg(self._all, self._approve_now, self._show_now)
        if written is None or self.consent is None:
            return None
        try:
            self._close(self.consent, 0.0)
        except FlowForgeError as error:
            self.ended.problem = _nothing_more(error.problems[0])
        return self._left()

    def _read_again(self) -> None:
        """Take the state as it is now: where another run has the rotation further, or ended, that is who is exposed."""
        with suppress(FlowForgeError):
            self.ended.state = state = self.read()
            self.ended.overtaken = self.expected is not None and self.asked.credential not in state.rotations

    def _next(self, subject: Subject) -> Batch | None:
        if self.asked.back:
            todo = [each for each in subject.walk.to_go(subject.state) if each.scope.repo not in self.tried]
            return Batch(1, tuple(todo)) if todo else None
        # The manifest may have lost a repo of the batch under way by now.
        require_in_sight(subject.walk, self.expected, subject.state, self.asked.credential)
        return subject.walk.next(subject.state, self.expected, self.tried)

    def _all(self, subject: Subject) -> Batch:
        same = self.expected is not None and self.expected.fingerprint == subject.walk.fingerprint
        return Batch(self.expected.proven + 1 if self.expected and same else 1, subject.walk.lines)

    def _leg(
        self,
        choose: Callable[[Subject], Batch | None],
        approve: Callable[[Planned], Consent | None],
        show: Callable[[Planned, Subject], None] = lambda *_: None,
    ) -> WrittenLeg | None:
        def chosen(subject: Subject) -> Batch | None:
            # The manifest is read for each batch: its source may be another one by now.
            if subject.walk.fingerprint != self.subject.walk.fingerprint:
                what = f"the manifest gives {subject.credential.name} another value than when this run began"
                raise RotationError(Problem("FF910", what, fix="run `flowforge plan`, and look at the manifest"))
            return choose(_narrowed_as(subject, self.asked, self.subject.walk))

        written = write_leg(self.subject, self.expected, Hooks(chosen, self._after, show, approve, self.arrange))
        if written is not None:
            self.expected, self.ended.state = written.rotation, written.state
            self.ended.legs.append((written.planned, written.report))
            self.tried |= {*written.batch.repos}
            self.teller.batch(written.batch, written.report)
        return written

    def _after(self, subject: Subject, batch: Batch, planned: Planned) -> Rotation | None:
        """Return the rotation as it is kept before a batch is written: what that batch may reach counts as reached."""
        if self.asked.back or not (planned.plan.todo or self.expected):
            return self.expected
        begun = self.expected or subject.begun
        if self.asked.now:
            begun = _taken_over(begun, replace(subject, state=_closed(subject)).begun)
        else:
            batches = self.asked.proof.batches or begun.proof.batches
            begun = replace(begun, proof=replace(self.asked.proof, batches=batches), at_once=False)
        reached = {change.address.of_value: batch.number for change in planned.plan.todo}
        return replace(begun, reached={**begun.reached, **reached})

    def _stands(self, written: WrittenLeg, consent: Consent) -> bool:
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
        self.expected = note(self.subject, rotation, replace(rotation, proven=written.batch.number), consent)
        return True

    def _is_well(self, batch: Batch) -> bool:
        stop = self.subject.task.request.stop
        if self.canary is None:
            more = self.subject.walk.next(self._state, self._passed(batch), self.tried)
            self.ended.stopped = more is not None and not (stop.is_set() or self.teller.proceed(more))
            return not (self.ended.stopped or stop.is_set())
        verdicts = tuple(self.canary.run(canaries(batch)))
        self.teller.verdicts(verdicts)
        self.ended.canaries += [(batch.number, each) for each in verdicts]
        return all(each.well for each in verdicts) and not stop.is_set()

    def _passed(self, batch: Batch) -> Rotation | None:
        return replace(self.expected, proven=batch.number) if self.expected else None

    @property
    def _state(self) -> State:
        return self.ended.state or self.subject.state

    @property
    def _standing(self) -> Standing:
        walk, rotation = self.subject.walk, self.expected
        if self.asked.back:
            return backward_standing(walk, rotation, self._state) if rotation else Standing()
        return onward_standing(
            walk,
            rotation,
            self._state,
            self.asked.credential,
            proves=not self.asked.now,
            changed=self.changed,
            unresolved=self.ended.unresolved,
        )

    def _close(self, consent: Consent, longest: float) -> None:
        """End the rotation where nothing is left of it, as the last thing that is done.

        longest: for how many seconds to wait for runs that have the old value.
        """
        if not self.asked.back:
            if self._standing.is_over:
                self.changed = changed_outside(self.subject, self._state, self.clients)
            self._look_at_runs(consent, longest)
            if self.ended.runs.interrupted:
                return
            request, recorded = self.subject.task.request, (self.expected or self.subject.begun).old_keys
            self.ended.key = look_at_old_key(request, self.asked.key, recorded, self.scale, consent)
        # It stays open for the old key, whose id no record has any more.
        standing = self._standing
        if standing.is_over and not self.ended.key.waits:
            self.last = standing
            self.expected = self.expected and note(self.subject, self.expected, None, consent)
            self.ended.finished = True

    def _look_at_runs(self, consent: Consent, longest: float) -> None:
        request = self.subject.task.request
        watch = RunWatch(self.clients, request.stop, request.notify, consent if self.asked.cancels else None)
        walk = self.subject.walk
        # A walk tells of what it wrote; what leaked, and a walk that is over, of all that has the value.
        addresses = self.expected.reached if self.expected and not self.asked.now else walk.lines
        held = tuple(each for each in sorted(addresses) if walk.holds(self._state, each))
        self.ended.runs = watch.until_over(last_writes(self._state, held), longest)

    def _left(self) -> Ended:
        """Return how it ended, with what may hold another value."""
        standing = self.last or self._standing
        self.ended.exposed = standing.exposed
        self.ended.unseen = len({*standing.left} - {*self.subject.walk.lines})
        self.ended.changed = len({*standing.left} & self.changed)
        self.ended.rotation = self.expected
        self.ended.interrupted = self.subject.task.request.stop.is_set() and not self.ended.finished
        return self.ended

    def _show_now(self, planned: Planned, subject: Subject) -> None:
        self.teller.course(self._course_now(planned, subject))

    def _approve_now(self, planned: Planned) -> Consent | None:
        self.consent = self.teller.approve(self._course_now(planned, self.subject))
        return self.consent

    def _course_now(self, planned: Planned, subject: Subject) -> Course:
        walk = subject.walk
        already = sum(walk.holds(subject.state, address) for address in walk.lines)
        return Course(planned, len(walk.lines), (Batch(1, walk.lines),), (), subject.rotation, already)


def _narrowed_as(subject: Subject, asked: Asked, walk: Walk) -> Subject:
    if not asked.back:
        return subject
    lines = tuple(address for address in subject.walk.lines if address in {*walk.lines})
    return replace(subject, walk=replace(subject.walk, lines=lines))


def _closed(subject: Subject) -> State:
    """Return the state as it is without the rotation."""
    name = subject.credential.name
    rotations = {each: one for each, one in subject.state.rotations.items() if each != name}
    return replace(subject.state, rotations=rotations)


def _taken_over(rotation: Rotation, fresh: Rotation) -> Rotation:
    """Return a rotation that `--now` takes over, with all that is known of the values before.

    fresh: the one that would begin now.
    """
    before = {*rotation.before, *fresh.before, rotation.fingerprint} - {fresh.fingerprint}
    return replace(
        rotation,
        fingerprint=fresh.fingerprint,
        # What was proven of another value is not proven of this one.
        proven=rotation.proven if rotation.fingerprint == fresh.fingerprint else 0,
        before=tuple(sorted(before)),
        old_keys=tuple(sorted({*rotation.old_keys, *fresh.old_keys})),
        at_once=True,
    )


def _nothing_more(problem: Problem) -> Problem:
    return replace(problem, what=problem.what.replace("nothing was written", "nothing more was written"))


def _undone(report: Report) -> bool:
    return bool(_TROUBLE & report.counts.keys() or report.problems or report.interrupted)

"""One leg of a rotation: an apply of a part of one credential's lines, in a session of its own with the state."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

from flowforge.data_class import dataclass
from flowforge.github.clients import Clients
from flowforge.manifest.model import Credential
from flowforge.plan.address import Address
from flowforge.plan.facts import UNKNOWN, Presence
from flowforge.plan.report import Report
from flowforge.plan.rotation import Rotation
from flowforge.run.applying import carry_out, planning_again, writer_of
from flowforge.run.leg import Leg
from flowforge.run.planning import PreparedPlan, prepare
from flowforge.run.request import Planned, Request
from flowforge.run.task import Task
from flowforge.run.verifying import check_of_apply
from flowforge.state.model import State
from flowforge.steps.apply.preconditions import refuse
from flowforge.steps.apply.results import broken_off
from flowforge.steps.apply.writer import ScopeWriter
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.refresh.admission import new_to
from flowforge.steps.rotate.checks import require_credential, require_own, require_value
from flowforge.steps.rotate.consent import Consent
from flowforge.steps.rotate.sizes import Sizes
from flowforge.steps.rotate.walk import Batch, Walk
from flowforge.steps.values.resolver import Resolver

Arrange = Callable[[ScopeWriter], ScopeWriter]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is rotated, as the manifest has it now."""

    task: Task
    """The manifest, with the repos that its selectors find."""
    credential: Credential
    """The credential."""
    walk: Walk
    """Its lines and its value."""
    resolver: Resolver
    """Has read its value."""
    state: State
    """What is remembered."""

    @property
    def rotation(self) -> Rotation | None:
        """The rotation that is under way."""
        return self.state.rotations.get(self.credential.name)

    @property
    def begun(self) -> Rotation:
        """The rotation that is under way, or the one that begins."""
        records = [self.state.records.get(address) for address in self.walk.lines]
        # Also of what the manifest no longer names: two ids are two keys, and which one is meant is not known.
        keys = {
            each.api_key_id
            for each in self.state.records.values()
            if each.credential == self.credential.name and each.fingerprint != self.walk.fingerprint
        }
        before = {each.fingerprint for each in records if each is not None} - {UNKNOWN, self.walk.fingerprint}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.rotation or Rotation(
            self.walk.fingerprint, now, tuple(sorted(before)), old_keys=tuple(sorted(keys - {""}))
        )

    def leg(self, addresses: tuple[Address, ...]) -> Leg:
        """Return a part of it, to be planned."""
        return Leg(self.credential.name, frozenset(addresses), self.resolver)


@dataclass(frozen=True, slots=True)
class WrittenLeg:
    """What a leg did."""

    batch: Batch
    """Its lines."""
    planned: Planned
    """Its plan."""
    report: Report
    """What became of it."""
    state: State
    """What is remembered after it."""
    rotation: Rotation | None
    """The rotation after it."""


def subject_of(
    task: Task,
    backend: StateBackend,
    state: State,
    *,
    name: str,
    sizes: Callable[[Rotation | None], Sizes],
    resolver: Resolver | None = None,
) -> Subject:
    """Return what is rotated. Raises UsageError and SourceError. resolver: what has read the value before.

    sizes: returns the batches, of the rotation that is under way.
    """
    credential = require_credential(task.manifest.credentials, name)
    admitted = task.admitted(state)
    chosen = task.chooser(state)
    places = [
        place
        for place in task.places
        if place.credential is not None
        and (place.credential.name, place.presence) == (name, Presence.PRESENT)
        # What apply must be told to admit first, or is not known to be wanted at all, is no part of it.
        and place.unread is None
        and not new_to(place, admitted)
        and chosen(place.address)
    ]
    resolver = resolver or Resolver(task.context, backend.fingerprinter(state))
    fingerprint = require_value([*resolver.values(places).values()], credential)
    lines = tuple(sorted(place.address for place in places))
    return Subject(task, credential, Walk(lines, fingerprint, sizes(state.rotations.get(name))), resolver, state)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a leg writes, and who is shown and asked about it before."""

    choose: Callable[[Subject], Batch | None]
    """Returns what is written, of the manifest and the state of now; None for nothing."""
    after: Callable[[Subject, Batch, Planned], Rotation | None]
    """Returns the rotation as it is kept before the first write, whether anything is to be written or not."""
    show: Callable[[Planned, Subject], None]
    """Shows its plan."""
    approve: Callable[[Planned], Consent | None]
    """Returns the consent to write it; None where somebody said no."""
    arrange: Arrange
    """Changes the parts of the writer."""


def look(
    request: Request, name: str, sizes: Callable[[Rotation | None], Sizes], held: ExitStack
) -> tuple[Subject, StateBackend, Clients]:
    """Return what is rotated, where its state is and the clients, which stay open in `held`. Writes nothing."""
    task = Task.of(request)
    require_credential(task.manifest.credentials, name)
    clients = held.enter_context(task.signed_in())
    backend = held.enter_context(task.backend(clients))
    state = backend.read()
    clients.need(task.to_read(state))
    task = task.with_selected_repos(clients)
    return subject_of(task, backend, state, name=name, sizes=sizes), backend, clients


def plan_of(subject: Subject, backend: StateBackend, clients: Clients, addresses: tuple[Address, ...]) -> PreparedPlan:
    """Return the plan of some of the lines: what a person is shown. The keys are verified."""
    check = check_of_apply(subject.task, clients)
    leg = subject.leg(addresses)
    return prepare(subject.task, backend, subject.state, clients, fresh=False, check=check, leg=leg)


def write_leg(subject: Subject, expected: Rotation | None, hooks: Hooks) -> WrittenLeg | None:
    """Write one part of the lines, and return what became of it; None where there is none, or `approve` said no.

    subject: what an earlier look gave, whose value it takes. expected: the rotation as this run knows it. Raises before
    the first write alone.
    """
    return planning_again(subject.task.request, lambda: _write(subject, expected, hooks))


def _write(subject: Subject, expected: Rotation | None, hooks: Hooks) -> WrittenLeg | None:
    request, name = subject.task.request, subject.credential.name
    task = Task.of(request)
    # A state that begins has the salt with which the value was looked at.
    fresh = subject.state if not subject.state.serial else None
    done: WrittenLeg | None = None
    try:
        with (
            task.signed_in() as clients,
            task.backend(clients) as backend,
            backend.open(request.lock_timeout, fresh=fresh) as session,
        ):
            require_own(session.state.rotations.get(name), expected, name)
            clients.need(task.to_read(session.state))
            task = task.with_selected_repos(clients)
            now = subject_of(
                task,
                backend,
                session.state,
                name=name,
                sizes=lambda _: subject.walk.sizes,
                resolver=subject.resolver,
            )
            batch = hooks.choose(now)
            if batch is None:
                return None
            check = check_of_apply(task, clients)
            leg = now.leg(batch.addresses)
            prepared = prepare(
                task,
                backend,
                session.state,
                clients,
                fresh=not request.asks,
                carried_out=True,
                check=check,
                leg=leg,
            )
            planned = prepared.planned
            hooks.show(planned, now)
            refuse(planned.plan, planned.brakes, keep_going=False, otherwise="")
            consent = hooks.approve(planned)
            if consent is None:
                return None
            consent.require(name)
            kept = hooks.after(now, batch, planned)
            writer = hooks.arrange(writer_of(task, clients, session, prepared))
            report = carry_out(task, backend, planned.plan, writer, lambda state: state.rotate(name, kept))
            done = WrittenLeg(batch, planned, report, session.state, kept)
    except BaseException as error:
        if done is not None:
            return replace(done, report=broken_off(done.report, error, request.unforeseen))
        raise
    return done


def note(subject: Subject, expected: Rotation | None, rotation: Rotation | None, consent: Consent) -> Rotation | None:
    """Keep in the state how far the rotation is, and return that."""
    consent.require(subject.credential.name)

    def once() -> None:
        task, name = subject.task, subject.credential.name
        with task.backend() as backend, backend.open(task.request.lock_timeout) as session:
            require_own(session.state.rotations.get(name), expected, name)
            session.rotate(name, rotation)

    planning_again(subject.task.request, once)
    return rotation

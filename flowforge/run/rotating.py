"""The flow of `rotate`, to be read from top to bottom. How it goes on its way: `rotation_journey.py`."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from flowforge.errors import Problem, UsageError
from flowforge.github.clients import Clients
from flowforge.github.clock import Patience
from flowforge.plan.rotation import Proof, Rotation
from flowforge.run.request import Request
from flowforge.run.rotation_journey import Journey
from flowforge.run.rotation_leg import Arrange, Subject, look, plan_of
from flowforge.run.rotation_told import Asked, Course, Ended, Teller
from flowforge.steps.apply.preconditions import refuse
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.rotate.checks import (
    require_canary,
    require_in_sight,
    require_new,
    require_same_value,
    require_way_back,
)
from flowforge.steps.rotate.sizes import Sizes
from flowforge.steps.rotate.verdicts import Canary
from flowforge.steps.rotate.walk import Batch, Walk, canaries

BATCHES: Final = "1,10%,rest"
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
        subject, backend, clients = look(request, asked.credential, lambda under_way: _sizes(asked, under_way), held)
        subject = _narrowed(subject, asked)
        _require(subject, asked, request)
        asked.key.require(request, subject.begun.old_keys)
        scale = Patience.of(clients.api, request.environ).scale
        asked.key.require_known(request, scale)
        canary = make_canary(subject, clients) if make_canary else None
        journey = Journey(asked, teller, canary, arrange, subject, clients, scale, backend.read)
        # A key that leaked is not planned twice: its plan is shown, and asked about, when it is about to be written.
        if asked.now and not asked.check:
            return journey.at_once()
        course = _course(subject, asked, backend, clients, canary)
        if canary is not None:
            canary.check([repo for repos in course.canaries for repo in repos])
        teller.course(course)
        # The key is dead, or a brake holds: said before anything is written, and before anybody is asked.
        refuse(course.planned.plan, course.planned.brakes, keep_going=False, otherwise="")
        consent = None if asked.check else teller.approve(course)
        return None if consent is None else journey.walk(consent)


def _sizes(asked: Asked, under_way: Rotation | None) -> Sizes:
    """Return the batches: those that are asked for, or those that the rotation was begun with."""
    return Sizes.parse(asked.proof.batches or (under_way.proof.batches if under_way else "") or BATCHES)


def _narrowed(subject: Subject, asked: Asked) -> Subject:
    """Return what is rotated; on the way back nothing but what the walk wrote."""
    if not asked.back:
        return subject
    reached = require_way_back(subject.walk, subject.rotation, asked.credential).reached
    lines = tuple(address for address in subject.walk.lines if address in reached)
    return replace(subject, walk=Walk(lines, subject.walk.fingerprint))


def _require(subject: Subject, asked: Asked, request: Request) -> None:
    """Raise RotationError where there is no such way, and UsageError where nobody would prove it."""
    rotation, name = subject.rotation, asked.credential
    if asked.back:
        return
    # Of what is over, the old key or a run may be left.
    if rotation is None and not (asked.key or asked.cancels):
        require_new(subject.walk, subject.state, name)
    if asked.now:
        return
    if rotation is not None:
        require_same_value(subject.walk, rotation, name)
    require_canary(rotation, name, asks=asked.proof.asks, without=asked.without_canary)
    require_in_sight(subject.walk, rotation, subject.state, name)
    if not asked.check:
        _require_batches(asked.proof, subject.walk.sizes, request)


def _require_batches(proof: Proof, sizes: Sizes, request: Request) -> None:
    """Raise UsageError FF911 where nobody would look at a batch before the next: in CI, without a canary."""
    if request.environ.get("CI") and not (proof.asks or sizes.is_one):
        what = "in CI a rotation in batches needs a canary"
        why = "nobody else would look at a batch before the next one is written"
        fix = "name a workflow with --canary, or a program with --canary-command; or say --batch rest"
        raise UsageError(Problem("FF911", what, why=why, fix=fix))


def _course(subject: Subject, asked: Asked, backend: StateBackend, clients: Clients, canary: Canary | None) -> Course:
    walk, state = subject.walk, subject.state
    rotation = None if asked.back else subject.rotation
    batches = (Batch(1, walk.lines),) if asked.now else tuple(walk.batches(state, rotation))
    addresses = tuple(address for batch in batches for address in batch.addresses)
    reached = subject.rotation.reached if subject.rotation and not asked.now else {}
    return Course(
        plan_of(subject, backend, clients, addresses).planned,
        len(walk.lines),
        batches,
        tuple(tuple(canaries(batch)) for batch in batches) if canary else (),
        subject.rotation,
        sum(walk.holds(state, address) for address in walk.lines if address not in reached),
    )

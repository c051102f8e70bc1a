"""`plan --offline`: the manifest against the state; no token, no values, no request."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from flowforge.errors import UsageError
from flowforge.manifest.model import Manifest
from flowforge.plan.address import Address
from flowforge.plan.facts import Wanted
from flowforge.plan.offline import plan_as_recorded
from flowforge.plan.safety import brakes
from flowforge.run.planning import desire, today
from flowforge.run.pricing import estate
from flowforge.run.request import Planned, Request
from flowforge.run.task import Task
from flowforge.steps.backend.state_backend import offline_backend
from flowforge.steps.values.resolver import Resolver
from flowforge.steps.values.state_key import key_at_hand
from flowforge.steps.warnings.credential_warnings import ageing, expiries, first_seen
from flowforge.steps.warnings.ownership import unproven
from flowforge.steps.warnings.personal import known_users, possible_users, readers_of, shared_personal


def plan_offline(request: Request) -> Planned:
    """Return where the state already contradicts the manifest. Opens no source and sends no request."""
    # A value would have to be read from its source, and drift is what GitHub shows: an offline plan has neither.
    task = Task.of(replace(request, skip_values=True, accept_drift=False)).with_unknown_repos()
    if task.stranger is not None and not task.manifest.state.file.exists():
        raise UsageError(task.stranger)
    key, awaited = key_at_hand(task.manifest.state.key, request.environ)
    # A fork's pull request has no state key. Its plan says what it could not check, and goes on.
    unchecked: list[str] = []
    backend = offline_backend(task.manifest, key, unchecked.append, awaited=awaited)
    state = backend.read()
    remembered, select = state.remembered, task.chooser(state)
    resolver = Resolver(task.context, backend.fingerprinter(state))
    wanted = desire(task, state, select, resolver)
    plan = plan_as_recorded(
        wanted,
        remembered,
        unresolved=task.unresolved,
        prune=request.prune,
        rotations=state.rotations,
        select=select,
    )
    plan = replace(plan, expiries=expiries(task.manifest.credentials.values(), today()))
    warnings = (
        *task.filter.unmatched(task.repos(state)),
        *task.manifest.warnings,
        *task.warnings,
        *(
            f"{where}: the signature of the state was not checked, because its key is not available"
            for where in unchecked
        ),
        *unproven(plan, keyed=key is not None or bool(unchecked)),
        *_shared(task.manifest, wanted),
        *ageing(task.manifest.credentials.values(), first_seen(wanted, remembered), today()),
    )
    held = brakes(plan, estate(task, backend, state), request.allowed)
    return Planned(plan, held, warnings, requests=0, to_come=0, eta=0.0, offline=True, host=task.host)


def _shared(manifest: Manifest, wanted: Mapping[Address, Wanted]) -> Iterable[str]:
    # Nobody is asked what an owner is, and a warning must not rest on a guess: the manifest's own words must say so.
    readers = readers_of(wanted, manifest.credentials)
    return shared_personal(readers, possible_users(readers, known_users(manifest)))

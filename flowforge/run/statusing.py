"""What `flowforge status` does: a plan without values, and what the runs of the workflows say of each secret."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from flowforge.credentials.types import TYPES
from flowforge.github.clients import Clients
from flowforge.github.permission_table import TO_STATUS
from flowforge.github.permissions import joined
from flowforge.github.problems import RepoError, TokenError
from flowforge.life.judge import SecretPlace
from flowforge.life.model import Life, LifeVerdict
from flowforge.life.status import (
    DeclaredCredential,
    SecretState,
    StatusReport,
    credential_status,
    differing,
    is_secret,
    present_values,
    secrets_of,
    unknown_owner,
)
from flowforge.manifest.model import Credential
from flowforge.plan.address import Address, Store
from flowforge.plan.change import Change
from flowforge.run.planning import prepare
from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.steps.life import lives

# The stores whose secrets workflows read.
_READ_BY_RUNS = frozenset({Store.ACTIONS, Store.DEPENDABOT})


def status(request: Request, *, owner_of: str = "") -> StatusReport:
    """Return what is known of each credential and each secret. Opens no source, and writes nothing.

    owner_of: of the credentials of this owner alone; empty for all. Raises UsageError FF037 where it owns none.
    """
    task = Task.of(replace(request, skip_values=True))
    declared = _declared(task.manifest.credentials, owner_of)
    with task.signed_in() as clients, task.backend(clients) as backend:
        state = backend.read()
        clients.need(joined(task.to_read(state), TO_STATUS))
        task = task.with_selected_repos(clients)
        prepared = prepare(task, backend, state, clients, fresh=False, records_only=True)
        plan = prepared.planned.plan
        lines = [each for each in plan.changes if is_secret(each) and (not owner_of or _credential(each) in declared)]
        verdicts = _verdicts(clients, lines, request)
        today = _today(clients)
    current = {
        name: record
        for name, record in present_values(lines).items()
        if not (name in declared and declared[name].per_repo)
    }
    secrets = secrets_of(lines, verdicts, current)
    credentials = tuple(
        credential_status(
            declared[name], [each for each in secrets if each.credential == name], current.get(name), today
        )
        for name in sorted(declared)
    )
    seen = not plan.unresolved and not any(each.state is SecretState.UNREADABLE for each in secrets)
    others = differing(each for each in plan.changes if not owner_of or _credential(each) in declared)
    return StatusReport(credentials, secrets, seen, today, task.host, prepared.planned.warnings, others)


def _declared(credentials: Mapping[str, Credential], owner_of: str) -> dict[str, DeclaredCredential]:
    found = {
        name: _of_manifest(each)
        for name, each in credentials.items()
        # A workload identity has no value that could die of age.
        if not each.variables and (not owner_of or each.owner == owner_of)
    }
    if owner_of and not found:
        raise unknown_owner(owner_of, (each.owner for each in credentials.values()))
    return found


def _of_manifest(credential: Credential) -> DeclaredCredential:
    kind = TYPES.get(credential.type)
    spec = credential.source
    named = spec.options.get(spec.name, "")
    text = named if isinstance(named, str) else shlex.join(named)
    return DeclaredCredential(
        credential.name,
        credential.type,
        f"{spec.name} {text}".strip(),
        credential.owner,
        credential.expires,
        credential.issued,
        kind.lifetime if kind else None,
        bool(credential.per_repo),
    )


def _credential(change: Change) -> str:
    if change.wanted is not None:
        return change.wanted.credential
    return change.record.credential if change.record else ""


def _verdicts(clients: Clients, lines: Sequence[Change], request: Request) -> dict[Address, LifeVerdict]:
    places: dict[Address, SecretPlace] = {}
    verdicts: dict[Address, LifeVerdict] = {}
    for line in lines:
        scope = line.address.scope
        if not line.seen_at:
            verdicts[line.address] = LifeVerdict(Life.UNKNOWN, "it is not there" if not line.why else "it was not seen")
        elif scope.repo.is_organization:
            verdicts[line.address] = LifeVerdict(Life.UNKNOWN, "the runs of an organization's repos are not looked at")
        elif scope.store not in _READ_BY_RUNS:
            verdicts[line.address] = LifeVerdict(Life.UNKNOWN, f"no workflow reads the store {scope.store}")
        else:
            places[line.address] = SecretPlace(
                line.address.secret, str(scope.store), scope.environment_key, line.seen_at
            )
    found = lives(clients, places, jobs=request.jobs, stop=request.stop, progress=request.progress)
    return verdicts | dict(found)


def _today(clients: Clients) -> date:
    """Return GitHub's day; this machine's where GitHub does not tell it."""
    for client in clients.all:
        try:
            # It is not counted against any limit: docs.github.com, "REST API endpoints for rate limits".
            answer = client.get("/rate_limit")
        except (RepoError, TokenError):
            continue
        if answer.time is not None:
            return answer.time.astimezone(UTC).date()
    return datetime.now(UTC).date()

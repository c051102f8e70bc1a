"""The flow of `adopt`, to be read from top to bottom."""

from collections.abc import Callable
from dataclasses import replace

from flowforge.plan.adoption import Adopted, Adoption, adoption_of
from flowforge.run.origin import origin_of
from flowforge.run.planning import prepare
from flowforge.run.request import Planned, Request
from flowforge.run.task import Task
from flowforge.steps import adopt as adopting
from flowforge.steps.apply.finish import fold, written_from
from flowforge.steps.apply.preconditions import require_values
from flowforge.steps.refresh.admission import admit


def adopt(
    request: Request, show: Callable[[Planned, Adoption], None], approve: Callable[[Adoption], bool]
) -> Adopted | None:
    """Record the wanted secrets that GitHub has and the state does not know, as assumed to hold today's value.

    Writes nothing to GitHub. Return None where `approve` refused. Raises SourceError when a value is missing; nothing
    was recorded then.
    """
    task = Task.of(request)
    with task.signed_in() as clients, task.backend(clients) as backend, backend.open(request.lock_timeout) as session:
        clients.need(task.to_read(session.state))
        task = task.with_selected_repos(clients)
        prepared = prepare(task, backend, session.state, clients, fresh=False, records_only=True)
        adoption = adoption_of(prepared.planned.plan)
        show(prepared.planned, adoption)
        require_values(prepared.planned.plan)
        if not adoption.taken:
            return Adopted(adoption)
        ids = adopting.identities(clients, adoption, prepared.repos, jobs=request.jobs, stop=request.stop)
        if not approve(adoption):
            return None
        session.begin([each.change.address for each in adoption.taken])
        session.adopt_manifests(written_from(session.state, backend.names, request.allowed))
        admit(task.places, session, (), task.holders)
        origin = origin_of(request.environ, task.manifest.folder)
        done = adopting.record(adoption.taken, session, ids, origin, request.stop)
        problems, warnings = fold(session)
        # Nothing was written to GitHub, so what the state did not take was not adopted at all.
        return Adopted(replace(adoption, taken=() if problems else done), request.stop.is_set(), problems, warnings)

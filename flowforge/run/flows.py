"""The flows that only look, to be read from top to bottom. How a plan is made: `planning.py`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from flowforge.on_demand import load
from flowforge.plan.repo_list import OwnerList, RepoList
from flowforge.run.planning import PreparedPlan, prepare
from flowforge.run.request import Planned, Request
from flowforge.run.states_left import owners_left
from flowforge.run.task import Task
from flowforge.run.verifying import check_of_plan
from flowforge.state.model import State
from flowforge.steps.backend.state_backend import StateBackend
from flowforge.steps.refresh.admission import chosen_by

if TYPE_CHECKING:
    from flowforge.run.plan_file.saved import SavedPlan


def plan(request: Request) -> Planned:
    """Return what apply would do. Writes nothing, neither to GitHub nor to the state."""
    return plan_to_save(request)[0]


def plan_to_save(request: Request) -> tuple[Planned, Callable[[], "SavedPlan"]]:
    """Return the plan, and a function that makes the saved plan, which `apply` carries out."""
    task = Task.of(request)
    with task.signed_in() as clients, task.backend(clients) as backend:
        state = backend.read()
        clients.need(task.to_read(state))
        task = task.with_selected_repos(clients)
        prepared = prepare(task, backend, state, clients, fresh=False, check=check_of_plan(task, clients))
        # Made on demand: few plans are saved, and a basis reads every file of patterns again.
        return prepared.planned, lambda: _saved(task, backend, state, prepared, str(clients.api))


def _saved(task: Task, backend: StateBackend, state: State, prepared: PreparedPlan, api: str) -> "SavedPlan":
    basis = load("flowforge.run.plan_file.basis").basis(task, backend, state, prepared, api)
    saved: SavedPlan = load("flowforge.run.plan_file.saved").SavedPlan(basis)
    return saved


def list_repos(request: Request) -> RepoList:
    """Return which repos the manifest is about, and by which line. Asks GitHub only where there are selectors."""
    task = Task.of(request)
    with task.backend() as backend:
        state = backend.read()
    # A manifest that names all its repos needs no token for this.
    if task.selectors:
        with task.signed_in() as clients:
            clients.need(task.to_read(state))
            task = task.with_selected_repos(clients)
    select = task.chooser(state)
    admitted = task.admitted(state)
    choices = {choice for place in task.places if select(place.address) for choice in chosen_by(place, admitted)}
    return RepoList(tuple(sorted(choices)), task.unresolved, (*task.manifest.warnings, *task.warnings), task.host)


def list_owners(request: Request) -> OwnerList:
    """Return the owners that the manifest is about, each with its repos, and those of whom only a state is left.

    Asks GitHub only where there are selectors.
    """
    task = Task.of_all_owners(request)
    if task.selectors:
        with task.signed_in() as clients:
            clients.need(task.to_read(State.fresh()))
            task = task.with_selected_repos(clients)
    repos: dict[str, set[str]] = {}
    for place in task.places:
        repo = place.address.scope.repo
        repos.setdefault(repo.owner.lower(), set()).update(() if repo.is_organization else (repo.key,))
    warnings = dict.fromkeys((*task.manifest.warnings, *task.warnings))
    for owner, warning in owners_left(task.manifest.state, repos):
        # What it has left nobody deletes unless it gets a job as well.
        repos |= {owner: set()} if owner else {}
        warnings |= {warning: None} if warning else {}
    owners = tuple((owner, len(repos[owner])) for owner in sorted(repos))
    return OwnerList(owners, task.unresolved, tuple(warnings))

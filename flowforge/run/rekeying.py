"""`flowforge state rekey`: from one state key to another, from none to the first, or from the last to none."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from flowforge.errors import Problem, SourceError, StateError, UsageError
from flowforge.github.http import Client
from flowforge.manifest.state_key_check import OLD_VARIABLE, VARIABLE
from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.state.signature import OtherKeyError
from flowforge.steps.rekey import Rekeyed, rekeyed
from flowforge.steps.values.state_key import key_in
from flowforge.vault import StateKey


@dataclass(frozen=True, slots=True)
class KeyChange:
    """Both keys, None for no key."""

    old: StateKey | None
    new: StateKey | None


def rekey(request: Request, old_variable: str, confirm: Callable[[Rekeyed], None]) -> Rekeyed | str:
    """Return what became of each fingerprint, or why there is nothing to do.

    old_variable: where the old key is; empty for the usual one, which may be unset: the state had no key then. Raises
    StateError FF475 where values cannot be had and `keep_going` is not set, FF477 where the state is under neither key;
    UsageError FF476 where no key is given. Nothing was written then, nor where `confirm` raises.
    """
    old = _old_key(request, old_variable)
    # Nobody else needs it: no source reads it, and no program that one runs.
    environ = {name: text for name, text in request.environ.items() if name != (old_variable or OLD_VARIABLE)}
    task = Task.of(replace(request, environ=environ))
    new = task.key()
    if old is None and new is None:
        where = f"set {VARIABLE} to the new key, or name where it comes from under state.key"
        fix = f"{where}; the old one goes to {OLD_VARIABLE}"
        raise UsageError(Problem("FF476", "no state key is given, neither an old one nor a new one", fix=fix))
    with ExitStack() as held:
        client = held.enter_context(task.signed_in()) if task.selectors else None
        return _rekey(task, client, KeyChange(old, new), confirm)


def _old_key(request: Request, variable: str) -> StateKey | None:
    if variable and variable not in request.environ:
        # NOTE: what is said there is not shown: who mistakes it for the place of the key says the key itself.
        why, fix = "--old-key-env names a variable that is unset", "name the one that has the key it was written with"
        raise SourceError(Problem("FF478", "the old state key is not available", why=why, fix=fix))
    if request.environ.get(variable or OLD_VARIABLE) == "":
        # NOTE: a workflow sets an empty text for a secret that does not exist; to take that for no key is for a person.
        fix = "give the key that the state was written with; unset the variable where the state never had one"
        raise SourceError(Problem("FF478", "the old state key is not available", why="it is set but empty", fix=fix))
    return key_in(variable or OLD_VARIABLE, request.environ)


def _rekey(task: Task, client: Client | None, keys: KeyChange, confirm: Callable[[Rekeyed], None]) -> Rekeyed | str:
    request, already = task.request, f"the state {'is under the new key' if keys.new else 'has no key'} already"
    with task.backend_under(keys.old, client) as backend, task.backend_under(keys.new, client) as there:
        try:
            session = backend.open(request.lock_timeout)
        except OtherKeyError as error:
            try:
                there.read()
            except OtherKeyError:
                raise _neither(error) from error
            return already
        with session:
            state = session.state
            if session.begins:
                return f"there is no state in {backend.where} yet"
            if backend.key_id(state) == there.key_id(state):
                return already
            task = task.with_selected_repos(client) if client else task
            found = rekeyed(state, task.places, task.unresolved, task.context, (keys.old, keys.new))
            if not request.keep_going:
                found.require_values()
            confirm(found)
            session.put(found.state, there.signing)
            return found


def _neither(error: OtherKeyError) -> StateError:
    first = error.problems[0]
    fix = f"give the key that it was written with in {OLD_VARIABLE}, or name its variable with --old-key-env"
    return StateError(Problem("FF477", "the state is under neither the old key nor the new one", first.where, fix=fix))

"""`flowforge state rekey`: from one state key to another, from none to the first, or from the last to none."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from flowforge.data_class import dataclass
from flowforge.errors import Problem, SourceError, StateError, UsageError
from flowforge.github.clients import Clients
from flowforge.manifest.state_key_check import OLD_VARIABLE, VARIABLE
from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.state.signature import OtherKeyError
from flowforge.steps.rekey import Rekeyed, rekeyed
from flowforge.steps.values.state_key import key_in
from flowforge.vault import StateKey


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The keys of a state before and after."""

    old: StateKey | None
    """The key that the state was written with; None where it had none."""
    new: StateKey | None
    """The key that it gets; None where it gets none."""


def rekey(request: Request, old_variable: str, confirm: Callable[[Rekeyed], None]) -> Rekeyed | str:
    """Change the key of a state. Return what became of each fingerprint, or why there is nothing to do.

    old_variable: the environment variable that has the old key. Empty means the usual one, which may be unset: then the
    state had no key.
    Raises StateError FF475 where values are not available and `keep_going` is not set, FF477 where the state has
    neither key; UsageError FF476 where no key is given. Nothing was written then, nor where `confirm` raises.
    """
    old = _old_key(request, old_variable)
    # From here on the old key is hidden: no source needs it, and no program that a source runs should see it.
    environ = {name: text for name, text in request.environ.items() if name != (old_variable or OLD_VARIABLE)}
    task = Task.of_state(replace(request, environ=environ))
    new = task.key()
    if old is None and new is None:
        where = f"set {VARIABLE} to the new key, or name its source under state.key"
        fix = f"{where}; set {OLD_VARIABLE} to the old one"
        raise UsageError(Problem("FF476", "no state key is given, neither an old one nor a new one", fix=fix))
    with ExitStack() as held:
        # Only selectors need GitHub here. A state in a file is rekeyed without a token.
        clients = held.enter_context(task.signed_in()) if task.selectors else None
        return _rekey(task, clients, KeyChange(old, new), confirm)


def _old_key(request: Request, variable: str) -> StateKey | None:
    if variable and variable not in request.environ:
        # NOTE: the argument is never shown. Somebody may take it for the key itself and not for a variable's name.
        why, fix = "--old-key-env names a variable that is unset", "name the variable that has the old key"
        raise SourceError(Problem("FF478", "the old state key is not available", why=why, fix=fix))
    if request.environ.get(variable or OLD_VARIABLE) == "":
        # NOTE: GitHub's runner sets a variable to an empty text where the secret behind it does not exist. Whether that
        # means a state without a key, only a person can say.
        fix = "set it to the key that the state was written with; unset it if the state never had one"
        raise SourceError(Problem("FF478", "the old state key is not available", why="it is set but empty", fix=fix))
    return key_in(variable or OLD_VARIABLE, request.environ)


def _rekey(task: Task, clients: Clients | None, keys: KeyChange, confirm: Callable[[Rekeyed], None]) -> Rekeyed | str:
    request, already = task.request, f"the state already {'has the new key' if keys.new else 'has no key'}"
    # One state, opened with either key: which of them it has decides what is left to do.
    with task.backend_under(keys.old, clients) as backend, task.backend_under(keys.new, clients) as there:
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
            if clients is not None:
                clients.need(task.to_read(state))
                task = task.with_selected_repos(clients)
            found = rekeyed(state, task.places, task.unresolved, task.context, (keys.old, keys.new))
            if not request.keep_going:
                found.require_values()
            confirm(found)
            session.put(found.state, there.signing)
            return found


def _neither(error: OtherKeyError) -> StateError:
    first = error.problems[0]
    fix = f"set {OLD_VARIABLE} to the key that it was written with, or name another variable with --old-key-env"
    return StateError(Problem("FF477", "the state has neither the old key nor the new one", first.where, fix=fix))

"""What apply does with the state as a whole: its set of manifests, and its journal at the end."""

from flowforge.errors import Problem, StateError, UnfoldedError
from flowforge.plan.safety import Allowed
from flowforge.state.model import State
from flowforge.state.session import StateSession


def written_from(state: State, names: tuple[str, ...], allowed: Allowed) -> tuple[str, ...]:
    """Return the manifests that the state is written from. The set only grows, but for --allow-manifest-change."""
    # If it were the set of the last run, an apply of one manifest would let the next --prune delete what another named.
    before = () if allowed.manifest_change else state.manifests
    return tuple(sorted({*before, *names}))


def fold(session: StateSession) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Fold the journal into the state file. Return the problems and the warnings of that, for the report."""
    # An error that is raised from here would hide the results of the writes.
    try:
        session.close()
    except UnfoldedError as error:
        return (), tuple(
            f"{each.where}: {each.what}: {each.why}; nothing is lost: {each.fix}" for each in error.problems
        )
    except StateError as error:
        return error.problems, ()
    return (), ()

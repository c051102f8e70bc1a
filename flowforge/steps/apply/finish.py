"""What an apply does with the state as a whole: which manifests it is of, and the journal folded at the end."""

from flowforge.errors import Problem, StateError, UnfoldedError
from flowforge.plan.safety import Allowed
from flowforge.state.model import State
from flowforge.state.session import StateSession


def written_from(state: State, names: tuple[str, ...], allowed: Allowed) -> tuple[str, ...]:
    """Return the manifests that the state is written from: a set that only grows, unless a change of it is admitted.

    Were it the last run's alone, an apply of one manifest would let the next --prune delete what another one named.
    """
    before = () if allowed.manifest_change else state.manifests
    return tuple(sorted({*before, *names}))


def fold(session: StateSession) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """Put the journal into the state file; returns what went wrong and what to warn of, which hide no result."""
    try:
        session.close()
    except UnfoldedError as error:
        return (), tuple(
            f"{each.where}: {each.what}: {each.why}; nothing is lost: {each.fix}" for each in error.problems
        )
    except StateError as error:
        return error.problems, ()
    return (), ()

"""The state's key: where it comes from, and whether it is good enough to be one."""

from collections.abc import Mapping
from typing import Final

from flowforge.credentials.text_checks import unfit
from flowforge.errors import Problem, SourceError
from flowforge.manifest.model import SourceSpec
from flowforge.manifest.state_key_check import VARIABLE
from flowforge.sources.base import Context
from flowforge.steps.values.single import read_named
from flowforge.vault import SecretValue, StateKey

# 32 characters of hex, the poorest alphabet in use, are 128 bits; hardly one such key in 10**8 has 7 different ones.
_LENGTH: Final = 32
_DIFFERENT: Final = 8


def read_key(source: SourceSpec | None, context: Context) -> StateKey | None:
    """Return the key: from the manifest's `state.key`, else from FLOWFORGE_STATE_KEY; None where there is neither.

    Raises SourceError where it cannot be had, and FF474 for one that is too weak.
    """
    if source is None:
        return key_in(VARIABLE, context.environ)
    return judged(read_named("the state key", source, context), str(source.where))


def key_in(variable: str, environ: Mapping[str, str]) -> StateKey | None:
    """Return the key in a variable, None where it is unset. Raises SourceError FF474."""
    return judged(SecretValue(environ[variable]), variable) if variable in environ else None


def key_at_hand(source: SourceSpec | None, environ: Mapping[str, str]) -> tuple[StateKey | None, bool]:
    """Return the key where the environment has it, without opening a source, and whether the state is to have one.

    A workflow sets an empty text for a secret that its run may not see. Raises SourceError FF474.
    """
    if source is not None and not source.variables:
        return None, True
    variable = VARIABLE if source is None else next(iter(source.variables))
    return key_in(variable, environ) if environ.get(variable) else None, source is not None or variable in environ


def judged(value: SecretValue, where: str) -> StateKey:
    """Take a key that nobody guesses; raises SourceError FF474 for what is none, with no frame that has it."""
    why = _objection(value)
    if why:
        fix = "make one with `openssl rand -hex 32`, and keep it as a secret"
        raise SourceError(Problem("FF474", "the state key cannot be used", where, why, fix))
    return StateKey(value)


def _objection(value: SecretValue) -> str:
    """Say what is wrong with a key, and nothing of it."""
    problem = unfit(value.reveal())
    if problem is not None:
        return problem.what
    if len(value.reveal()) < _LENGTH:
        return f"it is shorter than {_LENGTH} characters"
    return f"it has fewer than {_DIFFERENT} different characters" if len({*value.reveal()}) < _DIFFERENT else ""

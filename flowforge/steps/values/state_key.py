"""The state's key: where it comes from, and whether it is strong enough."""

from collections.abc import Mapping
from typing import Final

from flowforge.credentials.text_checks import unfit
from flowforge.errors import Problem, SourceError
from flowforge.manifest.source_spec import SourceSpec
from flowforge.manifest.state_key_check import VARIABLE
from flowforge.sources.base import Context
from flowforge.steps.values.single import read_named
from flowforge.vault import SecretValue, StateKey

# 32 characters of hex, the smallest alphabet in use, have 128 bits. Of such keys, hardly one in 10**8 has as few as 7
# different characters.
_LENGTH: Final = 32
_DIFFERENT: Final = 8


def read_key(source: SourceSpec | None, context: Context) -> StateKey | None:
    """Return the key of the manifest's `state.key`, else of FLOWFORGE_STATE_KEY; None where there is neither.

    Raises SourceError where it is not available, FF474 where it is too weak.
    """
    if source is None:
        return key_in(VARIABLE, context.environ)
    return judged(read_named("the state key", source, context), str(source.where))


def key_in(variable: str, environ: Mapping[str, str]) -> StateKey | None:
    """Return the key in an environment variable; None where that is unset. Raises SourceError FF474."""
    return judged(SecretValue(environ[variable]), variable) if variable in environ else None


def key_at_hand(source: SourceSpec | None, environ: Mapping[str, str]) -> tuple[StateKey | None, bool]:
    """Return the key if the environment has it, and whether the state should have one. No source is opened.

    Raises SourceError FF474.
    """
    if source is not None and not source.variables:
        return None, True
    # A workflow sets the variable to an empty text where its run may not see the secret behind it. That is no key.
    variable = VARIABLE if source is None else next(iter(source.variables))
    return key_in(variable, environ) if environ.get(variable) else None, source is not None or variable in environ


def judged(value: SecretValue, where: str) -> StateKey:
    """Return the key. Raises SourceError FF474 for one that can be guessed."""
    # The check has ended when this raises, so no frame of the traceback holds the plaintext.
    why = _objection(value)
    if why:
        fix = "create one with `openssl rand -hex 32`, and keep it as a secret"
        raise SourceError(Problem("FF474", "the state key cannot be used", where, why, fix))
    return StateKey(value)


def _objection(value: SecretValue) -> str:
    """Return what is wrong with a key, without a part of it; empty where it is fine."""
    problem = unfit(value.reveal())
    if problem is not None:
        return problem.what
    if len(value.reveal()) < _LENGTH:
        return f"it is shorter than {_LENGTH} characters"
    return f"it has fewer than {_DIFFERENT} different characters" if len({*value.reveal()}) < _DIFFERENT else ""

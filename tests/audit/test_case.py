"""Whether a source of a credential is there for runs that read a store: surely, surely not, or nobody can tell."""

import pytest

from flowforge.audit.case import is_missing, state
from flowforge.audit.claude_steps import Given
from flowforge.audit.model import StoreNames
from flowforge.workflows.actions import Slot
from flowforge.workflows.sources import CALLER, SourceKind, ValueSource

IN_PROD = "environment:Prod"


def _secret(name: str = "KEY", where: str = "repo", **other: object) -> ValueSource:
    return ValueSource(SourceKind.SECRET, name, where, **other)  # type: ignore[arg-type]  # -- a table


def _names(*lists: str, **unread: str) -> StoreNames:
    """Return stores of which these have KEY; the others are empty, and some could not be had."""
    key = frozenset({"KEY"})
    environments = {"prod": key} if "prod" in lists else {}
    return StoreNames(
        **{each: key for each in lists if each != "prod"},
        environments=environments,
        unread={name.replace("prod", "environment:prod"): why for name, why in unread.items()},
    )


VARIABLE = ValueSource(SourceKind.VARIABLE, "KEY")
LITERAL, INPUT, UNKNOWN = (ValueSource(each) for each in (SourceKind.LITERAL, SourceKind.INPUT, SourceKind.UNKNOWN))


@pytest.mark.parametrize(
    ("source", "stores", "store", "missing"),
    [
        (_secret(), _names(), "actions", True),
        (_secret(), _names("actions"), "actions", False),
        (_secret(), _names("organization"), "actions", False),
        (_secret(), _names("dependabot"), "actions", True),
        (_secret(), _names("prod"), "actions", True),
        (_secret(), _names(actions="no"), "actions", None),
        (_secret(), _names(organization="no"), "actions", None),
        (_secret(), _names(dependabot="no", variables="no", prod="no"), "actions", True),
        (_secret(), _names("actions", organization="no"), "actions", False),
        (_secret(), _names("dependabot"), "dependabot", False),
        (_secret(), _names("actions", "organization"), "dependabot", True),
        (_secret(), _names(dependabot="no"), "dependabot", None),
        (_secret(), _names(actions="no", organization="no"), "dependabot", True),
        (_secret(where=IN_PROD), _names("prod"), "actions", False),
        (_secret(where=IN_PROD), _names("actions"), "actions", False),
        (_secret(where=IN_PROD), _names(), "actions", True),
        (_secret(where=IN_PROD), _names(prod="no"), "actions", None),
        (_secret(where=IN_PROD), _names("prod"), "dependabot", False),
        (_secret(where="environment:other"), _names("prod"), "actions", True),
        # An environment whose name is computed may be any; what is there without it is there.
        (_secret(where_known=False), _names(), "actions", None),
        (_secret(where_known=False), _names("actions"), "actions", False),
        # Only the caller knows what it gives.
        (_secret(where=CALLER), _names(), "actions", None),
        (_secret(mapped_past_environment="prod"), _names("actions"), "actions", None),
        (VARIABLE, _names(), "actions", True),
        (VARIABLE, _names("variables"), "actions", False),
        (VARIABLE, _names("actions"), "actions", True),
        (VARIABLE, _names(variables="no"), "actions", None),
        (VARIABLE, _names(actions="no"), "actions", True),
        (ValueSource(SourceKind.VARIABLE, "KEY", IN_PROD), _names(), "actions", None),
        *((each, _names(), "actions", None) for each in (LITERAL, INPUT, UNKNOWN)),
    ],
)
def test_a_source(source: ValueSource, stores: StoreNames, store: str, missing: bool | None) -> None:  # noqa: FBT001 -- a table
    """It is there where a list of the store has it, and missing where all of them were read and none has."""
    assert missing is is_missing(source, stores, store)


THERE, GONE, OPEN = _secret(), _secret("OTHER"), _secret(where=CALLER)


@pytest.mark.parametrize(
    ("sources", "stores", "expected"),
    [
        ((), _names("actions"), False),
        ((), None, False),
        ((THERE,), None, None),
        ((LITERAL,), None, True),
        ((GONE, LITERAL), _names("actions"), True),
        ((THERE,), _names("actions"), True),
        ((GONE,), _names("actions"), False),
        ((OPEN,), _names("actions"), None),
        ((GONE, THERE), _names("actions"), True),
        ((OPEN, THERE), _names("actions"), True),
        ((GONE, OPEN), _names("actions"), None),
        ((GONE, GONE), _names("actions"), False),
    ],
)
def test_a_way(sources: tuple[ValueSource, ...], stores: StoreNames | None, expected: bool | None) -> None:  # noqa: FBT001 -- a table
    """One source that is there is enough, a literal always is, and it is surely not there where all are missing."""
    given = Given(Slot.API_KEY, "anthropic_api_key", by_input=True, sources=sources, line=1, column=1, read=True)
    assert expected is state(given, stores, "actions")

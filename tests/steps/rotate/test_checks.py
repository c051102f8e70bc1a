"""What must hold before a rotation goes on: each refusal, and the case beside it that is none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowforge.credentials.types import TYPES
from flowforge.errors import FlowForgeError, Where
from flowforge.manifest.model import Credential
from flowforge.manifest.source_spec import SourceSpec
from flowforge.plan.facts import Known, NotRead, Public, Unavailable
from flowforge.plan.rotation import Rotation
from flowforge.steps.rotate import checks
from flowforge.steps.rotate.walk import Walk
from tests.steps.rotate.test_walk import AT, NEW, OLD, A, B, kept, state

WHERE = Where("flowforge.yaml", 3, 3)
SOURCE = SourceSpec("env", {"env": "ACME_KEY"}, WHERE, Path())
KEY = Credential(
    "ci-key", "anthropic_api_key", "K", SOURCE, None, None, None, allow_nonstandard=False, where=WHERE,
    kind=TYPES["anthropic_api_key"],
)  # fmt: skip
PER_REPO = replace(KEY, source=replace(SOURCE, options={"env": "KEY_{repo}"}))
WALK = Walk((A, B), NEW)
UNDER_WAY = Rotation(NEW, AT, before=(OLD,))


def refusal(ask: Callable[[], object]) -> tuple[str, str, str]:
    """Return the code, the reason and the fix of what is raised; empty where nothing is."""
    try:
        ask()
    except FlowForgeError as error:
        (problem,) = error.problems
        return problem.code, problem.why, problem.fix
    return "", "", ""


FINE = ("", "", "")
BACK = "`flowforge rotate ci-key --back` takes the rotation back"
AGAIN = "put the old value at its source again, then `flowforge rotate ci-key --back`"
NOW = "`flowforge rotate ci-key --now` writes today's value everywhere"
TAKES_OLD = "to go back takes the old one"


@pytest.mark.parametrize(
    ("credential", "name", "expected"),
    [
        (KEY, "ci-key", FINE),
        (KEY, "ci-kee", ("FF902", "", 'did you mean "ci-key"?')),
        (KEY, "other", ("FF902", "", "name a credential of the manifest")),
        (
            replace(KEY, kind=None),
            "ci-key",
            ("FF903", "it becomes variables, which are no secret", "change it in the manifest, then `flowforge apply`"),
        ),
        (
            PER_REPO,
            "ci-key",
            (
                "FF903",
                "each repo has a value of its own, which its source names by a placeholder",
                "`flowforge apply --limit OWNER/REPO` writes them, as many at a time as you like",
            ),
        ),
    ],
)
def test_a_credential_with_one_value(credential: Credential, name: str, expected: tuple[str, str, str]) -> None:
    """Only such a one can be walked; a name that nearly is one names it."""
    assert expected == refusal(lambda: checks.require_credential({"ci-key": credential}, name))
    assert KEY is checks.require_credential({"other": PER_REPO, "ci-key": KEY}, "ci-key")


UNSET = Unavailable("env ACME_KEY is unset", "FF501", "set it", "it is empty")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([Known(NEW)], FINE),
        ([Public("x"), Known(NEW)], FINE),
        ([Public("x"), UNSET, Known(NEW)], ("FF501", "it is empty", "set it")),
        ([NotRead("--skip-values", "read them")], ("FF904", "", "read them")),
        ([], ("FF903", "", "name it in a target, then `flowforge apply`")),
        ([Public("x")], ("FF903", "", "name it in a target, then `flowforge apply`")),
    ],
)
def test_a_value_that_can_be_had(
    values: list[Known | Public | NotRead | Unavailable], expected: tuple[str, str, str]
) -> None:
    """The first that is known is the value; one that is not there, or was not read, ends it before a write."""
    assert expected == refusal(lambda: checks.require_value(values, KEY))
    assert expected != FINE or NEW == checks.require_value(values, KEY)


def test_something_to_rotate() -> None:
    """One place that does not hold the value yet is enough."""
    done = state(kept(A, NEW), kept(B, NEW))
    why = "the new value is the old one; or the rotation has ended already"
    assert ("FF905", why, "put the new value at its source, then run this again") == refusal(
        lambda: checks.require_new(WALK, done, "ci-key")
    )
    assert FINE == refusal(lambda: checks.require_new(WALK, state(kept(A, NEW)), "ci-key"))


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (UNDER_WAY, FINE),
        (
            replace(UNDER_WAY, fingerprint=OLD, before=(NEW,)),
            (
                "FF906",
                "its source has the old value again",
                f"{BACK}; or put the new value at its source again, and run this again",
            ),
        ),
        (
            replace(UNDER_WAY, fingerprint=OLD),
            (
                "FF906",
                f"its source has changed since {AT}, when the rotation began",
                f"{BACK}, once the source has the old value again; {NOW}",
            ),
        ),
    ],
)
def test_a_walk_has_one_value(rotation: Rotation, expected: tuple[str, str, str]) -> None:
    """It goes on with the value that it began with; with the old one it can only go back."""
    assert expected == refusal(lambda: checks.require_same_value(WALK, rotation, "ci-key"))


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (
            None,
            (
                "FF907",
                "",
                "to write another value, put it at its source, then `flowforge rotate ci-key`",
            ),
        ),
        (UNDER_WAY, ("FF908", TAKES_OLD, AGAIN)),
        (replace(UNDER_WAY, fingerprint=OLD, before=(NEW,)), FINE),
        (replace(UNDER_WAY, fingerprint=OLD, before=()), FINE),
        (
            replace(UNDER_WAY, fingerprint=OLD, before=("hmac-sha256:x",)),
            ("FF908", TAKES_OLD, f"{AGAIN}; {NOW}"),
        ),
    ],
)
def test_the_way_back(rotation: Rotation | None, expected: tuple[str, str, str]) -> None:
    """It takes a rotation that is under way, and the value before it where that is known."""
    assert expected == refusal(lambda: checks.require_way_back(WALK, rotation, "ci-key"))
    assert expected != FINE or rotation is checks.require_way_back(WALK, rotation, "ci-key")


@pytest.mark.parametrize(
    ("found", "ours", "own"),
    [
        (None, None, True),
        (UNDER_WAY, UNDER_WAY, True),
        (UNDER_WAY, None, False),
        (None, UNDER_WAY, False),
        (replace(UNDER_WAY, proven=1), UNDER_WAY, False),
    ],
)
def test_one_run_walks_at_a_time(found: Rotation | None, ours: Rotation | None, own: bool) -> None:  # noqa: FBT001 -- a table
    """What another run has begun, taken further or ended is not this one's any more."""
    fix = "let one run go on at a time; when the other has ended, `flowforge rotate ci-key` takes it up"
    expected = FINE if own else ("FF909", "the state has it further, or ended", fix)
    assert expected == refusal(lambda: checks.require_own(found, ours, "ci-key"))

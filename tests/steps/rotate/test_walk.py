"""Where a walk is and what comes next: over made-up states, without GitHub."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from flowforge.errors import UsageError
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Record
from flowforge.plan.rotation import Rotation
from flowforge.state.model import State
from flowforge.steps.rotate.sizes import Sizes
from flowforge.steps.rotate.walk import Batch, Walk, canaries, repos_of

AT = "2026-11-23T08:00:00Z"
NEW, OLD = "hmac-sha256:new", "hmac-sha256:old"


def at(name: str, secret: str = "ANTHROPIC_API_KEY") -> Address:
    """Return the secret of a repo, or of an organization for a name without a slash."""
    return Address(Scope(Repo.parse(name) if "/" in name else Repo.organization(name)), secret)


A, B, C, D, E = FIVE = tuple(at(f"acme/{each}") for each in "abcde")
ORG = at("acme")


def kept(address: Address, fingerprint: str = OLD, credential: str = "ci-key") -> tuple[Address, Record]:
    """Return what the state has of a write."""
    return address, Record(fingerprint, AT, credential, 7, AT, AT)


def state(*records: tuple[Address, Record], pending: Iterable[Address] = ()) -> State:
    """Return a state with records and open writes."""
    return replace(State.fresh(), records=dict(records), pending=dict.fromkeys(pending))


def walk(sizes: str = "1,40%,rest", lines: tuple[Address, ...] = FIVE) -> Walk:
    """Return a walk to the new value."""
    return Walk(lines, NEW, Sizes.parse(sizes))


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ("rest", [FIVE]),
        ("1,40%,rest", [(A,), (B, C), (D, E)]),
        ("2,2,2,rest", [(A, B), (C, D), (E,)]),
        ("1%,rest", [(A,), (B, C, D, E)]),
        ("100%,rest", [FIVE]),
        ("9,rest", [FIVE]),
        ("1,rest", [(A,), (B, C, D, E)]),
    ],
)
def test_the_batches_of_a_walk(sizes: str, batches: list[tuple[Address, ...]]) -> None:
    """Percentages are of all repos, rounded up, so that no batch is empty; the last has the rest."""
    assert [Batch(number, each) for number, each in enumerate(batches, 1)] == [*walk(sizes).batches(state(), None)]


def test_all_lines_of_a_repo_go_together() -> None:
    """A batch counts repos: each goes with all of its lines, whichever store they are in."""
    bot = replace(A, scope=Scope(A.scope.repo, Store.DEPENDABOT))
    first, second = walk("1,rest", (A, bot, B)).batches(state(), None)
    assert ((A, bot), (A.scope.repo,), (B,)) == (first.addresses, first.repos, second.addresses)


def test_what_holds_the_value_is_passed_over() -> None:
    """It is written, and no write of it is open; whatever else is there, or not there, is still to go."""
    now = state(kept(A, NEW), kept(B, NEW), kept(C), pending=[B])
    assert ((B, C, D, E), Batch(1, (B,)), [True, False, False, False]) == (
        walk().to_go(now),
        walk().next(now, None),
        [walk().holds(now, each) for each in (A, B, C, D)],
    )
    everywhere = state(*(kept(each, NEW) for each in FIVE))
    assert ((), None, []) == (
        walk().to_go(everywhere),
        walk().next(everywhere, None),
        [*walk().batches(everywhere, None)],
    )


def test_a_batch_that_was_begun_comes_first() -> None:
    """Whole, also what it has written, since its canary was not asked; what left the manifest is no part of it."""
    began = Rotation(NEW, AT, proven=1, reached={A: 1, C: 2, B: 2, at("acme/gone"): 2})
    now = state(kept(A, NEW), kept(B, NEW))
    assert Batch(2, (B, C)) == walk().next(now, began)
    assert [Batch(2, (B, C)), Batch(3, (D, E))] == [*walk().batches(now, began)]


def test_what_was_tried_in_vain_holds_up_no_other() -> None:
    """A repo that this run could not write is left for the next one, and so is all that is left of it."""
    proven = Rotation(NEW, AT, proven=1, reached={A: 1})
    now = state(kept(A, NEW))
    assert Batch(2, (C, D)) == walk().next(now, proven, [B.scope.repo])
    assert walk().next(now, proven, repos_of(FIVE)) is None


def test_where_the_canary_is_asked() -> None:
    """In the first three repos of a batch, by name; an organization runs no workflow."""
    batch = Batch(1, (ORG, *FIVE))
    assert ([each.scope.repo for each in FIVE[:3]], (ORG.scope.repo, *repos_of(FIVE))) == (canaries(batch), batch.repos)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("rest", ()),
        ("1, 10% ,rest", ((1, False), (10, True))),
        ("100%,rest", ((100, True),)),
        ("101,rest", ((101, False),)),
        ("999999,rest", ((999_999, False),)),
    ],
)
def test_sizes(text: str, parts: tuple[tuple[int, bool], ...]) -> None:
    """Numbers of repos and percentages, then the rest."""
    found = Sizes.parse(text)
    assert (parts, not parts) == (found.parts, found.is_one)


@pytest.mark.parametrize(
    "text", ["", "1", "rest,1", "1,rest,rest", "0,rest", "01,rest", "1000000,rest", "-1,rest", "101%,rest", "1%%,rest"]
)
def test_what_is_no_list_of_batches(text: str) -> None:
    """It is refused before anything is read."""
    with pytest.raises(UsageError) as caught:
        Sizes.parse(text)
    assert "FF901" == caught.value.problems[0].code

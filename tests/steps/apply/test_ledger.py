"""What is known of the lines that are written, at any moment, and who is still at work."""

import threading

import pytest

from flowforge.errors import Problem
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.report import Outcome, Result
from flowforge.steps.apply.ledger import Ledger, is_unanswered

ONE, TWO, THREE = (Address(Scope(Repo.parse(f"acme/{name}")), "KEY") for name in ("one", "two", "three"))


def unanswered(address: Address) -> Result:
    """Return what is said of a line that was begun, and of which nothing was told."""
    fix = "run `flowforge plan` again; it will write this secret once more"
    problem = Problem("FF342", "sent, but the run ended before GitHub answered", str(address), fix=fix)
    return Result(address, Outcome.UNRECORDED, problem)


def test_what_was_begun_and_not_told_may_have_been_sent() -> None:
    """Each line that was begun has a result; the first word about it counts, also where it was not begun."""
    ledger = Ledger()
    assert ([], False) == (ledger.results(), ledger.has_begun(ONE))
    ledger.begin(ONE)
    ledger.begin(TWO)
    done, held = Result(TWO, Outcome.CREATED), Result(THREE, Outcome.NOT_DONE)
    for each in (done, held, Result(TWO, Outcome.FAILED)):
        ledger.report(each)
    assert [done, held, unanswered(ONE)] == ledger.results()
    assert [True, True, False] == [ledger.has_begun(each) for each in (ONE, TWO, THREE)]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (unanswered(ONE), True),
        (Result(ONE, Outcome.UNRECORDED, Problem("FF340", "lags")), False),
        (Result(ONE, Outcome.UNRECORDED), False),
        (Result(ONE, Outcome.CREATED), False),
    ],
)
def test_what_nobody_answered(*, result: Result, expected: bool) -> None:
    """It is told from every other result by its code."""
    assert expected is is_unanswered(result)


@pytest.mark.parametrize("outcome", Outcome)
def test_who_lacks_something(outcome: Outcome) -> None:
    """What is not known to have been done is lacking; what nobody has told of yet is not."""
    ledger = Ledger()
    ledger.begin(TWO)
    ledger.report(Result(ONE, outcome))
    lacks = outcome not in {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED}
    assert ([lacks, False, lacks, False], {ONE.scope.repo} if lacks else set()) == (
        [ledger.has_undone(each) for each in ([ONE], [TWO], [TWO, ONE], [])],
        ledger.undone_repos(),
    )


def test_nobody_at_work_is_not_waited_for() -> None:
    """Whoever waits goes on at once, before anybody began and after the last one ended, whatever it raised."""
    ledger = Ledger()
    ledger.wait(600)
    with pytest.raises(LookupError), ledger.working(), ledger.working():
        raise LookupError
    ledger.wait(600)


def test_who_is_at_work_is_waited_for() -> None:
    """Until the last of them has ended, or the time is over."""
    ledger, go, begun, order = Ledger(), threading.Event(), threading.Barrier(3), list[str]()

    def work(name: str) -> None:
        with ledger.working():
            begun.wait(10)
            go.wait(10)
            order.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    begun.wait(10)
    ledger.wait(0)
    assert [] == order
    go.set()
    ledger.wait(600)
    assert {"first", "second"} == set(order)

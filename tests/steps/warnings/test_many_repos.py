"""What one secret of an organization takes instead of those of its repos: whose it is, and what would be written."""

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Known, Presence, Wanted
from flowforge.steps.warnings.many_repos import MANY, ManyRepos, many_repos


def line(owner: str, number: int, name: str = "KEY") -> Change:
    """Return a line that writes the key to a repo, by a target of its own."""
    address = Address(Scope(Repo.parse(f"{owner}/repo-{number:03}")), name)
    here = Where("flowforge.yaml", number + 1, 1)
    wanted = Wanted(address, Presence.PRESENT, f"T{number}", here, "ci-key", value=Known("fp"))
    return Change(address, Action.UPDATE, Reason.MISSING, wanted=wanted)


def test_it_is_of_the_owner_as_the_first_line_writes_it() -> None:
    """In whatever case the others write the owner: GitHub tells none of these apart."""
    lines = [line("Acme", 0), *(line("ACME", number) for number in range(1, MANY))]
    assert ["Acme"] == [each.owner.name for each in many_repos(Plan(tuple(lines)))]


def test_what_is_written_instead_is_a_line_for_each_name_and_store() -> None:
    """Each is created, and is otherwise the first of those that it stands for."""
    lines = line("acme", 1), line("acme", 2), line("acme", 1, "OTHER")
    scope = Scope(Repo.organization("acme"), Store.ACTIONS)
    expected = tuple(
        Change(Address(scope, name), Action.CREATE, Reason.MISSING, wanted=lines[0].wanted) for name in ("KEY", "OTHER")
    )
    assert {scope: expected} == ManyRepos(scope.repo, "ci-key", lines).instead

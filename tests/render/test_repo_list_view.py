"""Who is chosen, for people: nobody at all, some, and some that cannot be known."""

from flowforge.errors import Where
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable, Unresolved
from flowforge.plan.repo_list import ChosenRepo, RepoList
from flowforge.render.repo_list_view import roll_document, roll_lines

WHERE = Where("f", 3, 5)


def test_nobody() -> None:
    """A manifest that is about nobody says so, without a table."""
    assert ["0 repos."] == list(roll_lines(RepoList(())))


def test_some_and_some_that_are_not_known() -> None:
    """Columns are as wide as what stands in them; what is not known has its reason, and what to do."""
    roll = RepoList(
        (
            ChosenRepo(Repo.parse("acme/api"), "target A", WHERE),
            ChosenRepo(Repo.parse("acme/web-site"), "target B", WHERE, ("group g", "group h"), "group g"),
        ),
        (
            Unresolved("target C", WHERE, Unreadable(Why.CUT_SHORT, "the list was cut short", "try again")),
            Unresolved("target D", WHERE, Unreadable(Why.SSO)),
        ),
        ("a warning",),
    )
    assert [
        "acme/api       target A  f:3:5  named",
        "acme/web-site  target B  f:3:5  found by the selector of group g and group h; new to group g",
        "! target C (f:3:5)  its repositories are not known: the list was cut short",
        "    fix: try again",
        "! target D (f:3:5)  its repositories are not known: the organization's single sign-on is required",
        "    fix: authorize the token for the organization",
        "",
        "2 repos, and more that are not known.",
    ] == list(roll_lines(roll))
    document = roll_document(roll)
    assert (False, ["a warning"], ["cut_short", "sso"], [[], ["group g", "group h"]]) == (
        document["complete"],
        document["warnings"],
        [each["why"] for each in document["unresolved"]],
        [each["selected_by"] for each in document["repos"]],
    )

"""Who sees an organization's secret: what an audience is, what differs between two, and how that is said."""

import pytest

from flowforge.plan.address import Repo
from flowforge.plan.audience import Access, Audience, Viewer, Visibility

A, B, C = (Viewer(Repo.parse(f"acme/{name}"), number) for number, name in enumerate("abc", start=1))
NEW = Viewer(B.repo, B.id, "group services")
ALL, PRIVATE = Audience(Visibility.ALL), Audience(Visibility.PRIVATE)


def selected(*viewers: Viewer, hidden: tuple[int, ...] = ()) -> Audience:
    """Return an audience of these, and of others that are not shown."""
    return Audience(Visibility.SELECTED, viewers, frozenset(hidden))


def test_a_list_is_sorted_and_whole() -> None:
    """By name, whatever the order; its ids are those of all who see it, each once, sorted."""
    assert selected(A, B, C) == Audience.selected([C, A, B])
    assert (1, 2, 9) == selected(B, A, hidden=(9, 2)).ids
    assert [True, False, False] == [each.is_selected for each in (selected(), ALL, PRIVATE)]
    assert ((), frozenset()) == (ALL.viewers, ALL.hidden)


def test_who_is_new_is_the_same_viewer() -> None:
    """A repo is the same one whether a group has admitted it or not; where its id is not known that is 0."""
    assert (B, 0, "") == (NEW, Viewer(B.repo).id, Viewer(B.repo).new_to)
    assert Viewer(B.repo, 3) != B


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        (ALL, "all repositories"),
        (PRIVATE, "private repositories"),
        (selected(), "0 selected repositories"),
        (selected(A), "1 selected repository"),
        (selected(hidden=(9,)), "1 selected repository"),
        (selected(A, hidden=(8, 9)), "3 selected repositories"),
    ],
)
def test_an_audience_in_words(audience: Audience, expected: str) -> None:
    """Those that are not shown are counted."""
    assert expected == audience.text


@pytest.mark.parametrize(
    ("before", "after", "added", "removed", "unseen"),
    [
        (None, selected(A, B), (A, B), (), 0),
        (selected(A), selected(A, B), (B,), (), 0),
        (selected(A, B), selected(B, C), (C,), (A,), 0),
        (selected(A, hidden=(8, 9)), selected(A, hidden=(9,)), (), (), 1),
        (ALL, selected(A), (A,), (), 0),
        (selected(A), ALL, (), (A,), 0),
    ],
)
def test_who_comes_and_who_goes(
    *,
    before: Audience | None,
    after: Audience,
    added: tuple[Viewer, ...],
    removed: tuple[Viewer, ...],
    unseen: int,
) -> None:
    """By GitHub's ids; of those that are not shown, only how many."""
    access = Access(before, after)
    assert (tuple(each.repo for each in added), tuple(each.repo for each in removed), unseen) == (
        access.added,
        access.removed,
        access.removed_unseen,
    )
    assert (before is None or bool(added or removed or unseen) or before.visibility != after.visibility) is (
        access.differs
    )


def test_nothing_goes_along_by_itself() -> None:
    """Unless it is said, who sees a secret goes along with its value, and nothing is recorded of it."""
    access = Access(ALL, PRIVATE)
    assert (False, False, None) == (access.by_list, access.rewrites, access.recorded)


@pytest.mark.parametrize(
    ("before", "recorded", "after", "newcomers", "widens"),
    [
        (None, None, selected(A), (A,), False),
        (None, selected(A), selected(A), (), False),
        (None, selected(A), selected(A, B), (B,), True),
        (None, ALL, selected(A), (A,), False),
        (None, PRIVATE, ALL, (), True),
        (selected(A), selected(A, B), selected(A, B), (B,), True),
        (selected(A, B), selected(A), selected(A, B), (), False),
    ],
)
def test_who_sees_it_that_did_not(
    *, before: Audience | None, recorded: Audience | None, after: Audience, newcomers: tuple[Viewer, ...], widens: bool
) -> None:
    """Beside who sees it now; of a secret that was deleted outside, beside who saw what FlowForge wrote."""
    access = Access(before, after, recorded=recorded)
    assert (tuple(each.repo for each in newcomers), widens) == (access.newcomers, access.widens)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, selected(A, NEW), (NEW,)),
        (selected(A), selected(A, NEW), (NEW,)),
        (selected(A, B), selected(A, NEW), ()),
        (selected(hidden=(2,)), selected(A, NEW), ()),
        (PRIVATE, selected(NEW), (NEW,)),
        (ALL, selected(NEW), ()),
        (selected(), selected(A, C), ()),
    ],
)
def test_who_is_not_admitted(before: Audience | None, after: Audience, expected: tuple[Viewer, ...]) -> None:
    """A repo that is new to its group, unless it sees the secret already."""
    assert expected == Access(before, after).unadmitted


MORE = "; more can see it"


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (Access(ALL, ALL), "visible to all repositories"),
        (Access(selected(A), selected(A)), "visible to 1 selected repository"),
        (Access(None, PRIVATE), "to be visible to private repositories"),
        (Access(None, ALL, recorded=PRIVATE), f"to be visible to all repositories{MORE}"),
        (Access(None, ALL, recorded=ALL), "to be visible to all repositories"),
        (Access(ALL, PRIVATE), "visible to private repositories, until now to all repositories"),
        (
            Access(ALL, PRIVATE, rewrites=True),
            "visible to private repositories, until now to all repositories; this rewrites the value",
        ),
        (Access(PRIVATE, ALL), f"visible to all repositories, until now to private repositories{MORE}"),
        (Access(selected(A), selected(B)), f"visible to 1 selected repository: 1 added, 1 removed{MORE}"),
        (Access(selected(A, B), selected(A)), "visible to 1 selected repository: 1 removed"),
        (
            Access(selected(A, B, hidden=(7, 8)), selected(A, hidden=(8,))),
            "visible to 2 selected repositories: 2 removed; 1 that this token cannot see keeps access",
        ),
        (
            Access(selected(A, hidden=(8,)), selected(A, B, C, hidden=(8,))),
            f"visible to 4 selected repositories: 2 added; 1 that this token cannot see keeps access{MORE}",
        ),
    ],
)
def test_the_sentence(access: Access, expected: str) -> None:
    """What would change, whether it rewrites the value, and whether more can see it."""
    assert expected == access.sentence

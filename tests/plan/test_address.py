"""Where a secret lives: what is a repo's name, and that case never makes two of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.plan.address import Address, Repo, Scope, Store

OWNERS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True).filter(lambda name: name not in {".", ".."})


@pytest.mark.parametrize(
    "text", ["acme/api", "A-1/b_2.c", "octo_acme/x", "acme/.github", "acme/...", "9/0", "acme/a..b"]
)
def test_a_repo_keeps_its_writing(text: str) -> None:
    """Every name that GitHub allows is a repo, shown as it was written, in its two parts."""
    repo = Repo.parse(text)
    assert (text, text.lower(), tuple(text.split("/"))) == (str(repo), repo.key, (repo.owner, repo.short))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        "acme/",
        "/api",
        "acme/api/x",
        "acme//api",
        "acme/.",
        "acme/..",
        "../api",
        "-acme/api",
        "acme/a b",
        " acme/api",
        "acme/api\n",
        "acme/api\n\n",
        "acme/äpi",
        "acme/api?x=1",
        "acme/api#1",
        "acme/%2e%2e",
        "acme\\api",
        "https://github.com/acme/api",
    ],
)
def test_what_is_not_a_repo_is_refused_without_quoting_it(text: str) -> None:
    """A name that could change the path of a request is refused, and the message holds no part of it."""
    with pytest.raises(ValueError, match=r"^not of the form owner/name$"):
        Repo.parse(text)


@given(OWNERS, NAMES)
def test_case_never_makes_two_repos_of_one(owner: str, name: str) -> None:
    """Owner and name are compared without case: equal, one hash, one place in a set."""
    writings = [Repo.parse(text) for text in (f"{owner}/{name}", f"{owner}/{name}".upper(), f"{owner}/{name}".lower())]
    assert (1, True) == (len(set(writings)), writings[0] == writings[1] == writings[2])


@given(st.lists(st.text("aAbBzZ09-_.", min_size=1, max_size=3).map("acme/x{}".format), max_size=8))
def test_repos_sort_without_case(texts: list[str]) -> None:
    """The order of repos is that of their names in lower case, in whatever case they are written."""
    expected = sorted(text.lower() for text in texts)
    assert expected == [str(repo).lower() for repo in sorted(map(Repo.parse, texts))]


def test_an_address_is_read_from_left_to_right() -> None:
    """An address reads owner, repo, store, name, and a scope all but the name."""
    scope = Scope(Repo.parse("Acme/Api"))
    assert ("Acme/Api/actions", "Acme/Api/actions/CI_KEY", Store.ACTIONS) == (
        str(scope),
        str(Address(scope, "CI_KEY")),
        scope.store,
    )


def test_addresses_sort_by_repo_then_name() -> None:
    """Lines of one repo stand together, whatever the case of its writing."""
    expected = ["acme/api/actions/A_KEY", "ACME/api/actions/B_KEY", "acme/web/actions/A_KEY"]
    parsed = [Address(Scope(Repo.parse(text.partition("/actions/")[0])), text[-5:]) for text in reversed(expected)]
    assert expected == [str(address) for address in sorted(parsed)]

"""Whose workload identity a key may hide, what it is made of, who uses it, and which lists are looked at for it."""

import pytest

from flowforge.credentials.workload_identity import TYPE
from flowforge.errors import Where
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Presence, Public, Wanted
from flowforge.steps.refresh.identities import Identities, has_identity, scopes_beside

A, B, OTHERS = (Repo.parse(name) for name in ("acme/a", "acme/b", "other/a"))
ACME = Repo.organization("acme")
ALL, PRIVATE, NOBODY = Audience(Visibility.ALL), Audience(Visibility.PRIVATE), Audience.selected([])
ONLY_A, ONLY_B = (Audience.selected([Viewer(repo, 1)]) for repo in (A, B))


def _scope(repo: Repo, environment: str = "", store: Store = Store.ACTIONS) -> Scope:
    return Scope.of_environment(repo, environment, store) if environment else Scope(repo, store)


def _wanted(
    repo: Repo,
    environment: str = "",
    audience: Audience | None = None,
    presence: Presence = Presence.PRESENT,
    type_: str = TYPE,
) -> Wanted:
    address = Address(_scope(repo, environment, Store.VARIABLES), "ANTHROPIC_ORGANIZATION_ID")
    return Wanted(address, presence, "T", Where("m", 1, 1), "one", type_, Public("x"), audience=audience)


def _of(*wanted: Wanted) -> Identities:
    return Identities.of({want.address: want for want in wanted})


ABSENT = _wanted(A, presence=Presence.ABSENT)
ANOTHER_TYPE = _wanted(A, type_="anthropic_api_key")


@pytest.mark.parametrize(
    ("wanted", "scope", "audience", "hidden"),
    [
        # A repo's own identity is hidden by a key of the repo and of any of its environments.
        ([_wanted(A)], _scope(A), None, [A]),
        ([_wanted(A)], _scope(A, "prod"), None, [A]),
        ([_wanted(A)], _scope(B), None, []),
        # That of an environment, by a key of the repo and of this environment.
        ([_wanted(A, "prod")], _scope(A), None, [A]),
        ([_wanted(A, "prod")], _scope(A, "PROD"), None, [A]),
        ([_wanted(A, "prod")], _scope(A, "stage"), None, []),
        # That of an organization, by a key of each repo that sees it; which are private is not known.
        ([_wanted(ACME, audience=ALL)], _scope(A), None, [A]),
        ([_wanted(ACME, audience=PRIVATE)], _scope(A, "prod"), None, [A]),
        ([_wanted(ACME, audience=ONLY_A)], _scope(A), None, [A]),
        ([_wanted(ACME, audience=ONLY_B)], _scope(A), None, []),
        ([_wanted(ACME, audience=ALL)], _scope(OTHERS), None, []),
        # A key of an organization hides its identity where somebody sees both, and that of each repo that sees it.
        ([_wanted(ACME, audience=ALL)], _scope(ACME), None, [ACME]),
        ([_wanted(ACME, audience=ALL)], _scope(ACME), PRIVATE, [ACME]),
        ([_wanted(ACME, audience=ALL)], _scope(ACME), ONLY_A, [ACME]),
        ([_wanted(ACME, audience=ALL)], _scope(ACME), NOBODY, []),
        ([_wanted(ACME, audience=ONLY_A)], _scope(ACME), None, [ACME]),
        ([_wanted(ACME, audience=ONLY_A)], _scope(ACME), PRIVATE, [ACME]),
        ([_wanted(ACME, audience=ONLY_A)], _scope(ACME), ONLY_A, [ACME]),
        ([_wanted(ACME, audience=ONLY_A)], _scope(ACME), ONLY_B, []),
        ([_wanted(ACME, audience=NOBODY)], _scope(ACME), ALL, []),
        ([_wanted(B), _wanted(A, "prod"), _wanted(OTHERS)], _scope(ACME), None, [A, B]),
        ([_wanted(B), _wanted(A)], _scope(ACME), ONLY_B, [B]),
        ([_wanted(A), _wanted(ACME, audience=ALL)], _scope(ACME), ALL, [ACME, A]),
        # What is to go, or is no identity, is none.
        ([ABSENT], _scope(A), None, []),
        ([ANOTHER_TYPE], _scope(A), None, []),
    ],
)
def test_whose_identity_a_key_may_hide(
    wanted: list[Wanted], scope: Scope, audience: Audience | None, hidden: list[Repo]
) -> None:
    """Where a run may be given both; what is not known of who sees which counts as yes."""
    assert hidden == _of(*wanted).hidden_by(scope, audience)


@pytest.mark.parametrize(
    ("repo", "parts", "users"),
    [
        (A, [(A, ""), (A, "prod"), (ACME, "")], (A,)),
        (B, [(B, "")], (B,)),
        (OTHERS, [], (OTHERS,)),
        (ACME, [(ACME, "")], (A,)),
        (Repo.organization("other"), [], ()),
    ],
)
def test_what_it_is_made_of_and_who_uses_it(repo: Repo, parts: list[tuple[Repo, str]], users: tuple[Repo, ...]) -> None:
    """A repo has what it is given itself, and what its organization shows it; an organization's are its viewers'."""
    found = _of(_wanted(A), _wanted(A, "prod"), _wanted(B), _wanted(ACME, audience=ONLY_A))
    assert ([_wanted(*part).address for part in parts], users) == ([*found.parts_for(repo)], found.users_of(repo))


@pytest.mark.parametrize("audience", [ALL, PRIVATE])
def test_users_that_are_not_known_by_name(audience: Audience) -> None:
    """All repos, or all private ones, are no list of names."""
    assert _of(_wanted(ACME, audience=audience)).users_of(ACME) is None


@pytest.mark.parametrize("wanted", [[], [ABSENT], [ANOTHER_TYPE], [_wanted(A)], [ABSENT, _wanted(B)]])
def test_whether_anybody_is_to_have_one(wanted: list[Wanted]) -> None:
    """One that is to be there counts."""
    found = has_identity({want.address: want for want in wanted})
    assert any(want.presence is Presence.PRESENT and want.type == TYPE for want in wanted) is found


KEY = Address(_scope(A), "ANTHROPIC_API_KEY")
GOES, STAYS = (
    Wanted(KEY, presence, "T", Where("m", 1, 1), "key", "anthropic_api_key", Public("x"))
    for presence in (Presence.ABSENT, Presence.PRESENT)
)


@pytest.mark.parametrize(
    ("wanted", "chosen", "scopes"),
    [
        ([_wanted(A), GOES], [KEY], [_scope(A, store=Store.VARIABLES)]),
        ([_wanted(A)], [KEY], [_scope(A, store=Store.VARIABLES)]),
        ([_wanted(A), STAYS], [KEY], []),
        ([_wanted(B), GOES], [KEY], []),
        ([GOES], [KEY], []),
        ([_wanted(A), GOES], [], []),
        ([_wanted(A), GOES], [_wanted(A).address], []),
        (
            [_wanted(A), _wanted(ACME, audience=ALL), GOES],
            [KEY],
            [_scope(A, store=Store.VARIABLES), _scope(ACME, store=Store.VARIABLES)],
        ),
    ],
)
def test_the_lists_that_a_key_which_goes_needs(
    wanted: list[Wanted], chosen: list[Address], scopes: list[Scope]
) -> None:
    """Those with the parts of the identity in its place, for a key that is to go or is no more in the manifest."""
    assert scopes == list(scopes_beside({want.address: want for want in wanted}, chosen))

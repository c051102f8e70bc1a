"""Static keys beside a workload identity: what is said, of which places, and which entry would remove them."""

import pytest

from flowforge.credentials.workload_identity import TYPE
from flowforge.errors import Where
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Known, Listing, Presence, Public, Seen, Unreadable, Wanted
from flowforge.steps.warnings.hidden_identity import hidden_identities

KEY, TOKEN = "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"
WHERE = Where("flowforge.yaml", 1, 1)
A, B = (Scope(Repo.parse(name)) for name in ("acme/a", "acme/b"))
A_IN = Scope.of_environment(A.repo, "prod")
A_ELSE = Scope.of_environment(A.repo, "stage")
_WANTED_KEY = Wanted(Address(A, KEY), Presence.PRESENT, "T", WHERE, "k", "anthropic_api_key", Known("h"))
_USES = "a step that passes it uses it, and not the identity"
_BOTH = f"{_USES}; the manifest wants both: exclude the repository from one of the two targets"


def _identity(repo: Repo, environment: str = "") -> Wanted:
    scope = Scope.of_environment(repo, environment, Store.VARIABLES) if environment else Scope(repo, Store.VARIABLES)
    address = Address(scope, "ANTHROPIC_ORGANIZATION_ID")
    return Wanted(address, Presence.PRESENT, "T", WHERE, "federated", TYPE, Public("x"))


def _said(wanted: list[Wanted], held: dict[Scope, list[str]]) -> list[str]:
    seen: dict[Scope, Seen] = {scope: Listing(dict.fromkeys(names, "t")) for scope, names in held.items()}
    everywhere = {scope.repo for scope in seen} | {want.address.scope.repo for want in wanted}
    return list(hidden_identities({want.address: want for want in wanted}, seen, everywhere))


def _warning(slot: str, repos: str, within: str = "", inside: str = "") -> str:
    return (
        f"the secret {slot}{within} is there beside the workload identity of {repos}: {_USES}; take it out of that "
        f"step, then add under `absent`: {{name: {slot} goes, repos: [{repos}], secret: {slot}{inside}}}"
    )


@pytest.mark.parametrize(
    ("wanted", "held", "expected"),
    [
        ([_identity(A.repo)], {A: [KEY]}, [_warning(KEY, "acme/a")]),
        ([_identity(A.repo)], {A: [KEY, TOKEN, "X"]}, [_warning(KEY, "acme/a"), _warning(TOKEN, "acme/a")]),
        ([_identity(A.repo), _identity(B.repo)], {A: [KEY], B: [KEY]}, [_warning(KEY, "acme/a, acme/b")]),
        ([_identity(A.repo)], {A: ["X"], B: [KEY]}, []),
        ([_identity(A.repo)], {Scope(A.repo, Store.DEPENDABOT): [KEY]}, []),
        ([_identity(A.repo, "prod")], {A: [KEY], A_ELSE: [TOKEN]}, [_warning(KEY, "acme/a")]),
        (
            [_identity(A.repo, "PROD")],
            {A_IN: [KEY]},
            [_warning(KEY, "acme/a", " in environment prod", ', environments: ["prod"]')],
        ),
        (
            [_identity(A.repo)],
            {A_IN: [TOKEN]},
            [_warning(TOKEN, "acme/a", " in environment prod", ', environments: ["prod"]')],
        ),
        ([_identity(A.repo), Wanted(Address(A, KEY), Presence.ABSENT, "Goes", WHERE)], {A: [KEY]}, []),
        (
            [_identity(A.repo), _WANTED_KEY],
            {A: []},
            [f"the secret {KEY} is there beside the workload identity of acme/a: {_BOTH}"],
        ),
        ([Wanted(_identity(A.repo).address, Presence.ABSENT, "Goes", WHERE)], {A: [KEY]}, []),
    ],
)
def test_said(wanted: list[Wanted], held: dict[Scope, list[str]], expected: list[str]) -> None:
    """A key in the repo, or in an environment that has the identity, is named; one that goes or is elsewhere is not."""
    assert expected == _said(wanted, held)


ACME, OTHER = (Scope(Repo.organization(name)) for name in ("acme", "other"))
ALL, PRIVATE, NOBODY = Audience(Visibility.ALL), Audience(Visibility.PRIVATE), Audience.selected([])
ONLY_A, ONLY_B = (Audience.selected([Viewer(scope.repo, 0)]) for scope in (A, B))


def _of_organization(audience: Audience) -> Wanted:
    address = Address(Scope(ACME.repo, Store.VARIABLES), "ANTHROPIC_ORGANIZATION_ID")
    return Wanted(address, Presence.PRESENT, "T", WHERE, "federated", TYPE, Public("x"), audience=audience)


def _key_of_organization(audience: Audience) -> Wanted:
    address = Address(ACME, KEY)
    return Wanted(address, Presence.PRESENT, "T", WHERE, "k", "anthropic_api_key", Known("h"), audience=audience)


def _org_warning(repos: str) -> str:
    return (
        f"the secret {KEY} of the organization acme is there beside the workload identity of {repos}: {_USES}; take "
        f"it out of that step, then add under `absent`: {{name: {KEY} goes, org: acme, secret: {KEY}}}"
    )


def _wanted_both(repos: str) -> str:
    return f"the secret {KEY} of the organization acme is there beside the workload identity of {repos}: {_BOTH}"


@pytest.mark.parametrize(
    ("wanted", "held", "expected"),
    [
        ([_of_organization(ALL)], {A: [KEY]}, [_warning(KEY, "acme/a")]),
        ([_of_organization(PRIVATE)], {A: [KEY], B: [KEY]}, [_warning(KEY, "acme/a, acme/b")]),
        ([_of_organization(ONLY_A)], {A: [KEY], B: [KEY]}, [_warning(KEY, "acme/a")]),
        ([_of_organization(ALL)], {Scope(Repo.parse("else/a")): [KEY]}, []),
        (
            [_of_organization(ALL)],
            {A_IN: [KEY]},
            [_warning(KEY, "acme/a", " in environment prod", ', environments: ["prod"]')],
        ),
        ([_of_organization(ALL)], {ACME: [KEY], OTHER: [KEY]}, [_org_warning("acme")]),
        ([_identity(A.repo), _identity(B.repo, "prod")], {ACME: [KEY]}, [_org_warning("acme/a, acme/b")]),
        ([_identity(A.repo), _of_organization(ONLY_B)], {ACME: [KEY]}, [_org_warning("acme, acme/a")]),
        ([_identity(A.repo), _key_of_organization(ONLY_B)], {ACME: []}, []),
        ([_identity(A.repo), _key_of_organization(ONLY_A)], {ACME: []}, [_wanted_both("acme/a")]),
        ([_of_organization(ONLY_A), _key_of_organization(ONLY_B)], {ACME: []}, []),
        ([_of_organization(ONLY_A), _key_of_organization(ALL)], {ACME: []}, [_wanted_both("acme")]),
        ([_of_organization(ALL), _key_of_organization(NOBODY)], {ACME: []}, []),
        ([_of_organization(ALL), _key_of_organization(PRIVATE)], {ACME: []}, [_wanted_both("acme")]),
        ([_of_organization(NOBODY)], {ACME: [KEY]}, []),
    ],
)
def test_of_an_organization(wanted: list[Wanted], held: dict[Scope, list[str]], expected: list[str]) -> None:
    """A key and an identity meet where a repo may see both, one of them or both being its organization's."""
    assert expected == _said(wanted, held)


def test_what_was_not_listed_is_not_guessed() -> None:
    """A list that could not be read says nothing."""
    want = _identity(A.repo)
    assert [] == list(hidden_identities({want.address: want}, {A: Unreadable(Why.NO_PERMISSION)}, {A.repo}))

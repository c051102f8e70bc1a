"""Whom a federation rule trusts, in claims and in a condition: by ids alone, and never more than the manifest means."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Why
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable, Unresolved
from flowforge.plan.federation import (
    AUDIENCE,
    ISSUER,
    LEAST_SCOPE,
    FederationRule,
    FederationRules,
    RuleMatch,
    TrustedOwner,
    TrustedRepo,
)

ONE = TrustedRepo(Repo.parse("acme/one"), id=11, owner_id=1, prefix="repo:acme/one", immutable=False)
TWO = replace(ONE, repo=Repo.parse("acme/two"), id=12)
OTHERS = replace(ONE, repo=Repo.parse("other/one"), id=21, owner_id=2)
ACME = TrustedOwner(Repo.organization("acme"), 1)
PRIVATE = replace(ACME, private=True)
UNKNOWN = TrustedRepo(ONE.repo, unreadable=Unreadable(Why.FAILED, "no answer"))
RULE = FederationRule("one", "fdrl_1", "o", "", "")
OWNER_IS = 'claims.repository_owner_id == "1"'
FIRST = 'claims.repository_id == "11"'
NOT_PUBLIC = 'claims.repository_visibility != "public"'


def _in(*environments: str, repo: TrustedRepo = ONE) -> TrustedRepo:
    return replace(repo, environments=environments)


@pytest.mark.parametrize(
    ("repos", "owners", "claims", "condition"),
    [
        ((ONE,), (), {"repository_owner_id": "1", "repository_id": "11"}, ""),
        ((TWO, ONE), (), {"repository_owner_id": "1"}, 'claims.repository_id in ["11", "12"]'),
        (
            (_in("prod"),),
            (),
            {"repository_owner_id": "1", "repository_id": "11", "environment": "prod"},
            "",
        ),
        (
            (_in("prod", 'a"b'),),
            (),
            {"repository_owner_id": "1", "repository_id": "11"},
            'has(claims.environment) && claims.environment in ["prod", "a\\"b"]',
        ),
        (
            (_in("größe"), TWO),
            (),
            {"repository_owner_id": "1"},
            f'(claims.repository_id == "12") || ({FIRST} && has(claims.environment) && claims.environment == "größe")',
        ),
        (
            (ONE, OTHERS),
            (),
            {},
            f'({OWNER_IS} && {FIRST}) || (claims.repository_owner_id == "2" && claims.repository_id == "21")',
        ),
        ((), (ACME,), {"repository_owner_id": "1"}, ""),
        ((), (PRIVATE,), {"repository_owner_id": "1"}, NOT_PUBLIC),
        # What an owner has whole covers its repos; what only its private ones have does not cover a public one.
        ((ONE, _in("prod", repo=TWO)), (ACME,), {"repository_owner_id": "1"}, ""),
        ((ONE,), (PRIVATE,), {"repository_owner_id": "1"}, f'({NOT_PUBLIC}) || (claims.repository_id == "11")'),
        (
            (),
            (replace(ACME, owner=Repo.organization("other"), id=2), ACME),
            {},
            f'({OWNER_IS}) || (claims.repository_owner_id == "2")',
        ),
        # Nobody is trusted by an id that is not known.
        ((UNKNOWN, ONE), (replace(ACME, id=0),), {"repository_owner_id": "1", "repository_id": "11"}, ""),
        ((replace(TWO, owner_id=0), ONE), (), {"repository_owner_id": "1", "repository_id": "11"}, ""),
    ],
)
def test_who_is_trusted(
    repos: tuple[TrustedRepo, ...], owners: tuple[TrustedOwner, ...], claims: dict[str, str], condition: str
) -> None:
    """One owner, repo or environment is a claim; more of them are a condition, which says what no claim says."""
    assert RuleMatch(claims, condition) == replace(RULE, repos=repos, owners=owners).match


@pytest.mark.parametrize(
    ("repos", "owners"), [((), ()), ((UNKNOWN,), ()), ((replace(ONE, id=0), replace(ONE, owner_id=0)), ())]
)
def test_a_rule_for_nobody_has_no_conditions(repos: tuple[TrustedRepo, ...], owners: tuple[TrustedOwner, ...]) -> None:
    """There is none to print: a rule without conditions would trust everybody."""
    assert replace(RULE, repos=repos, owners=owners).match is None


@pytest.mark.parametrize(
    ("repos", "owners", "complete"),
    [
        ((ONE, TWO), (ACME,), True),
        ((), (), True),
        ((ONE, replace(TWO, id=0)), (ACME,), False),
        ((ONE,), (ACME, replace(ACME, id=0)), False),
    ],
)
def test_a_rule_is_complete(repos: tuple[TrustedRepo, ...], owners: tuple[TrustedOwner, ...], complete: bool) -> None:  # noqa: FBT001 -- a table
    """Where all whom the manifest means are known by id; and all rules where none is not, and no entry is open."""
    rule = replace(RULE, repos=repos, owners=owners)
    open_ = Unresolved("target T", Where("m", 1, 1), Unreadable(Why.FAILED, "no answer"))
    assert (complete, complete, False, False) == (
        rule.complete,
        FederationRules((RULE, rule)).complete,
        FederationRules((rule,), unresolved=(open_,)).complete,
        FederationRules((rule, replace(RULE, repos=(UNKNOWN,)))).complete,
    )


@pytest.mark.parametrize(
    ("repo", "subjects"),
    [
        (
            ONE,
            {
                "ref": "repo:acme/one:ref:refs/heads/BRANCH",
                "pull_request": "repo:acme/one:pull_request",
                "environment NAME": "repo:acme/one:environment:NAME",
            },
        ),
        (
            _in("a", "b"),
            {
                "ref": "repo:acme/one:ref:refs/heads/BRANCH",
                "pull_request": "repo:acme/one:pull_request",
                "environment a": "repo:acme/one:environment:a",
                "environment b": "repo:acme/one:environment:b",
            },
        ),
        (replace(ONE, prefix=""), {}),
        (replace(ONE, template=("job_workflow_ref",)), {}),
    ],
)
def test_the_subjects_of_a_repo(repo: TrustedRepo, subjects: dict[str, str]) -> None:
    """They begin with what GitHub says, one for each environment; of a template nothing is said."""
    assert subjects == repo.subjects


def test_the_words_of_githubs_tokens() -> None:
    """Who signs them, what claude-code-action asks for, and the least that a rule grants: the documents' own words."""
    assert (
        "https://token.actions.githubusercontent.com",
        "https://api.anthropic.com",
        "workspace:inference",
    ) == (ISSUER, AUDIENCE, LEAST_SCOPE)


def test_what_is_not_known_yet() -> None:
    """A repo and an owner that were not looked up have no number, and an owner means all of its repos."""
    repo, owner = TrustedRepo(ONE.repo), TrustedOwner(ACME.owner)
    assert (0, 0, "", 0, False) == (repo.id, repo.owner_id, repo.prefix, owner.id, owner.private)

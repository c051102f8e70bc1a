"""The federation rules that workload identities need: whom each must trust, by ids alone. Pure.

Sources: the reference of Anthropic's Admin API, federation_rules (`claims` match exactly, all of them; `condition` is a
CEL expression over `claims`; a rule on GitHub's issuer must pin who it trusts), and GitHub's, OIDC token claims.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass
from flowforge.plan.address import Repo
from flowforge.plan.facts import Unreadable, Unresolved

ISSUER: Final = "https://token.actions.githubusercontent.com"
# What claude-code-action asks GitHub for, unless anthropic_oidc_audience says another one.
AUDIENCE: Final = "https://api.anthropic.com"
# Messages and Models alone; `workspace:developer` is what an API key may do.
LEAST_SCOPE: Final = "workspace:inference"


@dataclass(frozen=True, slots=True)
class TrustedRepo:
    """A repo that is to have an identity, with what GitHub says of it."""

    repo: Repo
    """Its name."""
    environments: tuple[str, ...] = ()
    """The environments that have the identity; none where all its runs have it."""
    id: int = 0
    """GitHub's number of it; 0 where it could not be looked up."""
    owner_id: int = 0
    """GitHub's number of its owner."""
    prefix: str = ""
    """What the subject of its OIDC tokens begins with; empty where GitHub did not tell."""
    immutable: bool | None = None
    """Whether the subject carries ids; None where GitHub did not tell."""
    template: tuple[str, ...] = ()
    """The claims that a template makes its subject of; none for GitHub's own form."""
    unreadable: Unreadable | None = None
    """Why it could not be looked up."""

    @property
    def subjects(self) -> Mapping[str, str]:
        """Its subjects, by what starts a run; none where they are not known, as with a template."""
        if not self.prefix or self.template:
            return {}
        named = self.environments or ("NAME",)
        return {
            "ref": f"{self.prefix}:ref:refs/heads/BRANCH",
            "pull_request": f"{self.prefix}:pull_request",
            **{f"environment {name}": f"{self.prefix}:environment:{name}" for name in named},
        }


@dataclass(frozen=True, slots=True)
class TrustedOwner:
    """An organization all of whose repos see an identity."""

    owner: Repo
    id: int = 0
    """GitHub's number of it; 0 where it could not be looked up."""
    private: bool = False
    """Whether public repos do not see it."""
    unreadable: Unreadable | None = None


@dataclass(frozen=True, slots=True)
class FederationRule:
    """The rule that one credential needs."""

    credential: str
    """The credential's name in the manifest."""
    rule_id: str
    """The rule that the manifest names."""
    organization_id: str
    """Anthropic's number of the organization."""
    service_account_id: str
    """Whom the rule's tokens act as; empty where the manifest does not say."""
    workspace_id: str
    """Where they act; empty where the manifest does not say."""
    repos: tuple[TrustedRepo, ...] = ()
    """The repos that have the identity, sorted."""
    owners: tuple[TrustedOwner, ...] = ()
    """The organizations all of whose repos see it."""

    @property
    def complete(self) -> bool:
        """Whether everybody who is to be trusted is known by id."""
        return all(each.id for each in self.repos) and all(each.id for each in self.owners)

    @property
    def match(self) -> "RuleMatch | None":
        """What a token must be like; None where nobody is known, since a rule without conditions trusts everybody."""
        grants = _grants(self.repos, self.owners)
        return _matching(grants) if grants else None


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """What a token must be like. All of it must hold."""

    claims: Mapping[str, str]
    """Claims that must be exactly so."""
    condition: str
    """A CEL expression; empty where the claims say it all."""


@dataclass(frozen=True, slots=True)
class FederationRules:
    """The rules that a manifest's workload identities need."""

    rules: tuple[FederationRule, ...]
    """One for each credential, sorted by its name."""
    issuer: str = ISSUER
    """Who signs the tokens; empty where that is not known of this host."""
    unresolved: tuple[Unresolved, ...] = ()
    """The entries of the manifest whose repos are not known."""
    warnings: tuple[str, ...] = ()
    """What a person should know besides."""
    host: str = ""
    """The host that has the repos."""

    @property
    def complete(self) -> bool:
        """Whether the rules trust everybody that the manifest means."""
        return not self.unresolved and all(each.complete for each in self.rules)


@dataclass(frozen=True, slots=True)
class _Grant:
    """Some repos of one owner that are trusted alike."""

    owner_id: int
    repo_ids: tuple[int, ...] = ()
    """None for all that the owner has."""
    environments: tuple[str, ...] = ()
    """None for all runs."""
    private: bool = field(default=False, kw_only=True)

    def claims(self) -> dict[str, str]:
        """Return what can be said of it by exact claims."""
        said = {"repository_owner_id": str(self.owner_id)}
        if len(self.repo_ids) == 1:
            said["repository_id"] = str(self.repo_ids[0])
        if len(self.environments) == 1:
            said["environment"] = self.environments[0]
        return said

    def conditions(self, said: Collection[str] = ()) -> list[str]:
        """Return the terms of a condition. said: the claims that are said elsewhere."""
        terms = []
        if "repository_owner_id" not in said:
            terms.append(f'claims.repository_owner_id == "{self.owner_id}"')
        if self.repo_ids and "repository_id" not in said:
            terms.append(_one_of("repository_id", map(str, self.repo_ids)))
        if self.private:
            terms.append('claims.repository_visibility != "public"')
        if self.environments and "environment" not in said:
            # A job without an environment has no such claim, and to read one that is not there is an error in CEL.
            terms.append(f"has(claims.environment) && {_one_of('environment', self.environments)}")
        return terms


def _grants(repos: Iterable[TrustedRepo], owners: Iterable[TrustedOwner]) -> list[_Grant]:
    whole = {each.id: _Grant(each.id, private=each.private) for each in owners if each.id}
    alike: defaultdict[tuple[int, tuple[str, ...]], list[int]] = defaultdict(list)
    for each in repos:
        covered = whole.get(each.owner_id)
        if each.id and each.owner_id and (covered is None or covered.private):
            alike[each.owner_id, each.environments].append(each.id)
    named = (_Grant(owner, tuple(sorted(ids)), environments) for (owner, environments), ids in sorted(alike.items()))
    return [*(whole[number] for number in sorted(whole)), *named]


def _matching(grants: Collection[_Grant]) -> RuleMatch:
    if len(grants) == 1:
        (only,) = grants
        claims = only.claims()
        return RuleMatch(claims, " && ".join(only.conditions(claims)))
    owners = {each.owner_id for each in grants}
    claims = {"repository_owner_id": str(*owners)} if len(owners) == 1 else {}
    return RuleMatch(claims, " || ".join(f"({' && '.join(each.conditions(claims))})" for each in grants))


def _one_of(claim: str, values: Iterable[str]) -> str:
    quoted = [json.dumps(value, ensure_ascii=False) for value in values]
    return f"claims.{claim} == {quoted[0]}" if len(quoted) == 1 else f"claims.{claim} in [{', '.join(quoted)}]"

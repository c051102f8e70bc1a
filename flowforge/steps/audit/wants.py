"""What the files of a repo make worth asking GitHub for: a list that no workflow reads costs a request for nothing."""

from collections.abc import Iterator
from typing import Final

from flowforge.audit.model import RepoAudit, SecretReference, StepNeed
from flowforge.audit.needs import STATIC_NAMES
from flowforge.data_class import dataclass
from flowforge.plan.address import Repo, Scope, Store

_STORES: Final = {"actions": Store.ACTIONS, "dependabot": Store.DEPENDABOT, "variables": Store.VARIABLES}
_ENVIRONMENT: Final = "environment:"
# With facts that are as bad as can be, these say which of them matter.
_BY_DEFAULT: Final = "id-token-missing"
_BY_SUBJECT: Final = "identity-subject"


@dataclass(frozen=True, slots=True)
class RepoWants:
    """What is to be asked for one repo."""

    scopes: frozenset[Scope]
    """The repo's own lists, those of its environments among them."""
    inherited: frozenset[tuple[Store, str]]
    """What it may have from its organization: the store, and the name in upper case."""
    runs: bool
    """Whether anything of Claude's runs or gets a credential there, so that disabled workflows matter."""
    by_default: bool
    """Whether it matters what a workflow without a permissions block may."""
    by_subject: bool
    """Whether it matters what the subject of its OIDC tokens looks like."""


def wanted_by(repo: Repo, first: RepoAudit, *, thorough: bool = False) -> RepoWants:
    """Return what an audit asks for that was made with files alone, and with the worst that GitHub could say besides.

    first: made with `default_permission` read and `immutable_subject` true. thorough: whether what no workflow reads is
    worth a request too.
    """
    codes = {finding.code for finding in first.findings}
    # Every repo's own secrets, also where no workflow runs Claude: a key that nobody reads is left over there.
    scopes = {Scope(repo)}
    inherited: set[tuple[Store, str]] = set()
    for name, where, stores in _read(first):
        for store in (_STORES[each] for each in stores):
            scopes.add(Scope(repo, store))
            inherited.add((store, name))
        if where.startswith(_ENVIRONMENT):
            scopes.add(Scope.of_environment(repo, where.removeprefix(_ENVIRONMENT)))
    if thorough:
        scopes |= {Scope(repo, Store.DEPENDABOT)} if first.steps else set()
        inherited |= {(store, name) for store in (Store.ACTIONS, Store.DEPENDABOT) for name in STATIC_NAMES}
    return RepoWants(
        frozenset(scopes),
        frozenset(inherited),
        runs=bool(first.steps or first.references),
        by_default=_BY_DEFAULT in codes,
        by_subject=_BY_SUBJECT in codes,
    )


def _read(audit: RepoAudit) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the name, the place and the stores of everything that is read from a store."""
    read: list[StepNeed | SecretReference] = [*(need for step in audit.steps for need in step.needs), *audit.references]
    for each in read:
        if each.name and each.stores:
            yield each.name.upper(), each.where, each.stores

"""Which permission GitHub asks for: one row for each list of secrets, and for each other thing that a run reads.

Sources: docs.github.com, "Permissions required for GitHub Apps", "Permissions required for fine-grained personal access
tokens" and "Scopes for OAuth apps". For the agents store no name is documented.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final

from flowforge.data_class import dataclass
from flowforge.plan.address import Scope, Store


class AccessLevel(IntEnum):
    """How far a permission goes."""

    READ = 1
    WRITE = 2

    @property
    def word(self) -> str:
        """GitHub's word for it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """A permission of fine-grained tokens and of GitHub Apps, and the scope that classic tokens need in its place."""

    name: str
    """GitHub's name for it, as in an App's installation; a pattern of words where none is documented."""
    title: str
    """What a token's settings call it."""
    organization: bool = False
    """Whether it is one of the organization and not of its repositories."""
    scope: str = "repo"
    """The scope of a classic token."""

    @property
    def documented(self) -> bool:
        """Whether GitHub documents its name."""
        return "*" not in self.name

    def names_in(self, granted: Iterable[str]) -> tuple[str, ...]:
        """Return the names, among those that an installation has, which are this permission."""
        words = self.name.split("*")
        if len(words) == 1:
            return tuple(each for each in granted if each == self.name)
        of_these = (each for each in granted if each.startswith("organization") is self.organization)
        return tuple(each for each in of_these if all(word in each for word in words))


# What is needed: permissions, each with its level.
Needs = Mapping[Permission, AccessLevel]

METADATA: Final = Permission("metadata", "Metadata")
CONTENTS: Final = Permission("contents", "Contents")
ENVIRONMENTS: Final = Permission("environments", "Environments")
ACTIONS: Final = Permission("actions", "Actions")
CHECKS: Final = Permission("checks", "Checks")
ADMINISTRATION: Final = Permission("administration", "Administration")
MEMBERS: Final = Permission("members", "Members", organization=True)
PROPERTIES: Final = Permission("organization_custom_properties", "Custom properties", organization=True)
_OF_REPO: Final = {
    Store.ACTIONS: Permission("secrets", "Secrets"),
    Store.DEPENDABOT: Permission("dependabot_secrets", "Dependabot secrets"),
    Store.CODESPACES: Permission("codespaces_secrets", "Codespaces secrets"),
    Store.AGENTS: Permission("agent*secret", "the agents store's secrets"),
    Store.VARIABLES: Permission("actions_variables", "Variables"),
}
_OF_ORGANIZATION: Final = {
    store: Permission(f"organization{joint}{name}", title, organization=True, scope="admin:org")
    for store, joint, name, title in (
        (Store.ACTIONS, "_", "secrets", "Secrets"),
        (Store.DEPENDABOT, "_", "dependabot_secrets", "Dependabot secrets"),
        (Store.CODESPACES, "_", "codespaces_secrets", "Codespaces secrets"),
        (Store.AGENTS, "*", "agent*secret", "Agents secrets"),
        (Store.VARIABLES, "_", "actions_variables", "Variables"),
    )
}


def of_list(scope: Scope) -> tuple[Permission, ...]:
    """Return the permissions that the list of a scope asks for, to read it and to write to it alike."""
    if scope.repo.is_organization:
        return (_OF_ORGANIZATION[scope.store],)
    # GitHub's table lists an environment's secrets under Secrets, with Environments as an addition; elsewhere it is
    # said that Environments alone is asked for. So both are.
    return (ENVIRONMENTS, _OF_REPO[scope.store]) if scope.environment else (_OF_REPO[scope.store],)


def certain_of(scope: Scope) -> tuple[Permission, ...]:
    """Return those of them without which a write surely fails. None where GitHub documents no name."""
    return tuple(each for each in of_list(scope)[:1] if each.documented)


def needs_of(scopes: Iterable[Scope], level: AccessLevel) -> Needs:
    """Return what it takes to read the lists of scopes, or to write to them."""
    needs: dict[Permission, AccessLevel] = {METADATA: AccessLevel.READ}
    for scope in scopes:
        needs.update(dict.fromkeys(of_list(scope), level))
        if scope.environment:
            # To tell an environment that is missing from one that this token may not see.
            needs.setdefault(ACTIONS, AccessLevel.READ)
    return needs


def joined(*all_needs: Needs) -> Needs:
    """Return needs together, each permission at its highest level."""
    found: dict[Permission, AccessLevel] = {}
    for needs in all_needs:
        for permission, level in needs.items():
            found[permission] = max(level, found.get(permission, level))
    return found


def granted(needs: Needs, installation: Mapping[str, str]) -> Mapping[str, str]:
    """Return what to ask an installation for, by GitHub's names: what is needed, and never more than it has.

    installation: its permissions, each with `read`, `write` or `admin`.
    """
    asked: dict[str, str] = {}
    for permission, level in needs.items():
        for name in permission.names_in(installation):
            has = AccessLevel.READ if installation[name] == AccessLevel.READ.word else AccessLevel.WRITE
            asked[name] = min(level, has).word
    return asked


def lacking(needs: Needs, installation: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an installation lacks, in words: `Secrets: write`."""
    return tuple(
        f"{permission.title}: {level.word}"
        for permission, level in sorted(needs.items())
        if not any(
            level is AccessLevel.READ or installation[name] != AccessLevel.READ.word
            for name in permission.names_in(installation)
        )
        and permission != METADATA
    )

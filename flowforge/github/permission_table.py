"""Which permissions each command needs for each thing that a manifest names, as one table.

docs/permissions.md is made of it, and a test holds each cell against the sandbox.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.permissions import (
    ACTIONS,
    ADMINISTRATION,
    CHECKS,
    CONTENTS,
    ENVIRONMENTS,
    MEMBERS,
    PROPERTIES,
    AccessLevel,
    Needs,
    Permission,
    of_list,
)
from flowforge.plan.address import Repo, Scope, Store

# The columns: commands that need the same.
COMMANDS: Final = (("plan",), ("adopt", "state rekey"), ("apply",))
_NOTHING: Final[Needs] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PermissionRow:
    """One thing that a manifest names. Beside what stands here every token needs Metadata: read."""

    name: str
    """A short name, the same for ever."""
    what: str
    """What it is, for people."""
    reads: Needs
    """Without any one of these it cannot be read."""
    writes: Needs
    """Without any one of these `apply` cannot write it."""
    also: tuple[Permission, ...] = ()
    """Asked for as well, since GitHub's pages differ on whether it is needed."""
    recorded: bool = False
    """Whether it is written by every command that records something, and not by `apply` alone."""

    def needs(self, command: str) -> Needs:
        """Return what a command needs for it."""
        return self.writes if command == "apply" or (self.recorded and command != "plan") else self.reads

    def scopes(self, command: str) -> tuple[str, ...]:
        """Return the scopes that a classic token needs in the place of all that."""
        return tuple(sorted({permission.scope for permission in self.needs(command)} or {"repo"}))


def _both(*permissions: Permission) -> tuple[Needs, Needs]:
    return dict.fromkeys(permissions, AccessLevel.READ), dict.fromkeys(permissions, AccessLevel.WRITE)


def _rows() -> tuple[PermissionRow, ...]:
    repo, organization = Repo.parse("any/any"), Repo.organization("any")
    lists = {store: "variables" if store is Store.VARIABLES else f"{store} secrets" for store in Store}
    in_environments = {
        store: of_list(Scope.of_environment(repo, "any", store)) for store in (Store.ACTIONS, Store.VARIABLES)
    }
    nouns = {Store.ACTIONS: "secrets", Store.VARIABLES: "variables"}
    return (
        *(
            PermissionRow(store.value, f"{words} of a repository", *_both(*of_list(Scope(repo, store))))
            for store, words in lists.items()
        ),
        *(
            PermissionRow(
                f"environment {nouns[store]}", f"{nouns[store]} of an environment", *_both(certain), also=tuple(rest)
            )
            for store, (certain, *rest) in in_environments.items()
        ),
        PermissionRow(
            "create_environment",
            "an environment that is missing and made (`create_environment`)",
            reads={ENVIRONMENTS: AccessLevel.READ, ACTIONS: AccessLevel.READ},
            writes={ENVIRONMENTS: AccessLevel.WRITE, ACTIONS: AccessLevel.READ, ADMINISTRATION: AccessLevel.WRITE},
            also=of_list(Scope(repo)),
        ),
        *(
            PermissionRow(f"org {store}", f"{words} of an organization", *_both(*of_list(Scope(organization, store))))
            for store, words in lists.items()
        ),
        PermissionRow("select", "`select` by `org` or `user`", _NOTHING, _NOTHING),
        PermissionRow("select team", "`select` with `team`", {MEMBERS: AccessLevel.READ}, {MEMBERS: AccessLevel.READ}),
        PermissionRow(
            "select properties",
            "`select` with `properties`",
            {PROPERTIES: AccessLevel.READ},
            {PROPERTIES: AccessLevel.READ},
        ),
        PermissionRow(
            "state", "a state on a branch (`state.github`), on its one repository", *_both(CONTENTS), recorded=True
        ),
    )


ROWS: Final = _rows()


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One thing that `audit`, `init --owner`, `status` or `rotate` do at GitHub, which is nearly always to read."""

    what: str
    """What it is, for people."""
    needs: tuple[Permission, ...]
    without: str
    """What becomes of the result without the permission, as a clause."""
    level: AccessLevel = AccessLevel.READ
    """How far the permission must go."""


def _of_store(store: Store) -> tuple[Permission, ...]:
    repo, organization = Repo.parse("any/any"), Repo.organization("any")
    return (*of_list(Scope(repo, store)), *of_list(Scope(organization, store)))


AUDIT_ROWS: Final = (
    ReadRow("workflow files", (CONTENTS,), "the repository is not audited, and its verdict says so"),
    ReadRow("Actions secrets", _of_store(Store.ACTIONS), "what is missing or left over is not known"),
    ReadRow("Dependabot secrets", _of_store(Store.DEPENDABOT), "what Dependabot's runs lack is not known"),
    ReadRow("variables", _of_store(Store.VARIABLES), "which ids of an identity are missing is not known"),
    ReadRow("secrets of environments", (ENVIRONMENTS,), "what they hold is not known"),
    ReadRow("states of workflows, OIDC subjects", (ACTIONS,), "a disabled workflow is judged as if it ran"),
)
TO_AUDIT: Final[Needs] = MappingProxyType(
    {permission: AccessLevel.READ for row in AUDIT_ROWS for permission in row.needs}
)
"""What the token of an audit is made with."""
STATUS_ROWS: Final = (
    ReadRow("runs, and their jobs", (ACTIONS,), "every life is unknown, and its line says so"),
    ReadRow("the workflow as each run had it", (CONTENTS,), "what a run proves is unknown, and its line says so"),
    ReadRow("annotations of the steps that failed", (CHECKS,), "a dead credential is said to be failing"),
)
TO_STATUS: Final[Needs] = MappingProxyType(
    {permission: AccessLevel.READ for row in STATUS_ROWS for permission in row.needs}
)
"""What the token of a status is made with, beside what a plan needs."""

CANARY_ROWS: Final = (
    ReadRow("the dispatch of a workflow", (ACTIONS,), "nothing is dispatched, so it is not well", AccessLevel.WRITE),
    ReadRow("its file, and what it calls", (CONTENTS,), "the rotation does not begin"),
    ReadRow("its run, and the jobs of that", (ACTIONS,), "the rotation does not begin"),
    ReadRow("annotations of a step that failed", (CHECKS,), "of a dead credential it is said that the step failed"),
)
TO_DISPATCH: Final[Needs] = MappingProxyType({ACTIONS: AccessLevel.WRITE})
"""What the token is made with that dispatches a canary, and does nothing else."""
TO_WATCH: Final[Needs] = MappingProxyType(
    {permission: AccessLevel.READ for row in CANARY_ROWS for permission in row.needs}
)
"""What the token is made with that reads a canary's workflow and its run."""

OLD_RUN_ROWS: Final = (
    ReadRow(
        "the runs that were queued before the last write", (ACTIONS,), "they are unknown, and the last lines say so"
    ),
    ReadRow("their end (`--cancel-runs`)", (ACTIONS,), "they are listed, and go on", AccessLevel.WRITE),
)
TO_LOOK: Final[Needs] = MappingProxyType({ACTIONS: AccessLevel.READ})
"""What the token is made with that looks at older runs."""
TO_CANCEL: Final[Needs] = MappingProxyType({ACTIONS: AccessLevel.WRITE})
"""What the token is made with that cancels them, too."""


def page() -> str:
    """Return docs/permissions.md."""
    heads = (", ".join(f"`{command}`" for command in column) for column in COMMANDS)
    lines: list[tuple[str, ...]] = [("for", *heads, "GitHub's names", "classic token")]
    lines += [("---",) * len(lines[0])]
    for row in ROWS:
        cells = [_cell(row, column[0]) for column in COMMANDS]
        names = ", ".join(f"`{each.name}`" for each in (*row.writes, *row.also) if each.documented) or "-"
        classic = ", ".join(f"`{scope}`" for scope in row.scopes("apply"))
        lines.append((row.what, *cells, names, classic))
    tables = ((_AUDIT, AUDIT_ROWS), (_STATUS, STATUS_ROWS), (_ROTATION, OLD_RUN_ROWS), (_CANARY, CANARY_ROWS))
    return _HEAD + _table(lines) + _NOTES + "".join(head + _table(_read(rows)) for head, rows in tables)


def _read(rows: Iterable[ReadRow]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [("for", "permission", "without it"), ("---",) * 3]
    for row in rows:
        needs = "<br>".join(f"{_title(each)}: {row.level.word}" for each in row.needs)
        lines.append((row.what, needs, row.without))
    return lines


def _table(lines: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(row: PermissionRow, command: str) -> str:
    needs = row.needs(command)
    most = max(needs.values(), default=AccessLevel.READ)
    also = [f"({_title(each)}: {most.word})" for each in row.also]
    return "<br>".join([*(f"{_title(each)}: {level.word}" for each, level in needs.items()), *also]) or "nothing more"


def _title(permission: Permission) -> str:
    return f"organization {permission.title}" if permission.organization else permission.title


_HEAD: Final = """# Which permission for what

What a token needs, for each command and each thing that a manifest names. The first names are those in the settings of
a fine-grained token or a GitHub App; what an App calls them in its API stands beside them. Every such token also needs
Metadata: read, and the repositories themselves. A classic token has scopes, which are the same for all commands.

FlowForge has an App make a token for each owner with what the command needs, and no more than the installation has: to
read for `plan`, `status`, `adopt` and `state rekey`, and for `apply` to write what its lines are about, where they are.
Commands that are not here ask GitHub nothing but for a state on a branch: to read it for `state list`, `show` and
`pull`, and to write it for the others. `validate`, `init`, `schema`, `sandbox` and `demo` need no token.

<!-- Made from flowforge/github/permission_table.py by `make docs`. -->

"""
_AUDIT: Final = """
## An audit

`audit` and `init --owner` read and never write. A classic token needs `repo`, and `admin:org` to list the secrets of an
organization: without that it is asked of each repository what it sees, which tells nothing of Dependabot's.

"""
_STATUS: Final = """
## A status

`status` reads what `plan` reads, and of each repository what stands here. It never writes, and ends with 0 without any
of these. A classic token needs `repo`. `status --from` needs no token.

"""
_ROTATION: Final = """
## A rotation

`rotate` needs what `apply` needs. When all is written it looks for runs that have the old value, in every repository
that it wrote. Where it may not, a walk ends as ever and names the permission: no rotation stops for want of it. With
`--now` what is not known counts as exposed, exit code 3. An App makes a token for that alone, and revokes it. A classic
token needs `repo`.

"""
_CANARY: Final = """
## A canary

A rotation with `--canary WORKFLOW` needs what `apply` needs, and of each repository what stands here. An App makes two
tokens for it that can do nothing else: one dispatches the workflow in the repositories of a batch, and one watches the
runs. Both are revoked as soon as they are not needed any more. A classic token needs `repo`. A canary that is a command
needs nothing at GitHub, and gets no token.

"""
_NOTES: Final = """
- What stands in brackets is asked for as well: GitHub's table of permissions lists the secrets and variables of an
  environment under Secrets and Variables *with* Environments, and elsewhere under Environments alone. An App's token
  has both where the installation has them.
- The token that an App makes for `plan` can only read. What the installation has is known, though: a line that `apply`
  would write and may not is blocked in the plan already, by the name of the permission.
- For the agents store GitHub documents no name of a permission; that of an App is found among those that its
  installation has. What a token lacks there is told by the first request and not before.
- Of an environment that is not there, Actions: read tells *missing* from *not to be seen by this token*.
- Where the manifest has a workload identity, Actions: read tells what the subject of a repository's OIDC tokens looks
  like, for a warning of `plan` and for `identity rules`; without it nothing is said. A key that goes beside one goes
  only once Contents: read has shown that no workflow reads it any more: without that it stays.
- A classic token also needs `repo` where repositories are to see an organization's secret. A person's
  role counts beside every permission of their token: write access for a repository's secrets, owner of an organization
  for its own. That a repository's description says `push` is never taken for a permission to manage secrets.
- The `GITHUB_TOKEN` of a workflow can manage no secrets, whatever its `permissions` say.
"""

"""The one table of what can be done to a sandbox that runs: `flowforge sandbox do`, its help, its completion.

The sandbox does what has a row here, and nothing else. It stands on the ground floor because a help shows it, and a
help loads nothing of the sandbox.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_ARGUMENT: Final = re.compile(r"(\[?)([a-z_]+)=([A-Z]+)\]?")


class Taken(NamedTuple):
    """An argument of a verb."""

    name: str
    """What stands before the `=`."""
    kind: str
    """TEXT, N (a whole number), SECONDS, BOOL, LIST (of texts), MAP (of texts) or JSON."""
    needed: bool
    """Whether the verb cannot be done without it."""


class Verb(NamedTuple):
    """A row of the table."""

    name: str
    """What people type."""
    takes: str
    """Its arguments, as its help shows them; those in brackets may be left out."""
    does: str
    """What it does, and what it prints, in a sentence or two."""

    @property
    def arguments(self) -> Mapping[str, Taken]:
        """Its arguments by name."""
        found = _ARGUMENT.finditer(self.takes)
        return {match[2]: Taken(match[2], match[3], not match[1]) for match in found}

    @property
    def usage(self) -> str:
        """The verb with what it takes."""
        return f"{self.name} {self.takes}".rstrip()


_REPOSITORIES: Final = (
    Verb(
        "create_repo",
        "full_name=TEXT [private=BOOL] [archived=BOOL] [fork=BOOL] [internal=BOOL] [topics=LIST] [empty=BOOL]",
        "Create owner/name, whose owner becomes an organization if it is new; prints its id. "
        "empty: without a first commit.",
    ),
    Verb("create_repos", "owner=TEXT count=N", "Create owner/repo-001 and so on; prints their names."),
    Verb("rename_repo", "full_name=TEXT new_name=TEXT", "Rename it, or transfer it; its old name redirects."),
    Verb("delete_repo", "full_name=TEXT", "Delete it with its secrets."),
    Verb("recreate_repo", "full_name=TEXT", "Put another one in its place: a new id, another key, no secrets."),
    Verb("archive_repo", "full_name=TEXT [archived=BOOL]", "Archive it; archived=false ends that."),
    Verb("hide_repo", "full_name=TEXT [hidden=BOOL]", "Hide it from every token; hidden=false ends that."),
    Verb("set_visibility", "full_name=TEXT visibility=TEXT", "Make it public, private or internal."),
    Verb("set_topics", "full_name=TEXT topics=LIST", "Give it these topics in the place of those that it has."),
    Verb(
        "set_property",
        "full_name=TEXT name=TEXT value=TEXT",
        "Give it a value of a custom property of its organization; a list, or null for none, as value:=JSON.",
    ),
    Verb("properties", "full_name=TEXT", "Print its values of custom properties."),
    Verb(
        "create_environment",
        "full_name=TEXT name=TEXT [wait_timer=N]",
        "Create an environment, or change how many minutes it waits.",
    ),
    Verb("delete_environment", "full_name=TEXT name=TEXT", "Delete an environment with its secrets and variables."),
    Verb("environments", "full_name=TEXT", "Print how many minutes each environment waits."),
)
_OWNERS: Final = (
    Verb("create_org", "login=TEXT", "Create an organization without repositories."),
    Verb("create_user", "login=TEXT", "Create a user, whose repositories have no organization."),
    Verb("set_plan", "owner=TEXT plan=TEXT", "Let an owner be on free, pro, team or enterprise; team unless set."),
    Verb("require_sso", "owner=TEXT [required=BOOL]", "Require single sign-on of classic tokens."),
    Verb("create_team", "org=TEXT name=TEXT [repos=LIST]", "Create a team with these repositories; prints its slug."),
    Verb("set_team_repos", "org=TEXT slug=TEXT repos=LIST", "Give a team these repositories alone."),
    Verb("delete_team", "org=TEXT slug=TEXT", "Delete a team."),
    Verb(
        "define_property",
        "org=TEXT name=TEXT [value_type=TEXT] [allowed=LIST] [default=TEXT]",
        "Define a custom property: string, single_select, multi_select, true_false or url.",
    ),
)
_SECRETS: Final = (
    Verb(
        "set_secret",
        "full_name=TEXT name=TEXT value=TEXT [store=TEXT] [environment=TEXT]",
        "Write a secret behind FlowForge's back: drift. store: actions, dependabot, codespaces or agents.",
    ),
    Verb("delete_secret", "full_name=TEXT name=TEXT [store=TEXT] [environment=TEXT]", "Delete a secret."),
    Verb(
        "reveal",
        "full_name=TEXT [store=TEXT] [environment=TEXT]",
        "Print the decrypted values by name, which GitHub never shows: the proof of a rehearsal.",
    ),
    Verb(
        "replace_key",
        "full_name=TEXT [store=TEXT] [environment=TEXT]",
        "Replace the key that seals secrets by another one under the same id.",
    ),
    Verb("rotate_keys", "", "Replace every key, under new ids: what was sealed before is refused."),
    Verb(
        "set_org_secret",
        "org=TEXT name=TEXT value=TEXT [store=TEXT] [visibility=TEXT] [repos=LIST]",
        "Write a secret of an organization: all, private, or selected with its repos.",
    ),
    Verb("delete_org_secret", "org=TEXT name=TEXT [store=TEXT]", "Delete a secret of an organization."),
    Verb("reveal_org", "org=TEXT [store=TEXT]", "Print an organization's decrypted values by name."),
    Verb(
        "org_audience",
        "org=TEXT name=TEXT [store=TEXT]",
        "Print who sees an organization's secret, or with store=variables its variable.",
    ),
    Verb("set_variable", "full_name=TEXT name=TEXT value=TEXT [environment=TEXT]", "Write a variable."),
    Verb("delete_variable", "full_name=TEXT name=TEXT [environment=TEXT]", "Delete a variable."),
    Verb("variables", "full_name=TEXT [environment=TEXT]", "Print variables by name."),
    Verb(
        "set_org_variable",
        "org=TEXT name=TEXT value=TEXT [visibility=TEXT] [repos=LIST]",
        "Write a variable of an organization.",
    ),
    Verb("delete_org_variable", "org=TEXT name=TEXT", "Delete a variable of an organization."),
    Verb("org_variables", "org=TEXT", "Print an organization's variables by name."),
)
_FILES: Final = (
    Verb("read_file", "full_name=TEXT path=TEXT [branch=TEXT]", "Print a file of a branch, main unless named."),
    Verb(
        "edit_file",
        "full_name=TEXT path=TEXT text=TEXT [branch=TEXT] [message=TEXT]",
        "Commit a file's new text; a branch that is missing is made.",
    ),
    Verb("delete_file", "full_name=TEXT path=TEXT [branch=TEXT] [message=TEXT]", "Commit the deletion of a file."),
    Verb("history", "full_name=TEXT [branch=TEXT]", "Print the messages of a branch's commits, oldest first."),
    Verb("branches", "full_name=TEXT", "Print the names of the branches."),
    Verb("delete_branch", "full_name=TEXT branch=TEXT", "Delete a branch."),
    Verb(
        "protect_branch",
        "full_name=TEXT branch=TEXT [by=TEXT]",
        "Let a branch refuse pushes, by protection or by rules; by= ends that.",
    ),
)
_WORKFLOWS: Final = (
    Verb(
        "set_workflow_state",
        "full_name=TEXT path=TEXT [state=TEXT]",
        "Disable a workflow by its file, or make it active again: disabled_manually, _inactivity, _fork, or active.",
    ),
    Verb(
        "set_default_permissions",
        "full_name=TEXT level=TEXT",
        "Say what a workflow without a permissions block may: read or write.",
    ),
    Verb("set_immutable_subject", "full_name=TEXT [immutable=BOOL]", "Let the subject of OIDC tokens carry ids."),
    Verb(
        "set_subject_template",
        "full_name=TEXT [keys=LIST]",
        "Make the subject of OIDC tokens of these claims; without keys, GitHub's own form again.",
    ),
    Verb("disable_repo", "full_name=TEXT [disabled=BOOL]", "Disable a repository as GitHub's staff does."),
    Verb(
        "add_run",
        "full_name=TEXT path=TEXT [jobs=JSON] [conclusion=TEXT] [event=TEXT] [actor=TEXT] [branch=TEXT] [commit=TEXT] "
        "[fork=BOOL] [created=N]",
        "Let a workflow have run; prints the run's id. jobs: objects with name, conclusion, steps (pairs of name and "
        "conclusion) and annotations.",
    ),
    Verb("delete_run", "full_name=TEXT run=N", "Delete a run."),
    Verb(
        "set_dispatched",
        "full_name=TEXT path=TEXT [ends=TEXT] [seconds=SECONDS]",
        "Say how dispatched runs of a workflow end: well, red, refused (by Anthropic), skipped (the step of Claude) "
        "or never; after a minute unless told.",
    ),
)
_ISSUES: Final = (
    Verb("open_issue", "full_name=TEXT title=TEXT [body=TEXT] [author=TEXT]", "Open an issue; prints its number."),
    Verb(
        "open_pull",
        "full_name=TEXT [branch=TEXT] [head=TEXT] [sha=TEXT] [title=TEXT] [author=TEXT]",
        "Open a pull request; prints its number. head: the repository that has the branch, such as a fork.",
    ),
    Verb("push_pull", "full_name=TEXT number=N sha=TEXT", "Give the branch of a pull request a new commit."),
    Verb("close_issue", "full_name=TEXT number=N [closed=BOOL]", "Close an issue or a pull request, or open it again."),
    Verb("lock_issue", "full_name=TEXT number=N [locked=BOOL]", "Lock a conversation, or unlock it."),
    Verb("enable_issues", "full_name=TEXT [enabled=BOOL]", "Switch the issues of a repository on or off."),
    Verb("add_comment", "full_name=TEXT number=N body=TEXT [author=TEXT]", "Comment; prints the comment's id."),
    Verb("comments", "full_name=TEXT number=N", "Print the comments of an issue or a pull request."),
    Verb("read_comment", "full_name=TEXT number=N", "Print the text of the newest comment."),
    Verb("issues", "full_name=TEXT", "Print the issues of a repository."),
)
_TOKENS: Final = (
    Verb(
        "add_token",
        "text=TEXT [kind=TEXT] [login=TEXT] [secrets=TEXT] [scopes=LIST] [repos=LIST] [role=TEXT] [expires=N] "
        "[sso=BOOL] [permissions=MAP] [name=TEXT] [owner=TEXT]",
        "Make a token known: classic, fine-grained, app or workflow.",
    ),
    Verb("revoke_token", "text=TEXT", "Let a token get a 401 from now on."),
    Verb(
        "create_app",
        "slug=TEXT key=TEXT [permissions=MAP] [owner=TEXT]",
        "Register a GitHub App with its key, such as key=@app.pem; prints its ids.",
    ),
    Verb(
        "install_app",
        "slug=TEXT owner=TEXT [permissions=MAP] [repos=LIST]",
        "Install an App, or change what it was given; prints the installation's id.",
    ),
    Verb("suspend_app", "slug=TEXT owner=TEXT [suspended=BOOL]", "Suspend an installation, or end that."),
    Verb("uninstall_app", "slug=TEXT owner=TEXT", "Take an App from an owner, with its tokens."),
    Verb("revoke_app_tokens", "slug=TEXT owner=TEXT", "Revoke an installation's tokens; prints how many."),
    Verb("minted_tokens", "", "Print each token that was minted for an installation, and what it may do."),
)
_ANTHROPIC: Final = (
    Verb(
        "add_anthropic_key",
        "text=TEXT [name=TEXT] [organization=TEXT] [workspace=TEXT] [expires=SECONDS] [creator=TEXT] [rights=BOOL]",
        "Let Anthropic know a key, an Admin key if it begins like one; prints its id. expires: seconds from now.",
    ),
    Verb("set_anthropic_key", "text=TEXT status=TEXT", "Let a key be active, inactive, archived or expired."),
    Verb(
        "use_anthropic_key",
        "text=TEXT [tokens=N] [ago=SECONDS]",
        "Let a key have been used, which Anthropic's report of usage shows; ago: how long since.",
    ),
)
_BEHAVIOUR: Final = (
    Verb("advance", "seconds=SECONDS", "Put the sandbox's clock forward."),
    Verb(
        "settings",
        "[latency=SECONDS] [lag_reads=N] [lag_seconds=SECONDS] [late_stamp=N] [per_page=N] [token_life=N] "
        "[computed_etags=BOOL] [unchanged_links=BOOL] [graphql=BOOL] [graphql_bytes=N] [usage_lag=SECONDS]",
        "Change what requests take, how far lists are behind writes, how long a page is, how long tokens live, whether "
        "ETags can be computed, whether a 304 says where its list goes on, whether there is GraphQL, and how far "
        "Anthropic's report of usage is behind.",
    ),
    Verb(
        "limits",
        "[enabled=BOOL] [primary=N] [points=N] [per_repo=N] [in_flight=N] [content=BOOL] [content_minute=N] "
        "[content_hour=N] [status=N] [tell_wait=BOOL]",
        "Change GitHub's rate limits. content: whether writes count as content, 80 a minute and 500 an hour.",
    ),
    Verb(
        "add_fault",
        "match=TEXT kind=TEXT [times=N] [status=N] [retry_after=N] [message=TEXT] [seconds=SECONDS] [after=N] "
        "[verb=TEXT] [arguments=JSON]",
        "Let requests fail that match, such as match='^PUT '. kind: status, reset_before, reset_after, hang, slow_body"
        ", truncated, proxy, cut, partial, wrong_key, unusable_key, endless, or then, which does a verb.",
    ),
    Verb("clear_faults", "", "Drop all faults that wait."),
    Verb("log", "", "Print the latest requests: who asked what."),
    Verb("stats", "", "Print how many requests there were, by path and by status."),
    Verb("reset_stats", "", "Begin to count and to log anew."),
)
GROUPS: Final[Mapping[str, tuple[Verb, ...]]] = {
    "Repositories": _REPOSITORIES,
    "Owners, teams and properties": _OWNERS,
    "Secrets and variables": _SECRETS,
    "Files and branches": _FILES,
    "Workflows and their runs": _WORKFLOWS,
    "Issues, pull requests and comments": _ISSUES,
    "Tokens and Apps": _TOKENS,
    "Anthropic's keys": _ANTHROPIC,
    "Clock, limits, faults and log": _BEHAVIOUR,
}
VERBS: Final[Mapping[str, Verb]] = {verb.name: verb for verbs in GROUPS.values() for verb in verbs}

"""The world behind the sandbox, and everything that can be done to it behind GitHub's API."""

from flowforge.sandbox.rules.access import Token
from flowforge.sandbox.rules.traffic import Logged
from flowforge.sandbox.world.edit_actions import ActionsVerbs
from flowforge.sandbox.world.edit_anthropic import AnthropicVerbs
from flowforge.sandbox.world.edit_apps import AppVerbs
from flowforge.sandbox.world.edit_files import FileVerbs
from flowforge.sandbox.world.edit_issues import IssueVerbs
from flowforge.sandbox.world.edit_organizations import OrganizationVerbs
from flowforge.sandbox.world.edit_repos import RepositoryVerbs
from flowforge.sandbox.world.edit_runs import RunVerbs
from flowforge.sandbox.world.edit_secrets import SecretVerbs
from flowforge.sandbox.world.model import Stats


class World(
    RepositoryVerbs,
    OrganizationVerbs,
    SecretVerbs,
    FileVerbs,
    ActionsVerbs,
    AppVerbs,
    IssueVerbs,
    RunVerbs,
    AnthropicVerbs,
):
    """Everything the sandbox knows. Every method is thread-safe; repositories are named `owner/name`, in any case.

    Methods raise KeyError for what is not there and ValueError for a name that cannot be had. What they do is not a
    request: nothing is counted, no limit spent, no permission asked. The parts (`limits`, `faults`, `settings`,
    `clock`) may be changed directly, at any time; `lock` guards `directory`, `apps` and what is in them.
    """

    def add_token(self, text: str, token: Token) -> None:
        """Add a token, or change what a known one may do."""
        self.tokens.tokens[text] = token

    def revoke_token(self, text: str) -> None:
        """Remove a token. It gets a 401 from now on."""
        self.tokens.tokens.pop(text, None)

    def stats(self) -> Stats:
        """Count what was asked since the last reset."""
        requests, statuses = self.traffic.counts()
        return Stats(requests, statuses, *self.limits.counts())

    def log(self) -> list[Logged]:
        """Return the latest requests, oldest first."""
        return self.traffic.log()

    def reset_stats(self) -> None:
        """Start counting and logging again. What an account has used of its limits stays used."""
        self.traffic.reset()
        self.limits.reset_counts()

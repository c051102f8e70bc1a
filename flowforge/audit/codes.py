"""The table of findings: what each code means, how grave it is, why, and what to do. The codes are public.

A new code is a row here, a function in the file of its family, and a sentence in docs/audit.md; `make docs` makes its
section of docs/findings.md, and what `flowforge explain` says of it. `{…}` in a text stands
for what differs; what comes from a workflow is quoted before it is put there, and no text of a literal ever is.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from flowforge.data_class import dataclass


class Severity(StrEnum):
    """How grave a finding is; in the order of gravity."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 is the gravest."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Code:
    """A row of the table."""

    code: str
    level: Severity
    what: str
    why: str
    fix: str


def _rows(level: Severity, *rows: tuple[str, str, str, str]) -> tuple[Code, ...]:
    return tuple(Code(code, level, what, why, fix) for code, what, why, fix in rows)


_ERRORS: Final = _rows(
    Severity.ERROR,
    (
        # docs.github.com, "Secrets": what is not set is an empty text, without a word in the log.
        "missing-secret",
        "there is no secret {name} that this reads",
        "GitHub gives an empty text for a secret that is not there, and Claude refuses to start without a credential",
        "set {name} {place}, or name one that is there",
    ),
    (
        "missing-variable",
        "there is no variable {name} that this reads",
        "GitHub gives an empty text for a variable that is not there, and without it there is no workload identity",
        "set the Actions variable {name}",
    ),
    (
        # A key goes as X-Api-Key, a token as Bearer (code.claude.com/docs, authentication).
        "wrong-kind",
        "{input} takes {wanted}, and {holds}",
        "Claude sends a key and a token in different ways, so the API refuses the one in the place of the other",
        "pass it as {instead}, or put {wanted} there",
    ),
    (
        # Which way an action reads stands in its action.yml; workflows/actions.py has the table.
        "credential-not-read",
        "{action} does not read {input}",
        "{reason}",
        "{remedy}",
    ),
    (
        # The text of base-action/src/validate-env.ts since v1.0.130, for those who search for their log.
        "no-credential",
        "{action} is given no credential{withheld}",
        "it ends with: Either ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, or workload identity federation is required",
        "{remedy}",
    ),
    (
        # base-action/src/validate-env.ts refuses one without the other. The other ids are optional.
        "identity-incomplete",
        "a workload identity is given {has} without {lacking}",
        "it needs both the federation rule and the organization",
        "pass {lacking} too",
    ),
    (
        # src/github/token.ts fetches it; of a called workflow the caller's permissions are the upper bound.
        "id-token-missing",
        "the permissions of this {block} lack `id-token: write`",
        "{reason}",
        "add `id-token: write` to the permissions of the job{also}",
    ),
    (
        # code.claude.com/docs, headless: `--bare` never reads the token. The review's action.yml has a key alone.
        "oauth-not-accepted",
        "{action} takes no OAuth token",
        "{reason}",
        "pass an API key",
    ),
    (
        "literal-credential",
        "a credential is written out in this file",
        "whoever can read the repository has it",
        "revoke it, store a new one as a secret, and write ${{{{ secrets.NAME }}}} here",
    ),
    (
        # docs.github.com, actions/reference/limits.
        "workflow-too-large",
        "the file has {size:,} bytes",
        "GitHub never starts a workflow whose file is larger than 500 KB",
        "split it, or call workflows of their own",
    ),
)
_WARNINGS: Final = _rows(
    Severity.WARNING,
    (
        # The order is Claude Code's (authentication); the action says nothing of this pair.
        "both-set",
        "an API key and an OAuth token are both passed",
        "the API key wins, and is billed, whatever the token is",
        "pass the one that is meant",
    ),
    (
        # base-action/src/workload-identity.ts. Judged by the step: a secret that it does not name hides nothing.
        "identity-shadowed",
        "a workload identity is passed beside {input}",
        "the key or token takes precedence, so the identity is not used",
        "take {input} out",
    ),
    (
        "dependabot-without-secret",
        "Dependabot's runs reach this, and their store has no secret {name}",
        "a run that Dependabot starts reads the Dependabot store alone",
        "set {name} in the store dependabot too, or keep Dependabot out with `if: github.actor != 'dependabot[bot]'`",
    ),
    (
        # zizmor's docs, secrets-outside-env, as of March 2026.
        "environment-secret-not-inherited",
        "the called job names the environment {environment}, and its caller does not hand on its secrets by `inherit`",
        "in a called workflow an environment's secret is empty unless the caller says `secrets: inherit`",
        "write `secrets: inherit` where the workflow is called, or set {name} at the repository",
    ),
    (
        # docs.github.com: environment before repository before organization.
        "shadows-organization",
        "the repository's secret {name} hides the organization's of the same name",
        "the nearer one wins, so a rotation of the organization's does not arrive here",
        "delete the repository's, unless it is meant",
    ),
    (
        # pull_request_target and workflow_run run with the secrets of the base; pull_request of a fork has none.
        "credential-in-reach-of-fork",
        "a fork's run checks out the fork's code in a job that holds a Claude credential",
        "on {event} the run has the secrets, and the code that it checks out can read them",
        "run on pull_request, check out the base, or admit only branches of this repository",
    ),
    (
        # Until v1.0.172 (commit 972a5120) a 401 ended as a success: base-action/src/run-claude-sdk.ts.
        "dead-credential-looks-green",
        "{reason}",
        "a refused credential ends in a green check here, so nobody hears of it",
        "{remedy}",
    ),
    (
        # No error: the runner warns of an unexpected input, and goes on without it.
        "inputs-unknown-to-pin",
        "the input {input} is not known to {action} at this version",
        "it came with {since}, and an unknown input is ignored",
        "pin {since} or later",
    ),
    (
        "secret-writer",
        "this {writes_or_deletes} the secret {name} at GitHub",
        "a second writer beside FlowForge undoes what the other has written",
        "let the manifest write it, and take this out",
    ),
    (
        # docs.github.com, actions/reference/security/oidc. The reason of a 401 stands in the Console's history alone.
        "identity-subject",
        "this repository's OIDC subject carries ids, and a federation rule by names cannot match it",
        "repositories made since 2026-07-15 have `repo:OWNER@ID/REPO@ID:…`; the refusal is a 401 without a reason",
        "let the rule pin claims.repository_id, as `flowforge identity rules` prints it",
    ),
    (
        # src/entrypoints/run.ts asks for a human actor first, so the credential is never tried.
        "bot-not-allowed",
        "runs of {login} reach this, and `allowed_bots` does not name it",
        "the action refuses a bot before it looks at the credential",
        "add it: `allowed_bots: {bare}`",
    ),
    (
        # They begin as the token of a year does (sk-ant-oat), so only the names of inputs and variables tell.
        "login-tokens",
        "the tokens of a login are passed: {input}",
        "they live for hours, and each refresh replaces them",
        "run `claude setup-token`, and pass claude_code_oauth_token",
    ),
    (
        "unreadable-file",
        "this file cannot be read: {reason}",
        "GitHub cannot read it either, or reads something else in it",
        "mend it",
    ),
)
_NOTES: Final = _rows(
    Severity.NOTE,
    (
        # No more than a note: a script, or a workflow that calls from elsewhere, may read it unseen.
        "not-referenced",
        "no workflow here reads the secret {name}",
        "it may have been left behind, or something outside of the workflows reads it",
        "delete it if nobody needs it",
    ),
    (
        # code.claude.com/docs, github-actions. No fault of the workflow, hence a note.
        "fork-without-secret",
        "pull requests of forks reach this and get no secrets",
        "GitHub withholds secrets from runs that a fork's pull request starts",
        "skip forks with `if: github.event.pull_request.head.repo.full_name == github.repository`",
    ),
    (
        # By the tags of anthropics/claude-code-action it is v0.0.63, of 2025-08-22.
        "beta-pin",
        "@beta has stood at v0.0.63 since August 2025",
        "it knows no workload identity, and a refused credential is a green check there",
        "move to @v1",
    ),
    (
        "identity-literal",
        "the id {input} is written out",
        "an id is no secret; as a variable it can be changed in one place",
        "make it an Actions variable, if several repositories share it",
    ),
    (
        "identity-as-secret",
        "the id {input} comes from a secret",
        "an id is no secret, and GitHub shows nobody what a secret holds",
        "make it an Actions variable",
    ),
    (
        "gated",
        "there is no secret {name}, and without it this is skipped",
        "a check of its presence stands before it",
        "set {name} if it should run",
    ),
    ("workflow-disabled", "this workflow is disabled", "GitHub does not start it", "enable it if it should run"),
    (
        "cannot-know",
        "nobody can tell from here what this reads: {reason}",
        "names are computed when it runs, or stand in a file that was not read",
        "look at it yourself",
    ),
)
CODES: Final[Mapping[str, Code]] = MappingProxyType({row.code: row for row in (*_ERRORS, *_WARNINGS, *_NOTES)})

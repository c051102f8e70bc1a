"""The texts with which a run of Claude on GitHub fails, as users meet them in a log: why, how to check, what to do.

The texts are those of anthropics/claude-code-action (src/, base-action/src), of Claude Code (its page of errors and its
messages) and of reports in their issues, up to September 2026. `*` stands for what differs from run to run.
"""

from typing import Final, NamedTuple


class RunFailure(NamedTuple):
    """A way in which a run fails."""

    texts: tuple[str, ...]
    """What the log says, one form each."""
    cause: str
    """Why."""
    check: str
    """How to make sure that it is this."""
    fix: str
    """What to do."""


_ONLY_OF_ITS_KIND: Final = (
    "let `flowforge plan` look at the value: it says what does not look like its type; then replace it at its source, "
    "and say `flowforge apply`"
)
_PASTE_ANEW: Final = (
    "run `claude setup-token`, paste what it prints whole and on one line where the manifest has it from, and say "
    "`flowforge apply`"
)

FAILURES: Final = (
    RunFailure(
        (
            "Invalid bearer token",
            "OAuth access token is invalid",
            "Invalid authentication credentials",
        ),
        "Anthropic does not know the token: it was cut where the terminal wrapped it, it was revoked, it is one of a "
        "login and not of `claude setup-token`, or Anthropic refuses it although it is well formed",
        "compare its length: a token of `claude setup-token` has some 108 characters and begins with sk-ant-oat01-; "
        "a piece of 79 or 80 characters is one line of it; `claude auth status` does not tell whether it is valid",
        f"{_PASTE_ANEW}; if a fresh one is refused too, use an API key or a workload identity",
    ),
    RunFailure(
        (
            "OAuth token has expired",
            "Please obtain a new token or refresh your existing token",
        ),
        "the token is older than the year that it is valid for, or it is one of a login, which lasts some hours",
        "say `flowforge plan -v`: it knows the age of what has `issued` in the manifest",
        f"{_PASTE_ANEW}; write the day under `issued`, so that plan warns before it ends",
    ),
    RunFailure(
        (
            "OAuth token revoked",
            "Please run /login",
            "Not logged in",
        ),
        "Claude Code found no credential that it may use: none came, or the token was revoked",
        "look in the workflow for the secret's name, and in `flowforge plan -v` for the same name in that "
        "repository: they must be the same, in a store that this run can read",
        "name the secret in the workflow as the manifest does; if the token was revoked, replace it at its source; "
        "then say `flowforge apply`",
    ),
    RunFailure(
        (
            "Invalid API key",
            "Fix external API key",
            "invalid x-api-key",
        ),
        "Anthropic does not know the key: it was deleted or switched off, it is no API key but a token of `claude "
        "setup-token`, or it goes to another host than the one that it belongs to",
        "the value of ANTHROPIC_API_KEY must begin with sk-ant-api03-; its status stands in the Claude Console",
        _ONLY_OF_ITS_KIND,
    ),
    RunFailure(
        (
            "Header '*' has invalid value",
            "Invalid auth token · Fix external auth token",
            "Invalid Authorization header value from",
            "it contains a line break at character",
        ),
        "the value has a character that no header may have: a line end from a paste or an `echo`, a NUL, or one that "
        "looks like a letter",
        "`flowforge plan` refuses such a value before it is written, and says at which character",
        "remove it at the source, then say `flowforge apply`",
    ),
    RunFailure(
        (
            "Claude execution failed: result is_error:true",
            "result is_error:true",
            "Claude result reported subtype success with is_error:true",
        ),
        "Claude ended with an error that the log does not show; most often the credential was refused. Before "
        "v1.0.172 of the action the same was a green check",
        "run it again with `show_full_output: true` under `with:`, in a repository whose logs nobody else reads, and "
        "explain what it says then",
        "pin the action at v1.0.172 or later; replace the credential if it was refused",
    ),
    RunFailure(
        (
            "Either ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, or workload identity federation * is required",
            "Either ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN is required when using direct Anthropic API",
            "Environment variable validation failed",
            "Could not resolve authentication method",
        ),
        "the action got no credential: the secret has another name than the workflow says, or it is not in the store "
        "that this run reads. A run of Dependabot reads Dependabot's secrets, one of a fork reads none, and an "
        "environment's secret is read by jobs with that `environment:` alone",
        "compare the name after `secrets.` in the workflow with `flowforge plan -v`; look who started the run",
        "name the same secret in both; add `dependabot` to the `stores` of the target where Dependabot's pull "
        "requests are to be served; give a called workflow its secrets with `secrets:`",
    ),
    RunFailure(
        ("Workload identity federation requires both ANTHROPIC_FEDERATION_RULE_ID and ANTHROPIC_ORGANIZATION_ID",),
        "one of the two variables is missing, or the workflow names another",
        "`flowforge plan -v` lists both for a target whose credential is an anthropic_workload_identity",
        "let FlowForge write them, and name them in the workflow as `vars.…`, not as `secrets.…`",
    ),
    RunFailure(
        (
            "Could not fetch an OIDC token",
            "Did you remember to add `id-token: write` to your workflow permissions?",
            "Failed to fetch a GitHub Actions OIDC token for workload identity federation",
        ),
        "the job may not ask GitHub for a token of its own: `id-token: write` is missing, or the workflow that calls "
        "this one does not pass it on",
        "look at `permissions:` of the job, of the workflow, and of whatever calls it",
        "add `id-token: write` to each of them, or pass `github_token:` where no workload identity is used",
    ),
    RunFailure(
        (
            "Authentication failed",
            "Ensure your federation rule matches your identity token",
        ),
        "Anthropic's exchange says nothing more: the federation rule does not fit this run, the identity token was "
        "used a second time, or the repository is one whose subject has numbers (repo:OWNER@ID/REPO@ID), as those "
        "made, renamed or moved since July 2026 have",
        "the reason stands in the history of the rule in the Claude Console; there `jti_reused` is a second use",
        "let the rule match repository_id and repository_owner_id, as `flowforge identity rules` prints it; use "
        "v1.0.181 of the action or later",
    ),
    RunFailure(
        (
            "Workload identity federation inputs are set alongside anthropic_api_key or claude_code_oauth_token",
            "so federation will not be used",
        ),
        "the same step passes a key or a token too, and that wins",
        "look for `anthropic_api_key:` and `claude_code_oauth_token:` in the step, and for their variables in its "
        "`env:`",
        "take them out of the step; then list the secret under `absent:` and say `flowforge apply`",
    ),
    RunFailure(
        ("Skipping action due to workflow validation",),
        "the workflow is not on the default branch as it is here, so the action does nothing, and the check is green",
        "a pull request that adds or changes the workflow cannot prove that its secret works",
        "merge it, then let it run once",
    ),
    RunFailure(
        ("Credit balance is too low",),
        "the organization of this API key has no credit; where both are set, a key wins over a token of a subscription",
        "look whether the workflow passes ANTHROPIC_API_KEY where the subscription was meant",
        "buy credit, or list ANTHROPIC_API_KEY under `absent:` and say `flowforge apply`",
    ),
    RunFailure(
        ("You have reached your specified workspace API usage limits",),
        "the key is valid, and its workspace has spent what it may",
        "the limit stands in the Claude Console, under the workspace",
        "raise it there, or wait until it begins anew",
    ),
    RunFailure(
        ("Your ANTHROPIC_API_KEY belongs to a disabled organization",),
        "the organization that made the key was closed or switched off",
        "look in the Claude Console which organization the key is from",
        "make a key in one that is in use, put it where the manifest has it from, and say `flowforge apply`",
    ),
    RunFailure(
        ("Your organization has disabled API key authentication",),
        "an administrator of the organization admits no API keys",
        "ask who administers it at Anthropic",
        "use a workload identity, or have keys admitted",
    ),
    RunFailure(
        (
            "Your organization has disabled Claude subscription access for Claude Code",
            "oauth_org_not_allowed",
        ),
        "an administrator of the organization admits no subscriptions in Claude Code; no token of one works, however "
        "new",
        "ask who administers it at Anthropic",
        "use an API key or a workload identity",
    ),
    RunFailure(
        ("The github_ci MCP server requires 'actions: read' permission",),
        "the job may not read runs of Actions; it is also said where a key is over its limit",
        "look at `permissions:` of the job, and at the limit of the key in the Claude Console",
        "add `actions: read` if Claude is to read CI",
    ),
    RunFailure(
        (
            "AWS_REGION is required when using AWS Bedrock",
            "Either AWS_BEARER_TOKEN_BEDROCK or both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are required",
            "is required when using Google Vertex AI",
            "Either ANTHROPIC_FOUNDRY_RESOURCE or ANTHROPIC_FOUNDRY_BASE_URL is required when using Microsoft Foundry",
        ),
        "the workflow uses Claude through a cloud, and what that cloud needs did not come; a credential of "
        "Anthropic's is not looked at there",
        "look for use_bedrock, use_vertex or use_foundry in the workflow",
        "set what the text names, or take that input out to use Anthropic's API",
    ),
)

"""Workflows of a repo that moves to a workload identity, and why its key has to stay; empty where it may go."""

from typing import Final

KEY, RULE, ORG = "ANTHROPIC_API_KEY", "ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID"
FILE = ".github/workflows/claude.yml"
HEAD = """\
on: workflow_dispatch
permissions: {contents: read, id-token: write}
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
"""
STEP = "      - uses: anthropics/claude-code-action@v1\n        with:\n          prompt: Hello\n"
BY_KEY = f"          anthropic_api_key: ${{{{ secrets.{KEY} }}}}\n"
BY_RULE = f"          anthropic_federation_rule_id: ${{{{ vars.{RULE} }}}}\n"
BY_IDENTITY = f"{BY_RULE}          anthropic_organization_id: ${{{{ vars.{ORG} }}}}\n"
MOVED = HEAD + STEP + BY_IDENTITY
PASSES = f"{FILE}:7 still passes it"
LACKS = f"{FILE}:7 is not given the workload identity, or does not read it"
WORKFLOWS: Final[dict[str, tuple[str, str]]] = {
    "moved": (MOVED, ""),
    "by the key alone": (HEAD + STEP + BY_KEY, PASSES),
    "by both": (MOVED + BY_KEY, PASSES),
    "by neither": (HEAD + STEP, LACKS),
    "the rule alone": (HEAD + STEP + BY_RULE, LACKS),
    "before federation": (MOVED.replace("@v1\n", "@v1.0.100\n"), LACKS),
    "a commit that nobody knows": (
        MOVED.replace("@v1\n", f"@{'0' * 40}\n"),
        f"{FILE}:7 is not known to read a workload identity: pin a release",
    ),
    "without the permission": (
        MOVED.replace(", id-token: write", ""),
        f"{FILE}:2 the permissions of this workflow lack `id-token: write`",
    ),
    "a variable that nobody sets": (
        MOVED.replace(f"vars.{ORG}", "vars.OTHER"),
        f"{FILE}:7 there is no variable OTHER that this reads",
    ),
    "a script beside it": (
        f"{MOVED}      - run: python ask.py\n        env: {{ANTHROPIC_API_KEY: '${{{{ secrets.{KEY} }}}}'}}\n",
        f"{FILE}:12 still passes it",
    ),
    "the env of a job": (
        MOVED.replace("    steps:", f"    env: {{MINE: '${{{{ secrets.{KEY} }}}}'}}\n    steps:"),
        f"{FILE} still names it",
    ),
    "names that are computed": (
        f"{MOVED}      - run: echo '${{{{ toJSON(secrets) }}}}'\n",
        f"{FILE} computes the names of secrets, and this may be one of them",
    ),
    "everything handed on": (
        f"{MOVED}  other:\n    uses: else/where/.github/workflows/x.yml@v1\n    secrets: inherit\n",
        f"{FILE}:13 hands every secret on (`secrets: inherit`), and the workflow is in another",
    ),
    "no YAML": ("on: [", f"{FILE} could not be read: "),
    "a review that takes no identity": (
        HEAD
        + "      - uses: anthropics/claude-code-security-review@main\n"
        + f"        with: {{claude-api-key: '${{{{ secrets.{KEY} }}}}'}}\n",
        PASSES,
    ),
    "Bedrock beside it": (f"{MOVED}{STEP}          use_bedrock: 'true'\n", ""),
    "what nothing reaches": (f"{MOVED}{STEP.replace('with:', 'if: false' + chr(10) + '        with:')}", ""),
    "no Claude at all": ("on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n", ""),
}

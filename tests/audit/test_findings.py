"""Each code of the table by the smallest workflow that has it, and by one like it that has not."""

import json
from typing import Any, Final

import pytest

from flowforge.audit.codes import CODES
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts, StoreNames
from flowforge.resources import schema_text

W: Final = ".github/workflows/"
A1: Final = "anthropics/claude-code-action@v1"
BASE: Final = "anthropics/claude-code-base-action@main"
KEY: Final = "anthropic_api_key: '${{ secrets.KEY }}'"
TOKEN: Final = "claude_code_oauth_token: '${{ secrets.TOKEN }}'"
RULE: Final = "anthropic_federation_rule_id: '${{ vars.RULE }}'"
ORG: Final = "anthropic_organization_id: '${{ vars.ORG }}'"
HAS_KEY: Final = RepoFacts(stores=StoreNames(frozenset({"KEY"})))
EMPTY: Final = RepoFacts(stores=StoreNames())
OUTCOME: Final = ", id: c}, {if: steps.c.outcome == 'failure', run: exit 1"
HEAD_SHA: Final = "{uses: actions/checkout@v4, with: {ref: '${{ github.event.pull_request.head.sha }}'}}"

SHA_TEXT: Final = "${{ github.event.pull_request.head.sha }}"
SHA: Final = f'SHA: "{SHA_TEXT}"'
FETCHES: Final = ("checkout", "checkout -q", "switch -d", "switch --detach")


def _uses(with_: str = "", uses: str = A1, more: str = "") -> str:
    return f"{{uses: {uses}, with: {{{with_}}}{more}}}"


def _run(script: str, env: str = "") -> str:
    return f"{{run: '{script}', env: {{{env}}}}}"


def _file(*steps: str, on: str = "issue_comment", top: str = "permissions: {id-token: write}", job: str = "") -> str:
    return f"on: {on}\n{top}\njobs:\n  a:\n    {job or 'runs-on: x'}\n    steps: [{', '.join(steps)}]\n"


def _codes(text: str, facts: RepoFacts, **others: str) -> set[str]:
    files = {W + "a.yml": text, **{W + name + ".yml": other for name, other in others.items()}}
    return {each.code for each in audit(files, facts).findings}


PATH: Final = RepoFacts()
SAME: Final = "github.event.pull_request.head.repo.full_name == github.repository"
NAMED: Final = RepoFacts(types={"KEY": "claude_code_oauth_token"})
WIF_OLD: Final = _uses(f"{RULE}, {ORG}", uses="anthropics/claude-code-action@v1.0.100")
LITERAL: Final = "sk-ant-" + "api03-" + "A1b2C3d4" * 6
LITERAL_OAUTH: Final = "sk-ant-" + "oat01-" + "A1b2C3d4" * 6
CHECKED: Final = 'if [ -z "$ANTHROPIC_API_KEY" ]; then exit 0; fi; claude -p x'
HIDDEN: Final = RepoFacts(stores=StoreNames(frozenset({"KEY"}), organization=frozenset({"KEY"})))
BOT_HAS: Final = RepoFacts(stores=StoreNames(frozenset({"KEY"}), frozenset({"KEY"})))
ONLY_BOT: Final = "if: github.actor == 'dependabot[bot]'"
ENV_KEY: Final = "ANTHROPIC_API_KEY: '${{ secrets.KEY }}'"
ENV_TOKEN: Final = "CLAUDE_CODE_OAUTH_TOKEN: '${{ secrets.TOKEN }}'"
ENV_WIF: Final = "env: {ANTHROPIC_FEDERATION_RULE_ID: '${{ vars.R }}', ANTHROPIC_ORGANIZATION_ID: '${{ vars.O }}'}"
MUST: Final = {
    "missing-secret": [(_file(_uses(KEY)), EMPTY), (_file(_run("claude -p x", ENV_KEY)), EMPTY)],
    "missing-variable": [(_file(_uses(f"{RULE}, {ORG}")), EMPTY)],
    "wrong-kind": [
        (_file(_uses(KEY)), NAMED),
        (_file(_uses(f"anthropic_api_key: {LITERAL_OAUTH}")), PATH),
        (_file(_uses("anthropic_api_key: '${{ secrets.GITHUB_TOKEN }}'")), PATH),
    ],
    "credential-not-read": [
        (_file(_uses(uses=BASE), job=f"env: {{{ENV_KEY}}}"), PATH),
        (_file(_uses(), job=ENV_WIF), PATH),
        (_file(_uses(uses="anthropics/claude-code-action@v1.0.145"), job=f"env: {{{ENV_KEY}}}"), PATH),
        (_file(_uses(KEY, uses="anthropics/claude-code-security-review@main")), PATH),
    ],
    "no-credential": [
        (_file("{uses: hashicorp/vault-action@v3}", _uses(uses=BASE)), PATH),
        (_file(_uses("prompt: x")), PATH),
        (_file(_uses("anthropic_api_key: ''")), PATH),
    ],
    "identity-incomplete": [(_file(_uses(RULE)), PATH), (_file(_uses(ORG)), PATH)],
    "id-token-missing": [
        (_file(_uses(KEY), top="permissions: {contents: read}"), PATH),
        (_file(_uses(f"{RULE}, {ORG}, github_token: x"), top="permissions: {}"), PATH),
        (_file(_uses(KEY), top="name: x"), RepoFacts(default_permission="read")),
    ],
    "oauth-not-accepted": [
        (_file(_run("claude --bare -p x", ENV_TOKEN)), PATH),
        (_file(_uses("claude-code-oauth-token: x", uses="anthropics/claude-code-security-review@main")), PATH),
    ],
    "literal-credential": [
        (_file(_uses(f"anthropic_api_key: {LITERAL}")), PATH),
        (_file(_run(f"export ANTHROPIC_API_KEY={LITERAL}")), PATH),
        (_file(_uses(f"anthropic_api_key: '{LITERAL} x'")), PATH),
        (_file(_uses(f"other: {LITERAL}")), PATH),
    ],
    "workflow-too-large": [("# " + "x" * 600_000, PATH)],
    "both-set": [
        (_file(_uses(f"{KEY}, {TOKEN}")), PATH),
        (_file(_run("claude -p x", f"{ENV_KEY}, {ENV_TOKEN}")), PATH),
    ],
    "identity-shadowed": [(_file(_uses(f"{KEY}, {RULE}, {ORG}")), PATH)],
    "dependabot-without-secret": [(_file(_uses(KEY), on="pull_request"), HAS_KEY)],
    "shadows-organization": [(_file(_uses(KEY)), HIDDEN)],
    "credential-in-reach-of-fork": [
        (_file(HEAD_SHA, _uses(KEY), on="pull_request_target"), PATH),
        *[(_file(_run(f"git {word} $SHA", SHA), _uses(KEY), on="pull_request_target"), PATH) for word in FETCHES],
        *[(_file(_run(f"git {word} {SHA_TEXT}"), _uses(KEY), on="pull_request_target"), PATH) for word in FETCHES],
        (_file(_run("gh pr checkout 1"), _uses(KEY), on="pull_request_target"), PATH),
    ],
    "dead-credential-looks-green": [
        (_file(_uses(KEY, uses="anthropics/claude-code-action@v1.0.171")), PATH),
        (_file(_uses(KEY, more=", continue-on-error: true")), PATH),
    ],
    "inputs-unknown-to-pin": [(_file(WIF_OLD), PATH)],
    "secret-writer": [
        (_file(_run("gh secret set KEY --body x"), _uses(KEY)), PATH),
        (_file("{uses: a/secrets-sync-action@v1, with: {SECRETS: '^ANTHROPIC_API_KEY$'}}"), PATH),
        (_file(_run("terraform apply", "TF_VAR_k: '${{ secrets.ANTHROPIC_API_KEY }}'")), PATH),
    ],
    "identity-subject": [(_file(_uses(f"{RULE}, {ORG}")), RepoFacts(immutable_subject=True))],
    "bot-not-allowed": [
        (_file(_uses(KEY), on="pull_request"), BOT_HAS),
        (_file(_uses(KEY), on="pull_request", job=ONLY_BOT), PATH),
    ],
    "login-tokens": [(_file(_uses("claude_refresh_token: x", uses="a/claude-code-action@v1")), PATH)],
    "unreadable-file": [("on: [", PATH)],
    "not-referenced": [(_file(_run("true")), RepoFacts(stores=StoreNames(frozenset({"ANTHROPIC_API_KEY"}))))],
    "fork-without-secret": [(_file(_uses(KEY), on="pull_request"), PATH)],
    "beta-pin": [(_file(_uses(KEY, uses="anthropics/claude-code-action@beta")), PATH)],
    "identity-literal": [(_file(_uses(f"anthropic_federation_rule_id: fdrl_x, {ORG}")), PATH)],
    "identity-as-secret": [(_file(_uses(f"anthropic_federation_rule_id: '${{{{ secrets.R }}}}', {ORG}")), PATH)],
    "gated": [
        (_file(_run(CHECKED, ENV_KEY)), EMPTY),
        (_file(_run("claude -p x', if: '${{ env.ANTHROPIC_API_KEY }}", ENV_KEY)), EMPTY),
    ],
    "workflow-disabled": [(_file(_uses(KEY)), RepoFacts(disabled=frozenset({W + "a.yml"})))],
    "cannot-know": [
        (_file(_uses("anthropic_api_key: '${{ steps.x.outputs.y }}'")), PATH),
        ("on: push\njobs:\n  a:\n    uses: a/b/.github/workflows/c.yml@v1\n    secrets: inherit\n", PATH),
        (_file("{uses: ./gone}"), PATH),
    ],
}
MUST_NOT: Final = {
    "missing-secret": [
        (_file(_uses(KEY)), HAS_KEY),
        (_file(_uses(KEY)), PATH),
        (_file(_uses("anthropic_api_key: '${{ secrets.GONE || secrets.KEY }}'")), HAS_KEY),
        (_file(_uses(KEY), job="if: false"), EMPTY),
        (_file(_uses(KEY), job="if: a b"), EMPTY),
        (_file(_uses(f"{KEY}, use_bedrock: true")), EMPTY),
    ],
    "missing-variable": [(_file(_uses(f"{KEY}, {RULE}, {ORG}")), HAS_KEY)],
    "wrong-kind": [(_file(_uses(TOKEN.replace("TOKEN }", "ANTHROPIC_API_KEY }"))), PATH), (_file(_uses(KEY)), HAS_KEY)],
    "credential-not-read": [
        (_file(_uses(), job=f"env: {{{ENV_KEY}}}"), PATH),
        (_file(_uses(KEY, uses=BASE), job=f"env: {{{ENV_KEY}}}"), PATH),
        (_file(_run("claude -p x"), job=ENV_WIF), PATH),
    ],
    "no-credential": [
        (_file(_uses("use_vertex: true")), PATH),
        (_file("{run: 'echo ANTHROPIC_API_KEY=$X >> $GITHUB_ENV'}", _uses()), PATH),
        (_file("{run: 'cat .env >> $GITHUB_ENV'}", _uses()), PATH),
        (_file("{uses: hashicorp/vault-action@v3, with: {exportEnv: true}}", _uses()), PATH),
        (_file("{uses: ./gone}", _uses()), PATH),
        (_file(_uses("agent_logins: x", uses="anthropics/claude-code-action/agent-approval-check@main")), PATH),
    ],
    "identity-incomplete": [(_file(_uses(f"{RULE}, {ORG}")), PATH), (_file(_uses(f"{KEY}, {RULE}")), PATH)],
    "id-token-missing": [
        (_file(_uses(KEY), top="name: x"), PATH),
        (_file(_uses(f"{KEY}, github_token: x"), top="permissions: {}"), PATH),
        (_file(_uses(KEY, uses=BASE), top="permissions: {}"), PATH),
    ],
    "oauth-not-accepted": [(_file(_run("claude --bare -p x", f"{ENV_KEY}, {ENV_TOKEN}")), PATH)],
    "literal-credential": [
        (_file(_run(f'echo "like {LITERAL[:11]}..."')), PATH),
        (_file(_uses(f"prompt: '{LITERAL} is what a key looks like'")), PATH),
    ],
    "both-set": [
        (_file(_uses(f"{KEY}, {TOKEN}")), HAS_KEY),
        (_file(_uses(f"{KEY}, {TOKEN}").replace("secrets.", "inputs.x && secrets.")), PATH),
    ],
    "dependabot-without-secret": [
        (_file(_uses(KEY), on="pull_request", job="if: github.actor != 'dependabot[bot]'"), HAS_KEY),
        (_file(_uses(KEY), on="pull_request"), BOT_HAS),
        (_file(_uses(KEY), on="pull_request"), EMPTY),
    ],
    "credential-in-reach-of-fork": [
        (_file(HEAD_SHA, _uses(KEY), on="pull_request"), PATH),
        (_file(HEAD_SHA, _uses(KEY), on="pull_request_target", job=f"if: {SAME}"), PATH),
        (_file(HEAD_SHA.replace("head.sha", "base.sha"), _uses(KEY), on="pull_request_target"), PATH),
        (_file(HEAD_SHA.replace("with: {", "with: {path: pr, "), _uses(KEY), on="pull_request_target"), PATH),
    ],
    "dead-credential-looks-green": [
        (_file(_uses(KEY, more=f", continue-on-error: true{OUTCOME}")), PATH),
        (_file(_uses(KEY, uses="anthropics/claude-code-action@beta")), PATH),
    ],
    "inputs-unknown-to-pin": [(_file(_uses(f"{RULE}, {ORG}", uses=f"anthropics/claude-code-action@{'0' * 40}")), PATH)],
    "secret-writer": [(_file(_run("gh secret set CLAUDE_PAT --body x"), _uses(KEY)), PATH)],
    "bot-not-allowed": [
        (_file(_uses(KEY), on="pull_request"), HAS_KEY),
        (_file(_uses(f"{KEY}, allowed_bots: Dependabot"), on="pull_request"), BOT_HAS),
    ],
    "not-referenced": [(_file(_run("true"), _uses("anthropic_api_key: '${{ secrets[inputs.x] }}'")), HAS_KEY)],
    "fork-without-secret": [(_file(_uses(KEY), on="pull_request", job=f"if: {SAME}"), PATH)],
    "workflow-disabled": [(_file(_run("true")), RepoFacts(disabled=frozenset({W + "a.yml"})))],
    "cannot-know": [(_file(_uses(KEY)), PATH), (_file("{uses: actions/checkout@v4}"), PATH)],
}


def _rows(table: dict[str, list[tuple[str, RepoFacts]]]) -> list[Any]:
    return [
        pytest.param(code, *row, id=f"{code}-{number}")
        for code, rows in table.items()
        for number, row in enumerate(rows)
    ]


@pytest.mark.parametrize(("code", "text", "facts"), _rows(MUST))
def test_what_must_be_found(code: str, text: str, facts: RepoFacts) -> None:
    """The smallest workflow that has it gives the code."""
    found = _codes(text, facts)
    assert code in found, found


@pytest.mark.parametrize(("code", "text", "facts"), _rows(MUST_NOT))
def test_what_must_not_be_found(code: str, text: str, facts: RepoFacts) -> None:
    """A workflow like it, where it is not so, does not give the code."""
    found = _codes(text, facts)
    assert code not in found, found


CALLEE: Final = _file(_uses(KEY), on="workflow_call", top="name: x", job="environment: production")


@pytest.mark.parametrize(
    ("secrets", "stores", "expected"),
    [
        ("secrets: inherit", None, False),
        ("secrets: {KEY: '${{ secrets.KEY }}'}", None, True),
        ("name: x", None, True),
        ("secrets: {KEY: '${{ secrets.KEY }}'}", StoreNames(frozenset({"KEY"})), False),
    ],
)
def test_a_secret_of_an_environment_that_is_not_inherited(
    secrets: str,
    stores: StoreNames | None,
    expected: bool,  # noqa: FBT001 -- a row of the table
) -> None:
    """Only `inherit` hands on what an environment has, unless the repository is known to have the secret too."""
    caller = f"on: push\njobs:\n  b:\n    uses: ./{W}callee.yml\n    {secrets}\n"
    found = _codes(caller, RepoFacts(stores=stores), callee=CALLEE)
    assert expected == ("environment-secret-not-inherited" in found)


@pytest.mark.parametrize(
    ("read", "given", "lacking", "by"),
    [
        ("secrets.KEY", "secrets: {OTHER: x}", "secrets.KEY", "`secrets: inherit` or by its name"),
        ("inputs.k", "with: {other: x}", "inputs.k", "an input"),
    ],
)
def test_what_a_caller_keeps_back_is_named(read: str, given: str, lacking: str, by: str) -> None:
    """A step that gets nothing because its caller does not hand it on says what is lacking, and how to hand it on."""
    callee = _file(_uses(KEY.replace("secrets.KEY", read)), on="workflow_call", top="name: x")
    caller = f"on: push\njobs:\n  b:\n    uses: ./{W}callee.yml\n    {given}\n"
    (found,) = audit({W + "a.yml": caller, W + "callee.yml": callee}, PATH).findings
    what = f'claude-code-action is given no credential: whoever calls does not hand on "{lacking}"'
    assert ("no-credential", what, f"hand it on where this is called, by {by}") == (found.code, found.what, found.fix)


def test_every_code_has_its_row_and_its_example() -> None:
    """The table, the published schema and the examples here name the same codes."""
    schema = json.loads(schema_text("audit"))
    finding = schema["properties"]["repos"]["items"]["properties"]["findings"]["items"]["properties"]["code"]["enum"]
    shown = {*MUST, "environment-secret-not-inherited"}
    assert (set(CODES), set(CODES)) == (set(finding), shown)


def test_what_is_handed_on_outside_a_claude_step() -> None:
    """An SDK's script that gets the key is a reference; where the secret is missing that is a warning, not an error."""
    text = _file("{run: python x.py, env: {ANTHROPIC_API_KEY: '${{ secrets.KEY }}'}}", on="push")
    found = audit({W + "a.yml": text}, EMPTY)
    references = [(each.name, each.job, each.step, each.stores) for each in found.references]
    findings = [(each.code, each.level.value) for each in found.findings]
    assert ([("KEY", "a", 0, ("actions", "dependabot"))], [("missing-secret", "warning")]) == (references, findings)


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        (_file(_run("true")), PATH, "No workflow runs Claude here."),
        (_file(_uses(KEY)), PATH, "Claude runs in 1 step, and the files show nothing wrong with it."),
        (_file(_uses(KEY)), HAS_KEY, "Claude runs in 1 step, and nothing is wrong with it."),
        (
            _file(_uses(f"{KEY}, {TOKEN}")),
            PATH,
            "Claude may run in 1 step, with 1 warning: an API key and an OAuth token are both passed.",
        ),
        (
            _file(_uses(KEY)),
            EMPTY,
            "Claude will fail: there is no secret KEY that this reads (.github/workflows/a.yml:6).",
        ),
        (
            "on: [",
            PATH,
            (
                "No workflow runs Claude here. Not everything could be read. "
                "1 warning: this file cannot be read: it is not YAML."
            ),
        ),
    ],
)
def test_the_verdict(text: str, facts: RepoFacts, expected: str) -> None:
    """One sentence for a team lead: what fails first, what is to be looked at, or that nothing is wrong."""
    assert expected == audit({W + "a.yml": text}, facts).verdict

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
PULL: Final = 'PR: "${{ github.event.number }}"'
URL: Final = 'URL: "${{ github.event.pull_request.head.repo.clone_url }}"'


def _run(script: str, env: str = "") -> str:
    return f"{{run: '{script}', env: {{{env}}}}}"


FETCHES_PULL: Final = _run("git fetch origin pull/${{ github.event.number }}/head")
# Scripts that put the code of a pull request into the job's folder.
FORK_SCRIPTS: Final = (
    _run("git fetch origin pull/${{ github.event.number }}/head && git checkout FETCH_HEAD"),
    _run('git fetch origin "pull/${PR}/head:pr" && git switch pr', PULL),
    _run(
        'git fetch --depth 1 origin "+refs/pull/$PR/merge:refs/remotes/origin/pr" && git reset --hard origin/pr', PULL
    ),
    _run('git fetch origin "pull/$PR/head:pr-$PR"; git merge --no-edit "pr-$PR"', PULL),
    _run("git remote add fork $URL && git fetch fork && git reset --hard fork/${{ github.head_ref }}", URL),
    _run("git remote add -f fork $URL; git fetch --depth 1 fork main; git checkout -b x FETCH_HEAD", URL),
    _run("git fetch $URL ${{ github.head_ref }}; git rebase FETCH_HEAD", URL),
    _run("git pull $URL ${{ github.head_ref }}", URL),
    _run("git pull origin refs/pull/$PR/head", PULL),
    _run("git clone $URL .", URL),
    _run("git clone --depth 1 $URL pr && cd pr && make", URL),
    _run('git fetch origin "pull/$PR/head:pr" && git worktree add ../pr pr && cd ../pr && make', PULL),
    _run("N=$PR; git -c a.b=c fetch origin pull/$N/head; git checkout FETCH_HEAD -- src", PULL),
    _run("git fetch origin $SHA; git checkout FETCH_HEAD", SHA),
    _run("HEAD=$SHA; git checkout $HEAD", SHA),
    _run("gh -R a/b pr checkout $PR", PULL),
    _run("gh pr diff $PR | git apply", PULL),
)
# Scripts like them that fetch a fork's code beside the job's own, or none.
NO_FORK_SCRIPTS: Final = (
    FETCHES_PULL,
    _run("git fetch origin main && git checkout FETCH_HEAD"),
    _run('git fetch origin "pull/$PR/head:pr" && git diff main...pr', PULL),
    _run('git fetch origin "pull/$PR/head:pr" && git reset --soft pr', PULL),
    _run('git fetch origin "pull/$PR/head:pr" && git worktree add ../pr pr', PULL),
    _run("git clone $URL pr", URL),
    _run("git -C pr checkout $SHA", SHA),
    _run("gh pr diff $PR > pr.diff", PULL),
)
FETCHES: Final = ("checkout", "checkout -q", "switch -d", "switch --detach")


def _uses(with_: str = "", uses: str = A1, more: str = "") -> str:
    return f"{{uses: {uses}, with: {{{with_}}}{more}}}"


def _file(*steps: str, on: str = "issue_comment", top: str = "permissions: {id-token: write}", job: str = "") -> str:
    return f"on: {on}\n{top}\njobs:\n  a:\n    {job or 'runs-on: x'}\n    steps: [{', '.join(steps)}]\n"


def _codes(text: str, facts: RepoFacts, **others: str) -> set[str]:
    files = {W + "a.yml": text, **{W + name + ".yml": other for name, other in others.items()}}
    return {each.code for each in audit(files, facts).findings}


PATH: Final = RepoFacts()
WRITES: Final = (
    "gh secret delete KEY",
    "gh secret remove KEY --app dependabot",
    "gh -R a/b secret set key --body x",
    "sudo gh secret delete -e production KEY",
    "gh api -X PUT repos/a/b/actions/secrets/KEY --input body.json",
    "gh api --method DELETE /repos/$GITHUB_REPOSITORY/dependabot/secrets/KEY",
    "gh api --method=delete orgs/a/codespaces/secrets/KEY",
    "gh api -XPUT repos/a/b/environments/${{ vars.PLACE }}/secrets/KEY -f key_id=x",
    "gh api orgs/a/actions/secrets/KEY -X PUT -f encrypted_value=x",
    "curl -fsSX DELETE https://api.github.com/repos/a/b/actions/secrets/KEY",
    "curl --request PUT -d @body.json $GITHUB_API_URL/repos/a/b/actions/secrets/KEY?x=1",
    "curl -T body.json https://api.github.com/orgs/a/dependabot/secrets/KEY",
    "wget --method=PUT https://api.github.com/repositories/1/environments/x/secrets/KEY",
)
WRITES_NOTHING: Final = (
    "gh secret list",
    "gh secret delete $NAME",
    "gh api repos/a/b/actions/secrets/KEY",
    "gh api -X PUT repos/a/b/actions/secrets/$NAME",
    "gh api -X PUT orgs/a/actions/secrets/KEY/repositories",
    "gh api -X PUT repos/a/b/actions/secrets/OTHER -f note=KEY",
    "gh api -X PUT repos/a/b/actions/variables/KEY",
    "curl -X PUT https://example.com/secrets/KEY",
    "curl https://api.github.com/repos/a/b/actions/secrets/KEY",
    "echo curl -X DELETE repos/a/b/actions/secrets/KEY",
)
# Settings may hold an apiKeyHelper, and so may what is not seen of a command.
SETTINGS: Final = (
    "--settings a.json",
    "--settings=a.json",
    '"${ARGS[@]}"',
    "$@",
    "$CLAUDE_FLAGS",
    "--verbose $(flags)",
)
# Steps that may put a key into the environment by means that the file does not show.
LOADERS: Final = (
    "{uses: actions/github-script@v7, with: {script: 'core.exportVariable(names[0], key)'}}",
    "{uses: actions/github-script@v7, with: {script: 'await require(`./load.js`)(core)'}}",
    "{uses: acme/fetch-claude-key@v1}",
    "{uses: 'docker://acme/keys:1'}",
    *(
        f"{{run: '{script}'}}"
        for script in (
            "./scripts/load.sh",
            "bash scripts/load.sh",
            "bash < scripts/load.sh",
            "source .env.ci",
            ". .env.ci",
            "make credentials",
            "echo x && npm run load",
            "just load",
            "task load",
            "tox -e load",
            "python load.py",
            "uv run load.py",
            "docker compose run load",
            "find . -name load.sh -exec {} +",
            "$LOAD",
            'echo "$NAME=$VALUE" >> $GITHUB_ENV',
            'echo -e "A=1\\nB=2" >> $GITHUB_ENV',
            "echo A=1 | tee -a $GITHUB_ENV",
        )
    ),
)
# Steps that show whatever they export.
SHOWN: Final = (
    "{uses: actions/checkout@v4}",
    "{uses: actions/setup-node@v4}",
    "{uses: actions/cache/restore@v4}",
    "{uses: actions/github-script@v7, with: {script: 'core.setOutput(`x`, 1)'}}",
    *(
        f"{{run: '{script}'}}"
        for script in (
            "npm ci && git fetch --all | tee log",
            "sudo apt-get install -y jq",
            "pip install claude-helpers; python -m pip install x",
            "curl -fsSL https://claude.ai/install.sh | bash",
            'bash -c "echo x"',
            "source .venv/bin/activate",
            'echo "VERSION=1" >> "$GITHUB_ENV"',
            "for x in a b; do echo $x; done",
        )
    ),
)
SAME: Final = "github.event.pull_request.head.repo.full_name == github.repository"
NAMED: Final = RepoFacts(types={"KEY": "claude_code_oauth_token"})
WIF_OLD: Final = _uses(f"{RULE}, {ORG}", uses="anthropics/claude-code-action@v1.0.100")
CHOSEN_KEY: Final = "'${{ inputs.x && secrets.KEY }}'"
TWO_KEYS: Final = (f"{KEY}, claude-api-key: {CHOSEN_KEY}", f"claude-api-key: {CHOSEN_KEY}, {KEY}")
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
        *[(_file(each, _uses()), PATH) for each in SHOWN],
    ],
    "identity-incomplete": [(_file(_uses(RULE)), PATH), (_file(_uses(ORG)), PATH)],
    "id-token-missing": [
        (_file(_uses(KEY), top="permissions: {contents: read}"), PATH),
        (_file(_uses(f"{RULE}, {ORG}, github_token: x"), top="permissions: {}"), PATH),
        (_file(_uses(KEY), top="name: x"), RepoFacts(default_permission="read")),
    ],
    "oauth-not-accepted": [
        *[(_file(_run(f"claude --bare -p {prompt}", ENV_TOKEN)), PATH) for prompt in ("x", "$PROMPT", "$(cat b)")],
        (_file(_uses(f"{TOKEN}, claude_args: --bare")), PATH),
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
        # Of two inputs for a key, one is there in any case.
        *[(_file(_uses(f"{keys}, {TOKEN}", uses="acme/claude-code-action@v1")), PATH) for keys in TWO_KEYS],
    ],
    "identity-shadowed": [(_file(_uses(f"{KEY}, {RULE}, {ORG}")), PATH)],
    "dependabot-without-secret": [(_file(_uses(KEY), on="pull_request"), HAS_KEY)],
    "shadows-organization": [(_file(_uses(KEY)), HIDDEN)],
    "credential-in-reach-of-fork": [
        (_file(HEAD_SHA, _uses(KEY), on="pull_request_target"), PATH),
        *[(_file(_run(f"git {word} $SHA", SHA), _uses(KEY), on="pull_request_target"), PATH) for word in FETCHES],
        *[(_file(_run(f"git {word} {SHA_TEXT}"), _uses(KEY), on="pull_request_target"), PATH) for word in FETCHES],
        (_file(_run("gh pr checkout 1"), _uses(KEY), on="pull_request_target"), PATH),
        *[(_file(step, _uses(KEY), on="pull_request_target"), PATH) for step in FORK_SCRIPTS],
        (_file(FETCHES_PULL, _run("git switch -d FETCH_HEAD"), _uses(KEY), on="pull_request_target"), PATH),
    ],
    "dead-credential-looks-green": [
        (_file(_uses(KEY, uses="anthropics/claude-code-action@v1.0.171")), PATH),
        (_file(_uses(KEY, more=", continue-on-error: true")), PATH),
    ],
    "inputs-unknown-to-pin": [(_file(WIF_OLD), PATH)],
    "secret-writer": [
        (_file(_run("gh secret set KEY --body x"), _uses(KEY)), PATH),
        *[(_file(_run(script), _uses(KEY)), PATH) for script in WRITES],
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
        *[(_file(each, _uses()), PATH) for each in LOADERS],
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
        (_file(_uses("settings: a.json")), PATH),
        (_file(_uses("claude_args: '--model x --settings=a.json'")), PATH),
        (_file("{run: 'echo ANTHROPIC_API_KEY=$X >> $GITHUB_ENV'}", _uses()), PATH),
        (_file("{run: 'cat .env >> $GITHUB_ENV'}", _uses()), PATH),
        (_file("{uses: hashicorp/vault-action@v3, with: {exportEnv: true}}", _uses()), PATH),
        (_file("{uses: ./gone}", _uses()), PATH),
        *[(_file(each, _uses()), PATH) for each in LOADERS],
        (_file(_uses("agent_logins: x", uses="anthropics/claude-code-action/agent-approval-check@main")), PATH),
    ],
    "identity-incomplete": [(_file(_uses(f"{RULE}, {ORG}")), PATH), (_file(_uses(f"{KEY}, {RULE}")), PATH)],
    "id-token-missing": [
        (_file(_uses(KEY), top="name: x"), PATH),
        (_file(_uses(f"{KEY}, github_token: x"), top="permissions: {}"), PATH),
        (_file(_uses(KEY, uses=BASE), top="permissions: {}"), PATH),
    ],
    "oauth-not-accepted": [
        (_file(_run("claude --bare -p x", f"{ENV_KEY}, {ENV_TOKEN}")), PATH),
        *[(_file(_run(f"claude --bare {given} -p x", ENV_TOKEN)), PATH) for given in SETTINGS],
        *[(_file(_run(f"claude --bare -p x {given}", ENV_TOKEN)), PATH) for given in SETTINGS],
        (_file(_uses(f"{TOKEN}, claude_args: --bare, settings: a.json")), PATH),
        (_file(_uses(f"{TOKEN}, claude_args: --bare --settings a.json")), PATH),
        (_file(_uses(f"{TOKEN}, claude_args: '--bare ${{{{ inputs.more }}}}'")), PATH),
    ],
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
        *[(_file(step, _uses(KEY), on="pull_request_target"), PATH) for step in NO_FORK_SCRIPTS],
        (_file(HEAD_SHA.replace("with: {", "with: {path: pr, "), _uses(KEY), on="pull_request_target"), PATH),
    ],
    "dead-credential-looks-green": [
        (_file(_uses(KEY, more=f", continue-on-error: true{OUTCOME}")), PATH),
        (_file(_uses(KEY, uses="anthropics/claude-code-action@beta")), PATH),
    ],
    "inputs-unknown-to-pin": [(_file(_uses(f"{RULE}, {ORG}", uses=f"anthropics/claude-code-action@{'0' * 40}")), PATH)],
    "secret-writer": [
        (_file(_run("gh secret set CLAUDE_PAT --body x"), _uses(KEY)), PATH),
        *[(_file(_run(script), _uses(KEY)), PATH) for script in WRITES_NOTHING],
    ],
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


SURE: Final = {
    "missing-secret": (_uses(KEY), EMPTY),
    "missing-variable": (_uses(f"{RULE}, {ORG}"), EMPTY),
    "wrong-kind": (_uses(KEY), NAMED),
    "credential-not-read": (_uses(more=f", {ENV_WIF}"), PATH),
    "identity-incomplete": (_uses(RULE), PATH),
    "oauth-not-accepted": (_run("claude --bare -p x", ENV_TOKEN), PATH),
}


@pytest.mark.parametrize("code", SURE)
@pytest.mark.parametrize("before", ["{uses: acme/fetch-claude-key@v1}", "{run: ./scripts/load.sh}"])
def test_what_an_earlier_step_may_have_loaded_makes_an_error_a_warning(code: str, before: str) -> None:
    """No error stands on the lack of a credential that a step before it may have loaded unseen."""
    step, facts = SURE[code]
    levels = [
        [each.level.value for each in audit({W + "a.yml": _file(*steps)}, facts).findings if each.code == code]
        for steps in ([step], [before, step])
    ]
    assert [["error"], ["warning"]] == [found[:1] for found in levels]


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

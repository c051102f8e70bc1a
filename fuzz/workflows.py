"""The readers of workflows: whatever is in a file, an audit comes of it, and no sentence shows a credential."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from flowforge.audit.document import audit_body
from flowforge.audit.fixes.propose import propose
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts, StoreNames
from flowforge.render.audit_view import audit_lines
from flowforge.render.style import plain
from flowforge.workflows.conditions import Conditions
from flowforge.workflows.expressions import read_condition, read_template
from flowforge.workflows.nodes import Scalar
from flowforge.workflows.programs import read_script
from flowforge.workflows.runs import RunClass, Who
from flowforge.workflows.scopes import Bound, NameScope
from flowforge.workflows.sources import sources_of
from fuzz.planted import MARK, check_hidden, check_said, planted
from fuzz.target import Target

_CORPUS = Path(__file__).resolve().parent.parent / "tests" / "audit" / "corpus"
_STORES = StoreNames(frozenset({"ANTHROPIC_API_KEY"}), organization=frozenset({"ANTHROPIC_API_KEY", "OTHER"}))
_FACTS = (
    RepoFacts("acme/api"),
    RepoFacts("acme/api", _STORES, {"ANTHROPIC_API_KEY": "claude_code_oauth_token"}, "read", immutable_subject=True),
)
_EVERYTHING = f"""\
name: everything
on:
  push: {{branches: ['dependabot/**', '!x']}}
  pull_request_target: {{types: [opened]}}
  workflow_call: {{inputs: {{k: {{default: a}}}}, secrets: {{ANTHROPIC_API_KEY: {{required: true}}}}}}
permissions: &p {{contents: read}}
env:
  ANTHROPIC_API_KEY: ${{{{ secrets.ANTHROPIC_API_KEY || '{MARK}' }}}}
  {MARK}: "{MARK}"
defaults: {{run: {{shell: bash}}}}
jobs:
  a:
    if: ${{{{ github.actor == 'x[bot]' && !contains(fromJSON('["OWNER"]'), github.event.comment.author_association) }}}}
    permissions: *p
    environment: {{name: production}}
    strategy: {{matrix: {{x: [1, 2]}}}}
    outputs: {{has: "${{{{ steps.s.outputs.has }}}}"}}
    steps:
      - id: s
        run: |
          [ -z "$ANTHROPIC_API_KEY" ] && exit 0
          echo "CLAUDE_CODE_OAUTH_TOKEN=${{{{ secrets.{MARK} }}}}" >> "$GITHUB_ENV"
          cat <<EOF | npx -y @anthropic-ai/claude-code --bare -p "$(date)" > out
          {MARK}
          EOF
          gh secret set {MARK} --body {MARK}
      - uses: anthropics/claude-code-action@v1
        continue-on-error: true
        if: steps.s.outputs.has == 'true' || secrets['{MARK}'] != ''
        with:
          anthropic_api_key: {MARK}
          claude_code_oauth_token: ${{{{ secrets[format('{{0}}', matrix.x)] }}}}
          anthropic_federation_rule_id: ${{{{ vars.RULE }}}}
          claude_args: --bare {MARK}
      - uses: ./local
        with: {{key: "${{{{ inputs.k }}}}", {MARK}: {MARK}}}
      - uses: actions/checkout@v4
        with: {{ref: "${{{{ github.event.pull_request.head.sha }}}}"}}
  b:
    needs: [a]
    if: needs.a.outputs.has == 'true'
    uses: ./.github/workflows/one.yml
    secrets: inherit
  c:
    uses: {MARK}/x/.github/workflows/y.yml@main
    secrets: {{ANTHROPIC_API_KEY: "${{{{ secrets.{MARK} }}}}"}}
"""
_ACTION = """\
inputs: {key: {required: true, default: ''}}
runs:
  using: composite
  steps:
    - uses: anthropics/claude-code-action@beta
      with: {anthropic_api_key: "${{ inputs.key }}"}
    - run: claude -p x
      shell: bash
"""
_SPLIT = b"\0\0file\0\0"
_WORDS = """\
on: |jobs: |steps: |uses: |run: |with: |env: |if: |secrets: inherit|permissions: |id-token: write|environment: |
needs: |${{ | }}|secrets.|vars.|env.|inputs.|github.|needs.a.outputs.|steps.s.outputs.|toJSON(secrets)|fromJSON('[]')|
format('{0}', |contains(|startsWith(|endsWith(|hashFiles(|always()|failure()|&&|||| == | != |!|(|)|[|]|.*|'|''|0x1|1e9|
claude -p |npx |<<EOF|EOF|$(|`|"|'|;|&|>|$GITHUB_ENV|\\|#|&a |*a |<<: |- |? |: |{|}|@v1|@beta|./|/..|dependabot[bot]|
.github/workflows/one.yml|anthropics/claude-code-action|ANTHROPIC_API_KEY|continue-on-error: true|!!binary |%|\t|
"""
_ALL = (*filter(None, _WORDS.replace("\n", "|").split("|")), "||", MARK)


def files_law(data: bytes) -> None:
    """Audit the bytes as two workflows and an action, by what is known of a checkout and by all that GitHub says."""
    parts = [planted(part) for part in data.split(_SPLIT)[:3]]
    names = (".github/workflows/one.yml", ".github/workflows/two.yaml", "local/action.yml")
    files = dict(zip(names, parts, strict=False))
    for facts in _FACTS:
        found = audit(files, facts)
        body = audit_body([found])
        said = json.dumps(body, ensure_ascii=False)
        texts = "\n".join((found.verdict, *(f"{each.what} {each.why} {each.fix}" for each in found.findings)))
        check_said(f"{said}\n{texts}\n" + "\n".join(audit_lines(body, plain, verbose=True)), data)


_HUNK: Final = re.compile(r"@@ -(\d+),(\d+) \+\d+,\d+ @@")


def fixes_law(data: bytes) -> None:
    """Make a patch for the same files: it shows no credential, and each line that it takes away or keeps is there."""
    names = (".github/workflows/one.yml", ".github/workflows/two.yaml", "local/action.yml")
    files = dict(zip(names, (planted(part) for part in data.split(_SPLIT)[:3]), strict=False))
    for facts in _FACTS:
        proposal = propose(files, facts, guards=True)
        assert bool(proposal.patch) == bool(proposal.mended), "a patch of nothing, or nothing of a patch"
        check_said("\n".join((*(each.says for each in proposal.mended), *(each.why for each in proposal.left))), data)
        check_hidden(proposal.patch, data)
        _fits(proposal.patch, files)


def _fits(patch: str, files: Mapping[str, bytes]) -> None:
    lines: list[str] = []
    at = 0
    for line in patch.split("\n"):
        if line.startswith("--- "):
            lines = files[line.removeprefix("--- a/")].decode().split("\n")
        elif found := _HUNK.match(line):
            at = int(found.group(1)) - 1
        elif line[:1] in {" ", "-"}:
            assert lines[at] == line[1:], "a line that is not in the file"
            at += 1


def expressions_law(data: bytes) -> None:
    """Read the text as a condition and as a template, and evaluate it for each who may start a run."""
    text = data.decode("utf-8", "replace")
    scope = NameScope("x")
    for who in Who:
        conditions = Conditions(RunClass("pull_request", who, "x[bot]"), frozenset({"A"}))
        conditions.value(read_condition(text), scope)
        conditions.value(read_template(text), scope)
    sources_of(Bound(Scalar(1, 1, text), scope))


def shell_law(data: bytes) -> None:
    """Read the text as a script: it ends, and every line that it names is one of the script's."""
    text = data.decode("utf-8", "replace")
    script = read_script(text)
    lines = text.count("\n")
    assert all(0 <= each.line <= lines for each in script.commands), "a command outside of the script"
    assert all(0 <= each.line <= lines for each in script.runs), "a run outside of the script"


def _files() -> Iterator[bytes]:
    yield _SPLIT.join((_EVERYTHING.encode(), _EVERYTHING.encode(), _ACTION.encode()))
    yield _SPLIT.join((b"? ", _EVERYTHING.encode(), b"- - - ? :"))
    for path in sorted(_CORPUS.rglob("*.y*ml"))[:200]:
        yield _SPLIT.join((path.read_bytes(), _EVERYTHING.encode(), _ACTION.encode()))


def _texts() -> Iterator[bytes]:
    for line in (*_EVERYTHING.splitlines(), _EVERYTHING, "(" * 200, "!" * 200, "a" + ".b" * 200, "${{ '}}' }} ${{"):
        yield line.strip().encode()


TARGETS: dict[str, Target] = {
    "workflows": Target(files_law, _files, _ALL, longest=16_384),
    "fixes": Target(fixes_law, _files, _ALL, longest=16_384),
    "expressions": Target(expressions_law, _texts, _ALL),
    "shell": Target(shell_law, _texts, _ALL),
}

"""Shell words: where `claude` is started, with what, and where its name is only text."""

import pytest

from flowforge.workflows.programs import read_script
from flowforge.workflows.shell import commands


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('claude -p "hi there"', [("-p", "hi there")]),
        ("npx -y @anthropic-ai/claude-code@latest -p x", [("-p", "x")]),
        ("npx --package=@anthropic-ai/claude-code claude -p x", [("-p", "x")]),
        ("bunx @anthropic-ai/claude-code -p x", [("-p", "x")]),
        ("pnpm dlx @anthropic-ai/claude-code -p x", [("-p", "x")]),
        ("$HOME/.local/bin/claude --print x", [("--print", "x")]),
        ("if ! timeout 600 sudo -E claude -p x; then exit 1; fi", [("-p", "x")]),
        ("env A=b nice -n 5 claude -p x", [("-p", "x")]),
        ("cat a | claude -p > out.txt 2>&1 && echo done", [("-p",)]),
        ("claude \\\n  -p \\\n  x", [("-p", "x")]),
        ('OUT="$(claude -p "a b" | jq .)"', [("-p", "a b")]),
        ("x=`claude -p hi`", [("-p", "hi")]),
        ("bash -lc 'claude -p x'", [("-p", "x")]),
        ("sudo -E jail --env-all -- /bin/bash -c 'claude -p x' 2>&1 | tee y", [("-p", "x")]),
        ("claude -p ${{ inputs.a b }} -x", [("-p", "${{ inputs.a b }}", "-x")]),
        ("claude -p \"$(cat <<'EOF'\nclaude -p y\nEOF\n)\"", [("-p", "$()")]),
        ("claude -p a; claude -p b", [("-p", "a"), ("-p", "b")]),
    ],
)
def test_what_starts_claude(script: str, expected: list[tuple[str, ...]]) -> None:
    """Wrappers, runners of packages, paths, pipes, substitutions and continued lines all lead to the same program."""
    assert expected == [run.arguments for run in read_script(script).runs]


@pytest.mark.parametrize(
    "script",
    [
        'echo "claude -p x"',
        "# claude -p x",
        "cat <<EOF\nclaude -p x\nEOF",
        "cat <<-'END'\n\tclaude -p x\n\tEND",
        "claude --version",
        "claude -p x --help",
        "claude mcp add x",
        "claude setup-token",
        "npm install -g @anthropic-ai/claude-code",
        "which claude",
        "command -v claude",
        "claude() { :; }",
        'case "$x" in\nclaude) echo;; esac',
        "npx claude-flow init",
        "for x in claude codex; do echo $x; done",
        "gh pr comment -b 'claude -p x'",
        "printf '%s' \"it's claude -p\"",
    ],
)
def test_what_starts_no_claude(script: str) -> None:
    """Its name in quotes, comments, heredocs, other programs' words, and what needs no credential, start nothing."""
    assert [] == read_script(script).runs


def test_what_a_script_says_of_variables() -> None:
    """Assignments before a word and before a line, what is handed on, and what is tested, each by its name."""
    script = read_script(
        '[ -z "$KEY" ] && exit 0\n'
        "export ANTHROPIC_API_KEY=$KEY\n"
        'echo "CLAUDE_CODE_OAUTH_TOKEN=${{ secrets.T }}" >> "$GITHUB_ENV"\n'
        "OTHER=1 claude -p x\n"
    )
    expected = ({"ANTHROPIC_API_KEY": "$KEY", "OTHER": "1"}, 3, {"KEY"}, "${{ secrets.T }}")
    run = script.runs[0]
    assert expected == (run.assigned, run.line, script.tested, script.handed_on["CLAUDE_CODE_OAUTH_TOKEN"])


def test_words_and_lines() -> None:
    """Words lose their quotes, redirections are no words, and each command has its line."""
    found = commands("a 'b c'\"d\" >out <<<x # e\n\nf || (g; h)\n")
    expected = [(["a", "b cd"], ["out", "x"], 0), (["f"], [], 2), (["g"], [], 2), (["h"], [], 2)]
    assert expected == [(each.words, each.targets, each.line) for each in found]

"""Files that are too big or too strange to be kept: each is made when a test asks for it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIMIT: Final = 500 * 1024
"""The size above which GitHub starts no workflow, in bytes. No case lies between 500,000 and this."""

WORKFLOWS: Final = Path(".github/workflows")

CLAUDE_WORKFLOW: Final = """name: Answer
on: {issue_comment: {types: [created]}}
permissions: {contents: read, id-token: write}
jobs:
  answer:
    runs-on: ubuntu-latest
    steps:
      - uses: anthropics/claude-code-action@v1
        with:
          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}
"""
"""A workflow of which nothing is to say; its Claude step stands on line 8."""


def padded(size: int) -> bytes:
    """Return the workflow, made `size` bytes long by comments."""
    text = CLAUDE_WORKFLOW.encode()
    line = b"# " + b"-" * 77 + b"\n"
    count, rest = divmod(size - len(text), len(line))
    return text + line * count + b"#" * rest


def laughs() -> bytes:
    """Return aliases of aliases that stand for ten to the ninth texts."""
    lines = ["name: Laughs", "on: workflow_dispatch", "x0: &x0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 9)]
    return ("\n".join([*lines, "jobs: {}"]) + "\n").encode()


def with_condition(condition: str) -> bytes:
    """Return the workflow, its job under a condition."""
    return CLAUDE_WORKFLOW.replace("    runs-on", f"    if: {condition}\n    runs-on").encode()


def with_key(expression: str) -> bytes:
    """Return the workflow, its key given by an expression."""
    return CLAUDE_WORKFLOW.replace("secrets.ANTHROPIC_API_KEY", expression).encode()


def many(count: int) -> dict[str, bytes]:
    """Return that many workflows; every hundredth has a Claude step."""
    plain = b"name: Test\non: push\njobs: {test: {runs-on: ubuntu-latest, steps: [{run: make test}]}}\n"
    return {f"w{n:03}.yml": CLAUDE_WORKFLOW.encode() if n % 100 == 0 else plain for n in range(count)}


def with_steps(*steps: str) -> bytes:
    """Return a workflow of these steps; the first stands on line 6."""
    lines = "".join(f"      - {step}\n" for step in steps)
    return f"on: workflow_dispatch\njobs:\n  go:\n    runs-on: x\n    steps:\n{lines}".encode()


def one(content: bytes) -> Callable[[], dict[str, bytes]]:
    """Return a maker of a single workflow."""
    return lambda: {"hostile.yml": content}


@dataclass(frozen=True)
class Hostile:
    """A folder of workflows to make, and what `audit --path` must and must not say of it."""

    name: str
    about: str
    files: Callable[[], dict[str, bytes]]
    must: tuple[tuple[str, int | None], ...] = ()
    """Codes with their lines in `hostile.yml`; None where the line is nobody's business."""
    must_not: tuple[str, ...] = ()
    steps: int | None = None
    """How many Claude steps are listed; None where that is nobody's business."""
    actions: tuple[tuple[str, str], ...] = ()
    """Folders of local actions, each with the steps of one."""

    def write(self, folder: Path) -> None:
        """Write the workflows and the actions below the folder."""
        target = folder / WORKFLOWS
        target.mkdir(parents=True)
        for name, content in self.files().items():
            (target / name).write_bytes(content)
        for name, steps in self.actions:
            (folder / name).mkdir()
            text = f"runs:\n  using: composite\n  steps: [{steps}]\n"
            (folder / name / "action.yml").write_text(text, encoding="utf-8")


UNREADABLE: Final = (("unreadable-file", None),)
TOO_LARGE: Final = (("workflow-too-large", 1),)
QUIET: Final = ("unreadable-file", "workflow-too-large", "no-credential", "id-token-missing", "literal-credential")
CRLF: Final = CLAUDE_WORKFLOW.replace("\n", "\r\n").encode()
NO_TOKEN: Final = CLAUDE_WORKFLOW.replace(", id-token: write", "")
COMPUTED: Final = "secrets[format('{0}_KEY', matrix.x)]"
ITSELF: Final = (
    b"on: [push, workflow_call]\njobs:\n  again:\n    uses: ./.github/workflows/hostile.yml\n    secrets: inherit\n"
)
KEY: Final = "'${{ secrets.KEY }}'"
CLAUDE: Final = "uses: anthropics/claude-code-action@v1"
NAMED: Final = with_steps(
    "run: 'true'  # ANTHROPIC_API_KEY, claude -p x",
    "run: 'echo claude -p ${{ secrets.ANTHROPIC_API_KEY }}'",
    "run: |\n          cat <<END > later.sh\n          claude -p $ANTHROPIC_API_KEY\n          END",
    "{uses: someone/prompter@v1, with: {prompt: 'Run claude -p with ANTHROPIC_API_KEY'}}",
)
OTHERS: Final = with_steps(
    "{uses: openai/codex-action@v1, with: {openai-api-key: '${{ secrets.OPENAI_API_KEY }}'}}",
    "{uses: google-github-actions/run-gemini-cli@v0, with: {gemini_api_key: '${{ secrets.GEMINI_API_KEY }}'}}",
    "{run: gemini -p x, env: {GEMINI_API_KEY: '${{ secrets.GEMINI_API_KEY }}'}}",
)
OUR_WORDS: Final = with_steps(
    "{uses: actions/checkout@v4, with: {token: '${{ secrets.CLAUDE_PAT }}'}}",
    "{uses: actions/create-github-app-token@v2, with: {app-id: '${{ secrets.CLAUDE_APP_ID }}'}}",
)
CLOUDS: Final = with_steps(
    *(f"{{{CLAUDE}, with: {{use_{name}: 'true'}}}}" for name in ("bedrock", "vertex", "foundry"))
)
NEEDS_ITSELF: Final = CLAUDE_WORKFLOW.replace("    runs-on", "    needs: [answer, other, gone]\n    runs-on").encode()

CASES: Final = (
    Hostile(
        "two-megabytes", "GitHub starts no workflow above 500 KB.", lambda: {"hostile.yml": padded(2 << 20)}, TOO_LARGE
    ),
    Hostile("six-hundred-kilobytes", "A little above.", lambda: {"hostile.yml": padded(600_000)}, TOO_LARGE),
    Hostile("just-fits", "A little below, and read.", lambda: {"hostile.yml": padded(499_000)}, (), QUIET, 1),
    Hostile("hundred-kilobytes", "Long, and far below.", lambda: {"hostile.yml": padded(100_000)}, (), QUIET, 1),
    Hostile("brackets", "Deeper than any workflow.", one(b"on: " + b"[" * 100_000), UNREADABLE),
    Hostile("closed-brackets", "The same, closed.", one(b"on: " + b"[" * 100_000 + b"]" * 100_000), UNREADABLE),
    Hostile("braces", "The same with mappings.", one(b"on: " + b"{a: " * 100_000), UNREADABLE),
    Hostile("indented", "The same by indentation.", one(b"".join(b" " * n + b"a:\n" for n in range(900))), UNREADABLE),
    Hostile("laughs", "A billion texts by aliases.", one(laughs()), UNREADABLE),
    Hostile("alias-of-itself", "An alias within its own anchor.", one(b"on: push\njobs: &a {b: *a}\n"), UNREADABLE),
    Hostile(
        "utf-16", "GitHub takes it for a binary file.", one(CLAUDE_WORKFLOW.encode("utf-16")), (("unreadable-file", 1),)
    ),
    Hostile("not-utf-8", "A byte that is no UTF-8.", one(b"name: caf\xe9\non: push\njobs: {}\n"), UNREADABLE),
    Hostile("control", "A control character.", one(b"name: a\x07b\non: push\njobs: {}\n"), UNREADABLE),
    Hostile("nul", "A file of another kind.", one(b"PK\x03\x04\x00\x00\x00\x00"), UNREADABLE),
    Hostile("mark", "A byte order mark is no fault.", one(b"\xef\xbb\xbf" + CLAUDE_WORKFLOW.encode()), (), QUIET, 1),
    Hostile("crlf", "Nor are line ends of Windows.", one(CRLF), (), QUIET, 1),
    Hostile(
        "crlf-lines",
        "Lines count alike whatever ends them.",
        one(NO_TOKEN.replace("\n", "\r\n").encode()),
        (("id-token-missing", 3),),
        ("unreadable-file", "no-credential"),
        1,
    ),
    Hostile("empty", "Nothing at all.", one(b""), (), QUIET, 0),
    Hostile("three-hundred", "A repository with 300 workflows.", lambda: many(300), (), QUIET, 3),
    Hostile("open-condition", "A condition that does not end.", one(with_condition("${{ contains('a")), (), QUIET),
    Hostile(
        "parentheses",
        "Ten thousand of them: unknown, and never an error.",
        one(with_condition("(" * 10_000 + "true" + ")" * 10_000)),
        (),
        QUIET,
    ),
    Hostile(
        "long-chain", "Ten thousand alternatives.", one(with_key(" || ".join(["secrets.KEY"] * 10_000))), (), QUIET, 1
    ),
    Hostile(
        "open-expression", "A key by an expression that does not end.", one(with_key("secrets['KEY")), (), QUIET, 1
    ),
    Hostile("odd-name", "An index by a number.", one(with_key("secrets[1e9]")), (), QUIET, 1),
    Hostile("tabs", "A tab is no indentation.", one(b"on: push\njobs:\n\tgo: {}\n"), (("unreadable-file", 3),)),
    Hostile("list-of-jobs", "No job at all.", one(b"on: push\njobs: []\n"), (), QUIET, 0),
    Hostile("text-of-jobs", "Nor here.", one(b"on: push\njobs: claude -p x\n"), (), QUIET, 0),
    Hostile("a-list", "YAML, and no workflow.", one(b"- on: push\n- jobs: {}\n"), (), QUIET, 0),
    Hostile("calls-itself", "GitHub starts no run of such a file, and the walk ends.", one(ITSELF), (), QUIET, 0),
    Hostile("needs-itself", "A circle of jobs, and a job that is not there.", one(NEEDS_ITSELF), (), QUIET, 1),
    Hostile(
        "two-in-each-other",
        "Two local actions that use each other: each is walked once.",
        one(with_steps("uses: ./red")),
        (),
        QUIET,
        1,
        (("red", f"{{uses: ./blue}}, {{{CLAUDE}, with: {{anthropic_api_key: x}}}}"), ("blue", "{uses: ./red}")),
    ),
    Hostile(
        "computed-name",
        "Which secret it is, only the run knows.",
        one(with_key(COMPUTED)),
        (("cannot-know", 8),),
        (*QUIET, "missing-secret"),
        1,
    ),
    Hostile("only-named", "In a comment, a prompt, a heredoc and an echo.", one(NAMED), (), QUIET, 0),
    Hostile("others", "Agents of others, with credentials of others.", one(OTHERS), (), QUIET, 0),
    Hostile("our-words", "CLAUDE in its name makes no Claude credential.", one(OUR_WORDS), (), QUIET, 0),
    Hostile("clouds", "A cloud's models: no Claude credential is needed.", one(CLOUDS), (), QUIET, 3),
)

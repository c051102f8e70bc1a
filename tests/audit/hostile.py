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

    def write(self, folder: Path) -> None:
        """Write the workflows below the folder."""
        target = folder / WORKFLOWS
        target.mkdir(parents=True)
        for name, content in self.files().items():
            (target / name).write_bytes(content)


UNREADABLE: Final = (("unreadable-file", None),)
TOO_LARGE: Final = (("workflow-too-large", 1),)
QUIET: Final = ("unreadable-file", "workflow-too-large", "no-credential", "id-token-missing", "literal-credential")
CRLF: Final = CLAUDE_WORKFLOW.replace("\n", "\r\n").encode()
NO_TOKEN: Final = CLAUDE_WORKFLOW.replace(", id-token: write", "")

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
)

"""Every command, in the ways in which it shows something. A new command must be here: a test sees to that."""

from typing import Final

# Those that read values, where they go well and where they do not.
READING: Final[tuple[tuple[str, ...], ...]] = (
    ("plan",),
    ("plan", "-v"),
    ("plan", "--format", "json", "-v"),
    ("plan", "--report", "json=plan.json", "--report", "text=plan.txt"),
    ("plan", "--skip-values"),
    ("plan", "--out", "saved.json"),
    ("adopt", "--yes"),
    ("apply", "--check", "-v"),
    ("apply",),
    ("apply", "--yes"),
    ("apply", "--yes", "-v", "--format", "json"),
    ("apply", "--yes", "--keep-going", "--report", "json=report.json", "--report", "text=report.txt"),
    ("apply", "--yes", "--prune", "--allow-takeover", "--max-wait", "0"),
)
OTHERS: Final[tuple[tuple[str, ...], ...]] = (
    ("validate", "-v"),
    ("validate", "--format", "json"),
    ("init",),
    ("plan", "--list-repos"),
    ("plan", "--offline", "-v"),
    ("plan", "--list-repos", "--format", "json", "--skip-values"),
    ("state", "list", "--format", "json"),
    ("state", "show", "acme/api"),
    ("state", "pull"),
    ("state", "move", "acme/api", "acme/renamed"),
    ("state", "push", "flowforge.state.json.backup", "--force", "--yes"),
    ("state", "migrate", "--from", "flowforge.state.json.backup", "--yes"),
    ("state", "unlock", "--yes"),
    ("state", "forget", "acme/api", "--yes"),
    ("state", "rekey", "--yes", "--keep-going"),
    ("schema", "manifest"),
    ("--help",),
    ("--version",),
    (),
)
# These serve until they are stopped, or play a whole story: each has a test of its own.
APART: Final = ("sandbox", "demo")

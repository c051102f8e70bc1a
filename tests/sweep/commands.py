"""Every command, in the ways in which it shows something. A new command must be here: a test sees to that."""

from typing import Final

# Those that read values, where they go well and where they do not.
READING: Final[tuple[tuple[str, ...], ...]] = (
    ("plan",),
    ("plan", "-v"),
    ("plan", "--format", "json", "-v"),
    ("plan", "--report", "json=plan.json", "--report", "text=plan.txt"),
    ("plan", "--format", "html", "-v"),
    ("plan", "--format", "markdown"),
    ("plan", "--format", "github", "--report", "markdown=plan.md", "--report", "github=plan.gh"),
    ("plan", "--skip-values"),
    ("plan", "--verify"),
    ("plan", "--audit", "-v"),
    ("plan", "--out", "saved.json"),
    ("adopt", "--yes"),
    ("apply", "--check", "-v"),
    ("apply",),
    ("apply", "--yes"),
    ("apply", "--yes", "-v", "--format", "json"),
    ("apply", "--yes", "--keep-going", "--report", "json=report.json", "--report", "text=report.txt"),
    ("apply", "--yes", "--report", "html=report.html"),
    ("apply", "--yes", "--prune", "--allow-takeover", "--max-wait", "0", "--pace", "gentle"),
    ("apply", "saved.json"),
    ("rotate", "ci-key", "--check", "-v"),
    ("rotate", "ci-key", "--yes", "--canary-command", "true", "--report", "json=report.json", "--report", "text=r.txt"),
    ("rotate", "ci-key", "--yes", "--now", "-v", "--format", "json"),
)
OTHERS: Final[tuple[tuple[str, ...], ...]] = (
    ("validate", "-v"),
    ("validate", "--format", "json"),
    ("init",),
    ("plan", "--list-repos"),
    ("audit", "--path", ".", "-v"),
    ("audit", "--owner", "acme", "-v"),
    ("audit", "--format", "markdown", "--report", "html=audit.html", "--report", "json=audit.json"),
    ("init", "--owner", "acme", "-m", "drafted.yaml"),
    ("audit", "--path", ".", "-m", "flowforge.yaml", "--format", "json"),
    ("plan", "--offline", "-v"),
    ("plan", "--list-repos", "--format", "json", "--skip-values"),
    ("matrix",),
    ("post", "--to", "issue", "--repo", "acme/api", "report.json"),
    ("state", "list", "--format", "json"),
    ("state", "show", "acme/api"),
    ("state", "pull"),
    ("state", "move", "acme/api", "acme/renamed"),
    ("state", "push", "flowforge.state.json.backup", "--force", "--yes"),
    ("state", "migrate", "--from", "flowforge.state.json.backup", "--yes"),
    ("state", "unlock", "--yes"),
    ("state", "forget", "acme/api", "--yes"),
    ("state", "rekey", "--yes", "--keep-going"),
    ("status",),
    ("status", "-v", "--format", "json", "--report", "markdown=status.md"),
    ("status", "--format", "html"),
    ("identity", "rules"),
    ("identity", "rules", "--format", "json", "--report", "text=rules.txt"),
    ("doctor", "--probe", "acme/api", "--yes"),
    ("doctor",),
    ("doctor", "--format", "json", "-v"),
    ("schema", "manifest"),
    ("matrix",),
    ("explain", "FF504"),
    ("explain", "Invalid", "bearer", "token"),
    ("completion", "bash"),
    ("--help",),
    ("--version",),
    (),
)
# What goes before a command so that it has something to show: a state, and a saved plan. Before the plan that fits now,
# what is said of one that is not there, or that was made for another value.
_BEFORE: Final[dict[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    ("state",): (("apply", "--yes"),),
    ("post",): (("plan", "--report", "json=report.json"),),
    ("apply", "saved.json"): (("apply", "saved.json", "-v"), ("plan", "--out", "saved.json")),
}
# These serve until they are stopped, or play a whole story: each has a test of its own.
APART: Final = ("sandbox", "demo")


def before(args: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the commands that go before one."""
    return _BEFORE.get(args) or _BEFORE.get(args[:1], ())


def writes(args: tuple[str, ...]) -> bool:
    """Whether a command writes what its sources give, without asking."""
    return args[:1] in {("apply",), ("rotate",)} and ("--yes" in args or "saved.json" in args)

"""Everything that is wrong with a manifest, collected by position and raised at once."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from flowforge.errors import ManifestError, Problem, Where, quote

# More than anyone reads. Without these two limits, a file that is wrong in a hundred thousand places would cost minutes
# or gigabytes.
MAX_PROBLEMS: Final = 1_000
# Of known words with misspelt ones: get_close_matches is slow, and each problem asks for a suggestion.
_MAX_COMPARISONS: Final = 20_000

# What people call a key or a choice where no likeness of letters leads to its name. Of several the first known counts.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("op", "1password", "one_password"), ("onepassword",)),
    **dict.fromkeys(("environment", "environments", "envs", "variable"), ("environments", "env")),
    **dict.fromkeys(("cmd", "exec", "run", "shell", "program"), ("command",)),
    **dict.fromkeys(("ask", "input", "question", "stdin"), ("prompt",)),
    **dict.fromkeys(("source", "value", "value_from"), ("from",)),
    **dict.fromkeys(("path", "filename"), ("file",)),
    **dict.fromkeys(("repo", "repository", "repositories"), ("repos",)),
    **dict.fromkeys(("organization", "organisation"), ("org",)),
    **dict.fromkeys(("secrets", "keys", "tokens"), ("credentials",)),
    **dict.fromkeys(("delete", "remove"), ("absent",)),
    **dict.fromkeys(("except", "ignore", "skip"), ("exclude",)),
    **dict.fromkeys(("expiry", "expires_at", "expiration"), ("expires",)),
    **dict.fromkeys(("api_key", "anthropic_key"), ("anthropic_api_key",)),
    **dict.fromkeys(("oauth", "oauth_token", "claude_oauth_token", "setup_token"), ("claude_code_oauth_token",)),
    **dict.fromkeys(("oidc", "wif", "workload_identity", "federated"), ("anthropic_workload_identity",)),
    "secret_name": ("secret",),
    "kind": ("type",),
}


class Findings:
    """The problems and warnings so far. A problem that is found twice, as through an alias, is kept once."""

    def __init__(self) -> None:
        self._problems: dict[tuple[Where, Problem], None] = {}
        self._warnings: dict[tuple[Where, str], None] = {}
        self._more = False
        self._compared = 0

    def add(self, where: Where, code: str, what: str, *, why: str = "", fix: str = "") -> None:
        """Keep a problem at a position. Raise all of them once there are too many."""
        self.keep(where, Problem(code, what, why=why, fix=fix))

    def keep(self, where: Where, problem: Problem) -> None:
        """Keep a problem that the owner of its code has made."""
        self._problems[where, replace(problem, where=str(where))] = None
        if len(self._problems) > MAX_PROBLEMS:
            self.raise_any()

    def warn(self, where: Where, text: str) -> None:
        """Keep a warning at a position, one clause. Those beyond the limit are only known to exist."""
        if len(self._warnings) < MAX_PROBLEMS:
            self._warnings[where, text] = None
        elif (where, text) not in self._warnings:
            self._more = True

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings by position, each as `file:line:column: text`, and a last one if there are more."""
        shown = (f"{where}: {text}" for where, text in sorted(self._warnings))
        return (*shown, *([f"more than {MAX_PROBLEMS:,} warnings, and only these are shown"] if self._more else []))

    def raise_any(self) -> None:
        """Raise ManifestError with all problems, sorted by position, if there are any."""
        found = sorted(self._problems, key=lambda each: (each[0], each[1].code, each[1].what))
        problems = [problem for _, problem in found[:MAX_PROBLEMS]]
        if len(found) > MAX_PROBLEMS:
            what, fix = f"more than {MAX_PROBLEMS:,} problems were found, and only these are shown", "fix these first"
            problems.append(Problem("FF100", what, fix=fix))
        if problems:
            raise ManifestError(*problems)

    def suggest(self, word: str, known: Collection[str], otherwise: str) -> str:
        """Return `did you mean "x"?` for the known word nearest to `word`, or `otherwise` if none is near."""
        nearest = self.nearest(word, known)
        return f"did you mean {quote(nearest)}?" if nearest else otherwise

    def nearest(self, word: str, known: Collection[str]) -> str:
        """Return the known word that was probably meant, in whatever case; empty if none is near."""
        self._compared += len(known)
        if self._compared > _MAX_COMPARISONS:
            return ""
        lower = word.lower()
        if alias := next((each for each in ALIASES.get(lower, ()) if each in known), ""):
            return alias
        # The first of those that differ in their case alone: it is written as it is meant to be, most often.
        by_lower = {each.lower(): each for each in reversed([*known])}
        found = get_close_matches(lower, by_lower, n=1)
        return by_lower[found[0]] if found else ""

"""The operator's rules for what a manifest may name. They come from the environment alone: a manifest is code."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Where, printable, quote
from flowforge.manifest.findings import Findings
from flowforge.paths import FIX, WHY, Confinement
from flowforge.plan.address import Repo

SOURCES: Final = "FLOWFORGE_ALLOWED_SOURCES"
OWNERS: Final = "FLOWFORGE_ALLOWED_OWNERS"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a manifest may name."""

    sources: frozenset[str] | None
    """None allows every source. An empty set allows none: a variable that is set but empty must not open the door."""
    owners: frozenset[str] | None
    """Patterns in lower case; None and an empty set as for sources."""
    files: Confinement
    home: str
    """HOME, which `~/` stands for; empty if it is not set."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Rules":
        """Read the rules from environment variables."""
        return cls(
            _listed(environ.get(SOURCES)),
            _listed((environ.get(OWNERS) or "").lower() if OWNERS in environ else None),
            Confinement.of(environ),
            environ.get("HOME", ""),
        )

    def check_source(self, name: str, where: Where, findings: Findings) -> None:
        """Report (FF111) a source that is not allowed."""
        if self.sources is not None and name not in self.sources:
            findings.add(
                where,
                "FF111",
                f"the source {name} is not allowed by {SOURCES}",
                why=_admits(self.sources),
                fix=f"use another source, or let the operator add {name} to {SOURCES}",
            )

    def check_owner(self, repo: Repo, where: Where, findings: Findings) -> None:
        """Report (FF112) a repo whose owner is not allowed."""
        # Patterns and not names alone: a company may have an owner for each team.
        owner = repo.owner.lower()
        if self.owners is not None and not any(fnmatchcase(owner, pattern) for pattern in self.owners):
            findings.add(
                where,
                "FF112",
                f"the owner of {quote(repo.name)} is not allowed by {OWNERS}",
                why=_admits(self.owners),
                fix=f"remove the repository, or let the operator add {printable(repo.owner)} to {OWNERS}",
            )

    def check_account(self, owner: str, where: Where, findings: Findings, *, what: str = "selector") -> None:
        """Report (FF112) an owner that is not allowed: that of a selector, or an organization. what: which it is."""
        if self.owners is not None and not any(fnmatchcase(owner.lower(), pattern) for pattern in self.owners):
            findings.add(
                where,
                "FF112",
                f"the owner {quote(owner)} is not allowed by {OWNERS}",
                why=_admits(self.owners),
                fix=f"remove the {what}, or let the operator add {printable(owner)} to {OWNERS}",
            )

    def check_path(self, text: str, folder: Path, where: Where, findings: Findings) -> None:
        """Report (FF113) a path that leads out of the manifest's folder, links resolved, where files are confined."""
        if not self.files.below(folder).admits(self.locate(text, folder)):
            findings.add(where, "FF113", f"{quote(text)} is outside the manifest's folder", why=WHY, fix=FIX)

    def locate(self, text: str, folder: Path) -> Path:
        """Return the path that a text means: `~/` is HOME, and a relative path begins at the folder."""
        return folder / (self.home + text[1:] if text.startswith("~/") and self.home else text)


def _listed(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(filter(None, (part.strip() for part in text.split(","))))


def _admits(allowed: frozenset[str]) -> str:
    return f"it admits {printable(', '.join(sorted(allowed)))}" if allowed else "it is set but empty, so it admits none"

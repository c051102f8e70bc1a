"""Which version of an action a `uses:` gets: by its tag, or by its commit through a table that ships."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from flowforge.data_class import dataclass

ActionVersion = tuple[int, int, int]

NEWEST: Final[ActionVersion] = (9999, 0, 0)
"""What a moving reference to the newest version gets."""
BETA: Final[ActionVersion] = (0, 0, 63)
"""Where `@beta` and `@v0` have stood since 2025-08-22."""
_TABLE: Final = Path(__file__).with_name("versions.txt")
_USES: Final = re.compile(r"([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)((?:/[^@\s]*)?)@(\S+)")
_TAG: Final = re.compile(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,6})")
# In full: GitHub resolves no action by a shortened one.
_SHA: Final = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)
# They are moved to each release, so what they get today is the newest one.
_MOVING: Final = frozenset({"v1", "main", "master", "head"})


@dataclass(frozen=True, slots=True)
class Uses:
    """What a `uses:` names on GitHub. A path of this checkout and a container are none."""

    owner: str
    """In lower case."""
    name: str
    """In lower case."""
    path: str
    """Below the repository, without slashes at its ends; as written."""
    ref: str

    @property
    def repo(self) -> str:
        """Owner and name, in lower case."""
        return f"{self.owner}/{self.name}"

    @property
    def whole(self) -> str:
        """Repository and path, in lower case."""
        return f"{self.repo}/{self.path.lower()}" if self.path else self.repo


def read_uses(text: str) -> Uses | None:
    """Return what a `uses:` names; None for `./path`, `docker://…` and what names nothing."""
    match = _USES.fullmatch(text.strip())
    if match is None or match.group(1) in {".", ".."}:
        return None
    owner, name, path, ref = match.groups()
    return Uses(owner.lower(), name.lower(), path.strip("/"), ref)


def version_of(uses: Uses) -> ActionVersion | None:
    """Return the version that a pin gets; None where nobody can tell."""
    ref = uses.ref
    if match := _TAG.fullmatch(ref):
        major, minor, patch = map(int, match.groups())
        return major, minor, patch
    if _SHA.fullmatch(ref):
        return _known().get((uses.repo, ref.lower()))
    if ref.lower() in {"beta", "v0"}:
        return BETA
    return NEWEST if ref.lower() in _MOVING else None


@cache
def _known() -> dict[tuple[str, str], ActionVersion]:
    found: dict[tuple[str, str], ActionVersion] = {}
    for line in _TABLE.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        repo, sha, tag = line.split()
        match = _TAG.fullmatch(tag)
        if match:
            major, minor, patch = map(int, match.groups())
            found[repo, sha] = (major, minor, patch)
    return found


def newest(repo: str, major: int) -> tuple[ActionVersion, str] | None:
    """Return the newest version of an action that the table knows, and its commit; None without any of that major."""
    known = ((version, sha) for (owner_and_name, sha), version in _known().items() if owner_and_name == repo)
    return max((each for each in known if each[0][0] == major), default=None)


def written_version(version: ActionVersion) -> str:
    """Return a version as its tag is written."""
    return "v" + ".".join(map(str, version))

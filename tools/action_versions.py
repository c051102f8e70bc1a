"""Write flowforge/workflows/versions.txt anew: which version of Claude's actions a commit is, by their tags.

python tools/action_versions.py [FOLDER]: asks GitHub by `git ls-remote`, or reads clones at FOLDER/OWNER+NAME/repo.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

REPOS: Final = ("anthropics/claude-code-action", "anthropics/claude-code-base-action")
TABLE: Final = Path(__file__).resolve().parent.parent / "flowforge" / "workflows" / "versions.txt"
HEAD: Final = "# Which version of an action a commit is: repository, commit, tag. Made by 'make action-versions'."
_LINE: Final = re.compile(r"([0-9a-f]{40})\s+refs/tags/(v\d+\.\d+\.\d+)(\^\{\})?")


def rows(repo: str, listing: str) -> list[str]:
    """Return the rows of a repository from what `git ls-remote --tags` or `git show-ref -d` prints.

    An annotated tag has two lines; the one that ends with `^{}` names its commit.
    """
    commits: dict[str, str] = {}
    for sha, tag, peeled in _LINE.findall(listing):
        if peeled or tag not in commits:
            commits[tag] = sha
    ordered = sorted(commits, key=lambda tag: [int(part) for part in tag[1:].split(".")])
    return [f"{repo} {commits[tag]} {tag}" for tag in ordered]


def _listing(repo: str, folder: Path | None) -> str:
    if folder is None:
        argv = ["git", "ls-remote", "--tags", f"https://github.com/{repo}"]
    else:
        argv = ["git", "-C", str(folder / repo.replace("/", "+") / "repo"), "show-ref", "--tags", "-d"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def main(argv: Sequence[str]) -> int:
    """Write the table; a repository without tags is an error, and the table stays as it is."""
    folder = Path(argv[0]) if argv else None
    found = [rows(repo, _listing(repo, folder)) for repo in REPOS]
    if not all(found):
        print("a repository has no tags; the table stays as it is")
        return 1
    TABLE.write_text("\n".join([HEAD, *(row for each in found for row in each)]) + "\n", encoding="ascii")
    print(f"{sum(map(len, found))} versions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

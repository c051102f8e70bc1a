"""Build the wheel and the sdist twice, as two people would, compare the bytes, and leave them in dist.

The two builds have another folder, umask, order and time of files; the time inside is that of the last commit.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# How the builds differ: the folder, the umask, and the time of every file, in seconds of 1970.
BUILDS = (("one", 0o022, 1_000_000_000), ("another/and deeper", 0o077, 1_700_000_000))


def commit_time(root: Path) -> str:
    """Return the time of the last commit, in seconds of 1970; raises CalledProcessError outside of a checkout."""
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def copy(root: Path, folder: Path, seconds: int, *, backwards: bool) -> None:
    """Copy what git tracks, as it is now: in one order or the other, with this time, and modes as the umask has it."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    for name in sorted(filter(None, listed.split("\0")), reverse=backwards):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, folder / name)
            if os.access(root / name, os.X_OK):
                mode = (folder / name).stat().st_mode
                (folder / name).chmod(mode | (mode & 0o444) >> 2)
            os.utime(folder / name, (seconds, seconds))


def build(root: Path, folder: Path, umask: int, seconds: int) -> Path:
    """Build in a copy; give the folder of what was built."""
    before = os.umask(umask)
    try:
        copy(root, folder / "tree", seconds, backwards=umask != BUILDS[0][1])
        command = [
            sys.executable,
            "-m",
            "build",
            "--no-isolation",
            "--outdir",
            str(folder / "dist"),
            str(folder / "tree"),
        ]
        environ = {**os.environ, "SOURCE_DATE_EPOCH": commit_time(root)}
        subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
    finally:
        os.umask(before)
    return folder / "dist"


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def main(root: Path, dist: Path, build: Callable[[Path, Path, int, int], Path] = build) -> int:
    """Build twice; return 0, or 1 where the bytes differ."""
    with tempfile.TemporaryDirectory(prefix="flowforge-build-") as name:
        built = [build(root, Path(name) / folder, umask, seconds) for folder, umask, seconds in BUILDS]
        first, second = map(digests, built)
        if first != second:
            print(
                f"built twice, these differ: {', '.join(sorted(dict(first.items() ^ second.items())))}", file=sys.stderr
            )
            return 1
        shutil.copytree(built[0], dist, dirs_exist_ok=True)
    print("Built twice, the same to the byte:")
    print("".join(f"{digest}  {dist.name}/{name}\n" for name, digest in first.items()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(ROOT, ROOT / "dist"))

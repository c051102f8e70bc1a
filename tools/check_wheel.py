"""Build the wheel, install it in an environment of its own, and use it in an empty folder, as a newcomer would."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Give 0; raises CalledProcessError or AssertionError when the wheel is not what it must be."""
    with tempfile.TemporaryDirectory(prefix="flowforge-wheel-") as name:
        folder = Path(name).resolve()
        wheel = _build(folder / "dist")
        program = _install(wheel, folder / "venv")
        work = folder / "work"
        work.mkdir()
        _use(program, work)
    print(f"{wheel.name} works, installed, in an empty folder.")
    return 0


def _build(dist: Path) -> Path:
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(dist), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = dist.glob("*.whl")
    return wheel


def _install(wheel: Path, venv: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    return venv / "bin" / "flowforge"


def _use(program: Path, work: Path) -> None:
    version = _run(program, work, "--version")
    _expect(program.parent, f"flowforge {_version()}" in version.lower().replace(",", ""), "its version", version)
    for schema in ("manifest", "plan"):
        text = _run(program, work, "schema", schema)
        _expect(program, "$schema" in json.loads(text), f"the schema {schema}", text[:200])
    _run(program, work, "init")
    written = sorted(path.name for path in work.iterdir())
    _expect(program, "flowforge.yaml" in written, "init wrote flowforge.yaml", str(written))
    _run(program, work, "validate")


def _version() -> str:
    text = (ROOT / "flowforge" / "__init__.py").read_text(encoding="utf-8")
    return text.split('__version__ = "')[1].split('"')[0]


def _run(program: Path, work: Path, *words: str) -> str:
    environ = {"HOME": str(work.parent), "PATH": os.defpath, "LANG": "C.UTF-8"}
    done = subprocess.run([str(program), *words], check=False, cwd=work, env=environ, capture_output=True, text=True)
    print("$", program.name, *words, f"-> {done.returncode}", flush=True)
    _expect(program, done.returncode == 0, "exit code 0", done.stdout + done.stderr)
    return done.stdout


def _expect(program: Path, holds: bool, what: str, seen: str) -> None:  # noqa: FBT001 -- what is expected to hold
    if not holds:
        message = f"{program}: expected {what}, saw:\n{seen}"
        raise AssertionError(message)


if __name__ == "__main__":
    sys.exit(main())

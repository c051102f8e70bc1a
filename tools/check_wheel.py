"""Build the wheel, install it away from the checkout, and use it in an empty folder against a sandbox of 200 repos."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPOS = tuple(f"acme/repo-{number:03}" for number in range(1, 201))
NAME = "ANTHROPIC_API_KEY"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
IN_SYNC = "No changes. GitHub matches the manifest."
TIME_SCALE = "60"  # an hour of GitHub's limits in a minute
READY_SECONDS = 30


class WrongError(Exception):
    """The installed program is not what it must be."""


def expect(what: str, expected: object, actual: object) -> None:
    """Raise WrongError where the two differ."""
    if expected != actual:
        message = f"{what}: expected {expected}, got {actual}"
        raise WrongError(message)


@dataclass(frozen=True, slots=True)
class Installed:
    """The program as a newcomer has it: in an environment of its own, in an empty folder, with nothing inherited."""

    program: Path
    folder: Path
    environ: Mapping[str, str]

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command that must end with `code`; give its stdout."""
        command = [str(self.program), *words]
        done = subprocess.run(command, check=False, cwd=self.folder, env=self.environ, capture_output=True, text=True)
        shown = " ".join(words if len(words) < 5 else (*words[:2], "..."))  # noqa: PLR2004 -- 200 repos fill a screen
        print(f"$ flowforge {shown}  ->  {done.returncode}", flush=True)
        if done.returncode != code:
            message = f"expected exit code {code}\n{done.stdout}{done.stderr}"
            raise WrongError(message)
        return done.stdout

    def signed_in(self, url: str, token: str) -> "Installed":
        """Return the same, pointed at a sandbox, with a made-up key to distribute."""
        key = "sk-ant-" + "api03-" + secrets.token_urlsafe(70)[:93] + "AA"
        signed = {"GITHUB_API_URL": url, "FLOWFORGE_GITHUB_TOKEN": token, "FLOWFORGE_TIME_SCALE": TIME_SCALE}
        return Installed(self.program, self.folder, {**self.environ, **signed, "ACME_ANTHROPIC_KEY": key})


def main() -> int:
    """Return 0, or 1 with what is wrong."""
    with tempfile.TemporaryDirectory(prefix="flowforge-wheel-") as name:
        folder = Path(name).resolve()
        try:
            wheel = build(folder / "dist")
            use(install(wheel, folder), version=wheel.name.split("-")[1])
        except WrongError as error:
            print(error, file=sys.stderr)
            return 1
    print(f"{wheel.name} works, installed, in an empty folder.")
    return 0


def build(dist: Path) -> Path:
    """Build the wheel as an installer would; give its path."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(dist), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = dist.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Installed:
    """Install the wheel and what it depends on, and make the empty folder."""
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    work, home = folder / "work", folder / "home"
    work.mkdir()
    home.mkdir()
    return Installed(python.with_name("flowforge"), work, {"HOME": str(home), "PATH": os.defpath, "LANG": "C.UTF-8"})


def use(installed: Installed, version: str) -> None:
    """Walk the whole way: manifest, plan, apply, plan; then compare what GitHub holds with what was meant."""
    expect("the version", f"flowforge {version}\n", installed.run("--version"))
    for schema in ("manifest", "plan", "report", "state"):
        expect(f"the schema {schema}", DRAFT, json.loads(installed.run("schema", schema))["$schema"])
    installed.run("init", *REPOS)
    installed.run("validate")
    with sandbox(installed) as (url, token):
        ours = installed.signed_in(url, token)
        ours.run("plan", "--detailed-exitcode", code=2)
        ours.run("apply", "--yes")
        again = ours.run("plan", "--detailed-exitcode").splitlines()
        expect("the second plan", [IN_SYNC], [line for line in again if line.startswith("No changes")])
        meant = {repo: {NAME: ours.environ["ACME_ANTHROPIC_KEY"]} for repo in REPOS}
        held = {repo: reveal(url, token, repo) for repo in REPOS}
        wrong = [repo for repo in REPOS if meant[repo] != held[repo]]
        expect("repos whose decrypted value is not the source's", [], wrong)


@contextmanager
def sandbox(installed: Installed) -> Iterator[tuple[str, str]]:
    """Run the installed program's own sandbox; give its address and token."""
    ready = installed.folder.parent / "ready.json"
    words = ["sandbox", "--repos", str(len(REPOS)), "--time-scale", TIME_SCALE, "--ready-file", str(ready)]
    command = [str(installed.program), *words]
    with subprocess.Popen(command, env=installed.environ, stdout=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + READY_SECONDS
            while not ready.exists():
                if process.poll() is not None or time.monotonic() > end:
                    message = "the sandbox did not start"
                    raise WrongError(message)
                time.sleep(0.05)
            where = json.loads(ready.read_text(encoding="utf-8"))
            yield where["url"], where["token"]
        finally:
            process.terminate()


def reveal(url: str, token: str, repo: str) -> object:
    """Ask the sandbox for a repo's decrypted values by name, which GitHub never gives."""
    body = json.dumps({"full_name": repo}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/_sandbox/reveal", body, headers, method="POST")  # noqa: S310 -- loopback
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=10) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())

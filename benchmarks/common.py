"""What the benchmarks share: a sandbox in a process of its own, commands as whole processes, small tables."""

import json
import os
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("flowforge", path=str(Path(sys.executable).parent)) or "flowforge"
SECRET = "ANTHROPIC_API_KEY"  # noqa: S105 -- a name
LATENCY = 0.08  # seconds: what GitHub's API takes from a runner, roughly
POINTS_A_MINUTE = 900
_KILO = 1 if platform.system() == "Darwin" else 1024  # ru_maxrss is bytes on macOS, kilobytes on Linux
_MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that ended: wall and CPU seconds, peak memory in MB, its exit code and what it printed."""

    seconds: float
    cpu: float
    memory: float
    code: int
    out: str


def ran(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> Ran:
    """Run a command to its end and measure it; its stderr goes nowhere."""
    with tempfile.TemporaryFile("w+") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 -- what a benchmark names
            command, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    memory = usage.ru_maxrss * _KILO / _MEGA
    return Ran(seconds, usage.ru_utime + usage.ru_stime, memory, process.returncode, text)


@dataclass(frozen=True, slots=True)
class Server:
    """A sandbox that runs in a process of its own."""

    url: str
    socket: str
    token: str

    def call(self, verb: str, **arguments: object) -> Any:  # noqa: ANN401 -- JSON of whatever the verb gives
        """Use the control surface."""
        request = urllib.request.Request(  # noqa: S310 -- its own sandbox on loopback
            f"{self.url}/_sandbox/{verb}",
            data=json.dumps(arguments).encode(),
            headers={"Authorization": f"Bearer {self.token}"},
            method="POST",
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 -- as above
            return json.load(answer)

    def held(self, repos: Iterable[str]) -> dict[str, str]:
        """Return the decrypted secret of each repo that has it."""
        values = {repo: self.call("reveal", full_name=repo) for repo in repos}
        return {repo: value[SECRET] for repo, value in values.items() if SECRET in value}


@contextmanager
def sandbox(repos: int, *options: str) -> Iterator[Server]:
    """Run `flowforge sandbox` with so many repos, `acme/repo-001` and so on."""
    with tempfile.TemporaryDirectory(prefix="ff-") as folder:
        ready, socket = Path(folder, "ready"), Path(folder, "socket")
        command = [PROGRAM, "sandbox", f"--repos={repos}", f"--socket={socket}", f"--ready-file={ready}", *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 -- our own program
        try:
            while not ready.exists():
                if process.poll() is not None:
                    raise RuntimeError("the sandbox did not start")
                time.sleep(0.02)
            where = json.loads(ready.read_text(encoding="utf-8"))
            yield Server(where["url"], where["socket"], where["token"])
        finally:
            process.terminate()
            process.wait()


def names(count: int) -> list[str]:
    """Return the names of a sandbox's repos."""
    return [f"acme/repo-{number:03}" for number in range(1, count + 1)]


def made_up() -> str:
    """Return a value of an API key's shape that nobody ever had."""
    return f"sk-ant-{'api'}03-{secrets.token_hex(47)[:93]}AA"


@dataclass(slots=True)
class Project:
    """A folder with a manifest that wants one key in every repo, and an environment of its own to run commands in."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def flowforge(self, *args: str) -> Ran:
        """Run one FlowForge command as a process."""
        return ran([PROGRAM, *args], self.environ, self.folder)


@contextmanager
def project(repos: Sequence[str], server: Server | None = None, **environ: str) -> Iterator[Project]:
    """Make a project for these repos, pointed at a sandbox if there is one."""
    with tempfile.TemporaryDirectory(prefix="ff-") as name:
        folder = Path(name)
        listed = "\n".join(f"      - {repo}" for repo in repos)
        manifest = (
            "version: 1\ncredentials:\n  ci-key:\n    type: anthropic_api_key\n    from: {env: ACME_KEY}\n"
            f"targets:\n  - name: All\n    credential: ci-key\n    repos:\n{listed}\n"
        )
        (folder / "flowforge.yaml").write_text(manifest, encoding="utf-8")
        own = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "FLOWFORGE_CACHE_DIR": str(folder / "cache"),
            "ACME_KEY": made_up(),
        }
        if server is not None:
            own |= {"GITHUB_API_URL": server.url, "FLOWFORGE_GITHUB_TOKEN": server.token}
        yield Project(folder, own | environ)


def fastest_possible(points: int) -> float:
    """Return the seconds that so many points take at least when no minute may hold more than 900 of them."""
    return (points - 1) // POINTS_A_MINUTE * 60.0


def median(numbers: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(numbers)


def spread(numbers: Sequence[float], digits: int = 2) -> str:
    """Return `median (least-most)`."""
    return f"{median(numbers):.{digits}f} ({min(numbers):.{digits}f}-{max(numbers):.{digits}f})"


def say(title: str) -> None:
    """Print what is measured, and on what."""
    load = os.getloadavg()[0]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{title}\n[{machine}; load {load:.1f}; {time.strftime('%Y-%m-%d %H:%M')}]\n")


@dataclass(frozen=True, slots=True)
class Goal:
    """A number of product.md's list: what it is of, what was measured, and what is wanted."""

    what: str
    measured: float
    wanted: float
    least: bool = False
    digits: int = 2

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.measured >= self.wanted if self.least else self.measured <= self.wanted


def goals(*rows: Goal) -> None:
    """Print how far each goal is reached; `report.py` gathers these tables at the top of the page."""
    table(
        ("goal", "measured", "wanted", ""),
        (
            (
                row.what,
                f"{row.measured:.{row.digits}f}",
                f"{'at least' if row.least else 'at most'} {row.wanted:g}",
                "met" if row.met else "**missed**",
            )
            for row in rows
        ),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    lines = [tuple(map(str, row)) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        print(f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |")
    print(flush=True)

"""Run the real commands against a hostile GitHub, and measure that nothing holds them, drowns them or makes them talk.

python -m fuzz.adversary --seconds 600
python -m fuzz.adversary --seconds 60 --seed 7 --kind slow_headers --kind echo

GitHub's own pauses and the deadlines of exchanges pass faster, which only a server on this machine can ask for.
"""

import argparse
import json
import os
import random
import re
import secrets
import string
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from flowforge.sandbox import Sandbox
from fuzz.hostile.kinds import KINDS
from fuzz.hostile.server import Call, Chosen, Exchange, Hostile

TIME_SCALE: Final = 1000.0
SCALE: Final = 40.0
MOST_MB: Final = 300
# Seconds that a busy machine may take beside: of a command, to begin and to end; of an exchange, to notice its end.
_BESIDE: Final = 20.0
_LATE: Final = 5.0
_LONGEST: Final = 240.0
_CODES: Final = frozenset({0, 1, 3, 4, 5})
_PIECE: Final = 12
_HIGH_WATER: Final = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_MAXRSS: Final = 1_000_000 if sys.platform == "darwin" else 1000
_EXCHANGE: Final = 60.0
_OF_FILE: Final = 300.0
_FILE: Final = re.compile(r"(PUT|POST) \S+/(contents/|git/blobs)|GET \S+/git/blobs/")
_REPOS: Final = ("acme/api", "acme/web", *(f"acme/r{number}" for number in range(8)))
_MANIFEST: Final = """version: 1
credentials:
  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}
  federated:
    type: anthropic_workload_identity
    federation_rule_id: fdrl_x
    organization_id: 00000000-0000-0000-0000-000000000000
    service_account_id: svac_x
targets:
  - {name: All, repos: [REPOS], stores: [actions, dependabot], credential: ci-key}
  - {name: Found, select: {org: acme}, secret: FOUND_KEY, credential: ci-key, auto_admit: true}
  - {name: Released, repos: [acme/api], environments: [production], create_environment: true, credential: ci-key}
  - {name: Shared, org: acme, visible_to: {repos: [acme/api]}, secret: SHARED_KEY, credential: ci-key}
  - {name: Federated, repos: [acme/web], credential: federated}
"""
APPLY: Final = (
    "apply",
    "--yes",
    "--keep-going",
    "--allow-widening",
    "--allow-takeover",
    "--report",
    "json=report.json",
)
COMMANDS: Final = (("plan", "-v"), APPLY, ("plan", "--format", "json"))


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command came to. exchanges: how each was answered, and which part of its deadline it took.

    faults: what must not be; empty where all is well.
    """

    args: tuple[str, ...]
    code: int
    seconds: float
    most_seconds: float
    megabytes: int
    exchanges: Sequence[tuple[str, float]]
    faults: tuple[str, ...]


class Ops:
    """An ops repo of its own, a sandbox with the repos, and how FlowForge is run there.

    branch: whether the state is on a branch. scale: how much faster than real ones the seconds of an exchange pass.
    """

    def __init__(self, folder: Path, sandbox: Sandbox, *, branch: bool, scale: float = SCALE) -> None:
        self.folder, self.sandbox, self._scale = folder, sandbox, scale
        for repo in (*_REPOS, "acme/ops"):
            sandbox.world.create_repo(repo)
        text = _MANIFEST.replace("REPOS", ", ".join(_REPOS))
        where = "state: {github: {repo: acme/ops}}\n" if branch else ""
        (folder / "flowforge.yaml").write_text(text + where, encoding="utf-8")
        self._key = f"sk-ant-api03-{secrets.token_hex(47)[:93]}AA"

    def run(self, args: tuple[str, ...], url: str) -> tuple[int, float, int, str]:
        """Run a command against a server: its exit code, seconds, megabytes at its peak, and what it printed."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "FLOWFORGE_CACHE_DIR": str(self.folder / "cache"),
            "FLOWFORGE_TIME_SCALE": str(TIME_SCALE),
            "FLOWFORGE_DEADLINE_SCALE": str(self._scale),
            "GITHUB_API_URL": url,
            "FLOWFORGE_GITHUB_TOKEN": self.sandbox.token,
            "ACME_KEY": self._key,
        }
        argv = [sys.executable, "-m", "flowforge", *args]
        begun = time.monotonic()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(
                argv, cwd=self.folder, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )
            code, peak = _waited(process, begun + _LONGEST)
            seconds = time.monotonic() - begun
            out.seek(0)
            return code, seconds, peak, out.read().decode("utf-8", "replace")

    def most(self, exchange: Exchange) -> float:
        """Return the real seconds that an exchange may take."""
        return (_OF_FILE if _FILE.match(exchange.line) else _EXCHANGE) / self._scale

    def files(self) -> Iterator[str]:
        """Yield what lies in the folder."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                yield path.read_text(encoding="utf-8", errors="replace")


def _waited(process: "subprocess.Popen[bytes]", until: float) -> tuple[int, int]:
    """Wait for a process, or kill it; returns its exit code, and megabytes at its peak."""
    peak = 0
    while True:
        peak = max(peak, _peak(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, peak or usage.ru_maxrss // _MAXRSS
        if time.monotonic() > until:
            process.kill()
            until += _LONGEST
        time.sleep(0.005)


def _peak(pid: int) -> int:
    """Return the megabytes that Linux says; 0 elsewhere. What it says after the end is no less than our own."""
    try:
        found = _HIGH_WATER.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    except OSError:
        return 0
    return int(found.group(1)) // 1000 if found else 0


def attacked(ops: Ops, args: tuple[str, ...], hostile: Hostile) -> Ran:
    """Run one command against the hostile server, and judge it."""
    before = len(hostile.exchanges)
    code, seconds, peak, text = ops.run(args, hostile.url)
    met = tuple(hostile.exchanges[before:])
    # All of them one after the other could not take longer.
    most = _BESIDE + sum(map(ops.most, met))
    shares = [(each.kind, each.seconds / ops.most(each)) for each in met]
    return Ran(args, code, seconds, most, peak, shares, tuple(_faults(ops, met, (code, seconds, most, peak, text))))


def _faults(ops: Ops, met: Collection[Exchange], done: tuple[int, float, float, int, str]) -> Iterator[str]:
    code, seconds, most, peak, text = done
    if code not in _CODES:
        yield f"exit code {code}"
    if seconds > most:
        yield f"{seconds:.1f} s, of at most {most:.1f}"
    if peak > MOST_MB:
        yield f"{peak} MB, of at most {MOST_MB}"
    for each in met:
        if each.seconds > ops.most(each) + _LATE:
            yield f"{each.seconds:.1f} s for {each.kind}: {each.line}"
    yield from (f"it printed {word}: {text[-600:]}" for word in ("Traceback", "FF099") if word in text)
    token = ops.sandbox.token
    pieces = {token[at : at + _PIECE] for at in range(len(token) - _PIECE + 1)}
    if any(piece in each for each in (text, *ops.files()) for piece in pieces):
        yield "the token is in what it printed or left"


def honest(ops: Ops) -> str:
    """Run an honest apply after all that: empty where everything is as the manifest wants it, else what it said."""
    code, _, _, text = ops.run(APPLY, ops.sandbox.url)
    return "" if code == 0 else f"an honest apply ended with {code}: {text[-800:]}"


def a_round(seed: int, kinds: Sequence[str], folder: Path) -> Iterator[Ran]:
    """Attack some commands, one after the other, with answers that are drawn."""
    rng = random.Random(seed)  # noqa: S311 -- a run that can be made again
    share, one = rng.choice((0.02, 0.1, 0.3, 1.0)), rng.random() < 1 / 3
    drawn = [rng.choice(kinds)] if one else list(kinds)

    def choose(call: Call) -> Chosen | None:
        name = call.rng.choice(drawn)
        if "endless=" in call.target and "endless_next" in kinds:
            name = "endless_next"
        elif call.rng.random() > share:
            return None
        return name, KINDS[name]

    token = "".join(rng.choices(string.ascii_letters + string.digits, k=40))
    with Sandbox(token=token, time_scale=TIME_SCALE) as sandbox:
        ops = Ops(folder, sandbox, branch=rng.random() < 1 / 3)
        if rng.random() < 1 / 2:
            ops.run(APPLY, sandbox.url)
        with Hostile(sandbox.url, choose, seed) as hostile:
            ran = [attacked(ops, args, hostile) for args in COMMANDS]
        yield from ran[:-1]
        yield replace(ran[-1], faults=tuple(filter(None, (*ran[-1].faults, honest(ops)))))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz.adversary", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="of the first round")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this one; may be repeated")
    parser.add_argument("--without", action="append", choices=KINDS, default=[], help="not this one")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Attack for so long, say what was measured, and return 1 when anything was as it must not be."""
    options = _options(argv)
    kinds = [name for name in options.kind or KINDS if name not in options.without]
    until, seed, ran = time.monotonic() + options.seconds, options.seed, list[Ran]()
    print(f"{len(kinds)} kinds of answers for {options.seconds} s, from seed {seed}", flush=True)
    while time.monotonic() < until:
        with tempfile.TemporaryDirectory() as name:
            for each in a_round(seed, kinds, Path(name).resolve()):
                ran.append(each)
                for fault in each.faults:
                    print(f"seed {seed}, {' '.join(each.args)}: {fault}", flush=True)
        seed += 1
    print(_table(ran))
    return 1 if any(each.faults for each in ran) or not ran else 0


def _table(ran: Sequence[Ran]) -> str:
    by_kind: dict[str, list[float]] = defaultdict(list)
    for each in ran:
        for kind, share in each.exchanges:
            by_kind[kind].append(share)
    lines = [f"{'answer':<22}{'exchanges':>12}{'of the deadline':>18}"]
    lines += [f"{kind:<22}{len(found):>12,}{max(found):>18.2f}" for kind, found in sorted(by_kind.items())]
    codes = json.dumps({str(code): sum(each.code == code for each in ran) for code in sorted({e.code for e in ran})})
    worst = max((each.seconds / each.most_seconds for each in ran), default=0.0)
    lines += [
        f"{len(ran)} commands, exit codes {codes}; {sum(bool(each.faults) for each in ran)} as they must not be",
        f"longest {max((each.seconds for each in ran), default=0.0):.1f} s; {worst:.2f} of what its exchanges may take",
        f"largest {max((each.megabytes for each in ran), default=0)} MB",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

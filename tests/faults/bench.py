"""A bench for one fault: a local GitHub, two repos, a manifest, and FlowForge run against it, here or as a process."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, Final

from nacl.public import PrivateKey

from flowforge.__main__ import run
from flowforge.sandbox import Fault, FaultKind, Lag, Sandbox
from flowforge.sandbox.rules.faults import Faults
from tests.clocks import outside_of
from tests.made_up import api_key

if TYPE_CHECKING:
    import pytest

SCALE: Final = 120
SECONDS: Final = 30.0
FOREVER: Final = 1000  # times that a fault strikes
REPOS: Final = ("acme/api", "acme/web")
SECRET: Final = "ANTHROPIC_API_KEY"
STATE: Final = "flowforge.state.json"
MANIFEST: Final = (
    "version: 1\ncredentials:\n  ci-key:\n    type: anthropic_api_key\n    from: {env: ACME_KEY}\n"
    "targets:\n  - name: All\n    repos: [acme/api, acme/web]\n    credential: ci-key\n"
)
_COST: Final = re.compile(r"^It took [\d,]+ requests?.*\n", re.MULTILINE)
_AGAIN: Final = re.compile(r"^(?:what failed alone|to go on after that time): .*\n", re.MULTILINE)
_TRIES: Final = re.compile(r"^.*; try \d of 4, the next in \d s\n", re.MULTILINE)
_BLOCKED = re.compile(r"^blocked: .*\n(?:    .*\n)+(?:  fix: .*\n)?", re.MULTILINE)
_TO_COME: Final = re.compile(r"^([-~+] acme/|Plan: |acme/\w+ : ).*\n", re.MULTILINE)


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Applied:
    """What a first apply left: the state, the value, and of each repo when GitHub wrote its secret and its key pair."""

    state: bytes
    value: str
    updated: tuple[int, ...]
    keys: tuple[PrivateKey, ...]


class Watched(Faults):
    """The sandbox's faults, with a call for the first request that matches; it comes before the request is handled."""

    def __init__(self, match: str, then: Callable[[], object], waiting: list[Fault]) -> None:
        super().__init__(waiting)
        self.match, self.met, self._then = match, False, then

    def strike(self, method: str, target: str) -> Fault | None:
        """Call, once, and go on as ever: with the fault that waits now, whatever the call does to the rest."""
        fault = super().strike(method, target)
        if not self.met and re.search(self.match, f"{method} {target}"):
            self.met = True
            self._then()
        return fault


class Bench:
    """Two repos and what is done to them. What is injected through the bench ends with `mend`."""

    applied: ClassVar[Applied | None] = None

    def __init__(
        self, sandbox: Sandbox, folder: Path, capfd: "pytest.CaptureFixture[str]", patch: "pytest.MonkeyPatch"
    ) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.state = folder / STATE
        self.world = sandbox.world
        self.patch = patch
        self.injected = ExitStack()
        self.instead: dict[str, str] = {}
        self.values: dict[str, str | None] = {"nothing": None}
        # What else was made ready and did not happen, each asked for it at the end.
        self.awaited: list[Callable[[], list[str]]] = []
        self._capfd = capfd
        self._ready: Counter[tuple[str, FaultKind]] = Counter()
        for repo in REPOS:
            self.world.create_repo(repo)
        (folder / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")

    def value(self, name: str) -> str:
        """Make up a value, remember it by a name, and let the manifest's source give it."""
        self.values[name] = value = api_key()
        self.patch.setenv("ACME_KEY", value)
        return value

    def apply_old(self) -> None:
        """Let both repos hold the old value, applied and recorded: by a real apply once, and by its traces after it."""
        scopes = [self.world.directory[repo].actions for repo in REPOS]
        if Bench.applied is None:
            value = self.value("old")
            assert 0 == self.run("apply", "--yes").code
            updated = tuple(scope.secrets[SECRET].updated for scope in scopes)
            keys = tuple(scope._private_key() for scope in scopes)
            Bench.applied = Applied(self.state.read_bytes(), value, updated, keys)
        applied = Bench.applied
        self.values["old"] = applied.value
        self.state.write_bytes(applied.state)
        for scope, at, key in zip(scopes, applied.updated, applied.keys, strict=True):
            scope.put(SECRET, applied.value.encode(), at=at, lag=Lag())
            scope._key, scope._key_id = key, scope._ring.key_id
        self.world.clock.advance(max(0.0, max(applied.updated) + 2 - self.world.clock.now()))

    # Running it

    def run(self, *args: str) -> Done:
        """Run one command in this process."""
        self._capfd.readouterr()
        code = run(list(args), outside_of(SCALE))
        shown = self._capfd.readouterr()
        return Done(code, shown.out, shown.err)

    def start(
        self, *command: str, stdout: "int | IO[str]" = subprocess.PIPE, environ: Mapping[str, str | None] | None = None
    ) -> "subprocess.Popen[str]":
        """Start a process: FlowForge's, or `command` where it begins with a program. environ: what differs."""
        argv = command if command[0] == sys.executable else (sys.executable, "-m", "flowforge", *command)
        changed = {**os.environ, **(environ or {})}
        return subprocess.Popen(
            argv,
            cwd=self.folder,
            env={name: text for name, text in changed.items() if text is not None},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def end(self, process: "subprocess.Popen[str]") -> Done:
        """Wait for a process to end."""
        out, err = process.communicate(timeout=SECONDS)
        return Done(process.returncode, out or "", err)

    # Injecting faults

    def fault(self, match: str, fault: Fault) -> None:
        """Let the sandbox misbehave."""
        self._ready[match, fault.kind] += fault.times
        self.world.faults.add(replace(fault, match=match))

    def when(self, match: str, then: Callable[[], object]) -> None:
        """Do something at the moment at which the first request arrives that matches."""
        self.world.faults = Watched(match, then, self.world.faults.waiting)

    def unmet(self) -> list[str]:
        """Return what was made ready and did not happen: a fault that no request met, or not as often as meant."""
        left: Counter[tuple[str, FaultKind]] = Counter()
        for fault in self.world.faults.waiting:
            left[fault.match, fault.kind] += fault.times
        faults = self.world.faults
        calls = [faults.match] if isinstance(faults, Watched) and not faults.met else []
        # What lasts for ever is to strike once, and what does not is to strike until it is over.
        few = {each for each, times in self._ready.items() if left[each] == times or (left[each] and times < FOREVER)}
        return [*calls, *(each for ask in self.awaited for each in ask()), *sorted(match for match, _ in few)]

    def handled(self, match: str) -> int:
        """Count the requests that match and that GitHub is done with."""
        return sum(1 for each in self.world.log() if re.search(match, f"{each.method} {each.path}"))

    def environ(self, name: str, value: str | None) -> None:
        """Set a variable, or take it away, until the fault is mended."""
        before = os.environ.get(name)
        self._set(name, value)
        self.injected.callback(self._set, name, before)

    def _set(self, name: str, value: str | None) -> None:
        if value is None:
            self.patch.delenv(name, raising=False)
        else:
            self.patch.setenv(name, value)

    def attribute(self, owner: object, name: str, value: object) -> None:
        """Replace an attribute until the fault is mended."""
        before = getattr(owner, name)
        setattr(owner, name, value)
        self.injected.callback(setattr, owner, name, before)

    def mend(self) -> None:
        """End every fault, and let a second of GitHub's clock pass."""
        self.injected.close()
        self.world.faults.clear()
        self.world.settings.lag = Lag()
        self.world.limits.enabled = False
        self.world.clock.advance(2)

    # What became of it

    def held(self) -> tuple[str, ...]:
        """Return for each repo which value GitHub holds, by its name."""
        names = {value: name for name, value in self.values.items()}
        return tuple(names[self.world.reveal(repo).get(SECRET)] for repo in REPOS)

    def next_plan(self) -> str:
        """Return what a plan says now: each repo with its reason, or the first line of an error."""
        done = self.run("plan", "--format", "json")
        document = json.loads(done.out)
        if done.err:
            return self.plain(done.err.splitlines()[0])
        lines = {line["address"].split("/")[1]: f"{line['action']}, {line['reason']}" for line in document["changes"]}
        if set(lines.values()) == {"none, in_sync"}:
            return "in sync"
        return "; ".join(f"{repo}: {line}" for repo, line in lines.items()).replace("none, in_sync", "in sync")

    def said(self, done: Done, command: str) -> tuple[str, ...]:
        """Return what was printed for people.

        Without the tries that reached nobody, which depend on who is asked first; of what writes without the changes to
        come, the counts of each repo, what its plan said is blocked once more, and the command that tries again.
        """
        out = _COST.sub("", done.out)
        out = _BLOCKED.sub("", _TO_COME.sub("", out)) if command in {"apply", "rotate"} else out
        return tuple(filter(None, self.plain(_AGAIN.sub("", _TRIES.sub("", done.err)) + out).splitlines()))

    def plain(self, text: str) -> str:
        """Replace what differs from run to run."""
        for found, word in {str(self.folder): ".", self.sandbox.url: "http://127.0.0.1:PORT", **self.instead}.items():
            text = text.replace(found, word)
        return text

"""Run what a page shows: its commands, in order, in a folder of their own, against a GitHub of their own."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import yaml

from flowforge.__main__ import run
from flowforge.cli.surroundings import Screen
from flowforge.sandbox import Sandbox
from flowforge.vault import SecretValue
from tests.clocks import outside_of
from tests.docs.pages import ROOT, Block, Mark, Page, Shown
from tests.guard import LEAKED
from tests.made_up import letters

if TYPE_CHECKING:
    from tests.conftest import FakeOp

SCALE: Final = 60
# What the pages show in the place of what is another one at each run.
HOME, URL = "/home/ada/ops", "http://127.0.0.1:8080"
# The day on which the pages play: what they say of days is moved to today and back, so that nothing expires.
WRITTEN: Final = date(2026, 11, 28)
_DAY: Final = re.compile(r"\b20\d\d-\d\d-\d\d\b(?!T)")
PLAIN: Final = """\
version: 1
credentials:
  ci-key: {{type: anthropic_api_key, from: {{env: ACME_ANTHROPIC_KEY}}}}
targets:
  - {{name: Claude in CI, repos: {}, credential: ci-key}}
"""
_KINDS: Final = ("api03", "oat01")
# A page shows no whole key, not even one that is made up: scanners of secrets would stop whoever pushes it.
_KEY: Final = re.compile(r"(sk-ant-api03-)[\w-]{95}\b")
_ELLIPSIS: Final = re.compile(r"sk-ant-(api03|oat01)-…")
_SHELL: Final = re.compile(r"[|&;<>`*?]|\$\(|\$[A-Za-z{]")
# A time, a hash, an id or a key's id is another one at each run, and so is how long something took.
_CHANGING: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b[0-9a-f]{32,}\b"), "HASH"),
    (re.compile(r"github_pat_\w+"), "TOKEN"),
    (re.compile(r"\bIv23li\w+"), "CLIENT"),
    # Runs that are dispatched side by side get their ids in any order.
    (re.compile(r"(?<=/actions/runs/)\d+/job/\d+"), "RUN"),
    (re.compile(r"(?<=FLOWFORGE_ANTHROPIC_URL=http://127\.0\.0\.1:)\d+"), "PORT"),
    (re.compile(r'(?<="(?:created|updated)": )\d+'), "TIME"),
)


class Person(Screen):
    """Sits at the terminal and says what the page has them say. What they type is seen, but for what they paste."""

    def __init__(self) -> None:
        """Sit down with nothing to say: nobody is there, then."""
        self.says: list[str] = []

    def is_read(self) -> bool:
        """Whether they are there."""
        return bool(self.says)

    def is_seen(self) -> bool:
        """Whether they see what is said."""
        return bool(self.says)

    def line(self) -> str:
        """Type the next answer."""
        reply = self.says.pop(0)
        print(reply, file=sys.stderr)
        return reply

    @contextmanager
    def hidden(self, _: threading.Event) -> Iterator[Self]:
        """Take their pastes."""
        yield self

    def say(self, text: str) -> None:
        """Show them a text."""
        sys.stderr.write(text)

    def ask(self, question: str) -> SecretValue | None:
        """Have them paste a value."""
        sys.stderr.write(question)
        pasted = self.says.pop(0)
        return SecretValue(made_up(pasted)) if pasted else None


def made_up(kind: str) -> str:
    """Make up a credential of a kind, or any other secret."""
    return f"sk-ant-{kind}-{letters(93)}AA" if kind in _KINDS else letters(40)


@dataclass
class Walk:
    """One page being run. `with` it, so that the process gets back its folder and environment."""

    folder: Path
    op: "FakeOp"
    """1Password's stand-in, which holds nothing yet."""
    sandbox: Sandbox = field(default_factory=lambda: Sandbox(time_scale=SCALE))
    made: list[str] = field(default_factory=list)
    """Each value that was made up."""
    code: int = 0
    """How the last command ended."""
    person: Person = field(default_factory=Person)
    url: str = ""
    """Of a sandbox that the page itself starts."""
    serves: str = ""
    """What that sandbox printed."""
    later: int = field(default_factory=lambda: (datetime.now(UTC).date() - WRITTEN).days)
    """How many days after the day of the pages it is."""
    _held: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Go to the folder and start the sandbox."""
        self._held.callback(os.chdir, Path.cwd())
        before = dict(os.environ)
        self._held.callback(os.environ.update, before)
        self._held.callback(os.environ.clear)
        self._held.enter_context(self.sandbox)
        os.chdir(self.folder)
        self._be_on_path()
        os.environ |= {
            "FLOWFORGE_GITHUB_TOKEN": self.sandbox.token,
            "GITHUB_API_URL": self.sandbox.url,
            "FLOWFORGE_TIME_SCALE": str(SCALE),
            **self.op.environ,
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put all back."""
        self._held.__exit__(kind, error, trace)

    def _be_on_path(self) -> None:
        """Let a shell find this very program."""
        script = self.op.path / "flowforge"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m flowforge "$@"\n', "utf-8")
        script.chmod(0o755)

    def along(self, page: Page) -> Iterator[tuple[Block, list[Shown]]]:
        """Run a page, and yield each console and each output with what the commands print today."""
        printed = ""
        for block in page.blocks:
            for mark in block.marks:
                self.heed(mark)
            if block.title:
                path = self.folder / block.title
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_moved(block.text, self.later), "utf-8")
            if block.is_output:
                yield block, [Shown("", printed)]
            if not block.is_run:
                continue
            if block.language == "console":
                yield block, [Shown(each.command, self.output(each.command)) for each in block.commands]
            else:
                printed = self._try(page.name, block.lines)
        for mark in page.rest:
            self.heed(mark)

    def _try(self, page: str, commands: list[str]) -> str:
        """Run commands, and return what they print. What is wrong with a command line or a manifest ends with 1."""
        says, told = self.person.says, []
        for command in commands:
            self.person.says = list(says)
            printed = self.output(command)
            assert self.code in {0, 2, 3}, f"{page}: {command} ended with {self.code}:\n{printed}"
            told += [printed] if printed else []
        return "\n".join(told)

    def heed(self, mark: Mark) -> None:
        """Do what a mark says."""
        match mark.name:
            case "world":
                self._build(yaml.safe_load(mark.text))
            case "values":
                pairs = (pair.split("=") for pair in mark.text.split())
                os.environ |= {name: self._value(kind) for name, kind in pairs}
            case "op":
                for reference, kind in yaml.safe_load(mark.text).items():
                    self.op.holds(self._value(kind), reference)
            case "manifest":
                (self.folder / "flowforge.yaml").write_text(PLAIN.format(mark.text), "utf-8")
            case "pasted":
                self._paste()
            case "first":
                self._try("before", [mark.text])
            case "meanwhile":
                self.sandbox.world.clock.advance(2)
                verb, _, arguments = mark.text.partition(" ")
                getattr(self.sandbox.world, verb)(**(yaml.safe_load(arguments) or {}))
            case "answers":
                self.person.says = [each.strip() for each in mark.text.split(",")]

    def _value(self, kind: str) -> str:
        self.made.append(made_up(kind))
        return self.made[-1]

    def _paste(self) -> None:
        """Run the exports that the sandbox printed."""
        for line in self.serves.splitlines():
            if line.startswith("export "):
                self._run(line)

    def _build(self, repos: Mapping[str, Any]) -> None:
        for name, what in repos.items():
            self._furnish(name, what or {})

    def _furnish(self, repo: str, what: Mapping[str, Any]) -> None:
        world = self.sandbox.world
        world.create_repo(repo, topics=what.get("topics"), fork=what.get("fork", False))
        world.set_visibility(repo, what.get("visibility", "private"))
        for store in ("secrets", "dependabot"):
            for name in what.get(store, ()):
                world.set_secret(repo, name, "from before", store="actions" if store == "secrets" else store)
        for name in what.get("environments", ()):
            world.create_environment(repo, name)

    def output(self, command: str) -> str:
        """Run one command, and return what it prints, on stdout and stderr, as the pages show it."""
        command = _ELLIPSIS.sub(lambda match: self._value(match[1]), command)
        text = self._run(command.replace("\\\n", " ").replace(URL, self.url or self.sandbox.url))
        leaked = [value for value in self.made if value in text]
        assert [] == leaked, f"{command}: printed a value"
        text = _moved(_KEY.sub(r"\1…", text), -self.later)
        return text.replace(str(self.folder), HOME).replace(self.url or self.sandbox.url, URL).rstrip("\n")

    def _run(self, command: str) -> str:
        words = shlex.split(command)
        if words == ["echo", "$?"]:
            return f"{self.code}\n"
        if words[0] in {"export", "unset"}:
            return self._set(words, command)
        if words[:2] == ["flowforge", "sandbox"] and words[2:3] != ["do"]:
            return self._serve(words[2:])
        # A process of its own takes a second, so only what needs a shell gets one.
        if words[0] == "flowforge" and not _SHELL.search(re.sub(r"'[^']*'", "", command.partition(" > ")[0])):
            return self._flowforge(*_redirected(words[1:]))
        both = f"exec 2>&1 </dev/null\n{command}"
        done = subprocess.run(["sh", "-c", both], stdout=subprocess.PIPE, encoding="utf-8", check=False)
        self.code = done.returncode
        return done.stdout

    def _set(self, words: list[str], command: str) -> str:
        names = [word.partition("=")[0] for word in words[1:]]
        # A shell says what a value comes to, where the page has a command in it.
        shown = 'for name in "$@"; do eval "printf \'%s\\0\' "\\$$name""; done'
        done = subprocess.run(
            ["sh", "-c", f"{command}\n{shown}", "sh", *names], capture_output=True, text=True, check=True
        )
        for name, value in zip(names, done.stdout.split("\0"), strict=False):
            os.environ.pop(name, None)
            os.environ |= {name: value} if words[0] == "export" else {}
            self.made += [value] if value.startswith("sk-ant-") else []
        return ""

    def _serve(self, args: list[str]) -> str:
        """Run a sandbox of the page's own, on a free port, until the walk ends; return what it prints at first."""
        ready, printed = self.op.path / "ready.json", self.op.path / "sandbox.txt"
        args = ["0" if before == "--port" else arg for before, arg in pairwise(["", *args])]
        command = [sys.executable, "-m", "tests.guard", "sandbox", *args, "--ready-file", str(ready)]
        with printed.open("w") as file:
            environ = {**os.environ, "PYTHONPATH": str(ROOT)}
            process = subprocess.Popen(command, env=environ, stdout=file, stderr=subprocess.STDOUT)
        self._held.callback(_unleaked, process, printed)
        self._held.callback(process.terminate)
        deadline = time.monotonic() + 60
        # The last line of what it prints, whatever the options.
        while not (ready.exists() and printed.read_text("utf-8").endswith("_VERIFY_HOSTS=127.0.0.1\n")):
            assert process.poll() is None, printed.read_text("utf-8")
            assert time.monotonic() < deadline, printed.read_text("utf-8")
            time.sleep(0.01)
        self.url = str(json.loads(ready.read_text("utf-8"))["url"])
        for name in ("FLOWFORGE_GITHUB_TOKEN", "FLOWFORGE_TIME_SCALE", "GITHUB_API_URL"):
            os.environ.pop(name)
        self.serves = printed.read_text("utf-8")
        return self.serves

    def _flowforge(self, args: list[str], into: str | None) -> str:
        # Both streams go to one, as on a terminal, so that they keep their order.
        written = io.BytesIO()
        shown = io.TextIOWrapper(written, "utf-8", write_through=True)
        outside = outside_of(SCALE, self.person, hidden=self.person.hidden)
        with ExitStack() as held:
            file = held.enter_context(Path(into).open("w", encoding="utf-8")) if into else shown
            held.enter_context(redirect_stdout(file))
            held.enter_context(redirect_stderr(shown))
            self.code = run(args, outside)
        self.person.says = []
        return written.getvalue().decode("utf-8")


def _unleaked(sandbox: "subprocess.Popen[bytes]", printed: Path) -> None:
    """Wait for a sandbox to end; no credential may have reached it."""
    assert sandbox.wait() != LEAKED, printed.read_text("utf-8")


def _redirected(words: list[str]) -> tuple[list[str], str | None]:
    """Return the arguments, and the file that stdout goes to."""
    return (words[:-2], words[-1]) if ">" in words else (words, None)


def _moved(text: str, days: int) -> str:
    """Return a text whose days lie so many days later."""
    return _DAY.sub(lambda match: str(date.fromisoformat(match[0]) + timedelta(days)), text)


def settled(text: str) -> str:
    """Return a text in which whatever is another one at each run is the same."""
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text

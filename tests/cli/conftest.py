"""A fleet on a sandbox, and the command line run against it in this process."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import pytest

from flowforge.__main__ import run
from flowforge.cli.surroundings import Outside, Screen
from flowforge.sandbox import Sandbox
from tests.cli import scene as scenery
from tests.cli.counted import COUNTED
from tests.cli.scene import Scene
from tests.clocks import outside_of
from tests.made_up import letters

SCALE = 60
NEW_STATE = (
    "The state is new: flowforge.state.json remembers what was written. Keep it, and keep it private: without it the "
    "next run knows nothing of this one.\n"
)

# To have a token made writes nothing of anybody's.
MINT = "POST /app/installations/{installation}/access_tokens"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let coverage rest during what the table does not name."""
    if item.path.name not in COUNTED:
        item.add_marker("no_coverage")


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Return stdout's lines."""
        return self.out.splitlines()

    @property
    def told(self) -> str:
        """Return stderr without what the first apply of every fleet says: where its new state is."""
        return self.err.replace(NEW_STATE, "")


class Person(Screen):
    """Sits at a terminal, and answers each question by what `reply` returns or raises."""

    def __init__(self, reply: Callable[[], str], *, sees: bool) -> None:
        """Sit down. sees: whether stderr goes there too."""
        self._reply, self._sees = reply, sees

    def is_read(self) -> bool:
        """Answer questions."""
        return True

    def is_seen(self) -> bool:
        """Whether they see what is said."""
        return self._sees

    def line(self) -> str:
        """Type one line."""
        return self._reply()


class Keyboard(Screen):
    """A terminal that stdin alone is."""

    def __init__(self, stdin: TextIO) -> None:
        """Plug it in."""
        self._stdin = stdin

    def is_read(self) -> bool:
        """Whether it is a terminal."""
        return self._stdin.isatty()

    def line(self) -> str:
        """Read what was typed."""
        text = self._stdin.readline()
        if not text:
            raise EOFError
        return text.removesuffix("\n")


@dataclass
class Fleet:
    """A sandbox with repos of acme, a folder with a manifest, and `flowforge` itself."""

    sandbox: Sandbox
    folder: Path
    capfd: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    repos: list[str] = field(default_factory=list)
    screen: Screen = field(default_factory=Screen)
    parts: dict[str, Any] = field(default_factory=dict)
    """Members of the request of every command that is run, in place of the usual ones."""
    platform: str = "linux"
    scale: float = SCALE

    def flowforge(self, *args: str) -> Done:
        """Run one command in the fleet's folder."""
        self.capfd.readouterr()
        code = run(list(args), self.outside)
        shown = self.capfd.readouterr()
        return Done(code, shown.out, shown.err)

    @property
    def outside(self) -> Outside:
        """What a command meets: a clock of its own, which no other command's waits move on."""
        return outside_of(self.scale, self.screen, self.platform, **self.parts)

    def stdin(self, stream: TextIO) -> None:
        """Let what comes next read this as its stdin."""
        self.screen = Keyboard(stream)

    def answers(self, reply: str | Callable[[], str], *, sees: bool = False) -> None:
        """Let a person at a terminal answer what comes next asks, by a text or by what a function returns or raises."""
        self.screen = Person(reply if callable(reply) else lambda: reply, sees=sees)

    def refused(self, *args: str) -> Done:
        """Run one command, and prove that it wrote nothing: neither to GitHub nor to the state."""
        before = self._state_files()
        self.sandbox.world.reset_stats()
        done = self.flowforge(*args)
        asked = self.sandbox.world.stats().requests
        assert [route for route in asked if not route.startswith("GET ") and route != MINT] == []
        assert before == self._state_files()
        return done

    def _state_files(self) -> dict[str, bytes]:
        """Return what the state's files hold; a lock file stays behind and means nothing."""
        found = sorted(self.folder.rglob("*.state.json*"))
        return {str(path): path.read_bytes() for path in found if path.is_file() and path.suffix != ".lock"}

    def manifest(self, text: str, name: str = "flowforge.yaml") -> None:
        """Write a manifest."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def simple(self, *repos: str, more: str = "") -> None:
        """Write a manifest that wants the API key in these repos, or in all of them."""
        names = "".join(f"\n      - {repo}" for repo in repos or self.repos)
        self.manifest(
            "version: 1\ncredentials:\n  ci-key:\n    type: anthropic_api_key\n    from: {env: ACME_KEY}\n"
            f"targets:\n  - name: All\n    repos:{names}\n    credential: ci-key\n{more}"
        )

    def grow(self, total: int) -> None:
        """Make it a fleet of so many repos, all in the manifest."""
        new = [f"acme/repo-{number:03}" for number in range(len(self.repos) + 1, total + 1)]
        for repo in new:
            self.sandbox.world.create_repo(repo)
        self.repos += new
        self.simple()

    def set_key(self, name: str = "ACME_KEY", kind: str = "api03") -> str:
        """Put a new made-up value into an environment variable, and give it."""
        value = f"sk-ant-{kind}-{letters(93)}AA"
        self.monkeypatch.setenv(name, value)
        return value

    def plan(self, *args: str) -> dict[str, tuple[str, str]]:
        """Plan, and give the action and reason of every line that is not simply in sync."""
        document = json.loads(self.flowforge("plan", "--format", "json", *args).out)
        lines = {line["address"]: (line["action"], line["reason"]) for line in document["changes"]}
        return {address: line for address, line in lines.items() if line != ("none", "in_sync")}

    def slow_down(self) -> None:
        """Let ten seconds of GitHub's clock last a second, not sixty.

        For processes that hold a lock: it ends after ten minutes, and a busy machine may need ten seconds to go on.
        """
        self.scale = 10
        self.sandbox.world.clock.pace(self.scale)
        self.monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(self.scale))

    def later(self) -> None:
        """Let a second of the sandbox's clock pass: GitHub's times are whole seconds."""
        self.sandbox.world.clock.advance(2)

    def held(self) -> dict[str, dict[str, str]]:
        """Return the decrypted secrets of every repo."""
        return {repo: self.sandbox.world.reveal(repo) for repo in self.repos}

    def requests(self) -> dict[str, int]:
        """Return how often each route was asked since the last call."""
        counts = {str(route): count for route, count in self.sandbox.world.traffic.requests.items()}
        self.sandbox.world.reset_stats()
        return counts


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a local GitHub on loopback whose minutes last a second."""
    with Sandbox(time_scale=SCALE) as sandbox:
        yield sandbox


@pytest.fixture
def fleet(
    tmp_path: Path, sandbox: Sandbox, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Fleet:
    """Five repos, a manifest that wants one key in all of them, and nothing applied yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", sandbox.token)
    monkeypatch.setenv("GITHUB_API_URL", sandbox.url)
    monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(SCALE))
    fleet = Fleet(sandbox, tmp_path, capfd, monkeypatch, sandbox.world.create_repos("acme", 5))
    fleet.set_key()
    fleet.simple()
    return fleet


@pytest.fixture
def ops(fleet: Fleet) -> Fleet:
    """Return a fleet with a private repo `acme/ops`, which has a first commit and may keep the state on a branch."""
    fleet.sandbox.world.create_repo("acme/ops", private=True)
    fleet.sandbox.world.edit_file("acme/ops", "README.md", "the ops repository\n")
    return fleet


@pytest.fixture
def scenes(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Scene]]:
    """Yield what makes a scene, whose state is kept in a `file` or on a `branch`: each has a GitHub of its own."""
    with ExitStack() as held:

        def scene(home: str) -> Scene:
            held.close()
            folder = Path(held.enter_context(tempfile.TemporaryDirectory())).resolve()
            sandbox = held.enter_context(Sandbox(time_scale=scenery.SCALE))
            held.callback(os.chdir, Path.cwd())
            os.chdir(folder)
            monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", sandbox.token)
            monkeypatch.setenv("GITHUB_API_URL", sandbox.url)
            monkeypatch.setenv("FLOWFORGE_TIME_SCALE", str(scenery.SCALE))
            made = Scene(sandbox, folder, capfd, home == "branch")
            made.begin(monkeypatch)
            return made

        yield scene

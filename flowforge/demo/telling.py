"""A story as it is told: its commands are run in processes of their own, and what they print is shown as it comes."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from flowforge.columns import fitted
from flowforge.data_class import dataclass
from flowforge.demo.story import Command, Stage, Step, Story

Tell = Callable[[str], None]
# Runs one command line in a folder with these variables, shows what it prints, and returns its exit code.
RunCommand = Callable[[Sequence[str], Path, Mapping[str, str], Tell], int]

# A transcript is read in a terminal as well as on a page.
_COLUMNS = 80
# Seconds: about what a request to GitHub takes at best.
_LATENCY = 0.02
# The user's own settings and tokens must not reach a story: it would read or write a real GitHub.
_OURS = ("FLOWFORGE_", "GH_", "GITHUB_")


def run_flowforge(args: Sequence[str], folder: Path, environ: Mapping[str, str], tell: Tell) -> int:
    """Run this very program. What `tell` raises, and a Ctrl-C, ends it."""
    with subprocess.Popen(  # noqa: S603 -- this very program, with arguments of ours
        [sys.executable, "-m", "flowforge", *args],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # As on a terminal: what is said beside the result stands where it was said.
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            blank = ""
            for line in process.stdout or ():
                text = line.rstrip("\n")
                if text:
                    tell(blank + text)
                blank = "" if text else f"{blank}\n"
        except BaseException:
            process.kill()
            # After a Ctrl-C `with` would wait for a moment only, and its folder is about to go.
            process.wait()
            raise
    return process.returncode


@dataclass(slots=True)
class Telling:
    """One telling of a story, in a folder of its own."""

    story: Story
    folder: Path
    """Holds the manifest, the state and the cache."""
    tell: Tell
    """Shows a text to the user. What it raises ends the story."""
    flowforge: RunCommand = run_flowforge
    stage: Stage = field(init=False)

    def __post_init__(self) -> None:
        self.stage = self.story.stage()

    def run(self) -> bool:
        """Run the story. Return whether each command ended as it was to, and all was proven."""
        with self.stage.sandbox:
            self._prepare()
            return all(self._took(step) for step in self.story.steps)

    def _prepare(self) -> None:
        world = self.stage.sandbox.world
        for repo in self.stage.repos:
            world.create_repo(repo)
        world.settings.latency = _LATENCY
        for variable in self.stage.kinds:
            self.stage.renew(variable)
        self.story.prepare(self.stage)
        (self.folder / "flowforge.yaml").write_text(self.story.written_manifest(), encoding="utf-8")
        self._say(*self.story.said)
        self._say("This is the manifest. It names repositories and sources, and holds no value:")
        self.tell(self.story.shown_manifest())

    def _took(self, step: Step) -> bool:
        """Show a step, and return whether it took place as it was to."""
        step.happens(self.stage)
        self._say(*step.said)
        if not all(self._ended(command) for command in step.commands):
            return False
        proof = step.proof(self.stage)
        if step.commands and proof.lines:
            self.tell("")
        for line in proof.lines:
            self.tell(f"   {line}")
        return proof.holds

    def _ended(self, command: Command) -> bool:
        """Run a command, and return whether it ended as it was to."""
        self.tell(f"\n$ flowforge {command.line}")
        settings = {
            "FLOWFORGE_GITHUB_TOKEN": self.stage.sandbox.token,
            "GITHUB_API_URL": self.stage.sandbox.url,
            "FLOWFORGE_CACHE_DIR": str(self.folder / "cache"),
            "FLOWFORGE_TIME_SCALE": str(self.story.time_scale),
        }
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
        environ = {**kept, **settings, **self.stage.values}
        code = self.flowforge(
            command.line.split(), self.folder, environ, lambda text: self.tell(fitted(text, _COLUMNS))
        )
        if code:
            self.tell(f"\n$ echo $?\n{code}")
        if code != command.code:
            self._say(f"It was to end with {command.code}. This is a bug; the story ends here.")
        return code == command.code

    def _say(self, *lines: str) -> None:
        self.tell("\n" + "\n".join(lines))

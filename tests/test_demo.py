"""The stories that `flowforge demo` tells."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from flowforge.__main__ import run
from flowforge.demo import fleet, rotation
from flowforge.demo.story import Story
from flowforge.demo.telling import Tell, Telling, run_flowforge
from tests.docs.pages import ROOT, page_of
from tests.docs.stories import STORIES, shown_in, stories_of, told
from tests.docs.walk import settled

# The page that shows each.
PAGES: Final = {"flowforge demo": "README.md", "flowforge demo --rotate": "docs/howto/rotate.md"}
KEY: Final = "ANTHROPIC_API_KEY"


def shown_story(command: str) -> str:
    """Return a story as its page shows it."""
    (block,) = [block for block, found in stories_of(page_of(ROOT / PAGES[command])) if found == command]
    return shown_in(block)


def commands_of(text: str) -> list[str]:
    """Return the commands of a transcript."""
    return re.findall(r"^\$ (.*)$", text, re.MULTILINE)


@pytest.mark.slow
def test_the_story_of_a_fleet_is_told_and_proven(tmp_path: Path) -> None:
    """Plan, apply, no changes; three troubles, seen and mended; and every value opened and right at the end."""
    _, right, text = told("flowforge demo", tmp_path)
    plan, apply = "flowforge plan", "flowforge apply --yes"
    assert (True, [plan, apply, plan, plan, apply, plan]) == (right, commands_of(text))
    assert text.count("Plan: 25 to create, 0 to update, 0 to delete, 0 in sync.") == 2
    assert text.count("Plan: 1 to create, 2 to update, 0 to delete, 22 in sync.") == 2
    assert text.count("No changes. GitHub matches the manifest.") == 2
    assert "25 of 25 repositories hold exactly the intended value." in text
    assert re.search(r"limits held: \d+ points spent, 0 requests refused\.$", text, re.MULTILINE)
    assert "sk-ant-" not in text
    assert settled(shown_story("flowforge demo")) == settled(text)


@pytest.mark.slow
def test_the_story_of_a_rotation_is_told_and_proven(tmp_path: Path) -> None:
    """It stops at a red canary, an apply spreads nothing, the same command ends it: all hold the new key at the end."""
    telling, right, text = told("flowforge demo --rotate", tmp_path)
    stage, walk = telling.stage, "flowforge rotate ci-key --batch 1,20%,rest --canary canary.yml"
    stopped, nightly = [f"{walk} --yes", "echo $?"], ["flowforge apply --yes", "echo $?"]
    expected = ["flowforge apply --yes", f"{walk} --check", *stopped, *nightly, f"{walk} --yes", "flowforge plan"]
    assert (True, expected) == (right, commands_of(text))
    assert text.count("\n$ echo $?\n3\n") == 2
    assert Counter({"well": 7, "red": 3}) == Counter(re.findall(r"^canary (well|red): ", text, re.MULTILINE))
    assert "4 of 15 repositories hold the new key, 11 the old one." in text
    assert "15 of 15 repositories hold the new key, 0 the old one." in text
    new = stage.values["ACME_ANTHROPIC_KEY"]
    assert [{KEY: new}] * 15 == [stage.sandbox.world.reveal(repo) for repo in stage.repos]
    assert new != stage.earlier["ACME_ANTHROPIC_KEY"]
    assert "sk-ant-" not in text
    assert settled(shown_story("flowforge demo --rotate")) == settled(text)


@pytest.mark.parametrize("command", STORIES)
def test_the_story_fits_a_terminal(command: str) -> None:
    """No line of it is broken at 80 columns: the rows of a plan would stand there like two."""
    assert [] == [line for line in shown_story(command).splitlines() if len(line) > 80]


class Played:
    """Takes the place of FlowForge: a command ends as the story has it, and does what it is told to do."""

    def __init__(self, folder: Path, story: Story) -> None:
        """Begin. folder: the story's."""
        self.lines: list[str] = []
        self.ran: list[tuple[str, Mapping[str, str]]] = []
        self.codes = [command.code for step in story.steps for command in step.commands]
        self.telling = Telling(story, folder, self.lines.append, self)

    def __call__(self, args: Sequence[str], folder: Path, environ: Mapping[str, str], tell: Tell) -> int:
        """Run a command."""
        assert (folder / "flowforge.yaml").is_file()
        tell(f"played {args[0]}")
        self.ran.append((args[0], environ))
        self.does(args[0])
        return self.codes[len(self.ran) - 1]

    def does(self, name: str) -> None:
        """Do nothing."""

    def write(self, secret: str, value: str, *repos: str) -> None:
        """Put a value into repos; all unless any are named."""
        for repo in repos or self.telling.stage.repos:
            self.telling.stage.sandbox.world.set_secret(repo, secret, value)

    @property
    def text(self) -> str:
        """All that was told."""
        return "\n".join(self.lines)


def test_a_wrong_value_is_not_proven(tmp_path: Path) -> None:
    """The proof can fail: with a repo that apply did not mend, it says 24 of 25 and the story ends false."""

    class Spoiled(Played):
        def does(self, name: str) -> None:
            if name != "plan":
                world, values = self.telling.stage.sandbox.world, self.telling.stage.values
                self.write(KEY, values["ACME_ANTHROPIC_KEY"])
                world.delete_secret("acme/releases", KEY)
                self.write("CLAUDE_CODE_OAUTH_TOKEN", values["ACME_CLAUDE_TOKEN"], "acme/releases")
                self.write(KEY, "wrong", "acme/web")

    spoiled = Spoiled(tmp_path, fleet.STORY)
    assert spoiled.telling.run() is False
    assert "24 of 25 repositories hold exactly the intended value." in spoiled.text


def test_a_key_that_spreads_is_not_proven(tmp_path: Path) -> None:
    """Where an apply gave the new key to those that the walk has not come to, the story ends there, false."""

    class Spreading(Played):
        def does(self, name: str) -> None:
            if name == "apply":
                self.write(KEY, self.telling.stage.values["ACME_ANTHROPIC_KEY"])

    spreading = Spreading(tmp_path, rotation.STORY)
    assert spreading.telling.run() is False
    assert "Opened and compared: 15 of 15 repositories hold the new key, 0 the old one." in spreading.lines[-1]
    assert ["apply", "rotate", "rotate", "apply"] == [name for name, _ in spreading.ran]


def test_a_command_that_ends_otherwise_ends_the_story(tmp_path: Path) -> None:
    """Nothing is told that did not take place: the code stands there, with the one that was to come."""
    played = Played(tmp_path, rotation.STORY)
    played.codes[1] = 5
    assert played.telling.run() is False
    ended = "\n$ echo $?\n5\n\nIt was to end with 0. This is a bug; the story ends here."
    assert (True, ["apply", "rotate"]) == (played.text.endswith(ended), [name for name, _ in played.ran])


def test_no_setting_of_the_person_reaches_a_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token, an address or a key of theirs would have it read or write the real GitHub, or ask Anthropic."""
    theirs = ("GH_TOKEN", "GITHUB_TOKEN", "GITHUB_ACTIONS", "FLOWFORGE_BATCH", "FLOWFORGE_ANTHROPIC_ADMIN_KEY")
    for name in theirs:
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("GITHUB_API_URL", "https://ghes.example.com/api/v3")
    played = Played(tmp_path, rotation.STORY)
    played.telling.run()
    sandbox = played.telling.stage.sandbox
    for _, environ in played.ran:
        assert set() == environ.keys() & {*theirs}
        assert (sandbox.token, sandbox.url) == (environ["FLOWFORGE_GITHUB_TOKEN"], environ["GITHUB_API_URL"])


def test_both_streams_are_told_in_their_order(tmp_path: Path) -> None:
    """What is said beside a result stands where it was said; blank lines stay, but for those at the end."""
    told: list[str] = []
    assert run_flowforge(["identity"], tmp_path, os.environ, told.append) == 0
    assert ("Usage: flowforge identity", True) == (told[0][:25], any(line.startswith("\n") for line in told))
    told.clear()
    assert run_flowforge(["paln"], tmp_path, os.environ, told.append) == 1
    assert 'error FF001: there is no command "paln"' == told[0]


def test_a_command_ends_with_its_story(tmp_path: Path) -> None:
    """Whoever reads the story has gone: a command that would go on for ever is over."""

    class _GoneError(Exception):
        pass

    def tell(_: str) -> None:
        raise _GoneError

    with pytest.raises(_GoneError):
        run_flowforge(["sandbox", "--repos", "1"], tmp_path, os.environ, tell)


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_a_story(tmp_path: Path, number: signal.Signals) -> None:
    """In the middle of a command: exit code 130 and one line, and neither a process nor a folder is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowforge", "demo", "--rotate"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert any(line.startswith("Plan: ") for line in process.stdout)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (130, "interrupted; the sandbox is gone, with all that it held") == (process.returncode, err.strip())
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("args", [(), ("--rotate",)], ids=["fleet", "rotation"])
@pytest.mark.parametrize(("right", "code"), [(True, 0), (False, 1)])
def test_the_command_exits_as_the_proof_ends(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: tuple[str, ...],
    *,
    right: bool,
    code: int,
) -> None:
    """What is told is printed as it is told, and a proof that fails is an exit code of 1."""

    def told(telling: Telling) -> bool:
        telling.tell(telling.story.said[0])
        telling.tell("+ acme/api  missing\n\nPlan: 1 to create.")
        return right

    monkeypatch.setattr(Telling, "run", told)
    assert run(["demo", *args]) == code
    said = (rotation.STORY if args else fleet.STORY).said[0]
    assert capsys.readouterr() == (f"{said}\n+ acme/api  missing\n\nPlan: 1 to create.\n", "")

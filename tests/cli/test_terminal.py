"""At a terminal and far from one: the question that apply asks, colours, closed streams, and other alphabets."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import NEW_STATE
from tests.cli.screen import Screen

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

pytestmark = pytest.mark.processes

QUESTION = "\nApply 5 changes? Only 'yes' is accepted.\n"
DECLINED = (
    "error FF013: apply was not approved\n"
    "  why: nothing was written\n"
    "  fix: answer yes to apply, in full; --yes applies without asking\n"
)
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def keyboard(fleet: "Fleet") -> Iterator[int]:
    """Make stdin a real terminal; gives the descriptor that types into it."""
    hand, screen = pty.openpty()
    with os.fdopen(screen, encoding="utf-8") as stdin:
        fleet.stdin(stdin)
        yield hand
    os.close(hand)


def test_exactly_yes_is_taken(fleet: "Fleet", keyboard: int) -> None:
    """The plan is shown, the question asked on stderr, and `yes` applies."""
    value = fleet.set_key()
    os.write(keyboard, b"yes\n")
    done = fleet.flowforge("apply")
    assert (0, QUESTION + NEW_STATE) == (done.code, done.err)
    assert "Plan: 5 to create, 0 to update, 0 to delete, 0 in sync." in done.lines
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos} == fleet.held()


@pytest.mark.parametrize("answer", ["y", "Yes", "YES", "yes please", " yes", "no", ""], ids=lambda text: text or "none")
def test_nothing_else_is_taken(fleet: "Fleet", keyboard: int, answer: str) -> None:
    """Any other answer writes nothing and exits 1; the next apply is free to go."""
    os.write(keyboard, f"{answer}\n".encode())
    done = fleet.refused("apply")
    assert (1, QUESTION + DECLINED) == (done.code, done.err)
    assert 0 == fleet.flowforge("apply", "--yes").code


def test_the_end_of_input_is_no_answer(fleet: "Fleet", keyboard: int) -> None:
    """Ctrl-D at the question is a no, not an interruption and not a bug."""
    os.write(keyboard, b"\x04")
    done = fleet.refused("apply")
    assert (1, QUESTION + DECLINED) == (done.code, done.err)


def test_nothing_is_asked_where_nothing_is_to_do(fleet: "Fleet", keyboard: int) -> None:
    """With GitHub in order apply ends at once, although nobody types."""
    del keyboard
    assert 0 == fleet.flowforge("apply", "--yes").code
    done = fleet.flowforge("apply")
    assert (0, "", True) == (done.code, done.err, done.out.startswith("No changes. GitHub matches the manifest.\n"))


def test_a_plan_that_is_not_shown_is_not_asked_about(fleet: "Fleet", keyboard: int) -> None:
    """With stdout for JSON nobody could have read the plan, so --yes must be said."""
    del keyboard
    done = fleet.refused("apply", "--format", "json")
    assert (
        1,
        (
            "error FF008: apply cannot ask for approval\n"
            "  why: stdout is for JSON, so the plan is not shown\n"
            "  fix: say --yes; plan shows first\n"
        ),
    ) == (done.code, done.err)
    assert "FF008" == json.loads(done.out)["errors"][0]["code"]


@pytest.mark.usefixtures("covered")
def test_a_person_at_a_terminal(fleet: "Fleet") -> None:
    """A real process on a real terminal shows a plan in colour, asks, takes yes, and recaps."""
    value = fleet.set_key()
    screen = Screen(fleet, "apply")
    screen.wait_for("Only 'yes' is accepted.")
    assert not any(fleet.held().values())
    screen.type("yes\n")
    code, shown = screen.end()
    assert 0 == code
    assert "\x1b[32m+ acme/repo-001  ANTHROPIC_API_KEY  ci-key  missing\x1b[0m" in shown
    assert "acme/repo-005 : in_sync=0 created=1 updated=0 deleted=0 failed=0 blocked=0" in COLOURS.sub("", shown)
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos} == fleet.held()


@pytest.mark.slow
@pytest.mark.usefixtures("heeds_hangups")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["ctrl-c", "sigterm", "sighup"])
def test_a_signal_at_the_question(fleet: "Fleet", number: signal.Signals) -> None:
    """Interrupted while it asks, apply has written nothing, says so, and exits 130."""
    screen = Screen(fleet, "apply")
    screen.wait_for("Only 'yes' is accepted.")
    screen.process.send_signal(number)
    code, shown = screen.end()
    assert (130, True) == (code, shown.endswith("interrupted; nothing was written\n"))
    assert not any(fleet.held().values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "args"),
    [("NO_COLOR", ()), ("FLOWFORGE_NO_COLOR", ()), ("", ("--no-color",))],
    ids=["NO_COLOR", "FLOWFORGE_NO_COLOR", "--no-color"],
)
def test_no_colours_where_none_are_wanted(fleet: "Fleet", variable: str, args: tuple[str, ...]) -> None:
    """The variable that all tools know, ours, and the option leave the plan's lines plain."""
    if variable:
        fleet.monkeypatch.setenv(variable, "1")
    code, shown = Screen(fleet, "plan", "-q", *args).end()
    assert (0, None) == (code, COLOURS.search(shown))
    assert "+ acme/repo-001  ANTHROPIC_API_KEY  ci-key  missing\n" in shown


def _run(fleet: "Fleet", command: str, **environ: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a shell line in which $flowforge is our program."""
    line = command.replace("$flowforge", f"'{sys.executable}' -m flowforge")
    return subprocess.run(
        ["/bin/sh", "-c", line], cwd=fleet.folder, env=os.environ | environ, capture_output=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environ", "encoding"),
    [
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "utf-8", id="C-locale"),
        pytest.param({"PYTHONIOENCODING": "latin-1"}, "latin-1", id="latin-1"),
    ],
)
def test_another_alphabet_on_a_terminal_that_lacks_it(fleet: "Fleet", environ: dict[str, str], encoding: str) -> None:
    """A name in Chinese neither ends the run nor spoils the JSON.

    For people it is escaped where the encoding lacks it; where it is ASCII, which click takes for a mistake, they get
    UTF-8.
    """
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8").replace("name: All", "name: 全部")
    fleet.manifest(text)
    planned = _run(fleet, "$flowforge plan --format json", **environ)
    assert (0, b"") == (planned.returncode, planned.stderr)
    assert {"全部"} == {change["target"] for change in json.loads(planned.stdout)["changes"]}
    fleet.manifest(text + "  - {name: 再び, repos: [acme/repo-001], credential: 鍵}\n")
    refused = _run(fleet, "$flowforge validate", **environ)
    shown = "鍵".encode(encoding, "backslashreplace")
    assert (1, b"") == (refused.returncode, refused.stdout)
    assert b'there is no credential "' + shown + b'"\n' in refused.stderr
    fleet.manifest(text.replace("env: ACME_KEY", "file: 鍵.txt"))
    blocked = _run(fleet, "$flowforge plan", **environ)
    assert (3, b"") == (blocked.returncode, blocked.stderr)
    assert b"value not available: file " + shown + b".txt " in blocked.stdout


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_never_open(fleet: "Fleet", closed: str) -> None:
    """Started without a standard stream, apply works, and no file of ours takes the stream's place."""
    value = fleet.set_key()
    done = _run(fleet, f"$flowforge apply --yes {closed}")
    assert (0, b"" if "2" in closed else NEW_STATE.encode()) == (done.returncode, done.stderr)
    assert {repo: {"ANTHROPIC_API_KEY": value} for repo in fleet.repos} == fleet.held()
    assert "No changes. GitHub matches the manifest.\n" == fleet.flowforge("plan").out


@pytest.mark.usefixtures("covered")
def test_a_disk_that_is_full_of_output(fleet: "Fleet") -> None:
    """A plan that could not be printed is an error; an apply whose output is lost is as good as its work."""
    if not os.path.exists("/dev/full"):  # noqa: PTH110 -- shorter, and nothing else here is a Path
        pytest.skip("only Linux has /dev/full")
    expected = b"error FF005: stdout did not take all of the output\n  why: no space left on device\n"
    for command, code in (("plan", 1), ("plan --format json", 1), ("schema", 1), ("apply --yes", 0)):
        done = _run(fleet, f"$flowforge {command} >/dev/full")
        assert (code, expected) == (done.returncode, done.stderr.replace(NEW_STATE.encode(), b""))
    assert all(fleet.held().values())


@pytest.mark.slow
def test_nobody_reads_what_is_said(fleet: "Fleet") -> None:
    """A closed stderr is no reason to fail, nor a broken one."""
    fleet.monkeypatch.delenv("ACME_KEY")
    assert 1 == _run(fleet, "$flowforge apply --yes 2>&-").returncode
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as broken:
        done = subprocess.run(
            [sys.executable, "-m", "flowforge", "apply", "--yes"],
            cwd=fleet.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=broken,
            check=False,
        )
    assert 1 == done.returncode

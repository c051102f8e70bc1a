"""One console: what is said while a bar stands, where lines break, and a terminal that can do nothing."""

import re
import threading
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.cli.streams import above_bar, interject, say
from flowforge.columns import fitted
from flowforge.render import progress
from flowforge.sandbox import Fault, FaultKind
from flowforge.waiting import Waiting
from tests.cli.screen import Screen, shown

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

pytestmark = pytest.mark.processes

LONG: Final = (
    "warning: acme/repo-001 has both ANTHROPIC_API_KEY and CLAUDE_CODE_OAUTH_TOKEN: Claude uses the key, and the "
    "token is not read; run `flowforge state forget acme/repo-001/actions/ANTHROPIC_API_KEY` or leave it"
)
WORDS: Final = re.compile(r"\S+")


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
@pytest.mark.parametrize("line", [LONG, f"  {LONG}", f"\x1b[33m~ {LONG}\x1b[0m", "", "short", "全部 " * 60])
def test_no_line_breaks_within_a_word(line: str, columns: int) -> None:
    """Every word is whole and in its place, and no line is wider than the terminal unless one word alone is."""
    lines = fitted(line, columns).split("\n")
    bare = [re.sub(r"\x1b\[[0-9;]*m", "", each) for each in lines]
    wide = [each for each in bare if len(each) + sum(ord(letter) > 0x2E80 for letter in each) > columns]
    assert (WORDS.findall(line), []) == (
        WORDS.findall("\n".join(lines)),
        [each for each in wide if " " in each.strip()],
    )


def test_what_follows_is_indented() -> None:
    """A broken line goes on further to the right; the columns before its first break stay; 0 columns break nothing."""
    text = "  + acme/api  KEY  one two three four five six seven"
    broken = "  + acme/api  KEY  one two three four\n      five six seven"
    assert (broken, text) == (fitted(text, 40), fitted(text, 0))


def test_a_command_stays_in_one_line() -> None:
    """What stands in backticks is copied, so it is broken only where no line can hold it."""
    text = "  fix: it is not what you think; run `flowforge state migrate --yes` and look"
    broken = "  fix: it is not what you think; run\n      `flowforge state migrate --yes` and look"
    assert broken == fitted(text, 60)
    long = "run `one two three four five six seven`"
    assert "run `one two three\nfour five six seven`" == fitted(long, 20)


def test_a_plan_at_80_columns(fleet: "Fleet") -> None:
    """The command's own lines, on stdout and on stderr: each word is whole, and nothing is lost."""
    fleet.monkeypatch.delenv("ACME_KEY")
    code, text = Screen(fleet, "plan", "--no-color", columns=80).end()
    piped = fleet.flowforge("plan")
    lines = shown(text)
    assert (3, True) == (code, max(map(len, lines)) <= 80)
    assert WORDS.findall(piped.out + piped.err) == WORDS.findall("\n".join(lines))
    assert any(len(line) > 80 for line in piped.lines)


@pytest.mark.parametrize("command", [("schema",), ("state", "pull"), ("plan", "--format", "json")], ids=" ".join)
def test_what_is_kept_is_not_broken(fleet: "Fleet", command: tuple[str, ...]) -> None:
    """A document has the same lines on a narrow terminal as in a file."""
    fleet.flowforge("apply", "--yes")
    _, text = Screen(fleet, *command, columns=40).end()
    assert fleet.flowforge(*command).out.splitlines()[-3:] == shown(text)[-3:]


def test_what_is_said_stands_above_the_bar(fleet: "Fleet") -> None:
    """GitHub asks to wait in the middle of a bar: the line is whole, and nothing of the bar is left in the end."""
    refused = Fault("^GET .*secrets", FaultKind.STATUS, status=429, times=1, retry_after=40)
    fleet.sandbox.world.faults.add(refused)
    code, text = Screen(fleet, "plan", "--no-color", columns=200).end()
    assert (0, "Reading ") == (code, re.findall("Reading ", text)[0])
    lines = shown(text)
    first = next(index for index, line in enumerate(lines) if line.startswith("+ "))
    assert ["GitHub asks to wait 41 s", "slower from now on: at most 450 points a minute"] == lines[:first]


def test_a_bar_at_80_columns(fleet: "Fleet") -> None:
    """While GitHub lets it wait: one line, no wider, with what it does, how far it is and what it waits for."""
    refused = Fault("^GET .*secrets", FaultKind.STATUS, status=429, times=1, retry_after=40)
    fleet.sandbox.world.faults.add(refused)
    code, text = Screen(fleet, "plan", "--no-color", columns=80).end()
    drawn = {line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", text)) if "Reading " in line}
    found = {re.fullmatch(r"Reading \S+ (\d)/5  waiting (\d+) s", line.rstrip()) for line in drawn}
    waits = {int(each[2]) for each in found if each}
    assert (0, True, True) == (code, max(map(len, drawn)) <= 80, {*range(5, 40)} & waits != set())


def test_every_thread_speaks_through_the_bar() -> None:
    """While a bar stands all goes the way that it gives, from any thread, and after it as before."""
    heard: list[str] = []
    with above_bar(heard.append):
        say("one")
        thread = threading.Thread(target=say, args=("two",))
        thread.start()
        thread.join()
        with above_bar(heard.append):
            say("three")
        say("::error::four")
    say("five")
    assert ["one", "two", "three"] == heard[:3]
    assert (4, False) == (len(heard), heard[3].startswith("::"))


def test_a_signal_speaks_past_the_bar(capfd: pytest.CaptureFixture[str]) -> None:
    """A handler may take no lock: it clears the bar's line by itself, and only where there is one."""
    interject(b"stopping")
    with above_bar(lambda _: None):
        interject(b"stopping")
    assert "stopping\n\r\x1b[2Kstopping\n" == capfd.readouterr().err


def test_a_bar_that_is_left_by_an_error_is_gone() -> None:
    """What is said after it is not sent to a bar that stands no more."""
    with pytest.raises(ValueError, match="x"), progress.bar(above_bar, Waiting(), "Reading", 1):
        raise ValueError("x")
    heard: list[str] = []
    with above_bar(heard.append):
        say("one")
    assert ["one"] == heard


@pytest.mark.parametrize(
    "command", [("plan",), ("apply", "--yes"), pytest.param(("demo",), marks=pytest.mark.slow)], ids=" ".join
)
def test_a_terminal_that_knows_nothing_gets_text_alone(fleet: "Fleet", command: tuple[str, ...]) -> None:
    """TERM=dumb: no colours, and no bar."""
    fleet.monkeypatch.setenv("TERM", "dumb")
    code, text = Screen(fleet, *command).end()
    assert (0, False, False) == (code, "\x1b" in text, "\r" in text.replace("\r\n", "\n"))

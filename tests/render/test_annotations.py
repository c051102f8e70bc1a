"""The format `github`: what the runner makes of it is what was meant, whatever the names are."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import printable
from flowforge.render.as_github import commands
from tests.render import hostile


@dataclass
class Command:
    """A command as GitHub's runner reads one."""

    name: str
    properties: dict[str, str] = field(default_factory=dict)
    data: str = ""


def read(line: str) -> Command | None:
    """Read a line as the runner does: actions/runner, ActionCommand.cs, TryParseV2. None: it is no command."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    pairs = (each.split("=", 1) for each in rest.strip().split(",") if "=" in each)
    return Command(name, {key: _plain(value, "%3A", "%2C") for key, value in pairs if value}, _plain(line[end + 2 :]))


def _plain(text: str, *more: str) -> str:
    for escaped in ("%0D", "%0A", *more, "%25"):
        text = text.replace(escaped, bytes.fromhex(escaped[1:]).decode())
    return text


@pytest.mark.parametrize("kind", hostile.DOCUMENTS)
def test_hostile_names_are_ten_annotations_and_a_count(kind: str) -> None:
    """Each line is one command of ours, with its own properties alone; GitHub's older form is nowhere in it."""
    lines = list(commands(hostile.DOCUMENTS[kind](hostile.NAMES)))
    found = [read(line) for line in lines]
    assert (11, ["error"] * 10 + ["notice"]) == (len(lines), [each.name for each in found if each])
    assert [] == [line for line in lines if not line.isprintable() or re.search(r"##\w*\[", line)]
    assert {"file", "line", "col", "title"} == {key for each in found if each for key in each.properties}
    assert {"FF120", "blocked"} >= {each.properties["title"] for each in found[:10] if each}
    more = re.fullmatch(r"::notice::([\d,]+) more are in the job's summary and log", lines[-1])
    assert more is not None


@given(st.text(st.sampled_from("a:,=%0A3DC\n\r# []\u202e|;é")), st.integers(1, 9999))
def test_a_name_reads_back(name: str, line: int) -> None:
    """File, line, title and text are what the runner gets, but for characters that do not print."""
    document = hostile.plan([])
    where = f"f{name}:{line}:7"
    document["changes"] = [hostile.change("x", where=where, sentence=f"s{name}", fix=None, target="t")]
    (command,) = commands(document)
    shown = read(command)
    assert shown is not None
    assert ("error", "blocked", str(line), "7") == (
        shown.name,
        shown.properties["title"],
        shown.properties["line"],
        shown.properties["col"],
    )
    assert [printable(f"f{name}"), printable(f"s{name}")] == [
        shown.properties["file"],
        shown.data.split("\n")[1],
    ]


def test_worst_first_and_what_is_alike_once() -> None:
    """Errors stand before warnings, and three secrets of one target with one cause are one annotation."""
    document = hostile.plan([], warnings=["m.yaml:9:1: no target uses it", "no place"])
    drift: dict[str, Any] = {
        "action": "none",
        "reason": "changed_outside",
        "drift": True,
        "sentence": "changed outside FlowForge",
    }
    document["changes"] = [
        hostile.change("a", where="m.yaml:4:5", environment=None, fix=None, **drift),
        *(hostile.change("b", number, where="m.yaml:8:5", environment=None, fix="ask") for number in range(3)),
        hostile.change("c", where=None, target=None, action="none", reason="not_named"),
    ]
    assert [
        "::error file=m.yaml,line=8,col=5,title=blocked::3 secrets, the first acme/b0 b%0Ab%0Aask",
        "::warning file=m.yaml,line=4,col=5,title=drift::acme/a0 a%0Achanged outside FlowForge",
        "::warning file=m.yaml,line=9,col=1,title=warning::no target uses it",
    ] == list(commands(document))


def test_files_are_named_from_the_workspace(tmp_path: Path) -> None:
    """As GitHub shows them; what lies outside has no line there, and is named in the text."""
    inside, outside = tmp_path / "ops" / "m.yaml", tmp_path / "other.yaml"
    document: dict[str, Any] = {
        "format": "flowforge.error",
        "errors": [hostile.problem("x") | {"where": f"{inside}:2:3"}],
    }
    document["errors"].append(hostile.problem("x") | {"where": f"{outside}:2:3"})
    assert [
        "::error file=m.yaml,line=2,col=3,title=FF120::x%0Ax%0Ax",
        f"::error title=FF120::{outside}:2:3: x%0Ax%0Ax",
    ] == list(commands(document, str(tmp_path / "ops")))

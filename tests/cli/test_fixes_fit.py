"""A fix names no option that the command which prints it does not have, unless within another command."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
import pytest

from flowforge.cli.main import cli
from tests.rows import one_in
from tests.sweep.commands import OTHERS, READING

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

_FIX: Final = re.compile(r'^ *fix: (.*)$|"fix": "(.*)"', re.MULTILINE)
# What stands in backticks is a command of its own, and `gh` has options of its own.
_OTHER_COMMAND: Final = re.compile(r"`[^`]*`|\bgh [a-z].*")
_OPTION: Final = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
# `explain` prints the fixes of every command.
_NONE_OF_ITS_OWN: Final = {"explain", "--help", "--version"}
COMMANDS: Final = tuple(dict.fromkeys(each for each in (*READING, *OTHERS) if each and each[0] not in _NONE_OF_ITS_OWN))


def _state_of_each_owner(fleet: "Fleet") -> None:
    text = (fleet.folder / "flowforge.yaml").read_text("utf-8")
    fleet.manifest(text.replace("version: 1\n", 'version: 1\nstate: {file: "{owner}.state.json"}\n'))


def _no_manifest(fleet: "Fleet") -> None:
    (fleet.folder / "flowforge.yaml").unlink()


def _no_value(fleet: "Fleet") -> None:
    fleet.monkeypatch.delenv("ACME_KEY")


def _no_token(fleet: "Fleet") -> None:
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "")


def _no_state(fleet: "Fleet") -> None:
    (fleet.folder / "flowforge.state.json").write_text("{", encoding="utf-8")


WORLDS: Final[dict[str, Callable[["Fleet"], None]]] = {
    "a state for each owner": _state_of_each_owner,
    "no manifest": _no_manifest,
    "no value": _no_value,
    "no token": _no_token,
    "a state that is torn": _no_state,
}


def _fixes(text: str, path: str) -> Iterator[str]:
    for found in _FIX.finditer(text):
        yield _OTHER_COMMAND.sub(lambda one: one[0] * one[0].startswith(f"`flowforge {path} "), found[1] or found[2])


def _command(args: tuple[str, ...]) -> tuple[str, set[str]]:
    """Return the name of the command that is run, and its options."""
    command: click.Command = cli
    path: list[str] = []
    for word in args:
        if not isinstance(command, click.Group):
            break
        inner = command.get_command(click.Context(command), word)
        assert inner is not None
        command = inner
        path.append(word)
    return " ".join(path), {name for each in command.params for name in each.opts}


@pytest.mark.parametrize("args", one_in(2, ((args,) for args in COMMANDS), ids=lambda row: " ".join(row[0])))
def test_each_option_of_a_fix_is_one_that_the_command_has(fleet: "Fleet", args: tuple[str, ...]) -> None:
    """Whatever is wrong: each owner's state and no owner, no manifest, no value, no token, a torn state."""
    text = (fleet.folder / "flowforge.yaml").read_text("utf-8")
    path, options = _command(args)
    fixes: list[str] = []
    for spoil in WORLDS.values():
        with fleet.monkeypatch.context() as patch:
            spoil(replace(fleet, monkeypatch=patch))
            done = fleet.flowforge(*args)
            fixes += _fixes(done.out + done.err, path)
        fleet.manifest(text)
        (fleet.folder / "flowforge.state.json").unlink(missing_ok=True)
    named = {option for each in fixes for option in _OPTION.findall(each)}
    assert set() == named - options, fixes


def test_the_reader_finds_them(fleet: "Fleet") -> None:
    """A law over nothing would hold always."""
    _state_of_each_owner(fleet)
    done = fleet.flowforge("plan")
    assert ["--owner"] == [option for each in _fixes(done.err, "plan") for option in _OPTION.findall(each)]

"""What people type who know another tool, or an address: each gets what to write instead."""

import re
from typing import TYPE_CHECKING, Any, Final

import click
import pytest

from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import LazyGroup, Row
from flowforge.cli.main import cli
from flowforge.cli.option_types import Duration
from flowforge.cli.usage import COMMANDS_ELSEWHERE, OPTIONS_ELSEWHERE
from flowforge.durations import WRITTEN

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet


def _paths(rows: tuple[Row, ...], before: str = "") -> set[str]:
    return {f"{before}{row.name}" for row in rows} | {
        path for row in rows for path in _paths(row.rows, f"{before}{row.name} ")
    }


PATHS: Final = _paths(COMMANDS)


def _command(path: str) -> click.Command:
    found: click.Command = cli
    for name in path.split():
        assert isinstance(found, LazyGroup)
        inner = found.get_command(click.Context(found), name)
        assert inner is not None
        found = inner
    return found


def _params(path: str) -> list[click.Parameter]:
    return _command(path).params


def test_no_hint_leads_nowhere() -> None:
    """Each word of another tool is no command of ours, and each command that a hint names is one."""
    told = {
        match
        for name, hint in COMMANDS_ELSEWHERE.items()
        for match in re.findall(r"`flowforge ([^`]*)`", hint.replace("{}", name))
    }
    assert (set(), set()) == (
        PATHS & COMMANDS_ELSEWHERE.keys(),
        {re.sub(r" -.*|^-.*", "", each) for each in told} - PATHS - {""},
    )


def test_every_option_that_a_hint_names_is_one() -> None:
    """What stands for an option of another tool is an option of some command."""
    ours = {each for path in PATHS for param in _params(path) for each in param.opts}
    assert set() == {option for hints in OPTIONS_ELSEWHERE.values() for option, _ in hints} - ours


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("lint", "say `flowforge validate`"),
        ("drift", "say `flowforge plan`"),
        ("unlock", "say `flowforge state unlock`"),
        ("state rm", "say `flowforge state forget`"),
        ("state frget", "did you mean `flowforge state forget`?"),
        ("state xyzzy", "see `flowforge state --help`"),
    ],
)
def test_a_command_of_another_tool(fleet: "Fleet", line: str, expected: str) -> None:
    """It is answered with ours, also within `state`."""
    *_, name = args = line.split()
    done = fleet.refused(*args)
    what = f'error FF001: there is no command "{name}"\n  fix: {expected}\n'
    assert (1, "", what) == (done.code, done.out, done.err)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("plan --json", "say --format json, or see `flowforge plan --help`"),
        ("validate --json", "say --format json, or see `flowforge validate --help`"),
        ("--json plan", "say --format json after the command, or see `flowforge --help`"),
        ("init --json", "did you mean --owner? Or see `flowforge init --help`"),
        ("apply --dry-run", "say --check, or see `flowforge apply --help`"),
        # Its nearest option by letters is --prune.
        ("plan --dry-run", "leave it out: plan writes nothing, or see `flowforge plan --help`"),
        ("plan -f x.yaml", "say -m FILE, or see `flowforge plan --help`"),
    ],
)
def test_an_option_of_another_tool(fleet: "Fleet", line: str, expected: str) -> None:
    """It is answered with ours, where the command has it."""
    done = fleet.refused(*line.split())
    (option,) = (each for each in line.split() if each.startswith("-"))
    what = f'error FF003: there is no option "{option}"\n  fix: {expected}\n'
    assert (1, "", what) == (done.code, done.out, done.err)


def test_an_owner_in_the_place_of_a_name(fleet: "Fleet") -> None:
    """`-l 'acme*'` is a pattern of names, of which none begins so: it is answered with the owner's repos."""
    done = fleet.refused("plan", "-l", "acme*")
    assert (1, "") == (done.code, done.out)
    assert done.err == (
        'error FF004: --limit "acme*" matches no repo of the manifest or the state\n  fix: did you mean "acme/*"?\n'
    )
    assert 5 == sum(line.startswith("+") for line in fleet.refused("plan", "-l", "acme/*").lines)


def test_an_environment_as_an_address_spells_it(fleet: "Fleet") -> None:
    """It is not offered to make an environment of that name: the one that is meant is there."""
    name = "need/encoding"
    fleet.sandbox.world.create_environment("acme/repo-001", name)
    fleet.manifest(
        "version: 1\ncredentials: {k: {type: anthropic_api_key, from: {env: ACME_KEY}}}\n"
        "targets: [{name: t, repos: [acme/repo-001], environments: [need%2Fencoding], credential: k}]\n"
    )
    done = fleet.refused("apply", "--yes")
    assert (3, True, True) == (
        done.code,
        f'    fix: write it as it is shown: "{name}"' in done.lines,
        f'write the environment as it is shown, "{name}"\n' in done.err,
    )


def test_a_file_is_validated_as_linters_are_called(fleet: "Fleet") -> None:
    """`validate FILE` checks that file, as -m FILE does, and several as one; the variable is left out."""
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text, "other.yaml")
    fleet.manifest("version: 1\nabsent: []\n", "more.yaml")
    fleet.manifest("version: 1\nTARGETS: []\n")
    fleet.monkeypatch.setenv("FLOWFORGE_MANIFEST", "nowhere.yaml")
    valid = "The manifest is valid: 5 secrets in 5 repos.\n"
    wrong = 'error FF120: flowforge.yaml:2:1: the key "TARGETS" is not known here\n  fix: did you mean "targets"?\n'
    for line, expected in (
        ("other.yaml", (0, valid, "")),
        ("other.yaml more.yaml", (0, valid, "")),
        ("more.yaml -m other.yaml", (0, valid, "")),
        ("-m other.yaml", (0, valid, "")),
        ("flowforge.yaml", (1, "", wrong)),
    ):
        done = fleet.refused("validate", *line.split())
        assert expected == (done.code, done.out, done.err), line


DURATIONS: Final = sorted(
    (path, param.opts[0])
    for path in PATHS
    for param in _params(path)
    if param.opts[0].endswith(("-timeout", "-wait", "-for"))
)


@pytest.mark.parametrize(("path", "option"), DURATIONS, ids=[" ".join(each) for each in DURATIONS])
def test_durations_are_written_alike_everywhere(path: str, option: str) -> None:
    """Each option that is a length of time takes s, m, h, d, w and bare seconds, and refuses what is none of these."""
    param = next(each for each in _params(path) if option in each.opts)
    assert isinstance(param.type, Duration)
    written: list[Any] = ["0", "0.5", "60s", "90", "10m", "2h", "30d", "1w"]
    assert [0, 0.5, 60, 90, 600, 7200, 2_592_000, 604_800] == [
        param.type.convert(each, param, None) for each in written
    ]
    for text in ("", "1x", "-1", "1 m", "m", "nan", "1e3", "1h30m", "9" * 10):
        with pytest.raises(click.BadParameter) as caught:
            param.type.convert(text, param, None)
        assert f"{text!r} is not a duration: write it {WRITTEN}" == caught.value.message


def test_there_are_durations_to_test() -> None:
    """The table above is not empty because an option was renamed."""
    assert {("apply", "--lock-timeout"), ("adopt", "--lock-timeout"), ("plan", "--max-wait")} <= {*DURATIONS}


def test_a_duration_on_the_command_line_and_in_a_variable(fleet: "Fleet") -> None:
    """Both are read alike, by the real command."""
    fleet.monkeypatch.setenv("FLOWFORGE_MAX_WAIT", "2h")
    done = fleet.flowforge("apply", "--yes", "--lock-timeout", "60s")
    assert (0, "") == (done.code, done.told)
    fleet.monkeypatch.setenv("FLOWFORGE_LOCK_TIMEOUT", "soon")
    done = fleet.refused("apply", "--yes")
    assert (1, f"error FF003: FLOWFORGE_LOCK_TIMEOUT: 'soon' is not a duration: write it {WRITTEN}\n") == (
        done.code,
        done.told.removesuffix("  fix: see `flowforge apply --help`\n"),
    )

"""An option that takes one value: of several different ones none is dropped without a word."""

from typing import TYPE_CHECKING, Final

import click
import pytest

from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import Row
from flowforge.render.formats import FORMATS

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

ROWS: Final = [each for row in COMMANDS for each in (row, *row.rows) if each.options is not None]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_no_value_is_dropped(row: Row) -> None:
    """Each such option of each command refuses two different values, whatever it is of."""
    for option in row.options(FORMATS):
        if not isinstance(option, click.Option) or option.multiple or option.is_flag:
            continue
        command = click.Command("x", params=[option], callback=lambda **_: None)
        with pytest.raises(click.BadParameter, match='it takes one value, and was given "a" and "b"'):
            command.make_context("x", [option.opts[0], "a", option.opts[0], "b"])


def test_two_owners_are_refused(fleet: "Fleet") -> None:
    """The last one counted, and nothing said that half of a fleet was not planned. Twice the same is one."""
    what = 'error FF003: --owner: it takes one value, and was given "acme" and "gamma"\n'
    done = fleet.refused("plan", "--owner", "acme", "--owner", "gamma")
    assert (1, what + "  fix: see `flowforge plan --help`\n") == (done.code, done.err)
    assert 0 == fleet.flowforge("plan", "--owner", "acme", "--owner", "acme").code


def test_the_fix_is_what_was_typed_with_an_owner(fleet: "Fleet") -> None:
    """Each can be pasted as it is, up to three of them; how many more there are is said."""
    text = (fleet.folder / "flowforge.yaml").read_text("utf-8")
    more = "".join(f"      - {owner}/api\n" for owner in ("beta", "delta", "gamma"))
    state = 'version: 1\nstate: {file: "{owner}.json"}\n'
    fleet.manifest(text.replace("version: 1\n", state).replace("    repos:\n", f"    repos:\n{more}"), "a b.yaml")
    typed = "flowforge plan -m 'a b.yaml' --prune"
    each = ", ".join(f"`{typed} --owner {owner}`" for owner in ("acme", "beta", "delta"))
    fix = f"  fix: name one owner each time: {each} and 1 more; "
    assert fix in fleet.refused("plan", "-m", "a b.yaml", "--prune").err

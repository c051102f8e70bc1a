"""`flowforge state migrate` where it could leave two homes that are both believed in, or none."""

import json
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Level, Token
from flowforge.steps.backend import transfer

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

PATH = "flowforge.state.json"
IN_SYNC = "No changes. GitHub matches the manifest.\n"


def _on(branch: str, more: str = "") -> str:
    return f"state:\n  github: {{repo: acme/ops, branch: {branch}{more}}}\n"


def _simple(fleet: "Fleet", more: str = "") -> None:
    fleet.simple("acme/repo-001", more=more)


def _migrate(fleet: "Fleet", *args: str) -> None:
    done = fleet.flowforge("state", "migrate", "--yes", *args)
    assert 0 == done.code, done.err


@pytest.mark.parametrize("more", ["", _on("flowforge-state")], ids=["file", "branch"])
def test_a_place_is_one_however_it_is_written(ops: "Fleet", more: str) -> None:
    """Another case of the repo, a longer path and a link lead to the same state: nothing is copied over itself."""
    _simple(ops, more)
    assert 0 == ops.flowforge("apply", "--yes").code
    (ops.folder / "below").mkdir()
    (ops.folder / "link.json").symlink_to(PATH)
    places = [("--from-github", "ACME/ops")] if more else [("--from", f"below/../{PATH}"), ("--from", "link.json")]
    for place in places:
        done = ops.refused("state", "migrate", "--yes", *place)
        assert (1, True) == (done.code, ": the state is already where it should be\n" in done.err)


def test_two_places_are_named(ops: "Fleet") -> None:
    """The one is not taken silently in the place of the other."""
    _simple(ops, _on("new"))
    done = ops.refused("state", "migrate", "--yes", "--from", PATH, "--from-github", "acme/ops")
    assert done.err == (
        "error FF458: the state is at one place now, and two are named\n  fix: use --from or --from-github\n"
    )


def test_what_was_left_behind_for_a_third_place(ops: "Fleet") -> None:
    """A copy that an interrupted migration left does not bring back to life what moved elsewhere since."""
    _simple(ops)
    assert 0 == ops.flowforge("apply", "--yes").code
    _simple(ops, _on("second"))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with ops.monkeypatch.context() as patch:
        patch.setattr(transfer, "require_copied", die)
        assert 130 == ops.flowforge("state", "migrate", "--yes").code
    _simple(ops, _on("third"))
    _migrate(ops)
    _simple(ops)
    done = ops.refused("state", "migrate", "--yes", "--from-github", "acme/ops:second")
    third = f"acme/ops third:{PATH}"
    fix = f"  fix: it moved to {third}: name that place, or remove this one if there is no such place"
    assert f"error FF454: {ops.folder / PATH}: the state that is kept there is not older" == done.err.split("\n")[0]
    assert fix == done.err.splitlines()[-1]
    _migrate(ops, "--from-github", "acme/ops:third")
    assert IN_SYNC == ops.flowforge("plan").out


def test_it_had_moved_and_is_not_there(ops: "Fleet") -> None:
    """What was moved and then lost is not said to be kept there; what was left behind can be put back."""
    _simple(ops)
    assert 0 == ops.flowforge("apply", "--yes").code
    _simple(ops, _on("second"))
    _migrate(ops)
    ops.sandbox.world.delete_branch("acme/ops", "second")
    done = ops.refused("state", "migrate", "--yes")
    file, second = ops.folder / PATH, f"acme/ops second:{PATH}"
    assert done.err == (
        f"error FF455: {second}: there is no state\n"
        f"  fix: put a copy there (`flowforge state push FILE`); {file} still has what was moved\n"
    )
    assert 0 == ops.flowforge("state", "push", PATH, "--yes").code
    assert IN_SYNC == ops.flowforge("plan").out
    assert (
        f"The state had moved already: it is kept in {second}." == ops.flowforge("state", "migrate", "--yes").lines[0]
    )


def test_it_had_moved_and_moved_on(ops: "Fleet") -> None:
    """What has left the new place since is not said to be kept there."""
    _simple(ops)
    assert 0 == ops.flowforge("apply", "--yes").code
    _simple(ops, _on("second"))
    _migrate(ops)
    _simple(ops, _on("third"))
    _migrate(ops, "--from-github", "acme/ops:second")
    _simple(ops, _on("second"))
    done = ops.refused("state", "migrate", "--yes")
    assert f"error FF450: acme/ops second:{PATH}: the state has moved" == done.err.splitlines()[0]


def test_the_states_own_token_reads_its_repo(ops: "Fleet") -> None:
    """From one branch of its repo to another it needs no other token; another repo is read with the run's."""
    token = "github_pat_" + "plainlyfake" * 3
    ops.sandbox.world.add_token(token, Token(permissions={"contents": Level.WRITE}, repos=frozenset({"acme/ops"})))
    ops.monkeypatch.setenv("STATE_TOKEN", token)
    own = ", auth: {token: {env: STATE_TOKEN}}"
    _simple(ops, _on("first", own))
    assert 0 == ops.flowforge("apply", "--yes").code
    _simple(ops, _on("second", own))
    with ops.monkeypatch.context() as patch:
        patch.delenv("FLOWFORGE_GITHUB_TOKEN")
        _migrate(ops, "--from-github", "acme/ops:first")
    assert "moved_to" in json.loads(ops.sandbox.world.read_file("acme/ops", PATH, branch="first"))
    assert IN_SYNC == ops.flowforge("plan").out

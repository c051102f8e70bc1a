"""An applied manifest that names another place for its state now: the old one is pointed at, and not taken for lost."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"
BRANCH = "state: {github: {repo: acme/ops}}\n"
OTHER = "state: {file: other.state.json}\n"


def _moved(ops: "Fleet", more: str, count: int) -> tuple[str, str, str]:
    """Apply, name another place, and give both places and the command that goes from one to the other."""
    ops.grow(count)
    assert 0 == ops.flowforge("apply", "--yes").code
    ops.simple(more=more)
    old = f"{ops.folder}/flowforge.state.json"
    if more == BRANCH:
        return old, "acme/ops flowforge-state:flowforge.state.json", "flowforge state migrate"
    return old, f"{ops.folder}/other.state.json", f"flowforge state migrate --from {old}"


@pytest.mark.parametrize("more", [BRANCH, OTHER], ids=["branch", "file"])
def test_the_old_state_is_named(ops: "Fleet", more: str) -> None:
    """The brake of a lost state names the command that moves it, and neither adopt nor a flag; then all is in sync."""
    old, new, command = _moved(ops, more, 12)
    warning = f"warning: the state is in {old}, and the manifest now names {new}: `{command}` takes it there"
    refused = (
        "error FF504: 12 of 12 secrets exist on GitHub and are not remembered, more than 30 %: their state is still in "
        f"{old}; nothing was written\n"
        f"  fix: the manifest now names {new}: take the state there with `{command}`"
    )
    assert warning in ops.refused("plan").err.splitlines()
    before = ops.held()
    done = ops.flowforge("apply", "--yes")
    assert (4, True, before) == (done.code, refused in done.err, ops.held())
    assert 0 == ops.flowforge(*command.split()[1:], "--yes").code
    assert (IN_SYNC, "") == (ops.flowforge("plan").out, ops.flowforge("plan").err)


@pytest.mark.parametrize("more", [BRANCH, OTHER], ids=["branch", "file"])
def test_a_small_fleet_is_warned(ops: "Fleet", more: str) -> None:
    """Below the ten secrets of the brake, too, a plan says it, and an apply overwrites nothing."""
    old, new, command = _moved(ops, more, 5)
    warning = f"warning: the state is in {old}, and the manifest now names {new}: `{command}` takes it there"
    assert warning in ops.refused("plan").err.splitlines()
    refused = (
        "error FF504: 5 of 5 secrets exist on GitHub and are not remembered: their state is still in "
        f"{old}; nothing was written\n"
    )
    done = ops.refused("apply", "--yes")
    assert (4, True) == (done.code, refused in done.err)
    (ops.folder / "flowforge.state.json").write_text("{torn", encoding="utf-8")
    assert warning in ops.refused("plan").err.splitlines()  # whatever is wrong with it, migrate says so


@pytest.mark.parametrize("more", [BRANCH, OTHER], ids=["branch", "file"])
def test_without_an_old_state_nothing_is_said(ops: "Fleet", more: str) -> None:
    """A first plan, one after the move, and one of a state that has moved on: none of them points at the old place."""
    ops.simple(more=more)
    assert "" == ops.refused("plan").err
    ops.simple()
    assert 0 == ops.flowforge("apply", "--yes").code
    ops.simple(more=more)
    command = ["state", "migrate", *(["--from", "flowforge.state.json"] if more == OTHER else [])]
    assert 0 == ops.flowforge(*command, "--yes").code
    assert ("", IN_SYNC) == (ops.refused("plan").err, ops.refused("plan").out)
    if more == OTHER:
        (ops.folder / "other.state.json").unlink()
    else:
        ops.sandbox.world.delete_branch("acme/ops", "flowforge-state")
    assert "state migrate" not in ops.refused("plan").err

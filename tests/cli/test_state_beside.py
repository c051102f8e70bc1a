"""The default state is named after what -m names first: said otherwise, the one of before is pointed at, not lost."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

IN_SYNC = "No changes. GitHub matches the manifest.\n"
BRANCH = "state: {github: {repo: acme/ops}}\n"
BOTH = ("-m", "teams/a.yaml", "-m", "teams/b.yaml")
TURNED = ("-m", "teams/b.yaml", "-m", "teams/a.yaml")
FOLDER = ("-m", "teams")
NAMES = {BOTH: "a.state.json", TURNED: "b.state.json", FOLDER: "flowforge.state.json"}


def _teams(ops: "Fleet", more: str = "") -> None:
    """Write the manifests of two teams, each for a repo of its own."""
    (ops.folder / "teams").mkdir(exist_ok=True)
    key = "credentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
    for name, repo, extra in (("a", "acme/repo-001", key + more), ("b", "acme/repo-002", "")):
        ops.manifest(
            f"version: 1\n{extra}targets:\n  - {{name: {name}, repos: [{repo}], credential: ci-key}}\n",
            f"teams/{name}.yaml",
        )


def _place(ops: "Fleet", said: tuple[str, ...], more: str) -> str:
    return f"acme/ops flowforge-state:{NAMES[said]}" if more else f"{ops.folder}/teams/{NAMES[said]}"


def _migrate(ops: "Fleet", before: tuple[str, ...], now: tuple[str, ...], more: str) -> str:
    here = (
        f"--from-github {_place(ops, before, more).replace(' ', ':')}" if more else f"--from {_place(ops, before, '')}"
    )
    return f"flowforge state migrate {' '.join(now)} {here}"


@pytest.mark.parametrize("more", ["", BRANCH], ids=["file", "branch"])
@pytest.mark.parametrize(
    ("before", "now"), [(FOLDER, BOTH), (BOTH, FOLDER), (BOTH, TURNED)], ids=["to", "from", "order"]
)
def test_the_state_of_another_m_is_named(
    ops: "Fleet", before: tuple[str, ...], now: tuple[str, ...], more: str
) -> None:
    """Nothing is overwritten, however few they are; both ways out are named, and each of them leads back."""
    _teams(ops, more)
    assert 0 == ops.flowforge("apply", "--yes", *before).code
    held, command = ops.held(), _migrate(ops, before, now, more)
    old, new = _place(ops, before, more), _place(ops, now, more)
    done = ops.refused("apply", "--yes", *now)
    assert (4, held) == (done.code, ops.held())
    assert (
        f"error FF504: 2 of 2 secrets exist on GitHub and are not remembered: their state is still in {old}; "
        f"nothing was written\n"
        f"  fix: with this -m it belongs in {new}: say -m as before, or take the state there with `{command}`\n"
    ) in done.err
    warning = f"warning: the state is in {old}, and with this -m it belongs in {new}: `{command}` takes it there"
    assert warning in ops.refused("plan", *now).err.splitlines()
    assert IN_SYNC == ops.flowforge("plan", *before).out
    assert 0 == ops.flowforge(*command.split()[1:], "--yes").code
    assert (IN_SYNC, "") == (ops.flowforge("plan", *now).out, ops.flowforge("plan", *now).err)


def test_a_manifest_that_was_renamed(fleet: "Fleet") -> None:
    """Its state lies beside it under the old name; a flag that a person gives says that it is not theirs."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    (fleet.folder / "flowforge.yaml").rename(fleet.folder / "fleet.yaml")
    done = fleet.refused("apply", "--yes", "-m", "fleet.yaml")
    assert (4, True) == (done.code, f"their state is still in {fleet.folder}/flowforge.state.json; " in done.err)
    fleet.later()
    assert 0 == fleet.flowforge("apply", "--yes", "-m", "fleet.yaml", "--allow-takeover").code


@pytest.mark.parametrize("more", ["", BRANCH], ids=["file", "branch"])
def test_a_neighbour_that_knows_none_of_it_says_nothing(ops: "Fleet", more: str) -> None:
    """The state of other secrets, a torn one, and none at all: a first apply goes on as ever."""
    _teams(ops, more)
    assert 0 == ops.flowforge("apply", "--yes", *FOLDER, "--limit", "acme/repo-001").code
    ops.sandbox.world.set_secret("acme/repo-002", "ANTHROPIC_API_KEY", "of another hand")
    alone = ("--limit", "acme/repo-002")
    (ops.folder / "teams/torn.state.json").write_text("{", encoding="utf-8")

    def said(done: "Done") -> bool:
        return "state migrate" in done.out + done.err

    assert not said(ops.refused("plan", *BOTH, *alone))
    ops.later()
    done = ops.flowforge("apply", "--yes", *BOTH, *alone)
    assert (0, False) == (done.code, said(done))


def test_a_state_that_is_named_is_looked_for_nowhere_else(fleet: "Fleet") -> None:
    """Where the manifest says where its state is, -m changes nothing, and what else lies there is not its own."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    (fleet.folder / "flowforge.state.json").rename(fleet.folder / "older.state.json")
    fleet.manifest(f"{text}state: {{file: new.state.json}}\n")
    assert "state migrate" not in fleet.refused("plan").err

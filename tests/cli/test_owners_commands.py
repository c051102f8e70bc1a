"""The other commands by an App: a saved plan, adoption, a new state key, and the state of an owner on a branch."""

from typing import TYPE_CHECKING, Final

import pytest

from tests.cli.owners import KEY, Company, both, company, permissions

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

TWO: Final = ("acme", "beta")
READS: Final = {"metadata": "read", "secrets": "read"}
WRITES: Final = {"metadata": "read", "secrets": "write"}
KEEPS: Final = {"contents": "write", "metadata": "read"}
LOOKS: Final = {"contents": "read", "metadata": "read"}


@pytest.fixture
def firm(fleet: "Fleet") -> Company:
    """Two owners of two repos each, and an App that is installed for both and for a third one with the state."""
    found = company(fleet, TWO, TWO)
    world = found.world
    world.create_repo("gamma/ops")
    world.edit_file("gamma/ops", "README.md", "the ops repository\n")
    world.install_app("ci", "gamma")
    found.manifest(found.app, *both(*TWO), more="state: {github: {repo: gamma/ops}}\n")
    return found


def _minted(firm: Company, owner: str) -> list[object]:
    """Return what each token of an owner could do, in their order."""
    return [one["permissions"] for one in firm.world.minted_tokens() if one["by"] == f"ci@{owner}"]


def test_a_saved_plan(firm: Company) -> None:
    """It is made by tokens that read, and carried out by tokens that write what its lines are about."""
    value = firm.fleet.set_key()
    assert 0 == firm.fleet.flowforge("plan", "--out", "saved.json").code
    assert ([READS], [READS], [LOOKS]) == tuple(_minted(firm, owner) for owner in (*TWO, "gamma"))
    assert 0 == firm.fleet.flowforge("apply", "saved.json").code
    assert ([READS, READS, WRITES], [LOOKS, KEEPS]) == (_minted(firm, "acme"), _minted(firm, "gamma"))
    assert {repo: {KEY: value} for repo in both(*TWO)} == firm.held(*both(*TWO))


def test_adoption(firm: Company) -> None:
    """It records what is there by tokens that read the owners' secrets, and write the state alone."""
    for repo in both(*TWO):
        firm.world.set_secret(repo, KEY, "plainly-fake")
    for owner in TWO:
        firm.world.install_app("ci", owner, permissions={"secrets": "read"})
    done = firm.fleet.flowforge("adopt", "--yes")
    assert 0 == done.code, done.err
    assert ([READS], [READS], [KEEPS]) == tuple(_minted(firm, owner) for owner in (*TWO, "gamma"))
    again = firm.fleet.flowforge("plan")
    assert "4 assumed" in again.out, again.out


def test_a_new_state_key(firm: Company) -> None:
    """A state gets a key by tokens that read the owners' secrets, and write the state alone."""
    assert 0 == firm.fleet.flowforge("apply", "--yes").code
    before = len(firm.world.minted_tokens())
    firm.fleet.monkeypatch.setenv("FLOWFORGE_STATE_KEY", "plainly-fake-key-of-a-state-0123456789abcdef")
    done = firm.fleet.flowforge("state", "rekey", "--yes")
    assert 0 == done.code, done.err
    made = permissions(firm.world.minted_tokens()[before:])
    assert {("ci@gamma", True), *((f"ci@{owner}", False) for owner in TWO)} >= {
        (by, "contents" in dict(granted)) for by, granted, _ in made if isinstance(granted, dict)
    }
    assert all(granted in (READS, LOOKS, KEEPS) for _, granted, _ in made)


@pytest.mark.parametrize(
    ("args", "granted"),
    [
        (("state", "list"), LOOKS),
        (("state", "show", "acme/api"), LOOKS),
        (("state", "pull"), LOOKS),
        (("state", "forget", "acme/api", "--yes"), KEEPS),
        (("state", "move", "acme/api", "acme/other"), KEEPS),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_commands_on_the_state(firm: Company, args: tuple[str, ...], granted: dict[str, str]) -> None:
    """They have a token for the state's one repository and nothing else: to read it, or to write it."""
    assert 0 == firm.fleet.flowforge("apply", "--yes").code
    before = len(firm.world.minted_tokens())
    done = firm.fleet.flowforge(*args)
    assert 0 == done.code, done.err
    made = firm.world.minted_tokens()[before:]
    assert [("ci@gamma", granted, ["gamma/ops"])] == permissions(made)

"""`flowforge state rekey`: from one key to another, to the first and from the last, on disk and on a branch."""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.plan.address import Address, Repo, Scope
from flowforge.sandbox import Fault, FaultKind
from flowforge.state.file import StateFile

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

VARIABLE, OLD = "FLOWFORGE_STATE_KEY", "FLOWFORGE_STATE_KEY_OLD"
IN_SYNC = "No changes. GitHub matches the manifest.\n"
KEPT = "Under the new key: 5 secrets holding the value that was written."
BARE = "Without a key: 5 secrets holding the value that was written."
ALREADY = "Nothing to do: the state already has the new key."
OPS = "acme/ops"


def _keys(fleet: "Fleet", old: str | None, new: str | None) -> None:
    """Put both keys where they are looked for, and nothing where there is none."""
    for name, key in ((OLD, old), (VARIABLE, new)):
        if key is None:
            fleet.monkeypatch.delenv(name, raising=False)
        else:
            fleet.monkeypatch.setenv(name, key)


def _applied(fleet: "Fleet", *args: str) -> "Done":
    done = fleet.flowforge("apply", "--yes", *args)
    assert done.code == 0, done.err
    return done


def _path(fleet: "Fleet") -> Path:
    return fleet.folder / "flowforge.state.json"


def _state(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    return json.loads(_path(fleet).read_text())


@pytest.fixture(params=["file", "branch"])
def home(request: pytest.FixtureRequest, fleet: "Fleet") -> "Fleet":
    """Return a fleet whose state is in a file, or on a branch of the ops repo."""
    if request.param == "branch":
        fleet.sandbox.world.create_repo(OPS, private=True)
        fleet.sandbox.world.edit_file(OPS, "README.md", "the ops repository\n")
        fleet.simple(more=f"state:\n  github: {{repo: {OPS}}}\n")
    return fleet


A, B = (secrets.token_hex(32) for _ in range(2))


@pytest.mark.parametrize(
    ("old", "new"), [(None, A), (A, B), (A, None)], ids=["the first key", "another key", "no key any more"]
)
def test_in_sync_under_the_new_key(home: "Fleet", old: str | None, new: str | None) -> None:
    """Each secret whose value is what was written is in sync afterwards; the old key opens nothing any more."""
    _keys(home, None, old)
    _applied(home)
    _keys(home, old, new)
    home.sandbox.world.reset_stats()
    done = home.flowforge("state", "rekey", "--yes")
    assert (0, [KEPT if new else BARE]) == (done.code, done.lines)
    assert not [route for route in home.sandbox.world.stats().requests if "secrets" in route]
    assert IN_SYNC == home.flowforge("plan").out
    again = home.refused("state", "rekey", "--yes")
    assert (0, [ALREADY if new else "Nothing to do: the state already has no key."]) == (again.code, again.lines)
    _keys(home, None, old)
    assert 1 == home.refused("plan").code
    _keys(home, None, new)
    home.set_key()
    _applied(home)
    assert IN_SYNC == home.flowforge("plan").out


def test_what_cannot_be_compared(fleet: "Fleet") -> None:
    """What holds another value by now, and what the manifest names no more, is told, and planned as it is then."""
    _applied(fleet)
    fleet.simple(*fleet.repos[:4])
    fleet.set_key()
    _keys(fleet, None, A)
    before = _state(fleet)["secrets"]
    done = fleet.flowforge("state", "rekey", "--yes")
    assert [{**each, "fingerprint": "unknown:"} for each in before] == _state(fleet)["secrets"]
    assert [
        "Under the new key: 0 secrets holding the value that was written.",
        "Another value by now: 4 secrets; the next apply writes it.",
        "No longer in the manifest: 1 secret; remembered without a fingerprint.",
    ] == done.lines
    reasons = {"acme/repo-005": ("none", "not_named")}
    expected = {
        f"{repo}/actions/ANTHROPIC_API_KEY": reasons.get(repo, ("update", "value_changed")) for repo in fleet.repos
    }
    assert expected == fleet.plan()
    assert "Done: 0 created, 4 updated, 1 deleted" in _applied(fleet, "--prune").out


def test_a_value_that_cannot_be_had(fleet: "Fleet") -> None:
    """Nothing is lost for a value that is only missing today, unless a person says so."""
    _applied(fleet)
    value = fleet.set_key()
    fleet.monkeypatch.delenv("ACME_KEY")
    _keys(fleet, None, A)
    done = fleet.refused("state", "rekey", "--yes")
    named = ", ".join(f"acme/repo-00{n}/actions/ANTHROPIC_API_KEY" for n in (1, 2, 3))
    expected = (
        f"error FF475: no fingerprint can be made under the new key for {named} and 2 more\n"
        "  why: env ACME_KEY is unset\n"
        "  fix: make the value available; or add --keep-going, and the next apply writes these again\n"
    )
    assert (1, expected) == (done.code, done.err)
    done = fleet.flowforge("state", "rekey", "--yes", "--keep-going")
    assert "Value not available: 5 secrets; the next apply writes it again." == done.lines[-1]
    fleet.monkeypatch.setenv("ACME_KEY", value)
    assert "Done: 0 created, 5 updated" in _applied(fleet).out
    assert IN_SYNC == fleet.flowforge("plan").out


def test_a_guessable_value_and_a_variable(fleet: "Fleet") -> None:
    """A value that a person chose goes from scrypt to the keyed hash and back; a variable's hash has no key."""
    fleet.monkeypatch.setenv("ACME_KEY", "plainly-chosen-by-a-person")
    fleet.manifest(
        "version: 1\ncredentials:\n"
        "  k: {type: anthropic_api_key, from: {env: ACME_KEY}, allow_nonstandard: true}\n"
        "  w: {type: anthropic_workload_identity, federation_rule_id: fdrl_x1, organization_id: 1f4d7aa4-8f2e-4d5e-"
        "9c37-0f62a5c1d2e3, service_account_id: svac_x1}\n"
        "targets:\n  - {name: One, repos: [acme/repo-001], credential: k}\n"
        "  - {name: Two, repos: [acme/repo-002], credential: w}\n"
    )
    _applied(fleet)
    kinds = []
    for old, new in ((None, A), (A, None)):
        kinds.append(_kinds(fleet))
        _keys(fleet, old, new)
        assert fleet.flowforge("state", "rekey", "--yes").code == 0
        assert fleet.flowforge("plan", "--detailed-exitcode").code == 0
    assert [{"scrypt", "sha256"}, {"keyed-hmac-sha256", "sha256"}, {"scrypt", "sha256"}] == [*kinds, _kinds(fleet)]


def _kinds(fleet: "Fleet") -> set[str]:
    return {each["fingerprint"].split(":")[0] for each in _state(fleet)["secrets"]}


def test_what_is_pending(fleet: "Fleet") -> None:
    """A write whose end is not known stays so; its fingerprint is made anew where its value is the one at hand."""
    _applied(fleet)
    one, two, three, *_ = (Address(Scope(Repo.parse(repo)), "ANTHROPIC_API_KEY") for repo in fleet.repos)
    with StateFile.open(_path(fleet)) as session:
        session.intend({one: session.state.records[one].fingerprint, two: "hmac-sha256:00", three: None})
    _keys(fleet, None, A)
    assert [KEPT] == fleet.flowforge("state", "rekey", "--yes").lines
    first, second, third, *_ = _state(fleet)["secrets"]
    assert [first["fingerprint"], "unknown:", None] == [each["pending"] for each in (first, second, third)]
    assert 3 == len(fleet.plan())


def test_what_a_selector_finds(fleet: "Fleet") -> None:
    """Which repos are meant is asked of GitHub; where that is not known nothing is taken for unnamed."""
    text = (
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "targets:\n  - {name: All, select: {org: acme, visibility: [public, private, internal]}, credential: k}\n"
    )
    fleet.manifest(text)
    _applied(fleet)
    _keys(fleet, None, A)
    fleet.sandbox.world.faults.add(Fault("GET /orgs/acme/repos", FaultKind.STATUS, status=403, message="no"))
    done = fleet.refused("state", "rekey", "--yes")
    assert (1, True) == (done.code, "  why: which repos target All has is not known\n" in done.err)
    fleet.sandbox.world.faults.clear()
    assert [KEPT] == fleet.flowforge("state", "rekey", "--yes").lines
    assert IN_SYNC == fleet.flowforge("plan").out


def test_neither_key(fleet: "Fleet") -> None:
    """A state that is under a third key stays as it is."""
    _keys(fleet, None, A)
    _applied(fleet)
    for old in (B, None):
        _keys(fleet, old, secrets.token_hex(32))
        done = fleet.refused("state", "rekey", "--yes")
        expected = (
            f"error FF477: {_path(fleet)}: the state has neither the old key nor the new one\n"
            "  fix: set FLOWFORGE_STATE_KEY_OLD to the key that it was written with, "
            "or name another variable with --old-key-env\n"
        )
        assert (1, expected) == (done.code, done.err)


def test_no_key_at_all(fleet: "Fleet") -> None:
    """Without any key there is nothing that could be meant."""
    expected = (
        "error FF476: no state key is given, neither an old one nor a new one\n"
        "  fix: set FLOWFORGE_STATE_KEY to the new key, or name its source under state.key; "
        "set FLOWFORGE_STATE_KEY_OLD to the old one\n"
    )
    done = fleet.refused("state", "rekey", "--yes")
    assert (1, expected) == (done.code, done.err)


def test_the_old_key_elsewhere(fleet: "Fleet") -> None:
    """`--old-key-env` names another variable, which must be there, and which no program that gives a value gets."""
    _keys(fleet, None, A)
    _applied(fleet)
    _keys(fleet, None, B)
    done = fleet.refused("state", "rekey", "--yes", "--old-key-env", "BEFORE")
    expected = (
        "error FF478: the old state key is not available\n  why: --old-key-env names a variable that is unset\n"
        "  fix: name the variable that has the old key\n"
    )
    assert (1, expected) == (done.code, done.err)
    assert expected == fleet.refused("state", "rekey", "--yes", "--old-key-env", A).err  # the key itself is not shown
    fleet.monkeypatch.setenv("BEFORE", A)
    text = (fleet.folder / "flowforge.yaml").read_text()
    fleet.manifest(
        text.replace("{env: ACME_KEY}", "{command: [sh, -c, 'env >seen; echo $ACME_KEY'], pass_env: [ACME_KEY]}")
    )
    assert [KEPT] == fleet.flowforge("state", "rekey", "--yes", "--old-key-env", "BEFORE").lines
    assert A not in (fleet.folder / "seen").read_text()


def test_the_old_key_is_empty(home: "Fleet") -> None:
    """What a workflow sets for a secret that does not exist is neither a key nor none; nobody is told to make one."""
    _keys(home, None, A)
    _applied(home)
    _keys(home, "", B)
    done = home.refused("state", "rekey", "--yes")
    expected = (
        "error FF478: the old state key is not available\n  why: it is set but empty\n"
        "  fix: set it to the key that the state was written with; unset it if the state never had one\n"
    )
    assert (1, expected) == (done.code, done.err)


def test_no_state_yet(fleet: "Fleet") -> None:
    """The first apply begins a state under the key that is given: there is nothing to change before."""
    _keys(fleet, None, A)
    done = fleet.refused("state", "rekey", "--yes")
    said = f"Nothing to do: there is no state in {_path(fleet)} yet."
    assert (0, [said], False) == (done.code, done.lines, _path(fleet).exists())


def test_the_same_key_twice(home: "Fleet") -> None:
    """Nothing is lost to a change that is none: not the fingerprint of what the manifest names no more, for one."""
    _keys(home, None, A)
    _applied(home)
    home.manifest((home.folder / "flowforge.yaml").read_text().replace("\n      - acme/repo-005", ""))
    _keys(home, A, A)
    done = home.refused("state", "rekey", "--yes")
    assert (0, [ALREADY]) == (done.code, done.lines)


@pytest.mark.parametrize("answer", ["yes", "y"])
def test_only_yes_is_yes(fleet: "Fleet", answer: str) -> None:
    """What becomes of the fingerprints is shown before the question; without a yes in full nothing is written."""
    _applied(fleet)
    _keys(fleet, None, A)
    before = _path(fleet).read_bytes()
    assert "error FF008: rekey cannot ask for approval\n" in fleet.refused("state", "rekey").err
    fleet.answers(answer)
    done = fleet.flowforge("state", "rekey")
    assert done.err.startswith(f"{KEPT}\n\nPut the state under the new key? Only 'yes' is accepted.\n")
    assert (answer != "yes") == ("error FF013: rekey was not approved\n" in done.err)
    assert (answer != "yes") == (before == _path(fleet).read_bytes())


def test_what_is_asked_where_the_key_goes(fleet: "Fleet") -> None:
    """A key that is only taken away is not called a new one."""
    _keys(fleet, None, A)
    _applied(fleet)
    _keys(fleet, A, None)
    fleet.answers("yes")
    done = fleet.flowforge("state", "rekey")
    assert f"{BARE}\n\nTake the state's key away? Only 'yes' is accepted.\n" == done.err


def test_a_forged_state_is_not_put_under_another_key(fleet: "Fleet") -> None:
    """What the old key does not vouch for does not get the new one's signature."""
    _keys(fleet, None, A)
    _applied(fleet)
    text = _path(fleet).read_text().replace('"signature": "hmac-sha256:', '"signature": "hmac-sha256:0')
    _path(fleet).write_text(text)
    _keys(fleet, A, B)
    assert "error FF473: " in fleet.refused("state", "rekey", "--yes").err


def test_another_run_writes_meanwhile(fleet: "Fleet") -> None:
    """On a branch, what another run wrote while the values were read is not overwritten: it is under the old key."""
    world = fleet.sandbox.world
    world.create_repo(OPS, private=True)
    world.edit_file(OPS, "README.md", "the ops repository\n")
    fleet.simple(more=f"state:\n  github: {{repo: {OPS}}}\n")
    _applied(fleet)
    state = world.read_file(OPS, "flowforge.state.json", branch="flowforge-state")
    other = state.replace("{\n", "{ \n", 1)
    _keys(fleet, None, A)

    def answer() -> str:
        world.edit_file(OPS, "flowforge.state.json", other, branch="flowforge-state")
        return "yes"

    fleet.answers(answer)
    done = fleet.flowforge("state", "rekey")
    assert "error FF452: " in done.err
    assert other == world.read_file(OPS, "flowforge.state.json", branch="flowforge-state")


@pytest.mark.slow
@pytest.mark.parametrize("before", [1, 2, 3])
def test_killed_while_it_writes(fleet: "Fleet", before: int) -> None:
    """Killed before each rename that it makes: the state is under the one key or the other, whole, and again works."""
    _applied(fleet)
    _keys(fleet, None, A)
    script = (
        "import os, sys\nfrom flowforge.__main__ import run\nreal, left = os.replace, [int(sys.argv.pop())]\n"
        "def replace(*args, **more):\n"
        "    if '.lock' not in str(args[1]):\n        left[0] -= 1\n"
        "    if not left[0]:\n        os.kill(os.getpid(), 9)\n    return real(*args, **more)\n"
        "os.replace = replace\nsys.exit(run(['state', 'rekey', '--yes']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(before)], cwd=fleet.folder, check=False)
    assert (0 if before == 3 else -9) == done.returncode
    again = fleet.flowforge("state", "rekey", "--yes")
    assert (0, [ALREADY] if before == 3 else [KEPT]) == (again.code, again.lines)
    assert IN_SYNC == fleet.flowforge("plan").out

"""The state's key: what is signed and keyed with it, and what is refused without it or with another one."""

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge.resources import schema_text
from flowforge.vault import SecretValue

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

VARIABLE = "FLOWFORGE_STATE_KEY"
IN_SYNC = "No changes. GitHub matches the manifest.\n"
RESTORE = "put a good copy back, from git or from the .backup file beside it; nothing was overwritten"
OPS = "acme/ops"


def _key(fleet: "Fleet", name: str = VARIABLE) -> str:
    """Put a new key into a variable, and give it."""
    key = secrets.token_hex(32)
    fleet.monkeypatch.setenv(name, key)
    return key


def _path(fleet: "Fleet") -> Path:
    return fleet.folder / "flowforge.state.json"


def _state(fleet: "Fleet") -> Any:  # noqa: ANN401 -- JSON
    return json.loads(_path(fleet).read_text())


def _forge(fleet: "Fleet", change: Callable[[Any], object]) -> None:
    """Change the state as somebody who knows its format and not its key: the checksum fits again."""
    state = _state(fleet)
    change(state)
    body = {key: value for key, value in state.items() if key not in {"checksum", "signature"}}
    plain = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    _path(fleet).write_text(json.dumps(state | {"checksum": "sha256:" + hashlib.sha256(plain).hexdigest()}))


def _applied(fleet: "Fleet", *args: str) -> "Done":
    done = fleet.flowforge("apply", "--yes", *args)
    assert done.code == 0, done.err
    return done


@pytest.fixture
def signed(fleet: "Fleet") -> "Fleet":
    """Return a fleet that was applied once under a key, which is in the environment."""
    _key(fleet)
    _applied(fleet)
    return fleet


def test_the_state_is_signed_and_holds_nothing_of_the_key(fleet: "Fleet") -> None:
    """Applied under a key, the state fits its schema, its fingerprints say that they are keyed, and it is in sync."""
    key = _key(fleet)
    _applied(fleet)
    state = _state(fleet)
    Draft202012Validator(json.loads(schema_text("state"))).validate(state)
    assert {"keyed-hmac-sha256"} == {each["fingerprint"].split(":")[0] for each in state["secrets"]}
    assert [] == [path.name for path in fleet.folder.iterdir() if key in path.read_text()]
    assert IN_SYNC == fleet.flowforge("plan").out


def test_a_value_that_a_person_chose_is_keyed_too(fleet: "Fleet") -> None:
    """With a key no fingerprint can be tried out, so none of them needs to be dear."""
    _key(fleet)
    fleet.monkeypatch.setenv("ACME_KEY", "plainly-chosen-by-a-person")
    fleet.simple()
    text = (fleet.folder / "flowforge.yaml").read_text()
    fleet.manifest(text.replace("    from:", "    allow_nonstandard: true\n    from:"))
    _applied(fleet)
    assert {"keyed-hmac-sha256"} == {each["fingerprint"].split(":")[0] for each in _state(fleet)["secrets"]}


def test_the_manifest_may_name_its_source(fleet: "Fleet") -> None:
    """`state.key` comes from any source, and goes before the variable."""
    (fleet.folder / "state.key").write_text(secrets.token_hex(32) + "\n")
    fleet.simple(more="state: {key: {file: state.key}}\n")
    _applied(fleet)
    _key(fleet)
    assert IN_SYNC == fleet.flowforge("plan").out


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("adopt", "--yes"), ("state", "forget", "acme/x")])
def test_without_the_key(signed: "Fleet", command: tuple[str, ...]) -> None:
    """A key that is missing is an error of every command, not a plan that rewrites everything."""
    signed.monkeypatch.delenv(VARIABLE)
    done = signed.refused(*command, *(() if command[0] == "plan" else ("--yes",)))
    expected = (
        f"error FF470: {_path(signed)}: the state has a key, and none is given\n"
        "  why: it is signed and its fingerprints are keyed, so nothing in it can be judged without the key\n"
        "  fix: set FLOWFORGE_STATE_KEY, or name where the key comes from under state.key\n"
    )
    assert (1, "", expected) == (done.code, done.out, done.err)


def test_with_another_key(signed: "Fleet") -> None:
    """A wrong key is told from a forged state, since the state says which key it is under."""
    before = _state(signed)["key_id"]
    _key(signed)
    done = signed.refused("apply", "--yes")
    assert done.code == 1
    head, why, fix = done.err.splitlines()
    assert f"error FF471: {_path(signed)}: the state has another key than the one given" == head
    assert why.startswith(f'  why: its key_id is "{before}", and this key makes "')
    assert "  fix: give the key that it was written with; `flowforge state rekey` changes from one to the other" == fix


def _stripped(state: Any) -> None:  # noqa: ANN401 -- JSON
    del state["key_id"], state["signature"]


def test_a_key_and_no_signature(fleet: "Fleet") -> None:
    """A state that was never signed is no state to go by where a key is given."""
    _applied(fleet)
    _key(fleet)
    done = fleet.refused("apply", "--yes")
    expected = (
        f"error FF472: {_path(fleet)}: the state is not signed, and a key is given\n"
        "  why: either it never had a key, or somebody has taken its signature away\n"
        "  fix: if it never had a key, `flowforge state rekey` signs it with this one; otherwise put a good copy back\n"
    )
    assert (1, expected) == (done.code, done.err)


@pytest.mark.parametrize("given", [True, False], ids=["a key", "no key"])
def test_a_signature_that_was_taken_away(signed: "Fleet", *, given: bool) -> None:
    """The fingerprints show that there was one, key or no key: neither a plan nor rekey goes by such a state."""
    _forge(signed, _stripped)
    if not given:
        signed.monkeypatch.delenv(VARIABLE)
    expected = (
        f"error FF473: {_path(signed)}: the state is forged\n"
        "  why: its fingerprints were made under a key, and its signature was taken away\n"
        f"  fix: {RESTORE}\n"
    )
    for command in (("plan",), ("apply", "--yes"), ("plan", "--offline"), ("state", "rekey", "--yes"))[
        : 4 if given else 3
    ]:
        done = signed.refused(*command)
        assert (1, expected) == (done.code, done.err)


FORGERIES: dict[str, Callable[[Any], object]] = {
    "a record": lambda state: state["secrets"][0].update(updated_at="2030-01-01T00:00:00Z"),
    "one record more": lambda state: state["secrets"].append({**state["secrets"][0], "name": "OTHER"}),
    "an older serial": lambda state: state.update(serial=1, folded=""),
    "a signature": lambda state: state.update(signature="hmac-sha256:" + "0" * 64),
    "a signature of no form": lambda state: state.update(signature="\ud800é"),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_state(signed: "Fleet", change: Callable[[Any], object]) -> None:
    """Whoever can write the state and has not its key can change nothing in it, checksum or not."""
    _forge(signed, change)
    done = signed.refused("apply", "--yes")
    expected = (
        f"error FF473: {_path(signed)}: the state is forged\n"
        "  why: its signature does not fit its content, and its key is the one given\n"
        f"  fix: {RESTORE}\n"
    )
    assert (1, expected) == (done.code, done.err)


@pytest.mark.parametrize("member", ["key_id", "signature"])
def test_half_of_what_a_key_leaves(signed: "Fleet", member: str) -> None:
    """The two members stand together: one of them alone is a damaged state, with a key and without."""
    _forge(signed, lambda state: state.pop(member))
    for _ in range(2):
        done = signed.refused("plan")
        assert f"error FF404: {_path(signed)}: the state is damaged" == done.err.splitlines()[0]
        signed.monkeypatch.delenv(VARIABLE, raising=False)


WEAK = {
    "": "the value is empty",
    "  ": "the value is blank",
    "changeme": "the value is a placeholder",
    "${STATE_KEY}": "the value is a placeholder",
    "0123456789abcdef0123456789abcde": "it is shorter than 32 characters",
    "abcdefg" * 10: "it has fewer than 8 different characters",
}


@pytest.mark.parametrize(("key", "why"), WEAK.items())
def test_a_key_that_is_none(fleet: "Fleet", key: str, why: str) -> None:
    """A key that is blank, stands for another, or that somebody could guess is refused, and not shown."""
    fleet.monkeypatch.setenv(VARIABLE, key)
    done = fleet.refused("apply", "--yes")
    expected = (
        f"error FF474: FLOWFORGE_STATE_KEY: the state key cannot be used\n  why: {why}\n"
        "  fix: create one with `openssl rand -hex 32`, and keep it as a secret\n"
    )
    assert (1, expected) == (done.code, done.err)


def test_a_key_that_cannot_be_had(fleet: "Fleet") -> None:
    """What the source says is told of the key, with its line."""
    fleet.simple(more="state: {key: {env: NOT_SET}}\n")
    done = fleet.refused("apply", "--yes")
    head, *_ = done.err.splitlines()
    assert (1, "error FF221: flowforge.yaml:15:14: the state key is not available: env NOT_SET is unset") == (
        done.code,
        head,
    )


def test_it_is_never_written_as_a_secret(fleet: "Fleet") -> None:
    """Not by its own variable, which the manifest alone tells; nor by another way, which only its value does."""
    key, value = _key(fleet), "{type: anthropic_api_key, allow_nonstandard: true, from: {env: NAME}}"
    entry = "version: 1\ncredentials:\n  k: {}\ntargets:\n  - {{name: A, repos: [acme/repo-001], credential: k}}\n"
    fleet.manifest(entry.format(value.replace("NAME", VARIABLE)))
    assert "error FF153: flowforge.yaml:3:63: the state's key comes from here\n" in fleet.refused("validate").err
    fleet.manifest(entry.format(value.replace("NAME", "'COPY_{repo}'")))
    fleet.monkeypatch.setenv("COPY_repo-001", key)
    done = fleet.refused("apply", "--yes")
    expected = (
        'error FF218: credential "k": value not available: the value of env COPY_repo-001 is the state\'s key; '
        "nothing was written\n"
        "  why: GitHub would get it, and with it the state can be forged\n"
        "  fix: name another source, and let the state alone have it; "
        "--keep-going writes the secrets that need other values\n"
    )
    assert (1, expected, False) == (done.code, done.err, key in done.out)


def test_a_person_is_asked_for_it(fleet: "Fleet") -> None:
    """By every command that reads the state, at a terminal, and once by each: two homes are under one key."""
    asked: list[str] = []

    class Person:
        def say(self, _: str) -> None:
            """Read what the terminal shows."""

        def ask(self, _: str) -> SecretValue | None:
            asked.append("asked")
            return SecretValue("0123456789abcdef" * 4)

    fleet.answers("", sees=True)
    fleet.parts["hidden"] = lambda _: nullcontext(Person())
    fleet.simple("acme/repo-001", more="state: {key: {prompt: Key}}\n")
    _applied(fleet)
    (fleet.folder / "copy.json").write_text(fleet.flowforge("state", "pull").out)
    rest = (("list",), ("show",), ("move", "acme/repo-001", "acme/x"), ("push", "copy.json", "--yes", "--force"))
    for command in (*rest, ("rekey", "--yes"), ("unlock", "--yes"), ("forget", "acme/repo-001", "--yes")):
        done = fleet.flowforge("state", *command)
        assert 0 == done.code, done.err
    fleet.simple("acme/repo-001", more="state: {file: other.json, key: {prompt: Key}}\n")
    assert 0 == fleet.flowforge("state", "migrate", "--yes", "--from", "flowforge.state.json").code
    assert ["asked"] * 10 == asked


def test_no_program_gets_it(fleet: "Fleet") -> None:
    """The variable that the manifest names as the key's source is in no child's environment."""
    _key(fleet, "OPS_KEY")
    value = fleet.set_key("UNNAMED")
    fleet.simple(more="state: {key: {env: OPS_KEY}}\n")
    text = (fleet.folder / "flowforge.yaml").read_text()
    command = "{command: [sh, -c, 'env >seen; echo $UNNAMED'], pass_env: [UNNAMED]}"
    fleet.manifest(text.replace("{env: ACME_KEY}", command))
    _applied(fleet)
    seen = (fleet.folder / "seen").read_text()
    assert (True, False) == (value in seen, "OPS_KEY" in seen)


def test_offline_without_the_key(signed: "Fleet") -> None:
    """A run that has no secrets may look at a signed state, and is told that nobody checked it."""
    signed.monkeypatch.delenv(VARIABLE)
    done = signed.flowforge("plan", "--offline")
    warning = f"warning: {_path(signed)}: the signature of the state was not checked, because its key is not available"
    assert (0, True) == (done.code, warning in done.err.splitlines())
    _path(signed).with_name("flowforge.state.json.journal").write_bytes(b"x")
    assert "error FF470: " in signed.refused("plan", "--offline").err


def test_offline_with_a_key_that_the_run_may_not_see(signed: "Fleet") -> None:
    """An empty text, which is what a workflow of a fork gets, is none; and a signed state is not called unsigned."""
    signed.monkeypatch.setenv(VARIABLE, "")
    signed.simple("acme/repo-001")
    done = signed.flowforge("plan", "--offline", "--prune")
    warning = (
        f"warning: {_path(signed)}: the signature of the state was not checked, because its key is not available\n"
    )
    assert (0, warning) == (done.code, done.err)
    assert "error FF474: " in signed.refused("plan").err


@pytest.mark.parametrize("named", [True, False], ids=["by the manifest", "by an empty variable"])
def test_offline_an_unsigned_state_where_a_key_is_named(fleet: "Fleet", *, named: bool) -> None:
    """Where there is to be a key, a state without a signature is none to go by, though nobody has the key here."""
    _applied(fleet)
    if named:
        fleet.simple(more="state: {key: {file: elsewhere}}\n")
    else:
        fleet.monkeypatch.setenv(VARIABLE, "")
    expected = (
        f"error FF472: {_path(fleet)}: the state is not signed, and a key is named for it\n"
        "  why: either it never had a key, or somebody has taken its signature away\n"
        "  fix: if it never had a key, `flowforge state rekey` signs it with this one; otherwise put a good copy back\n"
    )
    assert expected == fleet.refused("plan", "--offline").err


def test_offline_with_the_key(signed: "Fleet") -> None:
    """Where the key is at hand a forged state is refused offline as well."""
    assert "nobody checked it" not in signed.flowforge("plan", "--offline").err
    _forge(signed, FORGERIES["a record"])
    assert "error FF473: " in signed.refused("plan", "--offline").err
    signed.simple(more="state: {key: {file: elsewhere}}\n")
    assert 0 == signed.flowforge("plan", "--offline").code


def test_a_saved_plan_of_another_key(fleet: "Fleet") -> None:
    """A plan that was made under one key is not carried out under another one, nor without, and says so."""
    _key(fleet)
    fleet.flowforge("plan", "--out", "p.json")
    made = json.loads((fleet.folder / "p.json").read_text())["stands_on"]["state"]["key_id"]
    told = []
    for other in (True, False):
        if other:
            _key(fleet)
        else:
            fleet.monkeypatch.delenv(VARIABLE)
        done = fleet.refused("apply", "p.json")
        told += [line for line in done.err.splitlines() if line.startswith(("error", "  why"))]
    head = "error FF028: the state has changed since the plan was saved; nothing was written"
    assert [head, head, "  why: no state key is given"] == [told[0], *told[2:]]
    assert told[1].startswith("  why: the state key is another one (key_id ")
    assert told[1].endswith(f"), the plan was made under {made}")


def test_a_saved_plan_under_the_key(fleet: "Fleet") -> None:
    """With the same key it is carried out; one that was made without is not."""
    fleet.flowforge("plan", "--out", "without.json")
    _key(fleet)
    fleet.flowforge("plan", "--out", "p.json")
    done = fleet.refused("apply", "without.json")
    assert "  why: a state key is given, and the plan was made without one\n" in done.err
    assert 0 == fleet.flowforge("apply", "p.json").code
    assert IN_SYNC == fleet.flowforge("plan").out


@pytest.mark.parametrize("keyed", [False, True])
def test_prune_says_that_ownership_is_unproven(fleet: "Fleet", *, keyed: bool) -> None:
    """What --prune deletes it deletes on the state's word, which proves nothing where the state is not signed."""
    if keyed:
        _key(fleet)
    _applied(fleet)
    fleet.simple("acme/repo-001", "acme/repo-002", "acme/repo-003", "acme/repo-004")
    warning = (
        "warning: --prune deletes 1 because the state says that FlowForge wrote it, and the state is not signed: "
        "that ownership is unproven (see state.key)"
    )
    assert keyed != (warning in fleet.flowforge("plan", "--prune").err.splitlines())
    assert warning not in fleet.flowforge("plan").err


def test_on_a_branch(fleet: "Fleet") -> None:
    """The state on a branch is signed as a file is, and a wrong key, none, and a forgery are refused alike."""
    world = fleet.sandbox.world
    world.create_repo(OPS, private=True)
    world.edit_file(OPS, "README.md", "the ops repository\n")
    fleet.simple(more=f"state:\n  github: {{repo: {OPS}}}\n")
    key = _key(fleet)
    _applied(fleet)
    assert IN_SYNC == fleet.flowforge("plan").out
    fleet.set_key()
    told = []
    fleet.monkeypatch.delenv(VARIABLE)
    told.append(fleet.refused("apply", "--yes").err[:11])
    _key(fleet)
    told.append(fleet.refused("apply", "--yes").err[:11])
    fleet.monkeypatch.setenv(VARIABLE, key)
    _path(fleet).write_text(world.read_file(OPS, "flowforge.state.json", branch="flowforge-state"))
    _forge(fleet, FORGERIES["a record"])
    world.edit_file(OPS, "flowforge.state.json", _path(fleet).read_text(), branch="flowforge-state")
    told.append(fleet.refused("apply", "--yes").err[:11])
    assert ["error FF470", "error FF471", "error FF473"] == told


def test_a_copy_goes_and_comes_back_signed(signed: "Fleet") -> None:
    """What pull prints is signed, so push takes it; a copy under another key, or none, it refuses."""
    copy = signed.folder / "copy.json"
    copy.write_text(signed.flowforge("state", "pull").out)
    assert json.loads(copy.read_text())["key_id"] == _state(signed)["key_id"]
    assert 0 == signed.flowforge("state", "push", "copy.json", "--yes", "--force").code
    good = _path(signed).read_bytes()
    for change, code in ((FORGERIES["a record"], "FF473"), (_stripped, "FF473")):
        _forge(signed, change)
        copy.write_bytes(_path(signed).read_bytes())
        _path(signed).write_bytes(good)
        done = signed.refused("state", "push", "copy.json", "--yes", "--force")
        assert done.err.startswith(f"error {code}: copy.json: the state is ")


def test_it_stays_signed_where_it_is_moved_to(signed: "Fleet") -> None:
    """Migrated to a branch, the state is under the same key, and in sync."""
    world = signed.sandbox.world
    world.create_repo(OPS, private=True)
    world.edit_file(OPS, "README.md", "the ops repository\n")
    signed.simple(more=f"state:\n  github: {{repo: {OPS}}}\n")
    before = _state(signed)["key_id"]
    done = signed.flowforge("state", "migrate", "--yes")
    assert 0 == done.code, done.err
    moved = json.loads(world.read_file(OPS, "flowforge.state.json", branch="flowforge-state"))
    assert (before, IN_SYNC) == (moved["key_id"], signed.flowforge("plan").out)
    signed.monkeypatch.delenv(VARIABLE)
    assert "error FF470: " in signed.refused("apply", "--yes").err

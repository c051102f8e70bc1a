"""`flowforge doctor`: each planted trouble is found, with its fix, and nothing is wrong on a healthy machine."""

import fcntl
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind, Sandbox
from flowforge.sandbox.rules.access import Level, Token, TokenKind
from tests.cli.conftest import Fleet
from tests.made_up import api_key, letters
from tests.rows import one_in

DAY = 86_400


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a local GitHub whose clock is this machine's, since the two are compared."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def healthy(fleet: Fleet) -> Fleet:
    """Return a fleet with everything in its place: applied, with the schema file of today."""
    (fleet.folder / ".flowforge.schema.json").write_text(schema_text("manifest"), encoding="utf-8")
    assert 0 == fleet.flowforge("apply", "--yes").code
    return fleet


def found(fleet: Fleet) -> list[tuple[str, str, str]]:
    """Return what is wrong: the check, what and fix of each, with the folder and the URL taken out."""
    done = fleet.flowforge("doctor", "--format", "json")
    document = json.loads(done.out)
    wrong = [each for each in document["checks"] if each["health"] == "wrong"]
    assert (3 if wrong else 0, len(wrong)) == (done.code, document["wrong"])
    assert all(each["fix"] for each in wrong), "each trouble has its fix"
    return [(each["check"], each["code"] or "", each["what"].replace(f"{fleet.folder}/", "")) for each in wrong]


def test_a_healthy_machine(healthy: Fleet) -> None:
    """Nothing is wrong, nothing is written, and every value stays where it is."""
    before = healthy.sandbox.world.stats().requests
    done = healthy.refused("doctor")
    assert (0, "Nothing is wrong, and 1 is not known.", "") == (done.code, done.lines[-1], done.err)
    assert [
        "variables",
        "manifest",
        "schema",
        "sources",
        "token",
        "budget",
        "clock",
        "state",
        "places",
        "permissions",
    ] == [line.split()[1].rstrip(":") for line in done.lines[:-1]]
    assert before


def test_the_page_shows_real_checks() -> None:
    """Every line of the example in docs/doctor.md is of a check that the page's own table explains."""
    page = (Path(__file__).parents[2] / "docs/doctor.md").read_text("utf-8")
    shown = re.findall(r"^[=!?] (\w+): ", page, re.MULTILINE)
    told = re.findall(r"`(\w+)`", "".join(line for line in page.splitlines() if line.startswith("| `")))
    assert (9, []) == (len(shown), [name for name in shown if name not in told])


def token(fleet: Fleet, **more: Any) -> None:  # noqa: ANN401 -- a token's own fields
    """Let FlowForge have another token."""
    text = f"ghp_{letters(36)}"
    fleet.sandbox.world.add_token(text, replace(Token(), **more))
    fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", text)


def of_source(fleet: Fleet, source: str) -> None:
    """Let the value come from another source."""
    fleet.manifest(
        f"version: 1\ncredentials: {{k: {{type: anthropic_api_key, from: {source}}}}}\n"
        "targets: [{name: T, repos: [acme/repo-001], credential: k}]\n"
    )


def locked(fleet: Fleet) -> None:
    """Hold the lock, as another run does, until the process ends."""
    handle = os.open(fleet.folder / "flowforge.state.json.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)


def interrupted(fleet: Fleet) -> None:
    """Leave the journal of a run that was killed after it announced a write."""
    fleet.set_key()
    files = [fleet.folder / f"flowforge.state.json{end}" for end in ("", ".journal")]
    kept: list[bytes] = []
    fault = Fault("PUT .*repo-001", FaultKind.THEN, then=lambda: kept.extend(each.read_bytes() for each in files))
    fleet.sandbox.world.faults.add(fault)
    fleet.flowforge("apply", "--yes", "--limit", "acme/repo-001")
    for file, data in zip(files, kept, strict=True):
        file.write_bytes(data)


def environ(**variables: str) -> Callable[[Fleet], None]:
    """Return what sets variables."""

    def plant(fleet: Fleet) -> None:
        for name, text in variables.items():
            fleet.monkeypatch.setenv(name, text)

    return plant


def spent(fleet: Fleet) -> None:
    """Let nearly all requests of the hour be spent."""
    for _ in range(10):
        fleet.flowforge("plan", "--no-cache")
    world_ = fleet.sandbox.world
    left = world_.limits.state(world_.tokens.tokens[fleet.sandbox.token], world_.clock.now())["remaining"]
    world_.limits.primary -= left - 5


def unreachable(fleet: Fleet) -> None:
    """Let nobody listen at the API's address."""
    fleet.monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")


def world(verb: str, *args: object, **more: object) -> Callable[[Fleet], None]:
    """Return what does something to GitHub."""
    return lambda fleet: getattr(fleet.sandbox.world, verb)(*args, **more)


def damaged(fleet: Fleet) -> None:
    """Cut the state file in half."""
    state = fleet.folder / "flowforge.state.json"
    state.write_bytes(state.read_bytes()[:100])


def readable(fleet: Fleet) -> None:
    """Let everybody read the state."""
    (fleet.folder / "flowforge.state.json").chmod(0o644)


def both(*plants: Callable[[Fleet], None]) -> Callable[[Fleet], None]:
    """Return what does one after the other."""

    def plant(fleet: Fleet) -> None:
        for each in plants:
            each(fleet)

    return plant


def write(name: str, text: str) -> Callable[[Fleet], None]:
    """Return what writes a file into the fleet's folder."""

    def plant(fleet: Fleet) -> None:
        (fleet.folder / name).write_text(text, encoding="utf-8")

    return plant


PROXY = "HTTPS_PROXY is not the address of a proxy"
TROUBLES: dict[str, tuple[Callable[[Fleet], None], tuple[str, str], str]] = {
    "a misspelt variable": (
        environ(FLOWFORGE_ALLOWED_OWNER="acme"),
        ("variables", ""),
        'the variable "FLOWFORGE_ALLOWED_OWNER" is not one of FlowForge\'s, and nothing reads it',
    ),
    "a proxy that is none": (environ(HTTPS_PROXY="proxy.test:3128"), ("network", ""), PROXY),
    "a CA file that is gone": (
        environ(SSL_CERT_FILE="/nowhere/ca.pem"),
        ("network", ""),
        'SSL_CERT_FILE names "/nowhere/ca.pem", and there is no such file',
    ),
    "a broken manifest": (
        lambda fleet: fleet.manifest("version: 1\ntargest: []\n"),
        ("manifest", "FF120"),
        'flowforge.yaml:2:1: the key "targest" is not known here',
    ),
    "an old schema file": (
        write(".flowforge.schema.json", "{}"),
        ("schema", ""),
        ".flowforge.schema.json is of another FlowForge, so editors mark what is right",
    ),
    "a variable that is unset": (
        lambda fleet: fleet.monkeypatch.delenv("ACME_KEY"),
        ("sources", ""),
        'flowforge.yaml:5:11: the variable "ACME_KEY" is unset or empty',
    ),
    "a file that is gone": (
        lambda fleet: of_source(fleet, "{file: key.txt}"),
        ("sources", ""),
        'flowforge.yaml:2:50: the file "key.txt" is not there, or cannot be read',
    ),
    "a program that is missing": (
        lambda fleet: of_source(fleet, "{command: [no-such-vault, get]}"),
        ("sources", ""),
        'flowforge.yaml:2:50: the program "no-such-vault" is not installed',
    ),
    "1Password's CLI that is missing": (
        both(lambda fleet: of_source(fleet, "{onepassword: op://a/b/c}"), environ(PATH="/nowhere")),
        ("sources", ""),
        'flowforge.yaml:2:50: the program "op" is not installed',
    ),
    "no token": (
        lambda fleet: fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN"),
        ("token", "FF300"),
        "no GitHub token found for 127.0.0.1",
    ),
    "another service's token": (
        lambda fleet: fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", api_key()),
        ("token", "FF301"),
        "FLOWFORGE_GITHUB_TOKEN: this is an Anthropic API key (sk-ant-api03-…), and no GitHub token",
    ),
    "a dead token": (
        lambda fleet: fleet.sandbox.world.revoke_token(fleet.sandbox.token),
        ("token", "FF302"),
        "",
    ),
    "a workflow's token": (
        environ(GITHUB_ACTIONS="true", GITHUB_TOKEN=f"ghs_{letters(36)}", FLOWFORGE_GITHUB_TOKEN=""),
        ("token", "FF303"),
        "GITHUB_TOKEN: the workflow's own GITHUB_TOKEN cannot manage secrets",
    ),
    "a token that ends soon": (
        lambda fleet: token(
            fleet, kind=TokenKind.FINE_GRAINED, expires=int(fleet.sandbox.world.clock.now()) + 3 * DAY + 60
        ),
        ("token", ""),
        "in 3 days",
    ),
    "a classic token without its scope": (
        lambda fleet: token(fleet, kind=TokenKind.CLASSIC, scopes=("read:org",)),
        ("places", ""),
        "",
    ),
    "single sign-on": (
        both(world("require_sso", "acme"), lambda fleet: token(fleet, kind=TokenKind.CLASSIC, scopes=("repo",))),
        ("places", ""),
        "single sign-on",
    ),
    "no permission to read secrets": (
        lambda fleet: token(fleet, kind=TokenKind.FINE_GRAINED, secrets=Level.NONE),
        ("places", ""),
        "no permission",
    ),
    "a role that only reads": (
        lambda fleet: token(fleet, kind=TokenKind.FINE_GRAINED, role="read"),
        ("places", ""),
        "no permission",
    ),
    "an archived repo": (world("archive_repo", "acme/repo-002"), ("places", ""), "acme/repo-002: archived"),
    "a renamed repo": (
        world("rename_repo", "acme/repo-002", "acme/elsewhere"),
        ("places", ""),
        "acme/repo-002/actions: renamed to acme/elsewhere",
    ),
    "a repo that is gone": (world("delete_repo", "acme/repo-002"), ("places", ""), "acme/repo-002/actions: not found"),
    "a missing environment": (
        lambda fleet: fleet.simple("acme/repo-001", more="    environments: [production]\n"),
        ("places", ""),
        "acme/repo-001/environments/production: there is no environment production",
    ),
    "a clock that is off": (
        lambda fleet: fleet.sandbox.world.clock.advance(400),
        ("clock", ""),
        "the clock of this machine is ",
    ),
    "a spent budget": (spent, ("budget", ""), " requests an hour the token has "),
    "nobody at the API": (unreachable, ("token", "FF351"), ""),
    "a damaged state": (damaged, ("state", "FF404"), ""),
    "a state that others can read": (
        readable,
        ("state", ""),
        "flowforge.state.json can be read by other users of this machine",
    ),
    "a state that is locked": (locked, ("lock", ""), "another run holds the lock of flowforge.state.json"),
    "an interrupted write": (
        interrupted,
        ("state", ""),
        "flowforge.state.json: a run was interrupted while it wrote acme/repo-001/actions/ANTHROPIC_API_KEY",
    ),
    "a key that signs no state": (environ(FLOWFORGE_STATE_KEY=letters(40)), ("state", "FF472"), ""),
    "a verify host that is not admitted": (
        both(
            lambda fleet: of_source(fleet, "{env: ACME_KEY}, verify: true"),
            environ(FLOWFORGE_ANTHROPIC_URL="https://gw.test"),
        ),
        ("verify", "FF291"),
        'FLOWFORGE_ANTHROPIC_URL: no Anthropic key goes to "gw.test"',
    ),
    "another key in the Admin key's place": (
        lambda fleet: fleet.monkeypatch.setenv("FLOWFORGE_ANTHROPIC_ADMIN_KEY", api_key()),
        ("verify", "FF294"),
        "FLOWFORGE_ANTHROPIC_ADMIN_KEY: this is an Anthropic API key (sk-ant-api03-…), and no Admin key",
    ),
}


@pytest.mark.parametrize("trouble", one_in(2, TROUBLES))
def test_a_trouble_is_found(healthy: Fleet, trouble: str) -> None:
    """It is the first thing that is named, by the check that it belongs to, and nothing is written."""
    plant, where, said = TROUBLES[trouble]
    plant(healthy)
    wrong = found(healthy)
    assert wrong, "nothing was found"
    check, code, what = wrong[0]
    assert (where, True) == ((check, code), said in what), what


def test_its_commands_can_be_pasted(healthy: Fleet, tmp_path: Path) -> None:
    """In a folder whose name a shell would run, each command is about the very file, and about this manifest."""
    folder = tmp_path / "x;touch pwned"
    folder.mkdir()
    for each in filter(Path.is_file, healthy.folder.iterdir()):
        (folder / each.name).write_bytes(each.read_bytes())
    (folder / "flowforge.state.json").chmod(0o644)
    (folder / ".flowforge.schema.json").write_text("{}", encoding="utf-8")
    done = healthy.flowforge("doctor", "-m", str(folder / "flowforge.yaml"))
    commands = [each.split("`")[1] for each in done.lines if "fix: `" in each]
    assert [
        f"flowforge schema manifest > '{folder}/.flowforge.schema.json'",
        f"chmod 600 '{folder}/flowforge.state.json'",
    ] == commands
    subprocess.run(["/bin/sh", "-c", commands[1]], check=True, cwd=folder)
    assert (0o600, False) == (
        (folder / "flowforge.state.json").stat().st_mode & 0o777,
        (folder / "pwned").exists(),
    )


def test_a_command_gets_the_manifest(healthy: Fleet) -> None:
    """What was left in a write is written again with the manifest that was looked at."""
    interrupted(healthy)
    healthy.monkeypatch.chdir(healthy.folder.parent)
    done = healthy.flowforge("doctor", "-m", f"{healthy.folder}/flowforge.yaml")
    assert f"`flowforge apply -m {healthy.folder}/flowforge.yaml` writes them again" in done.out


@pytest.mark.parametrize("kind", ["fifo", "huge", "device"])
def test_a_schema_file_that_is_none(healthy: Fleet, kind: str) -> None:
    """Nobody waits for a pipe, and no more is read of a file than a schema may have."""
    path = healthy.folder / ".flowforge.schema.json"
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(100_000_000_000)
    done = healthy.flowforge("doctor")
    said = [each[0] for each in done.lines if each[2:].startswith("schema: ")]
    assert (["!"] if kind == "huge" else []) == said


def test_the_admin_key_is_not_read_for_a_pull_request(healthy: Fleet) -> None:
    """As in a run: on an event that may be anybody's nothing is said of it, not even what it is not."""
    environ(CI="true", GITHUB_ACTIONS="true", GITHUB_EVENT_NAME="pull_request")(healthy)
    healthy.monkeypatch.setenv("FLOWFORGE_ANTHROPIC_ADMIN_KEY", api_key())
    assert [] == [each for each in found(healthy) if each[0] == "verify"]


def test_two_dozen_are_planted() -> None:
    """The table has at least the twenty that it is to have."""
    assert len(TROUBLES) >= 20


def test_without_a_manifest(healthy: Fleet) -> None:
    """The token is looked at all the same, and what was not looked at is said, which is no trouble."""
    (healthy.folder / "flowforge.yaml").unlink()
    done = healthy.flowforge("doctor")
    assert (0, True) == (done.code, "? manifest: there is no flowforge.yaml here" in done.out)


@pytest.mark.parametrize(("kind", "unknown"), [(TokenKind.FINE_GRAINED, 1), (TokenKind.CLASSIC, 0)])
def test_what_github_tells_nobody(healthy: Fleet, kind: TokenKind, unknown: int) -> None:
    """Whether a fine-grained token may write is not known before it does, and that is said; nothing is wrong."""
    token(healthy, kind=kind)
    done = healthy.flowforge("doctor")
    said = "? permissions: GitHub does not say whether the token for acme may write: the first write shows it"
    closing = "Nothing is wrong, and 1 is not known." if unknown else "Nothing is wrong."
    assert (0, unknown, closing) == (done.code, done.lines.count(said), done.lines[-1])


def test_what_is_said_of_a_value(healthy: Fleet) -> None:
    """Nothing of a value or a token is in what it says."""
    done = healthy.flowforge("doctor", "--format", "json", "-v")
    assert [] == [
        text for text in (os.environ["ACME_KEY"], healthy.sandbox.token) if text[20:40] in done.out + done.err
    ]

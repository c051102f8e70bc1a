"""Over every outgoing request of every command: who gets what.

No OAuth token leaves but sealed for GitHub, no API key but sealed or to where keys are verified, no Admin key but to
the Admin API; and nothing at all goes anywhere else.
"""

import functools
import sys
from typing import Any, Final

import pytest

from tests.made_up import api_key, letters
from tests.outgoing import Sent, record
from tests.sweep.commands import OTHERS, READING, before, writes
from tests.sweep.plants import oauth_token
from tests.sweep.seek import Seeker
from tests.sweep.stage import Stage

pytestmark = pytest.mark.sweep
MODELS: Final = "/v1/models?limit=1"
ADMIN: Final = "/v1/organizations/api_keys?limit=1000"
MANIFEST: Final = (
    "version: 1\n"
    "credentials:\n"
    "  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}, verify: true}\n"
    "  plan: {type: claude_code_oauth_token, from: {env: ACME_TOKEN}, shared: true}\n"
    "targets:\n"
    "  - {name: Keys, repos: [acme/api, acme/web], credential: ci-key}\n"
    "  - {name: Tokens, repos: [acme/api, acme/web], credential: plan}\n"
)
# Where this process connected to, while a test listens; an audit hook cannot be taken back.
_met: list[tuple[str, int]] = []
_listening = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _listening and event == "socket.connect" and isinstance(args[1], tuple):
        _met.append((str(args[1][0]), int(args[1][1])))


@functools.cache
def _listen() -> None:
    """Have the interpreter tell of connections. Not where coverage counts, as in `stage.py`."""
    sys.addaudithook(_hook)


def kinds(sent: Sent, secrets: dict[str, str]) -> set[tuple[str, str, str]]:
    """Return which secrets are in a request, each with the host and the header or part that carries it."""
    found: set[tuple[str, str, str]] = set()
    for name, value in secrets.items():
        seeker = Seeker.of([value[len("sk-ant-admin01-") :]])
        parts = {**sent.headers, "target": sent.target, "body": sent.body.decode("latin-1")}
        for part, text in parts.items():
            if [*seeker.find(text.encode("latin-1"))]:
                found.add((name, f"{sent.host} {sent.target if sent.host == 'anthropic' else ''}".strip(), part))
    return found


@pytest.mark.parametrize("args", [*READING, *OTHERS], ids=lambda args: " ".join(args) or "nothing")
def test_who_gets_what(stage: Stage, args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command, where keys are verified and there is an Admin key: every request is read whole."""
    global _listening  # noqa: PLW0603 -- see above
    key, admin, token = api_key(), f"sk-ant-admin01-{letters(93)}AA", oauth_token()
    world = stage.bench.world
    url = stage.bench.sandbox.serve_anthropic()
    for each in (key, admin):
        world.add_anthropic_key(each)
    for name, text in {
        "FLOWFORGE_ANTHROPIC_URL": url,
        "FLOWFORGE_ALLOWED_VERIFY_HOSTS": "127.0.0.1",
        "FLOWFORGE_ANTHROPIC_ADMIN_KEY": admin,
        "ACME_KEY": key,
        "ACME_TOKEN": token,
        "ANTHROPIC_BASE_URL": "https://evil.test",
    }.items():
        monkeypatch.setenv(name, text)
    (stage.folder / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")
    sent = record(stage.bench.sandbox)
    if sys.version_info >= (3, 12) or not sys.gettrace():
        _listen()
    _met.clear()
    _listening = True
    try:
        for each_ in (*before(args), args):
            stage.run(*each_)
    finally:
        _listening = False
    secrets = {"key": key, "admin": admin, "token": token}
    carried = {each for one in sent for each in kinds(one, secrets)}
    allowed = {("key", f"anthropic {MODELS}", "x-api-key"), ("admin", f"anthropic {ADMIN}", "x-api-key")}
    ports = {int(each.rpartition(":")[2]) for each in (url, stage.bench.sandbox.url)}
    assert (set(), set()) == (carried - allowed, {each for each in _met if each[1] not in ports})
    # Whatever --yes says, nothing is changed at Anthropic: a key is switched off by --deactivate with its id alone.
    assert {"GET"} >= {each.method for each in sent if each.host == "anthropic"}
    # What GitHub got of them is sealed, and is what it was to get.
    held = world.reveal("acme/api")
    assert {*held.values()} <= {key, token}
    verifies = writes(args) or "--verify" in args
    assert not verifies or allowed <= carried, "it asked nobody"


ROTATE: Final = ("rotate", "ci-key", "--yes", "--batch", "rest", "--old-key", "OLD")
LEAKED: Final = ("rotate", "ci-key", "--yes", "--now")
QUIET: Final = ("--quiet-for", "1h")


@pytest.mark.parametrize(
    ("args", "off"),
    [
        (ROTATE, False),
        ((*ROTATE, *QUIET), False),
        ((*ROTATE, "--deactivate", "OLD"), False),
        ((*ROTATE, *QUIET, "--deactivate", "NEW"), False),
        ((*LEAKED, "--old-key", "OLD"), False),
        ((*LEAKED, "--deactivate", "OLD"), False),
        ((*ROTATE, "--check", *QUIET, "--deactivate", "OLD"), False),
        ((*ROTATE, *QUIET, "--deactivate", "OLD"), True),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_changes_something_at_anthropic(
    stage: Stage,
    args: tuple[str, ...],
    off: bool,  # noqa: FBT001 -- a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One request of one command, where --deactivate names the old key; --yes alone sends it nowhere."""
    old, new, admin = api_key(), api_key(), f"sk-ant-admin01-{letters(93)}AA"
    world = stage.bench.world
    ids = {name: world.add_anthropic_key(each) for name, each in (("OLD", old), ("NEW", new))}
    world.add_anthropic_key(admin)
    monkeypatch.setenv("FLOWFORGE_ANTHROPIC_URL", stage.bench.sandbox.serve_anthropic())
    monkeypatch.setenv("FLOWFORGE_ALLOWED_VERIFY_HOSTS", "127.0.0.1")
    monkeypatch.setenv("FLOWFORGE_ANTHROPIC_ADMIN_KEY", admin)
    monkeypatch.setenv("ACME_TOKEN", oauth_token())
    (stage.folder / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")
    sent = record(stage.bench.sandbox)
    for value, each in ((old, ("apply", "--yes")), (new, tuple(ids.get(word, word) for word in args))):
        monkeypatch.setenv("ACME_KEY", value)
        world.clock.advance(2)
        world.use_anthropic_key(new)
        stage.run(*each)
    changing = [(each.target, each.body) for each in sent if each.host == "anthropic" and each.method != "GET"]
    one = [(f"/v1/organizations/api_keys/{ids['OLD']}", b'{"status":"inactive"}')]
    assert (one if off else []) == changing, stage.err


def test_neither_list_opens_the_other(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that may have GitHub's token is asked about no key, and one that verifies keys gets no token."""
    monkeypatch.setenv("ACME_KEY", api_key())
    (stage.folder / "flowforge.yaml").write_text(
        MANIFEST.replace("  - {name: Tokens, repos: [acme/api, acme/web], credential: plan}\n", ""), encoding="utf-8"
    )
    monkeypatch.setenv("FLOWFORGE_ANTHROPIC_URL", "https://ghe.test")
    monkeypatch.setenv("FLOWFORGE_ALLOWED_HOSTS", "ghe.test")
    stage.run("apply", "--yes")
    monkeypatch.setenv("FLOWFORGE_ALLOWED_VERIFY_HOSTS", "gw.test")
    monkeypatch.delenv("FLOWFORGE_ALLOWED_HOSTS")
    text = (stage.folder / "flowforge.yaml").read_text(encoding="utf-8")
    (stage.folder / "flowforge.yaml").write_text(f"{text}github: {{api_url: https://gw.test/api/v3}}\n", "utf-8")
    stage.run("apply", "--yes")
    assert (1, 1, {}) == (stage.err.count(b"FF291"), stage.err.count(b"FF310"), stage.bench.world.reveal("acme/api"))

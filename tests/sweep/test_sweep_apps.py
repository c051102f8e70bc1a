"""The sweep of a GitHub App: no part of its key, of a JWT or of an installation's token anywhere, whatever happens."""

import secrets
from collections.abc import Callable
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization

from flowforge.sandbox.rules.access import Level
from flowforge.sandbox.rules.faults import Fault, FaultKind
from fuzz.hostile import echo
from fuzz.hostile.server import Call, Choose, Chosen, Exchange, Hostile
from tests.app_keys import app_key, pem
from tests.made_up import api_key
from tests.sweep.commands import OTHERS, READING, before
from tests.sweep.plants import PLACES, Plant
from tests.sweep.stage import Stage

pytestmark = pytest.mark.sweep
MANIFEST: Final = """\
version: 1
github: {{auth: {{app: {{client_id: {id}, private_key: {{file: {file}}}}}}}}}
state: {{github: {{repo: acme/ops}}}}
credentials: {{ci-key: {{type: anthropic_api_key, from: {{env: ACME_KEY}}}}}}
targets: [{{name: All, repos: [acme/api, acme/web], credential: ci-key}}]
"""
LOUD: Final[tuple[tuple[str, ...], ...]] = (
    ("plan", "-v"),
    ("plan", "--format", "json", "-v", "--report", "json=plan.json", "--report", "text=plan.txt"),
    ("apply", "--yes", "-v", "--report", "json=report.json", "--report", "text=report.txt"),
    ("state", "list", "--format", "json"),
)


class Signed:
    """A stage whose manifest signs in as an App."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.world = stage, stage.bench.world
        self.heard: set[str] = set()
        self.world.create_repo("acme/ops")
        self.world.edit_file("acme/ops", "README.md", "the ops repository\n")
        made = self.world.create_app("ci", pem(app_key()))
        self.world.install_app("ci", "acme")
        self.file = stage.outside / "app.pem"
        self.key(pem(app_key()))
        text = MANIFEST.format(id=made["client_id"], file=self.file)
        (stage.folder / "flowforge.yaml").write_text(text, encoding="utf-8")
        value = api_key()
        stage.seek(value)
        stage.patch.setenv("ACME_KEY", value)
        stage.patch.delenv("FLOWFORGE_GITHUB_TOKEN", raising=False)

    def key(self, text: str) -> None:
        """Let the key be another text, whose lines are looked for."""
        self.file.write_text(text, encoding="utf-8")
        self.stage.seek(*(line for line in text.splitlines() if len(line) > 20 and "-----" not in line))

    def run(self, *args: str, choose: Choose = lambda _: None, seed: int = 0) -> list[Exchange]:
        """Run a command, and look for every token and JWT that it sent. Return the exchanges. choose: answers some."""

        def listen(call: Call) -> Chosen | None:
            self.heard.add(call.token)
            return choose(call)

        with Hostile(self.stage.bench.sandbox.url, listen, seed) as server:
            self.stage.patch.setenv("GITHUB_API_URL", server.url)
            self.stage.run(*args)
        self.stage.seek(*map(_secret_part, self.heard))
        return server.exchanges


def _secret_part(token: str) -> str:
    """Return what no other token has: of one that GitHub made all that follows its prefix, of a JWT its signature."""
    return token.partition("_eyJ")[2] if token.startswith("ghs_") else token.rpartition(".")[2]


@pytest.fixture
def signed(stage: Stage) -> Signed:
    """Sign in as an App with everything, which keeps its state on a branch."""
    return Signed(stage)


@pytest.mark.parametrize("args", [*READING, *OTHERS], ids=lambda args: " ".join(args) or "nothing")
def test_every_command(signed: Signed, args: tuple[str, ...]) -> None:
    """A command that goes well with an App shows none of its secrets."""
    for each in (*before(args), args):
        signed.run(*each)
    kinds = {token.startswith("ghs_") for token in signed.heard}
    assert {True, False} == kinds or args not in READING or args == ("apply",), "it asked nobody"
    assert signed.stage.leaks() == []


def _then(signed: Signed, match: str, then: Callable[[], object]) -> None:
    signed.world.faults.add(Fault(match, FaultKind.THEN, 1000, then=then))


def _status(signed: Signed, match: str, status: int) -> None:
    signed.world.faults.add(Fault(match, FaultKind.STATUS, 1000, status=status, message="Refused"))


FAULTS: Final[dict[str, Callable[[Signed], object]]] = {
    "revoked": lambda it: _then(it, "GET .*/secrets", lambda: it.world.revoke_app_tokens("ci", "acme")),
    "expired": lambda it: _then(it, "GET .*/secrets", lambda: it.world.clock.advance(3700)),
    "suspended": lambda it: it.world.suspend_app("ci", "acme"),
    "suspended later": lambda it: _then(it, "GET .*/secrets", lambda: it.world.suspend_app("ci", "acme")),
    "not installed": lambda it: it.world.uninstall_app("ci", "acme"),
    "nothing granted": lambda it: it.world.install_app("ci", "acme", permissions={"contents": Level.WRITE.word}),
    "every token refused": lambda it: _status(it, " /repos/", 401),
    "every JWT refused": lambda it: _status(it, "installation", 401),
    "no token made": lambda it: _status(it, "access_tokens", 422),
    "no answer": lambda it: _status(it, "access_tokens", 502),
    "a proxy": lambda it: it.world.faults.add(Fault("access_tokens", FaultKind.PROXY, 1000)),
    "cut short": lambda it: it.world.faults.add(Fault("access_tokens", FaultKind.TRUNCATED, 1000)),
    "reset": lambda it: it.world.faults.add(Fault("access_tokens", FaultKind.RESET_AFTER, 1000)),
    "a wrong clock": lambda it: it.world.clock.advance(600),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_every_fault(signed: Signed, fault: Callable[[Signed], object]) -> None:
    """Whatever happens to a token, none of the secrets is in what is said of it."""
    signed.run("apply", "--yes")
    fault(signed)
    signed.stage.patch.setenv("ACME_KEY", value := api_key())
    signed.stage.seek(value)
    for args in LOUD:
        signed.run(*args)
    assert signed.stage.leaks() == []


def _encrypted() -> str:
    form = serialization.PrivateFormat.PKCS8
    hidden = serialization.BestAvailableEncryption(secrets.token_bytes(8))
    return app_key().private_bytes(serialization.Encoding.PEM, form, hidden).decode()


KEYS: Final[dict[str, Callable[[], str]]] = {
    "of another App": lambda: pem(app_key("other")),
    "encrypted": _encrypted,
    "without a line": lambda: "\n".join([*pem(app_key()).splitlines()[:3], *pem(app_key()).splitlines()[4:]]),
    "without its ends": lambda: "\n".join(pem(app_key()).splitlines()[1:-1]),
    "on one line": lambda: pem(app_key()).replace("\n", " "),
    "with a letter too many": lambda: pem(app_key()).replace("\n", "\nx", 3),
    "another's format": lambda: pem(app_key()).replace("RSA PRIVATE", "OPENSSH PRIVATE"),
    "twice": lambda: pem(app_key()) * 2,
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_bad_key(signed: Signed, key: Callable[[], str]) -> None:
    """A key that is refused, by us or by GitHub, is shown neither whole nor in part."""
    signed.key(key())
    for args in LOUD:
        signed.run(*args)
    assert signed.stage.leaks() == []


@pytest.mark.parametrize("plant", PLACES.values(), ids=PLACES)
def test_a_key_in_the_manifest(stage: Stage, plant: Plant) -> None:
    """A key that somebody wrote into the manifest is refused or ignored, and never repeated."""
    text = pem(app_key())
    stage.seek(*(line for line in text.splitlines() if "-----" not in line))
    stage.patch.setenv("ACME_KEY", api_key())
    plant(stage, text.strip().replace("\n", " "))
    for args in (("validate", "-v"), ("plan", "-v", "--format", "json"), ("apply", "--yes", "--report", "json=r.json")):
        stage.run(*args)
    assert stage.leaks(but={"local variables"}) == []  # a person wrote it there


@pytest.mark.parametrize("args", LOUD, ids=" ".join)
@pytest.mark.parametrize("kind", echo.KINDS)
def test_a_server_that_sends_them_back(signed: Signed, kind: str, args: tuple[str, ...]) -> None:
    """A token or a JWT in any text of an answer, in any form, is shown by no command."""

    def choose(call: Call) -> Chosen | None:
        return (kind, echo.KINDS[kind]) if call.rng.random() < 2 / 3 else None

    struck = False
    for seed in range(3):
        exchanges = signed.run(*args, choose=choose, seed=seed)
        struck = struck or any(each.kind == kind for each in exchanges)
    assert struck, "it asked nobody"
    assert signed.stage.leaks() == []

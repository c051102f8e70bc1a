"""Ways to sign in that cannot work: one clear error before anything is written, and nothing of a key in any output."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from flowforge.sandbox import Token
from tests.app_keys import app_key, pem
from tests.cli.owners import KEY, Company, both, company

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

TWO: Final = ("acme", "beta")
JSON: Final = ("--format", "json")
PEM: Final = serialization.Encoding.PEM
_WORD: Final = re.compile(r"[A-Za-z0-9+/=]{12,}")


@pytest.fixture
def firm(fleet: "Fleet") -> Company:
    """Two owners of two repos each, and an App that is installed for both."""
    found = company(fleet, TWO, TWO)
    found.manifest(found.app, *both(*TWO))
    return found


def _encrypted() -> str:
    form, key = serialization.PrivateFormat.TraditionalOpenSSL, app_key()
    return key.private_bytes(PEM, form, serialization.BestAvailableEncryption(b"plainly-fake")).decode()


def _public() -> str:
    return app_key().public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _elliptic() -> str:
    form = serialization.PrivateFormat.PKCS8
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, form, serialization.NoEncryption()).decode()


def _short() -> str:
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505 -- which is refused


def _without_a_line() -> str:
    lines = pem(app_key()).splitlines()
    return "\n".join(lines[:5] + lines[6:])


# What stands in the file, and why it is no key.
UNUSABLE: Final[dict[str, tuple[Callable[[], str], str]]] = {
    "not PEM": (lambda: "plainly-fake-and-no-key", "it does not begin with -----BEGIN, as a PEM file does"),
    "encrypted": (_encrypted, "it is encrypted, and FlowForge asks for no password"),
    "public": (_public, "it is not a private key"),
    "elliptic": (_elliptic, "it is not an RSA key of at least 2,048 bits, as GitHub makes them"),
    "short": (_short, "it is not an RSA key of at least 2,048 bits, as GitHub makes them"),
    "without a line": (_without_a_line, "it is damaged: a line may be missing"),
    "only its lines": (
        lambda: "".join(pem(app_key()).splitlines()[1:-1]),
        "it does not begin with -----BEGIN, as a PEM file does",
    ),
}


def _refused(firm: Company, key: str) -> "list[Done]":
    """Return how a plan and an apply end with this key, which no output shows and after which nothing was written."""
    (firm.fleet.folder / "app.pem").write_text(key, encoding="utf-8")
    done = [firm.fleet.refused(*command) for command in (("plan", "-v"), ("apply", "--yes", "-v"), ("plan", *JSON))]
    printed = "".join(one.out + one.err for one in done)
    assert [] == [word for word in _WORD.findall(key) if word in printed and word not in {"PRIVATE", "plainly"}]
    return done[:2]


@pytest.mark.parametrize(("make", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_key(firm: Company, make: Callable[[], str], why: str) -> None:
    """Whatever else stands where the key should is an error that says why, before anybody is asked."""
    expected = (
        "error FF361: github.auth.app.private_key: the private key of the GitHub App cannot be used\n"
        f"  why: {why}\n"
        "  fix: use the .pem file that GitHub offers in the App's settings, whole and with its line breaks\n"
    )
    firm.world.reset_stats()
    assert [(1, "", expected)] * 2 == [(one.code, one.out, one.err) for one in _refused(firm, make())]
    assert {} == firm.world.stats().requests


NOT_ACCEPTED: Final = (
    "error FF362: github.auth.app: GitHub does not accept the key of the GitHub App\n"
    '  why: it answered 401 "A JSON web token could not be decoded"; the token came from github.auth.app.private_key\n'
    "  fix: check that the client ID and the private key are of one App, and that the App is one of this GitHub\n"
)


def test_the_key_of_another_app(firm: Company) -> None:
    """A key that is good, of another App, is refused by GitHub once: exit 1, with nothing written."""
    firm.world.create_app("other", pem(app_key("other")))
    done = _refused(firm, pem(app_key("other")))
    assert [(1, "", NOT_ACCEPTED)] * 2 == [(one.code, one.out, one.err) for one in done]


def test_the_client_id_of_another_app(firm: Company) -> None:
    """The same the other way round."""
    other = firm.world.create_app("other", pem(app_key("other")))["client_id"]
    firm.manifest(firm.app.replace(firm.client_id, str(other)), *both(*TWO))
    done = _refused(firm, pem(app_key()))
    assert [(1, "", NOT_ACCEPTED)] * 2 == [(one.code, one.out, one.err) for one in done]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("Iv23liNobodyHasThis", "401 \"'Issuer' claim ('iss') must be an Integer\"; the token came from"),
        ('"999999"', 'it answered "Integration not found"'),
    ],
    ids=["client id", "number"],
)
def test_a_client_id_that_no_app_has(firm: Company, number: str, why: str) -> None:
    """A client id, or the number of an older App, that GitHub does not know: exit 1, with nothing written."""
    firm.manifest(firm.app.replace(firm.client_id, number), *both(*TWO))
    for one in _refused(firm, pem(app_key())):
        assert (1, "") == (one.code, one.out)
        assert one.err.startswith("error FF362: github.auth.app: GitHub does not accept the key of the GitHub App\n")
        assert why in one.err


def test_the_number_of_an_app(firm: Company) -> None:
    """An App may be named by its number."""
    number = next(iter(firm.world.apps.apps))
    firm.manifest(firm.app.replace(firm.client_id, f'"{number}"'), *both(*TWO))
    assert 0 == firm.fleet.flowforge("apply", "--yes").code


@pytest.mark.parametrize("form", ["PKCS8", "one line", "more lines"])
def test_forms_of_a_key(firm: Company, form: str) -> None:
    r"""A key in PKCS#8 is one, and so is one with blanks around, or with the letters \n for its line breaks."""
    text = {
        "PKCS8": pem(app_key(), serialization.PrivateFormat.PKCS8),
        "one line": pem(app_key()).replace("\n", "\\n"),
        "more lines": f"\n\n{pem(app_key())}\n",
    }[form]
    firm.fleet.monkeypatch.setenv("APP_KEY", text)
    firm.manifest(firm.app.replace("file: app.pem", "env: APP_KEY"), *both(*TWO))
    assert 0 == firm.fleet.flowforge("apply", "--yes").code


def test_a_key_that_one_owner_lacks(firm: Company) -> None:
    """The variable of one owner's key is unset: that owner is blocked by its name, and the other is written."""
    mine = firm.app.replace("file: app.pem", "env: ACME_APP_KEY")
    firm.manifest(f"owners: {{acme: {{{mine}}}, beta: {{{firm.app}}}}}", *both(*TWO))
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes")
    why = "no usable token for acme: the private key of the GitHub App is not available: env ACME_APP_KEY is unset"
    assert (3, f"! acme/api  {KEY}  ci-key  {why}") == (done.code, next(line for line in done.lines if line[:1] == "!"))
    assert {"acme/api": {}, "beta/api": {KEY: value}} == firm.held("acme/api", "beta/api")


LITERALS: Final = {
    "a block": "\n      private_key: |\n        {block}",
    "a text": '\n      private_key: "{line}"',
    "a variable": '\n      private_key: {{env: "{line}"}}',
    "a path": '\n      private_key: {{file: "{line}"}}',
    "a program": '\n      private_key: {{command: [echo, "{line}"]}}',
}


@pytest.mark.parametrize("form", LITERALS.values(), ids=LITERALS)
def test_a_literal_key(firm: Company, form: str) -> None:
    """A key that is written into the manifest is refused before anything is read or asked, and is not repeated."""
    key = pem(app_key()).strip()
    said = form.format(block=key.replace("\n", "\n        "), line=key.replace("\n", " "))
    app = f"version: 1\ngithub:\n  auth:\n    app:\n      client_id: {firm.client_id}{said}\n"
    firm.fleet.manifest(f"{app}targets: []\n")
    for command in (("validate",), ("plan",), ("apply", "--yes")):
        done = firm.fleet.refused(*command)
        assert (1, "") == (done.code, done.out)
        assert re.match(r"error FF109: flowforge.yaml:6:\d+: this looks like a credential\n", done.err)
        assert [] == [word for word in _WORD.findall(key) if word in done.err]


def test_an_ambient_token_beside_the_app(firm: Company) -> None:
    """With an App, no token of the environment is used, not even where the App is not installed."""
    firm.world.create_repo("gamma/api")
    firm.manifest(firm.app, *both(*TWO), "gamma/api")
    firm.log()
    done = firm.fleet.flowforge("apply", "--yes")
    assert (3, {"ci", "ci@acme", "ci@beta"}) == (done.code, {by for by, _, _ in firm.log()})
    assert {} == firm.world.reveal("gamma/api")


def test_an_ambient_token_for_the_other_owners(firm: Company) -> None:
    """Where `owners` names one owner and nothing is said for the rest, those have the token of the environment."""
    firm.manifest(f"owners: {{acme: {{{firm.app}}}}}", *both(*TWO))
    firm.world.add_token(firm.fleet.sandbox.token, Token(name="ambient"))
    firm.log()
    assert 0 == firm.fleet.flowforge("apply", "--yes").code
    asked = {(by, what.partition("/repos/")[2][:5]) for by, what, _ in firm.log() if by != "ci"}
    assert {("ambient", "beta/"), ("ambient", ""), ("ci@acme", "acme/"), ("ci@acme", "")} == asked


def test_no_token_for_the_other_owners(firm: Company) -> None:
    """Without one there either, those owners are blocked, and the owner with the App is written."""
    firm.fleet.monkeypatch.delenv("FLOWFORGE_GITHUB_TOKEN")
    firm.manifest(f"owners: {{acme: {{{firm.app}}}}}", *both(*TWO))
    value = firm.fleet.set_key()
    done = firm.fleet.flowforge("apply", "--yes")
    assert (3, {"acme/api": {KEY: value}, "beta/api": {}}) == (done.code, firm.held("acme/api", "beta/api"))
    line = next(one for one in done.lines if one.startswith("! beta/api"))
    assert "no usable token for the owners that github.auth.owners does not name: no GitHub token found" in line


def test_an_owner_that_nothing_is_of(firm: Company) -> None:
    """An owner in `owners` whose name nothing in the manifest has is probably misspelt: a warning with its position."""
    firm.manifest(f"{firm.app}, owners: {{Acmee: {{{firm.app}}}}}", *both(*TWO))
    done = firm.fleet.flowforge("apply", "--yes")
    assert (0, True) == (done.code, "warning: flowforge.yaml:2:" in done.err)
    assert 'nothing in the manifest is of the owner "acmee"' in done.err

"""An App's key is read from every form of PEM that people have, and signatures are checked without any library."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from flowforge.__main__ import run
from flowforge.sandbox.rules.keys import RsaPublicKey, public_key
from tests.app_keys import app_key, pem

NO_KEY = "the key is not the PEM of an RSA key without a password"
PKCS8 = serialization.PrivateFormat.PKCS8


def public_pem(form: serialization.PublicFormat) -> str:
    """Return our public key as PEM."""
    return app_key().public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def numbers(key: rsa.RSAPrivateKey) -> RsaPublicKey:
    """Return what is public of a key, as its own library says it."""
    public = key.public_key().public_numbers()
    return RsaPublicKey(public.n, public.e)


def signed(key: rsa.RSAPrivateKey, text: bytes) -> bytes:
    """Return the signature of RS256."""
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    "text",
    [
        pem(app_key()),
        pem(app_key(), PKCS8),
        public_pem(serialization.PublicFormat.SubjectPublicKeyInfo),
        public_pem(serialization.PublicFormat.PKCS1),
        "\r\n" + pem(app_key()).replace("\n", "\r\n"),
    ],
    ids=["GitHub's", "PKCS#8", "public", "public PKCS#1", "Windows' line ends"],
)
def test_every_form_is_read(text: str) -> None:
    """Private or public, in PKCS#1 or around it: modulus and exponent are those that cryptography reads."""
    assert numbers(app_key()) == public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n",
        pem(app_key()).replace("RSA PRIVATE", "EC PRIVATE"),
        pem(app_key()).replace("END RSA PRIVATE", "END PRIVATE"),
        pem(app_key())[:200] + "\n-----END RSA PRIVATE KEY-----\n",
        pem(app_key()) + pem(app_key()),
        "-----BEGIN PUBLIC KEY-----\n" + "MIAA" * 3000 + "\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMAYCAQECAQM=\n-----END PUBLIC KEY-----",
        app_key()
        .private_bytes(serialization.Encoding.PEM, PKCS8, serialization.BestAvailableEncryption(b"plainly-fake"))
        .decode(),
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(serialization.Encoding.PEM, PKCS8, serialization.NoEncryption())
        .decode(),
    ],
    ids=["empty", "hollow", "other kind", "two kinds", "cut short", "two", "deep", "tiny", "with a password", "EC"],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """Whatever is not the PEM of one RSA key is refused in one sentence, which shows nothing of it."""
    with pytest.raises(ValueError, match=f"^{NO_KEY}$"):
        public_key(text)


def test_signatures() -> None:
    """A good signature holds; one of another text, of another key, cut short, or of no sense does not."""
    key, text = numbers(app_key()), b"plainly fake"
    good = signed(app_key(), text)
    assert key.verifies(text, good)
    wrong = [signed(app_key("other"), text), good[1:], b"\0" + good, b"", b"\xff" * len(good), b"\0" * len(good)]
    assert [False] * 7 == [key.verifies(b"other", good), *(key.verifies(text, each) for each in wrong)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"plainly fake", "it is not the PEM of an RSA key without a password"),
        (b"\xff", "it is not the PEM of an RSA key without a password"),
        (None, "it cannot be read: No such file or directory"),
    ],
)
def test_a_bad_key_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, says: str
) -> None:
    """`flowforge sandbox --app-key` refuses a file that holds no key before anything listens, and shows none of it."""
    path = tmp_path / "app.pem"
    if content is not None:
        path.write_bytes(content)
    assert run(["sandbox", "--app-key", str(path)]) == 1
    assert f"error FF003: --app-key: {says}" == capsys.readouterr().err.splitlines()[0]

"""The one table of token shapes: each row is redacted, found as a literal, kept from children, and named rightly."""

import secrets
import string
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from flowforge.credentials.type_checks import check
from flowforge.credentials.types import CredentialType
from flowforge.errors import SourceError, quote
from flowforge.sources.base import Context
from flowforge.tokens import (
    ANTHROPIC_API_KEY,
    TOKENS,
    TokenShape,
    admit,
    literal,
    own_literal,
    own_shape,
    recognise,
    redact,
)
from flowforge.vault import SecretValue

# What stands for the digits of a prefix that has a generation, such as `sk-ant-api03-`.
GENERATION = r"\d\d"


def begin(shape: TokenShape) -> str:
    """Return a whole prefix of a shape."""
    found = shape.prefix.pattern.replace(GENERATION, "03").replace("\\", "")
    assert shape.prefix.fullmatch(found)
    return found


def made(shape: TokenShape) -> str:
    """Return a token of a shape, made at run time."""
    return begin(shape) + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(80))


@pytest.mark.parametrize("shape", TOKENS, ids=lambda shape: shape.stem)
def test_each_token_is_seen_wherever_one_must_be(shape: TokenShape, tmp_path: Path) -> None:
    """A token of each row is recognised, redacted anywhere in a text, a literal in a manifest, and kept from children.

    Three tables of the same fact once disagreed, and a 1Password token in a manifest was printed.
    """
    token = made(shape)
    context = Context({"INNOCENT": token, "PATH": "/bin"}, tmp_path, stop=threading.Event())
    assert (
        shape,
        f"it says {begin(shape)}[redacted] here",
        f'"it says {begin(shape)}[redacted]"',
        True,
        {"PATH": "/bin"},
    ) == (
        recognise(token),
        redact(f"it says {token} here"),
        quote(f"it says {token} here"),
        bool(literal().search(f"[{token}]")),
        context.child_environ(),
    )


@pytest.mark.parametrize("shape", TOKENS, ids=lambda shape: shape.stem)
def test_a_prefix_alone_is_no_credential(shape: TokenShape) -> None:
    """Our own messages name tokens by their prefix, which stays as it is, and which a manifest may mention."""
    assert (f"{begin(shape)}…", None) == (redact(f"{begin(shape)}…"), literal().search(f"{begin(shape)}…"))


@pytest.mark.parametrize(
    "text",
    [
        *("acme/ghs_tools", "ghp_service", "ops_eyJ", "sk-ant", "github_pat_docs", "keys/ops_team"),
        *("acme/ghs_tools-of-ours", "ghp_services_of_acme", "gho_1234567_docs"),
    ],
)
def test_a_name_that_begins_like_a_token_is_no_literal(text: str) -> None:
    """A repository or a file may be called so."""
    assert literal().search(text) is None


@pytest.mark.parametrize("claude", [False, True])
def test_a_new_type_is_two_rows(claude: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """A type made up of a row here and a row of tokens has the right words, and says of Claude only what is so."""
    token = next(each for each in TOKENS if each.stem == "ghp_")
    made_up = CredentialType(
        type="github_token",
        slot="OTHER_TOKEN",
        noun="a GitHub token",
        token=token,
        begins="ghp_",
        remedy="create a token",
        usual_length=84,
        usual_ending="",
        claude=claude,
    )
    value = made(ANTHROPIC_API_KEY)
    with pytest.raises(SourceError) as caught:
        check(made_up, SecretValue(value), allow_nonstandard=False)
    (problem,) = caught.value.problems
    takers = "Claude takes" if claude else "its users take"
    assert ("FF215", f"{takers} nothing but a GitHub token as OTHER_TOKEN") == (problem.code, problem.why)
    assert replace(problem, why="") == replace(
        problem,
        why="",
        what="the value is an Anthropic API key (sk-ant-api03-…), not a GitHub token",
        fix="use it in a credential of type anthropic_api_key, or create a token",
    )
    assert () == check(made_up, SecretValue(made(token)), allow_nonstandard=False).warnings


@pytest.mark.parametrize("kind", ["RSA PRIVATE", "PRIVATE", "EC PRIVATE", "ENCRYPTED PRIVATE", "OPENSSH PRIVATE"])
@pytest.mark.parametrize("joint", ["\n", " ", "\\n", "\r\n"], ids=["lines", "blanks", "escapes", "returns"])
def test_a_private_key_is_seen_as_a_whole(kind: str, joint: str) -> None:
    """A key in PEM is a literal in a manifest, and all of it is redacted, however its lines are joined."""
    begins = f"-----BEGIN {kind} KEY-----"
    lines = [secrets.token_urlsafe(48).replace("-", "+").replace("_", "/") for _ in range(20)]
    text = joint.join([begins, *lines, f"-----END {kind} KEY-----"])
    shown = redact(f'it says "{text}", and more')
    assert (True, f'it says "{begins}[redacted]", and more') == (bool(literal().search(text)), shown)
    assert literal().search("-----BEGIN PUBLIC KEY-----") is None


@pytest.mark.parametrize("sign", "+/=._-")
@pytest.mark.parametrize("length", [0, 48])
@pytest.mark.parametrize("place", [0, 7, 15])
def test_a_token_of_ones_own_with_any_sign_of_its_alphabet(sign: str, length: int, place: int) -> None:
    """A sign of base64 among the first characters hides no token: it is redacted, and found as a literal."""
    token = list(secrets.token_hex(32)[: (length or 48) - 3])
    token[place] = sign
    text = f"gw_{''.join(token)}"
    admit([own_shape("a value of type gateway", "gw_", length)])
    try:
        assert ("it says gw_[redacted] here", True) == (redact(f"it says {text} here"), own_literal(f"[{text}]"))
        assert ("acme/gw_a/b", False) == (redact("acme/gw_a/b"), own_literal("acme/gw_a/b"))
    finally:
        admit([])


def test_whose_each_token_is() -> None:
    """GitHub's and 1Password's are kept from programs, and none but GitHub's is sent there; one's own is nobody's."""
    named = {
        "GitHub": {"github_pat_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"},
        "1Password": {"ops_eyJ"},
        "AWS": {"ABSKQmVkcm9ja0FQSUtleS", "bedrock-api-key-YmVkcm9jay"},
    }
    expected = {stem: issuer for issuer, stems in named.items() for stem in stems}
    found = {shape.stem: shape.issuer for shape in (*TOKENS, own_shape("a value of type gateway", "gw_", 0))}
    assert {stem: expected.get(stem, "Anthropic") for stem in found} | {"gw_": ""} == found


@pytest.mark.parametrize("sign", "+/=._-")
@pytest.mark.parametrize("stem", ["ops_eyJ", "ABSKQmVkcm9ja0FQSUtleS", "bedrock-api-key-YmVkcm9jay"])
def test_a_token_of_base64_is_redacted_to_its_end(stem: str, sign: str) -> None:
    """Also behind a sign of base64, which other tokens do not have."""
    assert f"it says {stem}[redacted] here" == redact(f"it says {stem}{'a' * 20}{sign}{'b' * 20} here")


@pytest.mark.parametrize(
    ("prefix", "length", "enough"),
    # Half of what follows the prefix, and never less than eight characters; sixteen where no length is said.
    [("gw_", 48, 22), ("gw_", 21, 9), ("gw_", 20, 8), ("gw_", 12, 8), ("gateway-", 48, 20), ("gw_", 0, 16)],
)
def test_so_much_of_a_token_of_ones_own_is_one(prefix: str, length: int, enough: int) -> None:
    """A name that begins like it and is shorter is none."""
    admit([own_shape("a value of type gateway", prefix, length)])
    try:
        shown = [redact(f"{prefix}{'a' * count}") for count in (enough - 1, enough)]
    finally:
        admit([])
    assert [f"{prefix}{'a' * (enough - 1)}", f"{prefix}[redacted]"] == shown

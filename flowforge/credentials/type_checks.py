"""Checks of a value against its credential type: it is refused, passed with warnings, or passed.

No message here depends on a value: it holds the public prefix of a token at most.
"""

import re
from typing import Final

from flowforge.credentials.text_checks import unfit
from flowforge.credentials.types import TYPES, CredentialType
from flowforge.data_class import dataclass
from flowforge.errors import Problem, SourceError
from flowforge.tokens import PRIVATE_KEY, TokenShape, recognise
from flowforge.vault import SecretValue

# PKCS#1 is what GitHub hands out; PKCS#8 is what openssl makes of it. Neither has a password.
_PEM: Final = re.compile(
    r"-----BEGIN (RSA )?PRIVATE KEY-----\r?\n(?:[A-Za-z0-9+/=]+[ \t]*\r?\n)+-----END (?(1)RSA )PRIVATE KEY-----\s*"
)
# Fewer characters than this after the prefix are under 256 bits even when they are random.
_UNGUESSABLE_BODY: Final = 43


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a usable value."""

    warnings: tuple[str, ...]
    """Clauses about the value, for people."""
    # NOTE: it depends on the value alone, never on the manifest. A change to this rule changes fingerprints, and then
    # every plan says that such values have changed.
    guessable: bool
    """Whether its shape does not promise 256 random bits. Its fingerprint is then made expensive to compute."""


def check(type_: CredentialType, value: SecretValue, *, allow_nonstandard: bool) -> Verdict:
    """Check a value. Raises SourceError FF201 to FF217 and FF262."""
    # It is raised here, and not where the plaintext is a local variable: a traceback with locals shows those.
    problem = (
        _key_of_many_lines(type_, value)
        or unfit(value.reveal(), lines=type_.lines)
        or _misplaced(type_, value)
        or (None if allow_nonstandard else _nonstandard(type_, value))
    )
    if problem is not None:
        raise SourceError(problem)
    return _verdict(type_, value)


def _key_of_many_lines(type_: CredentialType, value: SecretValue) -> Problem | None:
    """Return the problem of a private key where another value belongs. Else its lines would be what is wrong."""
    found = PRIVATE_KEY.prefix.match(value.reveal().lstrip())
    return _of_another_type(type_, PRIVATE_KEY) if found and not type_.lines else None


def _misplaced(type_: CredentialType, value: SecretValue) -> Problem | None:
    """Return the problem of a value that certainly belongs elsewhere. No setting of the manifest allows it."""
    text = value.reveal()
    if text.startswith(f"{type_.slot}="):
        why = "a source reads the credential alone, not an assignment"
        return Problem("FF213", f"the value begins with {type_.slot}=", why=why, fix=f"remove {type_.slot}= from it")
    # The browser shows `code#state` on the way to the token, and people paste that (anthropics/claude-code#40860).
    if type_.code_mark and type_.code_mark in text:
        what = "the value is the code that the browser shows, not the token"
        why = f"it has a {type_.code_mark} in it; `claude setup-token` asks for this code and then prints the token"
        return Problem("FF214", what, why=why, fix="paste the code into `claude setup-token` and use what it prints")
    token = recognise(text)
    return None if token is None or token == type_.token else _of_another_type(type_, token)


def _of_another_type(type_: CredentialType, token: TokenShape) -> Problem:
    home = next((each for each in TYPES.values() if each.token is token), None)
    fix = f"use it in a credential of type {home.type}, or {type_.remedy}" if home else type_.remedy
    why = f"{type_.takers} nothing but {type_.noun} as {type_.slot}"
    return Problem("FF215", f"the value is {token.noun}, not {type_.noun}", why=why, fix=fix)


def _nonstandard(type_: CredentialType, value: SecretValue) -> Problem | None:
    """Return the problem of an unusual value, which `allow_nonstandard: true` allows."""
    # The keys of gateways have shapes of their own, and people pass them as ANTHROPIC_API_KEY with an own base URL.
    if why := _unlike(type_, value):
        fix = f"{type_.remedy}; for a gateway's own key write `allow_nonstandard: true` in the credential"
        what = f"the value does not look like {type_.noun}"
        return Problem("FF216", what, why=why, fix=fix)
    if len(value.reveal()) < type_.shortest:
        why = "a terminal wraps the long token, and copying then takes only a part of it"
        fix = f"{type_.remedy}, in a window wide enough for one line; `allow_nonstandard: true` takes it as it is"
        return Problem("FF217", f"the value is cut short: shorter than {type_.noun} is", why=why, fix=fix)
    return None


def _unlike(type_: CredentialType, value: SecretValue) -> str:
    """Return in what a value is not like its type, as a clause about a good one; empty where it is."""
    text = value.reveal()
    if type_.token is not None and not type_.token.prefix.match(text):
        return f"one begins with {type_.begins}"
    if type_.length and len(text) != type_.length:
        return f"one has {type_.length} characters"
    if type_.lines and not _PEM.fullmatch(text):
        return "one has its line breaks, is whole from BEGIN to END, has no password, and is one of RSA"
    return ""


def _verdict(type_: CredentialType, value: SecretValue) -> Verdict:
    """Return what is known of a value that is not refused. Only one of the type's shape gets warnings about it."""
    text = value.reveal()
    prefix = type_.token.prefix.match(text) if type_.token else None
    if prefix is None:
        return Verdict((), guessable=True)
    guessable = len(text) - prefix.end() < _UNGUESSABLE_BODY
    if not type_.usual_length:
        return Verdict((), guessable=guessable)
    found = {
        f"is shorter than {type_.noun} usually is": len(text) < type_.usual_length,
        f"is longer than {type_.noun} usually is": len(text) > type_.usual_length,
        f"does not end as {type_.noun} usually does": not text.endswith(type_.usual_ending),
        f"has a character that {type_.noun} usually does not have": not re.fullmatch(r"[A-Za-z0-9_-]+", text),
    }
    warnings = tuple(f"the value {clause}; was it copied exactly?" for clause, true in found.items() if true)
    return Verdict(warnings, guessable=guessable)

"""The one table of credential types: slot, shape, lifetime, and what must never be stored under each.

A later type is a row of `KINDS`; a later vendor's token that must not end up in the wrong slot is a row of `TOKENS`.
Shapes come from public secret scanners (gitleaks, trufflehog) and from Claude Code's issue threads; Anthropic documents
the prefixes and no lengths. So a wrong prefix is refused, and an unusual length or ending only warns.

No text here depends on a value: a message holds the public prefix of a kind at most.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from flowforge.errors import Problem, SourceError
from flowforge.forms import RUN_SETUP, unfit
from flowforge.vault import SecretValue

# Fewer characters than this after the prefix are under 256 bits even when they are random.
_UNGUESSABLE_BODY: Final = 43


@dataclass(frozen=True, slots=True)
class Token:
    """What begins with a public prefix. `stem` already tells what it is; `prefix` is the whole documented beginning."""

    noun: str
    stem: str
    prefix: re.Pattern[str]


def _token(noun: str, stem: str, prefix: str | None = None) -> Token:
    return Token(noun, stem, re.compile(prefix or re.escape(stem)))


# The first stem that fits decides, so a longer one stands before its beginning.
_SCOPED = _token("a Claude Enterprise scoped key (sk-ant-api01-…)", "sk-ant-api01-")
_API_KEY = _token("an Anthropic API key (sk-ant-api03-…)", "sk-ant-api", r"sk-ant-api\d\d-")
_OAUTH = _token("a Claude OAuth token (sk-ant-oat01-…)", "sk-ant-oat", r"sk-ant-oat\d\d-")
TOKENS: Final = (
    _SCOPED,
    _API_KEY,
    _OAUTH,
    _token("an Anthropic Admin API key (sk-ant-admin01-…)", "sk-ant-admin"),
    _token("a Claude OAuth refresh token (sk-ant-ort01-…)", "sk-ant-ort"),
    _token("a claude.ai session (sk-ant-sid01-…)", "sk-ant-sid"),
    _token("a GitHub token (github_pat_…)", "github_pat_"),
    *(_token(f"a GitHub token ({stem}…)", stem) for stem in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    _token("a 1Password service account token (ops_…)", "ops_eyJ"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of credential.

    slot: the default secret name. token: the only known token that belongs here. remedy: how a person gets a good
    value. usual_length: in characters, and usual_ending; another one warns. shortest: fewer characters are refused as
    cut short, 0 for no such rule. lifetime: from its issue, None where the value itself has none. personal: it is
    bound to a person, so sharing it among repos warns. shadows: slots that Claude ignores where this one is set.
    code_mark: a character of the code that a browser shows on the way to this token.
    """

    type: str
    slot: str
    noun: str
    token: Token
    begins: str
    remedy: str
    usual_length: int
    usual_ending: str
    shortest: int = 0
    lifetime: timedelta | None = None
    personal: bool = False
    shadows: tuple[str, ...] = ()
    code_mark: str = ""


_ALL = (
    Kind(
        type="anthropic_api_key",
        slot="ANTHROPIC_API_KEY",
        noun="an Anthropic API key",
        token=_API_KEY,
        begins="sk-ant-api03-",
        remedy="create an API key at https://platform.claude.com/settings/keys",
        usual_length=108,
        usual_ending="AA",
        shadows=("CLAUDE_CODE_OAUTH_TOKEN",),
    ),
    Kind(
        type="claude_code_oauth_token",
        slot="CLAUDE_CODE_OAUTH_TOKEN",
        noun="a Claude Code OAuth token",
        token=_OAUTH,
        begins="sk-ant-oat01-",
        remedy=RUN_SETUP,
        usual_length=108,
        usual_ending="AA",
        shortest=100,
        lifetime=timedelta(days=365),
        personal=True,
        code_mark="#",
    ),
)
KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {kind.type: kind for kind in sorted(_ALL, key=lambda each: each.type)}
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a usable value.

    warnings: clauses about the value. guessable: its shape does not promise 256 random bits, so its fingerprint must
    be dear to compute. It depends on the value alone, never on the manifest: NOTE: a change to this rule changes
    fingerprints, and so makes every plan say that such values changed.
    """

    warnings: tuple[str, ...]
    guessable: bool


def recognise(text: str) -> Token | None:
    """Say which known token begins as `text` does."""
    return next((token for token in TOKENS if text.startswith(token.stem)), None)


def check(kind: Kind, value: SecretValue, *, allow_nonstandard: bool) -> Verdict:
    """Judge a value; raises SourceError (FF201 to FF217), whose traceback holds no frame that has the plaintext."""
    problem = (
        unfit(value.reveal()) or _misplaced(kind, value) or (None if allow_nonstandard else _nonstandard(kind, value))
    )
    if problem is not None:
        raise SourceError(problem)
    return _verdict(kind, value)


def _misplaced(kind: Kind, value: SecretValue) -> Problem | None:
    """Find what surely belongs elsewhere; no setting of the manifest admits it."""
    text = value.reveal()
    if text.startswith(f"{kind.slot}="):
        why = "a source reads the credential alone, not an assignment"
        return Problem("FF213", f"the value begins with {kind.slot}=", why=why, fix=f"remove {kind.slot}= from it")
    if kind.code_mark and kind.code_mark in text:
        what = "the value is the code that the browser shows, not the token"
        why = f"it has a {kind.code_mark} in it; `claude setup-token` asks for this code and then prints the token"
        return Problem("FF214", what, why=why, fix="paste the code into `claude setup-token` and use what it prints")
    token = recognise(text)
    if token is None or token is kind.token:
        return None
    home = next((each for each in KINDS.values() if each.token is token), None)
    fix = f"use it in a credential of type {home.type}, or {kind.remedy}" if home else kind.remedy
    why = f"Claude takes nothing but {kind.noun} as {kind.slot}"
    return Problem("FF215", f"the value is {token.noun}, not {kind.noun}", why=why, fix=fix)


def _nonstandard(kind: Kind, value: SecretValue) -> Problem | None:
    """Find what `allow_nonstandard: true` admits."""
    if not kind.token.prefix.match(value.reveal()):
        fix = f"{kind.remedy}; for a gateway's own key write `allow_nonstandard: true` in the credential"
        what = f"the value does not look like {kind.noun}"
        return Problem("FF216", what, why=f"one begins with {kind.begins}", fix=fix)
    if len(value.reveal()) < kind.shortest:
        why = "a terminal wraps the long token, and copying then takes only a part of it"
        fix = f"{kind.remedy}, in a window wide enough for one line; `allow_nonstandard: true` takes it as it is"
        return Problem("FF217", f"the value is cut short: shorter than {kind.noun} is", why=why, fix=fix)
    return None


def _verdict(kind: Kind, value: SecretValue) -> Verdict:
    """Describe a value that is not refused; one that is not of the kind's shape gets no warnings about it."""
    text = value.reveal()
    prefix = kind.token.prefix.match(text)
    if prefix is None:
        return Verdict((), guessable=True)
    found = {
        f"is shorter than {kind.noun} usually is": len(text) < kind.usual_length,
        f"is longer than {kind.noun} usually is": len(text) > kind.usual_length,
        f"does not end as {kind.noun} usually does": not text.endswith(kind.usual_ending),
        f"has a character that {kind.noun} usually has not": not re.fullmatch(r"[A-Za-z0-9_-]+", text),
    }
    warnings = tuple(f"the value {clause}; was it copied exactly?" for clause, true in found.items() if true)
    return Verdict(warnings, guessable=len(text) - prefix.end() < _UNGUESSABLE_BODY)

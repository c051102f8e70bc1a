"""Values and texts from outside: judged and shown without a credential, a control character or a traceback."""

import json
import re
from collections.abc import Iterator

from flowforge.credentials.text_checks import MAX_BYTES
from flowforge.credentials.type_checks import check
from flowforge.credentials.types import TYPES
from flowforge.errors import SourceError, harmless, printable, quote, quote_sentence
from flowforge.tokens import redact
from flowforge.vault import SecretValue
from fuzz.planted import BODY, MARK, TOKEN, check_hidden, check_said
from fuzz.target import Target

_REPEAT = "*"  # at the start of an input: the rest, over and over, as long as a value may be
_BEGINNINGS = ("sk-ant-api03-", "sk-ant-oat01-", "sk-ant-admin01-", "ghp_", "ghs_1_", "github_pat_", "ops_eyJ")
_SHOWN = ("sk-ant-api03-", "sk-ant-oat01-", "sk-ant-", "ghp_", "ghs_1_", "github_pat_")  # what redacting knows
_WORDS = (
    """your-api-key <key> change-me ${X} $(x) {{ }} op:// xxx "claudeAiOauth" ANTHROPIC_API_KEY= ::error:: ##[ ##vso["""
)


def values_law(data: bytes) -> None:
    """Judge any text as each kind of value: usable, or SourceError; nothing that is said holds a part of it."""
    text = data.decode("utf-8", "surrogateescape").replace(MARK, TOKEN)
    if text.startswith(_REPEAT) and len(text) > 1:
        text = (text[1:] * MAX_BYTES)[:MAX_BYTES]
    for kind in TYPES.values():
        for allow in (False, True):
            try:
                verdict = check(kind, SecretValue(text), allow_nonstandard=allow)
            except SourceError as error:
                check_said(str(error), data)
            else:
                check_said("\n".join(verdict.warnings), data)


def values_seeds() -> Iterator[bytes]:
    """Yield values of every known beginning, and the forms that no value may have."""
    for beginning in _BEGINNINGS:
        yield f"{beginning}{BODY}AA".encode()
    for text in (
        MARK,
        f"{MARK}\r\n",
        f" {MARK}",
        f'"{MARK}"',
        f"{MARK[:4]}\n{MARK}",
        f"CLAUDE_CODE_OAUTH_TOKEN={MARK}",
    ):
        yield text.encode()
    for word in _WORDS.split():
        yield from (word.encode(), b"*" + word.encode())


def texts_law(data: bytes) -> None:
    """Show any text with a credential anywhere in it, whole or broken by what does not print: none of it is seen."""
    head, _, rest = data.decode("utf-8", "surrogateescape").partition("\n")
    tail, _, between = rest.partition("\n")
    token = _SHOWN[len(data) % len(_SHOWN)] + BODY
    whole = f"{head}{token}{tail}"
    for shown in (redact(whole), printable(whole), quote(whole), quote_sentence(whole)):
        check_hidden(shown, data)
    gap = "".join(char for char in between if not "!" <= char <= "~")
    if gap:
        broken = gap.join(token[at : at + 12] for at in range(0, len(token), 12))
        check_hidden(quote(f"{head} {broken}{tail}"), data)
        check_hidden(quote_sentence(f"{head} {broken}{tail}"), data)
    for shown in (printable(whole), printable(head), quote(head)):
        assert shown.isprintable(), "a character that does not print"
        _check_lines(shown)
    _check_lines(harmless(whole))
    document = json.dumps({whole: [head, between]}, indent=2)
    _check_lines(harmless(document))
    assert json.loads(document) == json.loads(harmless(document)), "another document"


def _check_lines(shown: str) -> None:
    """Find no line that a terminal or the log of a CI system acts on."""
    for line in shown.split("\n"):
        assert line.isprintable(), "a character that does not print"
        assert not re.search(r"##(vso|teamcity)?\[", line, re.IGNORECASE), "a command of a runner"
        assert not line.lstrip().startswith("::"), "a command of GitHub's runner"


def texts_seeds() -> Iterator[bytes]:
    """Yield three lines each: what stands before the credential, what behind it, and what it is broken by."""
    for between in ("\u200b", " ", "\x1b[0m", "\u0130", "\t\t"):
        yield from (f"a key {word}\n{word} and so on\n{between}".encode() for word in (*_WORDS.split(), *_BEGINNINGS))


VALUES = Target(values_law, values_seeds, (*_WORDS.split(), *_BEGINNINGS, MARK))
TEXTS = Target(texts_law, texts_seeds, (*_WORDS.split(), *_BEGINNINGS))

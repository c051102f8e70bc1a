"""The one table of token shapes: how each begins, what it is called, and how it is recognised in a text.

Redaction, the check for literals in a manifest, what a child process does not get, and the credential types all derive
from it: a new token is one row here. Shapes come from public secret scanners (gitleaks, trufflehog) and from Claude
Code's issue threads; the vendors document prefixes and hardly any lengths.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from flowforge.data_class import dataclass

# What may follow a prefix. GitHub's installation tokens are `ghs_<APPID>_<JWT>` since 2026-04, so there is a dot.
_TEXT: Final = r"A-Za-z0-9_.\-"
_BASE64: Final = r"A-Za-z0-9_.\-+/="
# Less than this behind a prefix is a name that begins like one, such as a repository `acme/ghs_tools`.
_ENOUGH: Final = r"[A-Za-z0-9_-]{8}"
# A kind such as `api03-` is public. A kind that we do not know yet is shown as one too, and what has none is not.
_ANTHROPIC: Final = r"sk-ant-[a-z]{3,5}\d\d-"
_ANTHROPIC_WITHOUT_KIND: Final = r"sk-ant-(?![a-z]{3,5}\d\d-)"


@dataclass(frozen=True, slots=True)
class TokenShape:
    """A kind of token that begins with a public prefix."""

    noun: str
    """What people call it, with its article and its visible beginning: `a GitHub token (ghp_…)`."""
    stem: str
    """The beginning that already tells what it is. It is public."""
    begins: str
    """A pattern of the whole documented beginning."""
    shown: str
    """A pattern of what redaction leaves of it, without groups: a public prefix."""
    literal: str
    """A pattern of what is surely such a token where it stands in a manifest, and no name."""
    alphabet: str
    """The characters that follow what is shown, as the inside of a pattern's brackets."""
    issuer: str = "Anthropic"
    """Whose token it is."""

    @property
    def prefix(self) -> re.Pattern[str]:
        """The whole documented beginning, compiled; re keeps it."""
        return re.compile(self.begins)

    @property
    def anywhere(self) -> str:
        """A pattern of such a token anywhere in a text; its one group is what may be shown."""
        return f"({self.shown})[{self.alphabet}]+"


def _shape(
    noun: str,
    stem: str,
    *,
    prefix: str = "",
    shown: str = "",
    literal: str = "",
    alphabet: str = _TEXT,
    issuer: str = "Anthropic",
) -> TokenShape:
    begins = prefix or re.escape(stem)
    return TokenShape(noun, stem, begins, shown or begins, literal or begins + _ENOUGH, alphabet, issuer)


def _github(stem: str, literal: str = "") -> TokenShape:
    return _shape(f"a GitHub token ({stem}…)", stem, literal=literal, issuer="GitHub")


def _anthropic(noun: str, stem: str) -> TokenShape:
    """Return the shape of a token of Anthropic's; after its stem comes a generation of two digits."""
    begins = stem if stem.endswith("-") else rf"{stem}\d\d-"
    return _shape(noun, stem, prefix=begins, shown=_ANTHROPIC)


ANTHROPIC_API_KEY: Final = _anthropic("an Anthropic API key (sk-ant-api03-…)", "sk-ant-api")
ANTHROPIC_ADMIN_KEY: Final = _anthropic("an Anthropic Admin API key (sk-ant-admin01-…)", "sk-ant-admin")
CLAUDE_OAUTH_TOKEN: Final = _anthropic("a Claude OAuth token (sk-ant-oat01-…)", "sk-ant-oat")
# Base64 of `BedrockAPIKey-`, and what follows it (gitleaks, aws-amazon-bedrock-api-key-long-lived).
BEDROCK_KEY: Final = _shape(
    "an Amazon Bedrock API key (ABSK…)", "ABSKQmVkcm9ja0FQSUtleS", alphabet=_BASE64, issuer="AWS"
)
# The first stem that fits decides, so a longer one stands before its beginning.
TOKENS: Final = (
    _anthropic("a Claude Enterprise scoped key (sk-ant-api01-…)", "sk-ant-api01-"),
    ANTHROPIC_API_KEY,
    CLAUDE_OAUTH_TOKEN,
    ANTHROPIC_ADMIN_KEY,
    _anthropic("a Claude OAuth refresh token (sk-ant-ort01-…)", "sk-ant-ort"),
    _anthropic("a claude.ai session (sk-ant-sid01-…)", "sk-ant-sid"),
    _github("github_pat_"),
    *(
        _github(stem, literal=f"{stem}(?:[A-Za-z0-9]{{16}}|[0-9]+_[A-Za-z0-9]{{8}})")
        for stem in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")
    ),
    _shape("a 1Password service account token (ops_…)", "ops_eyJ", alphabet=_BASE64, issuer="1Password"),
    BEDROCK_KEY,
    # AWS ends it after twelve hours at most: it is none for a secret.
    _shape("a short-lived Amazon Bedrock key", "bedrock-api-key-YmVkcm9jay", alphabet=_BASE64, issuer="AWS"),
)
# Whatever Anthropic issues next begins so too. It is redacted and found as a literal; no credential type knows it.
_NEXT: Final = _shape(
    "an Anthropic credential (sk-ant-…)",
    "sk-ant-",
    shown=_ANTHROPIC_WITHOUT_KIND,
    literal=r"sk-ant-[A-Za-z0-9]+-[A-Za-z0-9_-]",
)
# The key of a GitHub App, for example. What follows goes over line breaks, as they are or escaped.
_PEM: Final = r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
PRIVATE_KEY: Final = _shape(
    "a private key (-----BEGIN … PRIVATE KEY-----)", "-----BEGIN ", prefix=_PEM, literal=_PEM, alphabet=r"\w+/=\s\\\-"
)
_ALL: Final = (*TOKENS, _NEXT, PRIVATE_KEY)
# Those of the manifest that this process read. A process reads one, and whatever it says later must hide them.
_OWN: Final[list[TokenShape]] = []
# Between a prefix of a team's own and an ordinary name: so much of a token at least, or half of it.
_OWN_ENOUGH: Final = 16


@cache
def literal() -> re.Pattern[str]:
    """Return the pattern of a credential written where a manifest should say where it comes from."""
    return re.compile("|".join(each.literal for each in _ALL))


# A credential anywhere in a text, in any case; the group that matched is what may be shown of it. A prefix with nothing
# behind it is no credential: our own messages name kinds so.
# NOTE: no possessive quantifiers: before Python 3.11.5 (Debian 12) they match too much (python/cpython#106052).
# It is compiled when something is shown first, which a version and a help do not: it takes as long as 1 in 30 of click.
@cache
def credential() -> re.Pattern[str]:
    """Return the pattern of a credential anywhere in a text, in any case."""
    # As ASCII, which compiles three times as fast: no token has another letter.
    return re.compile("|".join(dict.fromkeys(each.anywhere for each in (*_ALL, *_OWN))), re.IGNORECASE | re.ASCII)


def recognise(text: str) -> TokenShape | None:
    """Return the known token that a text begins like; None for any other text."""
    return next((token for token in (*TOKENS, *_OWN) if text.startswith(token.stem)), None)


def own_shape(noun: str, prefix: str, length: int) -> TokenShape:
    """Return the shape of a team's own token. length: of a whole one, in characters; 0 where it is not said."""
    # A repo may be called like the prefix, so a name of a few letters behind it is no token.
    enough = max(8, (length - len(prefix)) // 2) if length else _OWN_ENOUGH
    # The whole alphabet counts: most tokens of base64 have one of its signs among so many characters.
    least = rf"{re.escape(prefix)}(?=[{_BASE64}]{{{enough}}})"
    return _shape(noun, prefix, shown=least, literal=least, alphabet=_BASE64, issuer="")


def admit(shapes: Iterable[TokenShape]) -> None:
    """Recognise a team's own tokens from now on, in the place of those that were admitted before."""
    found = list(shapes)
    # Nearly every manifest has none, and the pattern is worth keeping.
    if found != _OWN:
        _OWN[:] = found
        credential.cache_clear()


def own_literal(text: str) -> bool:
    """Return whether a team's own token stands in a text."""
    return any(re.search(each.literal, text) for each in _OWN)


def redact(text: str) -> str:
    """Replace whatever looks like a known credential by its public prefix and `[redacted]`."""
    return credential().sub(lambda match: f"{match.group(match.lastindex or 0)}[redacted]", text)

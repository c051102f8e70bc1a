"""What may be sent to Anthropic, each kind to its own paths: the one place where its plaintext becomes a header."""

import re
from collections.abc import Callable
from typing import ClassVar, Final, final

from flowforge.tokens import ANTHROPIC_ADMIN_KEY, ANTHROPIC_API_KEY, TokenShape, recognise
from flowforge.vault import SecretValue

MODELS: Final = "/v1/models?limit=1"
KEYS: Final = "/v1/organizations/api_keys"
USAGE: Final = "/v1/organizations/usage_report/messages"
KEY_ID: Final = r"apikey_[A-Za-z0-9]{1,100}"
_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:00:00Z"
# A filter and a group, in the form in which a query carries brackets.
_BY_KEY: Final = rf"(?:&api_key_ids%5B%5D={KEY_ID}&group_by%5B%5D=api_key_id)?"
_PAGE: Final = r"(?:&page=(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2}){1,600})?"
# Of a hint such as sk-ant-api03-R2D...igAA, as the documentation of the Admin API shows it.
_HINT: Final = re.compile(r"(sk-ant-api\d\d-[A-Za-z0-9_-]{2,12})(?:\.{3}|…)([A-Za-z0-9_-]{3,12})", re.ASCII)
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class AnthropicKey:
    """A key whose shape was checked. It shows nothing of itself, and is made of nothing but the right kind of token."""

    shape: ClassVar[TokenShape]
    requests: ClassVar[re.Pattern[str]]
    """The requests that carry it, each as `GET /path?query`."""
    __slots__ = ("__reveal",)

    def __init__(self, value: SecretValue) -> None:
        """Take a value of this kind. Raises ValueError for any other, whatever type a manifest gives it."""
        if recognise(value.reveal()) is not self.shape or not _TEXT.fullmatch(value.reveal()):
            message = f"only {self.shape.noun} is sent here"
            raise ValueError(message)
        self.__reveal: Callable[[], str] = value.reveal

    def header(self, path: str, method: str = "GET") -> str:
        """Return the value of `x-api-key` for a request. Raises ValueError for one that does not carry this kind."""
        if not self.requests.fullmatch(f"{method} {path}"):
            message = f"{self.shape.noun} is not sent to this path"
            raise ValueError(message)
        return self.__reveal()

    def has_hint(self, hint: str) -> bool:
        """Return whether a hint of the Admin API can be this key's. Another key may have the same one."""
        return is_hint(hint) and may_be(SecretValue(self.__reveal()), hint)

    def __repr__(self) -> str:
        """Show nothing."""
        return f"{type(self).__name__}([secret])"

    def __reduce__(self) -> str:
        """Refuse to be pickled or copied."""
        message = "a key cannot be copied or pickled"
        raise TypeError(message)


@final
class ApiKey(AnthropicKey):
    """An API key, which is asked about and sent to nothing but the list of models."""

    shape = ANTHROPIC_API_KEY
    requests = re.compile(f"GET {re.escape(MODELS)}")
    __slots__ = ()


@final
class AdminKey(AnthropicKey):
    """An Admin key, which has every power over an organization. It reads API keys and their usage.

    The one request that changes anything is a POST to a single API key; `AnthropicWire.switch_off` alone sends it.
    """

    shape = ANTHROPIC_ADMIN_KEY
    requests = re.compile(
        rf"GET {KEYS}\?limit=\d{{1,4}}(?:&after_id={KEY_ID})?"
        rf"|GET {USAGE}\?starting_at={_TIME}&bucket_width=1h&limit=\d{{1,3}}{_BY_KEY}{_PAGE}"
        rf"|(?:GET|POST) {KEYS}/{KEY_ID}",
        re.ASCII,
    )
    __slots__ = ()


def is_hint(hint: str) -> bool:
    """Return whether a hint of the Admin API has the form that its documentation shows."""
    return bool(_HINT.fullmatch(hint))


def may_be(value: SecretValue, hint: str) -> bool:
    """Return whether a value, of whatever kind, may be the key with a hint. So may every one if it cannot be read."""
    found = _HINT.fullmatch(hint)
    return found is None or (value.reveal().startswith(found[1]) and value.reveal().endswith(found[2]))

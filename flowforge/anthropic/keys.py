"""What may be sent to Anthropic, each kind to its own paths: the one place where its plaintext becomes a header."""

import re
from collections.abc import Callable
from typing import ClassVar, Final, final

from flowforge.tokens import ANTHROPIC_ADMIN_KEY, ANTHROPIC_API_KEY, TokenShape, recognise
from flowforge.vault import SecretValue

MODELS: Final = "/v1/models?limit=1"
# Of a hint such as sk-ant-api03-R2D...igAA, as the documentation of the Admin API shows it.
_HINT: Final = re.compile(r"(sk-ant-api\d\d-[A-Za-z0-9_-]{2,12})(?:\.{3}|…)([A-Za-z0-9_-]{3,12})", re.ASCII)
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class AnthropicKey:
    """A key whose shape was checked. It shows nothing of itself, and is made of nothing but the right kind of token."""

    shape: ClassVar[TokenShape]
    paths: ClassVar[re.Pattern[str]]
    __slots__ = ("__reveal",)

    def __init__(self, value: SecretValue) -> None:
        """Take a value of this kind. Raises ValueError for any other, whatever type a manifest gives it."""
        if recognise(value.reveal()) is not self.shape or not _TEXT.fullmatch(value.reveal()):
            message = f"only {self.shape.noun} is sent here"
            raise ValueError(message)
        self.__reveal: Callable[[], str] = value.reveal

    def header(self, path: str) -> str:
        """Return the value of `x-api-key` for a path. Raises ValueError for a path that this kind is not sent to."""
        if not self.paths.fullmatch(path):
            message = f"{self.shape.noun} is not sent to this path"
            raise ValueError(message)
        return self.__reveal()

    def has_hint(self, hint: str) -> bool:
        """Return whether a hint of the Admin API can be this key's. Another key may have the same one."""
        found = _HINT.fullmatch(hint)
        return found is not None and self.__reveal().startswith(found[1]) and self.__reveal().endswith(found[2])

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
    paths = re.compile(re.escape(MODELS))
    __slots__ = ()


@final
class AdminKey(AnthropicKey):
    """An Admin key, which has every power over an organization: it is sent to the list of API keys alone."""

    shape = ANTHROPIC_ADMIN_KEY
    paths = re.compile(r"/v1/organizations/api_keys\?limit=\d{1,4}(?:&after_id=apikey_[A-Za-z0-9]{1,100})?", re.ASCII)
    __slots__ = ()

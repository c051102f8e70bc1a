"""A reference to a value in 1Password: `op://vault/item[/section]/field`, checked before any process starts."""

import re
from typing import Final, Self

from flowforge.data_class import dataclass

# https://developer.1password.com/docs/cli/secrets-reference-syntax: other characters need the ID in the name's place.
_PART: Final = "[A-Za-z0-9._-]|[A-Za-z0-9._-][A-Za-z0-9._ -]*[A-Za-z0-9._-]"
_REFERENCE: Final = re.compile(
    rf"op://(?P<vault>{_PART})/(?P<item>{_PART})(?:/(?P<section>{_PART}))?/(?P<field>{_PART})(?:\?[a-z-]+=[a-z0-9-]+)?"
)
# Far above what names need; with it, a batch of references stays below what a pipe holds.
LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference, taken apart."""

    text: str
    """The whole text, as op takes it."""
    vault: str
    item: str
    field: str
    account: str = ""
    """The account that the vault is in, if op knows several."""

    @property
    def path(self) -> tuple[str, ...]:
        """Where it leads, step by step: account, vault, item, and the whole text."""
        return self.account, self.vault, self.item, self.text

    @classmethod
    def parse(cls, text: str, account: str = "") -> Self | None:
        """Return the parts of a reference; None if it is none, or longer than 500 characters."""
        found = _REFERENCE.fullmatch(text) if len(text) <= LONGEST else None
        return found and cls(text, found["vault"], found["item"], found["field"], account)

"""Values that are made up anew at every run, and that nothing else can look like."""

import secrets
from typing import Final

# Without what hexadecimal has: a window of eight characters of a hash must never be one of a value, as it would be by
# chance in one run of many.
_LETTERS: Final = "ghjkmnpqrstuvwxyzGHJKLMNPQRSTUVWXYZ"


def letters(count: int) -> str:
    """Make up so many characters."""
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def api_key() -> str:
    """Make up an API key."""
    return f"sk-ant-api03-{letters(93)}AA"

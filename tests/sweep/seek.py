"""Looking for a value in what anybody may see: any eight characters of it in a row, plain, in hex and in base64."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 8
_HEX: Final = 2 * WINDOW
# Of the base64 of eight bytes, the characters that no neighbouring byte has a part in, whatever the offset.
_BASE64: Final = 9
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True)
class Seeker:
    """Knows every window of some values, in each form.

    A public beginning, such as `sk-ant-api03-`, is no secret: the values are given without it.
    """

    plain: frozenset[bytes]
    hex: frozenset[bytes]
    base64: frozenset[bytes]

    @classmethod
    def of(cls, secrets: Iterable[str]) -> "Seeker":
        """Learn the windows of some texts of at least eight characters."""
        windows = {
            data[start : start + WINDOW]
            for data in (secret.encode() for secret in secrets)
            for start in range(len(data) - WINDOW + 1)
        }
        encoded = {
            base64.b64encode(bytes(offset) + window)[_first(offset) :][:_BASE64]
            for window in windows
            for offset in range(3)
        }
        return cls(frozenset(windows), frozenset(window.hex().encode() for window in windows), frozenset(encoded))

    def find(self, data: bytes) -> list[str]:
        """Return in which forms a part of a value is in some bytes; where it is, but not what."""
        forms = (
            ("plain", self.plain, WINDOW, data),
            ("hex", self.hex, _HEX, data.lower()),
            ("base64", self.base64, _BASE64, data.translate(_STANDARD)),
        )
        return [
            f"{form} at {place}"
            for form, known, width, text in forms
            for place in range(len(text) - width + 1)
            if text[place : place + width] in known
        ][:3]


def _first(offset: int) -> int:
    """Return the first character of the base64 that depends on nothing before the window."""
    return -(-offset * 8 // 6)

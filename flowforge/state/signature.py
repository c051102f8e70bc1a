"""Who vouches for a state: whoever holds its key, or nobody."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from flowforge.errors import Problem, StateError, quote

RESTORE: Final = "put a good copy back, from git or from the .backup file beside it; nothing was overwritten"
KEYED: Final = "keyed-"  # how each fingerprint begins that was made under a key
_GIVE: Final = "set FLOWFORGE_STATE_KEY, or name where the key comes from under state.key"
_ID_DIGITS: Final = 16


class Signer(Protocol):
    """The holder of a key."""

    def sign(self, purpose: str, data: bytes) -> str:
        """Return 64 hexadecimal digits that only a holder of the key can make of `data`; other ones for each purpose."""
        ...


class OtherKeyError(StateError):
    """The state is under another key than the one that is given, or one of the two is missing."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a state is written and read under. signer: the holder of its key, None where it has none.

    unchecked: told, with its place, of a signed state that is read without the key; without it that is an error.
    awaited: whether one that is not signed is refused all the same, as its key is not at hand and there is to be one.
    restore: what to do about one that cannot be used: where a good copy is.
    """

    signer: Signer | None = None
    unchecked: Callable[[str], None] | None = None
    awaited: bool = False
    restore: str = RESTORE

    def key_id(self, lineage: str) -> str:
        """Tell the key from others in the state of this lineage, and nowhere else; empty without one."""
        return self.signer.sign("key id", lineage.encode("ascii"))[:_ID_DIGITS] if self.signer else ""

    def signature(self, body: bytes) -> str:
        """Return what vouches for a state, `hmac-sha256:<hex>`; empty without a key."""
        return f"hmac-sha256:{self.signer.sign('signature', body)}" if self.signer else ""

    def digest(self, line: bytes) -> str:
        """Return what tells a line of the journal from every other one, and from what others write, in 64 digits."""
        return self.signer.sign("journal", line) if self.signer else hashlib.sha256(line).hexdigest()

    def require(self, body: Mapping[str, Any], plain: bytes, signature: str, where: str) -> None:
        """Refuse a state that the key does not vouch for. plain: the canonical bytes of its body.

        Raises OtherKeyError: FF470 no key is given, FF471 another one, FF472 the state is not signed; StateError FF473
        for a forged one, and for one whose fingerprints show that it was signed once.
        """
        given, found = self.key_id(body["lineage"]), body.get("key_id", "")
        if not found and any(map(_is_keyed, body["secrets"])):
            why = "its fingerprints were made under a key, and its signature was taken away"
            raise StateError(Problem("FF473", "the state is forged", where, why, self.restore))
        if not given and found and self.unchecked is not None:
            self.unchecked(where)
        elif given != found or (self.awaited and not found):
            raise OtherKeyError(_other_key(given, found, where))
        elif not hmac.compare_digest(self.signature(plain).encode(), signature.encode("utf-8", "replace")):
            what, why = "the state is forged", "its signature does not fit its content, and its key is the one given"
            raise StateError(Problem("FF473", what, where, why, self.restore))

    def require_key(self, found: str, where: str) -> None:
        """Refuse a journal that nobody can judge without the key, and what it holds matters: OtherKeyError FF470."""
        if found and self.signer is None:
            raise OtherKeyError(_other_key("", found, where))


UNSIGNED: Final = Signature()


def _is_keyed(secret: Mapping[str, Any]) -> bool:
    """Whether a secret of a state's body has a fingerprint that was made under a key."""
    return any((secret.get(name) or "").startswith(KEYED) for name in ("fingerprint", "pending"))


def _other_key(given: str, found: str, where: str) -> Problem:
    if not found:
        why = "either it never had a key, or somebody has taken its signature away"
        fix = "flowforge state rekey puts one that never had a key under this one; else put a good copy back"
        how = "given" if given else "named for it"
        return Problem("FF472", f"the state is not signed, and a key is {how}", where, why, fix)
    if not given:
        why = "it is signed and its fingerprints are keyed, so nothing in it can be judged without the key"
        return Problem("FF470", "the state has a key, and none is given", where, why, _GIVE)
    why = f"its key_id is {quote(found)}, and this key makes {quote(given)}"
    fix = "give the key that it was written with; flowforge state rekey changes from one to the other"
    return Problem("FF471", "the state is under another key than this one", where, why, fix)

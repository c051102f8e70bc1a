"""The signature of a state: only a holder of the state key can make one. A state without a key has none."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from flowforge.data_class import dataclass
from flowforge.errors import Problem, StateError, quote

RESTORE: Final = "put a good copy back, from git or from the .backup file beside it; nothing was overwritten"
KEYED: Final = "keyed-"  # how each fingerprint begins that was made under a key
_GIVE: Final = "set FLOWFORGE_STATE_KEY, or name where the key comes from under state.key"
# Enough to tell keys apart. It proves nothing: the signature does.
_ID_DIGITS: Final = 16


class Signer(Protocol):
    """The holder of a key."""

    def sign(self, purpose: str, data: bytes) -> str:
        """Return 64 hexadecimal digits that only a holder of the key can make of `data` for this purpose."""
        ...


class OtherKeyError(StateError):
    """The state has another key than the one that is given, or one of the two is missing."""


@dataclass(frozen=True, slots=True)
class Signature:
    """How a state is signed when it is written, and checked when it is read."""

    signer: Signer | None = None
    """The holder of the key; None for a state without one."""
    unchecked: Callable[[str], None] | None = None
    """Called with the place of a signed state that is read without its key. None: that is an error."""
    awaited: bool = False
    """Whether an unsigned state is refused although the key is not at hand: the manifest names one."""
    restore: str = RESTORE
    """What to do about a state that cannot be used: where a good copy is."""

    def key_id(self, lineage: str) -> str:
        """Return the id of the key in the state of this lineage; empty without a key."""
        # It depends on the lineage, so that two states do not show that they share a key.
        return self.signer.sign("key id", lineage.encode("ascii"))[:_ID_DIGITS] if self.signer else ""

    def signature(self, body: bytes) -> str:
        """Return the signature of a state's canonical bytes, `hmac-sha256:<hex>`; empty without a key."""
        return f"hmac-sha256:{self.signer.sign('signature', body)}" if self.signer else ""

    def digest(self, line: bytes) -> str:
        """Return the digest of a journal's line in 64 digits. With a key, nobody else can make it."""
        return self.signer.sign("journal", line) if self.signer else hashlib.sha256(line).hexdigest()

    def require(self, body: Mapping[str, Any], plain: bytes, signature: str, where: str) -> None:
        """Require that a state was signed with this key. plain: the canonical bytes of its body.

        Raises OtherKeyError: FF470 no key is given, FF471 another key is given, FF472 the state is not signed. Raises
        StateError FF473 for a forged state, and for one whose fingerprints show that it was signed once.
        """
        given, found = self.key_id(body["lineage"]), body.get("key_id", "")
        # Whoever may write the file can take `key_id` and `signature` out. The fingerprints would still be keyed ones,
        # which this check sees, and without the key nobody can make others.
        if not found and any(map(_is_keyed, body["secrets"])):
            why = "its fingerprints were made under a key, and its signature was taken away"
            raise StateError(Problem("FF473", "the state is forged", where, why, self.restore))
        if not given and found and self.unchecked is not None:
            self.unchecked(where)
        elif given != found or (self.awaited and not found):
            raise OtherKeyError(_other_key(given, found, where))
        # Compared in constant time, so that how long it takes says nothing of how much of a forgery is right.
        elif not hmac.compare_digest(self.signature(plain).encode(), signature.encode("utf-8", "replace")):
            what, why = "the state is forged", "its signature does not fit its content, and its key is the one given"
            raise StateError(Problem("FF473", what, where, why, self.restore))

    def require_key(self, found: str, where: str) -> None:
        """Require the key for a journal of a signed state: OtherKeyError FF470."""
        # A state may be shown unchecked. A journal says which writes are open, and nothing may be guessed of those.
        if found and self.signer is None:
            raise OtherKeyError(_other_key("", found, where))


UNSIGNED: Final = Signature()


def _is_keyed(secret: Mapping[str, Any]) -> bool:
    """Return whether a secret of a state's body has a fingerprint that was made with a key."""
    return any((secret.get(name) or "").startswith(KEYED) for name in ("fingerprint", "pending"))


def _other_key(given: str, found: str, where: str) -> Problem:
    if not found:
        why = "either it never had a key, or somebody has taken its signature away"
        fix = "if it never had a key, `flowforge state rekey` signs it with this one; otherwise put a good copy back"
        how = "given" if given else "named for it"
        return Problem("FF472", f"the state is not signed, and a key is {how}", where, why, fix)
    if not given:
        why = "it is signed and its fingerprints are keyed, so nothing in it can be judged without the key"
        return Problem("FF470", "the state has a key, and none is given", where, why, _GIVE)
    why = f"its key_id is {quote(found)}, and this key makes {quote(given)}"
    fix = "give the key that it was written with; `flowforge state rekey` changes from one to the other"
    return Problem("FF471", "the state has another key than the one given", where, why, fix)
